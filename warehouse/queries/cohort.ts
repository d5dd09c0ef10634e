import { ident, text, textList } from "../sql.ts";

/** Which scores an analyst asks for; what is left out does not narrow. */
export interface Cohort {
  /** Catalogue ids: phq-9. */
  measure?: string[] | undefined;
  /** Score id: total. */
  score?: string | undefined;
  /** CDM code: F. */
  sex?: string | undefined;
  /** First and last day of the answers, YYYY-MM-DD, as the sites shifted them. */
  from?: string | undefined;
  to?: string | undefined;
  /** Completed years on the day of the answers. */
  minAge?: number | undefined;
  maxAge?: number | undefined;
  /** Codes of conditions and procedures that the person has; F32* stands for all that begin so. */
  condition?: string[] | undefined;
  procedure?: string[] | undefined;
  /** DATAMARTID. */
  site?: string[] | undefined;
  /** PRO_METHOD and PRO_MODE: EC, SF. */
  method?: string | undefined;
  mode?: string | undefined;
  /** Scores that a crosswalk made of another instrument's. */
  includeLinked?: boolean | undefined;
}

/** One row a score of the cohort: the columns of pro_score and the person's sex, in an order that all dialects share. */
export function cohortSql(cohort: Cohort): string {
  return [
    "SELECT pro_score.*, demographic.sex",
    ...fromCohort(cohort),
    `ORDER BY ${ORDER.join(", ")}`,
  ].join("\n");
}

/** Of whom these scores are, one row: `records` of sites and, as linkage has them, `people`. */
export function cohortPeopleSql(cohort: Cohort): string {
  return [
    "SELECT CAST(count(*) AS VARCHAR) AS records, CAST(count(DISTINCT personid) AS VARCHAR) AS people",
    "FROM (SELECT DISTINCT pro_score.datamartid, pro_score.patid, pro_score.personid",
    ...fromCohort(cohort),
    ") AS record",
  ].join("\n");
}

/**
 * The scores of a cohort that lie on several scales, or are partly linked: one row each, `instrument, score, scales`. Means over them would
 * say nothing.
 */
export function mixedScalesSql(cohort: Cohort): string {
  const scale =
    "CASE WHEN pro_score.origin = 'linked' THEN 'linked ' ELSE '' END || pro_score.scale";
  return [
    `SELECT instrument, score, string_agg(DISTINCT scales, ', ' ORDER BY scales) AS scales`,
    `FROM (SELECT pro_score.instrument, pro_score.score, ${scale} AS scales`,
    ...fromCohort(cohort),
    ") AS scored GROUP BY instrument, score HAVING count(DISTINCT scales) > 1 ORDER BY instrument, score",
  ].join("\n");
}

function fromCohort(cohort: Cohort): string[] {
  const conditions = [
    oneOf("pro_score.instrument", cohort.measure),
    equal("pro_score.score", cohort.score),
    equal("demographic.sex", cohort.sex),
    oneOf("pro_score.datamartid", cohort.site),
    equal("pro_score.method", cohort.method),
    equal("pro_score.mode", cohort.mode),
    cohort.from && `pro_score.pro_date >= DATE ${text(cohort.from)}`,
    cohort.to && `pro_score.pro_date <= DATE ${text(cohort.to)}`,
    cohort.minAge !== undefined && `${AGE} >= ${cohort.minAge}`,
    cohort.maxAge !== undefined && `${AGE} <= ${cohort.maxAge}`,
    cohort.condition && hasCode("condition", "condition", cohort.condition),
    cohort.procedure && hasCode("procedures", "px", cohort.procedure),
  ].filter(Boolean);
  return [
    `FROM ${cohort.includeLinked ? "pro_score_with_linked" : "pro_score"} AS pro_score`,
    "JOIN demographic",
    "  ON demographic.datamartid = pro_score.datamartid AND demographic.patid = pro_score.patid",
    ...conditions.map((sql, index) => `${index === 0 ? "WHERE" : "  AND"} ${sql}`),
  ];
}

function equal(column: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : `${column} = ${text(value)}`;
}

function oneOf(column: string, values: string[] | undefined): string | undefined {
  return values && `${column} IN ${textList(values)}`;
}

const monthAndDay = (date: string) =>
  `extract(month FROM ${date}) * 100 + extract(day FROM ${date})`;

// Both days are shifted alike, so their distance is true.
const AGE = `(extract(year FROM pro_score.pro_date) - extract(year FROM demographic.birth_date)
    - CASE WHEN ${monthAndDay("pro_score.pro_date")} < ${monthAndDay("demographic.birth_date")} THEN 1 ELSE 0 END)`;

/** Sources write F32.1 and F321 alike. */
function hasCode(table: string, column: string, codes: string[]): string {
  const bare = `upper(replace(coded.${ident(column)}, '.', ''))`;
  const matches = codes.map((code) => {
    const wanted = code.replaceAll(".", "").toUpperCase();
    return wanted.endsWith("*")
      ? `starts_with(${bare}, ${text(wanted.slice(0, -1))})`
      : `${bare} = ${text(wanted)}`;
  });
  return `EXISTS (SELECT 1 FROM ${ident(table)} coded
    WHERE coded.datamartid = pro_score.datamartid AND coded.patid = pro_score.patid AND (${matches.join(" OR ")}))`;
}

// A server's own collation would sort tokens by its language.
const ORDER = [
  'pro_score.datamartid COLLATE "C"',
  'pro_score.patid COLLATE "C"',
  "pro_score.pro_date",
  'pro_score.pro_seq COLLATE "C"',
  'pro_score.instrument COLLATE "C"',
  'pro_score.score COLLATE "C"',
];
