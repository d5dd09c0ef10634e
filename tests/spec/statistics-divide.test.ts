import { expect, test } from "vitest";
import { divide, squareRoot } from "../../pipelines/statistics/divide.ts";

test.each([
  ["zero", 0n, 7n, 0],
  ["an integer", 42n, 6n, 7],
  ["a negative numerator", -1n, 4n, -0.25],
  ["a negative denominator", 1n, -4n, -0.25],
  ["two negatives", -1n, -4n, 0.25],
  ["a third", 1n, 3n, 1 / 3],
  ["a tie that rounds down to even", 2n ** 53n + 1n, 1n, 2 ** 53],
  ["a tie that rounds up to even", 2n ** 53n + 3n, 1n, 2 ** 53 + 4],
  ["a hair above a tie", (2n ** 53n + 1n) * 10n ** 30n + 1n, 10n ** 30n, 2 ** 53 + 2],
  ["operands beyond the doubles", 3n * 10n ** 400n, 10n ** 400n, 3],
  ["a tiny quotient", 1n, 10n ** 300n, 1e-300],
])("divides to the nearest double: %s", (_, numerator, denominator, expected) => {
  expect(divide(numerator, denominator)).toBe(expected);
});

test.each([
  ["zero", 0n, 5n, 0],
  ["a square", 49n, 4n, 3.5],
  ["two", 2n, 1n, Math.SQRT2],
  ["a half", 1n, 2n, Math.SQRT1_2],
  ["a large square", 10n ** 60n, 1n, 1e30],
  ["a hair above a square", 10n ** 60n + 1n, 1n, 1e30],
  ["a small quotient", 1n, 10n ** 60n, 1e-30],
])("takes the square root to the nearest double: %s", (_, numerator, denominator, expected) => {
  expect(squareRoot(numerator, denominator)).toBe(expected);
});

test("refuses a division by zero and a negative root", () => {
  expect(() => divide(1n, 0n)).toThrow(RangeError);
  expect(() => divide(0n, 0n)).toThrow(RangeError);
  expect(() => squareRoot(-1n, 2n)).toThrow(RangeError);
});
