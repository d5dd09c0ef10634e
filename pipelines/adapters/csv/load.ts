import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDb, isInputRefused } from "../../../warehouse/duckdb.ts";
import { ProError } from "../../core/errors.ts";
import { compileRead } from "./compile-records.ts";
import { countLines } from "./count-lines.ts";
import { type Header, readHeader } from "./header.ts";
import type { FileEntry } from "./layout.ts";
import { columnUses } from "./mapping.ts";
import { withMemoryToParse } from "./memory.ts";
import { narrow } from "./narrow.ts";
import { type PlainText, plainText } from "./plain-text.ts";
import { type Questions, questionsOf, withLabels } from "./questions.ts";
import { STANDARD } from "./record.ts";
import type { Dictionary } from "./redcap-dictionary.ts";
import { rowsPath, showRows } from "./rows.ts";
import { type Dialect, readCsv, type ScratchFile } from "./scratch.ts";
import { sieve } from "./sieve.ts";

export interface LoadedFile {
  scratch: Omit<ScratchFile, "firstRecordKey">;
  /** The entry without the optional columns that the file lacks. */
  entry: FileEntry;
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
  /** View to create over the rows. */
  table: string;
  /** Folder for working copies. */
  scratch: string;
  /** The data dictionary beside the export. */
  dictionary?: Dictionary | undefined;
}

/** What the beginning of a file says of it. */
export interface Description {
  header: Header;
  entry: FileEntry;
  questions?: Questions | undefined;
}

/** @throws ProError `MAPPING_MISSING_COLUMN`. */
export function describeFile(
  head: string,
  { entry, file, dictionary }: Pick<LoadOptions, "entry" | "file" | "dictionary">,
): Description {
  const header = readHeader(head, entry, file);
  const narrowed = narrow(entry, header.columns);
  if (!dictionary) return { header, entry: narrowed };
  const mapped = columnUses(narrowed).map(({ column }) => column);
  return {
    header,
    entry: withLabels(narrowed, dictionary),
    questions: questionsOf(dictionary, mapped, header.columns),
  };
}

/** How DuckDB is to read a file that has such a header. */
export function dialectOf({ header, entry }: Description): Dialect {
  const { delimiter, quote, lineFeed } = header;
  const marks = { delimiter, quote, escape: header.escape, lineFeed };
  return header.isPreceded
    ? { ...marks, header: false, skip: header.lines }
    : { ...marks, header: entry.header };
}

/**
 * Reads one file into its scratch file and proves the count: the lines of the file are its header, its rows and the line breaks inside their cells.
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
    sheet: entry.sheet,
    scratch: options.scratch,
    name: options.table,
  });
  try {
    const description = describeFile(plain.head, options);
    const scratch =
      (await loadStrictly(options, plain, description)) ??
      (await loadSieved(options, plain, description));
    return { ...scratch, entry: description.entry };
  } finally {
    for (const copy of plain.copies) await rm(copy, { force: true });
  }
}

type Loaded = Omit<LoadedFile, "entry">;

async function loadStrictly(
  { db, file, table, scratch: folder }: LoadOptions,
  { path }: PlainText,
  description: Description,
): Promise<Loaded | null> {
  const { header, entry, questions } = description;
  const counts = await countLines(db, path, header);
  if (counts === null) return null;
  await db.giveBack();
  const lines = counts.oddQuotes > 0 ? "counted" : "position";
  const dialect = dialectOf(description);
  const hasWideBlanks = counts.wide > 0;
  const rows = { table, path: rowsPath(folder, table) };
  const plan = {
    entry,
    path,
    rows: rows.path,
    columns: header.columns,
    dialect,
    lines,
    questions,
    hasWideBlanks,
  } as const;
  if (!(await isRead(db, compileRead(plan).sql))) return null;
  await showRows(db, rows);
  const total = lines === "counted" ? "count(*) + coalesce(sum(propool_lines), 0)" : "count(*)";
  const { count, spanned } = await db.one<{ count: number; spanned: number }>(
    `SELECT count(*)::DOUBLE AS count, (${total})::DOUBLE AS spanned FROM ${table}`,
  );
  if (header.lines + spanned === counts.lines) {
    const scratch = { file, table, lines, headerLines: header.lines, questions } as const;
    return { scratch, records: count };
  }
  return null;
}

/** The files that the sieve writes. */
const SIEVED: Dialect = { ...STANDARD, header: false, lineFeed: true };

async function loadSieved(
  { db, file, table, scratch }: LoadOptions,
  { path }: PlainText,
  { header, entry, questions }: Description,
): Promise<Loaded> {
  const clean = join(scratch, `${table}.clean`);
  const refused = join(scratch, `${table}.refused`);
  try {
    const sieved = await sieve({ path, file, header, clean, refused });
    const rows = { table, path: rowsPath(scratch, table) };
    const plan = { entry, path: clean, rows: rows.path, columns: header.columns, questions };
    const read = compileRead({ ...plan, dialect: SIEVED, lines: "sieved", hasWideBlanks: true });
    const isWhole = await isRead(db, read.sql);
    if (isWhole) await showRows(db, rows);
    const refusedTable = `${table}_refused`;
    const source = readCsv(refused, ["line", "pointer", "reason"], SIEVED);
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
        questions,
      },
      records: sieved.rows + sieved.refused,
    };
  } finally {
    await rm(clean, { force: true });
    await rm(refused, { force: true });
  }
}

/** Runs a strict read; false when DuckDB refuses the text. Its message shows the line, so it goes no further. */
async function isRead(db: LoadOptions["db"], sql: string): Promise<boolean> {
  try {
    await withMemoryToParse(db, () => db.run(sql));
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
