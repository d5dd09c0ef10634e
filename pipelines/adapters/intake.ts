import type { DuckDb } from "../../warehouse/duckdb.ts";
import { ident } from "../../warehouse/sql.ts";
import { INTAKE_VIEWS } from "./intake-views.ts";

/**
 * The intake tables: what every adapter fills, in the source's own words. They hold identified data and live only in the
 * temporary database under `identified/`. Times are ISO 8601 text with the precision and offset that the source gave
 * (`2024`, `2024-03`, `2024-03-04`, `2024-03-04T09:30:00-06:00`); nothing is guessed here.
 *
 * `record_key` is unique in a run and ties every row to the source record it came from; `where_pointer` is the spot in it.
 */
export const INTAKE = {
  /** One row a source record read (a FHIR resource, a C-CDA document, a CSV row). */
  intake_record: {
    record_key: ["BIGINT", "unique in the run"],
    where_file: ["VARCHAR", "path relative to the export folder"],
    where_record: ["VARCHAR", "the record in the file: line 12, or Observation/abc"],
    kind: ["VARCHAR", "resource type, document or the CSV layout's kind"],
    state: [
      "VARCHAR",
      "set by the adapter only where it decides: quarantined, out_of_scope, or duplicate and superseded for all that the record holds; otherwise null",
    ],
    reason: ["VARCHAR", "reason code for that state, such as SOURCE_MALFORMED"],
    where_pointer: ["VARCHAR", "spot of the reason, if any"],
  },
  intake_patient: {
    record_key: ["BIGINT", ""],
    where_pointer: ["VARCHAR", ""],
    patient_key: ["VARCHAR", "the source's own key of the person, as the other tables refer to it"],
    family_name: ["VARCHAR", ""],
    given_name: ["VARCHAR", "all given names, blank separated"],
    birth_date: ["VARCHAR", "ISO, any precision"],
    sex: ["VARCHAR", "the source's word: male, F, 2"],
    race: ["VARCHAR", "the source's code or word (CDC code without system)"],
    ethnicity: ["VARCHAR", ""],
    language: ["VARCHAR", ""],
    death_date: ["VARCHAR", "ISO, any precision"],
    deceased: ["BOOLEAN", ""],
    address: ["VARCHAR", "street lines"],
    city: ["VARCHAR", ""],
    state_code: ["VARCHAR", ""],
    zip: ["VARCHAR", ""],
    phone: ["VARCHAR", ""],
    email: ["VARCHAR", ""],
    mrn: ["VARCHAR", "medical record number and other identifiers, blank separated"],
    ssn: ["VARCHAR", ""],
    consent: ["VARCHAR", "whether the person agreed, in the source's word: yes, opt-out"],
  },
  /** One statement of a person about what may be done with the data. */
  intake_consent: {
    record_key: ["BIGINT", ""],
    where_pointer: ["VARCHAR", ""],
    patient_key: ["VARCHAR", ""],
    decision: ["VARCHAR", "permit, deny, or the source's word for it"],
    purpose: ["VARCHAR", "the source's code: HRESCH; null: any"],
    decided_at: ["VARCHAR", "ISO"],
    from_at: ["VARCHAR", "ISO, where it holds for a time only"],
    until_at: ["VARCHAR", "ISO"],
  },
  /** Further names, numbers and addresses that tell who somebody is: the leak audit searches for them, and they load nowhere. */
  intake_identifier: {
    record_key: ["BIGINT", ""],
    kind: ["VARCHAR", "name, telecom, address or identifier"],
    value: ["VARCHAR", ""],
  },
  intake_encounter: {
    record_key: ["BIGINT", ""],
    where_pointer: ["VARCHAR", ""],
    patient_key: ["VARCHAR", ""],
    encounter_key: ["VARCHAR", ""],
    start_at: ["VARCHAR", "ISO"],
    end_at: ["VARCHAR", "ISO"],
    class: ["VARCHAR", "the source's code: AMB, IMP, EMER, VR, outpatient"],
    facility_type: ["VARCHAR", ""],
    specialty: ["VARCHAR", ""],
    location: ["VARCHAR", ""],
    provider_key: ["VARCHAR", ""],
    status: ["VARCHAR", "the source's word; only entered-in-error counts"],
  },
  intake_condition: {
    record_key: ["BIGINT", ""],
    where_pointer: ["VARCHAR", ""],
    patient_key: ["VARCHAR", ""],
    encounter_key: ["VARCHAR", ""],
    condition_key: ["VARCHAR", ""],
    code: ["VARCHAR", ""],
    code_system: ["VARCHAR", "URI: http://snomed.info/sct, http://hl7.org/fhir/sid/icd-10-cm"],
    status: ["VARCHAR", "active, resolved, inactive; entered-in-error"],
    onset_at: ["VARCHAR", "ISO"],
    recorded_at: ["VARCHAR", "ISO"],
    resolved_at: ["VARCHAR", "ISO"],
  },
  intake_procedure: {
    record_key: ["BIGINT", ""],
    where_pointer: ["VARCHAR", ""],
    patient_key: ["VARCHAR", ""],
    encounter_key: ["VARCHAR", ""],
    procedure_key: ["VARCHAR", ""],
    code: ["VARCHAR", ""],
    code_system: ["VARCHAR", "URI"],
    performed_at: ["VARCHAR", "ISO"],
    status: ["VARCHAR", "the source's word; only entered-in-error counts"],
  },
  /** What was measured: by a device, an app or the patient, when the site lists its code. */
  intake_observation: {
    record_key: ["BIGINT", ""],
    where_pointer: ["VARCHAR", "spot of the value in the record"],
    patient_key: ["VARCHAR", ""],
    encounter_key: ["VARCHAR", ""],
    observation_key: [
      "VARCHAR",
      "the source's stable id of the measurement, which may have several values (both blood pressures)",
    ],
    status: ["VARCHAR", "the source's word"],
    code: ["VARCHAR", "as the site lists it"],
    code_system: ["VARCHAR", "URI"],
    start_at: ["VARCHAR", "ISO"],
    end_at: ["VARCHAR", "ISO"],
    result_num: ["DECIMAL(18,6)", ""],
    result_modifier: ["VARCHAR", "the source's comparator: <, >="],
    result_code: ["VARCHAR", ""],
    result_system: ["VARCHAR", "URI"],
    result_text: ["VARCHAR", "display of the code; matched against the CDM's list, never leaves"],
    unit: ["VARCHAR", "UCUM or the source's word"],
    performer: ["VARCHAR", "who measured: Patient, Practitioner, Device; the source's word"],
    device: ["VARCHAR", "kind, code and names of the device; used to recognise, never leaves"],
  },
  /** What a person was asked to answer: a row a request and instrument. */
  intake_request: {
    record_key: ["BIGINT", ""],
    where_pointer: ["VARCHAR", ""],
    patient_key: ["VARCHAR", ""],
    encounter_key: ["VARCHAR", ""],
    request_key: ["VARCHAR", "the source's stable id of the request"],
    order_key: ["VARCHAR", "the request that this one carries out, if any"],
    kind: ["VARCHAR", "order, task or message"],
    instrument_code: ["VARCHAR", "panel or item code, or the catalogue's id"],
    instrument_system: ["VARCHAR", "URI; propool for a catalogue id"],
    instrument_text: ["VARCHAR", "form name or canonical URL; never leaves"],
    requested_at: ["VARCHAR", "ISO"],
    requested_origin: [
      "VARCHAR",
      "stated, or derived when it is when the request was last changed",
    ],
    due_at: ["VARCHAR", "ISO"],
    status: ["VARCHAR", "the source's word: active, requested, completed"],
    channel: ["VARCHAR", "the source's word"],
    administration_id: ["VARCHAR", "source_id of the administration that it led to, if it says so"],
  },
  /** One person answering one instrument once. */
  intake_administration: {
    record_key: ["BIGINT", ""],
    where_pointer: ["VARCHAR", ""],
    administration_key: [
      "VARCHAR",
      "unique in the run: record_key and the instrument's place in the record",
    ],
    source_id: [
      "VARCHAR",
      "the source's stable id of this administration; the same id again is a new version of it. Null: none",
    ],
    version_at: ["VARCHAR", "ISO, when this version was written; the newer one wins"],
    patient_key: ["VARCHAR", ""],
    encounter_key: ["VARCHAR", ""],
    patient_origin: [
      "VARCHAR",
      "stated, or derived when it is who answered and not whom the answers are about; null: stated",
    ],
    instrument_code: [
      "VARCHAR",
      "panel code (LOINC), or the catalogue's id when a mapping says so",
    ],
    instrument_system: ["VARCHAR", "URI; propool for a catalogue id"],
    instrument_text: ["VARCHAR", "form name or canonical URL; used to recognise, never leaves"],
    instrument_version: ["VARCHAR", ""],
    answered_at: ["VARCHAR", "ISO, when it was answered"],
    answered_origin: [
      "VARCHAR",
      "stated, or derived when it comes from the encounter, the document or a parent entry",
    ],
    started_at: ["VARCHAR", "ISO"],
    status: ["VARCHAR", "the source's word: completed, final, 2"],
    method: [
      "VARCHAR",
      "the source's word for the medium: ELECTRONIC, tablet; the mapping turns it into PRO_METHOD",
    ],
    mode: [
      "VARCHAR",
      "who gave and who entered the answers: Patient|, Patient|Practitioner, ONESELF; the mapping turns it into PRO_MODE",
    ],
    cat: ["VARCHAR", "Y when the source says that the form is adaptive"],
    language: ["VARCHAR", "BCP 47"],
    channel: ["VARCHAR", "portal, tablet, paper, phone, wearable; the source's word"],
    setting: ["VARCHAR", "clinic, home; the source's word"],
    responder: ["VARCHAR", ""],
    pro_source: ["VARCHAR", "the source's word for where the answers were recorded: OD, SR, DR"],
    request_key: ["VARCHAR", "the request that the answers follow, if the source says so"],
  },
  /** One answer or one score as the source reports it. */
  intake_response: {
    record_key: ["BIGINT", ""],
    administration_key: ["VARCHAR", ""],
    where_pointer: ["VARCHAR", ""],
    item_code: ["VARCHAR", ""],
    item_system: ["VARCHAR", "URI; null: the source gave none"],
    item_text: ["VARCHAR", "used to recognise, never leaves"],
    answer_code: ["VARCHAR", ""],
    answer_system: ["VARCHAR", "URI"],
    answer_text: [
      "VARCHAR",
      "display or free text; matched against the closed answer list, never leaves",
    ],
    answer_num: ["DECIMAL(18,6)", "number or ordinal that the source states"],
    missing: [
      "VARCHAR",
      "why there is no answer: NASK, ASKU, NI, asked-declined, not_shown; null when answered",
    ],
    origin: ["VARCHAR", "reported, or narrative when read from a text table"],
    subject: ["VARCHAR", "other: the answer is about somebody else; null: about the person"],
    mode: [
      "VARCHAR",
      "who gave this answer, where the source says it of the item: in the words of the administration's mode; null: as there",
    ],
    raw: [
      "VARCHAR",
      "the cell of a CSV file, where the mapping says that it means something else; for the steward's eyes",
    ],
  },
} as const satisfies Record<string, Record<string, readonly [type: string, meaning: string]>>;

