import fc from "fast-check";
import { expect, test } from "vitest";
import { divide, squareRoot } from "../../pipelines/statistics/divide.ts";

const safe = fc.maxSafeInteger();

// IEEE 754 rounds a division and a square root of doubles correctly: the processor is the oracle.
test("divides safe integers as the processor does", () => {
  fc.assert(
    fc.property(safe, safe, (a, b) => {
      fc.pre(b !== 0 && a !== 0);
      expect(divide(BigInt(a), BigInt(b))).toBe(a / b);
    }),
  );
});

test("takes square roots of safe integers as the processor does", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (a) => {
      expect(squareRoot(BigInt(a), 1n)).toBe(Math.sqrt(a));
    }),
  );
});

test("a common factor changes nothing", () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.bigInt({ min: 1n }), fc.bigInt({ min: 1n }), (a, b, factor) => {
      expect(divide(a * factor, b * factor)).toBe(divide(a, b));
      expect(squareRoot(a * a * factor, b * factor)).toBe(squareRoot(a * a, b));
    }),
  );
});
