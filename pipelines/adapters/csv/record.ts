/** One record of CSV text, or why it is none. Positions are characters of the text that was scanned. */
export interface CsvRecord {
  fields: string[];
  /** Where the next record begins. */
  end: number;
  /** Physical lines that the record spans. */
  lines: number;
  /** Index of the field whose quote does not close as it should; the record is then unusable. */
  brokenField?: number;
}

/** The characters that structure a file. */
export interface Marks {
  delimiter: string;
  /** Empty: nothing is quoted. */
  quote: string;
  /** What stands before a quote inside a quoted field; often the quote itself. */
  escape: string;
}

/** The marks of RFC 4180. */
export const STANDARD: Marks = { delimiter: ",", quote: '"', escape: '"' };

/**
 * Reads the record that begins at `start` by RFC 4180 with the file's own marks, and blanks allowed around a quoted field, as DuckDB does; `null` when
 * the text ends before the record does and more can be read. A line ends with LF, CRLF or CR.
 */
export function scanRecord(
  text: string,
  start: number,
  marks: Marks,
  atEnd: boolean,
): CsvRecord | null {
  const { delimiter } = marks;
  const fields: string[] = [];
  let lines = 1;
  let at = start;
  for (;;) {
    const open = skipBlanks(text, at, delimiter);
    const quoted = marks.quote !== "" && text[open] === marks.quote;
    const field = quoted ? scanQuoted(text, open, marks, atEnd) : scanBare(text, at, delimiter);
    if (field === null) return null;
    if (field.broken) return { fields, end: field.end, lines, brokenField: fields.length };
    fields.push(field.value);
    if (quoted) lines += countBreaks(field.value);
    const next = quoted ? skipBlanks(text, field.end, delimiter) : field.end;
    if (next >= text.length) return atEnd ? { fields, end: next, lines } : null;
    if (text[next] === delimiter) {
      at = next + 1;
      continue;
    }
    const end = lineEnd(text, next);
    if (end === next) return { fields, end: next, lines, brokenField: fields.length - 1 };
    // A CR at the very end of a chunk may be half of a CRLF.
    if (end === text.length && text[next] === "\r" && !atEnd) return null;
    return { fields, end, lines };
  }
}

/** Where the line that `at` is on ends, its line break included; `null` when the text ends first and more can be read. */
export function nextLine(text: string, at: number, atEnd: boolean): number | null {
  const feed = text.indexOf("\n", at);
  const bound = feed < 0 ? text.length : feed;
  const back = text.slice(at, bound).indexOf("\r");
  const mark = back < 0 ? bound : at + back;
  const end = lineEnd(text, mark);
  const isCut = mark >= text.length || (end === text.length && text[mark] === "\r");
  return isCut && !atEnd ? null : end;
}

interface Field {
  value: string;
  end: number;
  broken?: boolean;
}

function scanQuoted(
  text: string,
  open: number,
  { quote, ...marks }: Marks,
  atEnd: boolean,
): Field | null {
  const before = marks.escape;
  let value = "";
  let from = open + 1;
  for (;;) {
    const mark = nextMark(text, from, quote, before);
    if (mark < 0) return atEnd ? { value, end: text.length, broken: true } : null;
    value += text.slice(from, mark);
    if (mark + 1 === text.length && !atEnd) return null;
    const next = text[mark + 1];
    if (text[mark] === before && (next === quote || next === before)) {
      value += next;
      from = mark + 2;
    } else if (text[mark] === quote) {
      return { value, end: mark + 1 };
    } else {
      value += text[mark];
      from = mark + 1;
    }
  }
}

function nextMark(text: string, from: number, quote: string, before: string): number {
  const close = text.indexOf(quote, from);
  if (before === quote || before === "") return close;
  const escaped = text.indexOf(before, from);
  return escaped >= 0 && (close < 0 || escaped < close) ? escaped : close;
}

function scanBare(text: string, at: number, delimiter: string): Field {
  let end = at;
  while (end < text.length) {
    const mark = text[end];
    if (mark === delimiter || mark === "\n" || mark === "\r") break;
    end++;
  }
  return { value: text.slice(at, end), end };
}

function skipBlanks(text: string, at: number, delimiter: string): number {
  let next = at;
  while (text[next] === " " && delimiter !== " ") next++;
  return next;
}

function lineEnd(text: string, at: number): number {
  if (text[at] === "\r") return text[at + 1] === "\n" ? at + 2 : at + 1;
  return text[at] === "\n" ? at + 1 : at;
}

function countBreaks(value: string): number {
  return value.match(/\r\n|\r|\n/g)?.length ?? 0;
}
