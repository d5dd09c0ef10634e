import type { DuckDb } from "./duckdb.ts";
import { type TableName, tableShape } from "./schema.ts";
import { ident, text } from "./sql.ts";

/**
 * How a site's store keeps administrations, answers and scores. Millions of rows say a few hundred things, so what a row says is kept
 * once, and so is what the rows of an administration share; a row is the two numbers, and the tables are views. A hub's warehouse
 * keeps whole rows: it gets differences, and analysts index it.
 */
export const PACKED_TABLES = ["pro_collection", "pro_cm", "pro_cm_detail"] as const;
export type PackedTable = (typeof PACKED_TABLES)[number];

/** What all rows of an administration share; of a row's key, the token before the place. */
export const ADMINISTRATIONS = "packed_administration";
/** What a row says: its place in the administration, the second half of its key, and all other columns. */
export const STATEMENTS = "packed_statement";

/** The key of a row: the token of its administration and its place in it, `<pro_seq>.item.PHQ9_1`. */
export const KEY = "pro_cm_id";
/** The first half of the key in `packed_administration a`, where it is null unless it is another token than PRO_SEQ. */
export const keyTokenSql = (a: string) => `coalesce(${a}.${KEY}, ${a}.pro_seq)`;
export const SHARED: readonly string[] = [
  ...["datamartid", KEY, "pro_seq", "patid", "encounterid", "pro_date", "pro_time"],
  "pro_requestid",
];

export const isPackable = (table: TableName): table is PackedTable =>
  (PACKED_TABLES as readonly TableName[]).includes(table);

/** The table of a packed table's rows: administration and statement. */
export const rowsOf = (table: PackedTable) => `${table}_row`;

/** The table of whole rows of before, empty: with its types and what must not be null. */
const plain = (table: PackedTable) => `plain_${table}`;

/** All tables of a packed store that are of its packing. */
export const isPart = (name: string) => PARTS.has(name);
const PARTS = new Set([
  ADMINISTRATIONS,
  STATEMENTS,
  ...PACKED_TABLES.flatMap((table) => [rowsOf(table), plain(table)]),
]);
const columnsOf = (table: PackedTable) => Object.keys(tableShape(table).columns);

/** The columns of a table that its rows share with their administration. */
export const sharedColumns = (table: PackedTable) =>
  columnsOf(table).filter((column) => SHARED.includes(column));

/** The columns of a table that are a statement's. */
export const statedColumns = (table: PackedTable) =>
  columnsOf(table).filter((column) => !SHARED.includes(column));

/** The columns of all statements. A table's columns of one name hold the same in another. */
export const STATED = [...new Set(PACKED_TABLES.flatMap(statedColumns))];

/** Where the values of a packed table's column are: each once, or once an administration. */
export function holderOf(column: string): string {
  return SHARED.includes(column) ? ADMINISTRATIONS : STATEMENTS;
}

/** The tables that hold a packed table. */
interface Parts {
  rows: string;
  administrations: string;
  statements: string;
}

/** Those of a store; `prefix` names the database: `new_store.`. Without one they are of the same database as the view that reads them. */
export const partsOf = (table: PackedTable, prefix = ""): Parts => ({
  rows: prefix + rowsOf(table),
  administrations: prefix + ADMINISTRATIONS,
  statements: prefix + STATEMENTS,
});

/** The rows of a packed table with their two numbers; of several, those of the first with the columns of all. */
export function packedSql(
  tables: PackedTable | readonly PackedTable[],
  parts = partsOf([tables].flat()[0] as PackedTable),
): string {
  const all = new Set([tables].flat().flatMap((table) => columnsOf(table)));
  const columns = [...all].map((column) => {
    if (column === KEY) return `${keyTokenSql("a")} || coalesce('.' || s.place, '') AS ${KEY}`;
    return `${SHARED.includes(column) ? "a" : "s"}.${ident(column)}`;
  });
  return `SELECT administration, statement, ${columns.join(", ")}
  FROM ${parts.rows} r JOIN ${parts.administrations} a USING (administration) JOIN ${parts.statements} s USING (statement)`;
}

export async function isPacked(db: DuckDb, store?: string): Promise<boolean> {
  const of = store === undefined ? "current_database()" : text(store);
  const tables = await db.all(
    `SELECT 1 FROM duckdb_tables() WHERE table_name = '${STATEMENTS}' AND database_name = ${of}`,
  );
  return tables.length > 0;
}

