import { readFile, writeFile } from "node:fs/promises";
import { exists } from "../pipelines/core/files.ts";
import { DuckDb } from "./duckdb.ts";
import { createSchema } from "./migrate.ts";

/** The bytes of a store without rows: its hundreds of statements are run once a process. */
let empty: Buffer | undefined;

/** Brings a store's file, open nowhere, to the newest schema; makes one without rows where there is none. */
export async function bringToNewest(file: string): Promise<void> {
  const isNew = !(await exists(file));
  if (isNew && empty) return writeFile(file, empty);
  const store = await DuckDb.open(file, { small: true });
  try {
    if (await createSchema(store)) await store.run("CHECKPOINT");
  } finally {
    store.close();
  }
  if (isNew) empty = await readFile(file);
}
