import { divide } from "./divide.ts";
import { Z95 } from "./probability.ts";
import type { Estimate, SiteEffect } from "./statistic.ts";

/** 95 % interval of a proportion, by Wilson's score. Source: Wilson 1927. Null without people. */
export function wilson(part: bigint, all: bigint): [low: number, high: number] | null {
  if (all === 0n) return null;
  const [n, p, square] = [Number(all), divide(part, all), Z95 ** 2];
  const centre = (p + square / (2 * n)) / (1 + square / n);
  const half = (Z95 * Math.sqrt((p * (1 - p)) / n + square / (4 * n * n))) / (1 + square / n);
  // Exact at the ends, where rounding would leave a tiny negative bound.
  return [part === 0n ? 0 : centre - half, part === all ? 1 : centre + half];
}

/** 95 % interval of the difference of two proportions, first minus second. Source: Newcombe 1998, method 10. */
export function newcombe(
  [part1, all1]: readonly [bigint, bigint],
  [part2, all2]: readonly [bigint, bigint],
): [low: number, high: number] | null {
  const [w1, w2] = [wilson(part1, all1), wilson(part2, all2)];
  if (!w1 || !w2) return null;
  const [p1, p2] = [divide(part1, all1), divide(part2, all2)];
  const d = p1 - p2;
  return [d - Math.hypot(p1 - w1[0], w2[1] - p2), d + Math.hypot(w1[1] - p1, p2 - w2[0])];
}

/** A share with its interval, resting on `all` people. */
export function share(name: string, part: bigint, all: bigint): Estimate {
  const interval = wilson(part, all);
  return {
    name,
    value: all > 0n ? divide(part, all) : null,
    people: Number(all),
    ...(interval && { interval }),
  };
}

/** The log odds of a share; null where nobody or everybody is in it, because they are infinite there. */
export function shareEffect(name: string, part: bigint, all: bigint): SiteEffect | null {
  if (part === 0n || part === all) return null;
  const [yes, no] = [Number(part), Number(all - part)];
  const value = Math.log(yes / no);
  return { name, value, variance: 1 / yes + 1 / no, people: Number(all), scale: "logit" };
}
