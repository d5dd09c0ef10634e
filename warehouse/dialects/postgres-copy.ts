import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { DuckDb } from "../duckdb.ts";
import { type ColumnShape, type TableName, tableShape } from "../schema.ts";
import { ident, text } from "../sql.ts";
import type { SiteRows } from "./dialect.ts";
import { loadFailed } from "./errors.ts";

/**
 * Copies one table's Parquet file into PostgreSQL with COPY FROM STDIN and returns the rows written. DuckDB writes the lines of COPY's
 * text format, so TypeScript only passes them on and memory stays flat.
 */
export async function copyParquet(
  client: pg.Client,
  db: DuckDb,
  table: TableName,
  { directory, site }: SiteRows,
): Promise<number> {
  const { columns } = tableShape(table);
  const file = join(directory, `${table}.parquet`);
  const line = Object.entries(columns).map(copyField).join(" || chr(9) || ");
  const names = Object.keys(columns).map(ident).join(", ");
  try {
    const result = await db.connection.stream(`SELECT ${line} FROM read_parquet(${text(file)})`);
    const target = client.query(copyFrom(`COPY ${ident(table)} (${names}) FROM STDIN`));
    await pipeline(Readable.from(lines(result)), target);
    return target.rowCount;
  } catch (cause) {
    throw loadFailed(table, { file, site }, cause);
  }
}

interface Chunks {
  fetchChunk(): Promise<{ rowCount: number; getColumnValues(index: number): unknown[] } | null>;
}

async function* lines(result: Chunks): AsyncGenerator<string> {
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return;
    yield `${chunk.getColumnValues(0).join("\n")}\n`;
  }
}

/** One field of COPY's text format: backslash, tab and line ends escaped, null as \N. */
function copyField([name, { type }]: [string, ColumnShape]): string {
  const column = ident(name);
  if (type !== "text") return `coalesce(${column}::VARCHAR, '\\N')`;
  const escaped = [
    ["\\", "\\\\"],
    ["\t", "\\t"],
    ["\n", "\\n"],
    ["\r", "\\r"],
  ].reduce((sql, [from = "", to = ""]) => `replace(${sql}, ${text(from)}, ${text(to)})`, column);
  return `coalesce(${escaped}, '\\N')`;
}
