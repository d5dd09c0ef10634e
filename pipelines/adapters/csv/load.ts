import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDb, isInputRefused } from "../../../warehouse/duckdb.ts";
import { text } from "../../../warehouse/sql.ts";
import { ProError } from "../../core/errors.ts";
import { compileRead } from "./compile-records.ts";
import { type Header, readHeader } from "./header.ts";
import type { FileEntry } from "./layout.ts";
import { type PlainText, plainText } from "./plain-text.ts";
import { readCsv, type ScratchFile } from "./scratch.ts";
import { sieve } from "./sieve.ts";

export interface LoadedFile {
  scratch: Omit<ScratchFile, "firstRecordKey">;
  columns: string[];
  /** Records: rows and refused lines. */
  records: number;
}

export interface LoadOptions {
  db: DuckDb;
  entry: FileEntry;
  /** Where the file is. */
  path: string;
  /** Its path relative to the export folder. */
  file: string;
  /** Scratch table to create. */
  table: string;
  /** Folder for working copies. */
  scratch: string;
}

/**
 * Reads one file into its scratch table and proves the count: the lines of the file are its header, its rows and the line breaks inside their cells.
 * A file that DuckDB refuses, or whose lines do not add up, goes through the sieve and is read once more.
 *
 * @throws ProError `SOURCE_*`, or `MAPPING_MISSING_COLUMN`.
 */
export async function loadFile(options: LoadOptions): Promise<LoadedFile> {
  const { entry, file } = options;
  const plain = await plainText({
    path: options.path,
    file,
    encoding: entry.encoding,
    scratch: options.scratch,
    name: options.table,
  });
  try {
    const header = readHeader(plain.head, entry, file);
    return (
      (await loadStrictly(options, plain, header)) ?? (await loadSieved(options, plain, header))
    );
  } finally {
    for (const copy of plain.copies) await rm(copy, { force: true });
  }
}

async function loadStrictly(
  { db, entry, file, table }: LoadOptions,
  { path }: PlainText,
  header: Header,
): Promise<LoadedFile | null> {
  // With blank lines in front, DuckDB would take the header for a row.
  if (header.blankLines > 0) return null;
  const counts = await countLines(db, path);
  if (counts === null) return null;
  const lines = counts.oddQuotes > 0 ? "counted" : "position";
  const { columns, delimiter, lineFeed } = header;
  const dialect = { delimiter, header: entry.header, lineFeed };
  const read = compileRead({ entry, path, table, columns, dialect, lines });
  if (!(await isRead(db, read.sql))) return null;
  const total = lines === "counted" ? "count(*) + coalesce(sum(propool_lines), 0)" : "count(*)";
  const { rows, spanned } = await db.one<{ rows: number; spanned: number }>(
    `SELECT count(*)::DOUBLE AS rows, (${total})::DOUBLE AS spanned FROM ${table}`,
  );
  if (header.lines + spanned === counts.lines) {
    const scratch = { file, table, lines, headerLines: header.lines } as const;
    return { scratch, columns, records: rows };
  }
  await db.run(`DROP TABLE ${table}`);
  return null;
}

async function loadSieved(
  { db, entry, file, table, scratch }: LoadOptions,
  { path }: PlainText,
  header: Header,
): Promise<LoadedFile> {
  const clean = join(scratch, `${table}.clean`);
  const refused = join(scratch, `${table}.refused`);
  try {
    const sieved = await sieve({ path, file, header, clean, refused });
    const { columns } = header;
    const dialect = { delimiter: ",", header: false, lineFeed: true };
    const read = compileRead({ entry, path: clean, table, columns, dialect, lines: "sieved" });
    const isWhole = await isRead(db, read.sql);
    const refusedTable = `${table}_refused`;
    const source = readCsv(refused, ["line", "pointer", "reason"], dialect);
    await db.run(`CREATE TEMP TABLE ${refusedTable} AS SELECT * FROM ${source}`);
    if (!isWhole || (await rowsOf(db, table)) !== sieved.rows) throw countError(file, sieved.rows);
    if ((await rowsOf(db, refusedTable)) !== sieved.refused) throw countError(file, sieved.refused);
    return {
      scratch: {
        file,
        table,
        lines: "sieved",
        headerLines: header.lines,
        refused: refusedTable,
      },
      columns,
      records: sieved.rows + sieved.refused,
    };
  } finally {
    await rm(clean, { force: true });
    await rm(refused, { force: true });
  }
}

/** Physical lines, and those with an odd number of quotes; null when DuckDB cannot tell, as with bytes that are no UTF-8. */
async function countLines(
  db: DuckDb,
  path: string,
): Promise<{ lines: number; oddQuotes: number } | null> {
  // Four control characters in a row: the whole line is one field.
  const mark = "\u001f\u001e\u001f\u001e";
  const isOdd = `(length(line) - length(replace(line, '"', ''))) % 2 = 1`;
  const query = `SELECT count(*)::DOUBLE AS lines, count(*) FILTER (${isOdd})::DOUBLE AS "oddQuotes"
    FROM read_csv(${text(path)}, columns = {'line': 'VARCHAR'}, auto_detect = false,
      strict_mode = false, header = false, delim = ${text(mark)}, quote = '', escape = '')`;
  return db.one<{ lines: number; oddQuotes: number }>(query).catch(() => null);
}

/** Runs a strict read; false when DuckDB refuses the text. Its message shows the line, so it goes no further. */
async function isRead(db: DuckDb, sql: string): Promise<boolean> {
  try {
    await db.run(sql);
    return true;
  } catch (error) {
    if (isInputRefused(error)) return false;
    throw error;
  }
}

async function rowsOf(db: DuckDb, table: string): Promise<number> {
  const { rows } = await db.one<{ rows: number }>(`SELECT count(*)::DOUBLE AS rows FROM ${table}`);
  return rows;
}

function countError(file: string, expected: number): ProError {
  return new ProError("SOURCE_COUNT", `${expected} records were found, but not all were read`, {
    where: { file },
    hint: "this is a fault of the reader; keep the file and report it",
  });
}
