import { TAIL, tP, tQuantile } from "./probability.ts";
import type { SiteEffect } from "./statistic.ts";

/** 95 % interval of a mean by Student's t; none below two people. */
export function meanInterval(
  mean: number | null,
  sd: number | null,
  people: number,
): { interval?: [number, number] } {
  if (mean === null || sd === null || people < 2) return {};
  const half = (tQuantile(TAIL, people - 1) * sd) / Math.sqrt(people);
  return { interval: [mean - half, mean + half] };
}

/** p of a mean of zero; null where nothing varies. */
export function pOfMean(mean: number | null, sd: number | null, people: number): number | null {
  if (mean === null || sd === null || sd === 0 || people < 2) return null;
  return tP(mean / (sd / Math.sqrt(people)), people - 1);
}

/** A mean with the variance of its estimate; null where nothing varies or fewer than two people are known. */
export function meanEffect(
  name: string,
  mean: number | null,
  variance: number | null,
  people: number,
): SiteEffect | null {
  if (mean === null || !variance) return null;
  return { name, value: mean, variance: variance / people, people, scale: "identity" };
}
