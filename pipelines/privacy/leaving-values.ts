import { basename } from "node:path";
import { countTables } from "../../warehouse/count-tables.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import {
  holderOf,
  isPackable,
  isPacked,
  KEY,
  type PackedTable,
  SHARED,
  STATEMENTS,
} from "../../warehouse/packed.ts";
import { TABLE_NAMES, type TableName, tableShape } from "../../warehouse/schema.ts";
import { ident, text, textList } from "../../warehouse/sql.ts";
import { CLOSED_LISTS } from "./actions.ts";
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
  const held = tables.filter((table) => rows[table] !== 0);
  const packed = (await isPacked(db, leaving.store)) ? held.filter(isPackable) : [];
  for (const table of held) {
    const columns = await columnsOf(table, async (column) =>
      isPackable(table) && packed.includes(table)
        ? packedValues(leaving.store, table, column, packed)
        : wholeValues(db, leaving.store, table, column),
    );
    if (columns) await db.run(`INSERT INTO leaving_value ${columns}`);
  }
  await insertTexts(db, leaving);
  if (leaving.brokerFile)
    await db.run(`INSERT INTO leaving_value ${inBrokerFile(leaving.brokerFile)}`);
  await db.run(
    `DELETE FROM leaving_value WHERE value IN ${textList(OWN_WORDS)} OR value IN (SELECT lower(closed) FROM (${CLOSED_LISTS}) AS list(closed) WHERE closed IS NOT NULL)`,
  );
}

/** `values` are the queries of a column's different values, in lower case. */
async function columnsOf(
  table: TableName,
  values: (column: string) => Promise<string[]>,
): Promise<string> {
  const texts = Object.entries(tableShape(table).columns).filter(
    ([column, { type }]) => type === "text" && column !== "datamartid",
  );
  const selects: string[] = [];
  for (const [column] of texts) {
    const isCode = CODE_COLUMNS.includes(`${table}.${column}`)
      ? `WHEN regexp_full_match(value, '${CODE}') THEN 'code'`
      : "";
    selects.push(
      ...(await values(column)).map(
        (part) => `SELECT ${text(table)}, ${text(column)}, value,
        CASE WHEN regexp_full_match(value, '${tokenShape(table, column)}') THEN 'token' ${isCode} ELSE 'text' END
      FROM (${part})`,
      ),
    );
  }
  return selects.join("\nUNION ALL ");
}

async function wholeValues(db: DuckDb, store: string, table: TableName, column: string) {
  const rows = `${ident(store)}.${ident(table)}`;
  return column === KEY ? placedParts(db, rows) : [different(column, rows)];
}

/** Of a packed store what is kept is searched, which is all that its rows say; what `packed` tables share, with the first of them. */
function packedValues(
  store: string,
  table: PackedTable,
  column: string,
  packed: readonly PackedTable[],
): string[] {
  const first = packed.find((one) => column in tableShape(one).columns);
  if (SHARED.includes(column) && table !== first) return [];
  const holder = different(column, `${ident(store)}.${holderOf(column)}`);
  return column === KEY ? [holder, different("place", `${ident(store)}.${STATEMENTS}`)] : [holder];
}

// Nulls are left out where rows are read: a condition on `value` would be asked of each row again, below the DISTINCT.
const different = (column: string, rows: string) =>
  `SELECT DISTINCT lower(${ident(column)}) AS value FROM ${rows} WHERE ${ident(column)} IS NOT NULL`;

/**
 * Administrations' tokens, and the places of their rows in them: together they are as many as there are rows, and apart a tenth of
 * them. A key that is no token with a place stays whole.
 */
async function placedParts(db: DuckDb, rows: string): Promise<string[]> {
  const key = ident(KEY);
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
