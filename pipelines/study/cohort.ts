import { compileStep, where } from "./compile-step.ts";
import { compileIndexEvent } from "./index-event.ts";
import { LINKED, ONE_OF_EACH_PERSON } from "./linked.ts";
import { compilePerson } from "./person.ts";
import type { Study } from "./read-study.ts";
import { followUpsOf, type Outcome, type StratumVariable } from "./schema.ts";
import { compileScores, needsCollection } from "./scores.ts";

export interface CohortOptions {
  /** Of the score's grid, as the catalogue has them: `checkGrid` proves it. */
  decimals: number;
  /** Only these sites; left out: those of the study. */
  sites?: readonly string[];
}

/** Named steps of a WITH list, each may read the ones before it. */
export type Steps = readonly (readonly [name: string, sql: string])[];

export function compileWith(steps: Steps): string {
  return `WITH ${steps.map(([name, sql]) => compileStep(name, sql)).join(",\n")}`;
}

/**
 * The steps that end in `cohort`: one row a person and site, or a linked person with the number of its `records`, with the columns stratum, administrations,
 * baseline and follow_up (grid integers; follow_up is null without a score in its window, follow_up_2 ... for further windows),
 * baseline_seq, follow_up_day, age, sex, race, hispanic, method and mode. Runs on DuckDB and PostgreSQL; a reader can select from
 * any of its steps. People without a score in the index day's window are not in it.
 */
export function compileCohort(study: Study, outcome: Outcome, options: CohortOptions): Steps {
  const sites = options.sites ?? study.population.sites;
  const followUps = followUpsOf(study.windows);
  return [
    ["score", compileScores(study, outcome, options.decimals, sites)],
    ["person", compilePerson(study, sites)],
    ["index_event", compileIndexEvent(study)],
    ["eligible", eligibleStep(study)],
    ["score_day", scoreDays(study)],
    ["baseline", nearestStep(study, study.windows.baseline.days, 0)],
    ...followUps.map(
      ({ days, target }, i) => [followUpName(i), nearestStep(study, days, target)] as const,
    ),
    ...(study.people === "linked"
      ? ([
          ["linked", LINKED],
          ["record", cohortStep(study)],
          ["cohort", ONE_OF_EACH_PERSON],
        ] as const)
      : ([["cohort", cohortStep(study)]] as const)),
  ];
}

function followUpName(index: number): string {
  return index === 0 ? "follow_up" : `follow_up_${index + 1}`;
}

function eligibleStep({ population: { age } }: Study): string {
  return [
    "-- with age in completed years on day 0",
    "SELECT *",
    "FROM (",
    "  SELECT",
    "    p.datamartid,",
    "    p.patid,",
    "    p.sex,",
    "    p.race,",
    "    p.hispanic,",
    "    p.head,",
    "    i.index_date,",
    "    i.administrations,",
    `    CAST(${ageOn("i.index_date")} AS INTEGER) AS age`,
    "  FROM person AS p",
    "  JOIN index_event AS i ON i.datamartid = p.datamartid AND i.patid = p.patid",
    ") AS aged",
    ...where([
      ...(age?.min === undefined ? [] : [`age >= ${age.min}`]),
      ...(age?.max === undefined ? [] : [`age <= ${age.max}`]),
    ]),
  ].join("\n");
}

/** Completed years of `person AS p` on a day. */
export function ageOn(day: string): string {
  const monthAndDay = (date: string) =>
    `extract(month FROM ${date}) * 100 + extract(day FROM ${date})`;
  return [
    `extract(year FROM ${day}) - extract(year FROM p.birth_date)`,
    `      - CASE WHEN ${monthAndDay(day)} < ${monthAndDay("p.birth_date")} THEN 1 ELSE 0 END`,
  ].join("\n");
}

function scoreDays(study: Study): string {
  return [
    "-- days from the index day",
    "SELECT",
    "  e.head,",
    "  s.pro_seq,",
    "  s.pro_time,",
    ...collectionColumns(study).map((name) => `  s.${name},`),
    "  s.grid,",
    "  s.pro_date - e.index_date AS day",
    "FROM score AS s",
    "JOIN eligible AS e ON e.datamartid = s.datamartid AND e.patid = s.patid",
  ].join("\n");
}

