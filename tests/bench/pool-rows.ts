import { noteRows } from "../../warehouse/changes.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { createSchema } from "../../warehouse/migrate.ts";
import type { TableName } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";

/** Rows of all tables for one filled PHQ-9: nine answers, the total, what describes each of them, and the administration. */
export const ROWS_A_FORM = 21;
/** Each person has a row in DEMOGRAPHIC and one in HASH_TOKEN. */
const FORMS_A_PERSON = 4;

/** So many rows need so many forms. */
export const formsFor = (rows: number) => Math.ceil(rows / (ROWS_A_FORM + 2 / FORMS_A_PERSON));

/** A site's store with the rows of invented PHQ-9 forms, of the width and the randomness that a night writes. */
export async function fillStore(file: string, site: string, forms: number): Promise<void> {
  const db = await DuckDb.open(file);
  try {
    await createSchema(db);
    await db.run("SET preserve_insertion_order = false");
    for (const [table, rows] of Object.entries({
      ...people(site, forms),
      ...answers(site, [0, forms]),
    }))
      await db.run(`INSERT INTO ${ident(table)} BY NAME ${rows}`);
    await db.run(`INSERT INTO harvest (datamartid, networkid) VALUES (${text(site)}, 'BENCH')`);
    await db.run("CHECKPOINT");
  } finally {
    db.close();
  }
}

/** More forms of people who are there, noted as a night notes them. */
export async function addForms(
  file: string,
  site: string,
  [from, to]: [number, number],
): Promise<void> {
  const db = await DuckDb.open(file);
  try {
    const [{ store } = { store: "" }] = await db.all<{ store: string }>(
      "SELECT current_database() AS store",
    );
    for (const [name, rows] of Object.entries(answers(site, [from, to], from))) {
      const table = name as TableName;
      await db.run(`INSERT INTO ${ident(table)} BY NAME ${rows}`);
      await noteRows(db, { store, table, touched: rows, isNew: true });
    }
    await db.run("CHECKPOINT");
  } finally {
    db.close();
  }
}

/** 32 digits like those of a token, of a number and a purpose. */
const token = (site: string, purpose: string, value: string) =>
  `md5(${text(`${site}/${purpose}/`)} || ${value})`;

const person = (site: string, form: string) =>
  token(site, "person", `(${form} // ${FORMS_A_PERSON})`);

function people(site: string, forms: number): Partial<Record<TableName, string>> {
  const count = Math.ceil(forms / FORMS_A_PERSON);
  const each = `FROM range(${count}) AS people(i)`;
  const patid = `${token(site, "person", "i")} AS patid, ${text(site)} AS datamartid`;
  // Every twentieth person attends all sites.
  const known = `CASE WHEN i % 20 = 0 THEN 'all' ELSE ${text(site)} END || i`;
  return {
    demographic: `SELECT ${patid}, DATE '1940-01-01' + CAST(hash(i) % 20000 AS INTEGER) AS birth_date,
      CASE WHEN hash(i) % 2 = 0 THEN 'F' ELSE 'M' END AS sex, 'N' AS hispanic, '05' AS race ${each}`,
    hash_token: `SELECT ${patid}, 'pro-token-v1/BENCH/1/0123456789abcdef' AS token_encryption_key,
      ${[1, 2, 3, 4, 5, 6].map((n) => `left(base64(encode(sha256('${n}' || ${known}))), 43) AS token_0${n}`).join(", ")} ${each}`,
  };
}

/** The form with the number `firstPersonAt` is of the first person. */
function answers(
  site: string,
  [from, to]: [number, number],
  firstPersonAt = 0,
): Partial<Record<TableName, string>> {
  const forms = `SELECT ${text(site)} AS datamartid, f, ${person(site, `(f - ${firstPersonAt})`)} AS patid, ${token(site, "form", "f")} AS pro_seq,
    DATE '2023-01-01' + CAST(hash(f, 1) % 700 AS INTEGER) AS pro_date,
    lpad(CAST(8 + hash(f, 2) % 10 AS VARCHAR), 2, '0') || ':' || lpad(CAST(hash(f, 3) % 60 AS VARCHAR), 2, '0') AS pro_time,
    [CAST(hash(f, 10 + k) % 4 AS INTEGER) FOR k IN range(9)] AS values
    FROM range(${from}, ${to}) AS forms(f)`;
  const rows = `SELECT *, ${token(site, "row", "f || '/' || n")} AS pro_cm_id, n < 9 AS is_item,
    CASE WHEN n < 9 THEN values[n + 1] ELSE CAST(list_sum(values) AS INTEGER) END AS value
    FROM (SELECT unnest(range(10)) AS n, * FROM (${forms}))`;
  return {
    pro_cm: `SELECT datamartid, pro_cm_id, patid, pro_date, pro_time, 'LC' AS pro_type,
      CASE WHEN is_item THEN 'PHQ9_' || (n + 1) ELSE 'PHQ-9 total' END AS pro_name,
      CASE WHEN is_item THEN '442' || (50 + n) || '-' || n ELSE '44261-6' END AS pro_code,
      CASE WHEN is_item THEN ['Not at all', 'Several days', 'More than half the days', 'Nearly every day'][value + 1] END AS pro_response_text,
      value AS pro_response_num, 'EC' AS pro_method, 'SF' AS pro_mode, 'N' AS pro_cat, 'OD' AS pro_source, pro_seq,
      'item ' || n || ' of the depression questionnaire' AS pro_fullname FROM (${rows})`,
    pro_cm_detail: `SELECT datamartid, pro_cm_id, patid, pro_seq, 'phq-9' AS instrument,
      CASE WHEN is_item THEN 'item' ELSE 'score' END AS kind, CASE WHEN is_item THEN 'PHQ9_' || (n + 1) ELSE 'total' END AS name,
      CASE WHEN is_item THEN 'reported' ELSE 'computed' END AS origin, CASE WHEN NOT is_item THEN 'computed' END AS status,
      true AS preferred, CASE WHEN NOT is_item THEN 'raw' END AS scale, CASE WHEN NOT is_item THEN 0 END AS decimals,
      CASE WHEN NOT is_item THEN 0 END AS items_missing, CASE WHEN NOT is_item THEN false END AS prorated,
      CASE WHEN NOT is_item THEN 'high' END AS confidence, CASE WHEN is_item THEN 'answered' END AS answer_state,
      CASE WHEN NOT is_item THEN 'moderate' END AS severity, CASE WHEN NOT is_item THEN 'worse' END AS direction FROM (${rows})`,
    pro_collection: `SELECT datamartid, pro_seq, patid, 'phq-9' AS instrument, pro_date, pro_time, 'complete' AS completion_status,
      'EC' AS pro_method, 'SF' AS pro_mode, 'N' AS pro_cat, 'OD' AS pro_source, 'en' AS language, 9 AS items_answered, 9 AS items_expected,
      'patient' AS responder, ${ORIGINS.map((name) => `'stated' AS ${name}_origin`).join(", ")} FROM (${forms})`,
  };
}

const ORIGINS = [
  "pro_date",
  "pro_method",
  "pro_mode",
  "pro_cat",
  "pro_source",
  "language",
  "channel",
  "setting",
  "facility_type",
  "responder",
  "patid",
  "specialty",
];
