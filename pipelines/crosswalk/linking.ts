import { bestDegree, smooth } from "./loglinear.ts";

/** Scores of one instrument as points of equal distance, from `low` up. */
export interface Axis {
  low: number;
  high: number;
  step: number;
}

/** One person's two scores, as indices of points. */
export interface Pair {
  x: number;
  y: number;
  groups: Readonly<Record<string, string>>;
}

export type Method = "equipercentile" | "linear";

/** How a link is made: which method, and the degrees of the presmoothing. */
export interface Recipe {
  method: Method;
  x: Axis;
  y: Axis;
  degreeX: number;
  degreeY: number;
}

export const pointsOf = ({ low, high, step }: Axis): number => Math.round((high - low) / step) + 1;

/** Chooses the degrees of the presmoothing on all people; the bootstrap keeps them. */
export function recipeFor(
  pairs: readonly Pair[],
  { method, x, y }: { method: Method; x: Axis; y: Axis },
): Recipe {
  return {
    ...{ method, x, y },
    degreeX: method === "linear" ? 0 : bestDegree(countsOf(pairs, "x", pointsOf(x))),
    degreeY: method === "linear" ? 0 : bestDegree(countsOf(pairs, "y", pointsOf(y))),
  };
}

/** The value on y's scale for every point of x. */
export function linkOf(pairs: readonly Pair[], recipe: Recipe): number[] {
  return recipe.method === "linear" ? linear(pairs, recipe) : equipercentile(pairs, recipe);
}

/** Means and standard deviations agree. Source: Kolen and Brennan, Test equating, scaling, and linking, chapter 2. */
function linear(pairs: readonly Pair[], { x, y }: Recipe): number[] {
  const [ofX, ofY] = [momentsOf(pairs, "x"), momentsOf(pairs, "y")];
  return Array.from({ length: pointsOf(x) }, (_, i) => {
    const point = ofX.sd === 0 ? ofY.mean : ofY.mean + (ofY.sd / ofX.sd) * (i - ofX.mean);
    return Math.min(y.high, Math.max(y.low, y.low + point * y.step));
  });
}

/**
 * Percentile ranks agree: each distribution is smoothed, and made continuous by spreading every score over its own width.
 *
 * Source: Kolen and Brennan, chapters 2 and 3.
 */
function equipercentile(pairs: readonly Pair[], recipe: Recipe): number[] {
  const { x, y, degreeX, degreeY } = recipe;
  const ofX = smooth(countsOf(pairs, "x", pointsOf(x)), degreeX).probabilities;
  const ofY = smooth(countsOf(pairs, "y", pointsOf(y)), degreeY).probabilities;
  let below = 0;
  return ofX.map((probability) => {
    const rank = below + probability / 2;
    below += probability;
    return Math.min(y.high, Math.max(y.low, y.low + pointAt(ofY, rank) * y.step));
  });
}

/** The point at which a continuous distribution reaches a percentile rank. */
function pointAt(probabilities: readonly number[], rank: number): number {
  let below = 0;
  for (const [i, probability] of probabilities.entries()) {
    if (below + probability > rank) return i - 0.5 + (rank - below) / probability;
    below += probability;
  }
  return probabilities.length - 0.5;
}

/** Standard error of each value: the standard deviation over samples of the people with replacement. */
export function bootstrapErrors(
  pairs: readonly Pair[],
  recipe: Recipe,
  { replications, random }: { replications: number; random: () => number },
): number[] {
  const points = pointsOf(recipe.x);
  const sums = new Array<number>(points).fill(0);
  const squares = new Array<number>(points).fill(0);
  const first = linkOf(pairs, recipe);
  for (let replication = 0; replication < replications; replication++) {
    const sample = pairs.map(() => pairs[Math.floor(random() * pairs.length)] as Pair);
    for (const [i, value] of linkOf(sample, recipe).entries()) {
      // Around the first link, so that nothing is lost by subtracting large numbers.
      const distance = value - (first[i] ?? 0);
      sums[i] = (sums[i] ?? 0) + distance;
      squares[i] = (squares[i] ?? 0) + distance * distance;
    }
  }
  return sums.map((sum, i) => {
    const variance = ((squares[i] ?? 0) - (sum * sum) / replications) / (replications - 1);
    return Math.sqrt(Math.max(0, variance));
  });
}

export interface Invariance {
  by: string;
  /** People by group. */
  groups: Record<string, number>;
  /** By point of x, in standard deviations of y. */
  rmsd: number[];
  remsd: number;
}

/**
 * How far the links of the groups are from that of all, each weighted by its people, in standard deviations of y: at each point
 * (RMSD) and over the people (REMSD).
 *
 * Source: Dorans and Holland, Population invariance and the equatability of tests, 2000.
 */
export function invarianceBy(
  pairs: readonly Pair[],
  recipe: Recipe,
  { by, groupMin }: { by: string; groupMin: number },
): Invariance | null {
  const groups = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const name = pair.groups[by];
    if (name !== undefined) (groups.get(name) ?? groups.set(name, []).get(name) ?? []).push(pair);
  }
  const large = [...groups].filter(([, some]) => some.length >= groupMin).sort();
  if (large.length < 2) return null;
  const people = large.flatMap(([, some]) => some);
  const all = linkOf(people, recipe);
  const sd = momentsOf(people, "y").sd * recipe.y.step;
  const links = large.map(([, some]) => ({
    weight: some.length / people.length,
    values: linkOf(some, recipe),
  }));
  const squares = all.map((value, i) =>
    links.reduce((sum, { weight, values }) => sum + weight * ((values[i] ?? 0) - value) ** 2, 0),
  );
  const counts = countsOf(people, "x", pointsOf(recipe.x));
  const mean = squares.reduce((sum, square, i) => sum + square * (counts[i] ?? 0), 0);
  return {
    by,
    groups: Object.fromEntries(large.map(([name, some]) => [name, some.length])),
    rmsd: squares.map((square) => Math.sqrt(square) / sd),
    remsd: Math.sqrt(mean / people.length) / sd,
  };
}

function countsOf(pairs: readonly Pair[], side: "x" | "y", points: number): number[] {
  const counts = new Array<number>(points).fill(0);
  for (const pair of pairs) counts[pair[side]] = (counts[pair[side]] ?? 0) + 1;
  return counts;
}

function momentsOf(pairs: readonly Pair[], side: "x" | "y"): { mean: number; sd: number } {
  const mean = pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length;
  const square = pairs.reduce((sum, pair) => sum + (pair[side] - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(square / (pairs.length - 1)) };
}

/** Numbers from 0 to 1 that a seed decides. Source: mulberry32, T. Ettinger. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
