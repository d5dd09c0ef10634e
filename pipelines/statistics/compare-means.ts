import type { Change } from "./change.ts";
import type { Contrast } from "./contrast.ts";
import { divide } from "./divide.ts";
import type { Moments } from "./moments.ts";
import { fTail, TAIL, tP, tQuantile } from "./probability.ts";
import { type Estimate, gridUnits, type Measure } from "./statistic.ts";

/** People of a group, and the sum and sum of squares of their grid integers. */
export interface Group {
  n: bigint;
  s1: bigint;
  s2: bigint;
}

export const baselineBetween: Contrast<Moments> = {
  name: "baseline between strata",
  title: "Baseline score between strata",
  of: "moments",
  estimate: (strata, measure) =>
    compare(strata, ({ n, s1, s2 }) => ({ n: BigInt(n), s1: BigInt(s1), s2: BigInt(s2) }), measure),
};

export const changeBetween: Contrast<Change> = {
  name: "change between strata",
  title: "Change between strata",
  of: "change",
  estimate: (strata, measure) =>
    compare(
      strata,
      ({ pairs, sb, sf, sbb, sff, sbf }) => ({
        n: BigInt(pairs),
        s1: BigInt(sf) - BigInt(sb),
        s2: BigInt(sff) + BigInt(sbb) - 2n * BigInt(sbf),
      }),
      measure,
    ),
};

function compare<S>(
  strata: ReadonlyMap<string, S>,
  groupOf: (of: S) => Group,
  measure: Measure,
): Estimate[] {
  const groups = [...strata].map(([name, of]) => [name, groupOf(of)] as const);
  const usable = groups.filter(([, { n }]) => n > 1n);
  const people = Number(usable.reduce((sum, [, { n }]) => sum + n, 0n));
  const one = anova(usable.map(([, group]) => group));
  const [first, second] = usable;
  const pair =
    usable.length === 2 && first && second ? welch(first[1], second[1], gridUnits(measure)) : null;
  return [
    { name: "F (analysis of variance)", value: one?.f ?? null, people },
    { name: "p (analysis of variance)", value: one?.p ?? null, people },
    { name: "eta squared", value: one?.etaSquared ?? null, people },
    ...(pair && first && second
      ? [
          {
            name: `mean difference, ${first[0]} minus ${second[0]}`,
            value: pair.difference,
            people,
            ...(pair.interval && { interval: pair.interval }),
          },
          { name: "t (Welch)", value: pair.t, people },
          { name: "degrees of freedom (Welch)", value: pair.df, people },
          { name: "p (Welch)", value: pair.p, people },
          { name: "Cohen's d", value: pair.cohenD, people },
        ]
      : []),
  ];
}

/** One-way analysis of variance from integer sums; null where there is nothing to compare or nothing varies inside the groups. */
export function anova(groups: readonly Group[]) {
  const k = BigInt(groups.length);
  const sum = (of: (group: Group) => bigint) => groups.reduce((to, group) => to + of(group), 0n);
  const [n, total, squares] = [sum((g) => g.n), sum((g) => g.s1), sum((g) => g.s2)];
  // Over a common denominator, so that nothing is rounded before the end.
  const common = groups.reduce((product, group) => product * group.n, 1n);
  const means = sum((g) => (g.s1 * g.s1 * common) / g.n);
  const within = squares * common - means;
  const between = n * means - total * total * common;
  const df2 = n - k;
  if (k < 2n || df2 < 1n || within <= 0n) return null;
  const f = divide(between * df2, n * within * (k - 1n));
  return {
    f,
    p: fTail(f, Number(k - 1n), Number(df2)),
    etaSquared: divide(between, between + n * within),
    betweenSs: divide(between, n * common),
    withinSs: divide(within, common),
    df: [Number(k - 1n), Number(df2)] as const,
  };
}

/** Welch's t test and Cohen's d (pooled sd) of two groups. Source: reference statistics 3. */
export function welch(a: Group, b: Group, units: bigint) {
  const variance = ({ n, s1, s2 }: Group) => divide(n * s2 - s1 * s1, n * (n - 1n) * units ** 2n);
  const difference = divide(a.s1 * b.n - b.s1 * a.n, a.n * b.n * units);
  const [va, vb] = [variance(a) / Number(a.n), variance(b) / Number(b.n)];
  const se = Math.sqrt(va + vb);
  const pooled =
    (variance(a) * Number(a.n - 1n) + variance(b) * Number(b.n - 1n)) / Number(a.n + b.n - 2n);
  if (se === 0) {
    return { difference, interval: null, t: null, df: null, p: null, cohenD: null };
  }
  const df = (va + vb) ** 2 / (va ** 2 / Number(a.n - 1n) + vb ** 2 / Number(b.n - 1n));
  const half = tQuantile(TAIL, df) * se;
  return {
    difference,
    interval: [difference - half, difference + half] as const,
    t: difference / se,
    df,
    p: tP(difference / se, df),
    cohenD: difference / Math.sqrt(pooled),
  };
}
