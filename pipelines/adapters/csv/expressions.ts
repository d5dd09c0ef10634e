import { ident, text, textList } from "../../../warehouse/sql.ts";
import { inZone, isoDate, isoOfParts, withTime } from "./iso-date.ts";
import { type FileEntry, isDate } from "./layout.ts";
import {
  type Columns,
  type MissingReason,
  mentionsOf,
  partsOf,
  type Source,
  type SourcePart,
} from "./source.ts";

/** Column names that the compiled statements need for themselves. */
const RESERVED = new Set([
  "rowid",
  "file_row_number",
  "record_key",
  "propool_line",
  "propool_lines",
  "propool_bad",
]);

/** A source column among the rows of a file. */
export function cell(column: string): string {
  return ident(RESERVED.has(column.toLowerCase()) ? `${column} (source)` : column);
}

/** Texts that mean "no value" and why; an empty cell needs none, it is NULL already. */
export function missingReasons(entry: FileEntry): Map<string, MissingReason> {
  const { missing } = entry;
  const pairs = Array.isArray(missing)
    ? missing.map((word) => [word.trim(), "skipped"] as const)
    : Object.entries(missing).map(([word, reason]) => [word.trim(), reason] as const);
  return new Map(pairs.filter(([word]) => word !== ""));
}

/** The cell, NULL where it holds a word for "no value". */
export function present(sql: string, missing: Iterable<string>): string {
  const words = [...missing];
  return words.length ? `CASE WHEN ${sql} NOT IN ${textList(words)} THEN ${sql} END` : sql;
}

/** `expression AS column` for each mapped intake column. */
export function selectColumns(entry: FileEntry, columns: Columns): string[] {
  return Object.entries(columns).flatMap(([name, source]) =>
    source === undefined ? [] : [`${value(entry, name, source)} AS ${ident(name)}`],
  );
}

/** What fills one intake column. */
export function value(entry: FileEntry, intakeColumn: string, source: Source): string {
  if (typeof source === "object" && "value" in source) return text(source.value);
  const parts = partsOf(source);
  if (isDate(intakeColumn)) return coalesce(parts.map(isoCell));
  // Keys are what ties rows together: "99" may be a patient, so no word for "no value" applies to them.
  const words = intakeColumn.endsWith("_key") ? [] : missingReasons(entry).keys();
  const missing = [...words];
  const all = coalesce(parts.map((part) => textOf(part, missing)));
  return intakeColumn === "deceased" ? yesOrNo(all) : all;
}

/** The same before the words for "no value" are taken out. */
export function valueAsItStands(entry: FileEntry, intakeColumn: string, source: Source): string {
  return value({ ...entry, missing: [] }, intakeColumn, source);
}

/** The key of an administration that a file of its own describes; the key is the site's, so it is marked. */
export function surveyKey(sql: string): string {
  return `'survey ' || ${sql}`;
}

/** A cell in our words, or what its key stands for in another file. */
export function textOf(part: SourcePart, missing: readonly string[]): string {
  const [{ column } = { column: "" }, ...more] = mentionsOf(part);
  if ("columns" in part) {
    // The first column must say something; a unit separator keeps the parts of a key apart.
    const rest = more.map((one) => `coalesce(${cell(one.column)}, '')`);
    return `${cell(column)} || chr(31) || concat_ws(chr(31), ${rest.join(", ")})`;
  }
  const cellText = present(cell(column), missing);
  if ("lookup" in part && part.lookup) {
    return `(SELECT found.value FROM ${lookupTable(part.lookup)} AS found WHERE found.key = ${cellText})`;
  }
  return "words" in part && part.words ? recoded(cellText, part.words) : cellText;
}

/** Scratch table of a lookup, with the columns key and value. */
export function lookupTable(name: string): string {
  return ident(`lookup ${name}`);
}

/** The text with the words that stand for another replaced. */
export function recoded(sql: string, words: Readonly<Record<string, string>>): string {
  const whens = Object.entries(words).map(([from, to]) => `WHEN ${text(from)} THEN ${text(to)}`);
  return whens.length ? `CASE ${sql} ${whens.join(" ")} ELSE ${sql} END` : sql;
}

function coalesce(list: readonly string[]): string {
  return list.length === 1 ? String(list[0]) : `coalesce(${list.join(", ") || "NULL"})`;
}

/** The scratch column that holds a date as ISO text; a column that is read under two formats has two. */
export function isoCell(part: SourcePart): string {
  const columns = mentionsOf(part).map(({ column }) => column);
  return ident([...columns, "as ISO", ...formatsOf(part)].join(" "));
}

/** The ISO text of a date, NULL where the cells hold none. */
export function isoValue(entry: FileEntry, part: SourcePart): { given: string; iso: string } {
  const words = [...missingReasons(entry).keys()];
  const [first = "NULL", ...more] = mentionsOf(part).map(({ column }) =>
    present(cell(column), words),
  );
  const iso = "year" in part ? isoOfParts(first, more) : isoDate(first, formatsOf(part));
  const [time] = more;
  const timed = "time" in part && part.time && time ? withTime(iso, time) : iso;
  return { given: first, iso: entry.time_zone ? inZone(timed, entry.time_zone) : timed };
}

/** The formats that a source states; none means ISO 8601. */
function formatsOf(part: SourcePart): string[] {
  return "date_format" in part && part.date_format ? [part.date_format].flat() : [];
}

function yesOrNo(sql: string): string {
  const lower = `lower(${sql})`;
  return `CASE WHEN ${lower} IN ('1', 'y', 'yes', 't', 'true') THEN true WHEN ${lower} IN ('0', 'n', 'no', 'f', 'false') THEN false END`;
}

/** A cell where it is another text than the answer that it became. */
export function otherwise(raw: string): string {
  return `nullif(${raw}, coalesce(answer_text, rtrim(rtrim(CAST(answer_num AS VARCHAR), '0'), '.')))`;
}

/** A plain number, or NULL. DuckDB would read 1_000 as a thousand; a questionnaire would not. */
export function numberOf(sql: string, decimal: FileEntry["decimal"] = "."): string {
  // Where the comma is the decimal mark, a point may still be one (a computed field), but not beside a comma.
  const point =
    decimal === "."
      ? sql
      : `CASE WHEN NOT contains(${sql}, '.') THEN replace(${sql}, ',', '.') ELSE ${sql} END`;
  return `CASE WHEN NOT contains(${sql}, '_') THEN TRY_CAST(${point} AS DECIMAL(18,6)) END`;
}
