/**
 * Tables that several relations of the store share, so that the large tables are scanned once. In: the CDM tables as views,
 * `catalogue_*`. `seq` stands for `pro_seq`: a number joins several times faster than a text, and a collision among the
 * administrations of one network is as likely as one in 10^9.
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

  `CREATE TEMP TABLE answer AS
  SELECT c.datamartid, c.pro_cm_id, hash(c.pro_seq) AS seq, d.instrument, d.name AS item,
    CAST(c.pro_response_num AS DOUBLE) AS value, CAST(k.scored AS DOUBLE) AS scored,
    k.value IS NOT NULL AS is_listed, i.item IS NOT NULL AS is_known, d.answer_state,
    l.lowest, l.highest, l.is_common, k.scored = l.best AS is_best, i.optional AS is_optional, o.optional_items
  FROM pro_cm c
  JOIN pro_cm_detail d ON d.datamartid = c.datamartid AND d.pro_cm_id = c.pro_cm_id
  LEFT JOIN catalogue_item i ON i.instrument = d.instrument AND i.item = d.name
  LEFT JOIN known_answer k ON k.instrument = d.instrument AND k.item = d.name AND k.value = c.pro_response_num
  LEFT JOIN item_list l ON l.instrument = d.instrument AND l.item = d.name
  LEFT JOIN (SELECT instrument, count(*) FILTER (optional) AS optional_items FROM catalogue_item GROUP BY instrument) o ON o.instrument = d.instrument
  WHERE d.kind = 'item'`,

  // The same answers in whatever order have the same content. An optional item that is not there (PHQ-9's tenth) was not left out.
  `CREATE TEMP TABLE sitting AS
  SELECT datamartid, seq, any_value(instrument) AS instrument, count(*) AS items, count(value) AS valued,
    count(*) FILTER (answer_state = 'skipped') AS skipped, count(*) FILTER (answer_state = 'not_shown') AS not_shown,
    coalesce(any_value(optional_items), 0) - count(*) FILTER (is_optional AND (value IS NOT NULL OR answer_state = 'not_shown')) AS may_lack,
    count(value) FILTER (is_common) AS common,
    min(value) FILTER (is_common) AS smallest, max(value) FILTER (is_common) AS largest,
    bool_and(is_best) FILTER (value IS NOT NULL) AS all_best,
    sum(CAST(hash(item, value) AS HUGEINT)) AS content
  FROM answer GROUP BY datamartid, seq`,

  `CREATE TEMP TABLE item_total AS
  SELECT a.datamartid, a.seq, s.instrument, s.score, count(a.scored) AS answered, sum(a.scored) AS total,
    count(*) FILTER (a.answer_state = 'not_shown') AS not_shown
  FROM answer a JOIN catalogue_score_item s ON s.instrument = a.instrument AND s.item = a.item
  WHERE (s.instrument, s.score) IN (SELECT (instrument, score) FROM catalogue_score WHERE way = 'sum')
  GROUP BY a.datamartid, a.seq, s.instrument, s.score`,

  // Complete vectors only: alpha and the item-rest correlation need every item of the score.
  `CREATE TEMP TABLE item_statistic AS
  SELECT a.datamartid, t.instrument, t.score, a.item, count(*) AS n, var_samp(a.scored) AS variance,
    any_value(s.items) AS items, corr(a.scored, t.total - a.scored) AS item_rest, var_samp(t.total) AS total_variance
  FROM item_total t
  JOIN catalogue_score s ON s.instrument = t.instrument AND s.score = t.score AND s.items = t.answered
  JOIN catalogue_score_item i ON i.instrument = t.instrument AND i.score = t.score
  JOIN answer a ON a.datamartid = t.datamartid AND a.seq = t.seq AND a.item = i.item
  GROUP BY a.datamartid, t.instrument, t.score, a.item`,

  `CREATE TEMP TABLE judged_score AS
  SELECT c.datamartid, c.pro_cm_id, hash(c.pro_seq) AS seq, c.pro_date, c.pro_cat, d.instrument, d.name AS score,
    CAST(c.pro_response_num AS DOUBLE) AS value, d.origin, d.status, CAST(d.delta AS DOUBLE) AS delta, d.preferred, d.scale,
    d.prorated, s.score IS NOT NULL AS is_known, CAST(s.minimum AS DOUBLE) AS minimum, CAST(s.maximum AS DOUBLE) AS maximum,
    CASE WHEN s.way = 'table' THEN s.starts_from END AS table_from, s.way, s.items, c.pro_version AS version
  FROM pro_cm c
  JOIN pro_cm_detail d ON d.datamartid = c.datamartid AND d.pro_cm_id = c.pro_cm_id
  LEFT JOIN catalogue_score s ON s.instrument = d.instrument AND s.score = d.name
  WHERE d.kind = 'score' AND d.status IS DISTINCT FROM 'not_computed'`,

  // Ten bins of equal width over the score's range; a T-score of unknown range has bins of five points.
  `CREATE TEMP TABLE score_bin AS
  SELECT datamartid, instrument, score,
    CASE WHEN maximum > minimum THEN greatest(0, least(9, CAST(floor(10 * (value - minimum) / (maximum - minimum)) AS INTEGER)))
      ELSE CAST(floor(value / 5) AS INTEGER) END AS bin,
    count(*) AS n
  FROM judged_score WHERE preferred AND value IS NOT NULL AND origin <> 'linked'
  GROUP BY ALL`,
];
