import { Kysely, type Migration, Migrator } from "kysely";
import { ProError } from "../pipelines/core/errors.ts";
import { duckDbDialect } from "./dialects/duckdb-kysely.ts";
import type { DuckDb } from "./duckdb.ts";
import { type Capabilities, MIGRATIONS } from "./migrations/index.ts";
import { unpack } from "./packed.ts";
import { ident, text } from "./sql.ts";

/** DuckDB is loaded in bulk: keys would cost most of the night, so queries prove them instead. */
export const DUCKDB_CAPABILITIES: Capabilities = {
  primaryKeys: false,
  roles: false,
  distribution: null,
};

const MIGRATION_TABLE = "propool_migration";

/** Brings a new or older store or DuckDB warehouse to the newest schema: the tables of schema.ts and the views; a store has whole rows then. Tells whether it changed. */
export async function createSchema(db: DuckDb): Promise<boolean> {
  if (await isNewest(db)) return false;
  await unpack(db);
  return migrate(new Kysely({ dialect: duckDbDialect(db) }), DUCKDB_CAPABILITIES);
}

/** Asked first, because the migrator describes all tables before it finds nothing to do. `store`: an attached database; else the own one. */
export async function isNewest(db: DuckDb, store?: string): Promise<boolean> {
  const of = store === undefined ? "current_database()" : text(store);
  const [book] = await db.all(
    `SELECT 1 FROM duckdb_tables() WHERE table_name = ${text(MIGRATION_TABLE)} AND database_name = ${of}`,
  );
  if (!book) return false;
  const table = store === undefined ? MIGRATION_TABLE : `${ident(store)}.${MIGRATION_TABLE}`;
  const seen = await db.all<{ name: string }>(`SELECT name FROM ${table} ORDER BY name`);
  return seen.map(({ name }) => name).join() === Object.keys(MIGRATIONS).join();
}

/**
 * Runs the migrations that a database has not seen, in order and in one transaction; tells whether there were any.
 *
 * @throws ProError `WAREHOUSE_MIGRATION` naming the migration that failed; the database is as it was.
 */
export async function migrate(db: Kysely<unknown>, can: Capabilities): Promise<boolean> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => bind(can) },
    migrationTableName: MIGRATION_TABLE,
    migrationLockTableName: "propool_migration_lock",
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return (results ?? []).length > 0;
  const failed = results?.find(({ status }) => status === "Error")?.migrationName;
  throw new ProError("WAREHOUSE_MIGRATION", "the database could not be brought to this version", {
    where: { record: failed && `migration ${failed}` },
    hint: "check that the database user may create tables, and that no newer propool wrote this warehouse",
    cause: error,
  });
}

function bind(can: Capabilities): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(MIGRATIONS).map(([name, up]) => [name, { up: (db) => up(db, can) }]),
  );
}
