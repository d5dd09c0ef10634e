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
    JOIN said i USING (said)
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
  ), branched AS (
    SELECT administration_key FROM mapped_administration
    WHERE state = 'loaded' AND instrument IN (SELECT instrument FROM catalogue_branch)
  ), met AS (
    SELECT r.administration_key, r.instrument, l.branch
    FROM mapped_response r
    JOIN branched USING (administration_key)
    JOIN lead l ON l.instrument = r.instrument AND l.when_item = r.name AND l.equal = r.value
    WHERE r.kind = 'item' AND r.state = 'loaded'
    GROUP BY r.administration_key, r.instrument, l.branch
    HAVING count(DISTINCT r.name) = any_value(l.conditions)
  )
  SELECT m.administration_key, m.instrument, b.item, any_value(b.counts) AS counts
  FROM met m JOIN catalogue_branch b USING (instrument, branch) GROUP BY ALL`,

  `CREATE TEMP TABLE unsafe_score AS
  SELECT r.administration_key, i.score_id
  FROM mapped_response r JOIN catalogue_score_item i ON i.instrument = r.instrument AND i.item = r.name
  WHERE r.kind = 'item' AND r.state = 'quarantined'
  UNION
  -- A quarantined answer of an unknown item may be any of the items: then no sum of this administration is safe.
  SELECT r.administration_key, s.score_id
  FROM mapped_response r
  JOIN mapped_administration a USING (administration_key)
  JOIN catalogue_score s ON s.instrument = a.instrument
  WHERE r.state = 'quarantined' AND r.name IS NULL AND r.reason = 'MAPPING_UNMAPPED_CODE'`,

  // An answer can be no better off than its administration: loaded answers stand in loaded administrations.
  `CREATE TEMP TABLE item_sum AS
  WITH given AS (
    SELECT r.administration_key, r.record_key, i.score_id, r.scored,
      -- Digits alone have weights; a product of decimals is twice as wide and several times slower to add.
      CASE WHEN i.weight = 1 THEN r.scored ELSE CAST(r.scored * i.weight AS DECIMAL(18,6)) END AS weighted
    FROM mapped_response r
    JOIN catalogue_score_item i ON i.instrument = r.instrument AND i.item = r.name
    WHERE r.kind = 'item' AND r.state = 'loaded' AND r.scored IS NOT NULL
    UNION ALL
    SELECT h.administration_key, a.record_key, i.score_id, h.counts, CAST(h.counts * i.weight AS DECIMAL(18,6))
    FROM hidden_item h
    JOIN mapped_administration a USING (administration_key)
    JOIN catalogue_score_item i ON i.instrument = h.instrument AND i.item = h.item
    ANTI JOIN (
      SELECT administration_key, name AS item FROM mapped_response
      WHERE kind = 'item' AND state = 'loaded' AND value IS NOT NULL AND administration_key IN (SELECT administration_key FROM hidden_item)
    ) n ON n.administration_key = h.administration_key AND n.item = h.item
  )
  SELECT administration_key, score_id, any_value(record_key) AS record_key, CAST(count(*) AS INTEGER) AS answered,
    CAST(sum(weighted) AS DECIMAL(18,6)) AS total, max(scored) AS highest
  FROM given GROUP BY administration_key, score_id`,

  // Half up on integers: floor((2 total items + answered) / (2 answered)) is round(total / answered * items) without a float.
  `CREATE TEMP TABLE computed_sum AS
  WITH judged AS (
    SELECT t.*, s.way, s.items, s.decimals, s.missing_rule, s.missing_counts, s.items - t.answered AS items_missing,
      CASE WHEN u.score_id IS NOT NULL THEN 'quarantined_answer'
        WHEN t.answered < s.items AND (s.missing_rule = 'none' OR s.items - t.answered > s.missing_allowed) THEN 'too_many_missing'
      END AS reason
    FROM item_sum t
    JOIN catalogue_score s USING (score_id)
    LEFT JOIN unsafe_score u ON u.administration_key = t.administration_key AND u.score_id = t.score_id
    ANTI JOIN (SELECT administration_key FROM mapped_administration WHERE state = 'loaded' AND pro_cat = 'Y') adaptive
      ON adaptive.administration_key = t.administration_key
  ), filled AS (
    SELECT *, CASE WHEN missing_rule = 'counts-as' THEN items_missing * missing_counts ELSE 0 END AS filling,
      CASE WHEN missing_rule = 'answered' THEN answered ELSE items END AS divisor
    FROM judged
  )
  SELECT administration_key, record_key, score_id, answered, total, items, items_missing, reason,
    items_missing > 0 AND missing_rule = 'prorate' AND reason IS NULL AS prorated,
    CASE
      WHEN reason IS NOT NULL THEN NULL
      WHEN way = 'highest' THEN greatest(highest, CASE WHEN items_missing > 0 THEN missing_counts END)
      WHEN way = 'mean' THEN CAST(round(CAST(total + filling AS DOUBLE) / divisor, decimals) AS DECIMAL(18,6))
      WHEN items_missing > 0 AND missing_rule = 'prorate' THEN CAST((2 * CAST(total AS BIGINT) * items + answered) // (2 * answered) AS DECIMAL(18,6))
      WHEN items_missing = 0 THEN total
      ELSE CAST(total + filling AS DECIMAL(18,6)) END AS value
  FROM filled`,

  `CREATE TEMP TABLE reported_score AS
  SELECT r.administration_key, r.record_key, s.score_id, r.value
  FROM mapped_response r JOIN catalogue_score s ON s.instrument = r.instrument AND s.score = r.name
  WHERE r.kind = 'score' AND r.state = 'loaded' AND r.value IS NOT NULL`,

  // What is looked up starts from the computed score, or from the reported one when there are no items to check it.
  `CREATE TEMP TABLE starting_score AS
  WITH start AS (
    SELECT score_id FROM catalogue_score WHERE (instrument, score) IN (SELECT (instrument, starts_from) FROM catalogue_score)
  )
  SELECT coalesce(c.administration_key, r.administration_key) AS administration_key, coalesce(c.record_key, r.record_key) AS record_key,
    coalesce(c.score_id, r.score_id) AS score_id,
    CASE WHEN c.administration_key IS NULL THEN r.value ELSE c.value END AS value, c.reason, c.items_missing, coalesce(c.prorated, false) AS prorated,
    c.administration_key IS NOT NULL AS from_items
  FROM (SELECT * FROM computed_sum WHERE score_id IN (SELECT score_id FROM start)) c
  FULL JOIN (SELECT * FROM reported_score WHERE score_id IN (SELECT score_id FROM start)) r
    ON r.administration_key = c.administration_key AND r.score_id = c.score_id`,

  `CREATE TEMP TABLE composed_score AS
  WITH composed AS (
    SELECT administration_key, record_key FROM mapped_administration
    WHERE state = 'loaded' AND pro_cat <> 'Y' AND instrument IN (SELECT instrument FROM catalogue_composite_input)
  ), filled AS (
    SELECT i.score_id, i.position, i.inputs, h.administration_key, h.counts AS value
    FROM catalogue_composite_input i JOIN hidden_item h USING (instrument, item)
    UNION ALL
    SELECT i.score_id, i.position, i.inputs, r.administration_key, r.scored
    FROM mapped_response r
    JOIN composed USING (administration_key)
    JOIN catalogue_composite_input i ON i.instrument = r.instrument AND i.item = r.name
    -- An answer behind a branch that was not taken counts as not asked.
    LEFT JOIN hidden_item h ON h.administration_key = r.administration_key AND h.item = r.name
    WHERE r.kind = 'item' AND r.state = 'loaded' AND r.scored IS NOT NULL AND h.item IS NULL
    UNION ALL
    SELECT i.score_id, i.position, i.inputs, c.administration_key, c.value
    FROM catalogue_composite_input i
    JOIN catalogue_score s ON s.instrument = i.instrument AND s.score = i.input_score
    JOIN computed_sum c ON c.score_id = s.score_id
    WHERE c.value IS NOT NULL
  ), keyed AS (
    SELECT administration_key, score_id, any_value(inputs) AS inputs, count(*) AS given,
      string_agg(CAST(CAST(value AS BIGINT) AS VARCHAR), '|' ORDER BY position) AS key
    FROM filled GROUP BY administration_key, score_id
  )
  SELECT a.administration_key, a.record_key, k.score_id, k.inputs - k.given AS items_missing, c.value,
    CASE WHEN u.score_id IS NOT NULL THEN 'quarantined_answer' WHEN c.value IS NULL THEN 'too_many_missing' END AS reason
  FROM keyed k
  JOIN composed a USING (administration_key)
  JOIN catalogue_score s USING (score_id)
  LEFT JOIN catalogue_composite c ON c.instrument = s.instrument AND c.score = s.score AND c.key = k.key AND k.given = k.inputs
  LEFT JOIN unsafe_score u ON u.administration_key = k.administration_key AND u.score_id = k.score_id`,

  `CREATE TEMP TABLE computed_score AS
  SELECT administration_key, record_key, score_id, value, reason, items_missing, prorated,
    NULL::DECIMAL(18,6) AS standard_error, NULL AS confidence, NULL::DECIMAL(18,6) AS entered, true AS from_items
  FROM computed_sum
  UNION ALL
  SELECT b.administration_key, b.record_key, s.score_id, t.value,
    coalesce(b.reason, CASE WHEN t.value IS NULL THEN 'no_table_for_version' END),
    b.items_missing, b.prorated, t.se, t.confidence, b.value, b.from_items
  FROM starting_score b
  JOIN catalogue_score f ON f.score_id = b.score_id
  JOIN catalogue_score s ON s.instrument = f.instrument AND s.starts_from = f.score AND s.way = 'table'
  JOIN administration_version v ON v.administration_key = b.administration_key
  LEFT JOIN catalogue_table t ON t.instrument = s.instrument AND t.score = s.score AND t.raw = b.value
    AND (t.version IS NULL OR t.version = v.version)
  -- A licensed table that the site does not have gives no score, and nobody misses it.
  WHERE (s.instrument, s.score) IN (SELECT (instrument, score) FROM catalogue_table)
  UNION ALL
  SELECT b.administration_key, b.record_key, s.score_id, CAST(round(CAST(b.value * s.times + s.plus AS DOUBLE), s.decimals) AS DECIMAL(18,6)),
    b.reason, b.items_missing, b.prorated, NULL, NULL, b.value, b.from_items
  FROM starting_score b
  JOIN catalogue_score f ON f.score_id = b.score_id
  JOIN catalogue_score s ON s.instrument = f.instrument AND s.starts_from = f.score AND s.way = 'linear'
  UNION ALL
  SELECT administration_key, record_key, score_id, CASE WHEN reason IS NULL THEN value END, reason, items_missing, false, NULL, NULL, NULL, true
  FROM composed_score`,
];
