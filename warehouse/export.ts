import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { extname } from "node:path";
import type { Writable } from "node:stream";
import { ProError } from "../pipelines/core/errors.ts";
import { publish, unfinished } from "../pipelines/core/files.ts";
import type { Selection, Value } from "./dialects/index.ts";
import { DuckDb } from "./duckdb.ts";
import { ident, text } from "./sql.ts";

type Write = (selection: Selection, file: string) => Promise<number>;

const FORMATS: Record<string, Write> = {
  ".csv": writeCsvFile,
  ".parquet": writeParquet,
  // Its library takes 0.2 s to load, which only those who ask for it wait.
  ".arrow": async (selection, file) =>
    (await import("./export-arrow.ts")).writeArrow(selection, file),
};

/**
 * Writes a selection whole into a file whose ending says the format; returns the rows.
 *
 * @throws ProError `USAGE_OUT` for an ending that is not known.
 */
export async function exportSelection(selection: Selection, file: string): Promise<number> {
  const write = exporter(file);
  const temporary = unfinished(file);
  try {
    const rows = await write(selection, temporary);
    await publish(temporary, file);
    return rows;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Fails before a long query does. */
export function exporter(file: string): Write {
  const write = FORMATS[extname(file).toLowerCase()];
  if (write) return write;
  throw new ProError("USAGE_OUT", "the file's ending names no known format", {
    where: { file },
    hint: `use ${Object.keys(FORMATS).join(", ")}`,
  });
}

async function writeCsvFile(selection: Selection, file: string): Promise<number> {
  const stream = createWriteStream(file);
  const rows = await writeCsv(selection, stream);
  stream.end();
  await once(stream, "close");
  return rows;
}

/** RFC 4180 with a header; null is an empty field, an empty text `""`. */
async function writeCsv(selection: Selection, stream: Writable): Promise<number> {
  const lines = (rows: string[][]) => rows.map((row) => `${row.join(",")}\r\n`).join("");
  stream.write(lines([selection.columns.map(({ name }) => csvField(name))]));
  let count = 0;
  for await (const batch of selection.batches) {
    const rows = batch.map((row) =>
      row.map((value, index) => {
        const shown = plainText(value, selection.columns[index]?.type ?? "");
        return shown === null ? "" : csvField(shown);
      }),
    );
    if (!stream.write(lines(rows))) await once(stream, "drain");
    count += batch.length;
  }
  return count;
}

function csvField(value: string): string {
  return value === "" || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

async function writeParquet({ columns, batches }: Selection, file: string): Promise<number> {
  const db = await DuckDb.open(":memory:");
  try {
    // All as text first: one appender for every type there is, and DuckDB casts its own way back.
    const staged = columns.map((_, index) => `c${index}`);
    await db.run(`CREATE TABLE staged (${staged.map((name) => `${name} VARCHAR`).join(", ")})`);
    const appender = await db.connection.createAppender("staged");
    for await (const batch of batches) {
      for (const row of batch) {
        for (const value of row) {
          if (value === null) appender.appendNull();
          else appender.appendVarchar(String(value));
        }
        appender.endRow();
      }
    }
    appender.closeSync();
    const list = columns.map(({ name, type }, index) => `c${index}::${type} AS ${ident(name)}`);
    return await db.run(
      `COPY (SELECT ${list.join(", ")} FROM staged) TO ${text(file)} (FORMAT parquet, COMPRESSION zstd)`,
    );
  } finally {
    db.close();
  }
}

/** A value as people read it: a DECIMAL without the zeros that only fill its scale. */
export function plainText(value: Value, type: string): string | null {
  if (value === null) return null;
  const shown = String(value);
  return type.startsWith("DECIMAL") && shown.includes(".") ? shown.replace(/\.?0+$/, "") : shown;
}
