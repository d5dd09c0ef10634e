import type { Relation } from "./relation.ts";

/** Coded rows, and whether what they are coded with is only ever a panel's code. */
const withPanels = (coded: string) => `SELECT c.*, p.code IS NOT NULL AS is_panel FROM (
        ${coded}
      ) c LEFT JOIN (
        SELECT code FROM catalogue_code GROUP BY code HAVING bool_and(kind = 'panel')
      ) p ON p.code = c.code`;

const person = `demographic p USING (datamartid, patid)`;

/** Relations over people, visits, codes and administrations of a site's store or a hub's warehouse; see prepare.ts for the tables they share. */
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
