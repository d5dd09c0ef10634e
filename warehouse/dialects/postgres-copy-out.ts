import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { DuckDb } from "../duckdb.ts";
import { duckDbType } from "../incoming.ts";
import { TABLE_NAMES, type TableName, tableShape } from "../schema.ts";
import { ident, text } from "../sql.ts";

/**
 * Writes the tables of one publication as `<table>.parquet` into a folder. COPY's bytes go to a file as they come and DuckDB reads them in
 * parallel: no row passes through TypeScript. A table without rows has no file.
 */
export async function copyOut(client: pg.Client, directory: string): Promise<void> {
  const db = await DuckDb.open(":memory:", { temporaryDirectory: join(directory, "spill") });
  try {
    await db.run("SET preserve_insertion_order = false");
    await client.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    for (const table of TABLE_NAMES) await copyTable(client, db, { table, directory });
    await client.query("COMMIT");
  } finally {
    db.close();
  }
}

async function copyTable(
  client: pg.Client,
  db: DuckDb,
  { table, directory }: { table: TableName; directory: string },
): Promise<void> {
  const file = join(directory, `${table}.csv`);
  const columns = Object.entries(tableShape(table).columns);
  const names = columns.map(([name]) => ident(name)).join(", ");
  // A query, because Citus copies a spread table out by no other way.
  const rows = client.query(
    copyTo(`COPY (SELECT ${names} FROM ${ident(table)}) TO STDOUT (FORMAT csv)`),
  );
  await pipeline(rows, createWriteStream(file));
  if (rows.rowCount > 0) {
    const types = columns.map(([name, shape]) => `${text(name)}: ${text(duckDbType(shape))}`);
    await db.run(
      `COPY (FROM read_csv(${text(file)}, header = false, auto_detect = false, columns = {${types.join(", ")}},
         delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, max_line_size = ${LINE_BYTES_MAX}, buffer_size = ${2 * LINE_BYTES_MAX}))
       TO ${text(join(directory, `${table}.parquet`))} (FORMAT parquet, COMPRESSION zstd)`,
    );
  }
  await rm(file);
}

/** A narrative answer is the longest thing that a row holds. DuckDB would take sixteen times as much for each of its buffers. */
const LINE_BYTES_MAX = 16_000_000;
