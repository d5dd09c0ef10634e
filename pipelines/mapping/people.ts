import { wordSql } from "./words.ts";

/** A code has a digit and no blank; words in its place are free text. */
const CODE =
  "(regexp_full_match(code, '[A-Za-z0-9][A-Za-z0-9.-]*') AND regexp_matches(code, '[0-9]'))";

const day = (expression: string) => `TRY_CAST(left(${expression}, 10) AS DATE)`;

/**
 * One row a person, encounter, condition and procedure, each with state and reason. The last delivery of a key wins; an equal
 * one before it is a duplicate, a different one is superseded. Dates with less than a day's precision stay out of DATE columns (partial-dates.ts).
 *
 * `patientChecks` are arms of a CASE over a person that yield a reason to leave the birth date out (`withheld`).
 *
 * In: `intake_patient`, `intake_encounter`, `intake_condition`, `intake_procedure`; `known_patient` (patient_key) of earlier nights;
 * the variable `today`. Out: `mapped_patient`, `mapped_encounter`, `mapped_condition`, `mapped_procedure`.
 */
export const mapPeople = (patientChecks: string): string[] => [
  // Records that the adapter set aside as copies or older versions, and those of people who refused, take everything in them along.
  `CREATE TEMP TABLE set_aside AS SELECT record_key, state, reason FROM intake_record WHERE state IN ('duplicate', 'superseded') OR starts_with(reason, 'CONSENT_')`,

  `CREATE TABLE mapped_patient AS
  WITH typed AS (
    SELECT rowid AS row_key, *, ${day("birth_date")} AS born, ${day("death_date")} AS died,
      hash(family_name, given_name, birth_date, sex, race, ethnicity, language, death_date, deceased,
        address, city, state_code, zip, phone, email, mrn, ssn) AS content
    FROM intake_patient
  ), judged AS (
    SELECT t.*, a.state AS aside, a.reason AS aside_reason,
      first(content) OVER (PARTITION BY patient_key ORDER BY a.state IS NULL DESC, record_key DESC, row_key DESC) AS winner
    FROM typed t LEFT JOIN set_aside a USING (record_key)
  ), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY patient_key ORDER BY aside IS NULL DESC, content = winner DESC, record_key, row_key) AS nth FROM judged
  )
  SELECT r.* EXCLUDE (nth, winner, aside, aside_reason),
    CASE
      WHEN r.aside IS NOT NULL THEN r.aside
      WHEN r.patient_key IS NULL THEN 'quarantined'
      WHEN r.nth = 1 THEN 'loaded'
      WHEN r.content = r.winner THEN 'duplicate'
      ELSE 'superseded'
    END AS state,
    CASE
      WHEN r.aside IS NOT NULL THEN r.aside_reason
      WHEN r.patient_key IS NULL THEN 'SOURCE_NO_PATIENT'
      WHEN r.nth > 1 AND r.content = r.winner THEN 'MAPPING_SAME_AGAIN'
      WHEN r.nth > 1 THEN 'MAPPING_NEWER_VERSION'
    END AS reason,
    CASE ${patientChecks} END AS withheld
  FROM ranked r
  ORDER BY r.row_key`,

  `CREATE TABLE patient AS
  SELECT patient_key, CASE WHEN withheld IS NULL THEN born END AS born, died FROM mapped_patient WHERE state = 'loaded'
  UNION ALL
  SELECT patient_key, NULL, NULL FROM known_patient WHERE patient_key NOT IN (SELECT patient_key FROM intake_patient WHERE patient_key IS NOT NULL)`,

  mapPart({
    table: "encounter",
    key: "encounter_key",
    columns: `${day("start_at")} AS admitted, nullif(substr(start_at, 12, 5), '') AS admitted_time,
      ${day("end_at")} AS discharged, nullif(substr(end_at, 12, 5), '') AS discharged_time,
      coalesce(${wordSql("enc_type", "class")}, CASE WHEN class IS NULL THEN 'NI' ELSE 'OT' END) AS enc_type`,
    content: "start_at, end_at, class, facility_type, specialty, location, provider_key, status",
    problem:
      "CASE WHEN encounter_key IS NULL THEN 'MAPPING_NO_KEY' WHEN admitted IS NULL THEN 'MAPPING_NO_DATE' END",
  }),
  mapPart({
    table: "condition",
    key: "condition_key",
    columns: `${day("onset_at")} AS onset, ${day("recorded_at")} AS recorded, ${day("resolved_at")} AS resolved,
      ${wordSql("code_system", "code_system")} AS code_type,
      coalesce(${wordSql("condition_status", "status")}, CASE WHEN status IS NULL THEN 'NI' ELSE 'OT' END) AS condition_status`,
    content: "code, code_system, status, onset_at, recorded_at, resolved_at, encounter_key",
    problem: `CASE WHEN condition_key IS NULL THEN 'MAPPING_NO_KEY' WHEN code IS NULL THEN 'MAPPING_NO_CODE'
      WHEN code_type IS NULL OR code_type NOT IN ('09', '10', 'SM') OR length(code) > 18 THEN 'MAPPING_CODE_SYSTEM_UNKNOWN' WHEN NOT ${CODE} THEN 'MAPPING_NO_CODE' END`,
  }),
  mapPart({
    table: "procedure",
    key: "procedure_key",
    columns: `${day("performed_at")} AS performed, ${wordSql("code_system", "code_system")} AS code_type`,
    content: "code, code_system, performed_at, encounter_key, status",
    problem: `CASE WHEN procedure_key IS NULL THEN 'MAPPING_NO_KEY' WHEN code IS NULL THEN 'MAPPING_NO_CODE'
      WHEN code_type IS NULL OR code_type NOT IN ('CH', '09', '10', 'LC') OR length(code) > 11 THEN 'MAPPING_CODE_SYSTEM_UNKNOWN' WHEN NOT ${CODE} THEN 'MAPPING_NO_CODE' END`,
  }),
];

