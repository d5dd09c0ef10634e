import { aliasKeySql } from "../../core/alias-key.ts";
import { FORM_DISPLAY, FORM_NAME } from "./forms.ts";

const extension = (url: string, path: string) =>
  `json_extract_string(list_filter(extension, lambda x: (x->>'url') = '${url}')[1], '${path}')`;

/** Adaptive by its own profile, by an extension, or by its form. */
const IS_ADAPTIVE = `(is_adaptive OR len(list_filter(meta.profile, lambda x: contains(x, 'questionnaireresponse-adapt'))) > 0
  OR len(list_filter(extension, lambda x: contains(x->>'url', 'questionnaireAdaptive'))) > 0)`;

/** A number that stands as the code of an answer: in a form known by its name, where the answer list is the form's own. */
const CODE_AS_NUMBER = `CASE WHEN alias IS NOT NULL AND answer_system IS DISTINCT FROM 'http://loinc.org'
  AND regexp_full_match(chosen, '[0-9]{1,4}') THEN chosen END`;

/** An item that names another subject than the response's: what it and its group say is about somebody else. */
const IS_OTHER = `(one.extension IS NOT NULL AND len(list_filter(one.extension,
  lambda x: (ends_with(x.url, 'questionnaireresponse-isSubject') OR ends_with(x.url, 'questionnaire-isSubject')) AND x.valueBoolean = 'true')) > 0)`;

/**
 * The numbers in a pointer, by which items sort as they stand in the form: the pointer itself would put the tenth before the second.
 * Items below an item come after its own answers, and before those below one of these.
 */
const PATH = `flatten(list_transform(string_split(pointer, '/item/')[2:],
  lambda x: [CAST(split_part(x, '/', 1) AS BIGINT), coalesce(TRY_CAST(split_part(x, '/', 3) AS BIGINT) + 1, 0)]))`;

