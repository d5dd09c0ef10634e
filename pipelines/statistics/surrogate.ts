import type { RoundSums } from "./generalised.ts";
import { invertPositive, multiply, symmetric } from "./matrix.ts";

const STEPS_MAX = 50;
const STEP_SMALL = 1e-10;

/** The lead site's fit of the surrogate: coefficients, and their variances from the information of all sites. */
export type SurrogateFit = { beta: number[]; variances: number[] } | { refused: string };

/**
 * Fits a model at one site so that it is nearly that of all: its own likelihood, corrected by how the gradient and (second order)
 * the information of all sites differ from its own at a common start. Approximate.
 *
 * @param lead sums of the lead site at any coefficients
 * @param all added sums of all sites at `start`
 *
 * Source: Duan et al. 2020 (ODAL); reference statistics 5.2.
 */
export async function fitSurrogate(
  lead: (beta: readonly number[]) => Promise<RoundSums>,
  { start, all, order }: { start: readonly number[]; all: RoundSums; order: 1 | 2 },
): Promise<SurrogateFit> {
  const size = start.length;
  const own = await lead(start);
  const gradient = difference(meanOf(all, all.gradient), meanOf(own, own.gradient));
  const correction = difference(meanOf(all, all.information), meanOf(own, own.information));
  const curvature = symmetric(order === 2 ? correction : correction.map(() => 0), size);
  let beta = [...start];
  for (let step = 0; step < STEPS_MAX; step++) {
    const here = await lead(beta);
    const moved = difference(beta, start);
    const slope = multiply(curvature, moved);
    const mine = symmetric(meanOf(here, here.information), size);
    const information = mine.map((row, i) =>
      row.map((value, j) => value + (curvature[i]?.[j] ?? 0)),
    );
    const inverted = invertPositive(information);
    if ("dependentColumn" in inverted) return { refused: "the surrogate has no maximum" };
    const uphill = meanOf(here, here.gradient).map(
      (g, i) => g + (gradient[i] ?? 0) - (slope[i] ?? 0),
    );
    const move = multiply(inverted.inverse, uphill);
    beta = beta.map((b, i) => b + (move[i] ?? 0));
    if (!beta.every(Number.isFinite)) return { refused: "the surrogate has no maximum" };
    if (move.every((m, i) => Math.abs(m) <= STEP_SMALL * Math.max(1, Math.abs(beta[i] ?? 0)))) {
      const variances = inverted.inverse.map((row, i) => (row[i] ?? 0) / Number(all.n));
      return { beta, variances };
    }
  }
  return { refused: `no estimate after ${STEPS_MAX} steps` };
}

function meanOf({ n }: RoundSums, sums: readonly number[]): number[] {
  return sums.map((sum) => sum / Number(n));
}

function difference(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value - (b[i] ?? 0));
}
