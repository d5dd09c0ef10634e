import { basename } from "node:path";
import { countTables } from "../../warehouse/count-tables.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES, type TableName, tableShape } from "../../warehouse/schema.ts";
import { ident, text, textList } from "../../warehouse/sql.ts";
import { CLOSED_LISTS } from "./actions.ts";
import { PLACED } from "./profile.ts";
import { TOKEN_LENGTH } from "./tokens.ts";

/** What is about to leave a site. */
export interface Leaving {
  /** The database name under which the new store is attached. */
  store: string;
  /** Those of its tables that leave; left out: all. */
  tables?: readonly TableName[];
  /** Further texts in JSON, such as a manifest. */
  texts: { name: string; content: string }[];
  /** Parquet files that are about to leave; their rows are in `store`, what else they say is searched as text. */
  files?: readonly string[];
  /** The readable file for the linkage broker. */
  brokerFile?: string | undefined;
  /** The site's own words in those texts: its id, the day of the run. They say nothing about a patient. */
  known: readonly string[];
}

/** Columns of codes that the source gives: what looks like one of ICD-9, ICD-10, CPT, SNOMED or a language tag is one. */
const CODE_COLUMNS = [
  "condition.condition",
  "procedures.px",
  "pro_collection.language",
  "obs_clin.obsclin_result_snomed",
  "partial_date.date_value",
];
const CODE =
  "[0-9]{3,18}|[0-9]{4}-[0-9]{2}|[0-9]{3}\\.[0-9]{1,2}|[a-z][0-9][0-9a-z](\\.?[0-9a-z]{1,4})?|[a-z]{2,3}(-[a-z0-9]{2,8})*";

/** The words that propool itself writes into the companion tables. Source: mappings/cdm/companion.csv. */
const OWN_WORDS = [
  ...["stated", "derived", "assumed", "unknown"],
  ...["complete", "incomplete", "patient", "proxy", "clinician", "device"],
  ...["item", "score", "reported", "computed", "linked", "narrative"],
  ...["match", "mismatch", "explained", "unverifiable", "not_computed", "better", "worse"],
  ...["prorated", "partial_sum", "rounded", "other_version", "offset", "reversed"],
  ...["too_many_missing", "quarantined_answer", "no_table_for_version"],
  ...["draft", "open", "completed", "cancelled", "order", "task", "message"],
  ...["obs_gen", "obs_clin"],
  ...["answered", "skipped", "not_shown", "not_collected"],
  // PARTIAL_DATE names tables and columns.
  ...TABLE_NAMES.flatMap((table) => [table, ...dateColumns(table)]),
];

function dateColumns(table: TableName): string[] {
  const columns = Object.entries(tableShape(table).columns);
  return columns.filter(([, { type }]) => type === "date").map(([column]) => column);
}

/**
 * Fills the temporary table `leaving_value` (table_name, column_name, value in lower case, shape: token, code or text) with the
 * different texts of the new store, those of closed lists left out.
 *
 * In: `catalogue_*`, `word`, `value_set`, `observation_code`.
 */
export async function createLeavingValues(db: DuckDb, leaving: Leaving): Promise<void> {
  await db.run(
    "CREATE OR REPLACE TEMP TABLE leaving_value (table_name VARCHAR, column_name VARCHAR, value VARCHAR, shape VARCHAR)",
  );
  // HARVEST holds the site's own configuration.
  const tables = (leaving.tables ?? TABLE_NAMES).filter((name) => name !== "harvest");
  const rows = await countTables(db, tables, leaving.store);
  for (const table of tables) {
    if (rows[table] === 0) continue;
    await db.run(`INSERT INTO leaving_value ${await columnsOf(db, table, leaving.store)}`);
  }
  await insertTexts(db, leaving);
  if (leaving.brokerFile)
    await db.run(`INSERT INTO leaving_value ${inBrokerFile(leaving.brokerFile)}`);
  await db.run(
    `DELETE FROM leaving_value WHERE value IN ${textList(OWN_WORDS)} OR value IN (SELECT lower(closed) FROM (${CLOSED_LISTS}) AS list(closed) WHERE closed IS NOT NULL)`,
  );
}

