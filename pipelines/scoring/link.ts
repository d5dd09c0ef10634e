/**
 * Scores on the scale of another instrument, by the crosswalks that the site names. In: `crosswalk`, `crosswalk_row`,
 * `mapped_score`. Out: `mapped_link`, one row an administration and link: instrument and score (that it was linked to), value,
 * standard_error, confidence. Only a score that studies use is linked, and only to a value that the table has.
 */
export const LINK = [
  `CREATE TABLE mapped_link AS
  SELECT m.administration_key, m.record_key, c.link, c.to_instrument AS instrument, c.to_score AS score,
    CAST(r.value AS DECIMAL(15,8)) AS value, CAST(r.se AS DECIMAL(15,8)) AS standard_error, c.confidence
  FROM crosswalk c
  JOIN mapped_score m ON m.instrument = c.from_instrument AND m.score = c.from_score AND m.preferred AND m.value IS NOT NULL
  JOIN crosswalk_row r ON r.link = c.link AND r.raw = m.value
  ORDER BY m.record_key, m.administration_key, c.link`,
];
