import type { Relation } from "./relation.ts";

/** The answers one by one, with their keys. */
const ANSWERS = `SELECT c.pro_cm_id, hash(c.datamartid, c.pro_seq) AS seq, k.*
      FROM pro_cm c
      JOIN pro_cm_detail d ON d.datamartid = c.datamartid AND d.pro_cm_id = c.pro_cm_id
      JOIN answer_kind k ON k.what = hash(d.datamartid, d.instrument, d.kind, d.name, d.answer_state)
        AND k.number IS NOT DISTINCT FROM c.pro_response_num`;

/** Coded rows, and whether what they are coded with is only ever a panel's code. */
const withPanels = (coded: string) => `SELECT c.*, p.code IS NOT NULL AS is_panel FROM (
        ${coded}
      ) c LEFT JOIN (
        SELECT code FROM catalogue_code GROUP BY code HAVING bool_and(kind = 'panel')
      ) p ON p.code = c.code`;

const person = `demographic p USING (datamartid, patid)`;

/** Relations over the CDM tables of a site's store or a hub's warehouse; see prepare.ts for the tables they share. */
export const STORE_RELATIONS = {
  patient: {
    level: "store",
    row: "a person of DEMOGRAPHIC",
    key: "patid",
    sql: `SELECT p.*, d.death_date, h.patid IS NOT NULL AS has_token, y.datamartid IS NOT NULL AS any_token
      FROM demographic p
      LEFT JOIN (SELECT datamartid, patid, min(death_date) AS death_date FROM death GROUP BY ALL) d USING (datamartid, patid)
      LEFT JOIN (SELECT DISTINCT datamartid, patid FROM hash_token) h USING (datamartid, patid)
      LEFT JOIN (SELECT DISTINCT datamartid FROM hash_token) y USING (datamartid)`,
  },
  service: {
    level: "store",
    row: "a person with a dated service: visit, procedure, condition or questionnaire",
    key: "patid",
    sql: `SELECT s.datamartid, s.patid, count(*) AS services,
        bool_or(s.started < p.birth_date) AS before_birth, bool_or(s.started > d.death_date) AS after_death,
        bool_or(s.ended < s.started) AS ends_before_start
      FROM (
        SELECT datamartid, patid, admit_date AS started, discharge_date AS ended FROM encounter
        UNION ALL SELECT datamartid, patid, px_date, NULL FROM procedures
        UNION ALL SELECT datamartid, patid, onset_date, resolve_date FROM condition
        UNION ALL SELECT datamartid, patid, pro_date, NULL FROM pro_collection
      ) s
      LEFT JOIN ${person}
      LEFT JOIN (SELECT datamartid, patid, min(death_date) AS death_date FROM death GROUP BY ALL) d USING (datamartid, patid)
      WHERE s.started IS NOT NULL GROUP BY s.datamartid, s.patid`,
  },
  visit_type: {
    level: "store",
    needs: "encounter",
    row: "a kind of visit",
    key: "enc_type",
    sql: `SELECT e.datamartid, e.enc_type, count(*) AS encounters, count(*) / count(DISTINCT (e.patid, e.admit_date)) AS per_visit,
        coalesce(sum(x.n), 0) AS procedures, any_value(y.datamartid) IS NOT NULL AS any_procedure
      FROM encounter e
      LEFT JOIN (SELECT datamartid, encounterid, count(*) AS n FROM procedures GROUP BY ALL) x USING (datamartid, encounterid)
      LEFT JOIN (SELECT DISTINCT datamartid FROM procedures) y USING (datamartid)
      GROUP BY e.datamartid, e.enc_type`,
  },
  visited: {
    level: "store",
    needs: "encounter",
    row: "a person with a visit",
    key: "patid",
    sql: `SELECT e.datamartid, e.patid, coalesce(x.n, 0) AS procedures, y.datamartid IS NOT NULL AS any_procedure
      FROM (SELECT DISTINCT datamartid, patid FROM encounter) e
      LEFT JOIN (SELECT datamartid, patid, count(*) AS n FROM procedures GROUP BY ALL) x USING (datamartid, patid)
      LEFT JOIN (SELECT DISTINCT datamartid FROM procedures) y USING (datamartid)`,
  },
  visit_person: {
    level: "store",
    row: "a visit that any table names",
    key: "encounterid",
    sql: `SELECT datamartid, encounterid, count(DISTINCT patid) AS people FROM (
        SELECT datamartid, encounterid, patid FROM encounter
        UNION SELECT datamartid, encounterid, patid FROM condition
        UNION SELECT datamartid, encounterid, patid FROM procedures
        UNION SELECT datamartid, encounterid, patid FROM pro_collection
      ) WHERE encounterid IS NOT NULL GROUP BY datamartid, encounterid`,
  },
  procedure: {
    level: "store",
    needs: "procedures",
    row: "a row of PROCEDURES",
    key: "proceduresid",
    sql: `SELECT x.*, e.enc_type AS visit_type, e.admit_date AS visit_date
      FROM procedures x LEFT JOIN encounter e USING (datamartid, encounterid)`,
  },
  code: {
    level: "store",
    row: "a coded row of CONDITION, PROCEDURES or PRO_CM",
    key: "key",
    counted:
      withPanels(`SELECT datamartid, condition_type AS vocabulary, condition AS code, false AS is_answer, count(*) AS alike
          FROM condition GROUP BY ALL
        UNION ALL SELECT datamartid, px_type, px, false, count(*) FROM procedures GROUP BY ALL
        UNION ALL SELECT datamartid, pro_type, pro_code, true, count(*) FROM pro_cm GROUP BY ALL`),
    sql: withPanels(`SELECT datamartid, 'CONDITION ' || conditionid AS key, condition_type AS vocabulary, condition AS code, false AS is_answer FROM condition
        UNION ALL SELECT datamartid, 'PROCEDURES ' || proceduresid, px_type, px, false FROM procedures
        UNION ALL SELECT datamartid, 'PRO_CM ' || pro_cm_id, pro_type, pro_code, true FROM pro_cm`),
  },
  observation: {
    level: "store",
    needs: "obs_clin",
    row: "a row of OBS_CLIN",
    key: "obsclinid",
    sql: `SELECT datamartid, obsclinid, obsclin_code AS code, obsclin_type AS vocabulary,
        obsclin_result_num AS number, obsclin_result_qual AS quality, obsclin_result_text AS words,
        obsclin_result_snomed AS snomed, obsclin_result_unit AS unit FROM obs_clin`,
  },
  token: {
    level: "store",
    needs: "hash_token",
    row: "a kind of linkage token",
    key: "name",
    sql: `SELECT datamartid, name, count(*) AS tokens, count(*) FILTER (people > 1) AS shared FROM (
        SELECT datamartid, name, token, token_encryption_key, count(DISTINCT patid) AS people
        FROM (UNPIVOT hash_token ON COLUMNS('^token_[0-9]+$') INTO NAME name VALUE token)
        GROUP BY ALL
      ) GROUP BY datamartid, name`,
  },
  answer: {
    level: "store",
    needs: "pro_cm",
    row: "an answer to an item",
    key: "pro_cm_id",
    counted: "SELECT * FROM answer_kind",
    sql: ANSWERS,
  },
  answered_item: {
    level: "store",
    needs: "pro_cm",
    row: "an item of one administration",
    key: "pro_cm_id",
    // As many different items as answers: none was answered twice.
    counted: `SELECT datamartid, 1 AS copies, sum(items) AS alike FROM sitting WHERE items = different_items GROUP BY datamartid
      UNION ALL
      SELECT datamartid, copies, count(*) FROM (
        SELECT k.datamartid, a.seq, k.item, count(*) AS copies
        FROM answer a JOIN answer_kind k USING (answer) WHERE a.seq IN (SELECT seq FROM sitting WHERE items <> different_items)
        GROUP BY ALL
      ) GROUP BY ALL`,
    sql: `SELECT datamartid, seq, item, min(pro_cm_id) AS pro_cm_id, count(*) AS copies FROM (${ANSWERS}) GROUP BY datamartid, seq, item`,
  },
  score: {
    level: "store",
    needs: "pro_cm",
    row: "a score of an administration",
    key: "pro_cm_id",
    sql: `SELECT j.*, t.total, t.answered,
        EXISTS (SELECT 1 FROM catalogue_table x WHERE x.instrument = j.instrument AND x.score = j.score AND x.value = j.value) AS in_table,
        b.value AS table_value
      FROM judged_score j
      LEFT JOIN item_total t USING (seq, score_id)
      LEFT JOIN (
        SELECT seq, instrument, score, any_value(value) AS value FROM judged_score
        WHERE preferred AND (instrument, score) IN (SELECT (instrument, starts_from) FROM catalogue_score WHERE way = 'table') GROUP BY ALL
      ) r ON r.seq = j.seq AND r.instrument = j.instrument AND r.score = j.table_from
      LEFT JOIN catalogue_table b ON b.instrument = j.instrument AND b.score = j.score AND b.raw = r.value
        AND (b.version IS NULL OR b.version = j.version)`,
  },
  sum: {
    level: "store",
    needs: "pro_cm",
    row: "a score that is added up from an administration's items",
    key: "pro_seq || ' ' || score",
    sql: `SELECT t.*, c.datamartid, c.pro_seq, c.pro_cat, s.score, s.items, CASE WHEN s.missing_rule = 'none' THEN 0 ELSE s.missing_allowed END AS allowed
      FROM item_total t JOIN catalogue_score s USING (score_id)
      JOIN (SELECT datamartid, hash(datamartid, pro_seq) AS seq, pro_seq, pro_cat FROM pro_collection) c USING (seq)`,
  },
  administration: {
    level: "store",
    needs: "pro_collection",
    row: "an administration: one person answering one instrument once",
    key: "pro_seq",
    sql: `WITH ranges AS (
        SELECT instrument, CAST(maximum - minimum AS DOUBLE) AS width FROM catalogue_score WHERE position = 1
      )
      SELECT c.*, i.instrument IS NOT NULL AS is_known, date_diff('day', p.birth_date, c.pro_date) / 365.25 AS age,
        c.pro_date < p.birth_date AS is_before_birth, c.pro_date > d.death_date AS is_after_death,
        p.birth_date IS NOT NULL AS has_birth, d.death_date IS NOT NULL AS has_death, e.encounterid IS NOT NULL AS has_visit,
        coalesce(s.items, 0) AS items, coalesce(s.valued, 0) AS valued, s.skipped, s.not_shown, s.may_lack, s.common, s.smallest,
        s.largest, s.all_best, s.content, b.scores, b.main, b.same_day, b.same_answers, b.is_carried, b.days_since,
        b.main_change / r.width AS jump, v.languages
      FROM (SELECT *, hash(datamartid, pro_seq) AS seq FROM pro_collection) c
      LEFT JOIN ${person}
      LEFT JOIN (SELECT datamartid, patid, min(death_date) AS death_date FROM death GROUP BY ALL) d USING (datamartid, patid)
      LEFT JOIN (SELECT datamartid, encounterid FROM encounter) e USING (datamartid, encounterid)
      LEFT JOIN beside b USING (seq)
      LEFT JOIN sitting s USING (seq)
      LEFT JOIN catalogue_instrument i ON i.instrument = c.instrument
      LEFT JOIN ranges r ON r.instrument = c.instrument
      LEFT JOIN validated_language v ON v.instrument = c.instrument`,
  },
  description: {
    level: "store",
    needs: "pro_cm",
    row: "a row of PRO_CM beside what describes it",
    key: "pro_cm_id",
    counted: `SELECT d.datamartid, s.has_detail, s.has_collection, s.same_person,
        s.same_facts AND (d.kind = 'item' OR s.same_mode) AS same_facts, s.alike
      FROM (SELECT what, has_detail, has_collection, same_person, same_facts, same_mode, count(*) AS alike
        FROM stored WHERE has_row GROUP BY ALL) s
      JOIN described d USING (what)`,
    sql: `SELECT c.datamartid, c.pro_cm_id, d.pro_cm_id IS NOT NULL AS has_detail, s.pro_seq IS NOT NULL AS has_collection,
        c.patid = d.patid AND c.patid = s.patid AS same_person,
        -- An item may have been answered by somebody else than the form.
        (c.pro_date, c.pro_method) IS NOT DISTINCT FROM (s.pro_date, s.pro_method)
          AND (d.kind = 'item' OR c.pro_mode IS NOT DISTINCT FROM s.pro_mode) AS same_facts
      FROM pro_cm c
      LEFT JOIN pro_cm_detail d ON d.datamartid = c.datamartid AND d.pro_cm_id = c.pro_cm_id
      LEFT JOIN pro_collection s ON s.datamartid = c.datamartid AND s.pro_seq = c.pro_seq`,
  },
  item: {
    level: "store",
    needs: "pro_cm",
    row: "an item of an instrument",
    key: "instrument || ' ' || item",
    sql: `SELECT a.datamartid, a.instrument, a.item, a.answered, a.offered, a.sittings, t.n, t.item_rest, o.optional OR l.library AS may_lack
      FROM (
        SELECT a.datamartid, a.instrument, a.item, coalesce(sum(a.alike) FILTER (a.value IS NOT NULL), 0) AS answered,
          coalesce(sum(a.alike) FILTER (a.answer_state <> 'not_shown'), 0) AS offered, any_value(f.sittings) AS sittings
        FROM answer_kind a JOIN (
          SELECT datamartid, instrument, count(*) AS sittings FROM sitting GROUP BY ALL
        ) f USING (datamartid, instrument)
        GROUP BY a.datamartid, a.instrument, a.item
        UNION ALL
        -- An item that nobody ever answered has no row of its own.
        SELECT f.datamartid, i.instrument, i.item, 0, 0, f.sittings
        FROM (SELECT datamartid, instrument, count(*) AS sittings FROM sitting GROUP BY ALL) f
        JOIN catalogue_item i USING (instrument)
        WHERE NOT EXISTS (SELECT 1 FROM answer_kind a WHERE a.datamartid = f.datamartid AND a.instrument = i.instrument AND a.item = i.item)
      ) a
      LEFT JOIN (
        SELECT datamartid, instrument, item, max(n) AS n, max(item_rest) AS item_rest FROM item_statistic GROUP BY ALL
      ) t USING (datamartid, instrument, item)
      JOIN catalogue_item o ON o.instrument = a.instrument AND o.item = a.item
      JOIN catalogue_instrument l ON l.instrument = a.instrument`,
  },
  form: {
    level: "store",
    needs: "pro_collection",
    row: "an instrument at a site",
    key: "instrument",
    sql: `WITH coded AS (
        SELECT datamartid, instrument, count(*) AS coded_items, count(*) FILTER (is_raised) AS raised_items, min(n) AS fewest
        FROM (
          SELECT datamartid, instrument, item, sum(alike) AS n, min(value) > any_value(lowest) AS is_raised
          FROM answer_kind WHERE is_listed GROUP BY ALL HAVING sum(alike) >= 30
        ) GROUP BY ALL
      )
      SELECT c.datamartid, c.instrument, count(*) AS administrations,
        count(DISTINCT c.pro_method) FILTER (c.pro_method NOT IN ('NI', 'UN', 'OT')) AS methods,
        count(DISTINCT c.pro_mode) FILTER (c.pro_mode NOT IN ('NI', 'UN', 'OT')) AS modes,
        any_value(coded.coded_items) AS coded_items, any_value(coded.raised_items) AS raised_items
      FROM pro_collection c LEFT JOIN coded USING (datamartid, instrument)
      GROUP BY c.datamartid, c.instrument`,
  },
  scale: {
    level: "store",
    needs: "pro_cm",
    row: "a score of an instrument at a site",
    key: "instrument || ' ' || score",
    sql: `SELECT j.datamartid, j.instrument, j.score, any_value(j.scale) AS scale, count(*) AS n, avg(j.value) AS mean,
        stddev_samp(j.value) AS sd,
        count(*) FILTER (j.value = j.minimum) AS at_lowest, count(*) FILTER (j.value = j.maximum) AS at_highest,
        any_value(j.minimum) AS minimum, any_value(j.maximum) AS maximum,
        any_value(a.alpha) AS alpha, any_value(a.n) AS complete,
        any_value(b.alpha_from) AS alpha_from, any_value(b.alpha_to) AS alpha_to
      FROM judged_score j
      LEFT JOIN (
        SELECT datamartid, instrument, score, min(n) AS n,
          any_value(items) / (any_value(items) - 1) * (1 - sum(variance) / nullif(any_value(total_variance), 0)) AS alpha
        FROM item_statistic WHERE items > 1 GROUP BY datamartid, instrument, score
      ) a USING (datamartid, instrument, score)
      LEFT JOIN published_score b USING (instrument, score)
      WHERE j.preferred AND j.value IS NOT NULL AND j.origin <> 'linked'
      GROUP BY j.datamartid, j.instrument, j.score`,
  },
  request: {
    level: "store",
    needs: "pro_request",
    row: "a request for answers",
    key: "pro_requestid",
    sql: `SELECT r.*, r.pro_seq IS NOT NULL OR a.pro_requestid IS NOT NULL AS is_answered, p.patid IS NOT NULL AS has_person
      FROM pro_request r
      LEFT JOIN (SELECT DISTINCT datamartid, pro_requestid FROM pro_collection WHERE pro_requestid IS NOT NULL) a
        USING (datamartid, pro_requestid)
      LEFT JOIN ${person}`,
  },
} as const satisfies Record<string, Relation>;
