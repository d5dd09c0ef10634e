/** `numerators[i][j] / denominator` solves the system exactly; or the first column that the ones before it determine. */
export type ExactSolution =
  | { numerators: bigint[][]; denominator: bigint }
  | { dependentColumn: number };

/**
 * Solves A X = B over the rationals for a positive semidefinite integer matrix, without fractions: Bareiss elimination, then the
 * same upwards (Gauss-Jordan). Every intermediate value is a minor of the matrix, so digits grow with the size and no further.
 *
 * Source: Bareiss 1968.
 */
export function solveExact(
  a: readonly (readonly bigint[])[],
  b: readonly (readonly bigint[])[],
): ExactSolution {
  const size = a.length;
  const rows = a.map((row, i) => [...row, ...(b[i] ?? [])]);
  let previous = 1n;
  for (let k = 0; k < size; k++) {
    // A Gram matrix has a zero here only where column k is a combination of the earlier ones: no pivoting needed.
    const pivot = at(rows, k, k);
    if (pivot === 0n) return { dependentColumn: k };
    for (const [i, row] of rows.entries()) {
      if (i === k) continue;
      const factor = row[k] ?? 0n;
      for (let j = 0; j < row.length; j++) {
        row[j] = (pivot * (row[j] ?? 0n) - factor * at(rows, k, j)) / previous;
      }
    }
    previous = pivot;
  }
  return { numerators: rows.map((row) => row.slice(size)), denominator: previous };
}

/** The identity, as a right-hand side: its solution is the inverse. */
export function identity(size: number): bigint[][] {
  return Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_, j) => (i === j ? 1n : 0n)),
  );
}

function at(rows: readonly (readonly bigint[])[], i: number, j: number): bigint {
  return rows[i]?.[j] ?? 0n;
}
