/**
 * The statements that give every answer its meaning. In: `intake_administration`, `intake_response`, `code`, `catalogue_*`.
 *
 * Out: `administration_instrument` (administration_key, instrument: null when nothing of the catalogue fits) and
 * `mapped_response`, one row an intake_response row, in its order: instrument, kind (item, score), name (catalogue id), value
 * (a number of the closed list or of the score's grid; null when not answered), answer_label, answer_code, answer_state (items:
 * answered, skipped, not_shown), state (loaded, duplicate, quarantined, out_of_scope), reason.
 *
 * Free text never gets a value: an answer's text counts only when it equals a label of the item's answer list or is a number.
 */
export const MAP_RESPONSES = [
  // A code may stand in more than one instrument; the administration decides which one is meant.
  `CREATE TEMP TABLE candidate AS
  SELECT r.rowid AS response_key, r.administration_key, c.instrument, c.kind, c.name
  FROM intake_response r JOIN code c
    ON c.code = r.item_code AND (r.item_system IS NULL OR c.code_system IS NULL OR c.code_system = r.item_system)`,

  `CREATE TABLE administration_instrument AS
  WITH by_panel AS (
    SELECT a.administration_key, any_value(c.instrument) AS instrument
    FROM intake_administration a JOIN code c
      ON c.kind = 'panel' AND c.code = a.instrument_code
      AND (a.instrument_system IS NULL OR c.code_system = a.instrument_system)
    GROUP BY a.administration_key
  ), votes AS (
    SELECT administration_key, instrument, count(DISTINCT name) AS items
    FROM candidate GROUP BY administration_key, instrument
  ), by_items AS (
    -- Two items of a PHQ-9 and of a PHQ-2 are a PHQ-2: of equals, the instrument that leaves least unanswered.
    SELECT administration_key, arg_max(v.instrument, (v.items, -c.items, v.instrument)) AS instrument
    FROM votes v JOIN catalogue_instrument c USING (instrument) GROUP BY administration_key
  )
  SELECT a.administration_key, coalesce(p.instrument, i.instrument) AS instrument
  FROM intake_administration a
  LEFT JOIN by_panel p USING (administration_key)
  LEFT JOIN by_items i USING (administration_key)`,

  // A panel that carries a value reports the instrument's main score.
  `CREATE TEMP TABLE named_response AS
  WITH meaning AS (
    SELECT c.response_key, any_value(CASE WHEN c.kind = 'panel' THEN 'score' ELSE c.kind END) AS kind,
      any_value(CASE WHEN c.kind = 'panel' THEN s.score ELSE c.name END) AS name
    FROM candidate c
    JOIN administration_instrument a USING (administration_key, instrument)
    LEFT JOIN catalogue_score s ON s.instrument = c.instrument AND s.position = 1
    GROUP BY c.response_key
  )
  SELECT r.rowid AS response_key, r.* REPLACE (nullif(trim(r.answer_code), '') AS answer_code), a.instrument, m.kind, m.name,
    nullif(trim(r.answer_text), '') AS words,
    coalesce(r.answer_num, TRY_CAST(nullif(trim(r.answer_text), '') AS DECIMAL(18,6))) AS number
  FROM intake_response r
  LEFT JOIN administration_instrument a USING (administration_key)
  LEFT JOIN meaning m ON m.response_key = r.rowid
  ORDER BY r.rowid`,

  `CREATE TEMP TABLE valued_response AS
  SELECT r.*, by_code.value AS code_value, coalesce(by_code.label, by_label.label) AS listed_label, by_number.value AS number_value, by_label.value AS label_value, s.minimum, s.maximum, s.decimals
  FROM named_response r
  LEFT JOIN catalogue_answer by_code
    ON r.kind = 'item' AND by_code.instrument = r.instrument AND by_code.item = r.name AND by_code.code = r.answer_code
  LEFT JOIN catalogue_answer by_number
    ON r.kind = 'item' AND by_number.instrument = r.instrument AND by_number.item = r.name AND by_number.value = r.number
  LEFT JOIN catalogue_answer by_label
    ON r.kind = 'item' AND by_label.instrument = r.instrument AND by_label.item = r.name AND lower(by_label.label) = lower(r.words)
  LEFT JOIN catalogue_score s ON r.kind = 'score' AND s.instrument = r.instrument AND s.score = r.name`,

  `CREATE TEMP TABLE judged_response AS
  SELECT *,
    CASE WHEN kind = 'item' THEN coalesce(code_value, number_value, label_value) ELSE number END AS value,
    number IS NULL AND words IS NULL AND answer_code IS NULL AS is_blank,
    CASE
      WHEN name IS NULL AND origin = 'narrative' THEN 'MAPPING_NARRATIVE_UNMATCHED'
      WHEN instrument IS NULL THEN 'MAPPING_INSTRUMENT_UNKNOWN'
      WHEN name IS NULL AND number IS NULL AND answer_code IS NULL AND words IS NOT NULL THEN 'MAPPING_FREE_TEXT'
      WHEN name IS NULL AND number IS NULL AND answer_code IS NULL THEN 'MAPPING_BLANK'
      WHEN name IS NULL THEN 'MAPPING_UNMAPPED_CODE'
      WHEN number IS NULL AND words IS NULL AND answer_code IS NULL THEN CASE WHEN kind = 'score' THEN 'MAPPING_BLANK' END
      WHEN kind = 'item' AND (code_value <> answer_num OR code_value <> label_value OR label_value <> answer_num) THEN 'MAPPING_ANSWER_CONFLICT'
      WHEN kind = 'item' AND coalesce(code_value, number_value, label_value) IS NOT NULL THEN NULL
      WHEN kind = 'item' AND listed_label IS NOT NULL AND number IS NULL THEN NULL
      WHEN kind = 'item' AND number IS NULL AND answer_code IS NULL THEN 'MAPPING_FREE_TEXT'
      WHEN kind = 'item' THEN 'MAPPING_ANSWER_NOT_IN_LIST'
      WHEN number IS NULL THEN 'MAPPING_FREE_TEXT'
      WHEN number < minimum OR number > maximum THEN 'MAPPING_SCORE_OUT_OF_RANGE'
      WHEN number * power(10, decimals) <> round(number * power(10, decimals)) THEN 'MAPPING_SCORE_OFF_GRID'
    END AS problem
  FROM valued_response`,

  // The same item twice: once if the answers agree, otherwise nobody can say which one was meant.
  `CREATE TABLE mapped_response AS
  WITH repeated AS (
    SELECT response_key,
      row_number() OVER (PARTITION BY administration_key, name ORDER BY value IS NULL, response_key) AS nth,
      min(value) OVER same IS DISTINCT FROM max(value) OVER same AS differs
    FROM judged_response
    WHERE name IS NOT NULL AND problem IS NULL
    WINDOW same AS (PARTITION BY administration_key, name)
  )
  SELECT j.response_key, j.record_key, j.administration_key, j.where_pointer, j.instrument, j.kind, j.name, j.origin,
    CASE WHEN j.problem IS NULL AND r.differs IS NOT TRUE THEN j.value END AS value,
    coalesce(l.label, CASE WHEN j.value IS NULL AND j.problem IS NULL THEN j.listed_label END) AS answer_label, l.code AS answer_code,
    CASE WHEN j.kind = 'item' THEN
      CASE WHEN NOT j.is_blank THEN 'answered' WHEN j.missing = 'not_shown' THEN 'not_shown' ELSE 'skipped' END
    END AS answer_state,
    CASE
      WHEN j.problem IN ('MAPPING_INSTRUMENT_UNKNOWN', 'MAPPING_BLANK', 'MAPPING_NARRATIVE_UNMATCHED') THEN 'out_of_scope'
      WHEN j.problem IS NOT NULL OR r.differs THEN 'quarantined'
      WHEN r.nth > 1 THEN 'duplicate'
      ELSE 'loaded'
    END AS state,
    CASE WHEN r.differs THEN 'MAPPING_ANSWERED_TWICE' WHEN r.nth > 1 THEN 'MAPPING_ANSWER_REPEATED' ELSE j.problem END AS reason
  FROM judged_response j
  LEFT JOIN repeated r USING (response_key)
  LEFT JOIN catalogue_answer l ON j.kind = 'item' AND l.instrument = j.instrument AND l.item = j.name AND l.value = j.value
  ORDER BY j.response_key`,
];