/** The source takes the record back; what was loaded of it on an earlier night is removed. */
const WITHDRAWN = `${wordSql("status", "status")} IS NOT DISTINCT FROM 'entered-in-error'`;

interface Part {
  table: string;
  key: string;
  columns: string;
  content: string;
  problem: string;
}

function mapPart({ table, key, columns, content, problem }: Part): string {
  return `CREATE TABLE mapped_${table} AS
  WITH typed AS (
    SELECT i.rowid AS row_key, i.*, ${columns},
      hash(${content}) AS content, p.patient_key IS NOT NULL AS has_patient
    FROM intake_${table} i LEFT JOIN patient p USING (patient_key)
  ), judged AS (
    SELECT t.*, a.state AS aside, a.reason AS aside_reason, CASE WHEN NOT has_patient THEN 'MAPPING_NO_PATIENT' ELSE ${problem} END AS problem,
      first(content) OVER (PARTITION BY patient_key, ${key} ORDER BY a.state IS NULL DESC, record_key DESC, row_key DESC) AS winner
    FROM typed t LEFT JOIN set_aside a USING (record_key)
  ), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY patient_key, ${key} ORDER BY aside IS NULL DESC, content = winner DESC, record_key, row_key) AS nth FROM judged
  )
  SELECT * EXCLUDE (nth, winner, problem, aside, aside_reason),
    CASE
      WHEN aside IS NOT NULL THEN aside
      WHEN nth = 1 AND ${WITHDRAWN} THEN 'withdrawn'
      WHEN problem IS NOT NULL THEN 'quarantined'
      WHEN nth = 1 THEN 'loaded'
      WHEN content = winner THEN 'duplicate'
      ELSE 'superseded'
    END AS state,
    coalesce(aside_reason, CASE WHEN nth = 1 AND ${WITHDRAWN} THEN 'SOURCE_ENTERED_IN_ERROR' END, problem, CASE WHEN nth > 1 AND content = winner THEN 'MAPPING_SAME_AGAIN' WHEN nth > 1 THEN 'MAPPING_NEWER_VERSION' END) AS reason
  FROM ranked ORDER BY row_key`;
}