/** Packs a store of whole rows, the newest in schema; one that is packed stays as it is. `store` is the name under which it is attached. */
export async function pack(db: DuckDb, store: string): Promise<void> {
  if (await isPacked(db, store)) return;
  const prefix = `${ident(store)}.`;
  const none = `FROM ${PACKED_TABLES.map((table) => prefix + table).join(", ")} LIMIT 0`;
  const typed = (columns: readonly string[]) =>
    columns.map(
      (column) =>
        `${PACKED_TABLES.find((table) => columnsOf(table).includes(column))}.${ident(column)}`,
    );
  await db.run(
    `CREATE TABLE ${prefix}${ADMINISTRATIONS} AS SELECT 0::INTEGER AS administration, ${typed(SHARED).join(", ")} ${none}`,
  );
  await db.run(
    `CREATE TABLE ${prefix}${STATEMENTS} AS SELECT 0::INTEGER AS statement, ''::VARCHAR AS place, ${typed(STATED).join(", ")} ${none}`,
  );
  for (const table of PACKED_TABLES) {
    await db.run(
      `CREATE TABLE ${prefix}${rowsOf(table)} (administration INTEGER NOT NULL, statement INTEGER NOT NULL)`,
    );
    await db.run(`ALTER TABLE ${prefix}${table} RENAME TO ${plain(table)}`);
    await db.run(
      `CREATE VIEW ${prefix}${table} AS SELECT * EXCLUDE (administration, statement) FROM (${packedSql(table)})`,
    );
    await packRows(db, store, table);
    await db.run(`DELETE FROM ${prefix}${plain(table)}`);
  }
}

/** Puts the whole rows of a table into the packed tables. */
async function packRows(db: DuckDb, store: string, table: PackedTable): Promise<void> {
  const prefix = `${ident(store)}.`;
  const token = `* REPLACE (split_part(${KEY}, '.', 1) AS ${KEY}), CASE WHEN contains(${KEY}, '.') THEN substr(${KEY}, strpos(${KEY}, '.') + 1) END`;
  const split = columnsOf(table).includes(KEY) ? token : "*, NULL::VARCHAR";
  await db.run(`CREATE OR REPLACE TEMP TABLE unpacked AS
    SELECT ${split} AS place FROM ${prefix}${plain(table)}`);
  const administrations = await addDifferent(db, `${prefix}${ADMINISTRATIONS}`, {
    number: "administration",
    rows: `SELECT ${sharedColumns(table).map(ident).join(", ")} FROM unpacked`,
  });
  const statements = await addDifferent(db, `${prefix}${STATEMENTS}`, {
    number: "statement",
    rows: `SELECT ${["place", ...statedColumns(table)].map(ident).join(", ")} FROM unpacked`,
  });
  await db.run(`INSERT INTO ${prefix}${rowsOf(table)}
    SELECT a.administration, s.statement FROM unpacked u
    JOIN (${administrations}) a ON ${same("a", "u", sharedColumns(table))}
    JOIN (${statements}) s ON ${same("s", "u", ["place", ...statedColumns(table)])}`);
  await db.run("DROP TABLE unpacked");
}

/** Adds the different rows of a query under numbers of their own; returns the query of what was added. */
async function addDifferent(
  db: DuckDb,
  target: string,
  { number, rows }: { number: string; rows: string },
): Promise<string> {
  const from = await nextNumber(db, target, number);
  await db.run(`INSERT INTO ${target} BY NAME
    SELECT (${from} + row_number() OVER () - 1)::INTEGER AS ${number}, * FROM (SELECT DISTINCT * FROM (${rows}))`);
  return `FROM ${target} WHERE ${number} >= ${from}`;
}

/** The first number that no row of a packed store's table has. */
export async function nextNumber(db: DuckDb, target: string, number: string): Promise<number> {
  const { next } = await db.one<{ next: number }>(
    `SELECT coalesce(max(${number}) + 1, 0)::INTEGER AS next FROM ${target}`,
  );
  return next;
}

/** Whether two rows are equal in these columns, null with null. */
export function same(one: string, other: string, columns: readonly string[]): string {
  return columns
    .map((column) => `${one}.${ident(column)} IS NOT DISTINCT FROM ${other}.${ident(column)}`)
    .join(" AND ");
}

/** Gives a packed store whole rows again: a migration and a new key change them as those of a warehouse. */
export async function unpack(db: DuckDb): Promise<void> {
  if (!(await isPacked(db))) return;
  for (const table of PACKED_TABLES) {
    await db.run(
      `INSERT INTO ${plain(table)} BY NAME SELECT * EXCLUDE (administration, statement) FROM (${packedSql(table)})`,
    );
    await db.run(`DROP VIEW ${table}`);
    await db.run(`ALTER TABLE ${plain(table)} RENAME TO ${table}`);
  }
  for (const table of [...PACKED_TABLES.map(rowsOf), ADMINISTRATIONS, STATEMENTS])
    await db.run(`DROP TABLE ${table}`);
}

/** Removes what no row of a packed store says any more. */
export async function dropUnsaid(db: DuckDb, store: string): Promise<void> {
  const prefix = `${ident(store)}.`;
  for (const [table, number] of [
    [ADMINISTRATIONS, "administration"],
    [STATEMENTS, "statement"],
  ] as const) {
    const used = PACKED_TABLES.map((one) => `SELECT ${number} FROM ${prefix}${rowsOf(one)}`);
    await db.run(`DELETE FROM ${prefix}${table} WHERE ${number} NOT IN (${used.join(" UNION ")})`);
  }
}