/** QuestionnaireResponses: an administration each, and an answer at any depth as the phrase that it is. */
export const RESPONSES = [
  // Who said and who wrote the answers: the response itself, or a Provenance about it. Roles are those of FHIR and of HL7 v3.
  `CREATE TEMP TABLE fhir_said AS
  WITH agent AS (
    SELECT fhir_key(t.reference) AS id, a, coalesce(a->>'$.who.reference', a->>'$.whoReference.reference', a->>'$.actor.reference', a->>'$.who.display') AS who,
      lower(coalesce(a->>'$.type.coding[0].code', a->>'$.role[0].coding[0].code', a->>'$.role.code', '')) AS role
    FROM (SELECT unnest(target) AS t, agent FROM fhir_provenance), LATERAL (SELECT unnest(json_extract(agent, '$[*]')) AS a)
    WHERE coalesce(fhir_type(t.reference), 'QuestionnaireResponse') = 'QuestionnaireResponse'
  )
  SELECT id, min(who) FILTER (role IN ('informant', 'inf', 'source')) AS source,
    min(who) FILTER (role IN ('author', 'aut', 'enterer', 'ent', 'dataenterer', 'transcriber')) AS author,
    min(who) FILTER (fhir_type(who) = 'Device') AS device
  FROM agent GROUP BY id`,

  // The portal or tablet on which it was answered, by the longest of our words that its name contains.
  `CREATE TEMP TABLE fhir_channel AS
  SELECT d.id, arg_max(w.word, (length(w.word), w.word)) AS channel
  FROM fhir_device_words d JOIN word w ON w.list = 'channel' AND contains(' ' || ${aliasKeySql("d.words")} || ' ', ' ' || w.word || ' ')
  GROUP BY d.id`,

  `CREATE TEMP VIEW fhir_answered AS
  SELECT r.*, coalesce(r.source.reference, r.informationSource.reference, s.source) AS said_by, coalesce(r.author.reference, s.author, s.device) AS written_by,
    s.device AS device, n.named, n.panel, n.panel_system, n.form_name, n.display, n.is_adaptive
  FROM fhir_questionnaireresponse_numbered r
  LEFT JOIN fhir_said s ON s.id = r.id
  LEFT JOIN fhir_named n ON n.form_name IS NOT DISTINCT FROM ${FORM_NAME} AND n.display IS NOT DISTINCT FROM ${FORM_DISPLAY}
    AND n.own IS NOT DISTINCT FROM CASE WHEN starts_with(${FORM_NAME}, '#') THEN r.record_key || ${FORM_NAME} END`,

  `INSERT INTO intake_administration BY NAME
  SELECT record_key, 'QuestionnaireResponse' AS where_pointer, CAST(record_key AS VARCHAR) AS administration_key,
    id AS source_id, coalesce(meta.lastUpdated, lpad(meta.versionId, 12, '0')) AS version_at,
    fhir_key(coalesce(subject.reference,
      CASE WHEN fhir_type(said_by) = 'Patient' THEN said_by END,
      CASE WHEN fhir_type(written_by) = 'Patient' THEN written_by END)) AS patient_key,
    CASE WHEN subject.reference IS NULL AND 'Patient' IN (fhir_type(said_by), fhir_type(written_by)) THEN 'derived' END AS patient_origin,
    fhir_key(coalesce(encounter.reference, context.reference)) AS encounter_key,
    panel AS instrument_code, panel_system AS instrument_system,
    nullif(concat_ws(' ', form_name, display), '') AS instrument_text, nullif(split_part(form_name, '|', 2), '') AS instrument_version,
    authored AS answered_at, 'stated' AS answered_origin, status,
    ${extension("http://hl7.org/fhir/StructureDefinition/questionnaireresponse-completionMode", "$.valueCodeableConcept.coding[0].code")} AS method,
    CASE WHEN coalesce(said_by, written_by) IS NOT NULL THEN coalesce(fhir_type(said_by), '') || '|' || coalesce(fhir_type(written_by), '') END AS mode,
    CASE WHEN ${IS_ADAPTIVE} THEN 'Y' END AS cat, language, channel, fhir_key(basedOn[1].reference) AS request_key
  FROM fhir_answered
  LEFT JOIN (SELECT id AS channel_id, channel FROM fhir_channel)
    ON channel_id = fhir_key(coalesce(device, CASE WHEN fhir_type(written_by) = 'Device' THEN written_by END, CASE WHEN fhir_type(said_by) = 'Device' THEN said_by END))
`,

  // Millions of items are a few hundred different ones in their places: what each says there is named once.
  `CREATE TEMP TABLE fhir_given AS
  WITH response AS (
    SELECT record_key - (SELECT min(record_key) FROM fhir_questionnaireresponse_numbered) AS response, record_key, named FROM fhir_answered
  )
  SELECT r.record_key, r.named, g.place, g.text_key FROM fhir_item_given g JOIN response r USING (response)`,

  `CREATE TEMP TABLE fhir_spot AS
  WITH spot AS (
    SELECT DISTINCT named, place, text_key FROM fhir_given
  ), above AS (
    -- A subject or an author holds for what is below, until the next one.
    SELECT place, bool_or(${IS_OTHER}) AS is_other, arg_max(fhir_author(one.extension), level) AS author
    FROM (SELECT place, unnest(above) AS text_key, unnest(range(1, len(above) + 1)) AS level FROM fhir_item_place)
    JOIN fhir_item_read USING (text_key) GROUP BY place
  )
  SELECT row_number() OVER () AS spot, s.*, p.pointer, coalesce(a.is_other, false) AS is_other, a.author,
    n.form, CASE WHEN n.has_aliases THEN n.instrument END AS instrument, n.has_aliases
  FROM spot s JOIN fhir_item_place p USING (place) LEFT JOIN above a USING (place) LEFT JOIN fhir_named n USING (named)`,

  // One row an answer, and one an item without an answer that is no group.
  `CREATE TEMP TABLE fhir_item_said AS
  WITH answered AS (
    SELECT text_key, one, unnest(CASE WHEN coalesce(len(one.answer), 0) = 0 THEN [NULL] ELSE one.answer END) AS answer,
      unnest(CASE WHEN coalesce(len(one.answer), 0) = 0 THEN [0] ELSE range(1, len(one.answer) + 1) END) AS a
    FROM fhir_item_read
  )
  SELECT text_key, a, one.linkId AS link_id, loinc_in(one.linkId) AS link_code, CASE WHEN one.definition IS NOT NULL THEN loinc_in(one.definition) END AS defined_code,
    one.text AS item_text, ${IS_OTHER} AS is_other, fhir_author(one.extension) AS author,
    answer.valueCoding.code AS chosen, fhir_code(answer.valueCoding.code) AS answer_code, fhir_system(answer.valueCoding.system) AS answer_system,
    coalesce(answer.valueCoding.display, answer.valueString, answer.valueBoolean, answer.valueDate, answer.valueDateTime, answer.valueTime, answer.valueInstant, answer.valueUri,
      CASE WHEN answer.valueReference IS NOT NULL THEN 'a reference' WHEN answer.valueAttachment IS NOT NULL THEN 'an attachment' END,
      fhir_no_number(coalesce(answer.valueInteger, answer.valueDecimal, answer.valueQuantity.value))) AS answer_text,
    coalesce(fhir_ordinal(answer.valueCoding.extension), fhir_ordinal(answer.extension), answer.valueInteger, answer.valueDecimal, answer.valueQuantity.value) AS answer_num,
    CASE WHEN a = 0 THEN coalesce(fhir_absent(one.extension), 'no answer') ELSE fhir_absent(answer.extension) END AS missing
  FROM answered WHERE a > 0 OR one.item IS NULL`,

  `CREATE TEMP TABLE fhir_phrase AS
  WITH named AS (
    SELECT p.spot, p.form, p.instrument, p.has_aliases, p.pointer, s.* REPLACE (p.is_other OR s.is_other AS is_other, coalesce(s.author, p.author) AS author), f.is_hidden,
      coalesce(f.code, s.defined_code, s.link_code, s.link_id) AS item_code,
      CASE WHEN f.code IS NOT NULL THEN f.system WHEN coalesce(s.defined_code, s.link_code) IS NOT NULL THEN 'http://loinc.org' END AS item_system
    FROM fhir_spot p JOIN fhir_item_said s USING (text_key)
    LEFT JOIN fhir_form_item f ON f.form = p.form AND f.link_id = s.link_id
  ), coded AS (
    SELECT n.*, coalesce(by_code.name, by_text.name) AS alias, o.ordinal
    FROM named n
    LEFT JOIN catalogue_alias by_code ON by_code.kind <> 'panel' AND by_code.instrument = n.instrument
      AND by_code.alias = CASE WHEN n.has_aliases THEN ${aliasKeySql("n.item_code")} END
    LEFT JOIN catalogue_alias by_text ON by_text.kind <> 'panel' AND by_text.instrument = n.instrument
      AND by_text.alias = CASE WHEN n.has_aliases THEN ${aliasKeySql("n.item_text")} END
    LEFT JOIN fhir_form_option o ON o.form = n.form AND o.link_id = n.link_id AND o.code = n.chosen
  ), placed AS (
    SELECT pointer, a, row_number() OVER (ORDER BY ${PATH}, a) AS place FROM (SELECT DISTINCT pointer, a FROM coded)
  )
  SELECT row_number() OVER () AS phrase, c.spot, p.place,
    CASE WHEN a > 0 THEN pointer || '/answer/' || (a - 1) ELSE pointer END AS where_pointer,
    coalesce(alias, item_code) AS item_code, CASE WHEN alias IS NULL THEN item_system ELSE 'propool' END AS item_system, item_text,
    answer_code, answer_system, answer_text, fhir_number(coalesce(c.answer_num, CAST(ordinal AS VARCHAR), ${CODE_AS_NUMBER})) AS answer_num,
    CASE WHEN a = 0 AND is_hidden THEN 'not_shown' ELSE missing END AS missing,
    'reported' AS origin, CASE WHEN is_other THEN 'other' END AS subject, '|' || author AS mode
  FROM coded c JOIN placed p USING (pointer, a)`,

  "INSERT INTO intake_phrase BY NAME SELECT * EXCLUDE (spot) FROM fhir_phrase",

  `INSERT INTO intake_given BY NAME
  SELECT g.record_key, p.phrase
  FROM fhir_given g
  JOIN fhir_spot s ON s.named IS NOT DISTINCT FROM g.named AND s.place = g.place AND s.text_key = g.text_key
  JOIN fhir_phrase p USING (spot)`,
];
