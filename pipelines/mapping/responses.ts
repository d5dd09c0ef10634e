/**
 * Two items of a PHQ-9 and of a PHQ-2 are a PHQ-2: of equals, the instrument that leaves least unanswered. Scores speak for an
 * instrument that is answered; alone, several T-scores are those of several banks and not of the profile that has them all.
 */
const BEST =
  "(CASE WHEN v.items > 0 THEN v.items + v.scores ELSE 0 END, -c.items, v.scores, v.instrument)";

/** How many items and other codes of an instrument an administration has. */
const VOTES =
  "count(DISTINCT m.name) FILTER (m.kind = 'item') AS items, count(DISTINCT m.name) FILTER (m.kind <> 'item') AS scores";

/** The key of the part of an administration that belongs to another instrument than the rest. */
const PART = "f.administration_key || '|' || f.instrument";

/**
 * The statements that give every answer its meaning. In: `intake_administration`, `intake_response`, `code`, `catalogue_*`.
 *
 * Out: `administration_instrument`, one row an administration and instrument in it (administration_key of the source, part_key,
 * instrument: null when nothing of the catalogue fits), and
 * `mapped_response`, one row an intake_response row, in its order: instrument, kind (item, score), name (catalogue id), value
 * (a number of the closed list or of the score's grid; null when not answered), scored (what an item's answer adds to a sum), answer_label, answer_code, answer_state (items:
 * answered, skipped, not_shown, not_collected), state (loaded, duplicate, quarantined, out_of_scope), reason.
 *
 * Free text never gets a value: an answer's text counts only when it equals a label of the item's answer list or is a number.
 */
