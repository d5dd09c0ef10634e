import type { DuckDb } from "../warehouse/duckdb.ts";
import { ident } from "../warehouse/sql.ts";
import { createIdentifiers } from "./privacy/identifiers.ts";

/** Tables with a row for each record, answer or administration, and one for each that the export says of a person. */
const LARGE_TABLES = [
  ...["intake_record", "intake_patient", "intake_response", "intake_given"],
  ...["intake_administration", "placed_response", "mapped_administration", "mapped_score"],
  ...["loaded_administration", "staged_row", "staged_collection", "numbered_administration"],
  ...["ledger_record", "gone"],
];

/**
 * Drops what was read and mapped of answers once they are in the store: checks and release need the room that they took. The audit
 * keeps what it searches for.
 *
 * Out: `identifier` (createIdentifiers).
 */
export async function forgetAnswers(db: DuckDb): Promise<void> {
  await createIdentifiers(db);
  const views = await db.all<{ name: string }>(
    "SELECT view_name AS name FROM duckdb_views() WHERE NOT internal AND database_name IN (current_database(), 'temp')",
  );
  for (const { name } of views) await db.run(`DROP VIEW ${ident(name)}`);
  for (const table of LARGE_TABLES) await db.run(`DROP TABLE ${table}`);
  const tokens = await db.all<{ name: string }>(
    "SELECT table_name AS name FROM duckdb_tables() WHERE starts_with(table_name, 'token_of_')",
  );
  for (const { name } of tokens) await db.run(`DROP TABLE ${ident(name)}`);
  // A file of forms names a person with each; who is loaded is still needed for the broker.
  await db.run("CREATE TABLE loaded_patient AS FROM mapped_patient WHERE state = 'loaded'");
  await db.run("DROP TABLE mapped_patient");
  await db.run("ALTER TABLE loaded_patient RENAME TO mapped_patient");
}
