import { basename } from "node:path";
import { type DuckDb, isInputRefused } from "../warehouse/duckdb.ts";
import { type DialectFound, detectDialect } from "./adapters/csv/detect-dialect.ts";
import { readCsv } from "./adapters/csv/scratch.ts";

/** A CSV file opened without a mapping: how it is written, and SQL that reads its rows. */
export interface OpenCsv {
  columns: string[];
  /** SQL that reads the rows as text, strictly. */
  read: string;
  /** The same, but lines that do not fit their columns are filled up or left out. */
  readLoosely: string;
  /** What a mapping's entry must say of the text. */
  options: DialectFound["options"] & { sheet?: string };
  notes: string[];
  /** What a line of labels under the names says of them, by name. */
  labels: Readonly<Record<string, string>>;
  /** Names that the header has more than once; their columns are then name, name_2 … */
  repeated: readonly string[];
  close(): Promise<void>;
}

const NAMES: Record<string, string> = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar" };

/**
 * Finds out how a file is written: packing, encoding, delimiter, quotes, the line of column names.
 *
 * @throws ProError `SOURCE_*`.
 */
export async function openCsvSource(
  path: string,
  { scratch, db, sheet }: { scratch: string; db: DuckDb; sheet?: string | undefined },
): Promise<OpenCsv> {
  const file = basename(path);
  const found = await detectDialect({ path, file, scratch, name: "profile", db, sheet });
  const { columns, dialect, encoding, options } = found;
  const read = readCsv(found.path, columns, dialect);
  // In parallel DuckDB fills no lines up in a file that has line breaks inside its cells.
  const readLoosely = read.replace(
    "strict_mode = true",
    "strict_mode = false, null_padding = true, ignore_errors = true, parallel = false",
  );
  const { delimiter: _, ...rest } = options;
  return {
    columns,
    read,
    readLoosely,
    options: found.isSheet && sheet !== undefined ? { sheet, ...options } : options,
    labels: found.labels,
    repeated: found.repeated,
    notes: [
      `${found.isSheet ? "a sheet of a workbook" : `${NAMES[dialect.delimiter] ?? dialect.delimiter} separated`}, ${columns.length} columns`,
      ...(encoding.encoding === "utf-8" ? [] : [encoding.evidence]),
      ...found.repeated.map((name) => `the header has ${name} more than once`),
      ...Object.entries(rest).map(([name, value]) => `${name}: ${value}`),
    ],
    close: found.remove,
  };
}

/** Asks the rows of a file, strictly if they can be; a look must not end at the first ragged line, but it says so. */
export async function askRows<T>(
  source: OpenCsv,
  ask: (read: string) => Promise<T>,
): Promise<{ answer: T; isLoose: boolean }> {
  try {
    return { answer: await ask(source.read), isLoose: false };
  } catch (error) {
    if (!isInputRefused(error)) throw error;
    return { answer: await ask(source.readLoosely), isLoose: true };
  }
}
