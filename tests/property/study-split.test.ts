import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Bin } from "../../pipelines/statistics/bins.ts";
import { mergeBins } from "../../pipelines/statistics/bins.ts";
import { CHANNEL_STATISTICS, CONTRASTS, STATISTICS } from "../../pipelines/statistics/index.ts";
import type { Measure } from "../../pipelines/statistics/statistic.ts";
import { type CohortRow, cohortOf, FULL } from "../golden/study/cohorts.ts";

const T_SCORE: Measure = {
  ...FULL,
  scale: "t",
  decimals: 1,
  direction: "better",
  range: [-100_000, 100_000],
  mid: 3.5,
  responder: { change: 3.5 },
};
const ALL = [...STATISTICS, ...CHANNEL_STATISTICS];

const value = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.constant(0), fc.maxSafeInteger());
const grid = fc.integer({ min: -1_000_000, max: 1_000_000 });
const some = fc.integer({ min: 0, max: 3 });
const row = fc.record({
  stratum: fc.constantFrom("F", "M"),
  administrations: fc.integer({ min: 1, max: 9 }),
  baseline: grid,
  followUp: fc.option(grid),
  later: fc.option(grid),
  items: fc.tuple(fc.option(some), fc.option(some)),
  age: fc.option(fc.integer({ min: 0, max: 120 })),
  course: fc.array(fc.tuple(fc.integer({ min: 1, max: 250 }), grid), { maxLength: 4 }),
  collected: fc.option(
    fc
      .tuple(fc.integer({ min: 1, max: 5 }), some, fc.integer({ min: 1, max: 5 }), some)
      .map(([asked, answered, sent, complete]): CohortRow["collected"] => [
        asked,
        Math.min(asked, answered),
        sent,
        Math.min(sent, complete),
      ]),
    { nil: undefined },
  ),
}) as fc.Arbitrary<CohortRow>;

/** Rows dealt to sites; some sites get nobody, some one person. */
const split = fc.integer({ min: 1, max: 8 }).chain((sites) =>
  fc.record({
    sites: fc.constant(sites),
    dealt: fc.array(fc.tuple(row, fc.nat(sites - 1)), { maxLength: 60 }),
  }),
);

describe.each(ALL.map((statistic) => [statistic.name, statistic] as const))(
  "%s",
  (_, statistic) => {
    test("combined from any split, in any order, is the pooled answer to the last bit", async () => {
      await fc.assert(
        fc.asyncProperty(split, fc.infiniteStream(fc.nat()), async ({ sites, dealt }, order) => {
          const rowsOf = (site: number) => dealt.filter(([, at]) => at === site).map(([r]) => r);
          const pooled = await statistic.summarize(await cohortOf(dealt.map(([r]) => r)), T_SCORE);
          const parts = [];
          for (let site = 0; site < sites; site++) {
            parts.push(await statistic.summarize(await cohortOf(rowsOf(site)), T_SCORE));
          }
          parts.sort(() => ((order.next().value ?? 0) % 2 === 0 ? 1 : -1));
          const summed = new Map<string, unknown>();
          for (const stratum of ["F", "M"]) {
            const combined = parts
              .map((part) => part.get(stratum) ?? statistic.empty)
              .reduce((a, b) => statistic.combine(a, b), statistic.empty);
            const expected = pooled.get(stratum) ?? statistic.empty;
            expect(combined).toEqual(expected);
            summed.set(stratum, combined);
            expect(statistic.estimate(combined, T_SCORE)).toEqual(
              statistic.estimate(expected, T_SCORE),
            );
          }
          const whole = new Map(["F", "M"].map((s) => [s, pooled.get(s) ?? statistic.empty]));
          for (const contrast of CONTRASTS.filter(({ of }) => of === statistic.name)) {
            expect(contrast.estimate(summed, T_SCORE)).toEqual(contrast.estimate(whole, T_SCORE));
          }
        }),
        { numRuns: 12 },
      );
    });

    test("a summary fits its own schema", async () => {
      const rows = fc.sample(row, 20);
      const summaries = await statistic.summarize(await cohortOf(rows), T_SCORE);
      for (const summary of [statistic.empty, ...summaries.values()]) {
        expect(statistic.summary.parse(summary)).toEqual(summary);
      }
    });
  },
);

test("moments of any 53-bit integers are summed without loss", async () => {
  const moments = STATISTICS.find(({ name }) => name === "moments");
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 5 }), async (values) => {
      const bounded = values.map((v) => v % 10 ** 8);
      const cohort = await cohortOf(bounded.map((baseline) => ({ baseline })));
      const summary = (await moments?.summarize(cohort, T_SCORE))?.get("all");
      const power = (k: bigint) => String(bounded.reduce((sum, v) => sum + BigInt(v) ** k, 0n));
      expect(summary).toEqual({
        n: String(values.length),
        s1: power(1n),
        s2: power(2n),
        s3: power(3n),
        s4: power(4n),
      });
    }),
    { numRuns: 50 },
  );
});

const bins: fc.Arbitrary<Bin[]> = fc.uniqueArray(fc.nat(40), { maxLength: 12 }).chain((edges) => {
  const sorted = edges.toSorted((a, b) => a - b);
  const pairs = sorted.flatMap((from, i) => {
    const to = sorted[i + 1];
    return i % 2 === 0 && to !== undefined ? [[from, to] as const] : [];
  });
  return fc.tuple(...pairs.map(([from, to]) => bin(from, to)));
});

function bin(from: number, to: number): fc.Arbitrary<Bin> {
  return fc
    .integer({ min: 1, max: 99 })
    .map((people) => ({ from: `${from}`, to: `${to}`, people: `${people}` }));
}

test("coarsened bins of several sites add in any order and grouping", () => {
  fc.assert(
    fc.property(bins, bins, bins, (a, b, c) => {
      expect(mergeBins(a, b)).toEqual(mergeBins(b, a));
      expect(mergeBins(mergeBins(a, b), c)).toEqual(mergeBins(a, mergeBins(b, c)));
      expect(mergeBins(a, [])).toEqual(a);
    }),
  );
});
