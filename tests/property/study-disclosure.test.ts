import fc from "fast-check";
import { expect, test } from "vitest";
import { type Cell, gate, type Summaries } from "../../pipelines/disclosure/gate.ts";
import { Members } from "../../pipelines/disclosure/members.ts";
import type { DisclosureProfile } from "../../pipelines/disclosure/profile.ts";
import { recheck } from "../../pipelines/disclosure/recheck.ts";
import { Released } from "../../pipelines/disclosure/released.ts";
import type { Bin } from "../../pipelines/statistics/bins.ts";
import { STATISTICS } from "../../pipelines/statistics/index.ts";
import { type CohortRow, cohortOf, FULL } from "../golden/study/cohorts.ts";

const MINIMUM = 11;
const profile: DisclosureProfile = {
  source: "test",
  reviewed: null,
  id: "test",
  title: "test",
  minimum_people: MINIMUM,
  people_per_parameter: 10,
  minimum_df: 10,
  bin_width: 5,
  site_strata: false,
};

const NAMES = ["A", "B", "C", "D", "E"];

/** Strata of about the size at which the gate decides, with or without a follow-up, on few or many values. */
const cohort: fc.Arbitrary<CohortRow[]> = fc
  .tuple(
    fc.array(fc.integer({ min: 0, max: 45 }), { minLength: 1, maxLength: NAMES.length }),
    fc.integer({ min: 1, max: 27 }),
    fc.integer({ min: 0, max: 100 }),
    fc.infiniteStream(fc.nat(10_000)),
  )
  .map(([sizes, highest, followed, random]) => {
    const next = (below: number) => (random.next().value ?? 0) % below;
    return sizes.flatMap((size, index) =>
      Array.from({ length: size }, () => ({
        stratum: NAMES[index] ?? "",
        baseline: next(highest + 1),
        followUp: next(100) < followed ? next(28) : null,
        later: next(100) < followed / 2 ? next(28) : null,
        items: [next(4), next(20) === 0 ? null : next(4)],
        age: next(30) === 0 ? null : 20 + next(60),
        course: Array.from({ length: next(3) }, () => [1 + next(250), next(28)] as const),
      })),
    );
  });

async function gateOf(rows: CohortRow[]): Promise<Cell[]> {
  const strata = new Map<string, Summaries>();
  const members = new Members();
  const source = await cohortOf(rows);
  for (const statistic of STATISTICS) {
    for (const [stratum, summary] of await statistic.summarize(source, FULL)) {
      strata.set(stratum, { ...strata.get(stratum), [statistic.name]: summary });
    }
    members.add(await source.members(statistic.members(FULL).join("\nUNION ALL\n")));
  }
  const released = new Released();
  const of = { outcome: "phq-9 total", scale: FULL, profile, members, released };
  return gate({ ...of, strata, statistics: STATISTICS }).cells;
}

// Each is gated once for all of the tests: the queries cost more than the checks.
const samples: { rows: CohortRow[]; cells: Cell[] }[] = [];
for (const rows of fc.sample(cohort, 30)) samples.push({ rows, cells: await gateOf(rows) });

/** Every group of people that a summary tells of, found without the statistic's own help. */
function groupsOf(statistic: string, summary: unknown, people: number): number[] {
  const of = summary as Record<string, string> & { bins: Bin[] };
  const number = (key: string) => Number(of[key]);
  const withRest = (n: number) => [n, people - n];
  switch (statistic) {
    case "count":
      return [number("people")];
    case "moments":
      return [number("n")];
    case "distribution":
      return of.bins.map((bin) => Number(bin.people));
    case "change":
      return withRest(number("pairs"));
    case "responder": {
      const [pairs, among, eligible, responded] = ["pairs", "among", "eligible", "responded"].map(
        number,
      ) as [number, number, number, number];
      return [
        ...withRest(pairs),
        ...withRest(among),
        ...[eligible, pairs - eligible, among - eligible, people - among - pairs + eligible],
        ...[responded, eligible - responded],
      ];
    }
    case "trajectory": {
      const { points } = summary as { points: { n: string }[] };
      return points.flatMap(({ n }) => withRest(Number(n)));
    }
    case "response-time": {
      const { events, censored } = summary as { events: Bin[]; censored: Bin[] };
      const bins = [...events, ...censored].map((bin) => Number(bin.people));
      return [...withRest(number("people")), sumOf(events), sumOf(censored), ...bins];
    }
    case "items": {
      const { items } = summary as { items: { bins: Bin[] }[] };
      return items.flatMap(({ bins }) => [
        ...bins.map((bin) => Number(bin.people)),
        ...withRest(sumOf(bins)),
      ]);
    }
    case "reliability":
    case "covariance":
      return withRest(number("n"));
    default: {
      const [pairs, up, down] = [number("pairs"), number("improved"), number("worsened")];
      return [pairs, people - pairs, up, down, pairs - up, pairs - down, pairs - up - down];
    }
  }
}

test("a matrix of many numbers rests on ten people for each of its columns", async () => {
  let shown = 0;
  for (const { cells } of samples) {
    for (const cell of cells) {
      for (const name of ["reliability", "covariance"]) {
        const summary = cell.statistics[name] as { n: string; sums: string[] } | "suppressed";
        if (summary === SUPPRESSED || summary.n === "0") continue;
        shown++;
        expect(Number(summary.n)).toBeGreaterThanOrEqual(10 * summary.sums.length);
      }
    }
  }
  expect(shown).toBeGreaterThan(0);
});

