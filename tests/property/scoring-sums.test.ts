import fc from "fast-check";
import { expect, it } from "vitest";
import { type Case, type Cells, mapCases, numbers } from "../support/intake.ts";

const named = (prefix: string, cases: Case[]) =>
  Object.fromEntries(cases.map((one, i) => [`${prefix}${i}`, one]));
const form = (answers: Cells[], cells: Cells = {}): Case => ({
  administrations: [{ cells, answers }],
});

/** `total computed 12 computed - preferred` */
const value = (line: string) => Number(line.split(" ")[2]);

it("a PHQ-9 total is the sum of its items, scaled up half up for two missing at most, and in its range", async () => {
  const answers = fc.array(fc.option(fc.integer({ min: 0, max: 3 }), { freq: 6 }), {
    minLength: 9,
    maxLength: 9,
  });
  const forms = fc.array(answers, { minLength: 60, maxLength: 120 });
  await fc.assert(
    fc.asyncProperty(forms, async (list) => {
      const cases = named(
        "form ",
        list.map((one) => form(numbers("PHQ9_", one))),
      );
      const mapped = await mapCases(cases);
      for (const [i, one] of list.entries()) {
        const given = one.filter((answer) => answer !== null);
        const sum = given.reduce((total, answer) => total + answer, 0);
        const scores = mapped[`form ${i}`]?.scores.map(value) ?? [];
        expect(scores).toEqual(
          given.length === 0 ? [] : [given.length < 7 ? Number.NaN : halfUp(sum * 9, given.length)],
        );
        if (given.length >= 7)
          for (const score of scores) expect(score >= 0 && score <= 27).toBe(true);
      }
    }),
    { numRuns: 3, endOnFailure: true },
  );
}, 60_000);

it("equal answers give the full sum, whichever two items are missing", async () => {
  const places = Array.from({ length: 9 }, (_, i) => i);
  const pairs = places.flatMap((one) => places.map((other) => [one, other]));
  const forms = [0, 1, 2, 3].flatMap((answer) =>
    [[], ...pairs].map((missing) => ({
      expected: answer * 9,
      answers: places.map((place) => (missing.includes(place) ? null : answer)),
    })),
  );
  const cases = forms.map(({ answers }) => form(numbers("PHQ9_", answers)));
  const mapped = await mapCases(named("form ", cases));
  const scores = forms.map((_, i) => mapped[`form ${i}`]?.scores.map(value));
  expect(scores).toEqual(forms.map(({ expected }) => [expected]));
}, 60_000);

it("PROMIS scores stay in their ranges, and a T-score grows with its raw sum", async () => {
  const five = fc.integer({ min: 1, max: 5 });
  const forms = fc.array(
    fc.tuple(fc.array(five, { minLength: 7, maxLength: 7 }), fc.integer({ min: 0, max: 10 })),
    { minLength: 60, maxLength: 120 },
  );
  const names = [
    "Global03",
    "Global06",
    "Global08r",
    "Global02",
    "Global04",
    "Global05",
    "Global10r",
  ];
  await fc.assert(
    fc.asyncProperty(forms, async (list) => {
      const cases = list.map(([others, pain]) =>
        form(
          [
            ...names.map((item_code, i) => ({ item_code, answer_num: others[i] ?? 1 })),
            { item_code: "Global07r", answer_num: pain },
          ],
          { instrument_code: "promis-global-10" },
        ),
      );
      const mapped = await mapCases(named("form ", cases));
      for (const first of [0, 2]) {
        const pairs = list
          .map((_, i) => (mapped[`form ${i}`]?.scores ?? []).slice(first, first + 2).map(value))
          .map(([raw = Number.NaN, t = Number.NaN]) => ({ raw, t }))
          .toSorted((a, b) => a.raw - b.raw);
        for (const { raw, t } of pairs) {
          expect(raw >= 4 && raw <= 20).toBe(true);
          expect(t >= 16.2 && t <= 67.7).toBe(true);
        }
        for (const [i, { raw, t }] of pairs.entries()) {
          const before = pairs[i - 1];
          if (before) expect(Math.sign(t - before.t)).toBe(Math.sign(raw - before.raw));
        }
      }
    }),
    { numRuns: 3, endOnFailure: true },
  );
}, 60_000);

/** a / b to the nearest integer, half up, without a float. */
function halfUp(a: number, b: number): number {
  return Math.floor((2 * a + b) / (2 * b));
}
