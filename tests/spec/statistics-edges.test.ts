import { describe, expect, test } from "vitest";
import type { Bin } from "../../pipelines/statistics/bins.ts";
import { mergeBins } from "../../pipelines/statistics/bins.ts";
import { change } from "../../pipelines/statistics/change.ts";
import { coarsenBins } from "../../pipelines/statistics/coarsen-bins.ts";
import { count } from "../../pipelines/statistics/count.ts";
import { distribution } from "../../pipelines/statistics/distribution.ts";
import { improved } from "../../pipelines/statistics/improved.ts";
import { moments } from "../../pipelines/statistics/moments.ts";
import { quantile } from "../../pipelines/statistics/quantile.ts";
import type { Scale, Statistic } from "../../pipelines/statistics/statistic.ts";
import { type CohortRow, cohortOf, PHQ9 } from "../golden/study/cohorts.ts";

const T_SCORE: Scale = {
  scale: "t",
  decimals: 1,
  direction: "better",
  range: [16.2, 67.7],
  mid: 3.5,
};

async function estimatesOf<S>(statistic: Statistic<S>, rows: CohortRow[], scale = PHQ9) {
  const summaries = await statistic.summarize(await cohortOf(rows), scale);
  const estimates = statistic.estimate(summaries.get("all") ?? statistic.empty, scale);
  return Object.fromEntries(estimates.map(({ name, value }) => [name, value]));
}

describe("moments", () => {
  test.each([
    ["nobody", [], [null, null, null, null]],
    ["one person has a mean and no sd", [7], [7, null, null, null]],
    ["two have an sd and no skewness", [6, 8], [7, Math.SQRT2, null, null]],
    ["equal values have sd zero and no shape", [4, 4, 4, 4], [4, 0, null, null]],
    ["three have a skewness and no kurtosis", [0, 0, 3], [1, Math.sqrt(3), Math.sqrt(3), null]],
  ])("%s", async (_, values, expected) => {
    const rows = values.map((baseline) => ({ baseline }));
    expect(Object.values(await estimatesOf(moments, rows))).toEqual(expected);
  });

  test("a score with one decimal is summed in tenths", async () => {
    const rows = [382, 410, 557].map((baseline) => ({ baseline }));
    expect(await estimatesOf(moments, rows, T_SCORE)).toMatchObject({ mean: 44.96666666666667 });
  });
});

describe("change", () => {
  test.each([
    ["nobody came back", [{ baseline: 10 }], null, null],
    ["one pair has a mean and no sd", [{ baseline: 10, followUp: 4 }], -6, null],
    [
      "only complete pairs count",
      [
        { baseline: 10, followUp: 4 },
        { baseline: 10, followUp: 8 },
        { baseline: 27, followUp: null },
      ],
      -4,
      Math.sqrt(8),
    ],
  ])("%s", async (_, rows, mean, sd) => {
    const estimates = await estimatesOf(change, rows);
    expect([estimates["mean change"], estimates["sd of change"]]).toEqual([mean, sd]);
  });

  test("the standardised response mean keeps the sign of the change", async () => {
    const rows = [
      { baseline: 10, followUp: 6 },
      { baseline: 10, followUp: 8 },
    ];
    expect((await estimatesOf(change, rows))["standardised response mean"]).toBeCloseTo(
      -3 / Math.SQRT2,
      15,
    );
  });

  test("is not defined where everybody changed alike", async () => {
    const rows = [
      { baseline: 10, followUp: 8 },
      { baseline: 6, followUp: 4 },
    ];
    const estimates = await estimatesOf(change, rows);
    expect(estimates["sd of change"]).toBe(0);
    expect(estimates["standardised response mean"]).toBeNull();
  });
});

describe("improved", () => {
  test.each([
    ["a drop of five is an improvement of the PHQ-9", 10, 5, PHQ9, 1, 0],
    ["a drop of four is not", 10, 6, PHQ9, 0, 0],
    ["a rise of five is a worsening", 5, 10, PHQ9, 0, 1],
    ["a rise of 3.5 T is an improvement where higher is better", 400, 435, T_SCORE, 1, 0],
    ["a rise of 3.4 T is not", 400, 434, T_SCORE, 0, 0],
    ["a drop of 3.5 T is a worsening there", 435, 400, T_SCORE, 0, 1],
  ])("%s", async (_, baseline, followUp, scale, up, down) => {
    const estimates = await estimatesOf(improved, [{ baseline, followUp }], scale);
    expect(estimates).toEqual({ "share improved": up, "share worsened": down });
  });

  test("needs a minimal important difference", () => {
    expect(improved.unavailable(PHQ9)).toBeNull();
    expect(improved.unavailable({ ...PHQ9, mid: null })).toMatch(/minimal important difference/);
  });
});

test("people are counted once, administrations each time", async () => {
  const rows = [
    { baseline: 3, administrations: 4 },
    { baseline: 5, administrations: 1 },
  ];
  expect(await estimatesOf(count, rows)).toEqual({ people: 2, administrations: 5 });
});

const bins = (...list: [from: number, to: number, people: number][]): Bin[] =>
  list.map(([from, to, people]) => ({ from: `${from}`, to: `${to}`, people: `${people}` }));

