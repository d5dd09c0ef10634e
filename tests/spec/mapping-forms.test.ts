import { beforeAll, describe, expect, it } from "vitest";
import { type Case, LOINC, type Mapped, mapCases, numbers } from "../support/intake.ts";

const PHQ9 = numbers("PHQ9_", [1, 1, 1, 1, 1, 1, 1, 1, 1]);
const GAD7 = numbers("GAD7_", [2, 2, 2, 2, 2, 2, 2]);
const total = (code: string, answer_num: number) => ({
  item_code: code,
  item_system: LOINC,
  answer_num,
});
const blank = (item: number) => ({ item_code: `PHQ9_${item}` });

/** One form, several instruments. */
const CASES: Record<string, Case & { told: string[]; scored: string[] }> = {
  "PHQ-9 and GAD-7 on one page, each with its total": {
    administrations: [{ answers: [...PHQ9, total("44261-6", 9), ...GAD7, total("70274-6", 14)] }],
    told: ["phq-9 loaded", "gad-7 loaded"],
    scored: ["total 9 match", "total 14 match"],
  },
  "the same page without totals": {
    administrations: [{ answers: [...PHQ9, ...GAD7] }],
    told: ["phq-9 loaded", "gad-7 loaded"],
    scored: ["total 9 computed", "total 14 computed"],
  },
  "a wrong total of one does not touch the other": {
    administrations: [{ answers: [...PHQ9, total("44261-6", 10), ...GAD7, total("70274-6", 14)] }],
    told: ["phq-9 loaded", "gad-7 loaded"],
    scored: ["total 9 mismatch", "total 10 mismatch", "total 14 match"],
  },
  "a PHQ-2 total under a PHQ-9 form with blank items stays a PHQ-2": {
    administrations: [
      { answers: [...[1, 2, 3, 4, 5, 6, 7, 8, 9].map(blank), total("55758-7", 3)] },
    ],
    told: ["phq-9 out_of_scope", "phq-2 loaded"],
    scored: ["total 3 unverifiable"],
  },
  "an answer of no instrument stays with the form's own, which is not scored": {
    administrations: [
      { answers: [...PHQ9, { item_code: "LOCAL-1", item_system: "urn:site", answer_num: 1 }] },
    ],
    told: ["phq-9 loaded"],
    scored: ["total - not_computed"],
  },
};

describe("a form that holds several instruments", () => {
  let mapped: Record<string, Mapped>;
  beforeAll(async () => {
    mapped = await mapCases(CASES);
  });

  it.each(Object.entries(CASES))("%s", (title, { told, scored }) => {
    const { facts = [], scores = [] } = mapped[title] ?? {};
    expect(facts.map(({ instrument, state }) => `${instrument} ${state}`).sort()).toEqual(
      told.sort(),
    );
    const short = scores
      .map((line) => line.split(" "))
      .map(([name, , value, status]) => `${name} ${value} ${status}`);
    expect(short.sort()).toEqual(scored.sort());
  });
});
