import type { Column, LinearSums } from "./linear.ts";
import {
  addMatrices,
  dot,
  invertPositive,
  type Matrix,
  multiply,
  symmetric,
  type Vector,
} from "./matrix.ts";
import { maximise } from "./maximise.ts";

export interface MixedFit {
  coefficients: { name: string; value: number; se: number }[];
  tau2: number;
  sigma2: number;
  icc: number;
  logLikelihood: number;
  n: number;
  sites: number;
}

interface Group {
  n: number;
  xtx: Matrix;
  xty: Vector;
  yty: number;
  /** X'1 and 1'y: the sums of the columns. */
  s: Vector;
  y: number;
}

/**
 * Linear model with a random site intercept, exactly from each site's cross-products: V = sigma2 (I + lam J) needs no row. The
 * ratio lam = tau2 / sigma2 is searched on lam >= 0 with the rest profiled out.
 *
 * @param columns the first is the constant
 * @returns null where the columns do not have full rank
 * Source: reference statistics 5.3; Luo 2022 (lossless distributed LMM).
 */
export function fitMixed(
  bySite: ReadonlyMap<string, LinearSums>,
  columns: readonly Column[],
  y: { decimals: number },
  method: "REML" | "ML" = "REML",
): MixedFit | null {
  const groups = [...bySite]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, sums]) => groupOf(sums, columns, y))
    .filter(({ n }) => n > 0);
  const n = groups.reduce((sum, group) => sum + group.n, 0);
  const df = method === "REML" ? n - columns.length : n;
  const at = (lam: number) => profileAt(groups, lam, columns.length, method, df);
  if (!at(0) || df <= 0) return null;
  const lam = maximise((x) => at(x)?.logLikelihood ?? Number.NEGATIVE_INFINITY, 1);
  const best = at(lam);
  if (!best) return null;
  const { sigma2 } = best;
  return {
    coefficients: columns.map(({ name }, i) => ({
      name,
      value: best.beta[i] ?? Number.NaN,
      se: Math.sqrt(sigma2 * (best.inverse[i]?.[i] ?? Number.NaN)),
    })),
    tau2: lam * sigma2,
    sigma2,
    icc: lam / (1 + lam),
    logLikelihood: best.logLikelihood,
    n,
    sites: groups.length,
  };
}

function profileAt(
  groups: readonly Group[],
  lam: number,
  size: number,
  method: "REML" | "ML",
  df: number,
) {
  let xvx: number[][] = Array.from({ length: size }, () => Array.from({ length: size }, () => 0));
  const xvy = Array.from({ length: size }, () => 0);
  let [yvy, logDet] = [0, 0];
  for (const { n, xtx, xty, yty, s, y } of groups) {
    const c = lam / (1 + n * lam);
    xvx = addMatrices(
      xvx,
      xtx.map((row, i) => row.map((v, j) => v - c * (s[i] ?? 0) * (s[j] ?? 0))),
    );
    for (let i = 0; i < size; i++) xvy[i] = (xvy[i] ?? 0) + (xty[i] ?? 0) - c * (s[i] ?? 0) * y;
    yvy += yty - c * y * y;
    logDet += Math.log1p(n * lam);
  }
  const inverted = invertPositive(xvx);
  if ("dependentColumn" in inverted) return null;
  const beta = multiply(inverted.inverse, xvy);
  const rss = Math.max(0, yvy - dot(beta, xvy));
  const sigma2 = rss / df;
  const determinant = method === "REML" ? inverted.logDeterminant : 0;
  const logLikelihood = -0.5 * (df * (Math.log(2 * Math.PI * sigma2) + 1) + logDet + determinant);
  return { beta, inverse: inverted.inverse, sigma2, logLikelihood };
}

function groupOf(sums: LinearSums, columns: readonly Column[], y: { decimals: number }): Group {
  const units = columns.map(({ decimals }) => 10 ** decimals);
  const of = 10 ** y.decimals;
  const unit = (i: number) => units[i] ?? 1;
  const xtx = symmetric(sums.xtx.map(Number), columns.length).map((row, i) =>
    row.map((value, j) => value / (unit(i) * unit(j))),
  );
  const xty = sums.xty.map((value, i) => Number(value) / (unit(i) * of));
  return {
    n: Number(sums.n),
    xtx,
    xty,
    yty: Number(sums.yty) / of ** 2,
    s: xtx[0] ?? [],
    y: xty[0] ?? 0,
  };
}
