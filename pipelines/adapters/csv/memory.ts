import type { DuckDb } from "../../../warehouse/duckdb.ts";

/**
 * What DuckDB may hold while CSV files are read; more goes to its spill folder. With Node's own part the peak was 446 MB for a file of
 * 1 GB (36.7 M answers) and 488 MB for 3 GB: what DuckDB keeps about the rows that it spilled is outside its limit and grows with them.
 */
const READING = "192MB";

/**
 * Does the reading with little memory: files of many gigabytes pass through it, and what comes of them need not be at hand before
 * the mapping starts. A step that cannot do with so little is done again with what the database had before.
 */
export async function withLittleMemory<T>(
  db: DuckDb,
  work: (run: (sql: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const { before } = await db.one<{ before: string }>(
    "SELECT current_setting('memory_limit') AS before",
  );
  const limit = (size: string) => db.run(`SET memory_limit = '${size}'`);
  const run = async (sql: string) => {
    try {
      await db.run(sql);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      await limit(before);
      await db.run(sql);
      await limit(READING).catch(() => undefined);
    }
  };
  // A database that holds more already keeps its limit.
  await limit(READING).catch(() => undefined);
  try {
    return await work(run);
  } finally {
    await limit(before);
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Out of Memory Error");
}
