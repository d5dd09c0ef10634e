import type { DuckDb } from "../../warehouse/duckdb.ts";

/**
 * A defect that is planted into a clean site. `change` is SQL in which {site} is the site and {one} a condition that is true for
 * one administration in a hundred (of `pro_seq`), chosen by the seed; `row` and `person` are the same for rows and people.
 */
export interface Defect {
  name: string;
  /** The check that must find it. */
  check: string;
  /** Statements; the first one's changed rows are how many were planted. Null: the finding is about the site as a whole. */
  change: string[];
  /** Whether the check counts every planted row; else it is a finding about an item, a form or a month. */
  isCounted: boolean;
}

const HUNDREDTH = (key: string) => `hash('{seed}', ${key}) % 100 = 0`;

const defect = (name: string, check: string, ...change: string[]): Defect => ({
  name,
  check,
  change,
  isCounted: true,
});
const finding = (name: string, check: string, ...change: string[]): Defect => ({
  name,
  check,
  change,
  isCounted: false,
});

const OWN = "datamartid = '{site}'";
const ITEM = `pro_cm_id IN (SELECT pro_cm_id FROM pro_cm_detail WHERE ${OWN} AND kind = 'item'`;
const SCORE = `pro_cm_id IN (SELECT pro_cm_id FROM pro_cm_detail WHERE ${OWN} AND kind = 'score'`;

/** A copy of administrations under new ids: {pick} chooses them, {date} is their new date. */
const again = (pick: string, date: string) => [
  `INSERT INTO pro_collection SELECT * REPLACE (md5(pro_seq || 'again') AS pro_seq, ${date} AS pro_date) FROM pro_collection WHERE ${OWN} AND ${pick}`,
  `INSERT INTO pro_cm SELECT * REPLACE (md5(pro_seq || 'again') AS pro_seq, md5(pro_cm_id || 'again') AS pro_cm_id, ${date} AS pro_date) FROM pro_cm WHERE ${OWN} AND ${pick}`,
  `INSERT INTO pro_cm_detail SELECT * REPLACE (md5(pro_seq || 'again') AS pro_seq, md5(pro_cm_id || 'again') AS pro_cm_id) FROM pro_cm_detail WHERE ${OWN} AND ${pick}`,
];

/** More of each instrument than its scoring rule forgives. */
const SEVERAL = "'PHQ9_1', 'PHQ9_2', 'PHQ9_3', 'GAD7_1', 'GAD7_2', 'GAD7_3', 'Global03'";

