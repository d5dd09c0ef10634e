import { DuckDb } from "./duckdb.ts";
import {
  ADMINISTRATIONS,
  isPacked,
  isPart,
  PACKED_TABLES,
  pack,
  rowsOf,
  STATEMENTS,
} from "./packed.ts";
import { TABLE_NAMES, tableShape } from "./schema.ts";
import { isSmall } from "./small.ts";
import { ident, text } from "./sql.ts";
import { bringToNewest } from "./store-file.ts";

/**
 * Writes a store or warehouse without some people into a new file. A new file, because a database keeps the bytes of deleted rows in blocks that
 * are free; returns how many of the people it held.
 *
 * `from` is not open anywhere. Notes of changes are left behind: they name the people, and the next submission is a full one.
 */
export async function copyWithout(
  from: string,
  to: string,
  patids: readonly string[],
): Promise<number> {
  await bringToNewest(to);
  const store = await DuckDb.open(to, { small: await isSmall([from]) });
  try {
    await store.run(`ATTACH ${text(from)} AS old_store (READ_ONLY)`);
    await store.run(
      "CREATE TEMP TABLE leaver AS SELECT unnest(from_json(?, '[\"VARCHAR\"]')) AS patid",
      [JSON.stringify(patids)],
    );
    if (await isPacked(store, "old_store")) await copyPacked(store);
    const tables = await store.all<{ name: string }>(
      "SELECT table_name AS name FROM duckdb_tables() WHERE database_name = 'old_store' AND NOT starts_with(table_name, 'propool_migration') AND NOT starts_with(table_name, 'propool_change_') ORDER BY table_name",
    );
    for (const { name } of tables) if (!isPart(name)) await copyTable(store, name);
    const { held } = await store.one<{ held: number }>(
      "SELECT CAST(count(*) AS INTEGER) AS held FROM old_store.demographic WHERE patid IN (SELECT patid FROM leaver)",
    );
    await store.run("DETACH old_store");
    await store.run("CHECKPOINT");
    return held;
  } finally {
    store.close();
  }
}

/** Copies what a packed store says of those who stay: their administrations, the rows of these, and what the rows say. */
async function copyPacked(store: DuckDb): Promise<void> {
  const { current } = await store.one<{ current: string }>("SELECT current_database() AS current");
  await pack(store, current);
  const add = (table: string, where: string) =>
    store.run(`INSERT INTO ${table} BY NAME SELECT * FROM old_store.${table} WHERE ${where}`);
  await add(ADMINISTRATIONS, "patid NOT IN (SELECT patid FROM leaver)");
  for (const table of PACKED_TABLES.map(rowsOf))
    await add(table, `administration IN (SELECT administration FROM ${ADMINISTRATIONS})`);
  const used = PACKED_TABLES.map((table) => `SELECT statement FROM ${rowsOf(table)}`);
  await add(STATEMENTS, `statement IN (${used.join(" UNION ")})`);
}

async function copyTable(store: DuckDb, name: string): Promise<void> {
  const isOurs = (TABLE_NAMES as readonly string[]).includes(name);
  const known = await store.all(
    "SELECT 1 FROM duckdb_tables() WHERE table_name = ? AND database_name = current_database()",
    [name],
  );
  const hasPerson = isOurs && "patid" in tableShape(name as (typeof TABLE_NAMES)[number]).columns;
  const source = `SELECT * FROM old_store.${ident(name)}${hasPerson ? " WHERE patid NOT IN (SELECT patid FROM leaver)" : ""}`;
  await store.run(
    known.length > 0
      ? `INSERT INTO ${ident(name)} BY NAME ${source}`
      : `CREATE TABLE ${ident(name)} AS ${source}`,
  );
}
