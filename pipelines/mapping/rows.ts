import {
  PACKED_TABLES,
  type PackedTable,
  packedSql,
  same,
  statedColumns,
} from "../../warehouse/packed.ts";

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

/** What of an administration its statements say: few administrations differ in it. */
const MANNER = [
  "instrument",
  "pro_type",
  "pro_method",
  "pro_mode",
  "pro_source",
  "pro_cat",
  "instrument_version",
];

/** An item may have its own mode, and pro_type is that of the administration's instrument. */
const manner = (mode = "m.pro_mode") =>
  `m.pro_type, ${mode} AS pro_mode, m.pro_source, m.pro_method, m.pro_cat, m.instrument_version AS pro_version`;

/** What a row of an answer or score states: its place in the administration, and its columns. */
const STATED = ["place", ...statedColumns("pro_cm"), ...statedColumns("pro_cm_detail")];

/** What PRO_COLLECTION says of an administration beside who and when: how its answers were collected. */
const CIRCUMSTANCES = statedColumns("pro_collection");

const STATED_SQL = `SELECT place, CASE WHEN pro_code IS NOT NULL THEN 'LC' WHEN link IS NOT NULL THEN 'OT' ELSE pro_type END AS pro_type,
      name AS pro_name, coalesce(pro_code, link, name) AS pro_code, pro_response_text, pro_response_num, pro_mode,
      CASE WHEN origin IN ('computed', 'linked') THEN 'DR' ELSE pro_source END AS pro_source, pro_method, pro_cat, pro_version, pro_fullname, NULL::VARCHAR AS pro_text,
      instrument, kind, name, origin, preferred, answer_state, ${Object.keys(SCORE_COLUMNS).join(", ")}`;

/** What tells rows of items apart. */
const ITEM_KEY = ["manner", "judged", "mode", "answer_state", "is_hidden"];

/** Where the rows of each table are staged, and what they say. */
const STAGED = {
  pro_collection: { rows: "staged_collection", statements: "staged_circumstance" },
  pro_cm: { rows: "staged_row", statements: "staged_statement" },
  pro_cm_detail: { rows: "staged_row", statements: "staged_statement" },
} as const satisfies Record<PackedTable, { rows: string; statements: string }>;

/**
 * Administrations, the rows of PRO_CM and what each of them is, packed as a store keeps them. In: `mapped_response`, `judged_statement`,
 * `mapped_score`, `mapped_link`, `unanswered_item`, `hidden_item`, `loaded_administration`, `catalogue_*`. Out: `staged_administration`
 * (administration, what its rows share), `staged_row` and `staged_collection` (administration, statement), `staged_statement` and
 * `staged_circumstance` (statement, place, columns); the views `cdm_pro_collection`, `cdm_pro_cm` and `cdm_pro_cm_detail` show whole rows.
 *
 * A linked score is a row of its own under the instrument that it was linked to. Its PRO_CODE is the link's name and not the code
 * of that score: whoever reads PRO_CM alone does not take it for a measured one.
 */
