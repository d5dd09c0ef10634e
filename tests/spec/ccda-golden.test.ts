import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ccda } from "../../pipelines/adapters/ccda/ccda.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { readFiles, rowsOf } from "../golden/ccda/read-golden.ts";

const DIRECTORY = join(import.meta.dirname, "../golden/ccda");
const LOINC = "http://loinc.org";
const SNOMED = "http://snomed.info/sct";

/** What the documents are, by the templates that they name. */
const KINDS: Record<string, string> = {
  "patient-generated.ccda": "patient-generated",
  "fragment.xml": "fragment",
};

let db: DuckDb;
beforeAll(async () => {
  const files = readdirSync(DIRECTORY).filter(ccda.accepts).sort();
  db = await readFiles(DIRECTORY, files);
});
afterAll(() => db?.close());

const ANSWERS = `item_code, item_system, answer_code, answer_text, answer_num::DOUBLE AS n, missing`;

describe("records", () => {
  it.each([
    ["phq9.xml", null, null, null],
    ["gad7-result.xml", null, null, null],
    ["values.xml", null, null, null],
    ["patient-generated.ccda", null, null, null],
    ["fragment.xml", "quarantined", "SOURCE_NO_PATIENT", "recordTarget"],
    ["no-patient.xml", "quarantined", "SOURCE_NO_PATIENT", "recordTarget"],
    ["broken.xml", "quarantined", "SOURCE_MALFORMED", "line 5"],
    ["dtd-bomb.xml", "quarantined", "SOURCE_FORBIDDEN_DTD", "line 3"],
    ["empty.xml", "quarantined", "SOURCE_EMPTY", null],
    ["not-ccda.xml", "quarantined", "SOURCE_NOT_CCDA", null],
    ["unstructured.cda", "out_of_scope", "SOURCE_UNSTRUCTURED", "component/nonXMLBody"],
  ])("%s is one record: %s %s", async (file, state, reason, pointer) => {
    const columns = "kind, where_record, state, reason, where_pointer";
    expect(await rowsOf(db, "intake_record", file, columns)).toEqual([
      [KINDS[file] ?? "ClinicalDocument", "ClinicalDocument", state, reason, pointer],
    ]);
  });

  it("are numbered in the order of the files", async () => {
    const rows = await db.all<{ where_file: string }>(
      "SELECT where_file FROM intake_record ORDER BY record_key",
    );
    const files = rows.map((row) => row.where_file);
    expect(files).toHaveLength(11);
    expect(files).toEqual(files.toSorted());
  });
});

describe("a PHQ-9 with items, difficulty and total", () => {
  it("is one administration at the time that it states, by the patient, in the encounter", async () => {
    const columns = `where_pointer, source_id, version_at, patient_key, encounter_key, instrument_code,
      instrument_system, instrument_text, answered_at, answered_origin, status, method, mode`;
    expect(await rowsOf(db, "intake_administration", "phq9.xml", columns)).toEqual([
      [
        "section[1]/entry[1]/observation",
        "2.999.9|phq9-1",
        "2024-03-05T10:15:00-06:00",
        "2.999.7|P1",
        "2.999.8|E1",
        "44249-1",
        LOINC,
        "PHQ-9 panel",
        "2024-03-04T09:30:00-06:00",
        "stated",
        "completed",
        null,
        "ONESELF",
      ],
    ]);
  });

  it("has nine items with number and code, the difficulty by code, and the total once", async () => {
    expect(await rowsOf(db, "intake_response", "phq9.xml", ANSWERS)).toEqual([
      ["44261-6", LOINC, null, null, 12, null],
      ["44250-9", LOINC, "LA6568-5", "Not at all", 0, null],
      ["44255-8", LOINC, "LA6569-3", "Several days", 1, null],
      ["44259-0", LOINC, "LA6570-1", "More than half the days", 2, null],
      ["44254-1", LOINC, "LA6568-5", "Not at all", 0, null],
      ["44251-7", LOINC, "LA6569-3", "Several days", 1, null],
      ["44258-2", LOINC, "LA6571-9", "Nearly every day", 3, null],
      ["44252-5", LOINC, "LA6570-1", "More than half the days", 2, null],
      ["44253-3", LOINC, "LA6571-9", "Nearly every day", 3, null],
      ["44260-8", LOINC, "LA6568-5", "Not at all", 0, null],
      ["69722-7", LOINC, "LA6573-5", "Somewhat difficult", null, null],
    ]);
  });

  it("says where each answer stands", async () => {
    const pointers = await rowsOf(db, "intake_response", "phq9.xml", "where_pointer");
    expect(pointers[2]).toEqual([
      "section[1]/entry[1]/observation/entryRelationship[3]/observation",
    ]);
  });

  it("comes with the encounter around the document", async () => {
    const columns = `where_pointer, patient_key, encounter_key, start_at, end_at, class, facility_type,
      specialty, location, provider_key`;
    expect(await rowsOf(db, "intake_encounter", "phq9.xml", columns)).toEqual([
      [
        "componentOf/encompassingEncounter",
        "2.999.7|P1",
        "2.999.8|E1",
        "2024-03-04T09:00:00-06:00",
        "2024-03-04T10:00:00-06:00",
        "AMB",
        "1160-1",
        "207Q00000X",
        "Sample Clinic",
        "2.16.840.1.113883.4.6|1234567893",
      ],
    ]);
  });
});

