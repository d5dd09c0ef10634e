import { beforeAll, describe, expect, it } from "vitest";
import { type Case, type Cells, LOINC, type Mapped, mapCases } from "../support/intake.ts";

/** One questionnaire with these answers, and what is told of each of them. */
interface Told {
  cells?: Cells;
  answers: Cells[];
  told: string[];
}

const phq = (cells: Cells): Cells => ({ item_code: "PHQ9_1", ...cells });
const promis = (item: string, cells: Cells): Cells => ({ item_code: item, ...cells });
const global = { instrument_code: "promis-global-10" };
const loinc = (code: string, cells: Cells): Cells => ({
  item_code: code,
  item_system: LOINC,
  ...cells,
});
/** Keeps an administration in scope whose only answer is none. */
const OTHER = phq({ item_code: "PHQ9_2", answer_num: 0 });
const OTHER_TOLD = "PHQ9_2 0 answered loaded -";

const CASES: Record<string, Told> = {
  "of a questionnaire that is not there": {
    answers: [phq({ administration_key: "nowhere", answer_num: 1 }), OTHER],
    told: ["- - - out_of_scope MAPPING_INSTRUMENT_UNKNOWN", OTHER_TOLD],
  },
  "of no questionnaire": {
    answers: [phq({ administration_key: null, answer_num: 1 }), OTHER],
    told: ["- - - out_of_scope MAPPING_INSTRUMENT_UNKNOWN", OTHER_TOLD],
  },
  "by its LOINC code": {
    answers: [phq({ answer_code: "LA6570-1" })],
    told: ["PHQ9_1 2 answered loaded -"],
  },
  "by a code with blanks around it": {
    answers: [phq({ answer_code: " LA6570-1 " })],
    told: ["PHQ9_1 2 answered loaded -"],
  },
  "by its number": { answers: [phq({ answer_num: 3 })], told: ["PHQ9_1 3 answered loaded -"] },
  "by a number in words": {
    answers: [phq({ answer_text: " 3 " })],
    told: ["PHQ9_1 3 answered loaded -"],
  },
  "by its label, in any case": {
    answers: [phq({ answer_text: "NEARLY every day" })],
    told: ["PHQ9_1 3 answered loaded -"],
  },
  "by the item's LOINC code": {
    answers: [loinc("44250-9", { answer_num: 1 })],
    told: ["PHQ9_1 1 answered loaded -"],
  },
  "by an item code that names no system": {
    answers: [loinc("44250-9", { item_system: null, answer_num: 1 })],
    told: ["PHQ9_1 1 answered loaded -"],
  },
  "by a code of another system, which is not ours": {
    answers: [loinc("44250-9", { item_system: "http://clinic.example", answer_num: 1 }), OTHER],
    told: ["- - - quarantined MAPPING_UNMAPPED_CODE", OTHER_TOLD],
  },
  "a local answer code beside a label that is known": {
    answers: [phq({ answer_code: "opt3", answer_text: "Several days" })],
    told: ["PHQ9_1 1 answered loaded -"],
  },
  "reversed items keep the value that is stored": {
    cells: global,
    answers: [
      promis("Global08r", { answer_code: "LA137-2" }),
      promis("Global10r", { answer_text: "Always" }),
      promis("Global07r", { answer_num: 10 }),
      promis("Global01", { answer_text: "Excellent" }),
    ],
    told: [
      "Global08r 5 answered loaded -",
      "Global10r 1 answered loaded -",
      "Global07r 10 answered loaded -",
      "Global01 5 answered loaded -",
    ],
  },
  "a reversed item whose number runs with its wording": {
    cells: global,
    answers: [promis("Global08r", { answer_text: "None", answer_num: 1 })],
    told: ["Global08r - answered quarantined MAPPING_ANSWER_CONFLICT"],
  },
  "out of the list, below and above": {
    answers: [
      phq({ answer_num: -1 }),
      phq({ item_code: "PHQ9_2", answer_num: 4 }),
      phq({ item_code: "PHQ9_3", answer_num: 1.5 }),
    ],
    told: [1, 2, 3].map((i) => `PHQ9_${i} - answered quarantined MAPPING_ANSWER_NOT_IN_LIST`),
  },
  "a code out of the list": {
    answers: [phq({ answer_code: "LA6572-7" })],
    told: ["PHQ9_1 - answered quarantined MAPPING_ANSWER_NOT_IN_LIST"],
  },
  "code and number that differ": {
    answers: [phq({ answer_code: "LA6570-1", answer_num: 3 })],
    told: ["PHQ9_1 - answered quarantined MAPPING_ANSWER_CONFLICT"],
  },
  "code and label that differ": {
    answers: [phq({ answer_code: "LA6570-1", answer_text: "Not at all" })],
    told: ["PHQ9_1 - answered quarantined MAPPING_ANSWER_CONFLICT"],
  },
  "code and number that agree": {
    answers: [
      phq({ answer_code: "LA6570-1", answer_num: 2, answer_text: "More than half the days" }),
    ],
    told: ["PHQ9_1 2 answered loaded -"],
  },
  "free text for an item": {
    answers: [phq({ answer_text: "ask my daughter Ann" })],
    told: ["PHQ9_1 - answered quarantined MAPPING_FREE_TEXT"],
  },
  "a lone number in a column of comments": {
    answers: [phq({ item_system: "free-text", answer_text: "3" }), OTHER],
    told: ["- - - quarantined MAPPING_FREE_TEXT", OTHER_TOLD],
  },
  "the code of a REDCap choice whose label says something else": {
    answers: [phq({ answer_code: "redcap|1", answer_text: "Not at all" })],
    told: ["PHQ9_1 0 answered loaded -"],
  },
  "the code of a REDCap choice in another language": {
    answers: [phq({ answer_code: "redcap|1", answer_text: "An einzelnen Tagen" })],
    told: ["PHQ9_1 1 answered loaded -"],
  },
  "a cell that is in no list of recoded words": {
    answers: [phq({ answer_code: "0" })],
    told: ["PHQ9_1 - answered quarantined MAPPING_ANSWER_NOT_IN_LIST"],
  },
  "free text under no known item": {
    answers: [phq({ item_code: "note", answer_text: "ask Ann" }), OTHER],
    told: ["- - - quarantined MAPPING_FREE_TEXT", OTHER_TOLD],
  },
  "nothing under no known item": {
    answers: [phq({ item_code: "note" }), OTHER],
    told: ["- - - out_of_scope MAPPING_BLANK", OTHER_TOLD],
  },
  "a local code that nobody mapped": {
    answers: [phq({ item_code: "mood1", item_system: null, answer_num: 1 }), OTHER],
    told: ["- - - quarantined MAPPING_UNMAPPED_CODE", OTHER_TOLD],
  },
  "the site's own code": {
    answers: [phq({ item_code: "own-1", item_system: null, answer_num: 1 })],
    told: ["PHQ9_1 1 answered loaded -"],
  },
  "the site's own code of a system": {
    answers: [
      phq({ item_code: "own-2", item_system: "http://clinic.example", answer_num: 1 }),
      phq({ item_code: "own-2", item_system: "http://other.example", answer_num: 2 }),
    ],
    told: ["PHQ9_2 1 answered loaded -", "- - - quarantined MAPPING_UNMAPPED_CODE"],
  },
  "an item twice with one answer": {
    answers: [phq({ answer_num: 2 }), phq({ answer_code: "LA6570-1" })],
    told: ["PHQ9_1 2 answered loaded -", "PHQ9_1 2 answered duplicate MAPPING_ANSWER_REPEATED"],
  },
  "an item twice with two answers": {
    answers: [phq({ answer_num: 2 }), phq({ answer_num: 1 })],
    told: [
      "PHQ9_1 - answered quarantined MAPPING_ANSWERED_TWICE",
      "PHQ9_1 - answered quarantined MAPPING_ANSWERED_TWICE",
    ],
  },
  "an item twice, once without an answer": {
    answers: [phq({}), phq({ answer_num: 1 })],
    told: ["PHQ9_1 - skipped duplicate MAPPING_ANSWER_REPEATED", "PHQ9_1 1 answered loaded -"],
  },
  skipped: {
    answers: [phq({ missing: "ASKU" }), OTHER],
    told: ["PHQ9_1 - skipped loaded -", OTHER_TOLD],
  },
  "not shown": {
    answers: [phq({ missing: "not_shown" }), OTHER],
    told: ["PHQ9_1 - not_shown loaded -", OTHER_TOLD],
  },
  "a panel with a value reports the main score": {
    answers: [loinc("44249-1", { answer_num: 12 })],
    told: ["total 12 - loaded -"],
  },
  "a panel without a value says nothing": {
    answers: [loinc("44249-1", {}), OTHER],
    told: ["total - - out_of_scope MAPPING_BLANK", OTHER_TOLD],
  },
  "a score in words": {
    answers: [phq({ item_code: "total", answer_text: "12" })],
    told: ["total 12 - loaded -"],
  },
  "a score that is no number": {
    answers: [phq({ item_code: "total", answer_text: "twelve" })],
    told: ["total - - quarantined MAPPING_FREE_TEXT"],
  },
  "scores at both ends of the range": {
    cells: global,
    answers: [
      promis("gph_t", { answer_num: 16.2 }),
      promis("gmh_t", { answer_num: 67.6 }),
      promis("gph_raw", { answer_num: 4 }),
      promis("gmh_raw", { answer_num: 20 }),
    ],
    told: [
      "gph_t 16.2 - loaded -",
      "gmh_t 67.6 - loaded -",
      "gph_raw 4 - loaded -",
      "gmh_raw 20 - loaded -",
    ],
  },
  "scores beyond both ends": {
    cells: global,
    answers: [promis("gph_t", { answer_num: 16.1 }), promis("gmh_raw", { answer_num: 21 })],
    told: [
      "gph_t - - quarantined MAPPING_SCORE_OUT_OF_RANGE",
      "gmh_raw - - quarantined MAPPING_SCORE_OUT_OF_RANGE",
    ],
  },
  "scores off their grid": {
    cells: global,
    answers: [promis("gph_t", { answer_num: 42.35 }), promis("gmh_raw", { answer_num: 10.5 })],
    told: [
      "gph_t - - quarantined MAPPING_SCORE_OFF_GRID",
      "gmh_raw - - quarantined MAPPING_SCORE_OFF_GRID",
    ],
  },
};

describe("an answer", () => {
  let mapped: Record<string, Mapped> = {};
  beforeAll(async () => {
    const cases = Object.entries(CASES).map(([title, { cells = {}, answers }]): [string, Case] => [
      title,
      { administrations: [{ cells, answers }] },
    ]);
    mapped = await mapCases(Object.fromEntries(cases), {
      codes: [
        { code: "own-1", instrument: "phq-9", item: "PHQ9_1" },
        { code: "own-2", system: "http://clinic.example", instrument: "phq-9", item: "PHQ9_2" },
      ],
    });
  });

  it.each(Object.keys(CASES))("%s", (title) => {
    expect(mapped[title]?.answers).toEqual(CASES[title]?.told);
  });
});
