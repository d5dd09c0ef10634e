/**
 * How many administrations must show one pattern before it explains a difference: a scale that was stored from 1, or the other
 * way round, differs in all of them, a slip in one.
 */
const PATTERN = { least: 3, share: 0.9 };

/**
 * Compares what the source reported with what its items give. In: the tables of `compute.ts`. Out: `mapped_score`, one row a
 * score of an administration and origin (computed, reported): value (null only where status is not_computed), scale, decimals,
 * items_missing, prorated, standard_error, confidence, delta (reported minus computed; null unless both exist), preferred (the one
 * row that studies use), severity (the band's label), and
 *
 * - status: match; mismatch; explained (they differ, and `reason` says by what); unverifiable (items absent); computed (the source
 *   reported none); not_computed (`reason` says why, and there is no number);
 * - reason of explained: prorated (the source put other values for missing items), partial_sum (it added the answered items only),
 *   rounded (the same number with fewer decimals), other_version (another version's table), offset (every item stored from 1 up or
 *   down), reversed (the scale runs the other way);
 * - reason of not_computed and unverifiable: too_many_missing, quarantined_answer, no_table_for_version.
 */
export const RECONCILE = [
  `CREATE TEMP TABLE paired_score AS
  SELECT coalesce(c.administration_key, r.administration_key) AS administration_key,
    coalesce(c.record_key, r.record_key) AS record_key, coalesce(c.score_id, r.score_id) AS score_id,
    c.value AS computed, r.value AS reported, c.reason, c.items_missing, c.prorated, c.standard_error, c.confidence, c.entered,
    c.from_items
  FROM computed_score c
  FULL JOIN reported_score r ON r.administration_key = c.administration_key AND r.score_id = c.score_id`,

  // Only what differs, or could not be computed, is looked into.
  `CREATE TEMP TABLE explained_score AS
  WITH differing AS (
    SELECT p.*, s.instrument, s.score, s.minimum, s.maximum, s.decimals, s.way, t.answered, t.total, t.items
    FROM (SELECT * FROM paired_score WHERE reported IS NOT NULL AND computed IS DISTINCT FROM reported) p
    JOIN catalogue_score s USING (score_id)
    LEFT JOIN computed_sum t ON t.administration_key = p.administration_key AND t.score_id = p.score_id
  ), looked_at AS (
    SELECT p.*,
      CASE WHEN way = 'sum' AND items_missing > 0 THEN
        CASE WHEN reported = total THEN 'partial_sum'
          WHEN reported IN (floor(total * items / answered), ceil(total * items / answered), round(CAST(total AS DOUBLE) * items / answered, decimals),
            total + items_missing * floor(total / answered), total + items_missing * round(CAST(total AS DOUBLE) / answered)) THEN 'prorated' END
      END AS filled,
      CASE WHEN computed IS NOT NULL AND way IN ('mean', 'linear')
        AND (reported = round(computed, 0) OR reported = round(computed, 1)) THEN 'rounded' END AS rounded,
      CASE WHEN computed IS NOT NULL AND items > 1 AND items_missing = 0 AND abs(reported - computed) = items THEN sign(reported - computed) END AS shift,
      computed IS NOT NULL AND items_missing = 0 AND way = 'sum' AND reported = minimum + maximum - computed AS is_mirrored
    FROM differing p
  ), pattern AS (
    SELECT l.score_id, count(*) FILTER (l.shift = 1) AS up, count(*) FILTER (l.shift = -1) AS down,
      count(*) FILTER (l.is_mirrored) AS mirrored, any_value(w.pairs) AS pairs
    FROM looked_at l JOIN (
      SELECT score_id, count(*) AS pairs FROM paired_score
      WHERE reported IS NOT NULL AND computed IS NOT NULL AND items_missing = 0 GROUP BY score_id
    ) w USING (score_id)
    GROUP BY l.score_id
  ), other_version AS (
    SELECT DISTINCT p.administration_key, p.score_id FROM differing p
    JOIN catalogue_table t ON t.instrument = p.instrument AND t.score = p.score AND t.raw = p.entered AND t.value = p.reported
    WHERE t.version IS NOT NULL
  )
  SELECT l.administration_key, l.score_id,
    CASE
      WHEN o.score_id IS NOT NULL THEN 'other_version'
      WHEN l.filled IS NOT NULL THEN l.filled
      WHEN l.rounded IS NOT NULL THEN l.rounded
      WHEN l.shift = 1 AND p.up >= ${PATTERN.least} AND p.up >= ${PATTERN.share} * p.pairs THEN 'offset'
      WHEN l.shift = -1 AND p.down >= ${PATTERN.least} AND p.down >= ${PATTERN.share} * p.pairs THEN 'offset'
      WHEN l.is_mirrored AND p.mirrored >= ${PATTERN.least} AND p.mirrored >= ${PATTERN.share} * p.pairs THEN 'reversed'
    END AS explanation
  FROM looked_at l
  LEFT JOIN pattern p USING (score_id)
  LEFT JOIN other_version o ON o.administration_key = l.administration_key AND o.score_id = l.score_id`,

  `CREATE TEMP TABLE judged_score AS
  SELECT p.*, e.explanation,
    CASE WHEN p.computed = p.reported THEN 'match' WHEN e.explanation IS NOT NULL THEN 'explained'
      WHEN p.computed IS NULL THEN 'unverifiable' ELSE 'mismatch' END AS verdict
  FROM paired_score p
  LEFT JOIN (SELECT * FROM explained_score WHERE explanation IS NOT NULL) e
    ON e.administration_key = p.administration_key AND e.score_id = p.score_id`,

  // Scores take few different values: each is put into its band once.
  `CREATE TEMP TABLE severity AS
  SELECT v.score_id, v.value, any_value(b.label) AS label
  FROM (SELECT score_id, computed AS value FROM paired_score UNION SELECT score_id, reported FROM paired_score) v
  JOIN catalogue_score s USING (score_id)
  JOIN catalogue_band b ON b.instrument = s.instrument AND b.score = s.score
    AND (b.low IS NULL OR v.value > b.low OR (v.value = b.low AND NOT b.low_open))
    AND (b.high IS NULL OR v.value < b.high OR (v.value = b.high AND NOT b.high_open))
  GROUP BY v.score_id, v.value`,

  `CREATE TABLE mapped_score AS
  WITH rows AS (
    SELECT *, 'reported' AS origin, reported AS value, verdict AS status, coalesce(explanation, reason) AS why,
      -- A number that the source made of too few items stays, and nobody uses it.
      coalesce(computed = reported, true) AND NOT (computed IS NULL AND verdict = 'explained') AS preferred
    FROM judged_score WHERE reported IS NOT NULL
    UNION ALL
    SELECT *, 'computed', computed,
      CASE WHEN reported IS NOT NULL THEN verdict WHEN computed IS NULL THEN 'not_computed' WHEN from_items THEN 'computed' ELSE 'unverifiable' END,
      CASE WHEN reported IS NULL THEN reason ELSE explanation END, computed IS NOT NULL
    FROM judged_score WHERE (computed IS NOT NULL AND reported IS DISTINCT FROM computed) OR (computed IS NULL AND reported IS NULL)
  ), adaptive_error AS (
    -- An adaptive test reports its standard error as a number of its own.
    SELECT r.administration_key, r.value FROM reported_score r JOIN catalogue_score s USING (score_id) WHERE s.score = 'se'
  )
  SELECT r.administration_key, r.record_key, s.instrument, s.score, r.origin, CAST(r.value AS DECIMAL(15,8)) AS value,
    s.scale, s.decimals, r.items_missing, coalesce(r.prorated, false) AS prorated,
    coalesce(r.standard_error, CASE WHEN s.scale = 't' AND s.way = 'linear' THEN e.value END) AS standard_error,
    coalesce(r.confidence, s.confidence) AS confidence,
    r.status, CASE WHEN r.status IN ('mismatch', 'explained') THEN r.reported - r.computed END AS delta, r.preferred, r.why AS reason,
    b.label AS severity
  FROM rows r
  JOIN catalogue_score s USING (score_id)
  LEFT JOIN adaptive_error e ON e.administration_key = r.administration_key
  LEFT JOIN severity b ON b.score_id = r.score_id AND b.value = r.value
  ORDER BY r.record_key, r.administration_key, s.position, r.origin`,
];