describe("a GAD-7 total among laboratory results", () => {
  it("is found by its translation, dated by its organizer, and alone: no glucose, no planned PHQ-9", async () => {
    const columns = "where_pointer, source_id, instrument_code, answered_at, answered_origin";
    expect(await rowsOf(db, "intake_administration", "gad7-result.xml", columns)).toEqual([
      [
        "section[1]/entry[1]/organizer/component[2]/observation",
        "2.999.9|gad7",
        null,
        "2024-03-01",
        "derived",
      ],
    ]);
    expect(await rowsOf(db, "intake_response", "gad7-result.xml", ANSWERS)).toEqual([
      ["70274-6", LOINC, null, null, 8, null],
    ]);
  });
});

describe("null flavors, negation and other values", () => {
  it("keeps apart why there is no answer, and takes text and translations as they are", async () => {
    expect(await rowsOf(db, "intake_response", "values.xml", ANSWERS)).toEqual([
      ["69725-0", LOINC, null, null, null, "ASKU"],
      ["68509-9", LOINC, null, null, null, "NASK"],
      ["69733-4", LOINC, null, null, null, "negated"],
      ["69734-2", LOINC, null, null, null, "NI"],
      ["69735-9", LOINC, null, "Several days", null, null],
      ["69689-8", LOINC, "LA6570-1", null, null, null],
      ["69736-7", LOINC, null, null, 1, null],
    ]);
  });
});

describe("a document without a person", () => {
  it.each(["fragment.xml", "no-patient.xml"])(
    "%s fills the intake without a patient key, for preview",
    async (file) => {
      expect(await rowsOf(db, "intake_patient", file, "*")).toEqual([]);
      const columns = "patient_key, administration_key IS NOT NULL";
      expect(await rowsOf(db, "intake_administration", file, columns)).toEqual([[null, true]]);
    },
  );

  it("a bare entry keeps year precision and its own value as the panel's", async () => {
    const columns = "where_pointer, source_id, answered_at, answered_origin";
    expect(await rowsOf(db, "intake_administration", "fragment.xml", columns)).toEqual([
      ["entry[1]/observation", "2.999.9|fragment", "2024", "stated"],
    ]);
    expect(await rowsOf(db, "intake_response", "fragment.xml", ANSWERS)).toEqual([
      ["69737-5", LOINC, null, null, 5, null],
    ]);
  });

  it("what is refused fills nothing else", async () => {
    for (const file of ["broken.xml", "dtd-bomb.xml", "not-ccda.xml", "unstructured.cda"]) {
      expect(await rowsOf(db, "intake_patient", file, "*")).toEqual([]);
      expect(await rowsOf(db, "intake_administration", file, "*")).toEqual([]);
    }
  });
});

describe("a patient-generated document with prefixed names", () => {
  const file = "patient-generated.ccda";

  it("reads the person, the legal name, home address and every identifier", async () => {
    const columns = "* EXCLUDE (record_key)";
    expect(await rowsOf(db, "intake_patient", file, columns)).toEqual([
      [
        "recordTarget/patientRole",
        "2.999.7|P5",
        "Sampleton",
        "Testa Q.",
        "1931",
        "UNK",
        "2054-5",
        "2186-5",
        "es-US",
        "2024-03",
        true,
        "1 Example Street Flat 2",
        "Sampleville",
        "OR",
        "97000",
        "+1(555)555-0002",
        "testa@example.org",
        "P5",
        "000-00-0001",
        null,
      ],
    ]);
  });

  it("finds the scale in a problem, by a daughter, on a device, dated by the document and not by the illness", async () => {
    const columns = "where_pointer, instrument_code, answered_at, answered_origin, mode, method";
    expect(await rowsOf(db, "intake_administration", file, columns)).toEqual([
      [
        "section[1]/entry[1]/act/entryRelationship/observation/entryRelationship/observation",
        "44249-1",
        "2024-03-10",
        "derived",
        "DAUC",
        "assignedAuthoringDevice",
      ],
    ]);
  });

  it("reads the problem and the procedure that was done, not the one that is planned", async () => {
    const problem = "condition_key, code, code_system, status, onset_at, resolved_at";
    expect(await rowsOf(db, "intake_condition", file, problem)).toEqual([
      ["2.999.9|problem|370143000", "370143000", SNOMED, "active", "2024-01-02", null],
    ]);
    const procedure = "procedure_key, code, code_system, performed_at";
    expect(await rowsOf(db, "intake_procedure", file, procedure)).toEqual([
      ["2.999.9|knee|609588000", "609588000", SNOMED, "2023-11-20"],
    ]);
  });
});
