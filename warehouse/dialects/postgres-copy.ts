import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { DuckDb } from "../duckdb.ts";
import { type ColumnShape, type TableName, tableShape } from "../schema.ts";
import { ident, text } from "../sql.ts";

/**
 * Copies the rows of a query on Parquet files into a table with COPY FROM STDIN. DuckDB writes the lines of COPY's text format, so
 * TypeScript only passes them on and memory stays flat.
 */
export async function copyRows(
  client: pg.Client,
  db: DuckDb,
  options: { table: TableName; target: string; query: string; withChange: boolean },
): Promise<number> {
  const { table, target, query, withChange } = options;
  const change: [string, ColumnShape][] = withChange ? [["change", CHANGE]] : [];
  const columns = [...change, ...Object.entries(tableShape(table).columns)];
  const line = columns.map(copyField).join(" || chr(9) || ");
  const names = columns.map(([name]) => ident(name)).join(", ");
  const result = await db.connection.stream(`SELECT ${line} FROM (${query})`);
  const into = client.query(copyFrom(`COPY ${ident(target)} (${names}) FROM STDIN`));
  await pipeline(Readable.from(lines(result)), into);
  return into.rowCount;
}

const CHANGE: ColumnShape = {
  type: "text",
  length: null,
  precision: null,
  scale: null,
  required: true,
  references: null,
  valueSet: null,
};

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
