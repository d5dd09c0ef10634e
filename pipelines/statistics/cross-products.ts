import { z } from "zod";
import { correlation, divide } from "./divide.ts";
import { symmetric } from "./matrix.ts";
import { addDigits, type Cohort, digits, headCount } from "./statistic.ts";

/** Sums and upper triangle of cross-products, row by row, of columns that a person has all of. */
export const crossProductSchema = z.strictObject({
  n: headCount,
  sums: z.array(digits).max(500),
  products: z.array(digits).max(130_000),
});
export type CrossProducts = z.infer<typeof crossProductSchema>;

export const NO_PRODUCTS: CrossProducts = { n: "0", sums: [], products: [] };

/**
 * Cross-products of integer columns of a table in the cohort's scope, one stratum a row.
 *
 * @param table a table or subquery with the columns and stratum; rows with a null among the columns are left out
 */
export async function sumProducts(
  cohort: Cohort,
  table: string,
  columns: readonly string[],
): Promise<Map<string, CrossProducts>> {
  const pairs = columns.flatMap((a, i) => columns.slice(i).map((b) => `${a} * ${b}`));
  const sums = [...columns, ...pairs].map((sql, i) => `  CAST(sum(${sql}) AS VARCHAR) AS s${i}`);
  const rows = await cohort.select<Record<string, string>>(
    [
      "SELECT",
      ["  stratum", "  CAST(count(*) AS VARCHAR) AS n", ...sums].join(",\n"),
      `FROM ${table}`,
      `WHERE ${columns.map((name) => `${name} IS NOT NULL`).join(" AND ")}`,
      "GROUP BY stratum",
    ].join("\n"),
  );
  return new Map(
    rows.map((row) => {
      const values = sums.map((_, i) => String(row[`s${i}`] ?? "0"));
      return [
        String(row.stratum),
        {
          n: String(row.n),
          sums: values.slice(0, columns.length),
          products: values.slice(columns.length),
        },
      ];
    }),
  );
}

export function addProducts(a: CrossProducts, b: CrossProducts): CrossProducts {
  if (a.sums.length === 0) return b;
  if (b.sums.length === 0) return a;
  const add = (x: readonly string[], y: readonly string[]) =>
    x.map((value, i) => String(BigInt(value) + BigInt(y[i] ?? "0")));
  return {
    ...addDigits({ n: a.n }, { n: b.n }),
    sums: add(a.sums, b.sums),
    products: add(a.products, b.products),
  };
}

/** n times the sums of squared deviations and their products: integers. */
export function spreads({ n, sums, products }: CrossProducts): bigint[][] {
  const of = sums.map(BigInt);
  return symmetric(products.map(BigInt), of.length).map((row, i) =>
    row.map((value, j) => BigInt(n) * value - (of[i] ?? 0n) * (of[j] ?? 0n)),
  );
}

/** Covariance of columns i and j in their own units; null below two people. */
export function covarianceOf(
  n: bigint,
  spread: readonly (readonly bigint[])[],
  [i, j]: readonly [number, number],
  units: bigint,
): number | null {
  return n > 1n ? divide(spread[i]?.[j] ?? 0n, n * (n - 1n) * units) : null;
}

export function correlationOf(
  spread: readonly (readonly bigint[])[],
  i: number,
  j: number,
): number | null {
  return correlation(spread[i]?.[j] ?? 0n, spread[i]?.[i] ?? 0n, spread[j]?.[j] ?? 0n);
}
