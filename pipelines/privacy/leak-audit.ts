import type { DuckDb } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES, tableShape } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { ProError } from "../core/errors.ts";

export interface LeakAudit {
  /** Different identifiers and free texts that were read this night. */
  identifiers: number;
  /** Different values about to leave in which they were searched. */
  values: number;
  /** What was found: always empty, because a find stops the night. */
  found: Leak[];
}

export interface Leak {
  table: string;
  column: string;
  /** Which kind of identifier, never the identifier. */
  kind: string;
}

/** Shorter texts say too little to be searched inside longer ones; they are compared as wholes. */
const INSIDE_LENGTH = 6;

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

const KEY_FIELDS = [
  ["intake_encounter", "encounter_key"],
  ["intake_condition", "condition_key"],
  ["intake_procedure", "procedure_key"],
  ["intake_administration", "source_id"],
] as const;

/**
 * Searches everything that is about to leave for everything identifying that was read this night: values equal to an identifier,
 * and values that contain one. Values of closed lists (the catalogue's labels, the CDM's codes) are no finds: they stand there
 * whoever the patients are.
 *
 * @param leaving the database schema name under which the new store is attached, and further texts such as a manifest
 * @throws ProError `DISCLOSURE_LEAK` naming table, column and kind of identifier.
 */
export async function auditLeaks(
  db: DuckDb,
  leaving: { store: string; texts: { name: string; content: string }[] },
): Promise<LeakAudit> {
  await createIdentifiers(db);
  await createLeavingValues(db, leaving);
  const found = await db.all<Leak>(`
    SELECT DISTINCT v.table_name AS table, v.column_name AS column, i.kind
    FROM leaving_value v JOIN identifier i ON i.value = v.value
    UNION
    SELECT DISTINCT v.table_name, v.column_name, i.kind
    FROM leaving_value v JOIN identifier i ON length(i.value) >= ${INSIDE_LENGTH} AND contains(v.value, i.value)
    WHERE NOT v.is_token
    ORDER BY ALL`);
  const { identifiers, values } = await db.one<{ identifiers: number; values: number }>(`
    SELECT (SELECT CAST(count(DISTINCT value) AS DOUBLE) FROM identifier) AS identifiers,
      (SELECT CAST(count(*) AS DOUBLE) FROM leaving_value) AS values`);
  const [first] = found;
  if (!first) return { identifiers, values, found };
  throw new ProError(
    "DISCLOSURE_LEAK",
    `an identifier (${first.kind}) stands in what is about to leave`,
    {
      where: { file: first.table, pointer: first.column },
      hint: "nothing was released; take the column out of the privacy profile or mend the mapping that fills it",
    },
  );
}

async function createIdentifiers(db: DuckDb): Promise<void> {
  const whole = PERSON_FIELDS.map(
    (field) => `SELECT '${field}' AS kind, ${field} AS value FROM intake_patient`,
  );
  const words = ["family_name", "given_name", "mrn"].map(
    (field) => `SELECT '${field}', unnest(string_split(${field}, ' ')) FROM intake_patient`,
  );
  const keys = KEY_FIELDS.map(([table, field]) => `SELECT '${field}', ${field} FROM ${table}`);
  // Texts that matched no answer list; those that did are the list's own words.
  const free = `SELECT 'free text', r.answer_text FROM intake_response r JOIN mapped_response m ON m.response_key = r.rowid
    WHERE m.reason = 'MAPPING_FREE_TEXT'`;
  await db.run(`CREATE TEMP TABLE identifier AS
    SELECT DISTINCT kind, lower(trim(value)) AS value FROM (${[...whole, ...words, ...keys, free].join(" UNION ALL ")})
    WHERE length(trim(value)) >= 3`);
}

async function createLeavingValues(
  db: DuckDb,
  { store, texts }: { store: string; texts: { name: string; content: string }[] },
): Promise<void> {
  await db.run(
    `CREATE TEMP TABLE leaving_value (table_name VARCHAR, column_name VARCHAR, value VARCHAR, is_token BOOLEAN)`,
  );
  for (const table of TABLE_NAMES) {
    for (const [column, shape] of Object.entries(tableShape(table).columns)) {
      if (shape.type !== "text" || column === "datamartid") continue;
      await db.run(`INSERT INTO leaving_value
        SELECT ${text(table)}, ${text(column)}, value, regexp_full_match(value, '[0-9a-f]{32}')
        FROM (SELECT DISTINCT lower(${ident(column)}) AS value FROM ${ident(store)}.${ident(table)} WHERE ${ident(column)} IS NOT NULL)`);
    }
  }
  for (const { name, content } of texts) {
    for (const [pointer, value] of leafTexts(JSON.parse(content))) {
      await db.run("INSERT INTO leaving_value VALUES (?, ?, lower(?), false)", [
        name,
        pointer,
        value,
      ]);
    }
  }
  // The site's own names and the closed lists are public; hex digests say nothing but could contain a short number by chance.
  await db.run(`DELETE FROM leaving_value WHERE table_name = 'harvest' OR regexp_full_match(value, '[0-9a-f]{16}|[0-9a-f]{64}')
    OR value IN (
      SELECT lower(label) FROM catalogue_answer UNION ALL SELECT lower(code) FROM catalogue_code UNION ALL SELECT lower(name) FROM catalogue_code
      UNION ALL SELECT lower(i.label) FROM catalogue_item i UNION ALL SELECT lower(version) FROM catalogue_instrument
      UNION ALL SELECT lower(i.name || ', ' || replace(s.score, '_', ' ')) FROM catalogue_score s JOIN catalogue_instrument i USING (instrument)
      UNION ALL SELECT lower(code) FROM word)`);
}

function* leafTexts(value: unknown, pointer = ""): Generator<[string, string]> {
  if (typeof value === "string") yield [pointer, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, one] of Object.entries(value)) yield* leafTexts(one, `${pointer}/${key}`);
}
