import { fileText, text } from "../../../warehouse/sql.ts";
import type { WaitingTable } from "../intake-views.ts";
import type { Questions } from "./questions.ts";
import type { Marks } from "./record.ts";

/** One statement of a compiled mapping, for people to read and DuckDB to run. */
export interface Step {
  /** What it does, in a few words. */
  name: string;
  sql: string;
  /** What `sql` selects the rows of; else it is a whole statement. Where many rows would have to be written they wait in the file. */
  into?: { table: WaitingTable; block: number };
  /** Whether it does the same for each row of the file, so that it may be run for some of them at a time. */
  isByRow?: boolean;
}

/** The statement of a step. */
export function statementOf({ into, sql }: Pick<Step, "into" | "sql">): string {
  return into ? `INSERT INTO ${into.table} BY NAME\n${sql}` : sql;
}

/** A file that has been read: its mapped columns are a view, whose rowid counts the rows from 0 in file order. */
export interface ScratchFile {
  /** Path relative to the export folder. */
  file: string;
  /** View with the mapped columns. */
  table: string;
  /** Key of the file's first row; the others follow. */
  firstRecordKey: bigint;
  /** How a row's line in the file is known: from its place, from the line breaks inside the cells before it, or as the sieve noted it. */
  lines: "position" | "counted" | "sieved";
  /** Lines before the first row. */
  headerLines: number;
  /** Of so many rows that to plan a statement takes less than to go through them. */
  isLarge?: boolean;
  /** Table of the refused lines, if any were: line, pointer, reason. */
  refused?: string;
  /** What a data dictionary says of the columns. */
  questions?: Questions | undefined;
}

/** The longest line that DuckDB takes for a row. */
const LINE_BYTES = 2_000_000;

/** What DuckDB reads of a file at a time, a few of them at once. Its own 32 MB are no faster. */
export const BUFFER_BYTES = 4_194_304;

/** How DuckDB reads a file's rows, strictly: a line that does not fit makes it refuse the file. */
export function readCsv(path: string, columns: readonly string[], dialect: Dialect): string {
  const types = columns.map((column) => `${text(column)}: 'VARCHAR'`).join(", ");
  const { delimiter, quote, header, skip } = dialect;
  // DuckDB takes the first line break of the file for its line end, even one inside quotes; told '\r\n', it reads nothing.
  const newLine = dialect.lineFeed ? ", new_line = '\\n'" : "";
  const skipped = skip ? `, skip = ${skip}` : "";
  return `read_csv(
    ${fileText(path)},
    columns = {${types}},
    auto_detect = false, strict_mode = true, header = ${header}${skipped},
    delim = ${text(delimiter)}, quote = ${text(quote)}, escape = ${text(dialect.escape)}${newLine},
    buffer_size = ${BUFFER_BYTES}, max_line_size = ${LINE_BYTES}
  )`;
}

export interface Dialect extends Marks {
  header: boolean;
  /** Lines to leave out at the beginning. */
  skip?: number;
  /** Whether lines end with LF alone. */
  lineFeed: boolean;
}
