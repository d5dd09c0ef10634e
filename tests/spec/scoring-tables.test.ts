import { beforeAll, describe, expect, it } from "vitest";
import {
  type Administration,
  type Cells,
  type Mapped,
  mapCases,
  numbers,
} from "../support/intake.ts";

const phq = (...values: (number | null)[]) => numbers("PHQ9_", values);
const total = (answer_num: number): Cells => ({ item_code: "total", answer_num });
const score = (item_code: string, answer_num: number): Cells => ({ item_code, answer_num });
const PROMIS = { instrument_code: "promis-global-10" };
const ANSWER_9 = phq(1, 1, 1, 1, 1, 1, 1, 1, 1);

/** Answers of one administration (PHQ-9 unless said), and `score origin value status delta preferred` of each score. */
interface Told extends Administration {
  told: string[];
}

const computed = (value: number) => [`total computed ${value} computed - preferred`];
const none = ["total computed - not_computed - -"];

const CASES: Record<string, Told> = {
  "all items at their lowest": { answers: phq(0, 0, 0, 0, 0, 0, 0, 0, 0), told: computed(0) },
  "all items at their highest": { answers: phq(3, 3, 3, 3, 3, 3, 3, 3, 3), told: computed(27) },
  "the difficulty item, which is not added": {
    answers: phq(0, 0, 0, 0, 0, 0, 0, 0, 0, 3),
    told: computed(0),
  },
  // 9 of 8 answered: 9 / 8 * 9 = 10.125
  "one missing item": { answers: phq(null, 2, 1, 1, 1, 1, 1, 1, 1), told: computed(10) },
  // 4 / 8 * 9 = 4.5, half up
  "one missing item, a half": { answers: phq(1, 1, 1, 1, 0, 0, 0, 0, null), told: computed(5) },
  // 12 / 8 * 9 = 13.5, half up
  "one missing item, another half": {
    answers: phq(3, 3, 3, 3, 0, 0, 0, 0, null),
    told: computed(14),
  },
  // 7 / 7 * 9
  "two missing items": { answers: phq(1, 1, 1, 1, 1, 1, 1, null, null), told: computed(9) },
  // 5 / 7 * 9 = 6.43
  "two missing items, rounded down": {
    answers: phq(1, 1, 1, 1, 1, 0, 0, null, null),
    told: computed(6),
  },
  // 20 / 7 * 9 = 25.71
  "two missing items, rounded up": {
    answers: phq(3, 3, 3, 3, 3, 3, 2, null, null),
    told: computed(26),
  },
  "three missing items": { answers: phq(1, 1, 1, 1, 1, 1, null, null, null), told: none },
  "a skipped item is a missing one": {
    answers: [...phq(null, 1, 1, 1, 1, 1, 1, 1, 1), { item_code: "PHQ9_1", missing: "ASKU" }],
    told: computed(9),
  },
  "an item given twice is added once": {
    answers: [...ANSWER_9, ...phq(1)],
    told: computed(9),
  },
  "a quarantined item: no sum": { answers: phq(9, 1, 1, 1, 1, 1, 1, 1, 1), told: none },
  "an item answered twice, differently: no sum": { answers: [...ANSWER_9, ...phq(2)], told: none },
  "an unmapped code, which may be any item: no sum": {
    answers: [...phq(null, 1, 1, 1, 1, 1, 1, 1, 1), { item_code: "mood1", answer_num: 1 }],
    told: none,
  },
  "a quarantined item that is not added": {
    answers: [...ANSWER_9, { item_code: "PHQ9_10", answer_num: 7 }],
    told: computed(9),
  },
  "a remark in free text": {
    answers: [...ANSWER_9, { item_code: "note", answer_text: "ask Ann" }],
    told: computed(9),
  },
  "a reported total that is right": {
    answers: [...ANSWER_9, total(9)],
    told: ["total reported 9 match - preferred"],
  },
  "a reported total that is wrong": {
    answers: [...ANSWER_9, total(12)],
    told: ["total computed 9 mismatch 3 preferred", "total reported 12 mismatch 3 -"],
  },
  "a reported total without items": {
    answers: [total(12)],
    told: ["total reported 12 unverifiable - preferred"],
  },
  "a reported total with too few items": {
    answers: [...phq(1, 1), total(12)],
    told: ["total reported 12 unverifiable - preferred"],
  },
  "a reported total with a quarantined item": {
    answers: [...phq(9, 1, 1, 1, 1, 1, 1, 1, 1), total(12)],
    told: ["total reported 12 unverifiable - preferred"],
  },
  "a reported total that is out of range, beside items": {
    answers: [...ANSWER_9, total(28)],
    told: computed(9),
  },
  "PROMIS: both raw sums and both T-scores": {
    cells: PROMIS,
    answers: [
      ...["Global03", "Global06", "Global08r", "Global02", "Global04", "Global05", "Global10r"].map(
        (item) => score(item, 3),
      ),
      score("Global07r", 5),
    ],
    told: [
      "gph_raw computed 12 computed - preferred",
      "gph_t computed 39.8 computed - preferred",
      "gmh_raw computed 12 computed - preferred",
      "gmh_t computed 43.5 computed - preferred",
    ],
  },
  "PROMIS: one missing item spoils its sum alone": {
    cells: PROMIS,
    answers: ["Global03", "Global06", "Global02", "Global04", "Global05", "Global10r"].map((item) =>
      score(item, 5),
    ),
    told: [
      "gph_raw computed - not_computed - -",
      "gph_t computed - not_computed - -",
      "gmh_raw computed 20 computed - preferred",
      "gmh_t computed 67.6 computed - preferred",
    ],
  },
  "PROMIS: a T-score from a reported raw sum": {
    cells: PROMIS,
    answers: [score("gph_raw", 10)],
    told: [
      "gph_raw reported 10 unverifiable - preferred",
      "gph_t computed 34.9 unverifiable - preferred",
    ],
  },
  "PROMIS: a reported T-score that fits its reported raw sum": {
    cells: PROMIS,
    answers: [score("gph_raw", 10), score("gph_t", 34.9)],
    told: ["gph_raw reported 10 unverifiable - preferred", "gph_t reported 34.9 match - preferred"],
  },
  "PROMIS: a reported T-score of another table": {
    cells: PROMIS,
    answers: [score("gmh_raw", 10), score("gmh_t", 34.9)],
    told: [
      "gmh_raw reported 10 unverifiable - preferred",
      "gmh_t computed 38.8 mismatch -3.9 preferred",
      "gmh_t reported 34.9 mismatch -3.9 -",
    ],
  },
  "PROMIS: a reported T-score alone": {
    cells: PROMIS,
    answers: [score("gmh_t", 34.9)],
    told: ["gmh_t reported 34.9 unverifiable - preferred"],
  },
};

