import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { RowCounts } from "./dialects/dialect.ts";
import type { DuckDb } from "./duckdb.ts";
import { type ColumnShape, TABLE_NAMES, type TableName, tableShape } from "./schema.ts";
import { ident, text } from "./sql.ts";

/**
 * The query of a table's rows in a submission, with all columns of the schema and `change`; null when it has none. A column that an
 * older propool did not write is null.
 */
export async function incomingQuery(
  db: DuckDb,
  table: TableName,
  directory: string,
): Promise<string | null> {
  const file = join(directory, `${table}.parquet`);
  if (!(await stat(file).catch(() => null))) return null;
  const found = await db.all<{ column_name: string }>(`DESCRIBE FROM read_parquet(${text(file)})`);
  const present = new Set(found.map(({ column_name }) => column_name));
  const columns = Object.entries(tableShape(table).columns).map(([name, shape]) =>
    present.has(name) ? ident(name) : `NULL::${duckDbType(shape)} AS ${ident(name)}`,
  );
  return `SELECT change, ${columns.join(", ")} FROM read_parquet(${text(file)})`;
}

/** The queries of all tables that a submission has rows of. */
export async function incomingQueries(
  db: DuckDb,
  directory: string,
): Promise<Map<TableName, string>> {
  const queries = new Map<TableName, string>();
  for (const table of TABLE_NAMES) {
    const query = await incomingQuery(db, table, directory);
    if (query !== null) queries.set(table, query);
  }
  return queries;
}

/** How many rows of each table a site has after a submission; `before` it had so many, none when it is a full one. */
export async function rowsAfter(
  db: DuckDb,
  queries: ReadonlyMap<TableName, string>,
  before: Partial<RowCounts>,
): Promise<RowCounts> {
  const counts = {} as RowCounts;
  for (const table of TABLE_NAMES) {
    const query = queries.get(table);
    const { n } = query
      ? await db.one<{ n: number }>(`SELECT CAST(
          count(*) FILTER (change = 'added') - count(*) FILTER (change = 'removed') AS DOUBLE) AS n FROM (${query})`)
      : { n: 0 };
    counts[table] = (before[table] ?? 0) + n;
  }
  return counts;
}

/** A column's type in DuckDB. */
export function duckDbType({ type, precision, scale }: ColumnShape): string {
  if (type === "number") return `DECIMAL(${precision},${scale})`;
  return { text: "VARCHAR", date: "DATE", integer: "INTEGER", boolean: "BOOLEAN" }[type];
}
