import { readFile, writeFile } from "node:fs/promises";
import { exists } from "../pipelines/core/files.ts";
import { commentStatements } from "./comments.ts";
import { DuckDb } from "./duckdb.ts";
import { createSchema } from "./migrate.ts";

/** Databases without rows, with comments (a warehouse) and without (a store): their hundreds of statements are run once a process. */
const empty: { true?: Buffer; false?: Buffer } = {};

/**
 * Brings the file of a store or DuckDB warehouse, open nowhere, to the newest schema; makes one without rows where there is none.
 * `commented`: the tables and columns of analysts carry their comments.
 */
export async function bringToNewest(
  file: string,
  { commented = false }: { commented?: boolean } = {},
): Promise<void> {
  const isNew = !(await exists(file));
  const made = empty[`${commented}`];
  if (isNew && made) return writeFile(file, made);
  const db = await DuckDb.open(file, { small: true });
  try {
    if (await createSchema(db)) {
      if (commented) await db.run(commentStatements());
      await db.run("CHECKPOINT");
    }
  } finally {
    db.close();
  }
  if (isNew) empty[`${commented}`] = await readFile(file);
}