describe("quantile, type 7", () => {
  const values = bins([1, 1, 1], [2, 2, 1], [3, 3, 1], [10, 10, 1]);
  test.each([
    ["the median of an even number lies in the middle", values, [1n, 2n], [2.5, 2.5]],
    ["the lower quartile is interpolated", values, [1n, 4n], [1.75, 1.75]],
    ["the smallest", values, [0n, 1n], [1, 1]],
    ["the largest", values, [1n, 1n], [10, 10]],
    ["one value is all its quantiles", bins([4, 4, 1]), [19n, 20n], [4, 4]],
    ["a merged bin gives a range", bins([0, 4, 12], [5, 9, 30]), [1n, 2n], [5, 9]],
    ["nobody has none", [], [1n, 2n], null],
  ] as const)("%s", (_, of, fraction, expected) => {
    expect(quantile(of, fraction, 1n)).toEqual(expected);
  });

  test("tenths are divided once, at the end", () => {
    expect(quantile(bins([401, 401, 1], [402, 402, 1]), [1n, 2n], 10n)).toEqual([40.15, 40.15]);
  });
});

describe("bins of two sites", () => {
  test.each([
    ["equal bins add", bins([3, 3, 11]), bins([3, 3, 12]), bins([3, 3, 23])],
    ["distinct bins stay", bins([0, 4, 11]), bins([5, 9, 12]), bins([0, 4, 11], [5, 9, 12])],
    [
      "a block swallows its values",
      bins([5, 9, 11]),
      bins([5, 5, 12], [9, 9, 13]),
      bins([5, 9, 36]),
    ],
    ["overlapping blocks become one", bins([0, 9, 11]), bins([5, 14, 12]), bins([0, 14, 23])],
    ["nobody changes nothing", bins([0, 9, 11]), [], bins([0, 9, 11])],
  ])("%s", (_, a, b, expected) => {
    expect(mergeBins(a, b)).toEqual(expected);
    expect(mergeBins(b, a)).toEqual(expected);
  });
});

describe("bins that are large enough", () => {
  const rule = { minimum: 11n, width: 5n };
  test.each([
    ["eleven at each value stay", bins([0, 0, 11], [3, 3, 11]), bins([0, 0, 11], [3, 3, 11])],
    ["one value of ten closes its block", bins([0, 0, 11], [3, 3, 10]), bins([0, 4, 21])],
    ["an empty value stays empty", bins([2, 2, 40]), bins([2, 2, 40])],
    [
      "small blocks merge with each other first",
      bins([0, 0, 40], [5, 5, 6], [10, 10, 5], [15, 15, 40]),
      bins([0, 0, 40], [5, 14, 11], [15, 15, 40]),
    ],
    [
      "a lonely small block joins the smaller neighbour as a whole",
      bins([0, 0, 20], [1, 1, 30], [7, 7, 10], [10, 10, 60]),
      bins([0, 9, 60], [10, 10, 60]),
    ],
    ["a gap between merged blocks is swallowed", bins([0, 0, 10], [20, 20, 5]), bins([0, 24, 15])],
    ["negative values have blocks too", bins([-3, -3, 6], [-1, -1, 6]), bins([-5, -1, 12])],
  ])("%s", (_, given, expected) => {
    expect(coarsenBins([given], rule)).toEqual({ everybody: expected, parts: [expected] });
  });

  test("all parts get the same bins, so that none follows by subtraction", () => {
    const women = bins([0, 0, 12], [1, 1, 12], [5, 5, 20]);
    const men = bins([0, 0, 12], [1, 1, 3], [5, 5, 20]);
    expect(coarsenBins([women, men], rule)).toEqual({
      everybody: bins([0, 0, 24], [1, 1, 15], [5, 5, 40]),
      parts: [bins([0, 4, 24], [5, 5, 20]), bins([0, 4, 15], [5, 5, 20])],
    });
  });

  test("bins of the parts are unions of everybody's", () => {
    const women = bins([0, 0, 20], [5, 5, 4], [10, 10, 30]);
    const men = bins([0, 0, 11], [5, 5, 2], [10, 10, 11]);
    expect(coarsenBins([women, men], rule)).toEqual({
      everybody: bins([0, 9, 37], [10, 10, 41]),
      parts: [bins([0, 9, 24], [10, 10, 30]), bins([0, 9, 13], [10, 10, 11])],
    });
  });

  test("refuses a part that is too small as a whole", () => {
    expect(() => coarsenBins([bins([0, 0, 10])], rule)).toThrow(RangeError);
  });
});

test("a share or quantile that a merged bin hides is a range, never a guess", () => {
  const merged = { bins: bins([0, 4, 30], [20, 29, 11]) };
  const estimates = distribution.estimate(merged, PHQ9);
  const of = (name: string) => estimates.find((estimate) => estimate.name.startsWith(name));
  expect(of("median")).toMatchObject({ value: null, between: [0, 4] });
  expect(of("95th")).toMatchObject({ value: null, between: [20, 27] });
  expect(of("share at the lowest")).toMatchObject({ value: null, between: [0, 30 / 41] });
});
