/** Relative to the second value; absolute where that is zero. */
export function relative(value: number, expected: number): number {
  return Math.abs(value - expected) / (Math.abs(expected) || 1);
}

/** The largest relative difference of two lists of numbers; infinite where one is missing. */
export function differences(
  values: readonly (number | null | undefined)[] | null | undefined,
  expected: readonly (number | null | undefined)[],
): number {
  return Math.max(
    0,
    ...expected.map((of, i) => relative(values?.[i] ?? Number.POSITIVE_INFINITY, of ?? Number.NaN)),
  );
}
