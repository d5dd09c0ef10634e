import type { DuckDb } from "../warehouse/duckdb.ts";
import { ident } from "../warehouse/sql.ts";
import { createIdentifiers } from "./privacy/identifiers.ts";

/** Tables with rows for answers or administrations; what else was read is small, and says who people are. */
const ANSWER_TABLES = [
  ...["intake_response", "intake_given", "intake_phrase", "intake_administration"],
  ...["placed_response", "mapped_administration", "mapped_score", "loaded_administration"],
  ...["staged_row", "staged_collection", "numbered_administration"],
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
  for (const table of ANSWER_TABLES) await db.run(`DROP TABLE ${table}`);
}
