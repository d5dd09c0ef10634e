import type { RoundSums } from "./generalised.ts";
import type { LinearSums } from "./linear.ts";
import type { Cohort } from "./statistic.ts";

/** Runs SQL with the table `model_row` in scope: datamartid, x0, x1, ..., y, integers; one row a person. */
export type ModelRows = Cohort;

export const columnNames = (size: number) => Array.from({ length: size }, (_, i) => `x${i}`);
/** Upper triangle, row by row. */
export const columnPairs = (columns: readonly string[]) =>
  columns.flatMap((a, i) => columns.slice(i).map((b) => [a, b] as const));

/** The linear predictor. Both engines' exp stay inside a double up to here; beyond it a fit is refused as separated anyway. */
export function etaSql(beta: readonly number[]): string {
  const sum = columnNames(beta.length).map((x, i) => `${x} * ${double(beta[i] ?? 0)}`);
  return `greatest(-700.0, least(700.0, CAST(${sum.join(" + ")} AS DOUBLE PRECISION)))`;
}

/** Integer cross-products of each site. */
export async function sumLinear(rows: ModelRows, size: number): Promise<Map<string, LinearSums>> {
  const columns = columnNames(size);
  const products = [
    ...columnPairs(columns),
    ...columns.map((x) => [x, "y"] as const),
    ["y", "y"] as const,
  ];
  const found = await rows.select<Record<string, string>>(
    [
      "SELECT",
      [
        "  datamartid",
        "  CAST(count(*) AS VARCHAR) AS n",
        ...products.map(([a, b], i) => `  CAST(sum(${a} * ${b}) AS VARCHAR) AS s${i}`),
      ].join(",\n"),
      "FROM model_row",
      "GROUP BY datamartid",
    ].join("\n"),
  );
  const upper = (size * (size + 1)) / 2;
  return new Map(
    found.map((row) => {
      const sums = products.map((_, i) => String(row[`s${i}`]));
      return [
        String(row.datamartid),
        {
          n: String(row.n),
          xtx: sums.slice(0, upper),
          xty: sums.slice(upper, upper + size),
          yty: String(sums.at(-1)),
        },
      ];
    }),
  );
}

/**
 * A round of each site at the coefficients `beta`, which are in units of the columns' integers. The sums are floating: their
 * last digits may differ from engine to engine.
 */
export async function sumRound(
  rows: ModelRows,
  family: "logistic" | "poisson",
  beta: readonly number[],
): Promise<Map<string, RoundSums>> {
  const columns = columnNames(beta.length);
  const mean = family === "logistic" ? "1 / (1 + exp(-eta))" : "exp(eta)";
  const weight = family === "logistic" ? "mean * (1 - mean)" : "mean";
  const likelihood =
    family === "logistic"
      ? "y * eta - (CASE WHEN eta > 0 THEN eta + ln(1 + exp(-eta)) ELSE ln(1 + exp(eta)) END)"
      : "y * eta - mean";
  const upper = columnPairs(columns);
  const found = await rows.select<Record<string, string | number>>(
    [
      "SELECT",
      [
        "  datamartid",
        "  CAST(count(*) AS VARCHAR) AS n",
        `  sum(${likelihood}) AS likelihood`,
        ...columns.map((x, i) => `  sum(${x} * (y - mean)) AS g${i}`),
        ...upper.map(([a, b], i) => `  sum(${a} * ${b} * weight) AS h${i}`),
      ].join(",\n"),
      "FROM (",
      `  SELECT *, ${weight} AS weight`,
      "  FROM (",
      `    SELECT *, ${mean} AS mean`,
      "    FROM (",
      `      SELECT *, ${etaSql(beta)} AS eta`,
      "      FROM model_row",
      "    ) AS a",
      "  ) AS b",
      ") AS c",
      "GROUP BY datamartid",
    ].join("\n"),
  );
  return new Map(
    found.map((row) => [
      String(row.datamartid),
      {
        n: String(row.n),
        logLikelihood: Number(row.likelihood),
        gradient: columns.map((_, i) => Number(row[`g${i}`])),
        information: upper.map((_, i) => Number(row[`h${i}`])),
      },
    ]),
  );
}

/**
 * The middle of the HC3 sandwich of each site: X' diag(e²/(1-h)²) X, upper triangle; h is the leverage under `inverse`, the
 * pooled (X'X)^-1. Coefficients and inverse are in units of the columns' integers.
 *
 * Source: MacKinnon and White 1985.
 */
export async function sumSandwich(
  rows: ModelRows,
  fit: { beta: readonly number[]; inverse: readonly (readonly number[])[] },
): Promise<Map<string, number[]>> {
  const columns = columnNames(fit.beta.length);
  const upper = columnPairs(columns);
  const eta = columns.map((x, i) => `${x} * ${double(fit.beta[i] ?? 0)}`).join(" + ");
  const leverage = columns
    .flatMap((a, i) =>
      columns.slice(i).map((b, j) => {
        const factor = (fit.inverse[i]?.[i + j] ?? 0) * (j === 0 ? 1 : 2);
        return `${a} * ${b} * ${double(factor)}`;
      }),
    )
    .join(" + ");
  const found = await rows.select<Record<string, string | number>>(
    [
      "SELECT",
      ["  datamartid", ...upper.map(([a, b], i) => `  sum(${a} * ${b} * weight) AS m${i}`)].join(
        ",\n",
      ),
      "FROM (",
      `  SELECT *, (y - (${eta})) * (y - (${eta})) / ((1 - (${leverage})) * (1 - (${leverage}))) AS weight`,
      "  FROM model_row",
      ") AS a",
      "GROUP BY datamartid",
    ].join("\n"),
  );
  return new Map(
    found.map((row) => [String(row.datamartid), upper.map((_, i) => Number(row[`m${i}`]))]),
  );
}

/** A double as SQL reads it back to the last bit. */
function double(value: number): string {
  return `CAST('${value}' AS DOUBLE PRECISION)`;
}
