import { ProError } from "../../core/errors.ts";
import { editDistance } from "../../core/nearest.ts";
import type { FileEntry } from "./layout.ts";
import { columnUses } from "./mapping.ts";
import { narrow } from "./narrow.ts";
import { type Marks, nextLine, scanRecord } from "./record.ts";

export interface Header extends Marks {
  /** The columns' names, trimmed; a name that occurs again, whatever its case, gets _2, _3; one without a name is column7. */
  columns: string[];
  /** Lines up to the first row: titles, blank lines, names, labels. */
  lines: number;
  /** Whether other lines than one of column names stand before the first row. */
  isPreceded: boolean;
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
  const titled = skipLines(head, 0, entry.title_lines);
  const blank = /^(?:[ \t]*(?:\r\n|\r|\n))*/.exec(head.slice(titled))?.[0] ?? "";
  const before = entry.title_lines + (blank.match(/\r\n|\r|\n/g)?.length ?? 0);
  const quote = entry.quote === "none" ? "" : entry.quote;
  const candidates = entry.delimiter ? [entry.delimiter] : DELIMITERS;
  const [best] = candidates
    .map((delimiter) => ({ delimiter, quote, escape: entry.escape ?? quote }))
    .map((marks) => ({ ...marks, ...firstRecord(head, titled + blank.length, marks, entry) }))
    .map((header) => ({ ...header, found: found(entry, header.columns).length }))
    .toSorted((a, b) => b.found - a.found || b.columns.length - a.columns.length);
  if (!best) throw new TypeError("a header needs a delimiter");
  refuseMissingColumns(narrow(entry, best.columns), best.columns, file);
  const { found: _, lines, ...header } = best;
  return { ...header, lines: before + lines, isPreceded: before > 0 || entry.label_lines > 0 };
}

/** Where the line after `count` whole lines begins. */
function skipLines(text: string, start: number, count: number): number {
  let at = start;
  for (let i = 0; i < count; i++) at = nextLine(text, at, true) ?? text.length;
  return at;
}

function firstRecord(head: string, start: number, marks: Marks, entry: FileEntry) {
  const record = scanRecord(head, start, marks, true);
  const fields = record?.brokenField === undefined ? (record?.fields ?? []) : [];
  const names = entry.header ? fields.map((field) => Buffer.from(field, "latin1").toString()) : [];
  const columns = uniqueNames(fields.map((_, i) => names[i] ?? ""));
  const lineFeed = /[^\r]\n$/.test(head.slice(start, record?.end));
  let lines = entry.header ? (record?.lines ?? 1) : 0;
  let at = entry.header ? (record?.end ?? start) : start;
  for (let i = 0; i < entry.label_lines; i++) {
    const label = scanRecord(head, at, marks, true);
    lines += label?.lines ?? 0;
    at = label?.end ?? at;
  }
  return { columns, lines, lineFeed };
}

/** Names of columns, trimmed; a name that occurs again, whatever its case, gets _2, _3; one without a name is column7. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((raw, i) => {
    const name = raw.trim() || `column${i + 1}`;
    let candidate = name;
    for (let n = 2; taken.has(candidate.toLowerCase()); n++) candidate = `${name}_${n}`;
    taken.add(candidate.toLowerCase());
    return candidate;
  });
}

/** The names that occur more than once, whatever their case. */
export function repeatedNames(names: readonly string[]): string[] {
  const all = names.map((name) => name.trim()).filter(Boolean);
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  return all.filter((name, i) => {
    const first = all.findIndex((one) => same(one, name));
    return first === i && all.some((one, k) => k > i && same(one, name));
  });
}

function found(entry: FileEntry, columns: readonly string[]): string[] {
  const known = new Set(columns.map((column) => column.toLowerCase()));
  return columnUses(entry).flatMap(({ column }) =>
    known.has(column.toLowerCase()) ? [column] : [],
  );
}

function refuseMissingColumns(entry: FileEntry, columns: readonly string[], file: string): void {
  const known = new Set(columns.map((column) => column.toLowerCase()));
  const missing = columnUses(entry).find(
    ({ column, optional }) => !optional && !known.has(column.toLowerCase()),
  );
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
