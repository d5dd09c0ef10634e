import { text } from "../sql.ts";

/** Which scores an analyst asks for; what is left out does not narrow. */
export interface Cohort {
  /** Catalogue id: phq-9. */
  measure?: string | undefined;
  /** Score id: total. */
  score?: string | undefined;
  /** CDM code: F. */
  sex?: string | undefined;
  /** First and last day, YYYY-MM-DD. */
  from?: string | undefined;
  to?: string | undefined;
  site?: string | undefined;
}

/** One row a score of the cohort: the columns of pro_score and the person's sex, in an order that all dialects share. */
export function cohortSql(cohort: Cohort): string {
  const conditions = [
    equal("pro_score.instrument", cohort.measure),
    equal("pro_score.score", cohort.score),
    equal("demographic.sex", cohort.sex),
    equal("pro_score.datamartid", cohort.site),
    cohort.from && `pro_score.pro_date >= DATE ${text(cohort.from)}`,
    cohort.to && `pro_score.pro_date <= DATE ${text(cohort.to)}`,
  ].filter(Boolean);
  return [
    "SELECT pro_score.*, demographic.sex",
    "FROM pro_score",
    "JOIN demographic",
    "  ON demographic.datamartid = pro_score.datamartid AND demographic.patid = pro_score.patid",
    conditions.length > 0 ? `WHERE ${conditions.join("\n  AND ")}` : "",
    `ORDER BY ${ORDER.join(", ")}`,
  ]
    .filter(Boolean)
    .join("\n");
}

function equal(column: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : `${column} = ${text(value)}`;
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