export const DEFECTS: readonly Defect[] = [
  defect(
    "answer outside its list",
    "PRO 1.01",
    `UPDATE pro_cm SET pro_response_num = 77 WHERE ${OWN} AND {row} AND ${ITEM})`,
  ),
  defect(
    "score outside its range",
    "PRO 1.03",
    `UPDATE pro_cm SET pro_response_num = 300 WHERE ${OWN} AND {row} AND ${SCORE} AND scale = 'raw')`,
  ),
  defect(
    "total that differs from its items",
    "PRO 1.05",
    `UPDATE pro_cm_detail SET status = 'mismatch', delta = 3, preferred = false WHERE ${OWN} AND {row} AND kind = 'score' AND origin = 'reported'`,
  ),
  defect(
    "stored total that is not the sum",
    "PRO 1.06",
    `UPDATE pro_cm SET pro_response_num = CASE WHEN pro_response_num >= 12 THEN pro_response_num - 1 ELSE pro_response_num + 1 END WHERE ${OWN} AND {row} AND ${SCORE} AND scale = 'raw')`,
  ),
  defect(
    "T-score not in its table",
    "PRO 1.07",
    `UPDATE pro_cm SET pro_response_num = 41.77 WHERE ${OWN} AND {row} AND ${SCORE} AND scale = 't')`,
  ),
  defect(
    "T-score of another raw score",
    "PRO 1.08",
    `UPDATE pro_cm SET pro_response_num = CASE WHEN pro_response_num = 67.7 THEN 16.2 ELSE 67.7 END WHERE ${OWN} AND {row} AND ${SCORE} AND name = 'gph_t')`,
  ),
  defect(
    "item stored twice",
    "PRO 1.09",
    `INSERT INTO pro_cm SELECT * REPLACE (md5(pro_cm_id || 'twice') AS pro_cm_id) FROM pro_cm WHERE ${OWN} AND {row} AND ${ITEM})`,
    `INSERT INTO pro_cm_detail SELECT * REPLACE (md5(pro_cm_id || 'twice') AS pro_cm_id) FROM pro_cm_detail WHERE ${OWN} AND {row} AND kind = 'item'`,
  ),
  defect("administration delivered under two ids", "PRO 1.11", ...again("{one}", "pro_date")),
  defect(
    "language without a validated version",
    "PRO 1.14",
    `UPDATE pro_collection SET language = 'xx' WHERE ${OWN} AND {one} AND instrument = 'phq-9'`,
  ),
  defect(
    "item that the catalogue does not know",
    "PRO 1.15",
    `UPDATE pro_cm_detail SET name = 'PHQ9_99' WHERE ${OWN} AND {row} AND kind = 'item' AND instrument = 'phq-9'`,
  ),
  defect(
    "paper through the portal",
    "PRO 1.16",
    `UPDATE pro_collection SET channel = 'portal' WHERE ${OWN} AND hash('{seed}', pro_seq) % 25 = 0 AND pro_method = 'PA'`,
  ),
  defect(
    "row with another method than its administration",
    "PRO 1.17",
    `UPDATE pro_cm SET pro_method = 'OT' WHERE ${OWN} AND {row}`,
  ),
  defect(
    "row without its description",
    "PRO 1.18",
    `DELETE FROM pro_cm_detail WHERE ${OWN} AND {row}`,
  ),
  finding(
    "offset coding",
    "PRO 2.01",
    `UPDATE pro_cm SET pro_response_num = least(3, pro_response_num + 1) WHERE ${OWN} AND ${ITEM} AND instrument = 'phq-9')`,
  ),
  finding(
    "reversed item",
    "PRO 2.02",
    `UPDATE pro_cm SET pro_response_num = 3 - pro_response_num WHERE ${OWN} AND pro_name = 'GAD7_3'`,
  ),
  finding(
    "straight-lining",
    "PRO 2.03",
    `UPDATE pro_cm SET pro_response_num = 2 WHERE ${OWN} AND hash('{seed}', pro_seq) % 12 = 0 AND ${ITEM} AND instrument = 'gad-7')`,
  ),
  defect(
    "date before birth",
    "PRO 2.05",
    `UPDATE pro_collection SET pro_date = DATE '1930-01-01' WHERE ${OWN} AND {one}`,
  ),
  defect(
    "date after death",
    "PRO 2.06",
    `UPDATE pro_collection SET pro_date = DATE '2027-01-01' WHERE ${OWN} AND {one} AND patid IN (SELECT patid FROM death WHERE ${OWN})`,
  ),
  defect(
    "person of 120 years",
    "PRO 2.10",
    `UPDATE pro_collection SET pro_date = pro_date WHERE ${OWN} AND patid IN (SELECT patid FROM demographic WHERE ${OWN} AND {person})`,
    `UPDATE demographic SET birth_date = DATE '1900-01-01' WHERE ${OWN} AND {person}`,
  ),
  finding(
    "missing stored as the lowest answer",
    "PRO 2.11",
    `UPDATE pro_cm SET pro_response_num = 0 WHERE ${OWN} AND hash('{seed}', pro_seq) % 5 < 2 AND pro_seq IN (SELECT pro_seq FROM pro_collection WHERE ${OWN} AND instrument = 'phq-9')`,
  ),
  finding(
    "refused stored as the highest answer",
    "PRO 2.12",
    `UPDATE pro_cm SET pro_response_num = CASE WHEN ${SCORE}) THEN 27 ELSE 3 END WHERE ${OWN} AND hash('{seed}', pro_seq) % 5 = 0 AND pro_seq IN (SELECT pro_seq FROM pro_collection WHERE ${OWN} AND instrument = 'phq-9')`,
  ),
  finding(
    "items mixed up",
    "PRO 2.13",
    `UPDATE pro_cm SET pro_response_num = hash('{seed}', pro_cm_id) % 4 WHERE ${OWN} AND ${ITEM} AND instrument = 'phq-9')`,
  ),
  finding(
    "raw scores stored as T-scores",
    "PRO 2.14",
    `UPDATE pro_cm SET pro_response_num = 12 WHERE ${OWN} AND ${SCORE} AND name = 'gph_t')`,
  ),
  finding(
    "another population than the other sites",
    "PRO 2.16",
    `UPDATE pro_cm SET pro_response_num = least(27, pro_response_num + 9) WHERE ${OWN} AND ${SCORE} AND instrument = 'phq-9')`,
  ),
  finding(
    "a mean far from the other sites",
    "PRO 2.17",
    `UPDATE pro_cm SET pro_response_num = least(21, pro_response_num + 9) WHERE ${OWN} AND ${SCORE} AND instrument = 'gad-7')`,
  ),
  defect(
    "child who answers alone",
    "PRO 2.18",
    `UPDATE pro_collection SET pro_mode = 'SF' WHERE ${OWN} AND patid IN (SELECT patid FROM demographic WHERE ${OWN} AND {person})`,
    `UPDATE demographic SET birth_date = DATE '2020-01-01' WHERE ${OWN} AND {person}`,
  ),
  finding(
    "typist recorded as proxy",
    "PRO 2.19",
    `UPDATE pro_collection SET pro_mode = 'PR' WHERE ${OWN} AND hash('{seed}', patid) % 2 = 0`,
  ),
  defect(
    "second version on the same day",
    "PRO 2.20",
    ...again("{one}", "pro_date"),
    `UPDATE pro_cm SET pro_response_num = CASE WHEN pro_response_num > 1 THEN pro_response_num - 1 ELSE pro_response_num + 1 END WHERE ${OWN} AND pro_cm_id IN (SELECT md5(pro_cm_id || 'again') FROM pro_cm WHERE ${OWN})`,
  ),
  finding(
    "two people under one id",
    "PRO 2.21",
    ...again("hash('{seed}', pro_seq) % 20 = 0", "pro_date + 2"),
    `UPDATE pro_cm SET pro_response_num = CASE WHEN pro_response_num > 10 THEN 0 ELSE 27 END WHERE ${OWN} AND pro_name = 'total' AND pro_cm_id IN (SELECT md5(pro_cm_id || 'again') FROM pro_cm WHERE ${OWN})`,
  ),
  finding(
    "forms carried forward",
    "PRO 2.22",
    `UPDATE pro_cm SET pro_response_num = 2 WHERE ${OWN} AND hash('{seed}', patid) % 8 = 0 AND ${ITEM} AND instrument = 'phq-9')`,
  ),
  defect(
    "more items missing than allowed",
    "PRO 3.01",
    `DELETE FROM pro_cm_detail WHERE ${OWN} AND {one} AND name IN ('total', 'gph_raw')`,
    `DELETE FROM pro_cm WHERE ${OWN} AND {one} AND pro_name IN ('total', 'gph_raw')`,
    `DELETE FROM pro_cm WHERE ${OWN} AND {one} AND pro_name IN (${SEVERAL})`,
    `DELETE FROM pro_cm_detail WHERE ${OWN} AND {one} AND name IN (${SEVERAL})`,
  ),
  finding(
    "items left out",
    "PRO 3.02",
    `DELETE FROM pro_cm WHERE ${OWN} AND hash('{seed}', pro_seq) % 3 = 0 AND pro_name = 'PHQ9_10'`,
    `DELETE FROM pro_cm WHERE ${OWN} AND hash('{seed}', pro_seq) % 3 = 0 AND pro_name IN ('GAD7_7', 'Global01')`,
    `DELETE FROM pro_cm_detail WHERE ${OWN} AND hash('{seed}', pro_seq) % 3 = 0 AND name IN ('PHQ9_10', 'GAD7_7', 'Global01')`,
  ),
  finding(
    "method unknown",
    "PRO 3.03",
    `UPDATE pro_collection SET pro_method = 'NI' WHERE ${OWN} AND hash('{seed}', pro_seq) % 5 = 0`,
  ),
  finding(
    "mode unknown",
    "PRO 3.04",
    `UPDATE pro_collection SET pro_mode = 'NI' WHERE ${OWN} AND hash('{seed}', pro_seq) % 5 = 0`,
  ),
  finding(
    "method assumed",
    "PRO 3.05",
    `UPDATE pro_collection SET pro_method_origin = 'assumed' WHERE ${OWN}`,
  ),
  finding(
    "mode assumed",
    "PRO 3.06",
    `UPDATE pro_collection SET pro_mode_origin = 'assumed' WHERE ${OWN}`,
  ),
  finding("language unknown", "PRO 3.07", `UPDATE pro_collection SET language = NULL WHERE ${OWN}`),
  finding(
    "patients without demographics",
    "PRO 3.08",
    `UPDATE demographic SET birth_date = NULL WHERE ${OWN} AND hash('{seed}', patid) % 8 = 0`,
  ),
  defect(
    "visit that is not there",
    "PRO 3.09",
    `UPDATE pro_collection SET encounterid = md5('nowhere') WHERE ${OWN} AND {one}`,
  ),
  finding(
    "column that is not mapped",
    "PRO 3.10",
    `DELETE FROM pro_cm WHERE ${OWN} AND pro_name = 'PHQ9_9'`,
    `DELETE FROM pro_cm_detail WHERE ${OWN} AND name = 'PHQ9_9'`,
  ),
  finding(
    "requests without answers",
    "PRO 3.11",
    `UPDATE pro_request SET status = 'open', pro_seq = NULL WHERE ${OWN} AND hash('{seed}', pro_requestid) % 10 < 7`,
  ),
  finding(
    "administrations without scores",
    "PRO 3.12",
    `DELETE FROM pro_cm WHERE ${OWN} AND hash('{seed}', pro_seq) % 10 = 0 AND ${SCORE})`,
    `DELETE FROM pro_cm_detail WHERE ${OWN} AND hash('{seed}', pro_seq) % 10 = 0 AND kind = 'score'`,
  ),
  finding("no time of day", "PRO 3.13", `UPDATE pro_collection SET pro_time = NULL WHERE ${OWN}`),
  finding(
    "dates of the visit",
    "PRO 3.14",
    `UPDATE pro_collection SET pro_date_origin = 'derived' WHERE ${OWN}`,
  ),
  finding(
    "one way of asking",
    "PRO 3.16",
    `UPDATE pro_collection SET pro_method = 'EC' WHERE ${OWN}`,
  ),
  finding(
    "instrument gone",
    "PRO 4.01",
    `DELETE FROM pro_collection WHERE ${OWN} AND instrument = 'gad-7'`,
  ),
  finding(
    "people gone",
    "PRO 4.08",
    `DELETE FROM pro_collection WHERE ${OWN} AND hash('{seed}', patid) % 20 = 0`,
  ),
  defect(
    "primary key used twice",
    "DC 1.05",
    `INSERT INTO pro_cm_detail SELECT * FROM pro_cm_detail WHERE ${OWN} AND {row}`,
  ),
  defect(
    "code outside its value set",
    "DC 1.06",
    `UPDATE pro_collection SET pro_method = 'ZZ' WHERE ${OWN} AND {one}`,
  ),
  defect(
    "required field empty",
    "DC 1.07",
    `UPDATE pro_request SET status = NULL WHERE ${OWN} AND hash('{seed}', pro_requestid) % 100 = 0`,
  ),
  defect(
    "person not in DEMOGRAPHIC",
    "DC 1.08",
    `UPDATE condition SET patid = md5('nobody') WHERE ${OWN} AND hash('{seed}', conditionid) % 20 = 0`,
  ),
  finding(
    "visit not in ENCOUNTER",
    "DC 1.09",
    `UPDATE pro_cm SET encounterid = md5('nowhere') WHERE ${OWN} AND hash('{seed}', pro_cm_id) % 5 = 0`,
  ),
  defect(
    "procedure with another type than its visit",
    "DC 1.10",
    `UPDATE procedures SET enc_type = 'IP' WHERE ${OWN} AND hash('{seed}', proceduresid) % 100 = 0`,
  ),
  finding(
    "visits of several people",
    "DC 1.11",
    `UPDATE procedures SET patid = (SELECT min(patid) FROM demographic WHERE ${OWN}) WHERE ${OWN} AND hash('{seed}', proceduresid) % 10 = 0`,
  ),
  finding(
    "codes of another vocabulary",
    "DC 1.13",
    `UPDATE condition SET condition = 'DEPRESSION' WHERE ${OWN} AND hash('{seed}', conditionid) % 2 = 0`,
    `UPDATE pro_cm SET pro_code = 'LOCAL-1' WHERE ${OWN} AND pro_type = 'LC' AND hash('{seed}', pro_cm_id) % 8 = 0`,
  ),
  defect(
    "person without linkage tokens",
    "DC 1.14",
    `DELETE FROM hash_token WHERE ${OWN} AND hash('{seed}', patid) % 20 = 0`,
  ),
  finding(
    "ids of another making",
    "DC 1.15",
    `UPDATE condition SET encounterid = '7' WHERE ${OWN} AND hash('{seed}', conditionid) % 50 = 0`,
  ),
  finding(
    "placeholder names in tokens",
    "DC 1.19",
    `UPDATE hash_token SET token_02 = md5('UNKNOWN' || hash(patid) % 9) WHERE ${OWN} AND hash('{seed}', patid) % 2 = 0`,
  ),
  finding(
    "panel codes",
    "DC 1.20",
    `UPDATE pro_cm SET pro_code = '69737-5' WHERE ${OWN} AND hash('{seed}', pro_cm_id) % 8 = 0`,
  ),
  finding(
    "stays that end before they start",
    "DC 2.03",
    `UPDATE encounter SET discharge_date = admit_date - 3 WHERE ${OWN} AND hash('{seed}', patid) % 8 = 0`,
  ),
  finding(
    "transfers stored as stays",
    "DC 2.04",
    `UPDATE encounter SET enc_type = 'IP' WHERE ${OWN}`,
    `INSERT INTO encounter SELECT * EXCLUDE (n) REPLACE (md5(encounterid || n) AS encounterid) FROM encounter CROSS JOIN range(2) t(n) WHERE ${OWN}`,
  ),
  finding(
    "procedures without visit",
    "DC 3.02",
    `UPDATE procedures SET encounterid = NULL WHERE ${OWN} AND hash('{seed}', proceduresid) % 2 = 0`,
  ),
  finding(
    "sex unknown",
    "DC 3.03a",
    `UPDATE demographic SET sex = 'NI' WHERE ${OWN} AND hash('{seed}', patid) % 5 = 0`,
  ),
  finding(
    "source unknown",
    "DC 3.03b",
    `UPDATE pro_cm SET pro_source = 'NI' WHERE ${OWN} AND hash('{seed}', pro_cm_id) % 5 = 0`,
  ),
  finding(
    "procedures of a few people only",
    "DC 3.05",
    `DELETE FROM procedures WHERE ${OWN} AND hash('{seed}', patid) % 3 > 0`,
  ),
  finding(
    "measurements without a result",
    "DC 3.16",
    `UPDATE obs_clin SET obsclin_result_num = NULL WHERE ${OWN} AND hash('{seed}', obsclinid) % 3 = 0`,
  ),
  finding(
    "measurements without a unit",
    "DC 3.17",
    `UPDATE obs_clin SET obsclin_result_unit = NULL WHERE ${OWN} AND hash('{seed}', obsclinid) % 3 = 0`,
  ),
  finding(
    "table that shrank",
    "DC 4.01",
    `DELETE FROM condition WHERE ${OWN} AND hash('{seed}', conditionid) % 5 = 0`,
  ),
  finding(
    "visits that shrank",
    "DC 4.02",
    `DELETE FROM encounter WHERE ${OWN} AND hash('{seed}', encounterid) % 5 = 0`,
  ),
  finding(
    "codes of a vocabulary that shrank",
    "DC 4.03",
    `DELETE FROM procedures WHERE ${OWN} AND hash('{seed}', proceduresid) % 5 = 0`,
  ),
  finding("empty answers table", "DC 1.02", `DELETE FROM pro_cm WHERE ${OWN}`),
];

/** Plants a defect into a site; returns how many rows it changed. */
export async function plant(
  db: DuckDb,
  { change }: Defect,
  options: { site: string; seed: string },
): Promise<number> {
  let planted = 0;
  for (const [i, statement] of change.entries()) {
    const changed = await db.run(
      statement
        .replaceAll("{one}", HUNDREDTH("pro_seq"))
        .replaceAll("{row}", HUNDREDTH("pro_cm_id"))
        .replaceAll("{person}", `hash('{seed}', patid) % 50 = 0`)
        .replaceAll("{site}", options.site)
        .replaceAll("{seed}", options.seed),
    );
    if (i === 0) planted = changed;
  }
  return planted;
}
