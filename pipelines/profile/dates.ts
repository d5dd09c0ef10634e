import { text } from "../../warehouse/sql.ts";

/** Formats that exports use, ISO 8601 first. An ambiguous pair (month and day first) is told apart by values above 12 only. */
export const DATE_FORMATS = [
  "ISO 8601",
  "%Y/%m/%d",
  "%m/%d/%Y",
  "%d/%m/%Y",
  "%m-%d-%Y",
  "%d-%m-%Y",
  "%d.%m.%Y",
  "%m/%d/%y",
  "%d/%m/%y",
  "%Y%m%d",
  "%d-%b-%Y",
  "%d%b%Y",
  "%d%b%Y:%H:%M:%S",
  "%m/%d/%Y %H:%M",
  "%d/%m/%Y %H:%M",
  "%m/%d/%Y %H:%M:%S",
  "%d/%m/%Y %H:%M:%S",
  "%m/%d/%Y %I:%M:%S %p",
  "%d.%m.%Y %H:%M",
  "%d.%m.%Y %H:%M:%S",
  "%Y/%m/%d %H:%M:%S",
  "epoch-seconds",
] as const;

const ISO =
  "\\d{4}-\\d\\d-\\d\\d([T ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?\\s?(Z|[+-]\\d\\d:?\\d\\d)?)?";

/** The day that a text means under a format; NULL where it is none. Epoch seconds count from 1990 to 2060 only. */
export function dateValueSql(value: string, format: string): string {
  if (format === "ISO 8601") {
    return `CASE WHEN regexp_full_match(${value}, ${text(ISO)}) THEN TRY_CAST(left(${value}, 10) AS DATE) END`;
  }
  if (format === "epoch-seconds") {
    const seconds = `TRY_CAST(${value} AS DOUBLE)`;
    return `CASE WHEN ${seconds} BETWEEN 631152000 AND 2840140800 THEN CAST(make_timestamp(CAST(${seconds} * 1000000 AS BIGINT)) AS DATE) END`;
  }
  return `CASE WHEN year(try_strptime(${value}, ${text(format)})) BETWEEN 1880 AND 2100 THEN CAST(try_strptime(${value}, ${text(format)}) AS DATE) END`;
}

/** The month of a day, or only its year: an exact first or last day may be one person's. */
export function monthOf(day: string, isPersonal: boolean): string {
  return day.slice(0, isPersonal ? 4 : 7);
}