export type IntakeTable = keyof typeof INTAKE;

/** How answers are kept of which millions say the same, beside `intake_response`, whose columns have the same names here. */
const SHORT = {
  /**
   * What answers say, each different thing once: the cells of a wide file, the items of a FHIR response.
   */
  intake_phrase: {
    phrase: ["INTEGER", "unique in the run"],
    block: [
      "BIGINT",
      "the instrument's place in the record: administration_key is record_key.block; null: it is the record_key",
    ],
    place: ["BIGINT", "the answer's place in the record"],
    where_pointer: ["VARCHAR", ""],
    item_code: ["VARCHAR", ""],
    item_system: ["VARCHAR", "URI"],
    item_text: ["VARCHAR", ""],
    answer_code: ["VARCHAR", ""],
    answer_system: ["VARCHAR", "URI"],
    answer_text: ["VARCHAR", ""],
    answer_num: ["DECIMAL(18,6)", ""],
    missing: ["VARCHAR", ""],
    origin: ["VARCHAR", ""],
    subject: ["VARCHAR", ""],
    mode: ["VARCHAR", ""],
    raw: ["VARCHAR", ""],
  },
  /** One such answer: the record that gave it, and what it says. */
  intake_given: {
    record_key: ["BIGINT", ""],
    phrase: ["INTEGER", "of intake_phrase"],
  },
} as const satisfies Record<string, Record<string, readonly [type: string, meaning: string]>>;

