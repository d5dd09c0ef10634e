import { conditionMatches, procedureMatches } from "./codes.ts";
import { inDates, where } from "./compile-step.ts";
import type { Study } from "./read-study.ts";

/** Day 0 of each person, and the number of scored administrations in the study's dates. */
export function compileIndexEvent({ index, population: { dates } }: Study): string {
  switch (index.event) {
    case "first_administration":
      return [
        "-- day 0: the first administration in the study's dates",
        "SELECT",
        "  s.datamartid,",
        "  s.patid,",
        "  min(s.pro_date) AS index_date,",
        "  count(*) AS administrations",
        "FROM score AS s",
        ...where(inDates("s.pro_date", dates)),
        "GROUP BY s.datamartid, s.patid",
      ].join("\n");
    case "procedure":
      return firstOf(
        "procedure",
        "procedures AS x",
        "x.px_date",
        procedureMatches(index.codes),
        dates,
      );
    case "diagnosis":
      return firstOf(
        "condition",
        '"condition" AS c',
        "coalesce(c.onset_date, c.report_date)",
        conditionMatches(index.codes),
        dates,
      );
    case "date":
      return withAdministrations(
        "-- day 0: one date for everybody",
        [`SELECT p.datamartid, p.patid, DATE '${index.date}' AS index_date`, "FROM person AS p"],
        dates,
      );
    default:
      return index satisfies never;
  }
}

function firstOf(
  what: string,
  table: string,
  day: string,
  matches: string,
  dates: Study["population"]["dates"],
): string {
  const alias = table.at(-1);
  return withAdministrations(
    `-- day 0: the first ${what} of the lists in the study's dates`,
    [
      `SELECT ${alias}.datamartid, ${alias}.patid, min(${day}) AS index_date`,
      `FROM ${table}`,
      ...where([matches, `${day} IS NOT NULL`, ...inDates(day, dates)]),
      `GROUP BY ${alias}.datamartid, ${alias}.patid`,
    ],
    dates,
  );
}

function withAdministrations(
  comment: string,
  event: readonly string[],
  dates: Study["population"]["dates"],
): string {
  return [
    comment,
    "SELECT",
    "  v.datamartid,",
    "  v.patid,",
    "  v.index_date,",
    "  coalesce(n.administrations, 0) AS administrations",
    "FROM (",
    ...event.map((line) => `  ${line}`),
    ") AS v",
    "LEFT JOIN (",
    "  SELECT s.datamartid, s.patid, count(*) AS administrations",
    "  FROM score AS s",
    ...where(inDates("s.pro_date", dates)).map((line) => `  ${line}`),
    "  GROUP BY s.datamartid, s.patid",
    ") AS n ON n.datamartid = v.datamartid AND n.patid = v.patid",
  ].join("\n");
}
