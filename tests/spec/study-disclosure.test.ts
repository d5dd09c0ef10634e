import { describe, expect, test } from "vitest";
import { conceal } from "../../pipelines/disclosure/conceal.ts";
import { type Cell, gate, type Summaries } from "../../pipelines/disclosure/gate.ts";
import { Members } from "../../pipelines/disclosure/members.ts";
import { readDisclosureProfile } from "../../pipelines/disclosure/profile.ts";
import { recheck } from "../../pipelines/disclosure/recheck.ts";
import { Released } from "../../pipelines/disclosure/released.ts";
import { STATISTICS } from "../../pipelines/statistics/index.ts";
import { PHQ9 } from "../golden/study/cohorts.ts";

const profile = await readDisclosureProfile("minimum-11");

/** Strata by name with their number of people, and of pairs where it matters; everybody scores 10, and 5 later. */
function strataOf(sizes: Record<string, number | [people: number, pairs: number]>) {
  return new Map<string, Summaries>(
    Object.entries(sizes).map(([name, size]) => {
      const [people, pairs] = typeof size === "number" ? [size, size] : size;
      const times = (value: number) => String(value * people);
      return [
        name,
        {
          count: { people: `${people}`, administrations: `${people + pairs}` },
          moments: {
            n: `${people}`,
            s1: times(10),
            s2: times(100),
            s3: times(1000),
            s4: times(1e4),
          },
          distribution: { bins: [{ from: "10", to: "10", people: `${people}` }] },
          change: {
            pairs: `${pairs}`,
            sb: `${10 * pairs}`,
            sf: `${5 * pairs}`,
            sbb: `${100 * pairs}`,
            sff: `${25 * pairs}`,
            sbf: `${50 * pairs}`,
          },
          improved: { pairs: `${pairs}`, improved: `${pairs}`, worsened: "0" },
        },
      ];
    }),
  );
}

/** Cells by the numbers of people alone: who they are does not matter without another release. */
function cellsOf(strata: Map<string, Summaries>): Cell[] {
  return gate({
    outcome: "phq-9 total",
    strata,
    statistics: STATISTICS,
    scale: PHQ9,
    profile,
    members: new Members(),
    released: new Released(),
  }).cells;
}

function gateOf(sizes: Parameters<typeof strataOf>[0]): Cell[] {
  return cellsOf(strataOf(sizes));
}

/** Strata in which a statistic is shown. */
function shown(cells: Cell[], statistic: string): string[] {
  return cells
    .filter(({ statistics }) => statistics[statistic] !== "suppressed")
    .map(({ stratum }) => stratum);
}

describe("people in a stratum, minimum 11", () => {
  test.each([
    ["ten people in all: nothing but that", { all: 10 }, []],
    ["eleven people in all are shown", { all: 11 }, ["all"]],
    ["one person in all: nothing", { all: 1 }, []],
    ["eleven in each stratum are shown", { F: 11, M: 11 }, ["all", "F", "M"]],
    ["ten men hide the women too: all minus women would be the men", { F: 30, M: 10 }, ["all"]],
    ["the smallest other stratum hides with the small one", { A: 12, F: 30, M: 10 }, ["all", "F"]],
    ["two small strata of eleven together hide each other", { A: 4, F: 30, M: 7 }, ["all", "F"]],
    ["two small strata of ten together need a third", { A: 3, F: 30, M: 7, U: 40 }, ["all", "U"]],
    ["three hidden strata need twelve", { A: 1, B: 9, C: 1, F: 30, M: 40 }, ["all", "M"]],
    ["three hidden strata of twelve", { A: 1, B: 9, C: 2, F: 30, M: 40 }, ["all", "F", "M"]],
    ["only small strata: nothing", { A: 5, F: 5 }, []],
    ["eleven strata of one person, eleven in all: nothing", onesByName(11), []],
  ])("%s", (_, sizes: Record<string, number>, expected) => {
    const cells = gateOf(sizes);
    expect(shown(cells, "count")).toEqual(expected);
    expect(shown(cells, "moments")).toEqual(expected);
    expect(recheck(cells, STATISTICS, profile)).toEqual([]);
  });

  test("a site that hides everything does not tell its strata", () => {
    expect(gateOf({ F: 5, M: 5 }).map(({ stratum }) => stratum)).toEqual(["all"]);
  });

  test("nobody is shown as zero", () => {
    const [all] = gateOf({});
    expect(all?.statistics.count).toEqual({ people: "0", administrations: "0" });
  });

  test("all hidden parts carry one mark", () => {
    const cells = gateOf({ F: 30, M: 10 });
    expect(cells[1]?.statistics).toEqual(cells[2]?.statistics);
    expect(new Set(Object.values(cells[1]?.statistics ?? {}))).toEqual(new Set(["suppressed"]));
  });
});

