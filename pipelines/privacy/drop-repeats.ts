import { removeRows } from "../../warehouse/changes.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { dropUnsaid } from "../../warehouse/packed.ts";
import { ident } from "../../warehouse/sql.ts";

/**
 * Takes tonight's administrations out again that an earlier night brought under another id: systems that write a new document each
 * month give everything in it new ids. Equal are person, instrument, day, minute and every answer and score; the older stays.
 * For formats whose ids cannot be trusted from delivery to delivery.
 *
 * In: the store's tables after tonight's rows went in, `gone` (pro_seq of what tonight delivered). Returns the administrations dropped.
 */
export async function dropRepeats(db: DuckDb, store: string): Promise<number> {
  const table = (name: string) => `${ident(store)}.${ident(name)}`;
  await db.run(`CREATE TEMP TABLE repeated AS
    WITH tonight AS (
      SELECT c.* FROM ${table("pro_collection")} c JOIN gone USING (pro_seq)
    ), pair AS (
      SELECT t.pro_seq AS fresh, o.pro_seq AS old
      FROM tonight t JOIN ${table("pro_collection")} o
        ON o.patid = t.patid AND o.instrument = t.instrument AND o.pro_date = t.pro_date AND o.pro_time IS NOT DISTINCT FROM t.pro_time
      WHERE o.pro_seq NOT IN (SELECT pro_seq FROM gone)
    ), content AS (
      SELECT pro_seq, list((d.kind, d.name, d.origin, r.pro_response_num, r.pro_response_text) ORDER BY d.kind, d.name, d.origin) AS answers
      FROM ${table("pro_cm_detail")} d JOIN ${table("pro_cm")} r USING (pro_cm_id, pro_seq)
      WHERE pro_seq IN (SELECT fresh FROM pair UNION SELECT old FROM pair) GROUP BY pro_seq
    )
    SELECT DISTINCT p.fresh AS pro_seq
    FROM pair p JOIN content f ON f.pro_seq = p.fresh JOIN content o ON o.pro_seq = p.old AND o.answers = f.answers`);
  const where = "pro_seq IN (SELECT pro_seq FROM repeated)";
  for (const name of ["pro_cm_detail", "pro_cm", "pro_collection"] as const)
    await removeRows(db, { store, table: name, where, isNoted: false });
  const { dropped } = await db.one<{ dropped: number }>(
    "SELECT CAST(count(*) AS DOUBLE) AS dropped FROM repeated",
  );
  if (dropped > 0) await dropUnsaid(db, store);
  return dropped;
}
