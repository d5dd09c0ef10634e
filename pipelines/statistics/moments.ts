import { z } from "zod";
import { divide, squareRoot, withSign } from "./divide.ts";
import { membersOf, PEOPLE } from "./group.ts";
import { meanEffect, meanInterval } from "./mean-interval.ts";
import {
  addDigits,
  aggregate,
  digits,
  gridUnits,
  headCount,
  type Scale,
  type Statistic,
  wide,
} from "./statistic.ts";

const summary = z.strictObject({ n: headCount, s1: digits, s2: digits, s3: digits, s4: digits });
export type Moments = z.infer<typeof summary>;

const g = wide("baseline");

/** Mean, sd, skewness and kurtosis of the baseline score, from the sums of its first four powers on the grid. */
export const moments: Statistic<Moments> = {
  name: "moments",
  title: "Baseline score",
  exact: true,
  needsFollowUp: false,
  unavailable: () => null,
  summary,
  empty: { n: "0", s1: "0", s2: "0", s3: "0", s4: "0" },
  summarize: (cohort) =>
    aggregate(cohort, {
      n: "count(baseline)",
      s1: `sum(${g})`,
      s2: `sum(${g} * ${g})`,
      s3: `sum(${g} * ${g} * ${g})`,
      s4: `sum(${g} * ${g} * ${g} * ${g})`,
    }),
  combine: addDigits,
  members: () => [membersOf(PEOPLE.part)],
  groups: () => [{ ...PEOPLE, hasSums: true }],
  estimate(sums, scale) {
    const shape = shapeOf(sums, scale);
    const people = Number(sums.n);
    return [
      { name: "mean", value: shape.mean, people, ...meanInterval(shape.mean, shape.sd, people) },
      { name: "sd", value: shape.sd, people },
      { name: "skewness (G1)", value: shape.skewnessG1, people },
      { name: "excess kurtosis (G2)", value: shape.kurtosisG2, people },
    ];
  },
  siteEffect(sums, scale) {
    const { mean, variance } = shapeOf(sums, scale);
    return meanEffect("mean", mean, variance, Number(sums.n));
  },
  heads: ({ n }) => [BigInt(n)],
};

/**
 * The moments in score units, each the double nearest to the exact value. Null where undefined: variance below two people,
 * skewness below three and kurtosis below four, and both when all values are equal.
 *
 * Source: Pebay, SAND2008-6212; g and G as in Joanes and Gill 1998.
 */
export function shapeOf(sums: Moments, scale: Scale) {
  const [n, s1, s2, s3, s4] = [sums.n, sums.s1, sums.s2, sums.s3, sums.s4].map(BigInt) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const s = gridUnits(scale);
  // n M2, n^2 M3 and n^3 M4 of the grid integers: they stay integers.
  const m2 = n * s2 - s1 ** 2n;
  const m3 = n ** 2n * s3 - 3n * n * s1 * s2 + 2n * s1 ** 3n;
  const m4 = n ** 3n * s4 - 4n * n ** 2n * s1 * s3 + 6n * n * s1 ** 2n * s2 - 3n * s1 ** 4n;
  // g1^2 = m3^2 / m2^3 and g2 = excess / m2^2: the powers of n and of the grid cancel.
  const excess = m4 - 3n * m2 ** 2n;
  const hasSkewness = n > 2n && m2 > 0n;
  const hasKurtosis = n > 3n && m2 > 0n;
  const adjustedExcess = ((n + 1n) * excess + 6n * m2 ** 2n) * (n - 1n);
  return {
    mean: n > 0n ? divide(s1, n * s) : null,
    variance: n > 1n ? divide(m2, n * (n - 1n) * s ** 2n) : null,
    sd: n > 1n ? squareRoot(m2, n * (n - 1n) * s ** 2n) : null,
    g1: hasSkewness ? withSign(m3, squareRoot(m3 ** 2n, m2 ** 3n)) : null,
    skewnessG1: hasSkewness
      ? withSign(m3, squareRoot(m3 ** 2n * n * (n - 1n), m2 ** 3n * (n - 2n) ** 2n))
      : null,
    g2: hasKurtosis ? divide(excess, m2 ** 2n) : null,
    kurtosisG2: hasKurtosis ? divide(adjustedExcess, m2 ** 2n * (n - 2n) * (n - 3n)) : null,
  };
}
