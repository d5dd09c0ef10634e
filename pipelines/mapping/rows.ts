import { countTables } from "../../warehouse/count-tables.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { ident } from "../../warehouse/sql.ts";

const SCORE_NAME = "i.name || ', ' || replace(s.score, '_', ' ')";

/** Columns of a staged row that only scores have. */
const SCORE_COLUMNS = {
  status: "VARCHAR",
  reason: "VARCHAR",
  link: "VARCHAR",
  delta: "DECIMAL(15,8)",
  scale: "VARCHAR",
  decimals: "INTEGER",
  items_missing: "INTEGER",
  items_scored: "INTEGER",
  prorated: "BOOLEAN",
  standard_error: "DECIMAL(15,8)",
  confidence: "VARCHAR",
  severity: "VARCHAR",
  direction: "VARCHAR",
  mid_low: "DECIMAL(15,8)",
  mid_high: "DECIMAL(15,8)",
  reference_mean: "DECIMAL(15,8)",
  reference_sd: "DECIMAL(15,8)",
} as const;

const NO_SCORE = Object.entries(SCORE_COLUMNS)
  .map(([column, type]) => `NULL::${type} AS ${column}`)
  .join(", ");

const AIDS = "s.direction, s.mid_low, s.mid_high, s.reference_mean, s.reference_sd";

/** What a row has from its administration; pro_type is that of the administration's instrument; an item may have its own mode. */
const administration = (
  mode = "a.pro_mode",
) => `a.pro_seq, a.patid, a.encounterid, a.pro_date, a.pro_time,
      a.pro_method, ${mode} AS pro_mode, a.pro_cat, a.pro_source, a.instrument_version, a.pro_type`;

/** What rows of PRO_CM are made of, each table read through a view `<table>_here`: of all its rows, or of a slice. */
const MADE_OF = ["mapped_response", "unanswered_item", "mapped_score", "mapped_link"] as const;

const here = (table: string, where = "") =>
  `CREATE OR REPLACE VIEW ${ident(`${table}_here`)} AS FROM ${ident(table)}${where}`;

const ALL_HERE = [...MADE_OF, "loaded_administration"].map((table) => here(table));

/**
 * The rows of PRO_CM and what each of them is. In: `mapped_response`, `mapped_score`, `mapped_link`,
 * `unanswered_item`, `hidden_item`, `loaded_administration`, `catalogue_*`. Out: the views `cdm_pro_cm`, `cdm_pro_cm_detail`: each
 * is read once, straight into the store, so that the widest rows of a night need no room of their own.
 *
 * A linked score is a row of its own under the instrument that it was linked to. Its PRO_CODE is the link's name and not the code
 * of that score: whoever reads PRO_CM alone does not take it for a measured one.
 */
