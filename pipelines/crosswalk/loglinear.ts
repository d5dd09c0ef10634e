/** Polynomials of the degrees 1 to `degree` on the points 0 to `points` - 1, orthonormal, so that the fit stays well conditioned. */
export function polynomials(points: number, degree: number): number[][] {
  const basis: number[][] = [Array.from({ length: points }, () => 1 / Math.sqrt(points))];
  for (let power = 1; power <= degree; power++) {
    const previous = basis[power - 1] ?? [];
    const column = previous.map((value, i) => value * ((2 * i) / (points - 1) - 1));
    for (const other of basis) {
      const shared = column.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0);
      for (let i = 0; i < points; i++) column[i] = (column[i] ?? 0) - shared * (other[i] ?? 0);
    }
    const length = Math.hypot(...column);
    basis.push(column.map((value) => value / length));
  }
  return basis;
}

/** A smoothed distribution: probabilities by point, and how well it fits. */
export interface Smoothed {
  probabilities: number[];
  degree: number;
  aic: number;
}

/**
 * Fits log(frequency) as a polynomial of the score by maximum likelihood (Newton): the fitted distribution has the same mean,
 * variance and so on up to `degree` as the counts.
 *
 * Source: Holland and Thayer, Univariate and bivariate loglinear models for discrete test score distributions, 2000.
 */
export function smooth(counts: readonly number[], degree: number): Smoothed {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const basis = polynomials(counts.length, degree);
  const beta = basis.map(() => 0);
  beta[0] = Math.log(total / counts.length) * Math.sqrt(counts.length);
  let fitted = fittedBy(basis, beta);
  let likelihood = logLikelihood(counts, fitted);
  for (let round = 0; round < 100; round++) {
    const step = solve(information(basis, fitted), score(basis, counts, fitted));
    let scale = 1;
    let next = beta;
    for (; scale > 1e-6; scale /= 2) {
      next = beta.map((value, i) => value + scale * (step[i] ?? 0));
      if (logLikelihood(counts, fittedBy(basis, next)) >= likelihood - 1e-12) break;
    }
    beta.splice(0, beta.length, ...next);
    fitted = fittedBy(basis, beta);
    const better = logLikelihood(counts, fitted);
    const isDone = Math.abs(better - likelihood) < 1e-10 * (1 + Math.abs(likelihood));
    likelihood = better;
    if (isDone) break;
  }
  const sum = fitted.reduce((all, value) => all + value, 0);
  return {
    probabilities: fitted.map((value) => value / sum),
    degree,
    aic: 2 * (degree + 1) - 2 * likelihood,
  };
}

/** The degree with the lowest AIC, as Moses and Holland 2009 advise for one distribution. */
export function bestDegree(counts: readonly number[], highest = 6): number {
  const given = counts.filter((count) => count > 0).length;
  const degrees = Array.from(
    { length: Math.max(1, Math.min(highest, given - 1)) },
    (_, i) => i + 1,
  );
  const fits = degrees.map((degree) => smooth(counts, degree));
  return fits.reduce((best, fit) => (fit.aic < best.aic ? fit : best)).degree;
}

function fittedBy(basis: readonly number[][], beta: readonly number[]): number[] {
  const points = basis[0]?.length ?? 0;
  return Array.from({ length: points }, (_, i) =>
    // A point far out in the tail has no frequency to speak of; without the bound a first step could overflow.
    Math.exp(
      Math.min(
        50,
        basis.reduce((sum, column, k) => sum + (beta[k] ?? 0) * (column[i] ?? 0), 0),
      ),
    ),
  );
}

const logLikelihood = (counts: readonly number[], fitted: readonly number[]): number =>
  counts.reduce((sum, count, i) => {
    const value = fitted[i] ?? 0;
    return sum + (count > 0 ? count * Math.log(Math.max(value, 1e-300)) : 0) - value;
  }, 0);

const score = (basis: readonly number[][], counts: readonly number[], fitted: readonly number[]) =>
  basis.map((column) =>
    column.reduce((sum, value, i) => sum + value * ((counts[i] ?? 0) - (fitted[i] ?? 0)), 0),
  );

const information = (basis: readonly number[][], fitted: readonly number[]) =>
  basis.map((one, row) =>
    basis.map((other, column) =>
      one.reduce(
        (sum, value, i) => sum + value * (other[i] ?? 0) * (fitted[i] ?? 0),
        row === column ? 1e-9 : 0,
      ),
    ),
  );

/** Solves a small symmetric system by elimination with pivots. */
function solve(matrix: number[][], right: number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i] ?? 0]);
  const size = rows.length;
  const cell = (row: number, column: number) => rows[row]?.[column] ?? 0;
  for (let at = 0; at < size; at++) {
    let pivot = at;
    for (let row = at + 1; row < size; row++)
      if (Math.abs(cell(row, at)) > Math.abs(cell(pivot, at))) pivot = row;
    [rows[at], rows[pivot]] = [rows[pivot] ?? [], rows[at] ?? []];
    for (let row = at + 1; row < size; row++) {
      const factor = cell(row, at) / cell(at, at);
      rows[row] = (rows[row] ?? []).map((value, column) => value - factor * cell(at, column));
    }
  }
  const solution: number[] = new Array(size).fill(0);
  for (let at = size - 1; at >= 0; at--) {
    const known = solution.reduce(
      (sum, value, column) => sum + (column > at ? value * cell(at, column) : 0),
      0,
    );
    solution[at] = (cell(at, size) - known) / cell(at, at);
  }
  return solution;
}
