import { text } from "../../../warehouse/sql.ts";

const ISO =
  "\\d{4}(-\\d\\d(-\\d\\d([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d+)?)?(Z|[+-]\\d\\d:?\\d\\d)?)?)?)?";
const OFFSET = "\\s*(Z|[+-]\\d\\d:?\\d\\d)$";

/** ISO 8601 text with the precision that the source's format has; NULL for anything the formats do not fit. */
export function isoDate(sql: string, formats: readonly string[]): string {
  if (formats.length === 0) {
    const isDay = `TRY_CAST(left(${sql} || '-01-01', 10) AS DATE) IS NOT NULL`;
    const fits = `regexp_full_match(${sql}, ${text(ISO)}) AND ${isDay}`;
    // Most are plain days, and to read one as a date and write it again takes a fifth of what the pattern does.
    const isPlain = `strlen(${sql}) = 10 AND CAST(TRY_CAST(${sql} AS DATE) AS VARCHAR) = ${sql}`;
    return `CASE WHEN ${isPlain} THEN ${sql} WHEN ${fits} THEN replace(${sql}, ' ', 'T') END`;
  }
  const tries = [
    ...formats.map((format) => parse(sql, format)),
    ...formats.flatMap((format) => coarser(sql, format)),
  ];
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

/**
 * The month or year that stands where the format has a day: what an export knows of a birth or a diagnosis long ago. Only of formats
 * with four digits for the year; a time of day belongs to a day.
 */
function coarser(sql: string, format: string): string[] {
  if (!format.includes("%Y") || !format.includes("%d") || precision(format) !== "%Y-%m-%d")
    return [];
  const month = format.replace(/[-./, ]*%d$|%d[-./, ]*/, "");
  const hasYear = `regexp_matches(${sql}, '[12]\\d{3}')`;
  return [
    `CASE WHEN regexp_full_match(${sql}, '[12]\\d{3}') THEN ${sql} END`,
    `CASE WHEN ${hasYear} THEN ${parse(sql, month)} END`,
  ];
}

function precision(format: string): string {
  if (/%-?[HIMSpfgn]/.test(format)) return "%Y-%m-%dT%H:%M:%S";
  if (/%-?[dj]/.test(format)) return "%Y-%m-%d";
  return /%-?[bBm]/.test(format) ? "%Y-%m" : "%Y";
}

/** The date of three cells: a year, with a month and a day where they are given. */
export function isoOfParts(
  year: string,
  [month = "NULL", day = "NULL"]: readonly string[],
): string {
  const monthGiven = `nullif(${month}, '0')`;
  const dayGiven = `CASE WHEN ${monthGiven} IS NOT NULL THEN nullif(${day}, '0') END`;
  const whole = `concat_ws('-', ${year}, coalesce(${monthGiven}, '1'), coalesce(${dayGiven}, '1'))`;
  const iso = `concat_ws('-', ${year}, lpad(${monthGiven}, 2, '0'), lpad(${dayGiven}, 2, '0'))`;
  return `CASE WHEN regexp_full_match(${year}, '\\d{4}') AND TRY_CAST(${whole} AS DATE) IS NOT NULL THEN ${iso} END`;
}

/** A date with the time of day of a second cell; the date cell may carry midnight, as database exports write it. */
export function withTime(iso: string, time: string): string {
  const padded = `lpad(${time}, CASE WHEN length(${time}) < 6 THEN 5 ELSE 8 END, '0')`;
  const fits = `regexp_full_match(${time}, '([01]?\\d|2[0-3]):[0-5]\\d(:[0-5]\\d)?')`;
  return `CASE WHEN ${time} IS NULL THEN left(${iso}, 10) WHEN ${fits} THEN left(${iso}, 10) || 'T' || ${padded} END`;
}

/** A moment that names its offset, as the local time of a zone; what names none is local already. */
export function inZone(iso: string, zone: string): string {
  const local = `strftime(timezone(${text(zone)}, TRY_CAST(${iso} AS TIMESTAMPTZ)), '%Y-%m-%dT%H:%M:%S')`;
  return `CASE WHEN regexp_matches(${iso}, 'T.*(Z|[+-]\\d\\d:?\\d\\d)$') THEN ${local} ELSE ${iso} END`;
}
