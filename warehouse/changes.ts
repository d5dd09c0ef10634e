import type { DuckDb } from "./duckdb.ts";
import { isPackable, isPacked, packedSql, partsOf } from "./packed.ts";
import { TABLE_NAMES, type TableName, tableShape } from "./schema.ts";
import { ident, text } from "./sql.ts";

/**
 * What changed in a site's store since it was last sealed. Whoever changes rows notes them here first; what a row was then stays noted
 * until the next sealing. A checksum over the whole table tells whether somebody forgot: then a full submission is sent.
 */

/** Columns that name a row for good: its key, and the person, by whom rows are spread over machines. */
export function identityOf(table: TableName): string[] {
  const { key, columns } = tableShape(table);
  return "patid" in columns && !key.includes("patid") ? [...key, "patid"] : [...key];
}

const changeTable = (table: TableName) => `propool_change_${table}`;

/**
 * Notes rows that are about to be changed, removed or added: the first note after a sealing keeps the row's content as it was sealed.
 *
 * `touched` is a query of the identity columns; `store` the name under which the store is attached. With `isNew` the rows are
 * there already and were not before.
 */
export async function noteRows(
  db: DuckDb,
  options: { store: string; table: TableName; touched: string; isNew?: boolean },
): Promise<void> {
  const { store, table, touched, isNew = false } = options;
  const identity = identityOf(table).map(ident).join(", ");
  const target = `${ident(store)}.${ident(table)}`;
  const noted = await ensureNotes(db, store, table);
  const content = isNew
    ? "NULL::UBIGINT AS sealed FROM fresh f"
    : `r.sealed FROM fresh f LEFT JOIN (SELECT ${identity}, ${rowHash(table)} AS sealed FROM ${target}
       SEMI JOIN fresh USING (${identity})) r USING (${identity})`;
  await db.run(`INSERT INTO ${noted}
    WITH fresh AS (SELECT DISTINCT ${identity} FROM (${touched}) ANTI JOIN ${noted} USING (${identity}))
    SELECT ${identityOf(table)
      .map((column) => `f.${ident(column)}`)
      .join(", ")}, ${content}`);
}

/** Deletes the rows of a store for which `where` holds, and notes them unless nothing was sealed yet. */
export async function removeRows(
  db: DuckDb,
  options: { store: string; table: TableName; where: string; isNoted: boolean },
): Promise<void> {
  const { store, table, where, isNoted } = options;
  const target = `${ident(store)}.${ident(table)}`;
  if (isNoted)
    await noteRows(db, { store, table, touched: `SELECT * FROM ${target} WHERE ${where}` });
  if (!isPackable(table) || !(await isPacked(db, store))) {
    await db.run(`DELETE FROM ${target} WHERE ${where}`);
    return;
  }
  const parts = partsOf(table, `${ident(store)}.`);
  await db.run(`DELETE FROM ${parts.rows} WHERE (administration, statement) IN (
    SELECT (administration, statement) FROM (${packedSql(table, parts)}) WHERE ${where})`);
}

async function ensureNotes(db: DuckDb, store: string, table: TableName): Promise<string> {
  const name = `${ident(store)}.${ident(changeTable(table))}`;
  const identity = identityOf(table).map(ident).join(", ");
  await db.run(
    `CREATE TABLE IF NOT EXISTS ${name} AS SELECT ${identity}, 0::UBIGINT AS sealed FROM ${ident(store)}.${ident(table)} LIMIT 0`,
  );
  return name;
}

/** Rows of a table and the sum of their hashes, as decimal text: equal for equal rows in any order. */
export interface TableSum {
  rows: number;
  sum: string;
}

