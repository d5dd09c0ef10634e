import { sql } from "kysely";
import type { WarehouseMigration } from "./migration.ts";

/** The analyst's view: one row an administration and score, the preferred one where several exist. */
export const proScore: WarehouseMigration = async (db) => {
  await sql`
    CREATE VIEW pro_score AS
    SELECT
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
      pro_cm_detail.confidence
    FROM pro_cm
    JOIN pro_cm_detail
      ON pro_cm_detail.datamartid = pro_cm.datamartid
      AND pro_cm_detail.pro_cm_id = pro_cm.pro_cm_id
    WHERE pro_cm_detail.kind = 'score' AND pro_cm_detail.preferred
  `.execute(db);
  await sql`
    COMMENT ON VIEW pro_score IS
    'One row an administration and score that studies use; value is on the scale named by scale'
  `.execute(db);
};