async function columnsOf(db: DuckDb, table: TableName, store: string): Promise<string> {
  const rows = `${ident(store)}.${ident(table)}`;
  const texts = Object.entries(tableShape(table).columns).filter(
    ([column, { type }]) => type === "text" && column !== "datamartid",
  );
  const selects: string[] = [];
  for (const [column] of texts) {
    const isCode = CODE_COLUMNS.includes(`${table}.${column}`)
      ? `WHEN regexp_full_match(value, '${CODE}') THEN 'code'`
      : "";
    const parts =
      column === PLACED.purpose
        ? await placedParts(db, rows)
        : [
            `SELECT DISTINCT lower(${ident(column)}) AS value FROM ${rows} WHERE ${ident(column)} IS NOT NULL`,
          ];
    // Nulls are left out where rows are read: a condition on `value` would be asked of each row again, below the DISTINCT.
    selects.push(
      ...parts.map(
        (part) => `SELECT ${text(table)}, ${text(column)}, value,
        CASE WHEN regexp_full_match(value, '${tokenShape(table, column)}') THEN 'token' ${isCode} ELSE 'text' END
      FROM (${part})`,
      ),
    );
  }
  return selects.join("\nUNION ALL ");
}

/**
 * Administrations' tokens, and the places of their rows in them: together they are as many as there are rows, and apart a tenth of
 * them. A key that is no token with a place stays whole.
 */
async function placedParts(db: DuckDb, rows: string): Promise<string[]> {
  const key = ident(PLACED.purpose);
  const place = `substr(${key}, ${TOKEN_LENGTH + 2})`;
  const token = `left(token, ${TOKEN_LENGTH})`;
  await db.run(
    `CREATE OR REPLACE TEMP TABLE leaving_token AS SELECT DISTINCT left(${key}, ${TOKEN_LENGTH + 1}) AS token FROM ${rows} WHERE ${key} IS NOT NULL`,
  );
  const { isPlaced } = await db.one<{ isPlaced: boolean | null }>(
    `SELECT bool_and(ends_with(token, '.')) AS "isPlaced" FROM leaving_token`,
  );
  // Hardly any store has other keys. Where it has, each row is asked.
  const isOwn = isPlaced ? `${key} IS NOT NULL` : `substr(${key}, ${TOKEN_LENGTH + 1}, 1) = '.'`;
  const placed = [
    `SELECT lower(${token}) AS value FROM leaving_token WHERE ends_with(token, '.')`,
    `SELECT DISTINCT lower(place) AS value FROM (SELECT DISTINCT ${place} AS place FROM ${rows} WHERE ${isOwn})`,
  ];
  if (isPlaced) return placed;
  const whole = `SELECT DISTINCT lower(${key}) AS value FROM ${rows} WHERE substr(${key}, ${TOKEN_LENGTH + 1}, 1) <> '.'`;
  return [...placed, whole];
}

/** Lower case, as all leaving values. The name of a linkage key is the site's own. */
function tokenShape(table: TableName, column: string): string {
  if (table !== "hash_token" || column === "patid") return "[0-9a-f]{32}";
  return column === "token_encryption_key" ? "pro-token-v1/.*" : "[a-z0-9_-]{43}";
}

/** What should stand in each column of the broker's file; anything else is a text as others are. `site` is the site's own. */
const BROKER_SHAPES = {
  patid: "[0-9a-f]{32}",
  encoding: "pro-clk-v1/.*",
  filter: "[a-z0-9+/]{43,}={0,2}",
};

function inBrokerFile(file: string): string {
  const rows = `read_csv(${text(file)}, all_varchar = true, header = true)`;
  const selects = Object.entries(BROKER_SHAPES).map(
    ([column, shape]) => `SELECT ${text(basename(file))}, ${text(column)}, value,
      CASE WHEN regexp_full_match(value, '${shape}') THEN 'token' ELSE 'text' END
    FROM (SELECT DISTINCT lower(${ident(column)}) AS value FROM ${rows})`,
  );
  return selects.join("\nUNION ALL ");
}

async function insertTexts(db: DuckDb, { texts, known }: Leaving): Promise<void> {
  for (const { name, content } of texts) {
    for (const [pointer, value] of leafTexts(JSON.parse(content))) {
      if (known.includes(value)) continue;
      // Digests and fingerprints say nothing but could contain a short number by chance.
      const shape = /^([0-9a-f]{16}|[0-9a-f]{64})$/.test(value) ? "token" : "text";
      await db.run("INSERT INTO leaving_value VALUES (?, ?, lower(?), ?)", [
        name,
        pointer,
        value,
        shape,
      ]);
    }
  }
}

function* leafTexts(value: unknown, pointer = ""): Generator<[string, string]> {
  if (typeof value === "string") yield [pointer, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, one] of Object.entries(value)) yield* leafTexts(one, `${pointer}/${key}`);
}
