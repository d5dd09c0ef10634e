import type { Relation } from "./relation.ts";

/** The answers one by one, with their keys. */
const ANSWERS = `SELECT d.pro_cm_id, hash(d.datamartid, d.pro_seq) AS seq, k.*
      FROM described_row d
      JOIN answer_kind k ON k.what = hash(d.datamartid, d.instrument, d.kind, d.name, d.answer_state)
        AND k.number IS NOT DISTINCT FROM d.pro_response_num`;

/** Relations over answers, scores and items of a site's store or a hub's warehouse; see prepare.ts for the tables they share. */
export const ANSWER_RELATIONS = {
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
} as const satisfies Record<string, Relation>;
