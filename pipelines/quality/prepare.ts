/**
 * Tables that several relations of the store share, so that the large tables are scanned and joined once. In: the CDM tables as
 * views, `stored` and `described_row` (stored.ts), `catalogue_*`. Numbers stand for texts: `seq` for a site's `pro_seq`, `what` for all that a detail says, `answer` for a way
 * of answering an item. They join several times faster, and ten million answers fit into memory. That two of a million
 * administrations share a number is as likely as 3 in 10^8; two of ten million rows, 3 in 10^6.
 */
export const PREPARE_STORE: readonly string[] = [
  `CREATE TEMP TABLE known_answer AS
  SELECT instrument, item, value, any_value(scored) AS scored FROM catalogue_answer WHERE value IS NOT NULL
  GROUP BY instrument, item, value`,

  // Straight-lining is looked for among the items that share the instrument's most common answer list.
  `CREATE TEMP TABLE item_list AS
  WITH list AS (
    SELECT k.instrument, k.item, min(k.value) AS lowest, max(k.value) AS highest,
      CASE any_value(i.direction) WHEN 'worse' THEN min(k.scored) ELSE max(k.scored) END AS best
    FROM known_answer k JOIN catalogue_instrument i USING (instrument) GROUP BY k.instrument, k.item
  ), common AS (
    SELECT instrument, mode((lowest, highest)) AS bounds FROM list GROUP BY instrument
  )
  SELECT list.*, (lowest, highest) = bounds AS is_common FROM list JOIN common USING (instrument)`,

  // What rows of PRO_CM_DETAIL say, each different once; `what` stands for it. A row of PRO_CM without a detail says where it is.
  `CREATE TEMP TABLE described AS
  SELECT hash(datamartid, instrument, kind, name, answer_state) AS what, *
  FROM (SELECT DISTINCT datamartid, instrument, kind, name, answer_state FROM pro_cm_detail)
  UNION
  SELECT hash(datamartid), datamartid, NULL, NULL, NULL, NULL FROM (SELECT DISTINCT datamartid FROM pro_cm)`,

  // Ways in which an item was answered: a few hundred, for all answers. An item's \`bit\` is its own among those of its instrument, of 120.
  `CREATE TEMP TABLE answer_kind AS
  SELECT CAST(row_number() OVER () AS INTEGER) AS answer, a.what, a.number, a.alike, d.datamartid, d.instrument, d.name AS item, d.answer_state,
    CAST(a.number AS DOUBLE) AS value, CAST(k.scored AS DOUBLE) AS scored, k.value IS NOT NULL AS is_listed, i.item IS NOT NULL AS is_known,
    l.lowest, l.highest, l.is_common, k.scored = l.best AS is_best, i.optional AS is_optional, o.optional_items,
    CAST(hash(d.name, CAST(a.number AS DOUBLE)) AS HUGEINT) AS content,
    1::HUGEINT << CAST(dense_rank() OVER (PARTITION BY d.instrument ORDER BY d.name) % 120 AS INTEGER) AS bit
  FROM (SELECT what, number, count(*) AS alike FROM stored WHERE has_row GROUP BY what, number) a
  JOIN described d USING (what)
  LEFT JOIN catalogue_item i ON i.instrument = d.instrument AND i.item = d.name
  LEFT JOIN known_answer k ON k.instrument = d.instrument AND k.item = d.name AND k.value = a.number
  LEFT JOIN item_list l ON l.instrument = d.instrument AND l.item = d.name
  LEFT JOIN (SELECT instrument, count(*) FILTER (optional) AS optional_items FROM catalogue_item GROUP BY instrument) o ON o.instrument = d.instrument
  WHERE d.kind = 'item'`,

  `CREATE TEMP TABLE answer AS
  SELECT s.seq, k.answer FROM stored s JOIN answer_kind k ON k.what = s.what AND k.number IS NOT DISTINCT FROM s.number WHERE s.has_row`,

  // The same answers in whatever order have the same content. An optional item that is not there (PHQ-9's tenth) was not left out.
  `CREATE TEMP TABLE sitting AS
  SELECT s.*, k.datamartid, k.instrument, coalesce(k.optional_items, 0) - s.optional_given AS may_lack
  FROM (
    SELECT seq, min(answer) AS answer, count(*) AS items, bit_count(bit_or(bit)) AS different_items, count(value) AS valued,
      count(*) FILTER (answer_state = 'skipped') AS skipped, count(*) FILTER (answer_state = 'not_shown') AS not_shown,
      count(*) FILTER (is_optional AND (value IS NOT NULL OR answer_state = 'not_shown')) AS optional_given,
      count(value) FILTER (is_common) AS common,
      min(value) FILTER (is_common) AS smallest, max(value) FILTER (is_common) AS largest,
      bool_and(is_best) FILTER (value IS NOT NULL) AS all_best,
      sum(content) AS content
    FROM answer JOIN answer_kind USING (answer) GROUP BY seq
  ) s JOIN answer_kind k USING (answer)`,

  // To which sums a way of answering adds, and what.
  `CREATE TEMP TABLE addend AS
  SELECT k.answer, k.datamartid, k.item, k.scored, k.answer_state, s.score_id, s.instrument, s.score, s.items
  FROM answer_kind k
  JOIN catalogue_score_item i ON i.instrument = k.instrument AND i.item = k.item
  JOIN catalogue_score s ON s.score_id = i.score_id AND s.way = 'sum'`,

  `CREATE TEMP TABLE item_total AS
  SELECT a.seq, d.score_id, count(d.scored) AS answered, sum(d.scored) AS total, count(*) FILTER (d.answer_state = 'not_shown') AS not_shown,
    count(d.scored) = any_value(d.items) AS is_complete
  FROM answer a JOIN addend d USING (answer) GROUP BY a.seq, d.score_id`,

  // Complete vectors only: alpha and the item-rest correlation need every item of the score.
  `CREATE TEMP TABLE item_statistic AS
  SELECT d.datamartid, d.instrument, d.score, d.item, count(*) AS n, var_samp(d.scored) AS variance,
    any_value(d.items) AS items, corr(d.scored, t.total - d.scored) AS item_rest, var_samp(t.total) AS total_variance
  FROM answer a JOIN addend d USING (answer) JOIN item_total t USING (seq, score_id)
  WHERE t.is_complete
  GROUP BY d.datamartid, d.instrument, d.score, d.item`,

  `CREATE TEMP TABLE judged_score AS
  SELECT d.datamartid, d.pro_cm_id, hash(d.datamartid, d.pro_seq) AS seq, d.pro_cat, d.instrument, d.name AS score, s.score_id,
    CAST(d.pro_response_num AS DOUBLE) AS value, d.origin, d.status, CAST(d.delta AS DOUBLE) AS delta, d.preferred, d.scale,
    s.score IS NOT NULL AS is_known, CAST(s.minimum AS DOUBLE) AS minimum, CAST(s.maximum AS DOUBLE) AS maximum,
    CASE WHEN s.way = 'table' THEN s.starts_from END AS table_from, s.way, s.items, d.pro_version AS version
  FROM described_row d
  LEFT JOIN catalogue_score s ON s.instrument = d.instrument AND s.score = d.name
  WHERE d.kind = 'score' AND d.status IS DISTINCT FROM 'not_computed'`,

  // An administration beside the others of the same person and instrument: copies, and what came before it.
  `CREATE TEMP TABLE beside AS
  WITH scored AS (
    SELECT seq, count(*) AS scores, any_value(value) FILTER (is_main) AS main
    FROM (SELECT j.seq, j.value, s.position = 1 AS is_main FROM judged_score j LEFT JOIN catalogue_score s USING (score_id)
      WHERE j.preferred AND j.origin <> 'linked')
    GROUP BY seq
  ), told AS (
    SELECT hash(datamartid, pro_seq) AS seq, hash(datamartid, patid, instrument) AS course, pro_date, pro_time, pro_seq FROM pro_collection
  )
  SELECT t.seq, coalesce(q.scores, 0) AS scores, q.main,
    count(*) OVER (PARTITION BY t.course, t.pro_date) AS same_day,
    count(*) OVER (PARTITION BY t.course, t.pro_date, s.content, q.main) AS same_answers,
    lag(s.content) OVER earlier IS NOT DISTINCT FROM s.content
      AND lag(s.content, 2) OVER earlier IS NOT DISTINCT FROM s.content AS is_carried,
    date_diff('day', lag(t.pro_date) OVER earlier, t.pro_date) AS days_since, abs(q.main - lag(q.main) OVER earlier) AS main_change
  FROM told t LEFT JOIN sitting s USING (seq) LEFT JOIN scored q USING (seq)
  WINDOW earlier AS (PARTITION BY t.course ORDER BY t.pro_date, t.pro_time, t.pro_seq)`,

  // Ten bins of equal width over the score's range; a T-score of unknown range has bins of five points.
  `CREATE TEMP TABLE score_bin AS
  SELECT datamartid, instrument, score,
    CASE WHEN maximum > minimum THEN greatest(0, least(9, CAST(floor(10 * (value - minimum) / (maximum - minimum)) AS INTEGER)))
      ELSE CAST(floor(value / 5) AS INTEGER) END AS bin,
    count(*) AS n
  FROM judged_score WHERE preferred AND value IS NOT NULL AND origin <> 'linked'
  GROUP BY ALL`,
];
