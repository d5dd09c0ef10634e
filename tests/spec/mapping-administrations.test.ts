import { beforeAll, describe, expect, it } from "vitest";
import { type Case, type Cells, type Mapped, mapCases, numbers } from "../support/intake.ts";

const ANSWERS = numbers("PHQ9_", [1, 1, 1, 1, 1, 1, 1, 1, 1]);
const OTHERS = numbers("PHQ9_", [2, 1, 1, 1, 1, 1, 1, 1, 1]);
/** The same form delivered, each time with these cells. */
const forms = (...deliveries: Cells[]) => deliveries.map((cells) => ({ cells, answers: ANSWERS }));
const changed = (cells: Cells) => ({ cells, answers: OTHERS });
const LOADED = "loaded -";
const AGAIN = "duplicate MAPPING_SAME_AGAIN";
const OLDER = "superseded MAPPING_NEWER_VERSION";

/** What is delivered, what becomes of each administration, and of the records where that says more. */
const CASES: Record<string, Case & { told: string[]; records?: string[] }> = {
  once: { administrations: forms({}), told: [LOADED] },
  "delivered twice under one id": {
    administrations: forms({ source_id: "a" }, { source_id: "a" }),
    told: [LOADED, AGAIN],
    records: ["patient loaded -", "administration loaded -", `administration ${AGAIN}`],
  },
  "the same answers under another id": {
    administrations: forms({ source_id: "a" }, { source_id: "b" }),
    told: [LOADED, AGAIN],
  },
  "the same answers without an id": { administrations: forms({}, {}), told: [LOADED, AGAIN] },
  "the same answers at another time": {
    administrations: forms({}, { answered_at: "2024-03-05" }),
    told: [LOADED, LOADED],
  },
  "other answers at the same time under another id": {
    administrations: [...forms({ source_id: "a" }), changed({ source_id: "b" })],
    told: [LOADED, LOADED],
  },
  "a newer version first in the file": {
    administrations: [
      changed({ source_id: "a", version_at: "2024-03-06T00:00:00Z" }),
      ...forms({ source_id: "a", version_at: "2024-03-05T00:00:00Z" }),
    ],
    told: [LOADED, OLDER],
  },
  "a newer version whose text sorts before the older one's": {
    administrations: [
      // 15:30 in UTC
      changed({ source_id: "a", version_at: "2024-03-05T09:30:00-06:00" }),
      ...forms({ source_id: "a", version_at: "2024-03-05T14:00:00Z" }),
    ],
    told: [LOADED, OLDER],
  },
  "a newer version with no zone, which is UTC everywhere": {
    administrations: [
      changed({ source_id: "a", version_at: "2024-03-05T14:30" }),
      ...forms({ source_id: "a", version_at: "2024-03-05T14:00:00Z" }),
      ...forms({ source_id: "a", version_at: "2024-03-05" }),
    ],
    told: [LOADED, OLDER, OLDER],
  },
  "versions without a time: the last one counts": {
    administrations: [...forms({ source_id: "a" }), changed({ source_id: "a" })],
    told: [OLDER, LOADED],
  },
  "a version with a time beats one without": {
    administrations: [
      changed({ source_id: "a", version_at: "2024-03-05" }),
      ...forms({ source_id: "a" }),
    ],
    told: [LOADED, OLDER],
  },
  "three versions, two of them equal": {
    administrations: [
      ...forms({ source_id: "a", version_at: "2024-03-07" }),
      changed({ source_id: "a", version_at: "2024-03-06" }),
      ...forms({ source_id: "a", version_at: "2024-03-05" }),
    ],
    told: [LOADED, OLDER, AGAIN],
  },
  "one id for two instruments": {
    administrations: [
      ...forms({ source_id: "a" }),
      { cells: { source_id: "a", instrument_code: "gad-7" }, answers: numbers("GAD7_", [1]) },
    ],
    told: [LOADED, LOADED],
  },
  "entered in error": {
    administrations: forms({ status: "entered-in-error" }),
    told: ["withdrawn SOURCE_ENTERED_IN_ERROR"],
    records: ["patient loaded -", "administration withdrawn SOURCE_ENTERED_IN_ERROR"],
  },
  "entered in error after it was completed": {
    administrations: forms(
      { source_id: "a", version_at: "2024-03-05", status: "completed" },
      { source_id: "a", version_at: "2024-03-06", status: "entered-in-error" },
    ),
    told: [OLDER, "withdrawn SOURCE_ENTERED_IN_ERROR"],
  },
  "completed after it was entered in error": {
    administrations: forms(
      { source_id: "a", version_at: "2024-03-05", status: "entered-in-error" },
      { source_id: "a", version_at: "2024-03-06", status: "completed" },
    ),
    told: [OLDER, LOADED],
  },
  "in progress": {
    administrations: forms({ status: "in-progress" }),
    told: ["out_of_scope SOURCE_STATUS_INCOMPLETE"],
  },
  "in progress, a later version of a completed one": {
    administrations: forms(
      { source_id: "a", version_at: "2024-03-05", status: "completed" },
      { source_id: "a", version_at: "2024-03-06", status: "in-progress" },
    ),
    told: [LOADED, "out_of_scope SOURCE_STATUS_INCOMPLETE"],
  },
  cancelled: {
    administrations: forms({ status: "not-done" }),
    told: ["out_of_scope SOURCE_STATUS_CANCELLED"],
  },
  "with a status that nobody knows": {
    administrations: forms({ status: "filed" }),
    told: [LOADED],
  },
  "without a day": {
    administrations: forms({ answered_at: null }),
    told: ["quarantined MAPPING_NO_DATE"],
    records: ["patient loaded -", "administration quarantined MAPPING_NO_DATE"],
  },
  "of a month": {
    administrations: forms({ answered_at: "2024-03" }),
    told: ["quarantined MAPPING_NO_DATE"],
  },
  "of an impossible day": {
    administrations: forms({ answered_at: "2024-02-30" }),
    told: ["quarantined MAPPING_NO_DATE"],
  },
  "whose visit has the day": {
    encounters: [{ encounter_key: "e", start_at: "2024-03-01T10:00" }],
    administrations: forms({ answered_at: null, encounter_key: "e" }),
    told: [LOADED],
  },
  "whose visit is another person's": {
    patients: [{}, { patient_key: "p2" }],
    encounters: [{ encounter_key: "e", start_at: "2024-03-01", patient_key: "p2" }],
    administrations: forms({ answered_at: null, encounter_key: "e" }),
    told: ["quarantined MAPPING_NO_DATE"],
  },
  today: { administrations: forms({ answered_at: "2024-06-30T23:59:59" }), told: [LOADED] },
  tomorrow: {
    administrations: forms({ answered_at: "2024-07-01" }),
    told: ["quarantined QUALITY_DATE_IN_FUTURE"],
  },
  "on the day of birth": {
    administrations: forms({ answered_at: "1970-01-01" }),
    told: [LOADED],
  },
  "the day before birth": {
    administrations: forms({ answered_at: "1969-12-31" }),
    told: ["quarantined QUALITY_DATE_BEFORE_BIRTH"],
  },
  "without an answer": {
    administrations: [{ answers: [] }],
    told: ["out_of_scope MAPPING_EMPTY"],
    records: ["patient loaded -", "administration out_of_scope MAPPING_EMPTY"],
  },
  "with skipped items only": {
    administrations: [{ answers: [{ item_code: "PHQ9_1", missing: "ASKU" }] }],
    told: ["out_of_scope MAPPING_EMPTY"],
  },
  "with one answer, and that refused": {
    administrations: [{ answers: [{ item_code: "PHQ9_1", answer_num: 9 }] }],
    told: ["quarantined MAPPING_ANSWER_NOT_IN_LIST"],
  },
  "with a score alone": {
    administrations: [{ answers: [{ item_code: "total", answer_num: 9 }] }],
    told: [LOADED],
  },
  "of an instrument that the catalogue lacks": {
    administrations: [
      {
        cells: { instrument_code: "99999-9", instrument_system: "http://loinc.org" },
        answers: [{ item_code: "x", answer_num: 1 }],
      },
    ],
    told: ["out_of_scope MAPPING_INSTRUMENT_UNKNOWN"],
  },
  "of an instrument that its items tell": {
    administrations: [{ cells: { instrument_code: null }, answers: ANSWERS }],
    told: [LOADED],
  },
  "of a person whom nobody knows": {
    patients: [],
    administrations: forms({}),
    told: ["quarantined MAPPING_NO_PATIENT"],
  },
  "of no person": {
    administrations: forms({ patient_key: null }),
    told: ["quarantined MAPPING_NO_PATIENT"],
  },
  "of a person whom an earlier night brought": {
    patients: [],
    known: ["p1"],
    administrations: forms({}),
    told: [LOADED],
  },
};

