import { text } from "../sql.ts";

/**
 * PRO_CM in the shape of each version of the CDM, as one SELECT over `pro_cm` and `pro_cm_detail`, and back again.
 *
 * Up to v6.1 a row has columns for an item and for a measure with its score, theta, T-score, standard error and count of scored
 * items; in v7.0 an answer and a score are both rows of one shape. Each row of one version is a row of the others. What a version
 * has no column for is in the companion (`pro_cm_detail`), which goes along.
 *
 * Source: mappings/cdm/fields.csv; PRO_CM of v3.0 and v6.1 as chop-dbhi/data-models 5dc7569f has them.
 */
export const PRO_CM_VERSIONS = ["7.0", "6.1", "3.0"] as const;
export type ProCmVersion = (typeof PRO_CM_VERSIONS)[number];

/** Columns of each version in its own order; `pro_source` came with v5.0. */
export const PRO_CM_COLUMNS: Readonly<Record<ProCmVersion, readonly string[]>> = {
  "7.0": [
    ...["pro_cm_id", "patid", "encounterid", "pro_date", "pro_time", "pro_type", "pro_name"],
    ...["pro_code", "pro_response_text", "pro_response_num", "pro_method", "pro_mode", "pro_cat"],
    ...["pro_source", "pro_version", "pro_seq", "pro_fullname", "pro_text"],
  ],
  "6.1": [
    ...["pro_cm_id", "patid", "encounterid", "pro_date", "pro_time", "pro_type", "pro_item_name"],
    ...["pro_item_loinc", "pro_response_text", "pro_response_num", "pro_method", "pro_mode"],
    ...["pro_cat", "pro_source", "pro_item_version", "pro_measure_name", "pro_measure_seq"],
    ...["pro_measure_score", "pro_measure_theta", "pro_measure_scaled_tscore"],
    ...["pro_measure_standard_error", "pro_measure_count_scored", "pro_measure_loinc"],
    ...["pro_measure_version", "pro_item_fullname", "pro_item_text", "pro_measure_fullname"],
  ],
  "3.0": [
    ...["pro_cm_id", "patid", "encounterid", "pro_item", "pro_loinc", "pro_date", "pro_time"],
    ...["pro_response", "pro_method", "pro_mode", "pro_cat", "raw_pro_code", "raw_pro_response"],
  ],
};

const IS_ITEM = "d.kind = 'item'";
/** A score is in the column of its scale; the standard error of a T-score is a score of its own and no T-score. */
const MEASURE = "CASE WHEN d.name = 'se' THEN 'score' ELSE d.scale END";
const LOINC = "CASE WHEN c.pro_type = 'LC' THEN c.pro_code END";

/** `pro_cm` without the scores that a crosswalk made: those are for groups, not for one person. */
export const MEASURED_ROWS = `(SELECT * FROM pro_cm AS measured WHERE NOT EXISTS (SELECT 1 FROM pro_cm_detail AS made
  WHERE made.datamartid = measured.datamartid AND made.pro_cm_id = measured.pro_cm_id AND made.origin = 'linked'))`;

type Write = (values: Record<string, string>, source: string) => string;

