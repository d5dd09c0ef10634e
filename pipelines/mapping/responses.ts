import { joinWord } from "./words.ts";

/**
 * Two items of a PHQ-9 and of a PHQ-2 are a PHQ-2: of equals, the instrument that leaves least unanswered. Scores speak for an
 * instrument that is answered; alone, several T-scores are those of several banks and not of the profile that has them all.
 */
const BEST =
  "(CASE WHEN v.items > 0 THEN v.items + v.scores ELSE 0 END, -c.items, v.scores, v.instrument)";

/** How many items and other codes of an instrument an administration has. */
const VOTES =
  "count(DISTINCT m.name) FILTER (m.kind = 'item') AS items, count(DISTINCT m.name) FILTER (m.kind <> 'item') AS scores";

/** The number of an administration, or of the part of it that belongs to another instrument than the rest. */
const numbered = (administration: string) => `${administration} + coalesce(p.part, 0)`;

/** Whether a row `r` says what a row of `said s` says. */
const isSaid = (r: string) =>
  ["item_code", "item_system", "answer_code", "answer_num", "answer_text", "origin"]
    .map((column) => `s.${column} IS NOT DISTINCT FROM ${r}.${column}`)
    .join(" AND ");

/** Every answer with what it means in its place. */
const JUDGED = `SELECT r.response_key, r.record_key, ${numbered("r.administration_key")} AS administration_key,
      r.where_pointer, r.missing, r.mode, r.phrase, a.form, s.* EXCLUDE (said)
    FROM said_response r
    -- An answer without its questionnaire is of no form: it keeps its row, and no instrument.
    LEFT JOIN administration_form a ON a.administration_key = r.administration_key
    LEFT JOIN placed_question p ON p.form = a.form AND p.question = r.question
    JOIN judged_statement s ON s.said = r.said AND s.instrument IS NOT DISTINCT FROM p.instrument`;

/**
 * The statements that give every answer its meaning. In: `stated_administration`, `every_administration`, `stated_response`, `given_response`, `code`,
 * `catalogue_*`. From here on the number of an administration is its administration_key.
 *
 * Out: `administration_instrument`, one row an administration and instrument in it (administration_key of the whole, part_key, instrument:
 * null when nothing of the catalogue fits), and
 * `mapped_response`, one row an answer: judged (what it says, with its meaning, in `judged_statement`), instrument, kind (item, score), name (catalogue id), value
 * (a number of the closed list or of the score's grid; null when not answered), scored (what an item's answer adds to a sum), answer_label, answer_code, answer_state (items:
 * answered, skipped, not_shown, not_collected), is_optional (the item may be left out), phrase (of `intake_phrase`; null: stated by itself), said, content (a hash of what was answered), state
 * (loaded, duplicate, quarantined, out_of_scope), reason, mode (PRO_MODE of an item with an author of its own).
 *
 * Free text never gets a value: an answer's text counts only when it equals a label of the item's answer list or is a number.
 */