export function stageRows(): string[] {
  return [
    `CREATE TEMP TABLE manner AS
    SELECT row_number() OVER () AS manner, * FROM (SELECT DISTINCT ${MANNER.join(", ")} FROM loaded_administration)`,

    `CREATE TABLE numbered_administration AS
    SELECT a.administration_key, CAST(a.rowid AS INTEGER) AS administration, m.manner
    FROM loaded_administration a JOIN manner m ON ${same("m", "a", MANNER)}`,

    // Millions of answers are of few kinds: what those say is put together once, below.
    `CREATE TEMP TABLE item_row AS
    SELECT n.administration, n.manner, r.judged, r.mode, r.answer_state, h.item IS NOT NULL AS is_hidden
    FROM mapped_response r
    JOIN numbered_administration n USING (administration_key)
    LEFT JOIN hidden_item h ON h.administration_key = r.administration_key AND h.item = r.name
    WHERE r.kind = 'item' AND r.state = 'loaded'`,

    `CREATE TEMP TABLE item_statement AS
    SELECT CAST(row_number() OVER () AS INTEGER) AS statement, * FROM (SELECT DISTINCT ${ITEM_KEY.join(", ")} FROM item_row)`,

    `CREATE TEMP TABLE other_row AS
    WITH made AS (
      SELECT n.administration, 'item.' || u.item AS place, m.instrument, 'item' AS kind, u.item AS name, i.code AS pro_code, i.label AS pro_fullname,
        NULL::VARCHAR AS pro_response_text, NULL::DECIMAL(15,8) AS pro_response_num, 'reported' AS origin, u.answer_state, true AS preferred, ${NO_SCORE}, ${manner()}
      FROM unanswered_item u
      JOIN numbered_administration n USING (administration_key) JOIN manner m USING (manner)
      JOIN catalogue_item i ON i.instrument = m.instrument AND i.item = u.item
      UNION ALL
      SELECT n.administration, 'score.' || r.score || '.' || r.origin, m.instrument, 'score', r.score, coalesce(c.code, s.code), ${SCORE_NAME},
        NULL, r.value, r.origin, NULL, r.preferred, r.status, r.reason, NULL, r.delta, r.scale, r.decimals, r.items_missing,
        s.items - r.items_missing, r.prorated, r.standard_error, r.confidence, r.severity, ${AIDS}, ${manner()}
      FROM mapped_score r
      JOIN numbered_administration n USING (administration_key) JOIN manner m USING (manner)
      JOIN catalogue_score s ON s.instrument = r.instrument AND s.score = r.score
      JOIN catalogue_instrument i ON i.instrument = r.instrument
      LEFT JOIN catalogue_code c ON c.instrument = r.instrument AND c.kind = 'score' AND c.name = r.score AND c.version = m.instrument_version
      UNION ALL
      SELECT n.administration, 'linked.' || l.link, l.instrument, 'score', l.score, NULL, ${SCORE_NAME} || ', linked',
        NULL, l.value, 'linked', NULL, false, 'linked', NULL, l.link, NULL, s.scale, s.decimals, NULL,
        NULL, NULL, l.standard_error, l.confidence, NULL, ${AIDS}, ${manner()}
      FROM mapped_link l
      JOIN numbered_administration n USING (administration_key) JOIN manner m USING (manner)
      JOIN catalogue_score s ON s.instrument = l.instrument AND s.score = l.score
      JOIN catalogue_instrument i ON i.instrument = l.instrument
    )
    ${STATED_SQL}, administration FROM made`,

    `CREATE TEMP TABLE other_statement AS
    SELECT CAST((SELECT count(*) FROM item_statement) + row_number() OVER () AS INTEGER) AS statement, *
    FROM (SELECT DISTINCT * EXCLUDE (administration) FROM other_row)`,

    `CREATE TABLE staged_row AS
    SELECT r.administration, k.statement FROM item_row r JOIN item_statement k ON ${same("k", "r", ITEM_KEY)}
    UNION ALL
    SELECT r.administration, s.statement FROM other_row r JOIN other_statement s ON ${same("s", "r", STATED)}`,

    `CREATE TEMP TABLE staged_statement AS
    FROM other_statement
    UNION ALL BY NAME
    ${STATED_SQL}, statement FROM (
      SELECT k.statement, 'item.' || j.name AS place, m.instrument, 'item' AS kind, j.name, i.code AS pro_code, i.label AS pro_fullname,
        j.answer_label AS pro_response_text, j.value AS pro_response_num, j.origin,
        -- What a branch led past, or an adaptive test left out, was not skipped.
        CASE WHEN k.answer_state = 'skipped' AND (m.pro_cat = 'Y' OR k.is_hidden) THEN 'not_shown' ELSE k.answer_state END AS answer_state,
        true AS preferred, ${NO_SCORE}, ${manner("coalesce(k.mode, m.pro_mode)")}
      FROM item_statement k JOIN manner m USING (manner) JOIN judged_statement j USING (judged)
      JOIN catalogue_item i ON i.instrument = j.instrument AND i.item = j.name)`,

    `CREATE TEMP TABLE staged_circumstance AS
    SELECT CAST(row_number() OVER () AS INTEGER) AS statement, NULL::VARCHAR AS place, * FROM (SELECT DISTINCT ${CIRCUMSTANCES.join(", ")} FROM loaded_administration)`,

    `CREATE TABLE staged_collection AS
    SELECT CAST(a.rowid AS INTEGER) AS administration, c.statement
    FROM loaded_administration a JOIN staged_circumstance c ON ${same("c", "a", CIRCUMSTANCES)}`,

    `CREATE TEMP VIEW staged_administration AS
    SELECT CAST(rowid AS INTEGER) AS administration, NULL::VARCHAR AS datamartid, pro_seq AS pro_cm_id, pro_seq, patid, encounterid, pro_date, pro_time,
      pro_requestid
    FROM loaded_administration`,

    ...PACKED_TABLES.map((table) => {
      const parts = { ...STAGED[table], administrations: "staged_administration" };
      return `CREATE VIEW cdm_${table} AS SELECT * EXCLUDE (administration, statement, datamartid) FROM (${packedSql(table, parts)})`;
    }),
    ...["item_row", "item_statement", "other_row", "other_statement"].map(
      (table) => `DROP TABLE ${table}`,
    ),
  ];
}
