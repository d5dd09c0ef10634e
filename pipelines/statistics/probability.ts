import { gammaTail, incompleteBeta } from "./special.ts";

/** Half of the confidence that an interval leaves out on each side: 95 % intervals everywhere. */
export const TAIL = 0.025;

/** P(Z > z) of the standard normal distribution. */
export function normalTail(z: number): number {
  const half = 0.5 * gammaTail(0.5, (z * z) / 2);
  return z >= 0 ? half : 1 - half;
}

/** P(|Z| > |z|). */
export function normalP(z: number): number {
  return gammaTail(0.5, (z * z) / 2);
}

/** P(X > x) of the chi-square distribution. */
export function chiSquareTail(x: number, df: number): number {
  return gammaTail(df / 2, x / 2);
}

/** P(|T| > |t|) of Student's t distribution; df need not be whole. */
export function tP(t: number, df: number): number {
  const square = t * t;
  return incompleteBeta(df / 2, 0.5, df / (df + square), square / (df + square));
}

/** P(X > x) of the F distribution. */
export function fTail(x: number, df1: number, df2: number): number {
  if (x <= 0) return 1;
  const total = df2 + df1 * x;
  return incompleteBeta(df2 / 2, df1 / 2, df2 / total, (df1 * x) / total);
}

/** The z that `tail` lies above. */
export function normalQuantile(tail: number): number {
  return tail > 0.5 ? -normalQuantile(1 - tail) : invert((z) => normalTail(z), tail);
}

/** The t that `tail` lies above, tail below one half. */
export function tQuantile(tail: number, df: number): number {
  return invert((t) => tP(t, df) / 2, tail);
}

/** The x that `tail` lies above. */
export function chiSquareQuantile(tail: number, df: number): number {
  return invert((x) => chiSquareTail(x, df), tail);
}

/** The x that `tail` lies above. */
export function fQuantile(tail: number, df1: number, df2: number): number {
  return invert((x) => fTail(x, df1, df2), tail);
}

/** z of a 95 % interval. */
export const Z95: number = normalQuantile(TAIL);

/** Solves tailOf(x) = tail for x >= 0 where the tail falls with x, to the last bits of a double. */
function invert(tailOf: (x: number) => number, tail: number): number {
  let [low, high] = [0, 1];
  while (tailOf(high) > tail && high < 1e300) [low, high] = [high, high * 2];
  for (let step = 0; step < 200; step++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (tailOf(middle) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
