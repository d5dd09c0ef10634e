import { describe, expect, test } from "vitest";
import { change, changeOf } from "../../pipelines/statistics/change.ts";
import { distribution } from "../../pipelines/statistics/distribution.ts";
import { improved } from "../../pipelines/statistics/improved.ts";
import { moments, shapeOf } from "../../pipelines/statistics/moments.ts";
import { quantile } from "../../pipelines/statistics/quantile.ts";
import type { Scale } from "../../pipelines/statistics/statistic.ts";
import { cohortOf, PHQ9, readVector, threeSites } from "../golden/study/cohorts.ts";

interface Univariate {
  cases: {
    id: string;
    decimals: number;
    certified: { mean: string; sd: string };
    expected: Record<string, number | null>;
    quantiles_type7: Record<string, number>;
    data: string;
  }[];
}

const nist = readVector<Univariate>("expected-univariate-nist.json").cases;

/** `1000000.2` on a grid of one decimal is 10000002. */
function gridInteger(decimal: string, decimals: number): bigint {
  const [whole = "", fraction = ""] = decimal.split(".");
  return BigInt(whole + fraction.padEnd(decimals, "0"));
}

/** Correct digits, at most 16. */
function logRelativeError(value: number | null, certified: number): number {
  if (value === certified) return 16;
  return Math.min(16, -Math.log10(Math.abs((value ?? Number.NaN) - certified) / certified));
}

describe("NIST StRD univariate data sets", () => {
  test.each(nist)("$id: every moment is the double nearest to the exact value", async (one) => {
    const scale: Scale = { ...PHQ9, decimals: one.decimals };
    const grid = one.data.split(" ").map((value) => gridInteger(value, one.decimals));
    const cohort = await cohortOf(grid.map((baseline) => ({ baseline })));
    const sums = (await moments.summarize(cohort, scale)).get("all") ?? moments.empty;
    const shape = shapeOf(sums, scale);
    expect({
      n: Number(sums.n),
      mean: shape.mean,
      variance: shape.variance,
      sd: shape.sd,
      skew_g1: shape.g1,
      skew_G1: shape.skewnessG1,
      exkurt_g2: shape.g2,
      exkurt_G2: shape.kurtosisG2,
    }).toEqual(one.expected);
    expect(logRelativeError(shape.mean, Number(one.certified.mean))).toBeGreaterThanOrEqual(15);
    expect(logRelativeError(shape.sd, Number(one.certified.sd))).toBeGreaterThanOrEqual(15);
    const { bins } = (await distribution.summarize(cohort, scale)).get("all") ?? distribution.empty;
    for (const [p, expected] of Object.entries(one.quantiles_type7)) {
      const fraction = [BigInt(Math.round(Number(p) * 100)), 100n] as const;
      const [low, high] = quantile(bins, fraction, 10n ** BigInt(one.decimals)) ?? [];
      expect(high).toBe(low);
      expect(low).toBeCloseTo(expected, 6);
    }
  });
});

interface Pooled {
  expected: {
    baseline: Record<string, number> & { quantiles_type7: Record<string, number> };
    baseline_histogram: Record<string, number>;
    floor_pct: number;
    ceiling_pct: number;
    paired_all: Record<string, number> & { sums: Record<string, number> };
    responders: { all: { improved_ge_5: number; worsened_ge_5: number } };
  };
}

const pooled = readVector<Pooled>("expected-phq9-three-sites.json").expected;

describe("the synthetic PHQ-9 study at three sites", () => {
  const people = threeSites();
  const at = (date: string, { scores }: (typeof people)[number]) =>
    scores.find((score) => score.date === date)?.value ?? null;
  const rows = people
    .map((person) => ({
      baseline: at("2024-01-10", person),
      followUp: at("2024-04-09", person),
    }))
    .filter((row): row is { baseline: number; followUp: number | null } => row.baseline !== null);

  test("baseline moments and distribution are those of the stacked rows", async () => {
    const cohort = await cohortOf(rows);
    const sums = (await moments.summarize(cohort, PHQ9)).get("all") ?? moments.empty;
    expect([sums.n, sums.s1, sums.s2]).toEqual(["202", "1462", "17910"]);
    const shape = shapeOf(sums, PHQ9);
    expect(shape.mean).toBe(pooled.baseline.mean);
    expect(shape.sd).toBe(pooled.baseline.sd);
    expect(shape.skewnessG1).toBe(pooled.baseline.skew_G1);
    expect(shape.kurtosisG2).toBe(pooled.baseline.exkurt_G2);
    const bins = (await distribution.summarize(cohort, PHQ9)).get("all") ?? distribution.empty;
    const histogram = Object.entries(pooled.baseline_histogram).filter(([, n]) => n > 0);
    expect(bins.bins.map(({ from, people }) => [from, Number(people)])).toEqual(histogram);
    const estimates = new Map(distribution.estimate(bins, PHQ9).map((e) => [e.name, e.value]));
    expect(estimates.get("median (type 7)")).toBe(pooled.baseline.quantiles_type7["0.5"]);
    expect(estimates.get("upper quartile (type 7)")).toBe(10.75);
    expect(estimates.get("share at the lowest score")).toBeCloseTo(pooled.floor_pct / 100, 15);
    expect(estimates.get("share at the highest score")).toBe(pooled.ceiling_pct);
  });

  test("paired change is that of the stacked rows", async () => {
    const cohort = await cohortOf(rows);
    const sums = (await change.summarize(cohort, PHQ9)).get("all") ?? change.empty;
    const { Sb, Sf, Sbb, Sff, Sbf } = pooled.paired_all.sums;
    expect(sums).toEqual({
      pairs: String(pooled.paired_all.n_pairs),
      sb: String(Sb),
      sf: String(Sf),
      sbb: String(Sbb),
      sff: String(Sff),
      sbf: String(Sbf),
    });
    const of = changeOf(sums, PHQ9);
    expect(of.meanChange).toBeCloseTo(pooled.paired_all.mean_change ?? Number.NaN, 14);
    expect(of.sdChange).toBeCloseTo(pooled.paired_all.sd_change ?? Number.NaN, 14);
    expect(of.sdBaseline).toBeCloseTo(pooled.paired_all.sd_baseline ?? Number.NaN, 14);
    expect(of.sdFollowUp).toBeCloseTo(pooled.paired_all.sd_followup ?? Number.NaN, 14);
    expect(of.srm).toBeCloseTo(pooled.paired_all.SRM ?? Number.NaN, 14);
    expect(of.effectSize).toBeCloseTo(pooled.paired_all.ES_baseline_sd ?? Number.NaN, 14);
  });

  test("a drop of five points or more is an improvement of the PHQ-9", async () => {
    const cohort = await cohortOf(rows);
    expect((await improved.summarize(cohort, PHQ9)).get("all")).toEqual({
      pairs: "149",
      improved: String(pooled.responders.all.improved_ge_5),
      worsened: String(pooled.responders.all.worsened_ge_5),
    });
  });
});
