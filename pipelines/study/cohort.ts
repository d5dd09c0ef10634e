import { text, textList } from "../../warehouse/sql.ts";
import type { Study } from "./read-study.ts";
import { CONDITION_TYPES, type Outcome } from "./schema.ts";

/** Decimals that a score grid can have: bounds the powers of ten below. */
const DECIMALS_MAX = 6;

/**
 * The common table expressions that end in `cohort`: one row a person and site, with the columns stratum, administrations,
 * baseline and follow_up (grid integers; follow_up is null without a score in its window). Runs on DuckDB and PostgreSQL; a
 * reader can select from any of its steps. People without a score on the index day's window are not in it.
 *
 * @param decimals of the score's grid, as `compileGridCheck` found them
 */
export function compileCohort(study: Study, outcome: Outcome, decimals: number): string {
  const steps: [name: string, sql: string][] = [
    ["score", scoreStep(study, outcome, decimals)],
    ["person", personStep(study)],
    ["index_event", indexStep(study)],
    ["eligible", eligibleStep(study)],
    ["score_day", DAYS],
    ["baseline", nearestStep(study.windows.baseline.days, 0)],
    ["follow_up", followUpStep(study)],
    ["cohort", COHORT],
  ];
  const list = steps.map(([name, sql]) => `${name} AS (\n${indent(sql)}\n)`);
  return `WITH ${list.join(",\n")}`;
}

/**
 * How the scores of an outcome lie on their grid: one row for each scale and number of decimals in use, with the number of
 * scores and of those that are no integer number of grid units, both as digits.
 */
export function compileGridCheck(study: Study, outcome: Outcome): string {
  const powers = Array.from(
    { length: DECIMALS_MAX + 1 },
    (_, decimals) => `WHEN ${decimals} THEN ${10 ** decimals}`,
  );
  const scaled = `r.pro_response_num * CAST(CASE d.decimals ${powers.join(" ")} END AS DECIMAL(7, 0))`;
  return [
    "SELECT",
    "  d.scale,",
    "  CAST(d.decimals AS VARCHAR) AS decimals,",
    "  CAST(count(*) AS VARCHAR) AS scores,",
    `  CAST(sum(CASE WHEN round(${scaled}) <> ${scaled} THEN 1 ELSE 0 END) AS VARCHAR) AS off_grid`,
    ...fromScores(study, outcome),
    "GROUP BY d.scale, d.decimals",
  ].join("\n");
}

function scoreStep(study: Study, outcome: Outcome, decimals: number): string {
  return [
    "-- the score that studies use, one row an administration, in grid units",
    "SELECT",
    "  r.datamartid,",
    "  r.patid,",
    "  d.pro_seq,",
    "  r.pro_date,",
    "  r.pro_time,",
    `  CAST(round(r.pro_response_num * ${10 ** decimals}) AS BIGINT) AS grid`,
    ...fromScores(study, outcome),
  ].join("\n");
}

function fromScores(study: Study, { instrument, score }: Outcome): string[] {
  return [
    "FROM pro_cm AS r",
    "JOIN pro_cm_detail AS d",
    "  ON d.datamartid = r.datamartid AND d.patid = r.patid AND d.pro_cm_id = r.pro_cm_id",
    "WHERE d.kind = 'score'",
    "  AND d.preferred",
    `  AND d.instrument = ${text(instrument)}`,
    `  AND d.name = ${text(score)}`,
    "  AND r.pro_response_num IS NOT NULL",
    ...(study.include_linked ? [] : ["  AND d.origin <> 'linked'"]),
    ...(study.include_provisional
      ? []
      : ["  AND (d.confidence IS NULL OR d.confidence LIKE 'high%')"]),
    ...(study.population.sites
      ? [`  AND r.datamartid IN ${textList(study.population.sites)}`]
      : []),
  ];
}

function personStep({ strata, population }: Study): string {
  const columns = { sex: "coalesce(p.sex, 'NI')", site: "p.datamartid" };
  const stratum = strata.map((name) => `'${name}=' || ${columns[name]}`).join(" || ', ' || ");
  const conditions = [
    ...(population.sex ? [`p.sex IN ${textList(population.sex)}`] : []),
    ...(population.conditions ? [conditionFilter(population.conditions)] : []),
  ];
  return [
    "-- who may be in it, and the stratum",
    "SELECT",
    "  p.datamartid,",
    "  p.patid,",
    "  p.birth_date,",
    `  ${stratum || "'all'"} AS stratum`,
    "FROM demographic AS p",
    ...where(conditions),
  ].join("\n");
}

type CodeLists = NonNullable<Study["population"]["conditions"]>;

