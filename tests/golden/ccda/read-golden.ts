import { ccda } from "../../../pipelines/adapters/ccda/ccda.ts";
import { createIntake } from "../../../pipelines/adapters/intake.ts";
import { createProgress } from "../../../pipelines/core/progress.ts";
import { DuckDb } from "../../../warehouse/duckdb.ts";

const LOINC = "http://loinc.org";

/** The codes of three instruments, PHQ-2 among them because its items are those of the PHQ-9. */
const CODES: [kind: string, instrument: string, codes: string][] = [
  ["panel", "phq-9", "44249-1"],
  [
    "item",
    "phq-9",
    "44250-9 44255-8 44259-0 44254-1 44251-7 44258-2 44252-5 44253-3 44260-8 69722-7",
  ],
  ["score", "phq-9", "44261-6"],
  ["panel", "phq-2", "55757-9"],
  ["item", "phq-2", "44250-9 44255-8"],
  ["score", "phq-2", "55758-7"],
  ["panel", "gad-7", "69737-5"],
  ["item", "gad-7", "69725-0 68509-9 69733-4 69734-2 69735-9 69689-8 69736-7"],
  ["score", "gad-7", "70274-6"],
];

/** An empty intake with the catalogue table that the adapter asks for. */
export async function emptyIntake(): Promise<DuckDb> {
  const db = await DuckDb.open(":memory:", { small: true });
  await createIntake(db);
  await db.run(
    "CREATE TABLE catalogue_wording (code_system VARCHAR, code VARCHAR, instrument VARCHAR, words VARCHAR)",
  );
  await db.run(
    "CREATE TABLE catalogue_code (code_system VARCHAR, code VARCHAR, instrument VARCHAR, kind VARCHAR, name VARCHAR)",
  );
  for (const [kind, instrument, codes] of CODES) {
    for (const code of codes.split(" ")) {
      const values = [LOINC, code, instrument, kind, code];
      await db.run("INSERT INTO catalogue_code VALUES ($1, $2, $3, $4, $5)", values);
    }
  }
  return db;
}

/** Reads files of a folder with the adapter, as a run does. */
export async function readFiles(directory: string, files: readonly string[]): Promise<DuckDb> {
  const db = await emptyIntake();
  await ccda.read({
    db,
    exportDirectory: directory,
    files,
    mapping: null,
    scratch: directory,
    progress: createProgress({ err: process.stderr, tty: false, quiet: true }),
    site: "SITEA",
  });
  return db;
}

/** Columns of an intake table for one file, in the order in which the adapter wrote them; numbers as text. */
export async function rowsOf(
  db: DuckDb,
  table: string,
  file: string,
  columns: string,
): Promise<unknown[][]> {
  const rows = await db.all(
    `SELECT ${columns} FROM ${table} AS t
     WHERE record_key = (SELECT record_key FROM intake_record WHERE where_file = $1) ORDER BY t.rowid`,
    [file],
  );
  return rows.map((row) => Object.values(row));
}
