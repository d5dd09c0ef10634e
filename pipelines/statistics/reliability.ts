import { text, textList } from "../../warehouse/sql.ts";
import {
  addProducts,
  type CrossProducts,
  correlationOf,
  crossProductSchema,
  NO_PRODUCTS,
  spreads,
  sumProducts,
} from "./cross-products.ts";
import { correlation, divide, squareRoot } from "./divide.ts";
import { membersOf } from "./group.ts";
import { fQuantile, TAIL } from "./probability.ts";
import type { Estimate, Statistic } from "./statistic.ts";

/** Cronbach's alpha and corrected item-total correlations at baseline, from the covariance of all items of complete answers. */
export const reliability: Statistic<CrossProducts> = {
  name: "reliability",
  title: "Internal consistency of the items at baseline",
  exact: true,
  reads: ["item_answer"],
  needsFollowUp: false,
  needs: "items",
  unavailable: ({ items }) =>
    (items?.length ?? 0) > 1 ? null : "the score is not made of several items",
  summary: crossProductSchema,
  empty: NO_PRODUCTS,
  summarize(cohort, { items = [] }) {
    const ids = items.map(({ id }) => id).sort();
    // One row a person, one column an item.
    const columns = ids.map(
      (id, i) => `max(CASE WHEN item = '${id.replaceAll("'", "''")}' THEN value END) AS i${i}`,
    );
    const vectors = `(SELECT stratum, head, ${columns.join(", ")} FROM item_answer GROUP BY stratum, head) AS vectors`;
    return sumProducts(
      cohort,
      vectors,
      ids.map((_, i) => `i${i}`),
    );
  },
  combine: addProducts,
  members({ items = [] }) {
    const ids = items.map(({ id }) => id);
    const complete = [
      `(SELECT stratum, head FROM item_answer WHERE item IN ${textList(ids)}`,
      `GROUP BY stratum, head HAVING ${hasAll(ids)}) AS complete`,
    ].join(" ");
    return [membersOf("all items", { table: complete })];
  },
  groups: () => [{ part: "all items", hasSums: true }],
  estimate(sums, { items = [] }) {
    const people = Number(sums.n);
    return alphaOf(sums, items.map(({ id }) => id).sort()).map((one) => ({ ...one, people }));
  },
  heads: ({ n }, people) => [BigInt(n), people - BigInt(n)],
  parameters: ({ sums }) => sums.length,
};

/** That a group of answers has every item: one bit each, which is quicker than counting different texts. */
function hasAll(ids: readonly string[]): string {
  if (ids.length > 60) return `count(DISTINCT item) = ${ids.length}`;
  const bits = ids.map((id, i) => `WHEN ${text(id)} THEN ${2n ** BigInt(i)}`);
  return `bit_or(CAST(CASE item ${bits.join(" ")} END AS BIGINT)) = ${2n ** BigInt(ids.length) - 1n}`;
}

/**
 * Alpha, its standardised form and interval (Feldt 1965), and for each item its correlation with the sum of the others and alpha
 * without it. Null where nothing varies.
 */
export function alphaOf(sums: CrossProducts, ids: readonly string[]): Omit<Estimate, "people">[] {
  const spread = spreads(sums);
  const [n, k] = [BigInt(sums.n), spread.length];
  const trace = spread.reduce((sum, row, i) => sum + (row[i] ?? 0n), 0n);
  const rowSums = spread.map((row) => row.reduce((sum, value) => sum + value, 0n));
  const total = rowSums.reduce((sum, value) => sum + value, 0n);
  const alpha = ratio(BigInt(k), total - trace, total);
  const sd = n > 1n && k > 0 ? squareRoot(total > 0n ? total : 0n, n * (n - 1n)) : null;
  return [
    { name: "alpha", value: alpha, ...feldt(alpha, Number(n), k) },
    { name: "standardised alpha", value: standardised(spread) },
    {
      name: "standard error of measurement",
      value: alpha === null || sd === null || alpha > 1 ? null : sd * Math.sqrt(1 - alpha),
    },
    ...ids.flatMap((id, i) => {
      const own = spread[i]?.[i] ?? 0n;
      const row = rowSums[i] ?? 0n;
      const rest = total - 2n * row + own;
      const restTrace = trace - own;
      return [
        { name: `${id} item-total correlation`, value: correlation(row - own, own, rest) },
        { name: `alpha without ${id}`, value: ratio(BigInt(k - 1), rest - restTrace, rest) },
      ];
    }),
  ];
}

/** k/(k-1) (1 - trace/total), divided once. */
function ratio(k: bigint, shared: bigint, total: bigint): number | null {
  return k > 1n && total > 0n ? divide(k * shared, (k - 1n) * total) : null;
}

function standardised(spread: readonly (readonly bigint[])[]): number | null {
  const k = spread.length;
  let sum = 0;
  for (let i = 0; i < k; i++) {
    for (let j = i + 1; j < k; j++) {
      const r = correlationOf(spread, i, j);
      if (r === null) return null;
      sum += r;
    }
  }
  const mean = (2 * sum) / (k * (k - 1));
  return k > 1 ? (k * mean) / (1 + (k - 1) * mean) : null;
}

function feldt(alpha: number | null, n: number, k: number): Pick<Estimate, "interval"> {
  if (alpha === null || n < 2 || k < 2) return {};
  const [df1, df2] = [n - 1, (n - 1) * (k - 1)];
  const [high, low] = [fQuantile(TAIL, df1, df2), fQuantile(1 - TAIL, df1, df2)];
  return { interval: [1 - (1 - alpha) * high, 1 - (1 - alpha) * low] };
}
