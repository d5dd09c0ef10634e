import fc from "fast-check";
import { expect, test } from "vitest";
import { type Cell, gate, type Summaries } from "../../pipelines/disclosure/gate.ts";
import type { DisclosureProfile } from "../../pipelines/disclosure/profile.ts";
import { recheck } from "../../pipelines/disclosure/recheck.ts";
import type { Bin } from "../../pipelines/statistics/bins.ts";
import { STATISTICS } from "../../pipelines/statistics/index.ts";
import { type CohortRow, cohortOf, PHQ9 } from "../golden/study/cohorts.ts";

const MINIMUM = 11;
const profile: DisclosureProfile = {
  source: "test",
  reviewed: null,
  id: "test",
  title: "test",
  minimum_people: MINIMUM,
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
      })),
    );
  });

async function gateOf(rows: CohortRow[]): Promise<Cell[]> {
  const strata = new Map<string, Summaries>();
  const source = await cohortOf(rows);
  for (const statistic of STATISTICS) {
    for (const [stratum, summary] of await statistic.summarize(source, PHQ9)) {
      strata.set(stratum, { ...strata.get(stratum), [statistic.name]: summary });
    }
  }
  return gate({ strata, statistics: STATISTICS, scale: PHQ9, profile });
}

/** Every group of people that a summary tells of, found without the statistic's own help. */
function groupsOf(statistic: string, summary: unknown, people: number): number[] {
  const of = summary as Record<string, string> & { bins: Bin[] };
  const number = (key: string) => Number(of[key]);
  switch (statistic) {
    case "count":
      return [number("people")];
    case "moments":
      return [number("n")];
    case "distribution":
      return of.bins.map((bin) => Number(bin.people));
    case "change":
      return [number("pairs"), people - number("pairs")];
    default: {
      const [pairs, up, down] = [number("pairs"), number("improved"), number("worsened")];
      return [pairs, people - pairs, up, down, pairs - up, pairs - down, pairs - up - down];
    }
  }
}

const isSafe = (people: number) => people === 0 || people >= MINIMUM;

const SUPPRESSED = "suppressed";
const peopleIn = (cell: Cell) =>
  Number((cell.statistics.count as { people?: string }).people ?? Number.NaN);

test("no cell, complement or bin that is shown is below the minimum", async () => {
  await fc.assert(
    fc.asyncProperty(cohort, async (rows) => {
      for (const cell of await gateOf(rows)) {
        for (const [name, summary] of Object.entries(cell.statistics)) {
          if (summary === SUPPRESSED) continue;
          const groups = groupsOf(name, summary, peopleIn(cell));
          expect(groups.filter((people) => !isSafe(people))).toEqual([]);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("what is left of a margin is empty, or enough people of several strata", async () => {
  await fc.assert(
    fc.asyncProperty(cohort, async (rows) => {
      const [all, ...strata] = await gateOf(rows);
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
    }),
    { numRuns: 60 },
  );
});

/** Groups of people in the margin that are in no visible stratum. */
function subtract(name: string, all: Cell, visible: Cell[]): number[] {
  const margin = all.statistics[name];
  if (name === "distribution") return subtractBins(binsOf(all), visible.map(binsOf));
  const people = visible.map(peopleIn);
  const groups = visible.map((cell, i) => groupsOf(name, cell.statistics[name], people[i] ?? 0));
  return groupsOf(name, margin, peopleIn(all)).map((whole, index) =>
    groups.reduce((rest, group) => rest - (group[index] ?? 0), whole),
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
  await fc.assert(
    fc.asyncProperty(cohort, async (rows) => {
      expect(recheck(await gateOf(rows), STATISTICS, MINIMUM)).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

test("what is shown is true: margins, strata and people in bins are those of the rows", async () => {
  await fc.assert(
    fc.asyncProperty(cohort, async (rows) => {
      for (const cell of await gateOf(rows)) {
        const mine = rows.filter((row) => cell.stratum === "all" || row.stratum === cell.stratum);
        if (cell.statistics.count === SUPPRESSED) continue;
        expect(peopleIn(cell)).toBe(mine.length);
        for (const bin of (cell.statistics.distribution as { bins: Bin[] }).bins) {
          const inside = mine.filter(
            ({ baseline }) => Number(bin.from) <= baseline && baseline <= Number(bin.to),
          );
          expect(Number(bin.people)).toBe(inside.length);
        }
      }
    }),
    { numRuns: 30 },
  );
});