function onesByName(number: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: number }, (_, i) => [`S${i}`, 1]));
}

describe("pairs and those without one, minimum 11", () => {
  test.each([
    ["ten pairs are too few", { all: [40, 10] as [number, number] }, []],
    ["eleven pairs are shown", { all: [40, 11] as [number, number] }, ["all"]],
    ["ten without a follow-up: their sums would follow", { all: [40, 30] as [number, number] }, []],
    ["eleven without", { all: [40, 29] as [number, number] }, ["all"]],
    ["everybody came back", { all: [40, 40] as [number, number] }, ["all"]],
    ["nobody came back", { all: [40, 0] as [number, number] }, ["all"]],
    [
      "a stratum with ten pairs hides another",
      { A: [60, 30], F: [40, 10], M: [60, 25] } as Record<string, [number, number]>,
      ["all", "A"],
    ],
  ])("%s", (_, sizes: Record<string, [number, number]>, expected) => {
    const cells = gateOf(sizes);
    expect(shown(cells, "change")).toEqual(expected);
    expect(shown(cells, "count")).toEqual([
      "all",
      ...Object.keys(sizes).filter((s) => s !== "all"),
    ]);
    expect(recheck(cells, STATISTICS, profile)).toEqual([]);
  });

  test("what an earlier statistic hides, a later one with the same people hides too", () => {
    const strata = strataOf({ A: [60, 30], F: [40, 10], M: [60, 25], U: [50, 24] });
    const improved = strata.get("M")?.improved as Record<string, string>;
    improved.improved = "5";
    const cells = cellsOf(strata);
    const hidden = (name: string) =>
      cells.filter(({ statistics }) => statistics[name] === "suppressed").map((c) => c.stratum);
    expect(hidden("improved")).toEqual(expect.arrayContaining(hidden("change")));
    expect(hidden("improved")).toContain("M");
  });
});

describe("who changed", () => {
  test.each([
    ["ten improved", 10, 0, "suppressed"],
    ["eleven improved", 11, 0, { pairs: "40", improved: "11", worsened: "0" }],
    ["ten did not improve", 30, 0, "suppressed"],
    ["nobody changed", 0, 0, { pairs: "40", improved: "0", worsened: "0" }],
    ["ten stayed as they were", 15, 15, "suppressed"],
    ["eleven stayed as they were", 15, 14, { pairs: "40", improved: "15", worsened: "14" }],
  ])("%s of forty", (_, improved, worsened, expected) => {
    const strata = strataOf({ all: 40 });
    const all = strata.get("all") as Summaries;
    all.improved = { pairs: "40", improved: `${improved}`, worsened: `${worsened}` };
    const [cell] = cellsOf(strata);
    expect(cell?.statistics.improved).toEqual(expected);
  });
});

describe("the hub's second look", () => {
  const cell = (stratum: string, people: number): Cell => ({
    stratum,
    statistics: { count: { people: `${people}`, administrations: `${people}` } },
  });
  const hidden = (stratum: string): Cell => ({ stratum, statistics: { count: "suppressed" } });
  const counting = STATISTICS.slice(0, 1);

  test.each([
    ["finds a small cell", [cell("all", 40), cell("F", 30), cell("M", 10)], /count of M rests/],
    ["finds a cell hidden alone", [cell("all", 60), cell("F", 30), hidden("M")], /follows from/],
    [
      "finds hidden cells that are too few together",
      [cell("all", 40), cell("F", 30), hidden("A"), hidden("M")],
      /follows from/,
    ],
  ])("%s", (_, cells, message) => {
    expect(recheck(cells, counting, profile).join()).toMatch(message);
  });

  test("finds a small bin", () => {
    const cells = gateOf({ all: 40 });
    const [all] = cells;
    if (all) {
      const bins = [
        { from: "0", to: "0", people: "30" },
        { from: "1", to: "1", people: "10" },
      ];
      all.statistics.distribution = { bins };
    }
    expect(recheck(cells, STATISTICS, profile)).toEqual([
      "distribution of all rests on too few people",
    ]);
  });
});

test("conceal hides what it is told to, and protects it", () => {
  const cells = new Map([
    ["A", [20n]],
    ["B", [30n]],
    ["C", [40n]],
  ]);
  expect(conceal(cells, 11n, new Set(["C"]))).toEqual({
    strata: new Set(["C", "A"]),
    margin: false,
  });
});
