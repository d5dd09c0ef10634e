import { z } from "zod";
import { dot, invertPositive, multiply, symmetric, type Vector } from "./matrix.ts";
import { normalP, Z95 } from "./probability.ts";
import { headCount } from "./statistic.ts";

export const FAMILIES = ["logistic", "poisson", "cox"] as const;
export type Family = (typeof FAMILIES)[number];

/** A site's answer to one round: what a Newton step needs, at the coefficients of that round. */
export const roundSums = z.strictObject({
  n: headCount,
  logLikelihood: z.number(),
  gradient: z.array(z.number()),
  information: z.array(z.number()).describe("upper triangle, row by row"),
});
export type RoundSums = z.infer<typeof roundSums>;

export function addRounds(a: RoundSums, b: RoundSums): RoundSums {
  const addList = (x: readonly number[], y: readonly number[]) => x.map((v, i) => v + (y[i] ?? 0));
  return {
    n: String(BigInt(a.n) + BigInt(b.n)),
    logLikelihood: a.logLikelihood + b.logLikelihood,
    gradient: addList(a.gradient, b.gradient),
    information: addList(a.information, b.information),
  };
}

export const ROUNDS_MAX = 25;
const STEP_SMALL = 1e-10;
/** A standardised coefficient beyond this means that the outcome is separated: the estimate does not exist. */
const STANDARDISED_MAX = 15;

/** Where a fit by rounds stands; JSON, so that it can wait in a file for the next answers. */
export const progressSchema = z.strictObject({
  round: z.int().min(1).max(ROUNDS_MAX),
  beta: z.array(z.number()).describe("coefficients at which the sites are asked"),
  last: z
    .strictObject({ beta: z.array(z.number()), logLikelihood: z.number() })
    .nullable()
    .describe("the best point so far"),
  spread: z
    .array(z.number())
    .nullable()
    .describe("standard deviation of each column, from the first round"),
});
export type Progress = z.infer<typeof progressSchema>;

export interface GeneralisedFit {
  n: number;
  rounds: number;
  coefficients: {
    name: string;
    value: number;
    se: number;
    interval: [number, number];
    p: number;
  }[];
  logLikelihood: number;
}

export interface GeneralisedModel {
  family: Family;
  columns: readonly string[];
  /** Columns at the front that are constants: 1, or one a site; none in Cox's regression. */
  constants?: number;
}

export type Step =
  | { state: "next"; progress: Progress }
  | { state: "done"; fit: GeneralisedFit }
  | { state: "refused"; reason: string };

export function firstRound(size: number): Progress {
  return { round: 1, beta: Array.from({ length: size }, () => 0), last: null, spread: null };
}

/**
 * The hub's part of a round: a Newton step from the added answers, halved where the likelihood fell; done when no coefficient
 * moves by 1e-10 of its size. Refuses what has no estimate: a column that others determine, a separated outcome.
 */
export function step(sums: RoundSums, progress: Progress, model: GeneralisedModel): Step {
  const { columns, constants = 1 } = model;
  const size = columns.length;
  const n = Number(sums.n);
  const { round, beta, last } = progress;
  const information = symmetric(sums.information, size);
  if (
    !Number.isFinite(sums.logLikelihood) ||
    (last && sums.logLikelihood < last.logLikelihood - slack(last.logLikelihood))
  ) {
    if (!last) return { state: "refused", reason: "the likelihood is not a number at the start" };
    return next(
      progress,
      beta.map((b, i) => (b + (last.beta[i] ?? 0)) / 2),
      progress.spread,
    );
  }
  const inverted = invertPositive(information);
  if ("dependentColumn" in inverted)
    return { state: "refused", reason: rankReason(progress, columns[inverted.dependentColumn]) };
  const spread = progress.spread ?? spreadOf(information, constants, n);
  const separated = columns.find(
    (_, i) => i >= constants && Math.abs(beta[i] ?? 0) * (spread[i] ?? 0) > STANDARDISED_MAX,
  );
  if (separated !== undefined) return { state: "refused", reason: separation(separated) };
  const move = multiply(inverted.inverse, sums.gradient);
  const isStill = move.every(
    (m, i) => Math.abs(m) <= STEP_SMALL * Math.max(1, Math.abs(beta[i] ?? 0)),
  );
  const best = { ...progress, last: { beta, logLikelihood: sums.logLikelihood } };
  if (!isStill) {
    if (round === 1 && model.family === "poisson") {
      // From zero a Newton step overshoots as far as the mean is high; the first round tells the mean, so start there.
      const mean = beta.map((_, i) => 1 + (sums.gradient[i] ?? 0) / (information[i]?.[i] ?? n));
      const start = mean.map((of, i) => (i < constants && of > 0 ? Math.log(of) : 0));
      return next({ ...best, last: null }, start, spread);
    }
    return next(
      best,
      beta.map((b, i) => b + (move[i] ?? 0)),
      spread,
    );
  }
  const final = beta.map((b, i) => b + (move[i] ?? 0));
  return {
    state: "done",
    fit: {
      n,
      rounds: round,
      logLikelihood: sums.logLikelihood + 0.5 * dot(move, sums.gradient),
      coefficients: columns.map((name, i) =>
        coefficient(name, final[i] ?? 0, inverted.inverse[i]?.[i] ?? 0),
      ),
    },
  };
}

