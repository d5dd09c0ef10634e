import { Kysely, type Migration, Migrator } from "kysely";
import { ProError } from "../pipelines/core/errors.ts";
import { duckDbDialect } from "./dialects/duckdb-kysely.ts";
import type { DuckDb } from "./duckdb.ts";
import { type Capabilities, MIGRATIONS } from "./migrations/index.ts";

/** DuckDB is loaded in bulk: keys would cost most of the night, so queries prove them instead. */
export const DUCKDB_CAPABILITIES: Capabilities = {
  primaryKeys: false,
  roles: false,
  distribution: null,
};

/** Brings a new or older store or DuckDB warehouse to the newest schema: the tables of schema.ts and the views. Tells whether it changed. */
export async function createSchema(db: DuckDb): Promise<boolean> {
  return migrate(new Kysely({ dialect: duckDbDialect(db) }), DUCKDB_CAPABILITIES);
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
    migrationTableName: "propool_migration",
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