export function stageRows(): string[] {
  return [
    ...ALL_HERE,

    `CREATE TEMP VIEW staged_row AS
    SELECT 'item.' || r.name AS place, ${administration("coalesce(r.mode, a.pro_mode)")},
      a.instrument, 'item' AS kind, r.name, i.code AS pro_code, i.label AS pro_fullname, r.answer_label AS pro_response_text,
      r.value AS pro_response_num, r.origin,
      -- What a branch led past, or an adaptive test left out, was not skipped.
      CASE WHEN r.answer_state = 'skipped' AND (a.pro_cat = 'Y' OR h.item IS NOT NULL) THEN 'not_shown' ELSE r.answer_state END AS answer_state,
      true AS preferred, ${NO_SCORE}
    FROM mapped_response_here r
    JOIN loaded_administration_here a USING (administration_key)
    JOIN catalogue_item i ON i.instrument = r.instrument AND i.item = r.name
    LEFT JOIN hidden_item h ON h.administration_key = r.administration_key AND h.item = r.name
    WHERE r.kind = 'item' AND r.state = 'loaded'
    UNION ALL
    SELECT 'item.' || u.item, ${administration()},
      a.instrument, 'item', u.item, i.code, i.label, NULL, NULL, 'reported', u.answer_state, true, ${NO_SCORE}
    FROM unanswered_item_here u
    JOIN loaded_administration_here a USING (administration_key)
    JOIN catalogue_item i ON i.instrument = a.instrument AND i.item = u.item
    UNION ALL
    SELECT 'score.' || m.score || '.' || m.origin, ${administration()},
      a.instrument, 'score', m.score, coalesce(c.code, s.code), ${SCORE_NAME}, NULL,
      m.value, m.origin, NULL, m.preferred, m.status, m.reason, NULL, m.delta, m.scale, m.decimals, m.items_missing,
      s.items - m.items_missing, m.prorated, m.standard_error, m.confidence, m.severity, ${AIDS}
    FROM mapped_score_here m
    JOIN loaded_administration_here a USING (administration_key)
    JOIN catalogue_score s ON s.instrument = m.instrument AND s.score = m.score
    JOIN catalogue_instrument i ON i.instrument = m.instrument
    LEFT JOIN catalogue_code c ON c.instrument = m.instrument AND c.kind = 'score' AND c.name = m.score AND c.version = a.instrument_version
    UNION ALL
    SELECT 'linked.' || l.link, ${administration()},
      l.instrument, 'score', l.score, NULL, ${SCORE_NAME} || ', linked', NULL,
      l.value, 'linked', NULL, false, 'linked', NULL, l.link, NULL, s.scale, s.decimals, NULL, NULL, NULL,
      l.standard_error, l.confidence, NULL, ${AIDS}
    FROM mapped_link_here l
    JOIN loaded_administration_here a USING (administration_key)
    JOIN catalogue_score s ON s.instrument = l.instrument AND s.score = l.score
    JOIN catalogue_instrument i ON i.instrument = l.instrument`,

    `CREATE VIEW cdm_pro_cm AS
    SELECT pro_seq AS pro_cm_id, place AS pro_cm_id_place, patid, encounterid, pro_date, pro_time,
      CASE WHEN pro_code IS NOT NULL THEN 'LC' WHEN link IS NOT NULL THEN 'OT' ELSE pro_type END AS pro_type,
      name AS pro_name, coalesce(pro_code, link, name) AS pro_code,
      pro_response_text, pro_response_num, pro_method, pro_mode, pro_cat,
      CASE WHEN origin IN ('computed', 'linked') THEN 'DR' ELSE pro_source END AS pro_source,
      instrument_version AS pro_version, pro_seq, pro_fullname, NULL::VARCHAR AS pro_text
    FROM staged_row`,

    `CREATE VIEW cdm_pro_cm_detail AS
    SELECT pro_seq AS pro_cm_id, place AS pro_cm_id_place, patid, pro_seq, instrument, kind, name, origin, preferred, answer_state, ${Object.keys(SCORE_COLUMNS).join(", ")}
    FROM staged_row`,
  ];
}

/** Rows of a slice. Its administrations and their tokens are joined in memory: few enough that all exports need the same, and many enough to be cheap. */
const SLICE_ROWS = 1_000_000;

/**
 * Has `cdm_pro_cm` and `cdm_pro_cm_detail` show their rows slice by slice, each row in one of them, with the number of slices; all at once where
 * there are few, and afterwards. Every slice but a single one is `isPart`: the administrations of its rows are the table `administration_here`.
 *
 * In: as stageRows.
 */
export async function* slicesOfRows(
  db: DuckDb,
  size = SLICE_ROWS,
): AsyncGenerator<{ isPart: boolean }> {
  const rows = await countTables(db, MADE_OF);
  const slices = Math.ceil(Math.max(...Object.values(rows)) / size);
  if (slices <= 1) {
    yield { isPart: false };
    return;
  }
  for (let slice = 0; slice < slices; slice++) {
    for (const table of MADE_OF) {
      const bound = (n: number) => Math.floor((rows[table] * n) / slices);
      // The outermost are open: no row is left out, whatever numbers the rows have.
      const from = slice === 0 ? "true" : `rowid >= ${bound(slice)}`;
      const to = slice === slices - 1 ? "true" : `rowid < ${bound(slice + 1)}`;
      await db.run(here(table, ` WHERE ${from} AND ${to}`));
    }
    const keys = MADE_OF.map((table) => `SELECT administration_key FROM ${table}_here`);
    await db.run(`CREATE OR REPLACE TEMP TABLE administration_here AS
      FROM loaded_administration SEMI JOIN (${keys.join(" UNION ")}) USING (administration_key)`);
    await db.run("CREATE OR REPLACE VIEW loaded_administration_here AS FROM administration_here");
    yield { isPart: true };
  }
  // Whoever reads the views later sees all rows again.
  for (const statement of ALL_HERE) await db.run(statement);
}
