/**
 * One administration may arrive as a QuestionnaireResponse and again as Observations. They are one when the Observations say that
 * they derive from the response, or when person, instrument and time agree and no answer differs. The Observations then join the
 * response: what both have is counted as a repeated answer, what only they have (a total) loads with it.
 *
 * `intake_record.where_pointer` of such an Observation names the response's place.
 */
export const SAME_SITTING = [
  // The newest version of a response that is finished: one that is not, or that was withdrawn, takes nothing with it.
  `CREATE TEMP TABLE fhir_finished AS
  SELECT record_key, id FROM fhir_questionnaireresponse_numbered
  WHERE coalesce(status, 'completed') IN ('completed', 'amended', 'unknown') AND EXISTS (FROM fhir_survey_grouped)
  QUALIFY row_number() OVER (PARTITION BY coalesce(id, CAST(record_key AS VARCHAR)) ORDER BY fhir_version(meta) DESC, record_key DESC) = 1`,

  `CREATE TEMP TABLE fhir_linked AS
  SELECT g.administration, any_value(r.record_key) AS response
  FROM fhir_survey_grouped g JOIN fhir_finished r ON r.id = fhir_key(g.response)
  GROUP BY g.administration HAVING count(DISTINCT r.id) = 1`,

  `CREATE TEMP TABLE fhir_alike AS
  WITH observed AS (
    SELECT a.administration_key, a.patient_key, a.answered_at, a.status, mode(g.instrument) AS instrument
    FROM intake_administration a JOIN fhir_survey_grouped g ON g.administration = a.administration_key
    WHERE EXISTS (FROM fhir_finished) AND a.administration_key NOT IN (SELECT administration FROM fhir_linked) AND g.kind IS NOT NULL
    GROUP BY ALL
  ), near AS (
    SELECT o.administration_key AS administration, o.instrument, r.record_key AS response, r.administration_key AS other, r.instrument_code, r.instrument_system
    FROM observed o JOIN intake_administration r
      ON r.where_pointer = 'QuestionnaireResponse' AND r.patient_key = o.patient_key AND left(r.answered_at, 10) = left(o.answered_at, 10)
    WHERE (instant_of(r.answered_at) = instant_of(o.answered_at) OR length(r.answered_at) = 10 OR length(o.answered_at) = 10)
      AND r.record_key IN (SELECT record_key FROM fhir_finished)
  ), given AS (
    SELECT r.administration_key, c.instrument, c.kind, c.name, coalesce(r.answer_num, l.value) AS value
    FROM every_response r
    JOIN code c ON c.code = r.item_code AND (r.item_system IS NULL OR c.code_system IS NULL OR c.code_system = r.item_system)
    LEFT JOIN catalogue_answer l ON l.instrument = c.instrument AND l.item = c.name AND l.code = r.answer_code
    WHERE r.administration_key IN (SELECT administration FROM near UNION ALL SELECT other FROM near)
  ), differing AS (
    SELECT n.administration, n.response FROM near n
    JOIN given o ON o.administration_key = n.administration AND o.instrument = n.instrument
    JOIN given g ON g.administration_key = n.other AND g.instrument = n.instrument AND g.name = o.name AND g.value <> o.value
  ), fitting AS (
    -- The response is of that instrument when it answers one of its items or reports one of its scores.
    SELECT n.administration, n.response FROM near n
    WHERE (n.other, n.instrument) IN (SELECT (administration_key, instrument) FROM given)
      AND (n.administration, n.response) NOT IN (SELECT (administration, response) FROM differing)
  )
  SELECT administration, min(response) AS response FROM fitting GROUP BY administration HAVING count(*) = 1`,

  `CREATE TEMP TABLE fhir_same AS
  SELECT s.administration, s.response, 'same as ' || r.where_file || ' ' || r.where_record AS place
  FROM (SELECT * FROM fhir_linked UNION ALL SELECT * FROM fhir_alike) s JOIN intake_record r ON r.record_key = s.response`,

  `UPDATE intake_record r SET where_pointer = s.place
  FROM fhir_survey_grouped g JOIN fhir_same s USING (administration) WHERE r.record_key = g.record_key`,

  // A panel that only held its members together has nothing left to load.
  `UPDATE intake_record r SET state = 'duplicate', reason = 'MAPPING_SAME_AGAIN'
  FROM fhir_survey_grouped g JOIN fhir_same s USING (administration)
  WHERE r.record_key = g.record_key AND g.record_key NOT IN (
    SELECT record_key FROM intake_response WHERE administration_key IN (SELECT administration FROM fhir_same))`,

  `UPDATE intake_response r SET administration_key = CAST(s.response AS VARCHAR)
  FROM fhir_same s WHERE r.administration_key = s.administration`,

  "DELETE FROM intake_administration WHERE administration_key IN (SELECT administration FROM fhir_same)",
];