const isSafe = (people: number) => people === 0 || people >= MINIMUM;

const SUPPRESSED = "suppressed";
const peopleIn = (cell: Cell) =>
  Number((cell.statistics.count as { people?: string }).people ?? Number.NaN);

test("no cell, complement or bin that is shown is below the minimum", async () => {
  for (const { cells } of samples) {
    for (const cell of cells) {
      for (const [name, summary] of Object.entries(cell.statistics)) {
        if (summary === SUPPRESSED) continue;
        const groups = groupsOf(name, summary, peopleIn(cell));
        expect(groups.filter((people) => !isSafe(people))).toEqual([]);
      }
    }
  }
});

test("what is left of a margin is empty, or enough people of several strata", async () => {
  for (const { cells } of samples) {
    const [all, ...strata] = cells;
    for (const { name } of STATISTICS) {
      const margin = all?.statistics[name];
      if (all === undefined || margin === SUPPRESSED) continue;
      const visible = strata.filter(({ statistics }) => statistics[name] !== SUPPRESSED);
      const hidden = strata.length - visible.length;
      const rest = subtract(name, all, visible);
      expect(rest.filter((people) => !isSafe(people))).toEqual([]);
      if (hidden === 0) continue;
      expect(hidden).toBeGreaterThan(1);
      // Each hidden stratum can still have anything from 1 to 10 people, the others at least one.
      if (name === "count") expect((rest[0] ?? 0) - (hidden - 1)).toBeGreaterThanOrEqual(10);
    }
  }
});

/** Groups of people in the margin that are in no visible stratum. */
function subtract(name: string, all: Cell, visible: Cell[]): number[] {
  const margin = all.statistics[name];
  if (name === "distribution") return subtractBins(binsOf(all), visible.map(binsOf));
  if (["items", "trajectory", "response-time"].includes(name))
    return subtractLists(name, all, visible);
  const people = visible.map(peopleIn);
  const groups = visible.map((cell, i) => groupsOf(name, cell.statistics[name], people[i] ?? 0));
  return groupsOf(name, margin, peopleIn(all)).map((whole, index) =>
    groups.reduce((rest, group) => rest - (group[index] ?? 0), whole),
  );
}

/** Of statistics that are lists of bins with the same edges in all strata, or finer ones in the margin. */
function subtractLists(name: string, all: Cell, visible: Cell[]): number[] {
  const lists = (cell: Cell): Bin[][] => {
    const of = cell.statistics[name] as Record<string, unknown>;
    if (name === "items") return (of.items as { bins: Bin[] }[]).map(({ bins }) => bins);
    if (name === "response-time") return [of.events as Bin[], of.censored as Bin[]];
    return [
      (of.points as { window: number; n: string }[]).map(({ window, n }) => ({
        from: `${window}`,
        to: `${window}`,
        people: n,
      })),
    ];
  };
  const margin = lists(all);
  return margin.flatMap((bins, i) =>
    subtractBins(
      bins,
      visible.map((cell) => lists(cell)[i] ?? []),
    ),
  );
}

const binsOf = (cell: Cell) => (cell.statistics.distribution as { bins: Bin[] }).bins;
const isInside = (inner: Bin, outer: Bin) =>
  Number(outer.from) <= Number(inner.from) && Number(inner.to) <= Number(outer.to);
const isApart = (a: Bin, b: Bin) => Number(a.to) < Number(b.from) || Number(b.to) < Number(a.from);
const sumOf = (bins: Bin[]) => bins.reduce((sum, { people }) => sum + Number(people), 0);

/** What the strata's bins leave of the margin's, which lie inside them; all strata have the same edges, or nobody there. */
function subtractBins(margin: Bin[], strata: Bin[][]): number[] {
  const edges = new Map(strata.flat().map((bin) => [bin.from, bin]));
  for (const bin of strata.flat()) expect(edges.get(bin.from)?.to).toBe(bin.to);
  for (const bin of margin) {
    for (const edge of edges.values()) expect(isInside(bin, edge) || isApart(bin, edge)).toBe(true);
  }
  const left = [...edges.values()].map(
    (edge) =>
      sumOf(margin.filter((bin) => isInside(bin, edge))) -
      sumOf(strata.flat().filter(({ from }) => from === edge.from)),
  );
  const elsewhere = margin.filter(
    (bin) => ![...edges.values()].some((edge) => isInside(bin, edge)),
  );
  return [...left, ...elsewhere.map(({ people }) => Number(people))];
}

test("the hub's second look finds nothing in what the gate let through", async () => {
  for (const { cells } of samples) {
    expect(recheck(cells, STATISTICS, profile)).toEqual([]);
  }
});

test("what is shown is true: margins, strata and people in bins are those of the rows", async () => {
  for (const { rows, cells } of samples) {
    for (const cell of cells) {
      const mine = rows.filter((row) => cell.stratum === "all" || row.stratum === cell.stratum);
      if (cell.statistics.count === SUPPRESSED) continue;
      expect(peopleIn(cell)).toBe(mine.length);
      if (cell.statistics.distribution === SUPPRESSED) continue;
      for (const bin of (cell.statistics.distribution as { bins: Bin[] }).bins) {
        const inside = mine.filter(
          ({ baseline }) => Number(bin.from) <= baseline && baseline <= Number(bin.to),
        );
        expect(Number(bin.people)).toBe(inside.length);
      }
    }
  }
});
