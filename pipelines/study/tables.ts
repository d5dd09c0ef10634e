import { text } from "../../warehouse/sql.ts";
import { inDates, where } from "./compile-step.ts";
import { headOf } from "./linked.ts";
import type { Study } from "./read-study.ts";
import type { Outcome } from "./schema.ts";
import { compileScores } from "./scores.ts";

export type TableName = "item_answer" | "course" | "related" | "asked" | "administered";

/** Another score of the study, and the decimals of its grid. */
export interface Related extends Outcome {
  decimals: number;
}

interface TableInput {
  study: Study;
  outcome: Outcome;
  related: readonly Related[];
}

/** A table that a statistic reads besides `cohort`, over the steps of `compileCohort`. */
export function compileTable(name: TableName, input: TableInput): string {
  switch (name) {
    case "item_answer":
      return ITEM_ANSWER;
    case "course":
      return COURSE;
    case "related":
      return relatedTable(input);
    case "asked":
      return askedTable(input);
    case "administered":
      return administeredTable(input);
    default:
      return name satisfies never;
  }
}

const ITEM_ANSWER = [
  "-- answers of the baseline administration",
  "SELECT",
  "  c.stratum,",
  "  c.head,",
  "  d.name AS item,",
  "  CAST(r.pro_response_num AS BIGINT) AS value",
  "FROM cohort AS c",
  "JOIN pro_cm_detail AS d",
  "  ON d.datamartid = c.datamartid AND d.patid = c.patid AND d.pro_seq = c.baseline_seq AND d.kind = 'item'",
  "JOIN pro_cm AS r",
  "  ON r.datamartid = d.datamartid AND r.patid = d.patid AND r.pro_cm_id = d.pro_cm_id",
  "WHERE r.pro_response_num IS NOT NULL",
].join("\n");

export const COURSE = [
  "-- scores after the baseline, by day",
  "SELECT c.stratum, c.head, s.day, s.grid",
  "FROM cohort AS c",
  "JOIN score_day AS s ON s.head = c.head",
  "WHERE s.pro_seq <> c.baseline_seq AND s.day > 0",
].join("\n");

/** One row a person: the baseline, the other scores in the same window, and age. */
function relatedTable({ study, related }: TableInput): string {
  const [first, last] = study.windows.baseline.days;
  const others = related.map((other, i) => {
    const scores = compileScores(study, other, other.decimals, study.population.sites);
    return [
      "LEFT JOIN (",
      "  SELECT head, grid",
      "  FROM (",
      "    SELECT k.head, o.grid, row_number() OVER (",
      "      PARTITION BY k.head",
      `      ORDER BY abs(o.pro_date - k.index_date), o.pro_date, o.pro_time NULLS LAST, o.pro_seq COLLATE "C"`,
      "    ) AS nearness",
      `    FROM (\n${scores.replaceAll(/^/gm, "      ")}\n    ) AS o`,
      "    JOIN cohort AS k ON k.datamartid = o.datamartid AND k.patid = o.patid",
      `    WHERE o.pro_date - k.index_date BETWEEN ${first} AND ${last}`,
      "  ) AS ranked",
      "  WHERE nearness = 1",
      `) AS o${i} ON o${i}.head = c.head`,
    ].join("\n");
  });
  const columns = ["c.baseline", "CAST(c.age AS BIGINT)", ...related.map((_, i) => `o${i}.grid`)];
  return [
    "-- the baseline, age, and the study's other scores in the same window",
    "SELECT",
    "  c.stratum,",
    "  c.head,",
    columns.map((sql, i) => `  ${sql} AS v${i}`).join(",\n"),
    "FROM cohort AS c",
    ...others,
  ].join("\n");
}

// A person without a stated channel is counted under unknown, never left out.
const CHANNEL = (column: string) => `'channel=' || coalesce(${column}, 'unknown')`;

function askedTable({ study, outcome }: TableInput): string {
  const head = headOf(study);
  return [
    "-- requests by person and channel; answered: an administration that either side names",
    "SELECT",
    `  ${CHANNEL("q.channel")} AS stratum,`,
    `  ${head.sql} AS head,`,
    "  count(*) AS asked,",
    "  sum(CASE WHEN q.pro_seq IS NOT NULL OR a.pro_requestid IS NOT NULL THEN 1 ELSE 0 END) AS answered",
    "FROM person AS p",
    ...head.join,
    "JOIN pro_request AS q ON q.datamartid = p.datamartid AND q.patid = p.patid",
    "LEFT JOIN (",
    "  SELECT DISTINCT datamartid, pro_requestid FROM pro_collection WHERE pro_requestid IS NOT NULL",
    ") AS a ON a.datamartid = q.datamartid AND a.pro_requestid = q.pro_requestid",
    ...where([
      `q.instrument = ${text(outcome.instrument)}`,
      "q.status <> 'draft'",
      ...inDates("q.request_date", study.population.dates),
    ]),
    "GROUP BY 1, 2",
  ].join("\n");
}

function administeredTable({ study, outcome }: TableInput): string {
  const head = headOf(study);
  return [
    "-- administrations by person and channel; complete: every item of the instrument is answered",
    "SELECT",
    `  ${CHANNEL("k.channel")} AS stratum,`,
    `  ${head.sql} AS head,`,
    "  count(*) AS administrations,",
    "  sum(CASE WHEN k.items_answered >= k.items_expected THEN 1 ELSE 0 END) AS complete",
    "FROM person AS p",
    ...head.join,
    "JOIN pro_collection AS k ON k.datamartid = p.datamartid AND k.patid = p.patid",
    ...where([
      `k.instrument = ${text(outcome.instrument)}`,
      ...inDates("k.pro_date", study.population.dates),
    ]),
    "GROUP BY 1, 2",
  ].join("\n");
}
