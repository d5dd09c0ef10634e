import {
  PACKED_TABLES,
  type PackedTable,
  packedSql,
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

/** What PRO_COLLECTION says of an administration beside who and when: how its answers were collected. */
const CIRCUMSTANCES = statedColumns("pro_collection");

const STATED_SQL = `SELECT place, CASE WHEN pro_code IS NOT NULL THEN 'LC' WHEN link IS NOT NULL THEN 'OT' ELSE pro_type END AS pro_type,
      name AS pro_name, coalesce(pro_code, link, name) AS pro_code, pro_response_text, pro_response_num, pro_mode,
      CASE WHEN origin IN ('computed', 'linked') THEN 'DR' ELSE pro_source END AS pro_source, pro_method, pro_cat, pro_version, pro_fullname, NULL::VARCHAR AS pro_text,
      instrument, kind, name, origin, preferred, answer_state, ${Object.keys(SCORE_COLUMNS).join(", ")}`;

/**
 * Where rows come from, and what tells those of a kind apart. A hash of that stands for all that such a row says: millions of rows say a few
 * hundred things, which are put together once.
 */
const KINDS = {
  item: {
    key: ["manner", "judged", "mode", "answer_state", "is_hidden"],
    rows: `SELECT n.administration, n.manner, r.judged, r.mode, r.answer_state, h.item IS NOT NULL AS is_hidden
      FROM mapped_response r
      JOIN numbered_administration n USING (administration_key)
      LEFT JOIN hidden_item h ON h.administration_key = r.administration_key AND h.item = r.name
      WHERE r.kind = 'item' AND r.state = 'loaded'`,
  },
  unanswered: {
    key: ["manner", "item", "answer_state"],
    rows: "FROM unanswered_item JOIN numbered_administration USING (administration_key)",
  },
  score: {
    key: [
      ...["manner", "instrument", "score", "origin", "value", "preferred", "status", "reason"],
      ...["delta", "scale", "decimals", "items_missing", "prorated", "standard_error"],
      ...["confidence", "severity"],
    ],
    rows: "FROM mapped_score JOIN numbered_administration USING (administration_key)",
  },
  linked: {
    key: ["manner", "instrument", "score", "link", "value", "standard_error", "confidence"],
    rows: "FROM mapped_link JOIN numbered_administration USING (administration_key)",
  },
};

/** A row of each different key, with the hash that stands for it. */
const different = (key: readonly string[], name: string, rows: string) =>
  `SELECT ${name}, ${key.map((column) => `any_value(${column}) AS ${column}`).join(", ")} FROM ${rows} GROUP BY ${name}`;

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
    `CREATE TABLE numbered_administration AS
    SELECT administration_key, CAST(rowid AS INTEGER) AS administration, hash(${MANNER.join(", ")}) AS manner, ${MANNER.join(", ")}
    FROM loaded_administration`,

    `CREATE TEMP TABLE manner AS ${different(MANNER, "manner", "numbered_administration")}`,

    ...Object.entries(KINDS).flatMap(([kind, { key, rows }]) => [
      `CREATE TEMP TABLE ${kind}_row AS
      SELECT administration, hash('${kind}', ${key.join(", ")}) AS statement, ${key.join(", ")} FROM (${rows})`,
      `CREATE TEMP TABLE ${kind}_statement AS ${different(key, "statement", `${kind}_row`)}`,
    ]),

    `CREATE TABLE staged_row AS
    ${Object.keys(KINDS)
      .map((kind) => `SELECT administration, statement FROM ${kind}_row`)
      .join(" UNION ALL ")}`,

    `CREATE TEMP TABLE staged_statement AS
    WITH made AS (
      SELECT k.statement, 'item.' || j.name AS place, m.instrument, 'item' AS kind, j.name, i.code AS pro_code, i.label AS pro_fullname,
        j.answer_label AS pro_response_text, CAST(j.value AS DECIMAL(15,8)) AS pro_response_num, j.origin,
        -- What a branch led past, or an adaptive test left out, was not skipped.
        CASE WHEN k.answer_state = 'skipped' AND (m.pro_cat = 'Y' OR k.is_hidden) THEN 'not_shown' ELSE k.answer_state END AS answer_state,
        true AS preferred, ${NO_SCORE}, ${manner("coalesce(k.mode, m.pro_mode)")}
      FROM item_statement k JOIN manner m USING (manner) JOIN judged_statement j USING (judged)
      JOIN catalogue_item i ON i.instrument = j.instrument AND i.item = j.name
      UNION ALL
      SELECT k.statement, 'item.' || k.item, m.instrument, 'item', k.item, i.code, i.label,
        NULL, NULL, 'reported', k.answer_state, true, ${NO_SCORE}, ${manner()}
      FROM unanswered_statement k JOIN manner m USING (manner)
      JOIN catalogue_item i ON i.instrument = m.instrument AND i.item = k.item
      UNION ALL
      SELECT k.statement, 'score.' || k.score || '.' || k.origin, m.instrument, 'score', k.score, coalesce(c.code, s.code), ${SCORE_NAME},
        NULL, k.value, k.origin, NULL, k.preferred, k.status, k.reason, NULL, k.delta, k.scale, k.decimals, k.items_missing,
        s.items - k.items_missing, k.prorated, k.standard_error, k.confidence, k.severity, ${AIDS}, ${manner()}
      FROM score_statement k JOIN manner m USING (manner)
      JOIN catalogue_score s ON s.instrument = k.instrument AND s.score = k.score
      JOIN catalogue_instrument i ON i.instrument = k.instrument
      LEFT JOIN catalogue_code c ON c.instrument = k.instrument AND c.kind = 'score' AND c.name = k.score AND c.version = m.instrument_version
      UNION ALL
      SELECT k.statement, 'linked.' || k.link, k.instrument, 'score', k.score, NULL, ${SCORE_NAME} || ', linked',
        NULL, k.value, 'linked', NULL, false, 'linked', NULL, k.link, NULL, s.scale, s.decimals, NULL,
        NULL, NULL, k.standard_error, k.confidence, NULL, ${AIDS}, ${manner()}
      FROM linked_statement k JOIN manner m USING (manner)
      JOIN catalogue_score s ON s.instrument = k.instrument AND s.score = k.score
      JOIN catalogue_instrument i ON i.instrument = k.instrument
    )
    ${STATED_SQL}, statement FROM made`,

    `CREATE TABLE staged_collection AS
    SELECT CAST(rowid AS INTEGER) AS administration, hash(${CIRCUMSTANCES.join(", ")}) AS statement FROM loaded_administration`,

    `CREATE TEMP TABLE staged_circumstance AS
    SELECT *, NULL::VARCHAR AS place FROM (${different(CIRCUMSTANCES, "statement", `(SELECT *, hash(${CIRCUMSTANCES.join(", ")}) AS statement FROM loaded_administration)`)})`,

    `CREATE TEMP VIEW staged_administration AS
    SELECT CAST(rowid AS INTEGER) AS administration, NULL::VARCHAR AS datamartid, pro_seq AS pro_cm_id, pro_seq, patid, encounterid, pro_date, pro_time,
      pro_requestid
    FROM loaded_administration`,

    ...PACKED_TABLES.map((table) => {
      const parts = { ...STAGED[table], administrations: "staged_administration" };
      return `CREATE VIEW cdm_${table} AS SELECT * EXCLUDE (administration, statement, datamartid) FROM (${packedSql(table, parts)})`;
    }),
    ...Object.keys(KINDS).map((kind) => `DROP TABLE ${kind}_row`),
  ];
}
