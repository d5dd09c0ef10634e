/** Bits kept before the last rounding: a double has 53, the rest decides ties. */
const WORKING_BITS = 70;

/**
 * The double nearest to `numerator / denominator`, ties to even: sums stay integers and are divided once, at the end.
 * Exact for results in the normal range of a double.
 *
 * @throws RangeError when the denominator is zero
 */
export function divide(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n && denominator !== 0n) return 0;
  const negative = numerator < 0n !== denominator < 0n;
  const n = absolute(numerator);
  const d = absolute(denominator);
  const shift = WORKING_BITS - (bitLength(n) - bitLength(d));
  const left = shift > 0 ? n << BigInt(shift) : n;
  const right = shift < 0 ? d << BigInt(-shift) : d;
  const quotient = left / right;
  // A set last bit stands for everything that was cut off, so that no false tie arises.
  const sticky = quotient * right === left ? quotient : quotient | 1n;
  const value = Number(sticky) * 2 ** -shift;
  return negative ? -value : value;
}

/**
 * The double nearest to the square root of `numerator / denominator`.
 *
 * @throws RangeError when the quotient is negative or the denominator zero
 */
export function squareRoot(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n && denominator !== 0n) return 0;
  if (numerator < 0n !== denominator < 0n) throw new RangeError("square root of a negative number");
  const n = absolute(numerator);
  const d = absolute(denominator);
  const pairs = Math.max(0, WORKING_BITS + Math.ceil((bitLength(d) - bitLength(n)) / 2));
  const scaled = n << BigInt(2 * pairs);
  const quotient = scaled / d;
  const root = integerRoot(quotient);
  const isExact = root * root === quotient && quotient * d === scaled;
  return divide((root << 1n) | (isExact ? 0n : 1n), 1n << BigInt(pairs + 1));
}

/** The sign of `of` on a number that has none. */
export function withSign(of: bigint, value: number): number {
  return of < 0n ? -value : value;
}

/** Correlation from integer spreads (n times sums of squared deviations and of products); null where one does not vary. */
export function correlation(shared: bigint, a: bigint, b: bigint): number | null {
  return a > 0n && b > 0n ? withSign(shared, squareRoot(shared ** 2n, a * b)) : null;
}

export function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** Floor of the square root, by Newton's method from above. */
function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(bitLength(value) / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}
