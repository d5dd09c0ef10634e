import { sql } from "kysely";
import { ident, text } from "../sql.ts";
import type { WarehouseMigration } from "./migration.ts";

/** What helps to read a score, why it differs or is missing, and which link made it. */
export const readingScores: WarehouseMigration = async (db) => {
  for (const [column, type, comment] of COLUMNS) {
    const name = ident(column);
    await sql.raw(`ALTER TABLE pro_cm_detail ADD COLUMN ${name} ${type}`).execute(db);
    await sql.raw(`COMMENT ON COLUMN pro_cm_detail.${name} IS ${text(comment)}`).execute(db);
  }
  await sql.raw("DROP VIEW pro_score").execute(db);
  await sql.raw(`CREATE VIEW pro_score AS ${SCORES} AND pro_cm_detail.preferred`).execute(db);
  await sql
    .raw(
      `COMMENT ON VIEW pro_score IS 'One row an administration and score that studies use, measured scores only; value is on the scale named by scale'`,
    )
    .execute(db);
  await sql
    .raw(
      `CREATE VIEW pro_score_with_linked AS ${SCORES} AND (pro_cm_detail.preferred OR pro_cm_detail.origin = 'linked')`,
    )
    .execute(db);
  await sql
    .raw(
      `COMMENT ON VIEW pro_score_with_linked IS 'pro_score and the scores that a crosswalk made of another instrument (origin linked): for groups, not for one person'`,
    )
    .execute(db);
  await sql.raw(CHANGE).execute(db);
  await sql
    .raw(
      `COMMENT ON VIEW pro_score_change IS 'One row a score with the same person''s score of the same name before it; passes_mid: yes, no, between (inside the range of published MIDs), null where no MID is known'`,
    )
    .execute(db);
};

const COLUMNS = [
  [
    "reason",
    "VARCHAR",
    "why status is explained (prorated, partial_sum, rounded, other_version, offset, reversed), not_computed or unverifiable (too_many_missing, quarantined_answer, no_table_for_version)",
  ],
  ["link", "VARCHAR", "linked scores: the crosswalk that made them"],
  ["items_scored", "INTEGER", "items that the score was made of"],
  ["severity", "VARCHAR", "severity band of the value, as the catalogue labels it"],
  ["direction", "VARCHAR", "what a higher score means: better, worse"],
  ["mid_low", "DECIMAL(15,8)", "a smaller change is below the minimal important difference"],
  ["mid_high", "DECIMAL(15,8)", "a change from here on passes the minimal important difference"],
  ["reference_mean", "DECIMAL(15,8)", "mean of the population that the scale was made for"],
  ["reference_sd", "DECIMAL(15,8)", "standard deviation of that population"],
] as const;

const SCORES = `SELECT
      pro_cm.datamartid,
      pro_cm.patid,
      pro_cm_detail.pro_seq,
      pro_cm_detail.instrument,
      pro_cm_detail.name AS score,
      pro_cm.pro_response_num AS value,
      pro_cm_detail.scale,
      pro_cm_detail.decimals,
      pro_cm.pro_date,
      pro_cm.pro_method AS method,
      pro_cm.pro_mode AS mode,
      pro_cm_detail.origin,
      pro_cm_detail.status,
      pro_cm_detail.items_missing,
      pro_cm_detail.confidence,
      pro_cm_detail.reason,
      pro_cm_detail.link,
      pro_cm_detail.standard_error,
      pro_cm_detail.severity,
      pro_cm_detail.direction,
      pro_cm_detail.mid_low,
      pro_cm_detail.mid_high,
      pro_cm_detail.reference_mean,
      pro_cm_detail.reference_sd
    FROM pro_cm
    JOIN pro_cm_detail
      ON pro_cm_detail.datamartid = pro_cm.datamartid
      AND pro_cm_detail.pro_cm_id = pro_cm.pro_cm_id
    WHERE pro_cm_detail.kind = 'score'`;

const CHANGE = `CREATE VIEW pro_score_change AS
    SELECT
      datamartid, patid, instrument, score, pro_seq, pro_date, value, previous_date, previous_value,
      value - previous_value AS change,
      CASE WHEN direction = 'better' THEN value - previous_value ELSE previous_value - value END AS improvement,
      CASE
        WHEN mid_low IS NULL THEN NULL
        WHEN abs(value - previous_value) >= mid_high THEN 'yes'
        WHEN abs(value - previous_value) < mid_low THEN 'no'
        ELSE 'between'
      END AS passes_mid,
      mid_low, mid_high, confidence
    FROM (
      SELECT *,
        lag(pro_date) OVER person_score AS previous_date,
        lag(value) OVER person_score AS previous_value
      FROM pro_score
      WINDOW person_score AS (PARTITION BY datamartid, patid, instrument, score ORDER BY pro_date, pro_seq)
    ) AS ordered
    WHERE previous_value IS NOT NULL`;
