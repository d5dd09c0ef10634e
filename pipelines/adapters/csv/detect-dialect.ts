import { rm } from "node:fs/promises";
import { type DuckDb, isInputRefused } from "../../../warehouse/duckdb.ts";
import { ident } from "../../../warehouse/sql.ts";
import {
  type DateEvidence,
  dateEvidence,
  type MissingEvidence,
  missingEvidence,
} from "./detect-columns.ts";
import { detectEncoding, type EncodingFound } from "./detect-encoding.ts";
import { detectMarks } from "./detect-marks.ts";
import { repeatedNames, uniqueNames } from "./header.ts";
import { plainText, unpacked } from "./plain-text.ts";
import { type Dialect, readCsv } from "./scratch.ts";

/** How a file is written, as far as it can be told without a mapping. */
export interface DialectFound {
  /** What differs from the default, as the file's entry in a mapping says it. */
  options: {
    delimiter?: string;
    quote?: string;
    escape?: string;
    encoding?: string;
    title_lines?: number;
    header?: boolean;
    label_lines?: number;
  };
  encoding: EncodingFound;
  /** The text was a sheet of a workbook. */
  isSheet: boolean;
  /** Column names as the mapping names them: trimmed, a second one of a name with _2. */
  columns: string[];
  /** What a line of labels under the names says of them, by name. */
  labels: Record<string, string>;
  /** Names that the header has more than once, whatever their case. */
  repeated: string[];
  /** UTF-8 text that `dialect` reads: the file itself or a copy in `scratch`, which `remove` takes away. */
  path: string;
  dialect: Dialect;
  dates: DateEvidence[];
  missing: MissingEvidence[];
  /** Why we think so, in a sentence each; no cell's text. */
  evidence: string[];
  remove(): Promise<void>;
}

/**
 * Finds out how a file is written: packing, encoding, delimiter, quotes, lines before the first row, dates and words for
 * "no value". Nothing ambiguous is chosen: it is in the evidence, and the steward says which one it is. With `db` the order of day and
 * month is looked up in the whole file, without it in its first thousand rows.
 *
 * @throws ProError `SOURCE_*` as reading the file would.
 */
export async function detectDialect(options: {
  path: string;
  /** Name for messages. */
  file: string;
  sheet?: string | undefined;
  /** Where the encoding is known. */
  encoding?: string | undefined;
  scratch: string;
  /** Prefix of working copies. */
  name: string;
  db?: DuckDb;
}): Promise<DialectFound> {
  const { file, scratch, name, sheet } = options;
  const raw = await unpacked({ path: options.path, file, sheet, scratch, name });
  const encoding = await detectEncoding(raw.path);
  const plain = await plainText({
    path: raw.path,
    file,
    encoding: options.encoding ?? encoding.encoding ?? undefined,
    scratch,
    name: `${name}_text`,
  });
  const copies = [...raw.copies, ...plain.copies];
  const head = Buffer.from(plain.head, "latin1").toString("utf8");
  const found = detectMarks(head);
  const columns = uniqueNames(found.columns);
  const dialect: Dialect = {
    delimiter: found.delimiter,
    quote: found.quote,
    escape: found.escape,
    header: false,
    skip: found.header || found.titleLines > 0 ? linesBefore(found) : 0,
    lineFeed: /[^\r]\n/.test(head) && !head.includes("\r"),
  };
  const dates = columns.flatMap((column, i) => {
    const cells = found.rows.map((row) => row[i] ?? "");
    return dateEvidence(column, cells) ?? [];
  });
  const settled = options.db
    ? await settle(options.db, { dates, columns, rows: found.rows, path: plain.path, dialect })
    : dates;
  const isNamed = options.encoding === undefined && !encoding.byteOrderMark;
  return {
    options: {
      ...(found.delimiter === "," ? {} : { delimiter: found.delimiter }),
      ...(found.quote === '"' ? {} : { quote: found.quote || "none" }),
      ...(found.escape === found.quote ? {} : { escape: found.escape }),
      ...(isNamed && encoding.encoding && encoding.encoding !== "utf-8"
        ? { encoding: encoding.encoding }
        : {}),
      ...(found.titleLines ? { title_lines: found.titleLines } : {}),
      ...(found.header ? {} : { header: false }),
      ...(found.labelLines ? { label_lines: found.labelLines } : {}),
    },
    encoding,
    isSheet: raw.isSheet,
    columns,
    labels: Object.fromEntries(found.labels.map((label, i) => [columns[i] ?? "", label])),
    repeated: repeatedNames(found.columns),
    path: plain.path,
    dialect,
    dates: settled,
    missing: missingEvidence(columns, found.rows),
    evidence: [encoding.evidence, found.evidence, ...settled.map(dateSentence)],
    remove: async () => {
      for (const copy of copies) await rm(copy, { force: true });
    },
  };
}

const dateSentence = ({ column, evidence }: DateEvidence) => `${column}: ${evidence}`;

function linesBefore(found: ReturnType<typeof detectMarks>): number {
  return found.titleLines + found.headLines;
}

interface Open {
  dates: readonly DateEvidence[];
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  path: string;
  dialect: Dialect;
}

/** Looks through the whole file for a day above 12 in the columns whose order is open. */
async function settle(
  db: DuckDb,
  { dates, columns, rows, path, dialect }: Open,
): Promise<DateEvidence[]> {
  const open = dates.filter(({ isAmbiguous }) => isAmbiguous);
  if (open.length === 0) return [...dates];
  const largest = (column: string, place: 1 | 2) =>
    `max(TRY_CAST(regexp_extract(${ident(column)}, '^\\s*(\\d{1,2})[-/.](\\d{1,2})[-/.]', ${place}) AS INTEGER))`;
  const select = open.flatMap(({ column }, i) => [
    `${largest(column, 1)} AS first_${i}`,
    `${largest(column, 2)} AS second_${i}`,
  ]);
  const bounds = await db
    .one<Record<string, number | null>>(
      `SELECT ${select.join(", ")} FROM ${readCsv(path, columns, dialect)}`,
    )
    .catch((error) => {
      // A line that does not fit is for the reader to refuse; here the first rows must do.
      if (isInputRefused(error)) return {} as Record<string, number | null>;
      throw error;
    });
  return dates.map((one) => {
    const i = open.indexOf(one);
    if (i < 0) return one;
    const at = columns.indexOf(one.column);
    const cells = rows.map((row) => row[at] ?? "");
    const both = { first: bounds[`first_${i}`] ?? 0, second: bounds[`second_${i}`] ?? 0 };
    return dateEvidence(one.column, cells, both) ?? one;
  });
}
