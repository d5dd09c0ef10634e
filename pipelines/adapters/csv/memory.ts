import type { DuckDb } from "../../../warehouse/duckdb.ts";

/** What DuckDB may hold while CSV files are read; more goes to its spill folder. With Node's own part the peak was 397 MB for a file of 1 GB (37 M answers), 484 MB for one of 10 GB. */
const READING = "192MB";

/** While a file's text is taken apart: with less, one of two threads waits for the other. */
const PARSING = "320MB";

/**
 * Does the reading with little memory: files of many gigabytes pass through it, and what comes of them need not be at hand before
 * the mapping starts. A step that cannot do with so little is done again with more (DuckDbOptions.memoryMost).
 */
export function withLittleMemory<T>(db: DuckDb, work: () => Promise<T>): Promise<T> {
  return withMemory(db, READING, work);
}

export function withMemoryToParse<T>(db: DuckDb, work: () => Promise<T>): Promise<T> {
  return withMemory(db, PARSING, work);
}

async function withMemory<T>(db: DuckDb, size: string, work: () => Promise<T>): Promise<T> {
  const before = await db.limitMemory(size);
  try {
    return await work();
  } finally {
    await db.limitMemory(before);
  }
}
