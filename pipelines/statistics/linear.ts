import { z } from "zod";
import { divide, squareRoot } from "./divide.ts";
import { symmetric } from "./matrix.ts";
import { fTail, TAIL, tP, tQuantile } from "./probability.ts";
import { identity, solveExact } from "./rational.ts";
import { addDigits, digits, headCount } from "./statistic.ts";

/** Cross-products of one site: upper triangles row by row, integers on each column's own grid. */
export const linearSums = z.strictObject({
  n: headCount,
  xtx: z.array(digits).describe("upper triangle of X'X, row by row"),
  xty: z.array(digits),
  yty: digits,
});
export type LinearSums = z.infer<typeof linearSums>;

/** A column of a model, and the power of ten its integers are multiplied with. */
export interface Column {
  name: string;
  decimals: number;
}

export interface Coefficient {
  name: string;
  value: number;
  se: number | null;
  interval: [low: number, high: number] | null;
  p: number | null;
}

export interface LinearFit {
  n: number;
  df: number;
  coefficients: Coefficient[];
  residualSs: number;
  residualSd: number | null;
  rSquared: number | null;
  f: number | null;
  fP: number | null;
  /** (X'X)^-1 in units of the columns, for a second round. */
  inverse: number[][];
}

export function addLinear(a: LinearSums, b: LinearSums): LinearSums {
  const addList = (x: readonly string[], y: readonly string[]) =>
    x.map((value, i) => String(BigInt(value) + BigInt(y[i] ?? "0")));
  return {
    ...addDigits({ n: a.n, yty: a.yty }, { n: b.n, yty: b.yty }),
    xtx: addList(a.xtx, b.xtx),
    xty: addList(a.xty, b.xty),
  };
}

/**
 * Least squares from integer cross-products, solved over the rationals and divided once at the end: every coefficient is the
 * double nearest to the exact one.
 *
 * @param columns of X, its first the constant where `intercept` says so (R² and F are then about the mean)
 * @returns the fit, or the first column that the ones before it determine
 */
export function fitLinear(
  sums: LinearSums,
  columns: readonly Column[],
  y: { decimals: number },
  intercept = true,
): LinearFit | { dependentColumn: number } {
  const size = columns.length;
  const [n, yty] = [BigInt(sums.n), BigInt(sums.yty)];
  const xtx = symmetric(sums.xtx.map(BigInt), size);
  const xty = sums.xty.map(BigInt);
  const solved = solveExact(
    xtx,
    identity(size).map((row, i) => [...row, xty[i] ?? 0n]),
  );
  if ("dependentColumn" in solved) return solved;
  const { numerators, denominator } = solved;
  const beta = numerators.map((row) => row[size] ?? 0n);
  const explained = xty.reduce((sum, value, i) => sum + value * (beta[i] ?? 0n), 0n);
  // Exact: a perfect fit is zero, not a rounding error below it.
  const rss = yty * denominator - explained;
  const df = n - BigInt(size);
  const yUnits = 10n ** BigInt(y.decimals);
  const sd = df > 0n ? squareRoot(rss, denominator * df * yUnits ** 2n) : null;
  const t = df > 0n ? tQuantile(TAIL, Number(df)) : null;
  const coefficients = columns.map((column, i): Coefficient => {
    const units = 10n ** BigInt(column.decimals);
    const value = divide((beta[i] ?? 0n) * units, denominator * yUnits);
    const variance = (numerators[i]?.[i] ?? 0n) * rss * units ** 2n;
    const se = df > 0n ? squareRoot(variance, denominator ** 2n * df * yUnits ** 2n) : null;
    return { name: column.name, value, ...inference(value, se, Number(df), t) };
  });
  const centred = intercept ? n * yty - (xty[0] ?? 0n) ** 2n : n * yty;
  const lost = n * rss;
  const model = BigInt(size - (intercept ? 1 : 0));
  const spread = centred * denominator - lost;
  const f = df > 0n && rss > 0n && model > 0n ? divide(spread * df, lost * model) : null;
  return {
    n: Number(n),
    df: Number(df),
    coefficients,
    residualSs: divide(rss, denominator * yUnits ** 2n),
    residualSd: sd,
    rSquared: centred > 0n ? divide(spread, centred * denominator) : null,
    f,
    fP: f === null ? null : fTail(f, Number(model), Number(df)),
    inverse: numerators.map((row, i) =>
      row
        .slice(0, size)
        .map((v, j) =>
          divide(
            v * 10n ** BigInt((columns[i]?.decimals ?? 0) + (columns[j]?.decimals ?? 0)),
            denominator,
          ),
        ),
    ),
  };
}

/** Interval and p of a coefficient; null where there is no standard error. */
export function inference(
  value: number,
  se: number | null,
  df: number,
  t: number | null,
): Pick<Coefficient, "se" | "interval" | "p"> {
  if (se === null || t === null || se === 0) return { se, interval: null, p: null };
  return { se, interval: [value - t * se, value + t * se], p: tP(value / se, df) };
}

/** Sums with one column a site in place of the constant: site fixed effects from the sites' own sums. */
export function withSiteEffects(
  bySite: ReadonlyMap<string, LinearSums>,
  columns: readonly Column[],
): { sums: LinearSums; columns: Column[] } {
  const sites = [...bySite].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const others = columns.slice(1);
  const size = sites.length + others.length;
  const xtx = Array.from({ length: size }, () => Array.from({ length: size }, () => 0n));
  const xty = Array.from({ length: size }, () => 0n);
  let [n, yty] = [0n, 0n];
  const add = (i: number, j: number, value: bigint) => {
    const row = xtx[i];
    if (row) row[j] = (row[j] ?? 0n) + value;
  };
  for (const [s, [, sums]] of sites.entries()) {
    const own = symmetric(sums.xtx.map(BigInt), columns.length);
    n += BigInt(sums.n);
    yty += BigInt(sums.yty);
    for (let i = 0; i < columns.length; i++) {
      const row = i === 0 ? s : sites.length + i - 1;
      xty[row] = (xty[row] ?? 0n) + BigInt(sums.xty[i] ?? "0");
      for (let j = i; j < columns.length; j++) {
        add(row, j === 0 ? s : sites.length + j - 1, own[i]?.[j] ?? 0n);
      }
    }
  }
  return {
    sums: {
      n: String(n),
      xtx: xtx.flatMap((row, i) => row.slice(i).map(String)),
      xty: xty.map(String),
      yty: String(yty),
    },
    columns: [...sites.map(([site]) => ({ name: `site ${site}`, decimals: 0 })), ...others],
  };
}