export const MAP_RESPONSES = [
  // What each code of this night may mean; a code may stand in more than one instrument.
  `CREATE TEMP TABLE code_meaning AS
  WITH given AS (SELECT DISTINCT item_code, item_system FROM intake_response)
  SELECT g.item_code, g.item_system, c.instrument,
    any_value(CASE WHEN c.kind = 'panel' THEN 'score' ELSE c.kind END) AS kind,
    -- A panel that carries a value reports the instrument's main score.
    any_value(CASE WHEN c.kind = 'panel' THEN s.score ELSE c.name END) AS name
  FROM given g
  JOIN code c ON c.code = g.item_code AND (g.item_system IS NULL OR c.code_system IS NULL OR c.code_system = g.item_system)
  LEFT JOIN catalogue_score s ON s.instrument = c.instrument AND s.position = 1
  GROUP BY g.item_code, g.item_system, c.instrument`,

  // The administration decides which instrument is meant.
  `CREATE TEMP TABLE main_instrument AS
  WITH by_panel AS (
    SELECT a.administration_key, any_value(c.instrument) AS instrument
    FROM intake_administration a JOIN code c
      ON c.kind = 'panel' AND c.code = a.instrument_code
      AND (a.instrument_system IS NULL OR c.code_system = a.instrument_system)
    GROUP BY a.administration_key
  ), votes AS (
    SELECT r.administration_key, m.instrument, ${VOTES}
    FROM intake_response r
    JOIN code_meaning m ON m.item_code = r.item_code AND m.item_system IS NOT DISTINCT FROM r.item_system
    WHERE r.subject IS NULL
    GROUP BY r.administration_key, m.instrument
  ), by_items AS (
    -- An adaptive test is its bank's, whose items no form has.
    SELECT administration_key, arg_max(v.instrument, (a.cat IS NOT DISTINCT FROM 'Y' AND c.items = 0, ${BEST})) AS instrument
    FROM votes v JOIN catalogue_instrument c USING (instrument) JOIN intake_administration a USING (administration_key)
    GROUP BY administration_key
  )
  SELECT a.administration_key, coalesce(p.instrument, i.instrument) AS instrument
  FROM intake_administration a
  LEFT JOIN by_panel p USING (administration_key)
  LEFT JOIN by_items i USING (administration_key)`,

  // A form may hold several instruments (PHQ-9 and GAD-7 on one page): answers that the main one does not know go to their own.
  `CREATE TEMP TABLE foreign_response AS
  WITH stray AS (
    SELECT r.rowid AS response_key, r.administration_key, m.instrument, m.kind, m.name
    FROM intake_response r
    JOIN main_instrument a USING (administration_key)
    JOIN code_meaning m ON m.item_code = r.item_code AND m.item_system IS NOT DISTINCT FROM r.item_system
    WHERE a.instrument IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM code_meaning k
      WHERE k.instrument = a.instrument AND k.item_code = r.item_code AND k.item_system IS NOT DISTINCT FROM r.item_system)
  ), votes AS (
    SELECT administration_key, instrument, ${VOTES} FROM stray m GROUP BY administration_key, instrument
  )
  SELECT s.response_key, s.administration_key, arg_max(v.instrument, ${BEST}) AS instrument
  FROM stray s JOIN votes v USING (administration_key, instrument) JOIN catalogue_instrument c USING (instrument)
  GROUP BY s.response_key, s.administration_key`,

  `CREATE TABLE administration_instrument AS
  SELECT administration_key, administration_key AS part_key, instrument FROM main_instrument
  UNION ALL
  SELECT DISTINCT administration_key, ${PART}, instrument FROM foreign_response f`,

  // Millions of answers say the same few hundred things: each different statement is judged once.
  `CREATE TEMP TABLE placed_response AS
  SELECT r.rowid AS response_key, r.*, coalesce(f.instrument, a.instrument) AS instrument,
    CASE WHEN f.instrument IS NULL THEN r.administration_key ELSE ${PART} END AS part_key
  FROM intake_response r
  LEFT JOIN main_instrument a ON a.administration_key = r.administration_key
  LEFT JOIN foreign_response f ON f.response_key = r.rowid`,

  `CREATE TEMP TABLE statement AS
  SELECT DISTINCT instrument, item_code, item_system, answer_code, answer_num, answer_text, origin FROM placed_response`,

  `CREATE TEMP TABLE valued_statement AS
  WITH named AS (
    SELECT s.*, m.kind, m.name,
      -- Keys of their own: a condition on one side beside the equalities would have every statement compared with every answer.
      CASE WHEN m.kind = 'item' THEN m.name END AS item, CASE WHEN m.kind = 'score' THEN m.name END AS score,
      nullif(trim(s.answer_code), '') AS choice, nullif(trim(s.answer_text), '') AS words,
      coalesce(s.answer_num, TRY_CAST(nullif(trim(s.answer_text), '') AS DECIMAL(18,6)),
        -- REDCap stores the code of a choice: its label says what is meant; in another language the code is all there is.
        CASE WHEN starts_with(s.answer_code, 'redcap|') THEN TRY_CAST(substr(s.answer_code, 8) AS DECIMAL(18,6)) END) AS number
    FROM statement s
    LEFT JOIN code_meaning m ON m.item_code = s.item_code AND m.item_system IS NOT DISTINCT FROM s.item_system AND m.instrument = s.instrument
  )
  SELECT n.*, by_code.value AS code_value, coalesce(by_code.label, by_label.label) AS listed_label,
    by_number.value AS number_value, by_label.value AS label_value, s.minimum, s.maximum, s.decimals
  FROM named n
  LEFT JOIN catalogue_answer_word by_code
    ON by_code.instrument = n.instrument AND by_code.item = n.item AND by_code.code = n.choice
  LEFT JOIN catalogue_answer by_number
    ON by_number.instrument = n.instrument AND by_number.item = n.item AND by_number.value = n.number
  LEFT JOIN catalogue_answer_word by_label
    ON by_label.instrument = n.instrument AND by_label.item = n.item AND lower(by_label.label) = lower(n.words)
  LEFT JOIN catalogue_score s ON s.instrument = n.instrument AND s.score = n.score`,

  `CREATE TEMP TABLE judged_statement AS
  WITH judged AS (
    SELECT *,
      CASE WHEN kind = 'item' THEN coalesce(code_value, label_value, number_value) ELSE number END AS meant,
      number IS NULL AND words IS NULL AND choice IS NULL AS is_blank,
      CASE
        -- A column of comments: a lone number in it is no answer, whatever the column is called.
        WHEN item_system = 'free-text' THEN CASE WHEN words IS NULL THEN 'MAPPING_BLANK' ELSE 'MAPPING_FREE_TEXT' END
        WHEN name IS NULL AND origin = 'narrative' THEN 'MAPPING_NARRATIVE_UNMATCHED'
        WHEN instrument IS NULL THEN 'MAPPING_INSTRUMENT_UNKNOWN'
        WHEN name IS NULL AND number IS NULL AND choice IS NULL AND words IS NOT NULL THEN 'MAPPING_FREE_TEXT'
        WHEN name IS NULL AND number IS NULL AND choice IS NULL THEN 'MAPPING_BLANK'
        WHEN name IS NULL THEN 'MAPPING_UNMAPPED_CODE'
        WHEN kind = 'unused' THEN 'MAPPING_CODE_UNUSED'
        WHEN number IS NULL AND words IS NULL AND choice IS NULL THEN CASE WHEN kind = 'score' THEN 'MAPPING_BLANK' END
        WHEN kind = 'item' AND (code_value <> answer_num OR code_value <> label_value OR label_value <> answer_num) THEN 'MAPPING_ANSWER_CONFLICT'
        WHEN kind = 'item' AND coalesce(code_value, label_value, number_value) IS NOT NULL THEN NULL
        WHEN kind = 'item' AND listed_label IS NOT NULL AND number IS NULL THEN NULL
        WHEN kind = 'item' AND number IS NULL AND choice IS NULL THEN 'MAPPING_FREE_TEXT'
        WHEN kind = 'item' THEN 'MAPPING_ANSWER_NOT_IN_LIST'
        WHEN number IS NULL THEN 'MAPPING_FREE_TEXT'
        WHEN number < minimum OR number > maximum THEN 'MAPPING_SCORE_OUT_OF_RANGE'
        WHEN number * power(10, decimals) <> round(number * power(10, decimals)) THEN 'MAPPING_SCORE_OFF_GRID'
      END AS problem
    FROM valued_statement
  )
  SELECT j.instrument, j.item_code, j.item_system, j.answer_code AS given_code, j.answer_num, j.answer_text, j.origin,
    j.kind, j.name, j.is_blank, j.problem,
    CASE WHEN j.problem IS NULL THEN j.meant END AS value,
    coalesce(l.label, CASE WHEN j.meant IS NULL AND j.problem IS NULL THEN j.listed_label END) AS answer_label, l.code AS answer_code, l.scored
  FROM judged j
  LEFT JOIN catalogue_answer l ON l.instrument = j.instrument AND l.item = j.item AND l.value = j.meant`,

  `CREATE TEMP TABLE judged_response AS
  SELECT r.response_key, r.record_key, r.part_key AS administration_key, r.where_pointer, r.missing,
    s.* REPLACE (CASE WHEN r.subject = 'other' THEN 'MAPPING_OTHER_SUBJECT' ELSE s.problem END AS problem)
  FROM placed_response r
  JOIN judged_statement s
    ON s.instrument IS NOT DISTINCT FROM r.instrument AND s.item_code IS NOT DISTINCT FROM r.item_code
    AND s.item_system IS NOT DISTINCT FROM r.item_system AND s.given_code IS NOT DISTINCT FROM r.answer_code
    AND s.answer_num IS NOT DISTINCT FROM r.answer_num AND s.answer_text IS NOT DISTINCT FROM r.answer_text
    AND s.origin IS NOT DISTINCT FROM r.origin`,

  // The same item twice: once if the answers agree, otherwise nobody can say which one was meant.
  `CREATE TABLE mapped_response AS
  WITH twice AS (
    SELECT administration_key, name, min(value) IS DISTINCT FROM max(value) AS differs
    FROM judged_response WHERE name IS NOT NULL AND problem IS NULL
    GROUP BY administration_key, name HAVING count(*) > 1
  ), repeated AS (
    SELECT j.response_key, t.differs,
      row_number() OVER (PARTITION BY j.administration_key, j.name ORDER BY j.value IS NULL, j.response_key) AS nth
    FROM judged_response j JOIN twice t USING (administration_key, name)
    WHERE j.problem IS NULL
  )
  SELECT j.response_key, j.record_key, j.administration_key, j.where_pointer, j.instrument, j.kind, j.name, j.origin,
    CASE WHEN r.differs IS NOT TRUE THEN j.value END AS value, CASE WHEN r.differs IS NOT TRUE THEN j.scored END AS scored, j.answer_label, j.answer_code,
    CASE WHEN j.kind = 'item' THEN
      CASE WHEN NOT j.is_blank THEN 'answered'
        WHEN j.missing IN ('not_shown', 'NA', 'not-applicable') THEN 'not_shown'
        WHEN j.missing IN ('NASK', 'not-asked') THEN 'not_collected' ELSE 'skipped' END
    END AS answer_state,
    CASE
      WHEN j.problem IN ('MAPPING_INSTRUMENT_UNKNOWN', 'MAPPING_BLANK', 'MAPPING_CODE_UNUSED', 'MAPPING_NARRATIVE_UNMATCHED', 'MAPPING_OTHER_SUBJECT') THEN 'out_of_scope'
      WHEN j.problem IS NOT NULL OR r.differs THEN 'quarantined'
      WHEN r.nth > 1 THEN 'duplicate'
      ELSE 'loaded'
    END AS state,
    CASE WHEN r.differs THEN 'MAPPING_ANSWERED_TWICE' WHEN r.nth > 1 THEN 'MAPPING_ANSWER_REPEATED' ELSE j.problem END AS reason
  FROM judged_response j
  LEFT JOIN repeated r USING (response_key)
  ORDER BY j.response_key`,
];