function conditionFilter(lists: CodeLists): string {
  const tests = lists.map(({ code_system, codes }) => {
    const matches = codes.map((code) => {
      const bare = code.replaceAll(".", "").toUpperCase();
      return bare.endsWith("*")
        ? `${BARE_CODE} LIKE ${text(`${bare.slice(0, -1)}%`)}`
        : `${BARE_CODE} = ${text(bare)}`;
    });
    return `(c.condition_type = ${text(CONDITION_TYPES[code_system])} AND (${matches.join(" OR ")}))`;
  });
  return [
    "EXISTS (",
    '  SELECT 1 FROM "condition" AS c',
    "  WHERE c.datamartid = p.datamartid AND c.patid = p.patid",
    `    AND (${tests.join("\n      OR ")})`,
    ")",
  ].join("\n");
}

// Sources write F32.1 and F321 alike.
const BARE_CODE = `upper(replace(c."condition", '.', ''))`;

function indexStep({ population: { dates } }: Study): string {
  return [
    "-- day 0: the first administration in the study's dates",
    "SELECT",
    "  s.datamartid,",
    "  s.patid,",
    "  min(s.pro_date) AS index_date,",
    "  count(*) AS administrations",
    "FROM score AS s",
    ...where([
      ...(dates?.from ? [`s.pro_date >= DATE ${text(dates.from)}`] : []),
      ...(dates?.to ? [`s.pro_date <= DATE ${text(dates.to)}`] : []),
    ]),
    "GROUP BY s.datamartid, s.patid",
  ].join("\n");
}

function eligibleStep({ population: { age } }: Study): string {
  return [
    "SELECT",
    "  p.datamartid,",
    "  p.patid,",
    "  p.stratum,",
    "  i.index_date,",
    "  i.administrations",
    "FROM person AS p",
    "JOIN index_event AS i ON i.datamartid = p.datamartid AND i.patid = p.patid",
    ...where([
      ...(age?.min === undefined ? [] : [`${AGE} >= ${age.min}`]),
      ...(age?.max === undefined ? [] : [`${AGE} <= ${age.max}`]),
    ]),
  ].join("\n");
}

const monthAndDay = (date: string) =>
  `extract(month FROM ${date}) * 100 + extract(day FROM ${date})`;

// Completed years on the index day.
const AGE = [
  "extract(year FROM i.index_date) - extract(year FROM p.birth_date)",
  `    - CASE WHEN ${monthAndDay("i.index_date")} < ${monthAndDay("p.birth_date")} THEN 1 ELSE 0 END`,
].join("\n");

const DAYS = [
  "-- days from the index day",
  "SELECT",
  "  s.datamartid,",
  "  s.patid,",
  "  s.pro_seq,",
  "  s.pro_time,",
  "  s.grid,",
  "  s.pro_date - e.index_date AS day",
  "FROM score AS s",
  "JOIN eligible AS e ON e.datamartid = s.datamartid AND e.patid = s.patid",
].join("\n");

/** The administration of each person nearest to a day inside a window; the earlier one on ties, then by its token. */
function nearestStep([first, last]: readonly [number, number], target: number): string {
  return [
    `-- nearest to day ${target} from day ${first} to day ${last}, the earlier one on ties`,
    "SELECT datamartid, patid, grid",
    "FROM (",
    "  SELECT",
    "    datamartid,",
    "    patid,",
    "    grid,",
    "    row_number() OVER (",
    "      PARTITION BY datamartid, patid",
    `      ORDER BY abs(day - (${target})), day, pro_time NULLS LAST, pro_seq COLLATE "C"`,
    "    ) AS nearness",
    "  FROM score_day",
    `  WHERE day BETWEEN ${first} AND ${last}`,
    ") AS ranked",
    "WHERE nearness = 1",
  ].join("\n");
}

function followUpStep({ windows: { follow_up } }: Study): string {
  if (follow_up) return nearestStep(follow_up.days, follow_up.target);
  return [
    "-- the study has no follow-up",
    "SELECT datamartid, patid, grid FROM score WHERE 1 = 0",
  ].join("\n");
}

const COHORT = [
  "SELECT",
  "  e.datamartid,",
  "  e.patid,",
  "  e.stratum,",
  "  e.administrations,",
  "  b.grid AS baseline,",
  "  f.grid AS follow_up",
  "FROM eligible AS e",
  "JOIN baseline AS b ON b.datamartid = e.datamartid AND b.patid = e.patid",
  "LEFT JOIN follow_up AS f ON f.datamartid = e.datamartid AND f.patid = e.patid",
].join("\n");

function where(conditions: string[]): string[] {
  return conditions.map((sql, index) => `${index === 0 ? "WHERE" : "  AND"} ${sql}`);
}

function indent(sql: string): string {
  return sql.replaceAll(/^(?=.)/gm, "  ");
}