describe("an administration", () => {
  let mapped: Record<string, Mapped> = {};
  beforeAll(async () => {
    mapped = await mapCases(CASES);
  });

  it.each(Object.keys(CASES))("%s", (title) => {
    const { told, records } = CASES[title] ?? {};
    expect(mapped[title]?.administrations).toEqual(told);
    if (records) expect(mapped[title]?.records).toEqual(records);
  });

  it("has no answer that is better off than itself", () => {
    expect(mapped["entered in error"]?.answers[0]).toBe(
      "PHQ9_1 1 answered withdrawn SOURCE_ENTERED_IN_ERROR",
    );
    expect(mapped["delivered twice under one id"]?.answers[9]).toBe(`PHQ9_1 1 answered ${AGAIN}`);
    expect(mapped.tomorrow?.answers[0]).toBe(
      "PHQ9_1 1 answered quarantined QUALITY_DATE_IN_FUTURE",
    );
  });

  it("that is unfinished loads as incomplete where the site says so", async () => {
    const cases = {
      begun: { administrations: forms({ status: "in-progress" }) },
      stopped: { administrations: forms({ status: "stopped" }) },
      withdrawn: { administrations: forms({ status: "entered-in-error" }) },
    };
    const loaded = await mapCases(cases, { unfinished: "load" });
    expect(loaded.begun.administrations).toEqual([LOADED]);
    expect(loaded.stopped.administrations).toEqual([LOADED]);
    expect(loaded.begun.facts[0]).toMatchObject({ completion: "incomplete" });
    expect(loaded.withdrawn.administrations).toEqual(["withdrawn SOURCE_ENTERED_IN_ERROR"]);
  });

  it("is scored only when it is loaded", () => {
    expect(mapped["delivered twice under one id"]?.scores).toEqual([
      "total computed 9 computed - preferred",
    ]);
    expect(mapped.tomorrow?.scores).toEqual([]);
    expect(mapped["entered in error"]?.scores).toEqual([]);
  });
});
