// Special functions behind the distributions. No well-kept library fits: jstat is unmaintained, and each function of @stdlib is a
// package with dozens of others and a native addon to build. Checked against the reference vectors and R's values in
// tests/spec/statistics-probability.test.ts.

const LANCZOS = [
  0.999_999_999_999_809_9, 676.520_368_121_885_1, -1259.139_216_722_402_8, 771.323_428_777_653_1,
  -176.615_029_162_140_6, 12.507_343_278_686_905, -0.138_571_095_265_720_12,
  9.984_369_578_019_572e-6, 1.505_632_735_149_311_6e-7,
];
const TINY = 1e-300;
const PRECISION = 1e-16;
const STEPS_MAX = 100_000;

/** ln Gamma(x) for x > 0. Source: Lanczos 1964, coefficients for g = 7. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  const base = z + 7.5;
  const series = LANCZOS.reduce((sum, c, i) => (i === 0 ? c : sum + c / (z + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(base) - base + Math.log(series);
}

/** Upper tail Q(a, x) of the regularised incomplete gamma function. Source: DLMF 8.7.3 and 8.9.2. */
export function gammaTail(a: number, x: number): number {
  if (x <= 0) return 1;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < STEPS_MAX && term > sum * PRECISION; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - front * sum;
  }
  return (
    front * continuedFraction((n) => (n === 0 ? [1, x + 1 - a] : [n * (a - n), x + 2 * n + 1 - a]))
  );
}

/** Regularised incomplete beta I_x(a, b); `y` is 1 - x, given apart so that no digit of a small tail is lost. DLMF 8.17.22. */
export function incompleteBeta(a: number, b: number, x: number, y: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, y, x);
  const front = Math.exp(
    a * Math.log(x) + b * Math.log(y) - (logGamma(a) + logGamma(b) - logGamma(a + b)),
  );
  const term = (n: number): [number, number] => {
    if (n === 0) return [1, 1];
    const m = Math.floor(n / 2);
    const numerator =
      n % 2 === 0
        ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
        : -((a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    return [numerator, 1];
  };
  return (front / a) * continuedFraction(term);
}

/** a0/(b0 + a1/(b1 + ...)) by the modified Lentz method; `term(n)` gives [a_n, b_n]. */
function continuedFraction(term: (n: number) => [number, number]): number {
  let value = TINY;
  let c = value;
  let d = 0;
  for (let n = 0; n < STEPS_MAX; n++) {
    const [a, b] = term(n);
    d = b + a * d || TINY;
    c = b + a / c || TINY;
    d = 1 / d;
    const delta = c * d;
    value *= delta;
    if (Math.abs(delta - 1) < PRECISION * 4) break;
  }
  return value;
}
