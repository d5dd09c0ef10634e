import { fileText, text } from "../../../warehouse/sql.ts";
import type { Questions } from "./questions.ts";
import type { Marks } from "./record.ts";

/** One statement of a compiled mapping, for people to read and DuckDB to run. */
export interface Step {
  /** What it does, in a few words. */
  name: string;
  sql: string;
}

/** A file that has been read into its scratch table, whose rowid counts the rows from 0 in file order. */
export interface ScratchFile {
  /** Path relative to the export folder. */
  file: string;
  /** Scratch table with the mapped columns. */
  table: string;
  /** Key of the file's first row; the others follow. */
  firstRecordKey: bigint;
  /** How a row's line in the file is known: from its place, from the line breaks inside the cells before it, or as the sieve noted it. */
  lines: "position" | "counted" | "sieved";
  /** Lines before the first row. */
  headerLines: number;
  /** Table of the refused lines, if any were: line, pointer, reason. */
  refused?: string;
  /** What a data dictionary says of the columns. */
  questions?: Questions | undefined;
}

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
    delim = ${text(delimiter)}, quote = ${text(quote)}, escape = ${text(dialect.escape)}${newLine}
  )`;
}

export interface Dialect extends Marks {
  header: boolean;
  /** Lines to leave out at the beginning. */
  skip?: number;
  /** Whether lines end with LF alone. */
  lineFeed: boolean;
}
