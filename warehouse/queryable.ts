/** Anything that answers SQL in one of our dialects: a site's store, a hub's warehouse. */
export interface Queryable {
  readonly dialect: "duckdb" | "postgres";
  /**
   * All rows as objects. BIGINT, HUGEINT and numeric results are not alike in the dialects: cast what must be exact to text in
   * the query and read it with BigInt.
   */
  all<T extends object>(sql: string): Promise<T[]>;
  /**
   * Keeps the rows of a query aside until the connection is closed or `drop` is called, where a reader may do that; PostgreSQL
   * allows no table in a read-only transaction.
   */
  scratch?(select: string): Promise<ScratchTable>;
}

export interface ScratchTable {
  /** As SQL names it. */
  name: string;
  drop(): Promise<void>;
}

let scratchTables = 0;

/** `scratch` on DuckDB: a temporary table, in memory, that no file holds. */
export async function duckDbScratch(
  run: (sql: string) => Promise<unknown>,
  select: string,
): Promise<ScratchTable> {
  // Names differ within the process, so that several questions may share a connection.
  const name = `temp.main.scratch_${++scratchTables}`;
  await run(`CREATE TEMP TABLE ${name.slice("temp.main.".length)} AS ${select}`);
  return { name, drop: async () => void (await run(`DROP TABLE IF EXISTS ${name}`)) };
}
