import { ident, text, textList } from "../../../warehouse/sql.ts";
import { type Columns, type FileEntry, isDate, type MissingReason, type Source } from "./layout.ts";

/** Column names that the compiled statements need for themselves. */
const RESERVED = new Set(["rowid", "record_key", "propool_line", "propool_lines", "propool_bad"]);

/** A source column in the scratch table. */
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

/** Keys are what ties rows together: "99" may be a patient, so no word for "no value" applies to them. */
const isKey = (intakeColumn: string): boolean => intakeColumn.endsWith("_key");

/** `expression AS column` for each mapped intake column. */
export function selectColumns(entry: FileEntry, columns: Columns): string[] {
  return Object.entries(columns).flatMap(([name, source]) =>
    source === undefined ? [] : [`${value(entry, name, source)} AS ${ident(name)}`],
  );
}

/** What fills one intake column. */
export function value(entry: FileEntry, intakeColumn: string, source: Source): string {
  if (typeof source === "object" && "value" in source) return text(source.value);
  const column = typeof source === "string" ? source : source.column;
  if (isKey(intakeColumn)) return cell(column);
  if (isDate(intakeColumn)) return isoCell(column, formatsOf(source));
  const words = missingReasons(entry).keys();
  if (intakeColumn === "deceased") return yesOrNo(present(cell(column), words));
  return present(cell(column), words);
}

/** The scratch column that holds a date cell as ISO text; a column that is read under two formats has two. */
export function isoCell(column: string, formats: readonly string[]): string {
  return ident([column, "as ISO", ...formats].join(" "));
}

/** The formats that a source states; none means ISO 8601. */
export function formatsOf(source: Source): string[] {
  if (typeof source === "string" || !("date_format" in source)) return [];
  return [source.date_format ?? []].flat();
}

const ISO =
  "\\d{4}(-\\d\\d(-\\d\\d([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d+)?)?(Z|[+-]\\d\\d:?\\d\\d)?)?)?)?";
const OFFSET = "\\s*(Z|[+-]\\d\\d:?\\d\\d)$";

/** ISO 8601 text with the precision that the source's format has; NULL for anything the formats do not fit. */
export function isoDate(sql: string, formats: readonly string[]): string {
  if (formats.length === 0) {
    const isDay = `TRY_CAST(left(${sql} || '-01-01', 10) AS DATE) IS NOT NULL`;
    const fits = `regexp_full_match(${sql}, ${text(ISO)}) AND ${isDay}`;
    return `CASE WHEN ${fits} THEN replace(${sql}, ' ', 'T') END`;
  }
  const tries = formats.map((format) => parse(sql, format));
  return tries.length === 1 ? String(tries[0]) : `coalesce(${tries.join(", ")})`;
}

function parse(sql: string, format: string): string {
  if (format === "epoch-seconds") {
    const micros = `TRY_CAST(TRY_CAST(${sql} AS DOUBLE) * 1000000 AS BIGINT)`;
    return `strftime(make_timestamp(${micros}), '%Y-%m-%dT%H:%M:%SZ')`;
  }
  if (!format.endsWith("%z")) {
    return `strftime(try_strptime(${sql}, ${text(format)}), ${text(precision(format))})`;
  }
  // The local day is what was meant: parsing %z would move it to UTC, so the offset is carried over as text.
  const local = `regexp_replace(${sql}, ${text(OFFSET)}, '')`;
  const bare = format.slice(0, -2).trimEnd();
  const offset = `regexp_extract(${sql}, ${text(OFFSET)}, 1)`;
  return `strftime(try_strptime(${local}, ${text(bare)}), ${text(precision(bare))}) || ${offset}`;
}

function precision(format: string): string {
  if (/%-?[HIMSpfgn]/.test(format)) return "%Y-%m-%dT%H:%M:%S";
  if (/%-?[dj]/.test(format)) return "%Y-%m-%d";
  return /%-?[bBm]/.test(format) ? "%Y-%m" : "%Y";
}

function yesOrNo(sql: string): string {
  const lower = `lower(${sql})`;
  return `CASE WHEN ${lower} IN ('1', 'y', 'yes', 't', 'true') THEN true WHEN ${lower} IN ('0', 'n', 'no', 'f', 'false') THEN false END`;
}

/** A plain number, or NULL. DuckDB would read 1_000 as a thousand; a questionnaire would not. */
export function numberOf(sql: string): string {
  return `CASE WHEN NOT contains(${sql}, '_') THEN TRY_CAST(${sql} AS DECIMAL(18,6)) END`;
}