function collectionColumns(study: Study): string[] {
  return ["method", "mode", ...(needsCollection(study) ? ["channel", "setting"] : [])];
}

/** The administration of each person nearest to a day inside a window; the earlier one on ties, then by its token. */
function nearestStep(
  study: Study,
  [first, last]: readonly [number, number],
  target: number,
): string {
  const columns = ["head", "pro_seq", ...collectionColumns(study), "day", "grid"];
  return [
    `-- nearest to day ${target} from day ${first} to day ${last}, the earlier one on ties`,
    `SELECT ${columns.join(", ")}`,
    "FROM (",
    "  SELECT",
    ...columns.map((name) => `    ${name},`),
    "    row_number() OVER (",
    "      PARTITION BY head",
    `      ORDER BY abs(day - (${target})), day, pro_time NULLS LAST, pro_seq COLLATE "C"`,
    "    ) AS nearness",
    "  FROM score_day",
    `  WHERE day BETWEEN ${first} AND ${last}`,
    ") AS ranked",
    "WHERE nearness = 1",
  ].join("\n");
}

function cohortStep(study: Study): string {
  const followUps = followUpsOf(study.windows);
  const stratum = study.strata.map(stratumSql).join(" || ', ' || ");
  const join = study.windows.complete_pairs ? "JOIN" : "LEFT JOIN";
  return [
    "SELECT",
    "  e.datamartid,",
    "  e.patid,",
    "  e.head,",
    `  ${stratum || "'all'"} AS stratum,`,
    "  e.administrations,",
    "  e.index_date,",
    "  e.age,",
    "  e.sex,",
    "  e.race,",
    "  e.hispanic,",
    ...collectionColumns(study).map((name) => `  b.${name},`),
    "  b.pro_seq AS baseline_seq,",
    "  b.grid AS baseline,",
    ...(followUps.length > 0
      ? ["  f.day AS follow_up_day,", "  f.grid AS follow_up"]
      : ["  CAST(NULL AS INTEGER) AS follow_up_day,", "  CAST(NULL AS BIGINT) AS follow_up"]
    ).map((line, i) => (i === 1 && followUps.length > 1 ? `${line},` : line)),
    ...followUps.slice(1).map((_, i) => {
      const last = i === followUps.length - 2;
      return `  f${i + 2}.grid AS ${followUpName(i + 1)}${last ? "" : ","}`;
    }),
    "FROM eligible AS e",
    "JOIN baseline AS b ON b.head = e.head",
    ...followUps.map((_, i) => {
      const alias = i === 0 ? "f" : `f${i + 1}`;
      return `${i === 0 ? join : "LEFT JOIN"} ${followUpName(i)} AS ${alias} ON ${alias}.head = e.head`;
    }),
  ].join("\n");
}

function stratumSql(variable: StratumVariable): string {
  if (typeof variable === "object") return ageGroups(variable.age);
  switch (variable) {
    case "sex":
    case "race":
    case "hispanic":
      return `'${variable}=' || coalesce(e.${variable}, 'NI')`;
    case "site":
      return "'site=' || e.datamartid";
    case "method":
    case "mode":
      return `'${variable}=' || coalesce(b.${variable}, 'NI')`;
    case "channel":
    case "setting":
      return `'${variable}=' || coalesce(b.${variable}, 'unknown')`;
    default:
      return variable satisfies never;
  }
}

function ageGroups(begins: readonly number[]): string {
  const edges = begins.toSorted((a, b) => a - b);
  const groups = edges.map(
    (edge, i) => `WHEN e.age < ${edge} THEN '${edges[i - 1] ?? 0}-${edge - 1}'`,
  );
  return `'age=' || CASE WHEN e.age IS NULL THEN 'unknown' ${groups.join(" ")} ELSE '${edges.at(-1)}+' END`;
}