/**
 * One exchange only: each site's own fit, weighted by the inverse of its variance. Approximate; sites whose own fit does not
 * exist are not in it.
 */
export function combineFits(
  fits: readonly { n: number; beta: Vector; variances: Vector }[],
  columns: readonly string[],
): GeneralisedFit {
  return {
    n: fits.reduce((sum, fit) => sum + fit.n, 0),
    rounds: 1,
    logLikelihood: Number.NaN,
    coefficients: columns.map((name, i) => {
      const weights = fits.map(({ variances }) => 1 / (variances[i] ?? Number.NaN));
      const weight = weights.reduce((sum, w) => sum + w, 0);
      const value = fits.reduce((sum, { beta }, f) => sum + (weights[f] ?? 0) * (beta[i] ?? 0), 0);
      return coefficient(name, value / weight, 1 / weight);
    }),
  };
}

function coefficient(name: string, value: number, variance: number) {
  const se = Math.sqrt(variance);
  const interval: [number, number] = [value - Z95 * se, value + Z95 * se];
  return { name, value, se, interval, p: normalP(value / se) };
}

function next(progress: Progress, beta: number[], spread: number[] | null): Step {
  if (progress.round >= ROUNDS_MAX) {
    return { state: "refused", reason: `no estimate after ${ROUNDS_MAX} rounds` };
  }
  return { state: "next", progress: { ...progress, round: progress.round + 1, beta, spread } };
}

/** At zero every person has the same weight, so the information tells the columns' standard deviations. */
function spreadOf(
  information: readonly (readonly number[])[],
  constants: number,
  n: number,
): number[] {
  // Without a constant the likelihood is inside risk sets: the information is that of about the mean already.
  if (constants === 0) return information.map((row, i) => Math.sqrt(Math.max(0, row[i] ?? 0) / n));
  const levels = information.slice(0, constants);
  const weight = levels.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  return information.map((row, i) => {
    const mean = levels.reduce((sum, level) => sum + (level[i] ?? 0), 0) / weight;
    return Math.sqrt(Math.max(0, (row[i] ?? 0) / weight - mean * mean));
  });
}

/** A site's answer in a model that has a column a site in place of the constant. */
export function embed(sums: RoundSums, site: number, sites: number): RoundSums {
  const own = sums.gradient.length;
  const size = sites + own - 1;
  const place = (i: number) => (i === 0 ? site : sites + i - 1);
  const gradient = Array.from({ length: size }, () => 0);
  const full = Array.from({ length: size }, () => Array.from({ length: size }, () => 0));
  const local = symmetric(sums.information, own);
  for (let i = 0; i < own; i++) {
    gradient[place(i)] = sums.gradient[i] ?? 0;
    for (let j = 0; j < own; j++) {
      const row = full[place(i)];
      if (row) row[place(j)] = local[i]?.[j] ?? 0;
    }
  }
  return { ...sums, gradient, information: full.flatMap((row, i) => row.slice(i)) };
}

function rankReason({ round }: Progress, column: string | undefined): string {
  return round === 1
    ? `${column} is a combination of the other columns: leave one of them out`
    : separation(column ?? "");
}

function separation(column: string): string {
  return `${column} separates the outcome: it has no finite estimate`;
}

/** Rounding in a sum of likelihoods is no fall. */
function slack(logLikelihood: number): number {
  return 1e-9 * Math.max(1, Math.abs(logLikelihood));
}
