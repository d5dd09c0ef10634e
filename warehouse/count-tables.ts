import type { DuckDb } from "./duckdb.ts";
import { ident, text } from "./sql.ts";

/** Rows by table, in one statement; `store` is the name of an attached database. */
export async function countTables<Table extends string>(
  db: DuckDb,
  tables: readonly Table[],
  store?: string,
): Promise<Record<Table, number>> {
  if (tables.length === 0) return {} as Record<Table, number>;
  const prefix = store === undefined ? "" : `${ident(store)}.`;
  const arms = tables.map(
    (table) => `SELECT ${text(table)} AS name, count(*) AS n FROM ${prefix}${ident(table)}`,
  );
  const rows = await db.all<{ name: string; n: number }>(
    `SELECT name, CAST(n AS DOUBLE) AS n FROM (${arms.join(" UNION ALL ")})`,
  );
  const counts = new Map(rows.map(({ name, n }) => [name, n]));
  const pairs = tables.map((table) => [table, counts.get(table) ?? 0]);
  return Object.fromEntries(pairs) as Record<Table, number>;
}