const WRITE: Readonly<Record<ProCmVersion, Write>> = {
  "7.0": (_, source) =>
    `SELECT ${PRO_CM_COLUMNS["7.0"].map((name) => `c.${name}`).join(", ")} FROM ${source} c ORDER BY c.pro_cm_id`,

  "6.1": (_, source) => {
    const columns: Record<string, string> = {
      pro_item_name: `CASE WHEN ${IS_ITEM} THEN c.pro_name END`,
      pro_item_loinc: `CASE WHEN ${IS_ITEM} THEN ${LOINC} END`,
      pro_response_num: `CASE WHEN ${IS_ITEM} THEN c.pro_response_num END`,
      pro_item_version: `CASE WHEN ${IS_ITEM} THEN c.pro_version END`,
      pro_measure_name: `CASE WHEN ${IS_ITEM} THEN d.instrument ELSE c.pro_name END`,
      pro_measure_seq: "c.pro_seq",
      pro_measure_score: `CASE WHEN NOT (${IS_ITEM}) AND ${MEASURE} NOT IN ('t', 'theta') THEN c.pro_response_num END`,
      pro_measure_theta: `CASE WHEN NOT (${IS_ITEM}) AND ${MEASURE} = 'theta' THEN c.pro_response_num END`,
      pro_measure_scaled_tscore: `CASE WHEN NOT (${IS_ITEM}) AND ${MEASURE} = 't' THEN c.pro_response_num END`,
      pro_measure_standard_error: "d.standard_error",
      pro_measure_count_scored: "d.items_scored",
      pro_measure_loinc: `CASE WHEN NOT (${IS_ITEM}) THEN ${LOINC} END`,
      pro_measure_version: `CASE WHEN NOT (${IS_ITEM}) THEN c.pro_version END`,
      pro_item_fullname: `CASE WHEN ${IS_ITEM} THEN c.pro_fullname END`,
      pro_item_text: `CASE WHEN ${IS_ITEM} THEN c.pro_text END`,
      pro_measure_fullname: `CASE WHEN NOT (${IS_ITEM}) THEN c.pro_fullname END`,
    };
    const list = PRO_CM_COLUMNS["6.1"].map((name) => `${columns[name] ?? `c.${name}`} AS ${name}`);
    return `SELECT ${list.join(",\n  ")}
FROM ${source} c JOIN pro_cm_detail d ON d.datamartid = c.datamartid AND d.pro_cm_id = c.pro_cm_id
ORDER BY c.pro_cm_id`;
  },

  // v3.0 knows 21 common measures, and a number for each; everything else has no row there.
  "3.0": (measures, source) => {
    const item = Object.entries(measures)
      .map(([loinc, pn]) => `WHEN ${text(loinc)} THEN ${text(pn)}`)
      .join(" ");
    return `SELECT c.pro_cm_id, c.patid, c.encounterid, CASE c.pro_code ${item} END AS pro_item, c.pro_code AS pro_loinc,
  c.pro_date, c.pro_time, c.pro_response_num AS pro_response, c.pro_method, c.pro_mode, c.pro_cat,
  c.pro_name AS raw_pro_code, c.pro_response_text AS raw_pro_response
FROM ${source} c
WHERE c.pro_type = 'LC' AND c.pro_response_num IS NOT NULL AND c.pro_code IN (${Object.keys(measures).map(text).join(", ")})
ORDER BY c.pro_cm_id`;
  },
};

/**
 * The rows of a version. `measures` are the LOINC codes of v3.0's common measures with their names (PN_0001), for v3.0 only.
 *
 * @param source rows of `pro_cm`: all of them, or `MEASURED_ROWS`
 */
export function writeProCm(
  version: ProCmVersion,
  measures: Record<string, string> = {},
  source = "pro_cm",
): string {
  return WRITE[version](measures, source);
}

/**
 * The rows of `pro_cm` from `given_pro_cm` in the shape of v6.1 or v7.0; codes that are not LOINC's come from the companion, which
 * is in `pro_cm_detail`.
 */
export function readProCm(version: "7.0" | "6.1", site: string): string {
  if (version === "7.0") return `SELECT ${text(site)} AS datamartid, * FROM given_pro_cm`;
  const isItem = "g.pro_item_name IS NOT NULL";
  return `SELECT ${text(site)} AS datamartid, g.pro_cm_id, g.patid, g.encounterid, g.pro_date, g.pro_time, g.pro_type,
  CASE WHEN ${isItem} THEN g.pro_item_name ELSE g.pro_measure_name END AS pro_name,
  coalesce(g.pro_item_loinc, g.pro_measure_loinc, d.link, d.name) AS pro_code, g.pro_response_text,
  CASE WHEN ${isItem} THEN g.pro_response_num
    ELSE coalesce(g.pro_measure_scaled_tscore, g.pro_measure_theta, g.pro_measure_score) END AS pro_response_num,
  g.pro_method, g.pro_mode, g.pro_cat, g.pro_source, coalesce(g.pro_item_version, g.pro_measure_version) AS pro_version,
  g.pro_measure_seq AS pro_seq, coalesce(g.pro_item_fullname, g.pro_measure_fullname) AS pro_fullname, g.pro_item_text AS pro_text
FROM given_pro_cm g JOIN pro_cm_detail d USING (pro_cm_id)`;
}
