/**
 * Scores from items. In: loaded rows of `mapped_response` and `mapped_administration`, `catalogue_*`. Out:
 *
 * `administration_version`, one row a loaded administration: the version that its scores are of;
 * `hidden_item`, one row an item that a branch of the form led past, and what it counts;
 * `reported_score`, the scores that the source states;
 * `computed_score`, one row an administration and score: value (null: it cannot be had), reason (why not), items_missing,
 * prorated, standard_error, confidence (of the table that was used, where it has its own), entered (the number that a table was
 * entered with), from_items (false: it starts from a number that the source reports).
 *
 * An adaptive test has no items to add up: its scores are taken as reported.
 */
export const COMPUTE = [
  // A stated version counts where the catalogue knows it; a code may name one too.
  `CREATE TABLE administration_version AS
  WITH by_score AS (
    SELECT r.administration_key, c.version
    FROM mapped_response r
    JOIN intake_response i ON i.rowid = r.response_key
    JOIN catalogue_code c ON c.instrument = r.instrument AND c.kind = 'score' AND c.code = i.item_code AND c.version IS NOT NULL
    WHERE r.kind = 'score' AND r.state = 'loaded'
  ), by_code AS (
    SELECT administration_key, any_value(version) AS version FROM (
      SELECT administration_key, version FROM by_score
      UNION
      SELECT a.administration_key, c.version FROM mapped_administration a
      JOIN catalogue_code c ON c.instrument = a.instrument AND c.kind = 'panel' AND c.code = a.instrument_code AND c.version IS NOT NULL
    ) GROUP BY administration_key HAVING count(*) = 1
  )
  SELECT a.administration_key, a.instrument, coalesce(k.version, c.version, i.version) AS version
  FROM mapped_administration a
  JOIN catalogue_instrument i USING (instrument)
  LEFT JOIN catalogue_version k ON k.instrument = a.instrument AND k.version = a.stated_version
  LEFT JOIN by_code c USING (administration_key)
  WHERE a.state = 'loaded'`,

  `CREATE TABLE hidden_item AS
  WITH lead AS (
    SELECT instrument, branch, when_item, equal, count(*) OVER (PARTITION BY instrument, branch) AS conditions
    FROM (SELECT DISTINCT instrument, branch, when_item, equal FROM catalogue_branch)
  ), met AS (
    SELECT r.administration_key, r.instrument, l.branch
    FROM mapped_response r
    JOIN mapped_administration a USING (administration_key)
    JOIN lead l ON l.instrument = r.instrument AND l.when_item = r.name AND l.equal = r.value
    WHERE r.kind = 'item' AND r.state = 'loaded' AND a.state = 'loaded'
    GROUP BY r.administration_key, r.instrument, l.branch
    HAVING count(DISTINCT r.name) = any_value(l.conditions)
  )
  SELECT m.administration_key, m.instrument, b.item, any_value(b.counts) AS counts
  FROM met m JOIN catalogue_branch b USING (instrument, branch) GROUP BY ALL`,

  `CREATE TEMP TABLE unsafe_score AS
  SELECT r.administration_key, i.score
  FROM mapped_response r JOIN catalogue_score_item i ON i.instrument = r.instrument AND i.item = r.name
  WHERE r.kind = 'item' AND r.state = 'quarantined'
  UNION
  -- A quarantined answer of an unknown item may be any of the items: then no sum of this administration is safe.
  SELECT r.administration_key, s.score
  FROM mapped_response r
  JOIN mapped_administration a USING (administration_key)
  JOIN catalogue_score s ON s.instrument = a.instrument
  WHERE r.state = 'quarantined' AND r.name IS NULL AND r.reason = 'MAPPING_UNMAPPED_CODE'`,

  `CREATE TEMP TABLE item_sum AS
  WITH worth AS (
    SELECT i.instrument, i.item, i.score, c.value, c.scored, c.scored * i.weight AS weighted
    FROM catalogue_score_item i JOIN catalogue_answer c USING (instrument, item) WHERE c.value IS NOT NULL
  ), given AS (
    SELECT r.administration_key, r.instrument, w.score, w.scored, w.weighted
    FROM mapped_response r JOIN worth w ON w.instrument = r.instrument AND w.item = r.name AND w.value = r.value
    WHERE r.kind = 'item' AND r.state = 'loaded'
    UNION ALL
    SELECT h.administration_key, h.instrument, i.score, h.counts, h.counts * i.weight
    FROM hidden_item h JOIN catalogue_score_item i USING (instrument, item)
    WHERE (h.administration_key, h.item) NOT IN (
      SELECT (administration_key, name) FROM mapped_response
      WHERE kind = 'item' AND state = 'loaded' AND value IS NOT NULL AND instrument IN (SELECT instrument FROM catalogue_branch))
  )
  SELECT administration_key, instrument, score, CAST(count(*) AS INTEGER) AS answered, sum(weighted) AS total, max(scored) AS highest
  FROM given GROUP BY ALL`,

  // Half up on integers: floor((2 total items + answered) / (2 answered)) is round(total / answered * items) without a float.
  `CREATE TEMP TABLE computed_sum AS
  WITH judged AS (
    SELECT t.*, a.record_key, s.way, s.items, s.decimals, s.missing_rule, s.missing_counts, s.items - t.answered AS items_missing,
      CASE WHEN u.score IS NOT NULL THEN 'quarantined_answer'
        WHEN t.answered < s.items AND (s.missing_rule = 'none' OR s.items - t.answered > s.missing_allowed) THEN 'too_many_missing'
      END AS reason
    FROM item_sum t
    JOIN mapped_administration a USING (administration_key)
    JOIN catalogue_score s ON s.instrument = t.instrument AND s.score = t.score
    LEFT JOIN unsafe_score u ON u.administration_key = t.administration_key AND u.score = t.score
    WHERE a.state = 'loaded' AND a.pro_cat <> 'Y'
  ), filled AS (
    SELECT *, CASE WHEN missing_rule = 'counts-as' THEN items_missing * missing_counts ELSE 0 END AS filling,
      CASE WHEN missing_rule = 'answered' THEN answered ELSE items END AS divisor
    FROM judged
  )
  SELECT administration_key, record_key, instrument, score, answered, total, items, items_missing, reason,
    items_missing > 0 AND missing_rule = 'prorate' AND reason IS NULL AS prorated,
    CASE
      WHEN reason IS NOT NULL THEN NULL
      WHEN way = 'highest' THEN greatest(highest, CASE WHEN items_missing > 0 THEN missing_counts END)
      WHEN way = 'mean' THEN CAST(round(CAST(total + filling AS DOUBLE) / divisor, decimals) AS DECIMAL(18,6))
      WHEN items_missing > 0 AND missing_rule = 'prorate' THEN (2 * CAST(total AS BIGINT) * items + answered) // (2 * answered)
      ELSE total + filling END AS value
  FROM filled`,

  `CREATE TEMP TABLE reported_score AS
  SELECT r.administration_key, r.record_key, r.instrument, r.name AS score, r.value
  FROM mapped_response r
  JOIN mapped_administration a USING (administration_key)
  WHERE r.kind = 'score' AND r.state = 'loaded' AND a.state = 'loaded' AND r.value IS NOT NULL`,

  // What is looked up starts from the computed score, or from the reported one when there are no items to check it.
  `CREATE TEMP TABLE starting_score AS
  SELECT coalesce(c.administration_key, r.administration_key) AS administration_key, coalesce(c.record_key, r.record_key) AS record_key,
    coalesce(c.instrument, r.instrument) AS instrument, coalesce(c.score, r.score) AS score,
    CASE WHEN c.administration_key IS NULL THEN r.value ELSE c.value END AS value, c.reason, c.items_missing, coalesce(c.prorated, false) AS prorated,
    c.administration_key IS NOT NULL AS from_items
  FROM computed_sum c
  FULL JOIN (SELECT * FROM reported_score WHERE (instrument, score) IN (SELECT (instrument, starts_from) FROM catalogue_score)) r
    ON r.administration_key = c.administration_key AND r.score = c.score`,

  `CREATE TEMP TABLE composed_score AS
  WITH filled AS (
    SELECT i.instrument, i.score, i.position, i.inputs, h.administration_key, h.counts AS value
    FROM catalogue_composite_input i JOIN hidden_item h USING (instrument, item)
    UNION ALL
    SELECT i.instrument, i.score, i.position, i.inputs, r.administration_key, c.scored
    FROM catalogue_composite_input i
    JOIN mapped_response r ON r.instrument = i.instrument AND r.name = i.item
    JOIN catalogue_answer c ON c.instrument = i.instrument AND c.item = i.item AND c.value = r.value
    -- An answer behind a branch that was not taken counts as not asked.
    LEFT JOIN hidden_item h ON h.administration_key = r.administration_key AND h.item = r.name
    WHERE r.kind = 'item' AND r.state = 'loaded' AND h.item IS NULL
    UNION ALL
    SELECT i.instrument, i.score, i.position, i.inputs, c.administration_key, c.value
    FROM catalogue_composite_input i JOIN computed_sum c ON c.instrument = i.instrument AND c.score = i.input_score
    WHERE c.value IS NOT NULL
  ), keyed AS (
    SELECT administration_key, instrument, score, any_value(inputs) AS inputs, count(*) AS given,
      string_agg(CAST(CAST(value AS BIGINT) AS VARCHAR), '|' ORDER BY position) AS key
    FROM filled GROUP BY administration_key, instrument, score
  )
  SELECT a.administration_key, a.record_key, k.instrument, k.score, k.inputs - k.given AS items_missing, c.value,
    CASE WHEN c.value IS NULL THEN 'too_many_missing' END AS reason
  FROM keyed k
  JOIN mapped_administration a USING (administration_key)
  LEFT JOIN catalogue_composite c ON c.instrument = k.instrument AND c.score = k.score AND c.key = k.key AND k.given = k.inputs
  WHERE a.state = 'loaded' AND a.pro_cat <> 'Y'`,

  `CREATE TEMP TABLE computed_score AS
  SELECT administration_key, record_key, instrument, score, value, reason, items_missing, prorated,
    NULL::DECIMAL(18,6) AS standard_error, NULL AS confidence, NULL::DECIMAL(18,6) AS entered, true AS from_items
  FROM computed_sum
  UNION ALL
  SELECT b.administration_key, b.record_key, s.instrument, s.score, t.value,
    coalesce(b.reason, CASE WHEN t.value IS NULL THEN 'no_table_for_version' END),
    b.items_missing, b.prorated, t.se, t.confidence, b.value, b.from_items
  FROM starting_score b
  JOIN catalogue_score s ON s.instrument = b.instrument AND s.starts_from = b.score AND s.way = 'table'
  JOIN administration_version v ON v.administration_key = b.administration_key
  LEFT JOIN catalogue_table t ON t.instrument = s.instrument AND t.score = s.score AND t.raw = b.value
    AND (t.version IS NULL OR t.version = v.version)
  -- A licensed table that the site does not have gives no score, and nobody misses it.
  WHERE (s.instrument, s.score) IN (SELECT (instrument, score) FROM catalogue_table)
  UNION ALL
  SELECT b.administration_key, b.record_key, s.instrument, s.score, CAST(round(CAST(b.value * s.times + s.plus AS DOUBLE), s.decimals) AS DECIMAL(18,6)),
    b.reason, b.items_missing, b.prorated, NULL, NULL, b.value, b.from_items
  FROM starting_score b
  JOIN catalogue_score s ON s.instrument = b.instrument AND s.starts_from = b.score AND s.way = 'linear'
  UNION ALL
  SELECT administration_key, record_key, instrument, score, value, reason, items_missing, false, NULL, NULL, NULL, true
  FROM composed_score`,
];