/** The sums of all tables. `rows` of each are known. */
export async function tableSums(
  db: DuckDb,
  rows: Record<TableName, number>,
): Promise<Record<TableName, TableSum>> {
  const held = TABLE_NAMES.filter((table) => rows[table] > 0);
  const arms = held.map(
    (table) =>
      `SELECT ${text(table)} AS name, CAST(sum(CAST(${rowHash(table)} AS HUGEINT)) AS VARCHAR) AS sum FROM ${ident(table)}`,
  );
  const found = await db.all<{ name: string; sum: string }>(arms.join(" UNION ALL ") || NONE);
  const sums = new Map(found.map(({ name, sum }) => [name, sum]));
  const of = (table: TableName) => ({ rows: rows[table], sum: sums.get(table) ?? "0" });
  return Object.fromEntries(TABLE_NAMES.map((table) => [table, of(table)])) as Record<
    TableName,
    TableSum
  >;
}

const NONE = "SELECT NULL AS name, NULL AS sum WHERE false";

/** The tables of which a row was noted since the last sealing. */
export async function notedTables(db: DuckDb): Promise<ReadonlySet<TableName>> {
  const rows = await db.all<{ name: string }>(
    "SELECT table_name AS name FROM duckdb_tables() WHERE database_name = current_database()",
  );
  const names = new Set(rows.map(({ name }) => name));
  return new Set(TABLE_NAMES.filter((table) => names.has(changeTable(table))));
}

/**
 * Makes the temporary table `difference_<table>`: all columns and `change` (added, changed, removed), for every noted row whose content is
 * not what was sealed. A removed row has its identity only. Returns null when the notes do not explain what the table is now.
 *
 * In: the table's notes.
 */
export async function drawDifference(
  db: DuckDb,
  table: TableName,
  sums: { sealed: TableSum; now: TableSum },
): Promise<ChangeCounts | null> {
  const identity = identityOf(table).map(ident).join(", ");
  const noted = ident(changeTable(table));
  const columns = Object.keys(tableShape(table).columns);
  await db.run(`CREATE OR REPLACE TEMP TABLE touched AS
    SELECT n.sealed, t.* EXCLUDE (${identity}), t.now, n.* EXCLUDE (sealed)
    FROM ${noted} n LEFT JOIN (SELECT *, ${rowHash(table)} AS now FROM ${ident(table)} SEMI JOIN ${noted} USING (${identity})) t USING (${identity})`);
  const proof = await db.one<{ rows: number; sum: string }>(`SELECT
    CAST(count(now) AS DOUBLE) - CAST(count(sealed) AS DOUBLE) AS rows,
    CAST(coalesce(sum(CAST(now AS HUGEINT)), 0) - coalesce(sum(CAST(sealed AS HUGEINT)), 0) AS VARCHAR) AS sum FROM touched`);
  const isExplained =
    sums.sealed.rows + proof.rows === sums.now.rows &&
    BigInt(sums.sealed.sum) + BigInt(proof.sum) === BigInt(sums.now.sum);
  if (!isExplained) return null;
  await db.run(`CREATE OR REPLACE TEMP TABLE ${ident(differenceTable(table))} AS
    SELECT CASE WHEN sealed IS NULL THEN 'added' WHEN now IS NULL THEN 'removed' ELSE 'changed' END AS change,
      ${columns.map(ident).join(", ")}
    FROM touched WHERE sealed IS DISTINCT FROM now`);
  return db.one<ChangeCounts>(
    `SELECT ${CHANGES.map((change) => `CAST(count(*) FILTER (change = ${text(change)}) AS DOUBLE) AS ${change}`).join(", ")} FROM ${ident(differenceTable(table))}`,
  );
}

export const differenceTable = (table: TableName) => `difference_${table}`;

export const CHANGES = ["added", "changed", "removed"] as const;
export type ChangeCounts = Record<(typeof CHANGES)[number], number>;

/** From now on changes are counted from what the store holds now. */
export async function forgetNotes(db: DuckDb): Promise<void> {
  for (const table of await notedTables(db))
    await db.run(`DROP TABLE ${ident(changeTable(table))}`);
}

function rowHash(table: TableName): string {
  return `hash(${Object.keys(tableShape(table).columns).map(ident).join(", ")})`;
}
