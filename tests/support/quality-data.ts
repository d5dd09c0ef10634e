import { loadCatalogue } from "../../pipelines/catalogue/load.ts";
import { readCatalogue } from "../../pipelines/catalogue/read.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES } from "../../warehouse/schema.ts";
import { bringToNewest } from "../../warehouse/store-file.ts";

/** Uniform in [0, 1) from the seed and whatever names the draw: the same on every machine and with any number of threads. */
const uniform = (seed: string, ...of: string[]) =>
  `(hash('${seed}', ${of.join(", ")}) / 18446744073709551616.0)`;
const normal = (seed: string, ...of: string[]) =>
  `(sqrt(-2 * ln(${uniform(`${seed}a`, ...of)} + 1e-12)) * cos(2 * pi() * ${uniform(`${seed}b`, ...of)}))`;

export interface CleanOptions {
  site: string;
  people: number;
  seed?: string;
  instruments?: readonly string[];
}

/**
 * Puts a site without any defect into a store with the schema: everybody answers every instrument four times in half a year,
 * completely; items hang together as in published samples; scores are the sums, and what the tables say.
 */
export async function addCleanSite(db: DuckDb, options: CleanOptions): Promise<void> {
  const {
    site,
    people,
    seed = "clean",
    instruments = ["phq-9", "gad-7", "promis-global-10"],
  } = options;
  const list = instruments.map((one) => `'${one}'`).join(", ");
  const statements = [
    `CREATE OR REPLACE TEMP TABLE person AS
    SELECT i, md5('p' || i) AS patid, DATE '1950-01-01' + CAST(${uniform(seed, "'born'", "i")} * 18000 AS INTEGER) AS birth_date,
      DATE '2024-01-02' + CAST(${uniform(seed, "'start'", "i")} * 400 AS INTEGER) AS start, ${normal(seed, "'person'", "i")} AS severity
    FROM range(${people}) t(i)`,
    `INSERT INTO harvest (datamartid, networkid, datamart_name, cdm_version, pro_date_mgmt) VALUES ('${site}', 'NET', '${site}', '070', '03')`,
    `INSERT INTO demographic (datamartid, patid, birth_date, sex, hispanic, race)
    SELECT '${site}', patid, birth_date, CASE WHEN i % 2 = 0 THEN 'F' ELSE 'M' END, 'N', '05' FROM person`,
    `INSERT INTO hash_token (datamartid, patid, token_02, token_encryption_key) SELECT '${site}', patid, md5('t' || i), 'pro-token-v1/test' FROM person`,
    `CREATE OR REPLACE TEMP TABLE occasion AS
    SELECT p.*, v.nth, md5('e' || i || '-' || v.nth) AS encounterid, start + v.days AS day,
      CASE i % 4 WHEN 0 THEN 'PA' WHEN 1 THEN 'PH' ELSE 'EC' END AS method,
      CASE i % 4 WHEN 0 THEN 'paper' WHEN 1 THEN 'phone' WHEN 2 THEN 'portal' ELSE 'tablet' END AS channel,
      CASE WHEN i % 20 = 0 THEN 'PR' ELSE 'SF' END AS mode
    FROM person p CROSS JOIN (VALUES (0, 0), (1, 30), (2, 90), (3, 180)) v(nth, days)`,
    `INSERT INTO encounter (datamartid, encounterid, patid, admit_date, discharge_date, enc_type)
    SELECT '${site}', encounterid, patid, day, day, 'AV' FROM occasion`,
    `INSERT INTO condition (datamartid, conditionid, patid, encounterid, onset_date, report_date, condition_status, condition, condition_type, condition_source)
    SELECT '${site}', md5('c' || i), patid, encounterid, day, day, 'AC', 'F32.1', '10', 'HC' FROM occasion WHERE nth = 0`,
    `INSERT INTO procedures (datamartid, proceduresid, patid, encounterid, px_date, px, px_type, px_source)
    SELECT '${site}', md5('x' || encounterid), patid, encounterid, day, '96127', 'CH', 'OD' FROM occasion`,
    `INSERT INTO death (datamartid, patid, death_date, death_date_impute, death_source)
    SELECT '${site}', patid, start + 400, 'N', 'L' FROM person WHERE i % 3 = 0`,
    `CREATE OR REPLACE TEMP TABLE form AS
    SELECT o.*, c.instrument, c.items, c.version, c.direction, md5('s' || o.encounterid || c.instrument) AS pro_seq,
      0.9 * severity - 0.25 * nth + 0.25 * ${normal(seed, "'form'", "o.encounterid", "c.instrument")} AS level
    FROM occasion o CROSS JOIN (SELECT * FROM catalogue_instrument WHERE instrument IN (${list})) c`,
    `INSERT INTO pro_collection (datamartid, pro_seq, patid, encounterid, instrument, instrument_version, pro_date, pro_date_origin,
      pro_time, completion_status, pro_method, pro_method_origin, pro_mode, pro_mode_origin, pro_cat, pro_cat_origin, pro_source,
      pro_source_origin, language, language_origin, channel, channel_origin, setting, setting_origin, facility_type_origin, responder,
      responder_origin, items_answered, items_expected)
    SELECT '${site}', pro_seq, patid, encounterid, instrument, version, day, 'stated', '09:30', 'complete', method, 'stated', mode, 'stated',
      'N', 'derived', 'OD', 'stated', 'en', 'stated', channel, 'stated', 'clinic', 'stated', 'unknown',
      CASE mode WHEN 'PR' THEN 'proxy' ELSE 'patient' END, 'derived', items, items FROM form`,
    `CREATE OR REPLACE TEMP TABLE choice AS
    SELECT instrument, item, value, scored, count(*) OVER own AS choices, row_number() OVER own_order - 1 AS place
    FROM (SELECT DISTINCT instrument, item, value, any_value(scored) AS scored FROM catalogue_answer WHERE value IS NOT NULL GROUP BY ALL)
    WINDOW own AS (PARTITION BY instrument, item), own_order AS (PARTITION BY instrument, item ORDER BY scored, value DESC)`,
    `CREATE OR REPLACE TEMP TABLE given AS
    SELECT f.*, i.item, i.code, i.label, c.value, c.scored
    FROM (
      SELECT f.*, i.item, i.code, i.label, CASE f.direction WHEN 'better' THEN -1 ELSE 1 END
        * (0.8 * level + 0.6 * ${normal(seed, "'item'", "f.pro_seq", "i.item")}) AS tendency
      FROM form f JOIN catalogue_item i USING (instrument)
    ) f
    JOIN catalogue_item i ON i.instrument = f.instrument AND i.item = f.item
    JOIN choice c ON c.instrument = f.instrument AND c.item = f.item
      AND c.place = greatest(0, least(c.choices - 1, CAST(round((c.choices - 1) * (0.42 + 0.25 * f.tendency)) AS INTEGER)))`,
    `CREATE OR REPLACE TEMP TABLE made AS
    WITH sums AS (
      SELECT g.pro_seq, s.instrument, s.score, sum(g.scored) AS value FROM given g JOIN catalogue_score_item s USING (instrument, item)
      JOIN catalogue_score c USING (instrument, score) WHERE c.way = 'sum' GROUP BY ALL
    )
    SELECT * FROM sums
    UNION ALL
    SELECT r.pro_seq, t.instrument, t.score, t.value FROM sums r JOIN catalogue_score s ON s.instrument = r.instrument AND s.starts_from = r.score AND s.way = 'table'
      JOIN (
        SELECT instrument, score, raw, min(value) AS value FROM catalogue_table GROUP BY ALL
      ) t ON t.instrument = s.instrument AND t.score = s.score AND t.raw = r.value`,
    `CREATE OR REPLACE TEMP TABLE line AS
    SELECT md5(pro_seq || item) AS pro_cm_id, pro_seq, 'item' AS kind, item AS name, code, label AS fullname, value, 'reported' AS origin,
      NULL AS status, NULL AS scale, NULL AS decimals, 'answered' AS answer_state FROM given
    UNION ALL
    SELECT md5(m.pro_seq || m.score), m.pro_seq, 'score', m.score, s.code, m.score, m.value, CASE WHEN s.position = 1 THEN 'reported' ELSE 'computed' END,
      CASE WHEN s.position = 1 THEN 'match' ELSE 'computed' END, s.scale, s.decimals, NULL
    FROM made m JOIN catalogue_score s USING (instrument, score)`,
    `INSERT INTO pro_cm (datamartid, pro_cm_id, patid, encounterid, pro_date, pro_time, pro_type, pro_name, pro_code, pro_response_num,
      pro_method, pro_mode, pro_cat, pro_source, pro_version, pro_seq, pro_fullname)
    SELECT '${site}', l.pro_cm_id, f.patid, f.encounterid, f.day, '09:30', CASE WHEN l.code IS NULL THEN 'OT' ELSE 'LC' END, l.name,
      coalesce(l.code, l.name), l.value, f.method, f.mode, 'N', 'OD', f.version, l.pro_seq, l.fullname
    FROM line l JOIN form f USING (pro_seq)`,
    `INSERT INTO pro_cm_detail (datamartid, pro_cm_id, patid, pro_seq, instrument, kind, name, origin, status, preferred, scale, decimals,
      items_missing, prorated, answer_state)
    SELECT '${site}', l.pro_cm_id, f.patid, l.pro_seq, f.instrument, l.kind, l.name, l.origin, l.status, true, l.scale, l.decimals,
      CASE l.kind WHEN 'score' THEN 0 END, CASE l.kind WHEN 'score' THEN false END, l.answer_state
    FROM line l JOIN form f USING (pro_seq)`,
    `INSERT INTO pro_request (datamartid, pro_requestid, patid, instrument, kind, request_date, request_date_origin, status, channel, channel_origin, pro_seq)
    SELECT '${site}', md5('r' || pro_seq), patid, instrument, 'task', day - 2, 'stated', CASE WHEN i % 5 = 0 THEN 'open' ELSE 'completed' END, channel, 'stated',
      CASE WHEN i % 5 <> 0 THEN pro_seq END FROM form`,
    // Measurements with code, number and unit.
    `INSERT INTO obs_clin (datamartid, obsclinid, patid, obsclin_start_date, obsclin_type, obsclin_code, obsclin_result_num, obsclin_result_unit)
    SELECT '${site}', md5('o' || i), patid, start, 'LC', '29463-7', 70, 'kg' FROM person`,
  ];
  for (const statement of statements) await db.run(statement);
}

/** A store or warehouse with the schema and the catalogue's tables, ready for clean sites. */
export async function qualityStore(path: string): Promise<DuckDb> {
  await bringToNewest(path);
  const db = await DuckDb.open(path);
  await loadCatalogue(db, await readCatalogue());
  return db;
}

/** The catalogue's tables belong to no store. */
export async function dropCatalogue(db: DuckDb): Promise<void> {
  const tables = await db.all<{ name: string }>(
    "SELECT table_name AS name FROM duckdb_tables() WHERE table_name LIKE 'catalogue_%'",
  );
  for (const { name } of tables) await db.run(`DROP TABLE ${name}`);
  await db.run("CHECKPOINT");
}

/** Other sites with the same rows. */
export async function copySite(db: DuckDb, from: string, to: readonly string[]): Promise<void> {
  const sites = to.map((site) => `('${site}')`).join(", ");
  for (const table of TABLE_NAMES) {
    await db.run(
      `INSERT INTO ${table} SELECT c.* REPLACE (s.site AS datamartid) FROM ${table} c CROSS JOIN (VALUES ${sites}) s(site) WHERE c.datamartid = '${from}'`,
    );
  }
}
