const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Where a function of x >= 0 is largest: the best of 0 and a grid that doubles in four steps, refined where the slope is zero. A
 * boundary at 0 is an answer, not a failure.
 *
 * @param unit a typical size of x; the grid reaches from a billionth of it to a billion times it
 * @param slope the derivative; left out: golden section, good to half of the digits
 */
export function maximise(
  of: (x: number) => number,
  unit: number,
  slope?: (x: number) => number,
): number {
  const grid = [0, ...Array.from({ length: 241 }, (_, i) => unit * 2 ** ((i - 120) / 4))];
  const values = grid.map(of);
  const best = values.indexOf(Math.max(...values));
  let [low, high] = [
    grid[Math.max(0, best - 1)] ?? 0,
    grid[Math.min(grid.length - 1, best + 1)] ?? 0,
  ];
  const flat = slope && root(slope, low, high);
  if (flat != null) return notAtZero(of, flat);
  for (let step = 0; step < 200 && high - low > 1e-15 * high; step++) {
    const [a, b] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    if (of(a) >= of(b)) high = b;
    else low = a;
  }
  return notAtZero(of, (low + high) / 2);
}

/** A gain that rounding can explain is none. */
function notAtZero(of: (x: number) => number, inside: number): number {
  const zero = of(0);
  return of(inside) - zero > 1e-13 * Math.abs(zero) ? inside : 0;
}

/** Where a function changes its sign between `low` and `high`; null where it does not. */
export function root(of: (x: number) => number, low: number, high: number): number | null {
  let [a, b] = [low, high];
  const sign = Math.sign(of(a));
  if (sign === 0) return a;
  if (Math.sign(of(b)) === sign) return null;
  for (let step = 0; step < 300; step++) {
    const middle = (a + b) / 2;
    if (middle === a || middle === b) break;
    if (Math.sign(of(middle)) === sign) a = middle;
    else b = middle;
  }
  return (a + b) / 2;
}
