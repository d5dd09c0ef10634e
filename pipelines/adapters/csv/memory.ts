import type { DuckDb } from "../../../warehouse/duckdb.ts";

/**
 * What DuckDB may hold while CSV files are read; more goes to its spill folder. With Node's own part the peak was 446 MB for a file of
 * 1 GB (36.7 M answers) and 488 MB for 3 GB: what DuckDB keeps about the rows that it spilled is outside its limit and grows with them.
 */
const READING = "192MB";

/**
 * Does the reading with little memory: files of many gigabytes pass through it, and what comes of them need not be at hand before
 * the mapping starts. A step that cannot do with so little is done again with more (DuckDbOptions.memoryMost).
 */
export async function withLittleMemory<T>(db: DuckDb, work: () => Promise<T>): Promise<T> {
  const before = await db.limitMemory(READING);
  try {
    return await work();
  } finally {
    await db.limitMemory(before);
  }
}