/** What an export holds beside its records. */
const ASIDE = {
  /** Codes of rows that are left out because nobody knows them, by file: they may be a site's own items. */
  intake_unknown_code: {
    where_file: ["VARCHAR", "relative to the export folder"],
    code: ["VARCHAR", "as it stands; it may name somebody"],
    times: ["BIGINT", "rows that have it"],
  },
} as const satisfies Record<string, Record<string, readonly [type: string, meaning: string]>>;

/** The columns of an intake table in the order of its definition. */
export function intakeColumns(table: IntakeTable): string[] {
  return Object.keys(INTAKE[table]);
}

/** Creates the empty intake tables, and the views over them. */
export async function createIntake(db: DuckDb): Promise<void> {
  const statements = Object.entries({ ...INTAKE, ...SHORT, ...ASIDE }).map(([table, columns]) => {
    const list = Object.entries(columns).map(([name, [type]]) => `${ident(name)} ${type}`);
    return `CREATE TABLE ${ident(table)} (${list.join(", ")})`;
  });
  await db.run([...statements, ...INTAKE_VIEWS].join(";\n"));
}

/** The next free record key: adapters number their records from here. */
export async function nextRecordKey(db: DuckDb): Promise<bigint> {
  const { next } = await db.one<{ next: bigint }>(
    "SELECT coalesce(max(record_key), 0)::BIGINT + 1 AS next FROM intake_record",
  );
  return next;
}