export const MAP_RESPONSES = [
  // Millions of answers say the same few hundred things: each different one gets its meaning once, and so does what it answers.
  `CREATE TEMP TABLE said AS
  WITH different AS (
    SELECT DISTINCT item_code, item_system, answer_code, answer_num, answer_text, origin, subject IS NOT DISTINCT FROM 'other' AS is_other
    FROM intake_response
    UNION
    SELECT item_code, item_system, answer_code, answer_num, answer_text, origin, subject IS NOT DISTINCT FROM 'other' FROM intake_phrase
  )
  SELECT row_number() OVER () AS said, dense_rank() OVER (ORDER BY item_code, item_system, is_other) AS question, * FROM different`,

  `CREATE TEMP TABLE said_response AS
  WITH said_phrase AS (
    SELECT p.phrase, s.said, s.question FROM intake_phrase p JOIN said s ON ${isSaid("p")} AND s.is_other = (p.subject IS NOT DISTINCT FROM 'other')
  )
  SELECT r.response_key, r.record_key, a.number AS administration_key, r.where_pointer, r.missing, r.mode, NULL::INTEGER AS phrase, s.said, s.question
  FROM stated_response r JOIN said s ON ${isSaid("r")} AND s.is_other = (r.subject IS NOT DISTINCT FROM 'other')
  LEFT JOIN stated_administration a ON a.administration_key = r.administration_key
  UNION ALL
  SELECT g.response_key, g.record_key, g.number, g.where_pointer, g.missing, g.mode, g.phrase, s.said, s.question
  FROM given_response g JOIN said_phrase s USING (phrase)`,

  // What a question may mean; a code may stand in more than one instrument.
  `CREATE TEMP TABLE question_meaning AS
  SELECT q.question, any_value(q.is_other) AS is_other, c.instrument,
    any_value(CASE WHEN c.kind = 'panel' THEN 'score' ELSE c.kind END) AS kind,
    -- A panel that carries a value reports the instrument's main score.
    any_value(CASE WHEN c.kind = 'panel' THEN s.score ELSE c.name END) AS name
  FROM (SELECT DISTINCT question, item_code, item_system, is_other FROM said) q
  JOIN code c ON c.code = q.item_code AND (q.item_system IS NULL OR c.code_system IS NULL OR c.code_system = q.item_system)
  LEFT JOIN catalogue_score s ON s.instrument = c.instrument AND s.position = 1
  GROUP BY q.question, c.instrument`,

  // Many administrations are of few forms: what was asked together, under which panel. What a form is about is decided once. The sum of
  // hashes stands for the questions, whatever their order.
  `CREATE TEMP TABLE filled_form AS
  WITH panel AS (
    SELECT a.instrument_code, a.instrument_system, any_value(c.instrument) AS instrument
    FROM (SELECT DISTINCT instrument_code, instrument_system FROM every_administration) a
    JOIN code c ON c.kind = 'panel' AND c.code = a.instrument_code AND (a.instrument_system IS NULL OR c.code_system = a.instrument_system)
    GROUP BY a.instrument_code, a.instrument_system
  ), asked AS (
    SELECT administration_key, sum(CAST(hash(question) AS HUGEINT)) AS questions FROM said_response GROUP BY administration_key
  )
  SELECT a.number AS administration_key, p.instrument AS panel, a.cat IS NOT DISTINCT FROM 'Y' AS is_adaptive, coalesce(q.questions, 0) AS questions
  FROM every_administration a
  LEFT JOIN panel p ON p.instrument_code = a.instrument_code AND p.instrument_system IS NOT DISTINCT FROM a.instrument_system
  LEFT JOIN asked q ON q.administration_key = a.number`,

  `CREATE TEMP TABLE form AS
  SELECT row_number() OVER () AS form, * FROM (
    SELECT panel, is_adaptive, questions, min(administration_key) AS example FROM filled_form GROUP BY panel, is_adaptive, questions)`,

  `CREATE TEMP TABLE form_question AS
  SELECT f.form, r.question, count(*) AS times
  FROM said_response r JOIN form f ON f.example = r.administration_key GROUP BY f.form, r.question`,

  // The form decides which instrument is meant.
  `CREATE TEMP TABLE form_instrument AS
  WITH votes AS (
    SELECT q.form, m.instrument, ${VOTES}
    FROM form_question q JOIN question_meaning m USING (question) WHERE NOT m.is_other
    GROUP BY q.form, m.instrument
  ), by_items AS (
    -- An adaptive test is its bank's, whose items no form has.
    SELECT form, arg_max(v.instrument, (f.is_adaptive AND c.items = 0, ${BEST})) AS instrument
    FROM votes v JOIN catalogue_instrument c USING (instrument) JOIN form f USING (form)
    GROUP BY form
  )
  SELECT f.form, coalesce(f.panel, i.instrument) AS instrument FROM form f LEFT JOIN by_items i USING (form)`,

  // A form may hold several instruments (PHQ-9 and GAD-7 on one page): answers that the main one does not know go to their own.
  `CREATE TEMP TABLE placed_question AS
  WITH stray AS (
    SELECT q.form, q.question, m.instrument, m.kind, m.name
    FROM form_question q
    JOIN form_instrument f USING (form)
    JOIN question_meaning m USING (question)
    WHERE f.instrument IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM question_meaning k WHERE k.instrument = f.instrument AND k.question = q.question)
  ), votes AS (
    SELECT form, instrument, ${VOTES} FROM stray m GROUP BY form, instrument
  ), own AS (
    SELECT s.form, s.question, arg_max(v.instrument, ${BEST}) AS instrument
    FROM stray s JOIN votes v USING (form, instrument) JOIN catalogue_instrument c USING (instrument)
    GROUP BY s.form, s.question
  )
  SELECT q.form, q.question, q.times, coalesce(o.instrument, f.instrument) AS instrument, o.instrument IS NOT NULL AS is_foreign,
    -- Numbers of parts lie beyond those of all administrations.
    i.place * 4503599627370496 AS part
  FROM form_question q JOIN form_instrument f USING (form) LEFT JOIN own o USING (form, question)
  LEFT JOIN (SELECT instrument, row_number() OVER (ORDER BY instrument) AS place FROM catalogue_instrument) i ON i.instrument = o.instrument`,

  `CREATE TEMP TABLE administration_form AS
  SELECT a.administration_key, f.form FROM filled_form a
  JOIN form f ON f.questions = a.questions AND f.is_adaptive = a.is_adaptive AND f.panel IS NOT DISTINCT FROM a.panel`,

  `CREATE TABLE administration_instrument AS
  SELECT a.administration_key, a.administration_key AS part_key, f.instrument FROM administration_form a JOIN form_instrument f USING (form)
  UNION ALL
  SELECT a.administration_key, ${numbered("a.administration_key")}, p.instrument
  FROM administration_form a JOIN (SELECT DISTINCT form, instrument, part FROM placed_question WHERE is_foreign) p USING (form)`,

  `CREATE TEMP TABLE statement AS
  SELECT p.instrument, s.* FROM said s JOIN (
    SELECT question, instrument FROM placed_question UNION SELECT question, NULL FROM said
  ) p USING (question)`,

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
    LEFT JOIN question_meaning m ON m.question = s.question AND m.instrument = s.instrument
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
  ), coded AS (
    SELECT j.said, j.instrument, j.origin, j.kind, j.name, j.is_blank, CASE WHEN j.is_other THEN 'MAPPING_OTHER_SUBJECT' ELSE j.problem END AS problem,
      CASE WHEN j.problem IS NULL THEN j.meant END AS value,
      coalesce(l.label, CASE WHEN j.meant IS NULL AND j.problem IS NULL THEN j.listed_label END) AS answer_label, l.code AS answer_code, l.scored,
      j.item IS NOT NULL AND o.item IS NOT NULL AS is_optional
    FROM judged j
    LEFT JOIN catalogue_answer l ON l.instrument = j.instrument AND l.item = j.item AND l.value = j.meant
    LEFT JOIN catalogue_item o ON o.instrument = j.instrument AND o.item = j.item AND o.optional
  )
  SELECT CAST(row_number() OVER () AS INTEGER) AS judged, *, hash(name, value, CASE WHEN value IS NULL THEN answer_label END) AS content FROM coded`,

  // The same item twice: once if the answers agree, otherwise nobody can say which one was meant. Only some forms ask twice.
  `CREATE TEMP TABLE repeated_response AS
  WITH asking_twice AS (
    SELECT DISTINCT form FROM (
      SELECT p.form FROM placed_question p JOIN question_meaning m ON m.question = p.question AND m.instrument = p.instrument
      GROUP BY p.form, p.instrument, m.name HAVING sum(p.times) > 1)
  ), judged AS (
    SELECT * FROM (${JUDGED}) WHERE form IN (FROM asking_twice) AND problem IS NULL AND name IS NOT NULL
  )
  SELECT response_key, min(value) OVER same IS DISTINCT FROM max(value) OVER same AS differs,
    row_number() OVER (PARTITION BY administration_key, name ORDER BY value IS NULL, response_key) AS nth
  FROM judged
  WINDOW same AS (PARTITION BY administration_key, name)
  QUALIFY count(*) OVER same > 1`,

  // A word of a few takes a byte in millions of rows.
  "CREATE TYPE STATE AS ENUM ('loaded', 'duplicate', 'superseded', 'out_of_scope', 'quarantined', 'withdrawn')",
  "CREATE TYPE ANSWER_STATE AS ENUM ('answered', 'skipped', 'not_shown', 'not_collected')",
  // What an answer says stands in judged_statement: with it, millions of rows would be four times as wide. phrase is that of a given one.
  `CREATE TABLE placed_response AS
  SELECT j.response_key, j.record_key, j.administration_key, j.where_pointer, j.phrase, j.judged, w_pro_mode.code AS mode, r.differs IS TRUE AS differs,
    CAST(CASE WHEN j.kind = 'item' THEN
      CASE WHEN NOT j.is_blank THEN 'answered'
        WHEN j.missing IN ('not_shown', 'NA', 'not-applicable') THEN 'not_shown'
        WHEN j.missing IN ('NASK', 'not-asked') THEN 'not_collected' ELSE 'skipped' END
    END AS ANSWER_STATE) AS answer_state,
    CAST(CASE
      WHEN j.problem IN ('MAPPING_INSTRUMENT_UNKNOWN', 'MAPPING_BLANK', 'MAPPING_CODE_UNUSED', 'MAPPING_NARRATIVE_UNMATCHED', 'MAPPING_OTHER_SUBJECT') THEN 'out_of_scope'
      WHEN j.problem IS NOT NULL OR r.differs THEN 'quarantined'
      WHEN r.nth > 1 THEN 'duplicate'
      ELSE 'loaded'
    END AS STATE) AS state,
    CASE WHEN r.differs THEN 'MAPPING_ANSWERED_TWICE' WHEN r.nth > 1 THEN 'MAPPING_ANSWER_REPEATED' ELSE j.problem END AS reason
  FROM (${JUDGED}) j
  LEFT JOIN repeated_response r USING (response_key)
  ${joinWord("pro_mode", "j.mode")}`,

  `CREATE VIEW mapped_response AS
  SELECT r.* EXCLUDE (differs), j.said, j.instrument, j.kind, j.name, j.origin, CASE WHEN NOT r.differs THEN j.value END AS value,
    CASE WHEN NOT r.differs THEN j.scored END AS scored, j.answer_label, j.answer_code, j.is_optional, j.content
  FROM placed_response r JOIN judged_statement j USING (judged)`,
  // As many rows as answers: they would be kept until morning.
  ...["said_response", "filled_form", "administration_form"].map((table) => `DROP TABLE ${table}`),
];