/** Source: HealthMeasures' tables as mappings/instruments/tables has them, written out once more by hand. */
const T_SCORES = {
  gph: [
    16.2, 19.9, 23.5, 26.7, 29.6, 32.4, 34.9, 37.4, 39.8, 42.3, 44.9, 47.7, 50.8, 54.1, 57.7, 61.9,
    67.7,
  ],
  gmh: [
    21.2, 25.1, 28.4, 31.3, 33.8, 36.3, 38.8, 41.1, 43.5, 45.8, 48.3, 50.8, 53.3, 56, 59, 62.5,
    67.6,
  ],
} as const;
const ITEMS = {
  gph: ["Global03", "Global06", "Global08r", "Global07r"],
  gmh: ["Global02", "Global04", "Global05", "Global10r"],
} as const;
/** Pain from 0 to 10, and what it adds to the physical sum. */
const PAIN = [5, 4, 4, 4, 3, 3, 3, 2, 2, 2, 1];

/** Four answers of 1 to 5 whose sum is `raw`. */
function spread(raw: number): number[] {
  return [0, 1, 2, 3].map((i) => 1 + Math.floor((raw - 4 + i) / 4));
}

const rows = (["gph", "gmh"] as const).flatMap((name) =>
  T_SCORES[name].map((t, i) => ({ name, raw: i + 4, t, title: `${name} ${i + 4}` })),
);
const pains = PAIN.map((scored, pain) => ({ pain, scored, title: `pain ${pain}` }));

let mapped: Record<string, Mapped> = {};
beforeAll(async () => {
  const tables = rows.map(({ name, raw, title }) => {
    const answers = spread(raw).map((value, i) => {
      const item = ITEMS[name][i] ?? "";
      return score(item, item === "Global07r" ? PAIN.indexOf(value) : value);
    });
    return [title, { administrations: [{ cells: PROMIS, answers }] }];
  });
  const pain = pains.map(({ pain: value, title }) => {
    const answers = ITEMS.gph.map((item) => score(item, item === "Global07r" ? value : 1));
    return [title, { administrations: [{ cells: PROMIS, answers }] }];
  });
  const own = Object.entries(CASES).map(([title, one]) => [title, { administrations: [one] }]);
  mapped = await mapCases(Object.fromEntries([...own, ...tables, ...pain]));
});

describe("a score", () => {
  it.each(Object.keys(CASES))("%s", (title) => {
    expect(mapped[title]?.scores).toEqual(CASES[title]?.told);
  });

  it.each(rows)("$name of raw $raw is T $t", ({ name, raw, t, title }) => {
    expect(mapped[title]?.scores).toEqual([
      `${name}_raw computed ${raw} computed - preferred`,
      `${name}_t computed ${t} computed - preferred`,
    ]);
  });

  it.each(pains)("pain of $pain adds $scored", ({ scored, title }) => {
    expect(mapped[title]?.scores[0]).toBe(`gph_raw computed ${3 + scored} computed - preferred`);
  });

  it("says how many items it misses, whether it was prorated, its error and its scale", () => {
    expect(mapped["all items at their lowest"]?.details).toEqual(["total 0 0 - - raw"]);
    expect(mapped["two missing items"]?.details).toEqual(["total 9 2 prorated - raw"]);
    expect(mapped["gph 4"]?.details).toEqual(["gph_raw 4 0 - - raw", "gph_t 16.2 0 - 4.8 t"]);
    expect(mapped["a reported total without items"]?.details).toEqual(["total 12 - - - raw"]);
  });

  it("counts the quarantined answer of an item, which no sum takes", () => {
    expect(mapped["a quarantined item: no sum"]?.answers[0]).toBe(
      "PHQ9_1 - answered quarantined MAPPING_ANSWER_NOT_IN_LIST",
    );
  });
});
