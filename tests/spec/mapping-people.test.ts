import { beforeAll, describe, expect, it } from "vitest";
import { type Case, type Cells, type Mapped, mapCases } from "../support/intake.ts";

const LOADED = "loaded -";
const AGAIN = "duplicate MAPPING_SAME_AGAIN";
const OLDER = "superseded MAPPING_NEWER_VERSION";
const ICD = "http://hl7.org/fhir/sid/icd-10-cm";
const CPT = "http://www.ama-assn.org/go/cpt";
const condition = (cells: Cells): Cells => ({
  condition_key: "c",
  code: "F32.9",
  code_system: ICD,
  ...cells,
});
const procedure = (cells: Cells): Cells => ({
  procedure_key: "x",
  code: "27447",
  code_system: CPT,
  ...cells,
});
/** Rows of one table beside the usual person. */
const CASES: Record<string, Case & { told: string[] }> = {
  "a patient twice, the same": {
    patients: [{ sex: "F" }, { sex: "F" }],
    told: [`patient ${LOADED}`, `patient ${AGAIN}`],
  },
  "a patient twice, changed": {
    patients: [{ sex: "F" }, { sex: "M" }],
    told: [`patient ${OLDER}`, `patient ${LOADED}`],
  },
  "a patient without a key": {
    patients: [{ patient_key: null, sex: "F" }, { patient_key: null }],
    told: ["patient quarantined SOURCE_NO_PATIENT", "patient quarantined SOURCE_NO_PATIENT"],
  },
  "two patients": {
    patients: [{}, { patient_key: "p2" }],
    told: [`patient ${LOADED}`, `patient ${LOADED}`],
  },
  "an encounter": {
    encounters: [{ encounter_key: "e", start_at: "2024-03-04" }],
    told: [`patient ${LOADED}`, `encounter ${LOADED}`],
  },
  "encounters that cannot be": {
    encounters: [
      { start_at: "2024-03-04" },
      { encounter_key: "e", start_at: "2024-03" },
      { encounter_key: "f", start_at: "2024-03-04", patient_key: "p2" },
    ],
    told: [
      `patient ${LOADED}`,
      "encounter quarantined MAPPING_NO_KEY",
      "encounter quarantined MAPPING_NO_DATE",
      "encounter quarantined MAPPING_NO_PATIENT",
    ],
  },
  "an encounter that was changed": {
    encounters: [
      { encounter_key: "e", start_at: "2024-03-04" },
      { encounter_key: "e", start_at: "2024-03-05" },
    ],
    told: [`patient ${LOADED}`, `encounter ${OLDER}`, `encounter ${LOADED}`],
  },
  "conditions of known systems": {
    conditions: [
      condition({}),
      condition({ condition_key: "d", code_system: "http://snomed.info/sct", code: "35489007" }),
      condition({ condition_key: "e", code_system: "http://hl7.org/fhir/sid/icd-9-cm" }),
    ],
    told: [`patient ${LOADED}`, ...Array(3).fill(`condition ${LOADED}`)],
  },
  "conditions that cannot be": {
    conditions: [
      condition({ code: null }),
      condition({ condition_key: null }),
      condition({ condition_key: "d", code_system: "http://clinic.example" }),
      condition({ condition_key: "e", code_system: null }),
      condition({ condition_key: "f", code_system: CPT }),
    ],
    told: [
      `patient ${LOADED}`,
      "condition quarantined MAPPING_NO_CODE",
      "condition quarantined MAPPING_NO_KEY",
      ...Array(3).fill("condition quarantined MAPPING_CODE_SYSTEM_UNKNOWN"),
    ],
  },
  "a procedure, delivered again": {
    procedures: [procedure({}), procedure({})],
    told: [`patient ${LOADED}`, `procedure ${LOADED}`, `procedure ${AGAIN}`],
  },
  "a procedure of a diagnosis system": {
    procedures: [procedure({ code_system: "http://snomed.info/sct" })],
    told: [`patient ${LOADED}`, "procedure quarantined MAPPING_CODE_SYSTEM_UNKNOWN"],
  },
};

describe("a person's rows", () => {
  let mapped: Record<string, Mapped> = {};
  beforeAll(async () => {
    mapped = await mapCases(CASES);
  });

  it.each(Object.keys(CASES))("%s", (title) => {
    expect(mapped[title]?.people).toEqual(CASES[title]?.told);
  });
});
