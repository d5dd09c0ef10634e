import { expect, test } from "vitest";
import {
  chiSquareQuantile,
  chiSquareTail,
  fQuantile,
  fTail,
  normalP,
  normalQuantile,
  tP,
  tQuantile,
} from "../../pipelines/statistics/probability.ts";
import { logGamma } from "../../pipelines/statistics/special.ts";
import { newcombe, wilson } from "../../pipelines/statistics/wilson.ts";
import { readVector } from "../golden/study/cohorts.ts";

const relative = (a: number, b: number) => Math.abs(a - b) / Math.abs(b);

// Values of scipy 1.17.1 (scipy.stats sf and isf, scipy.special.gammaln).
test.each([
  ["normal, two-sided, 1.96", normalP(1.96), 0.04999579029644087],
  ["normal, two-sided, 8", normalP(8), 1.244192114854348e-15],
  ["t 2.5 with 3.7 df", tP(2.5, 3.7), 0.07182202291182678],
  ["t 12 with 200 df", tP(12, 200), 2.422136005246625e-25],
  ["chi-square 152.2 with 12 df", chiSquareTail(152.2, 12), 2.0278229286516983e-26],
  ["chi-square 0.5 with 3 df", chiSquareTail(0.5, 3), 0.9188914116546758],
  ["F 1.18 with 4 and 20 df", fTail(1.18, 4, 20), 0.3496362912094314],
  ["F 40 with 2 and 5000 df", fTail(40, 2, 5000), 5.8308266523545925e-18],
  ["normal quantile", normalQuantile(0.025), 1.9599639845400545],
  ["t quantile, 1 df", tQuantile(0.025, 1), 12.706204736174705],
  ["t quantile, 147.3 df", tQuantile(0.025, 147.3), 1.9761999050467434],
  ["chi-square quantile", chiSquareQuantile(0.975, 12), 4.403788506981698],
  ["F quantile", fQuantile(0.025, 29, 174), 1.6615384170288148],
  ["ln Gamma(0.3)", logGamma(0.3), 1.0957979948180756],
  ["ln Gamma(1234.5)", logGamma(1234.5), 7550.550901077894],
])("%s", (_, value, expected) => {
  expect(relative(value, expected)).toBeLessThan(1e-11);
});

interface Responders {
  expected: {
    responders: Record<
      "all" | "0" | "1",
      { n_pairs: number; improved_ge_5: number; wilson95: [number, number] }
    > & { difference_arm1_minus_arm0: { newcombe95: [number, number] } };
  };
}

test("Wilson and Newcombe intervals of the three-site study", () => {
  const { responders } = readVector<Responders>("expected-phq9-three-sites.json").expected;
  const of = (arm: "all" | "0" | "1"): [bigint, bigint] => [
    BigInt(responders[arm].improved_ge_5),
    BigInt(responders[arm].n_pairs),
  ];
  for (const arm of ["all", "0", "1"] as const) {
    const interval = wilson(...of(arm));
    for (const i of [0, 1] as const) {
      expect(relative(interval?.[i] ?? 0, responders[arm].wilson95[i])).toBeLessThan(1e-10);
    }
  }
  const difference = newcombe(of("1"), of("0"));
  for (const i of [0, 1] as const) {
    const expected = responders.difference_arm1_minus_arm0.newcombe95[i];
    expect(relative(difference?.[i] ?? 0, expected)).toBeLessThan(1e-10);
  }
});

test("nobody, all and none have the intervals of their ends", () => {
  expect(wilson(0n, 0n)).toBeNull();
  expect(wilson(0n, 20n)?.[0]).toBe(0);
  expect(wilson(20n, 20n)?.[1]).toBe(1);
});
