import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDb } from "../../../warehouse/duckdb.ts";
import { fileText } from "../../../warehouse/sql.ts";
import { leaveRows } from "../intake-views.ts";
import { type Step, statementOf } from "./scratch.ts";

/** A file of more than `many` rows keeps what can wait; what cannot is written down for a `slice` of them at a time, so that what a step holds does not grow with the file. */
export interface Sizes {
  many: number;
  slice: number;
}

const SIZES: Sizes = { many: 1_000_000, slice: 4_000_000 };

/** The rows of a file that has been read, in a scratch file and shown as a view. */
export interface Rows {
  /** Name of the view. */
  table: string;
  path: string;
  count: number;
}

/** The scratch file of a view's rows. */
export function rowsPath(scratch: string, table: string): string {
  return join(scratch, `${table}.parquet`);
}

/** Makes the view of all rows, with their rowid from 0 in the order of the export, or of those from one to before another. */
export async function showRows(
  db: DuckDb,
  { table, path }: Omit<Rows, "count">,
  slice?: readonly [from: number, to: number],
): Promise<void> {
  const where = slice
    ? `\nWHERE file_row_number >= ${slice[0]} AND file_row_number < ${slice[1]}`
    : "";
  await db.run(`CREATE OR REPLACE TEMP VIEW ${table} AS
SELECT *, file_row_number AS rowid
FROM read_parquet(${fileText(path)}, hive_partitioning = false)${where}`);
}

/** Removes a file's rows and what was made of them on the way, unless some wait in it. */
export async function dropRows(
  db: DuckDb,
  { table, path, count }: Rows,
  steps: readonly Step[],
  { many } = SIZES,
): Promise<void> {
  if (count > many && steps.some(({ into }) => into)) return;
  await db.run(`DROP VIEW IF EXISTS ${table}`);
  await rm(path, { force: true });
  const made = await db.all<{ name: string }>(
    "SELECT table_name AS name FROM duckdb_tables() WHERE starts_with(table_name, $1 || '_')",
    [table],
  );
  for (const { name } of made) await db.run(`DROP TABLE ${name}`);
}

/** Runs a step over the rows. Where there are many it leaves them in the file, or goes slice by slice if it does the same for each. */
export async function runStep(
  db: DuckDb,
  step: Step,
  rows: Rows,
  { many, slice } = SIZES,
): Promise<void> {
  const { into, isByRow } = step;
  const sql = statementOf(step);
  if (rows.count <= many) {
    await db.run(sql);
    return;
  }
  if (into) {
    await leaveRows(db, { ...into, rows: step.sql });
    return;
  }
  if (!isByRow) {
    await db.run(sql);
    await db.giveBack();
    return;
  }
  for (let from = 0; from < rows.count; from += slice) {
    await showRows(db, rows, [from, from + slice]);
    await db.run(sql);
    await db.giveBack();
  }
  await showRows(db, rows);
}
