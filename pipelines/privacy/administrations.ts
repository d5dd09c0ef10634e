import type { DuckDb } from "../../warehouse/duckdb.ts";
import {
  ADMINISTRATIONS,
  nextNumber,
  type PackedTable,
  rowsOf,
  SHARED,
  STATED,
  STATEMENTS,
  same,
  statedColumns,
} from "../../warehouse/packed.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { deidentifySql, type PrivacyProfile, sharedActions } from "./profile.ts";

/** Tables whose rows say the same things are staged together. */
const STAGED = [
  { tables: ["pro_collection"], rows: "staged_collection", statements: "staged_circumstance" },
  { tables: ["pro_cm", "pro_cm_detail"], rows: "staged_row", statements: "staged_statement" },
] as const satisfies readonly {
  tables: readonly PackedTable[];
  rows: string;
  statements: string;
}[];

/**
 * Adds tonight's administrations, answers and scores to a packed store: what administrations share and what is said goes through the
 * privacy profile once, and the rows are numbers. Not in a transaction: to commit many rows takes as long as a third of their
 * writing, and the store is under an unfinished name as yet.
 *
 * In: what stageRows makes, `token_of_<purpose>`, `date_shift`. Returns the rows written to `tables`, those of which the profile lets
 * something out.
 */
export async function addAdministrations(
  db: DuckDb,
  profile: PrivacyProfile,
  { store, site, tables }: { store: string; site: string; tables: readonly PackedTable[] },
): Promise<number> {
  const prefix = `${ident(store)}.`;
  const first = await nextNumber(db, prefix + ADMINISTRATIONS, "administration");
  const shared = { ...profile, tables: { ...profile.tables, pro_cm: sharedActions(profile) } };
  const administrations = deidentifySql(shared, "pro_cm", new Set(SHARED), {
    from: "staged_administration",
    numbers: ["administration"],
  });
  await db.run(`INSERT INTO ${prefix}${ADMINISTRATIONS} BY NAME
    SELECT * REPLACE (${first} + administration AS administration), ${text(site)} AS datamartid FROM (${administrations})`);
  let written = 0;
  for (const { tables: together, rows, statements } of STAGED) {
    const leaving = together.filter((table) => tables.includes(table));
    if (leaving.length === 0) continue;
    await numberStatements(db, profile, { prefix, statements, tables: leaving });
    for (const table of leaving) {
      written += await db.run(`INSERT INTO ${prefix}${rowsOf(table)}
        SELECT ${first} + r.administration, n.statement FROM ${rows} r JOIN statement_number n ON n.staged = r.statement`);
    }
  }
  return written;
}

/** Adds what is said for the first time. Out: `statement_number` (staged, statement: its number in the store). */
async function numberStatements(
  db: DuckDb,
  profile: PrivacyProfile,
  {
    prefix,
    statements,
    tables,
  }: { prefix: string; statements: string; tables: readonly PackedTable[] },
): Promise<void> {
  const target = prefix + STATEMENTS;
  const stated = tables.map(
    (table) =>
      `(${deidentifySql(profile, table, new Set(statedColumns(table)), { from: statements, numbers: ["statement"] })})`,
  );
  await db.run(
    `CREATE OR REPLACE TEMP TABLE leaving_statement AS SELECT * REPLACE (0::UBIGINT AS statement) FROM ${target} LIMIT 0`,
  );
  await db.run(`INSERT INTO leaving_statement BY NAME
    SELECT * FROM (SELECT statement, place FROM ${statements}) JOIN ${stated.join(" USING (statement) JOIN ")} USING (statement)`);
  const next = await nextNumber(db, target, "statement");
  await db.run(`INSERT INTO ${target}
    SELECT ${next} + row_number() OVER () - 1, * FROM (
      SELECT * EXCLUDE (statement) FROM leaving_statement EXCEPT SELECT * EXCLUDE (statement) FROM ${target})`);
  const columns = ["place", ...STATED];
  await db.run(`CREATE OR REPLACE TEMP TABLE statement_number AS
    SELECT l.statement AS staged, s.statement FROM leaving_statement l JOIN ${target} s ON ${same("s", "l", columns)}`);
  await db.run("DROP TABLE leaving_statement");
}
