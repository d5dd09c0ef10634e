import { type Marks, scanRecord } from "./record.ts";

export interface MarksFound extends Marks {
  /** Lines before the line of column names. */
  titleLines: number;
  /** Whether a line names the columns. */
  header: boolean;
  /** Records between the names and the first row. */
  labelLines: number;
  /** Lines of the names and the labels. */
  headLines: number;
  /** The names as they stand. */
  columns: string[];
  /** What the first line of labels says of each column; none: there is no such line. */
  labels: string[];
  /** The first rows. */
  rows: string[][];
  evidence: string;
}

const DELIMITERS = [",", ";", "\t", "|", ":"];
/** What the colon's regularity counts for. */
const COLON = 0.7;
const RECORDS = 1000;

/** How a file's beginning (one character a byte or a letter) is structured: the marks under which most records have the same number of fields. */
export function detectMarks(head: string): MarksFound {
  const [best] = DELIMITERS.flatMap((delimiter) => quotings(head, delimiter))
    .map((marks) => ({ marks, ...measure(head, marks) }))
    .toSorted((a, b) => b.score - a.score);
  if (!best) throw new TypeError("there are delimiters to try");
  const { marks, records, width, alike } = best;
  const first = firstOf(records, width);
  const body = records.slice(Math.max(first, 0)).map(({ fields }) => fields.map((f) => f.trim()));
  const header = isHeader(body);
  const labelLines = header ? labelsAfter(body) : 0;
  const columns = (header ? body[0] : body[0]?.map((_, i) => `column${i + 1}`)) ?? [];
  return {
    ...marks,
    titleLines: records.slice(0, Math.max(first, 0)).reduce((sum, { lines }) => sum + lines, 0),
    header,
    labelLines,
    headLines: records
      .slice(Math.max(first, 0), Math.max(first, 0) + (header ? 1 + labelLines : 0))
      .reduce((sum, { lines }) => sum + lines, 0),
    columns,
    labels: labelLines > 0 ? (body[1] ?? []) : [],
    rows: body.slice(header ? 1 + labelLines : 0),
    evidence: `${alike} of the first ${records.length} records have ${width} fields`,
  };
}

/** The first whole record; a spreadsheet fills the lines of a title up with empty cells, so that they look like one. */
function firstOf(records: readonly { fields: string[] }[], width: number): number {
  const whole = ({ fields }: { fields: string[] }) => fields.length === width;
  const isNamed = (fields: string[]) =>
    fields.filter((field) => field.trim() !== "").length * 2 > fields.length;
  const named = records.findIndex((record) => whole(record) && isNamed(record.fields));
  return named < 0 ? records.findIndex(whole) : named;
}

/** Double quotes unless only single ones enclose fields; a backslash escapes where it stands before quotes inside fields. */
function quotings(head: string, delimiter: string): Marks[] {
  const edge = (quote: string) => {
    const at = delimiter === "|" ? "\\|" : delimiter;
    const open = new RegExp(`(?:^|${at}|\\n) *${quote}`, "g");
    const close = new RegExp(`${quote} *(?:${at}|\\r?\\n|$)`, "g");
    return Math.min(count(head, open), count(head, close));
  };
  const [double, single] = [edge('"'), edge("'")];
  if (double === 0 && single > 2) return [{ delimiter, quote: "'", escape: "'" }];
  if (double === 0 && head.includes('"')) return [{ delimiter, quote: "", escape: "" }];
  const isEscaped = count(head, /\\"/g) > count(head, /""/g) && count(head, /\\"/g) > 0;
  return [{ delimiter, quote: '"', escape: isEscaped ? "\\" : '"' }];
}

function measure(head: string, marks: Marks) {
  const records: { fields: string[]; lines: number }[] = [];
  let broken = 0;
  for (let at = 0; at < head.length && records.length < RECORDS; ) {
    const record = scanRecord(head, at, marks, false);
    if (record === null || record.end === at) {
      // The last line may be cut off, or be the file's end without a line break.
      const last = scanRecord(head, at, marks, true);
      if (last && records.length < 50) records.push(last);
      break;
    }
    if (record.brokenField !== undefined) broken++;
    if (record.fields.length > 1 || record.fields[0]?.trim() !== "" || records.length === 0) {
      records.push(record);
    }
    at = record.end;
    if (record.brokenField !== undefined) at = nextBreak(head, at);
  }
  const widths = new Map<number, number>();
  for (const { fields } of records) widths.set(fields.length, (widths.get(fields.length) ?? 0) + 1);
  const [[width, alike] = [1, 0]] = [...widths].toSorted((a, b) => b[1] - a[1] || b[0] - a[0]);
  const regular = records.length ? (alike - broken) / records.length : 0;
  // Times of day have a colon in every line, however broken the lines are otherwise.
  const share = marks.delimiter === ":" ? COLON * regular : regular;
  // One field a record is no structure; of equally regular ones the finer counts.
  return { records, width, alike, score: width > 1 ? share + Math.min(width, 99) / 1000 : 0 };
}

function nextBreak(text: string, at: number): number {
  const feed = text.indexOf("\n", at);
  return feed < 0 ? text.length : feed + 1;
}

/** A number, a date or a time; PHQ9.1 is a name. */
const isValue = (text: string) => text === "" || /^[-+]?[\d.,]+%?$|^\d+[-/.:]\d/.test(text);

/** Names are words, all different, where the rows have numbers or dates somewhere. */
function isHeader([first = [], ...rows]: string[][]): boolean {
  if (rows.length === 0) return first.length > 0 && !first.some(isValue);
  const named = first.filter((text) => text !== "");
  if (named.length === 0 || new Set(named).size < named.length / 2) return false;
  const values = first.filter((text) => text !== "" && isValue(text)).length;
  return values === 0 || values < named.length / 4;
}

/** Qualtrics and others write the questions' texts under the names: text where the rows below have numbers. */
function labelsAfter([, ...rows]: string[][]): number {
  const below = rows.slice(3);
  if (below.length < 2) return 0;
  const numeric = (rows[0] ?? []).map(
    (_, i) => below.filter((row) => row[i] && isValue(row[i] ?? "")).length > below.length / 2,
  );
  const columns = numeric.flatMap((is, i) => (is ? [i] : []));
  if (columns.length === 0) return 0;
  const isLabel = (row: string[] = []) =>
    columns.filter((i) => row[i] && !isValue(row[i] ?? "")).length > columns.length / 2;
  const labels = [0, 1].findIndex((i) => !isLabel(rows[i]));
  return labels < 0 ? 2 : labels;
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
