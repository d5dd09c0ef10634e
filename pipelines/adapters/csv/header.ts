import { ProError } from "../../core/errors.ts";
import { editDistance } from "../../core/nearest.ts";
import type { FileEntry } from "./layout.ts";
import { columnUses } from "./mapping.ts";
import { scanRecord } from "./record.ts";

export interface Header {
  delimiter: string;
  /** The columns' names, trimmed; a name that occurs again, whatever its case, gets _2, _3; one without a name is column7. */
  columns: string[];
  /** Lines up to the first row; blank lines before the header count. */
  lines: number;
  /** Blank lines before the header. */
  blankLines: number;
  /** Whether its line ends with LF alone. */
  lineFeed: boolean;
}

const DELIMITERS = [",", ";", "\t", "|"];

/**
 * Reads the names of a file's columns from its beginning. Where the mapping names no delimiter, it is the one that brings out most mapped columns.
 *
 * @throws ProError `MAPPING_MISSING_COLUMN` with file, column and, where there is one, a similar name of the header.
 */
export function readHeader(head: string, entry: FileEntry, file: string): Header {
  const blank = /^(?:[ \t]*(?:\r\n|\r|\n))*/.exec(head)?.[0] ?? "";
  const blankLines = blank.match(/\r\n|\r|\n/g)?.length ?? 0;
  const candidates = entry.delimiter ? [entry.delimiter] : DELIMITERS;
  const [best] = candidates
    .map((delimiter) => ({
      delimiter,
      ...firstRecord(head, blank.length, delimiter, entry.header),
    }))
    .map((header) => ({ ...header, found: found(entry, header.columns).length }))
    .toSorted((a, b) => b.found - a.found || b.columns.length - a.columns.length);
  if (!best) throw new TypeError("a header needs a delimiter");
  refuseMissingColumns(entry, best.columns, file);
  const lines = blankLines + (entry.header ? best.lines : 0);
  const { delimiter, columns, lineFeed } = best;
  return { delimiter, columns, lines, blankLines, lineFeed };
}

function firstRecord(head: string, start: number, delimiter: string, isHeader: boolean) {
  const record = scanRecord(head, start, delimiter, true);
  const fields = record?.brokenField === undefined ? (record?.fields ?? []) : [];
  const names = isHeader ? fields.map((field) => Buffer.from(field, "latin1").toString()) : [];
  const columns = unique(fields.map((_, i) => names[i] ?? ""));
  const lineFeed = /[^\r]\n$/.test(head.slice(start, record?.end));
  return { columns, lines: record?.lines ?? 1, lineFeed };
}

function unique(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((raw, i) => {
    const name = raw.trim() || `column${i + 1}`;
    let candidate = name;
    for (let n = 2; taken.has(candidate.toLowerCase()); n++) candidate = `${name}_${n}`;
    taken.add(candidate.toLowerCase());
    return candidate;
  });
}

function found(entry: FileEntry, columns: readonly string[]): string[] {
  const known = new Set(columns);
  return columnUses(entry).flatMap(({ column }) => (known.has(column) ? [column] : []));
}

function refuseMissingColumns(entry: FileEntry, columns: readonly string[], file: string): void {
  const known = new Set(columns);
  const missing = columnUses(entry).find(({ column }) => !known.has(column));
  if (!missing) return;
  throw new ProError("MAPPING_MISSING_COLUMN", `the file has no column ${missing.column}`, {
    where: { file, pointer: missing.pointer },
    hint: hint(entry, columns, missing.column),
  });
}

function hint(entry: FileEntry, columns: readonly string[], wanted: string): string {
  // A first line without any mapped column may be a patient's row: its words are not repeated.
  if (entry.header && found(entry, columns).length === 0) {
    return "the first line holds none of the mapped columns; check delimiter, encoding, header and match";
  }
  const [nearest] = columns.toSorted((a, b) => editDistance(wanted, a) - editDistance(wanted, b));
  return nearest && editDistance(wanted, nearest) <= Math.max(3, wanted.length / 3)
    ? `did you mean ${nearest}?`
    : `the file has ${columns.length} columns; correct the name in the mapping`;
}
