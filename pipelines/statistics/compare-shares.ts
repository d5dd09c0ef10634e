import type { Contrast } from "./contrast.ts";
import { divide } from "./divide.ts";
import type { Improved } from "./improved.ts";
import { chiSquareTail } from "./probability.ts";
import type { Responded } from "./responder.ts";
import type { Estimate } from "./statistic.ts";
import { newcombe } from "./wilson.ts";

type Part = readonly [part: bigint, all: bigint];

export const improvedBetween: Contrast<Improved> = {
  name: "improved between strata",
  title: "Share improved between strata",
  of: "improved",
  estimate: (strata) => compare(strata, ({ improved, pairs }) => [BigInt(improved), BigInt(pairs)]),
};

export const respondedBetween: Contrast<Responded> = {
  name: "responder between strata",
  title: "Share that responded between strata",
  of: "responder",
  estimate: (strata) =>
    compare(strata, ({ responded, eligible }) => [BigInt(responded), BigInt(eligible)]),
};

function compare<S>(strata: ReadonlyMap<string, S>, partOf: (of: S) => Part): Estimate[] {
  const groups = [...strata].map(([name, of]) => [name, partOf(of)] as const);
  const usable = groups.filter(([, [, all]]) => all > 0n);
  const people = Number(usable.reduce((sum, [, [, all]]) => sum + all, 0n));
  const test = chiSquare(usable.map(([, [part, all]]) => [part, all - part]));
  const [first, second] = usable;
  const pair =
    usable.length === 2 && first && second
      ? {
          name: `difference of shares, ${first[0]} minus ${second[0]}`,
          value: divide(
            first[1][0] * second[1][1] - second[1][0] * first[1][1],
            first[1][1] * second[1][1],
          ),
          interval: newcombe(first[1], second[1]),
        }
      : null;
  return [
    { name: "chi-square", value: test?.chi2 ?? null, people },
    { name: "p (chi-square)", value: test?.p ?? null, people, ...doubt(test) },
    ...(pair
      ? [
          {
            name: pair.name,
            value: pair.value,
            people,
            ...(pair.interval && { interval: pair.interval }),
          },
        ]
      : []),
  ];
}

function doubt(test: ReturnType<typeof chiSquare>): Pick<Estimate, "refused"> {
  if (!test || test.expectedMin >= 5) return {};
  return {
    refused: "fewer than 5 are expected in a cell: the chi-square distribution does not hold",
  };
}

/** Pearson's chi-square of a table, without continuity correction; null where a row or column is empty. */
export function chiSquare(rows: readonly (readonly bigint[])[]) {
  const columns = rows[0]?.map((_, j) => rows.reduce((sum, row) => sum + (row[j] ?? 0n), 0n)) ?? [];
  const totals = rows.map((row) => row.reduce((sum, n) => sum + n, 0n));
  const n = totals.reduce((sum, row) => sum + row, 0n);
  const df = (rows.length - 1) * (columns.length - 1);
  if (df < 1 || [...columns, ...totals].some((sum) => sum === 0n)) return null;
  const common = [...columns, ...totals].reduce((product, sum) => product * sum, 1n);
  let sum = 0n;
  let expectedMin = Number.POSITIVE_INFINITY;
  for (const [i, row] of rows.entries()) {
    for (const [j, observed] of row.entries()) {
      const margins = (totals[i] ?? 0n) * (columns[j] ?? 0n);
      sum += (observed * observed * common) / margins;
      expectedMin = Math.min(expectedMin, divide(margins, n));
    }
  }
  const chi2 = divide(n * (sum - common), common);
  return { chi2, df, p: chiSquareTail(chi2, df), expectedMin };
}
