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
    `CREATE TEMP VIEW staged_row AS
    SELECT 'item.' || r.name AS place, ${administration("coalesce(r.mode, a.pro_mode)")},
      a.instrument, 'item' AS kind, r.name, i.code AS pro_code, i.label AS pro_fullname, r.answer_label AS pro_response_text,
      r.value AS pro_response_num, r.origin,
      -- What a branch led past, or an adaptive test left out, was not skipped.
      CASE WHEN r.answer_state = 'skipped' AND (a.pro_cat = 'Y' OR h.item IS NOT NULL) THEN 'not_shown' ELSE r.answer_state END AS answer_state,
      true AS preferred, ${NO_SCORE}
    FROM mapped_response r
    JOIN loaded_administration a USING (administration_key)
    JOIN catalogue_item i ON i.instrument = r.instrument AND i.item = r.name
    LEFT JOIN hidden_item h ON h.administration_key = r.administration_key AND h.item = r.name
    WHERE r.kind = 'item' AND r.state = 'loaded'
    UNION ALL
    SELECT 'item.' || u.item, ${administration()},
      a.instrument, 'item', u.item, i.code, i.label, NULL, NULL, 'reported', u.answer_state, true, ${NO_SCORE}
    FROM unanswered_item u
    JOIN loaded_administration a USING (administration_key)
    JOIN catalogue_item i ON i.instrument = a.instrument AND i.item = u.item
    UNION ALL
    SELECT 'score.' || m.score || '.' || m.origin, ${administration()},
      a.instrument, 'score', m.score, coalesce(c.code, s.code), ${SCORE_NAME}, NULL,
      m.value, m.origin, NULL, m.preferred, m.status, m.reason, NULL, m.delta, m.scale, m.decimals, m.items_missing,
      s.items - m.items_missing, m.prorated, m.standard_error, m.confidence, m.severity, ${AIDS}
    FROM mapped_score m
    JOIN loaded_administration a USING (administration_key)
    JOIN catalogue_score s ON s.instrument = m.instrument AND s.score = m.score
    JOIN catalogue_instrument i ON i.instrument = m.instrument
    LEFT JOIN catalogue_code c ON c.instrument = m.instrument AND c.kind = 'score' AND c.name = m.score AND c.version = a.instrument_version
    UNION ALL
    SELECT 'linked.' || l.link, ${administration()},
      l.instrument, 'score', l.score, NULL, ${SCORE_NAME} || ', linked', NULL,
      l.value, 'linked', NULL, false, 'linked', NULL, l.link, NULL, s.scale, s.decimals, NULL, NULL, NULL,
      l.standard_error, l.confidence, NULL, ${AIDS}
    FROM mapped_link l
    JOIN loaded_administration a USING (administration_key)
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
