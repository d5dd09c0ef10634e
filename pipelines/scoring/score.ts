/**
 * Recomputes scores from items, reconciles them with what the source reported, and keeps both where they differ.
 *
 * In: loaded rows of `mapped_response` and `mapped_administration`, `catalogue_*`. Out: `mapped_score`, one row a score of an
 * administration and origin (computed, reported):
 * value (on the score's scale), scale, decimals, items_missing, prorated, standard_error, confidence, status (match, mismatch,
 * unverifiable, computed), delta (reported minus computed; null unless both exist), preferred (the one row that studies use).
 * A score whose missing-item rule is broken, or one of whose items is quarantined, is not computed.
 */
export const SCORE = [
  `CREATE TEMP TABLE item_sum AS
  WITH wanted AS (
    SELECT a.administration_key, a.record_key, a.instrument, s.score, s.items, s.missing_allowed, s.prorate, i.item
    FROM mapped_administration a
    JOIN catalogue_score s USING (instrument)
    JOIN catalogue_score_item i USING (instrument, score)
    WHERE a.state = 'loaded'
  ), given AS (
    SELECT r.administration_key, r.name,
      max(c.scored) FILTER (r.state = 'loaded') AS scored, bool_or(r.state = 'quarantined') AS is_quarantined
    FROM mapped_response r
    LEFT JOIN catalogue_answer c ON c.instrument = r.instrument AND c.item = r.name AND c.value = r.value
    WHERE r.kind = 'item' GROUP BY r.administration_key, r.name
  ), unnamed AS (
    -- A quarantined answer of an unknown item may be any of the items: then no sum of this administration is safe.
    SELECT administration_key FROM mapped_response
    WHERE state = 'quarantined' AND name IS NULL AND reason = 'MAPPING_UNMAPPED_CODE' GROUP BY administration_key
  )
  SELECT w.administration_key, w.record_key, w.instrument, w.score, w.items,
    count(g.scored) AS answered, sum(g.scored) AS total,
    coalesce(bool_or(g.is_quarantined), false) OR any_value(u.administration_key) IS NOT NULL AS is_unsafe,
    any_value(w.missing_allowed) AS missing_allowed, any_value(w.prorate) AS prorate
  FROM wanted w
  LEFT JOIN given g ON g.administration_key = w.administration_key AND g.name = w.item
  LEFT JOIN unnamed u ON u.administration_key = w.administration_key
  GROUP BY w.administration_key, w.record_key, w.instrument, w.score, w.items`,

  // Half up on integers: floor((2 total items + answered) / (2 answered)) is round(total / answered * items) without a float.
  `CREATE TEMP TABLE computed_sum AS
  SELECT administration_key, record_key, instrument, score, items - answered AS items_missing, items > answered AS prorated,
    CASE WHEN items = answered THEN CAST(total AS BIGINT)
      ELSE (2 * CAST(total AS BIGINT) * items + answered) // (2 * answered) END AS value
  FROM item_sum
  WHERE answered > 0 AND NOT is_unsafe AND (items = answered OR (prorate AND items - answered <= missing_allowed))`,

  `CREATE TEMP TABLE reported_score AS
  SELECT r.administration_key, r.record_key, r.instrument, r.name AS score, r.value
  FROM mapped_response r
  JOIN mapped_administration a USING (administration_key)
  WHERE r.kind = 'score' AND r.state = 'loaded' AND a.state = 'loaded' AND r.value IS NOT NULL`,

  // A table is entered with the computed sum, or with the reported one when there are no items to check it.
  `CREATE TEMP TABLE computed_score AS
  SELECT administration_key, record_key, instrument, score, value, items_missing, prorated, NULL::DECIMAL(18,6) AS standard_error, true AS from_items
  FROM computed_sum
  UNION ALL
  SELECT coalesce(c.administration_key, r.administration_key), coalesce(c.record_key, r.record_key), t.instrument, t.score, t.value,
    c.items_missing, coalesce(c.prorated, false), t.se, c.administration_key IS NOT NULL
  FROM computed_sum c
  FULL JOIN reported_score r ON r.administration_key = c.administration_key AND r.score = c.score
  JOIN catalogue_score s ON s.instrument = coalesce(c.instrument, r.instrument) AND s.table_from = coalesce(c.score, r.score)
  JOIN catalogue_table t ON t.instrument = s.instrument AND t.score = s.score AND t.raw = coalesce(c.value, r.value)`,

  `CREATE TABLE mapped_score AS
  WITH paired AS (
    SELECT coalesce(c.administration_key, r.administration_key) AS administration_key,
      coalesce(c.record_key, r.record_key) AS record_key,
      coalesce(c.instrument, r.instrument) AS instrument, coalesce(c.score, r.score) AS score,
      c.value AS computed, r.value AS reported, c.items_missing, c.prorated, c.standard_error, c.from_items
    FROM computed_score c
    FULL JOIN reported_score r ON r.administration_key = c.administration_key AND r.score = c.score
  ), rows AS (
    SELECT *, 'reported' AS origin, reported AS value,
      CASE WHEN computed IS NULL THEN 'unverifiable' WHEN computed = reported THEN 'match' ELSE 'mismatch' END AS status,
      computed IS NULL OR computed = reported AS preferred
    FROM paired WHERE reported IS NOT NULL
    UNION ALL
    SELECT *, 'computed', computed,
      CASE WHEN reported IS NOT NULL THEN 'mismatch' WHEN from_items THEN 'computed' ELSE 'unverifiable' END, true
    FROM paired WHERE computed IS NOT NULL AND reported IS DISTINCT FROM computed
  )
  SELECT r.administration_key, r.record_key, r.instrument, r.score, r.origin, CAST(r.value AS DECIMAL(15,8)) AS value,
    s.scale, s.decimals, r.items_missing, coalesce(r.prorated, false) AS prorated, r.standard_error, s.confidence,
    r.status, CASE WHEN r.status = 'mismatch' THEN r.reported - r.computed END AS delta, r.preferred
  FROM rows r JOIN catalogue_score s USING (instrument, score)
  ORDER BY r.record_key, r.administration_key, s.position, r.origin`,
];
