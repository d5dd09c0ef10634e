import type { DuckDBBitValue, DuckDBConnection } from "@duckdb/node-api";

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
  /**
   * Who is in which group: one bitmap for each stratum, part and value of a query with those columns and `head`, a person's
   * number below `size`.
   */
  members(select: string, size: number): Promise<MemberRow[]>;
}

export interface MemberRow {
  stratum: string;
  part: string;
  value: bigint;
  /** Bit n of the bytes, the highest of each first, stands for person n; the length is a multiple of 4. */
  people: Uint8Array;
}

export interface ScratchTable {
  /** As SQL names it. */
  name: string;
  drop(): Promise<void>;
}

/** Bytes for so many people: whole 32-bit words. */
export function bitmapBytes(size: number): number {
  return Math.max(4, Math.ceil(size / 32) * 4);
}

/** `members` on DuckDB, which adds up bitmaps itself. */
export async function duckDbMembers(
  connection: DuckDBConnection,
  select: string,
  size: number,
): Promise<MemberRow[]> {
  const last = bitmapBytes(size) * 8 - 1;
  const reader = await connection.runAndReadAll(
    `SELECT stratum, part, CAST(value AS BIGINT), bitstring_agg(CAST(head AS INTEGER), 0, ${last}) FROM (\n${select}\n) AS member GROUP BY ALL`,
  );
  return reader.getRows().map(([stratum, part, value, people]) => ({
    stratum: String(stratum),
    part: String(part),
    value: value as bigint,
    // A first byte tells how many bits of the next are padding: none.
    people: Uint8Array.from((people as DuckDBBitValue).data.subarray(1)),
  }));
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
