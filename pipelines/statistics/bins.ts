import { z } from "zod";
import { headCount } from "./statistic.ts";

const edge = z.string().regex(/^(0|-?[1-9][0-9]{0,17})$/, "must be an integer in digits");

/** People whose value lies in `from` to `to`, both included, in grid units. */
export const binSchema = z.strictObject({ from: edge, to: edge, people: headCount });
export type Bin = z.infer<typeof binSchema>;

export interface Range {
  from: bigint;
  to: bigint;
  people: bigint;
}

export function toRanges(bins: readonly Bin[]): Range[] {
  return bins.map((bin) => ({
    from: BigInt(bin.from),
    to: BigInt(bin.to),
    people: BigInt(bin.people),
  }));
}

/** Bins in order of their values; values outside all bins have no people. */
export function fromRanges(ranges: readonly Range[]): Bin[] {
  return ranges
    .filter(({ people }) => people > 0n)
    .toSorted((a, b) => (a.from < b.from ? -1 : 1))
    .map(({ from, to, people }) => ({ from: `${from}`, to: `${to}`, people: `${people}` }));
}

/**
 * Bins of two sites. Where they overlap without being equal the sum is only known for both together, so they become one bin.
 * Whatever the order of the sites, the result is the finest bins that all of them can tell.
 */
export function mergeBins(a: readonly Bin[], b: readonly Bin[]): Bin[] {
  const sorted = [...toRanges(a), ...toRanges(b)].toSorted((x, y) =>
    x.from === y.from ? 0 : x.from < y.from ? -1 : 1,
  );
  const merged: Range[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last && range.from <= last.to) {
      last.people += range.people;
      if (range.to > last.to) last.to = range.to;
    } else merged.push({ ...range });
  }
  return fromRanges(merged);
}
