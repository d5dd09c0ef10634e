export type Matrix = readonly (readonly number[])[];
export type Vector = readonly number[];

/** Below this reciprocal pivot of the unit-diagonal matrix a column counts as a combination of the others. */
const RANK_TOLERANCE = 1e-12;

/**
 * Inverse of a symmetric positive definite matrix, scaled to a unit diagonal first; or the first column that the ones before it
 * determine.
 */
export function invertPositive(
  a: Matrix,
): { inverse: number[][]; logDeterminant: number } | { dependentColumn: number } {
  const size = a.length;
  const scale = a.map((row, i) => Math.sqrt(row[i] ?? 0));
  const flat = scale.findIndex((s) => !(s > 0));
  if (flat >= 0) return { dependentColumn: flat };
  const unit = a.map((row, i) => row.map((v, j) => v / ((scale[i] ?? 1) * (scale[j] ?? 1))));
  const lower = unit.map((row) => row.map(() => 0));
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const dot = product(lower[i], lower[j], j);
      const rest = (unit[i]?.[j] ?? 0) - dot;
      if (i === j && rest < RANK_TOLERANCE) return { dependentColumn: i };
      set(lower, i, j, i === j ? Math.sqrt(rest) : rest / (lower[j]?.[j] ?? 1));
    }
  }
  const inverse = unit.map((row) => row.map(() => 0));
  for (let column = 0; column < size; column++) {
    const y = Array.from({ length: size }, () => 0);
    for (let i = 0; i < size; i++) {
      y[i] = ((i === column ? 1 : 0) - product(lower[i], y, i)) / (lower[i]?.[i] ?? 1);
    }
    for (let i = size - 1; i >= 0; i--) {
      let rest = y[i] ?? 0;
      for (let j = i + 1; j < size; j++) rest -= (lower[j]?.[i] ?? 0) * (inverse[j]?.[column] ?? 0);
      set(inverse, i, column, rest / (lower[i]?.[i] ?? 1));
    }
  }
  return {
    inverse: inverse.map((row, i) => row.map((v, j) => v / ((scale[i] ?? 1) * (scale[j] ?? 1)))),
    logDeterminant: lower.reduce(
      (sum, row, i) => sum + 2 * Math.log((row[i] ?? 1) * (scale[i] ?? 1)),
      0,
    ),
  };
}

export function multiply(a: Matrix, v: Vector): number[] {
  return a.map((row) => dot(row, v));
}

export function dot(a: Vector, b: Vector): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

export function addMatrices(a: Matrix, b: Matrix): number[][] {
  return a.map((row, i) => row.map((value, j) => value + (b[i]?.[j] ?? 0)));
}

/** A symmetric matrix from its upper triangle, row by row. */
export function symmetric<T>(upper: readonly T[], size: number): T[][] {
  const index = (i: number, j: number) => i * size - (i * (i - 1)) / 2 + (j - i);
  return Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_, j) => upper[index(Math.min(i, j), Math.max(i, j))] as T),
  );
}

function product(a: Vector | undefined, b: Vector | undefined, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += (a?.[i] ?? 0) * (b?.[i] ?? 0);
  return sum;
}

function set(matrix: number[][], i: number, j: number, value: number): void {
  const row = matrix[i];
  if (row) row[j] = value;
}
