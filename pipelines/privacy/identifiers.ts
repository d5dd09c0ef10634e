import type { DuckDb } from "../../warehouse/duckdb.ts";

/** The fields that identify a person; names are also searched word by word. */
const PERSON_FIELDS = [
  "family_name",
  "given_name",
  "birth_date",
  "address",
  "phone",
  "email",
  "mrn",
  "ssn",
  "patient_key",
];

const WORD_FIELDS = ["family_name", "given_name", "mrn"];

const KEY_FIELDS = [
  ["intake_encounter", "encounter_key"],
  ["intake_condition", "condition_key"],
  ["intake_procedure", "procedure_key"],
  ["every_administration", "source_id"],
  ["intake_observation", "observation_key"],
  ["intake_request", "request_key"],
] as const;

/**
 * Fills the temporary table `identifier` (kind, value in lower case): all that was read this night and tells who somebody is.
 * Texts of one or two characters say nothing.
 *
 * In: `intake_*`, `every_administration`, `mapped_response`, `said`.
 */
export async function createIdentifiers(db: DuckDb): Promise<void> {
  const whole = PERSON_FIELDS.map(
    (field) => `SELECT '${field}' AS kind, ${field} AS value FROM intake_patient`,
  );
  const words = WORD_FIELDS.map(
    (field) => `SELECT '${field}', unnest(string_split(${field}, ' ')) FROM intake_patient`,
  );
  // A date and a telephone number stand in other spellings too.
  const spelt = [
    "SELECT 'birth_date', replace(birth_date, '-', '') FROM intake_patient WHERE length(birth_date) = 10",
    "SELECT 'birth_date', strftime(TRY_CAST(birth_date AS DATE), '%m/%d/%Y') FROM intake_patient WHERE length(birth_date) = 10",
    "SELECT 'phone', regexp_replace(phone, '[^0-9]', '', 'g') FROM intake_patient",
    "SELECT 'ssn', regexp_replace(ssn, '[^0-9]', '', 'g') FROM intake_patient",
    "SELECT 'telecom', regexp_replace(value, '[^0-9]', '', 'g') FROM intake_identifier WHERE kind = 'telecom' AND NOT contains(value, '@')",
  ];
  const keys = KEY_FIELDS.map(([table, field]) => `SELECT '${field}', ${field} FROM ${table}`);
  const further = [
    "SELECT kind, value FROM intake_identifier",
    "SELECT kind, unnest(string_split(value, ' ')) FROM intake_identifier WHERE kind = 'name'",
    "SELECT 'device', device FROM intake_observation",
  ];
  // Texts that matched no answer list; those that did are the list's own words.
  const free = `SELECT 'free text', r.answer_text FROM mapped_response m JOIN said r USING (said)
    WHERE m.reason = 'MAPPING_FREE_TEXT'`;
  await db.run(`CREATE OR REPLACE TEMP TABLE identifier AS
    SELECT DISTINCT kind, lower(trim(value)) AS value FROM (${[...whole, ...words, ...spelt, ...keys, ...further, free].join(" UNION ALL ")})
    WHERE length(trim(value)) >= 3`);
}
