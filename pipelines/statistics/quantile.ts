import { type Bin, toRanges } from "./bins.ts";
import { divide } from "./divide.ts";

/**
 * Type 7 quantile of binned grid integers at the fraction `numerator / denominator`: h = (n-1)p, interpolated between the
 * sorted values at floor(h) and floor(h)+1, counted from 0. In score units of `units` to one. Where a merged bin hides the
 * value, the lowest and the highest that it can be; null without people.
 *
 * Source: Hyndman and Fan 1996 (R's default, SQL's percentile_cont).
 */
export function quantile(
  bins: readonly Bin[],
  [numerator, denominator]: readonly [bigint, bigint],
  units: bigint,
): readonly [low: number, high: number] | null {
  const ranges = toRanges(bins);
  const n = ranges.reduce((sum, { people }) => sum + people, 0n);
  if (n === 0n) return null;
  const h = (n - 1n) * numerator;
  const below = h / denominator;
  const weight = h % denominator;
  const at = (rank: bigint) => {
    let seen = 0n;
    for (const range of ranges) {
      seen += range.people;
      if (rank < seen) return range;
    }
    throw new RangeError("a rank beyond the last value");
  };
  const left = at(below);
  const right = weight === 0n ? left : at(below + 1n);
  const between = (a: bigint, b: bigint) =>
    divide(a * (denominator - weight) + b * weight, denominator * units);
  return [between(left.from, right.from), between(left.to, right.to)];
}
