import { aliasKeySql } from "../../core/alias-key.ts";
import { FORM_DISPLAY, FORM_NAME } from "./forms.ts";
import { IS_NESTED } from "./nested.ts";
import { RESPONSE_ITEM } from "./resources.ts";
import { jsonStructure } from "./shape.ts";

const nested = (json: string) => `json_transform(${json}, '${jsonStructure([RESPONSE_ITEM])}')`;
const extension = (url: string, path: string) =>
  `json_extract_string(list_filter(extension, lambda x: (x->>'url') = '${url}')[1], '${path}')`;

/** Adaptive by its own profile, by an extension, or by its form. */
const IS_ADAPTIVE = `(is_adaptive OR len(list_filter(meta.profile, lambda x: contains(x, 'questionnaireresponse-adapt'))) > 0
  OR len(list_filter(extension, lambda x: contains(x->>'url', 'questionnaireAdaptive'))) > 0)`;

/** A number that stands as the code of an answer: in a form known by its name, where the answer list is the form's own. */
const CODE_AS_NUMBER = `CASE WHEN alias IS NOT NULL AND fhir_system(answer.valueCoding.system) IS DISTINCT FROM 'http://loinc.org'
  AND regexp_full_match(answer.valueCoding.code, '[0-9]{1,4}') THEN answer.valueCoding.code END`;

/** An item that names another subject than the response's: what it and its group say is about somebody else. */
const IS_OTHER = `(one.extension IS NOT NULL AND len(list_filter(one.extension,
  lambda x: (ends_with(x.url, 'questionnaireresponse-isSubject') OR ends_with(x.url, 'questionnaire-isSubject')) AND x.valueBoolean = 'true')) > 0)`;

/** Who answered an item: its own author, or that of its group. */
const authorOf = (group: string) => `coalesce(fhir_author(one.extension), ${group}) AS author`;

/** QuestionnaireResponses: an administration each, and a response an answer at any depth. */
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
    s.device AS device, n.form, n.panel, n.panel_system, n.form_name, n.display, n.is_adaptive, CASE WHEN n.has_aliases THEN n.instrument END AS instrument, n.has_aliases
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
  ORDER BY record_key`,

  `CREATE TEMP TABLE fhir_nesting AS SELECT record_key FROM fhir_questionnaireresponse_numbered
  WHERE ${IS_NESTED}`,

  insertAnswers(
    `SELECT record_key, form, instrument, has_aliases, i AS path, '/item/' || (i - 1) AS pointer, one, ${IS_OTHER} AS is_other, fhir_author(one.extension) AS author
    FROM (
      SELECT record_key, form, instrument, has_aliases, unnest(item) AS one, unnest(range(1, len(item) + 1)) AS i
      FROM fhir_answered WHERE record_key NOT IN (SELECT record_key FROM fhir_nesting)
    )`,
  ),

  // Level by level, so that depth costs nothing where there is none. The pointer is JSON's; the path sorts items as they stand
  // in the form, where the pointer would put the tenth before the second.
  `CREATE TEMP TABLE fhir_item AS
  WITH RECURSIVE items AS (
    SELECT record_key, form, instrument, has_aliases, [i] AS path, '/item/' || (i - 1) AS pointer, item[i] AS one,
      false AS is_other, NULL::VARCHAR AS author
    FROM (
      SELECT record_key, form, instrument, has_aliases, item, unnest(range(1, len(item) + 1)) AS i
      FROM fhir_answered WHERE record_key IN (SELECT record_key FROM fhir_nesting)
    )
    UNION ALL
    SELECT record_key, form, instrument, has_aliases, list_append(path, i), pointer || '/item/' || (i - 1), nested[i], is_other, author
    FROM (
      SELECT record_key, form, instrument, has_aliases, path, pointer, nested, is_other, author, unnest(range(1, len(nested) + 1)) AS i
      FROM (
        SELECT record_key, form, instrument, has_aliases, list_append(path, 0) AS path, pointer, ${nested("one.item")} AS nested, is_other OR ${IS_OTHER} AS is_other, ${authorOf("author")}
        FROM items WHERE one.item IS NOT NULL
        UNION ALL
        SELECT record_key, form, instrument, has_aliases, list_append(path, a), pointer || '/answer/' || (a - 1), ${nested("answers[a].item")}, is_other, author
        FROM (
          SELECT record_key, form, instrument, has_aliases, path, pointer, is_other OR ${IS_OTHER} AS is_other, ${authorOf("author")}, one.answer AS answers, unnest(range(1, len(one.answer) + 1)) AS a
          FROM items
        ) WHERE answers[a].item IS NOT NULL
      )
    )
  )
  SELECT * FROM items`,

  insertAnswers(
    `SELECT record_key, form, instrument, has_aliases, path, pointer, one, is_other OR ${IS_OTHER} AS is_other, ${authorOf("author")} FROM fhir_item`,
  ),
];

/**
 * The answers of items (record_key, form, instrument, has_aliases, path, pointer, one: the item, is_other: about somebody else,
 * author: who answered it, where it says so): one row an answer, and one an item without an answer that is no group, as they stand in the form.
 */
function insertAnswers(items: string): string {
  return `INSERT INTO intake_response BY NAME
  WITH answered AS (
    SELECT record_key, form, instrument, has_aliases, path, pointer, one.linkId AS link_id, loinc_in(one.linkId) AS link_code,
      CASE WHEN one.definition IS NOT NULL THEN loinc_in(one.definition) END AS defined_code, one.text AS item_text, is_other, author,
      fhir_absent(one.extension) AS absent, one.item IS NOT NULL AS is_group,
      unnest(CASE WHEN coalesce(len(one.answer), 0) = 0 THEN [NULL] ELSE one.answer END) AS answer,
      unnest(CASE WHEN coalesce(len(one.answer), 0) = 0 THEN [0] ELSE range(1, len(one.answer) + 1) END) AS a
    FROM (${items})
  ), named AS (
    SELECT t.*, f.is_hidden,
      coalesce(f.code, defined_code, link_code, t.link_id) AS item_code,
      CASE WHEN f.code IS NOT NULL THEN f.system WHEN coalesce(defined_code, link_code) IS NOT NULL THEN 'http://loinc.org' END AS item_system
    FROM answered t LEFT JOIN fhir_form_item f ON f.form = t.form AND f.link_id = t.link_id
    WHERE a > 0 OR NOT is_group
  ), coded AS (
    SELECT n.*, coalesce(by_code.name, by_text.name) AS alias, o.ordinal
    FROM named n
    LEFT JOIN catalogue_alias by_code ON by_code.kind <> 'panel' AND by_code.instrument = n.instrument
      AND by_code.alias = CASE WHEN n.has_aliases THEN ${aliasKeySql("n.item_code")} END
    LEFT JOIN catalogue_alias by_text ON by_text.kind <> 'panel' AND by_text.instrument = n.instrument
      AND by_text.alias = CASE WHEN n.has_aliases THEN ${aliasKeySql("n.item_text")} END
    LEFT JOIN fhir_form_option o ON o.form = n.form AND o.link_id = n.link_id AND o.code = n.answer.valueCoding.code
  )
  SELECT record_key, CAST(record_key AS VARCHAR) AS administration_key,
    CASE WHEN a > 0 THEN pointer || '/answer/' || (a - 1) ELSE pointer END AS where_pointer,
    coalesce(alias, item_code) AS item_code, CASE WHEN alias IS NULL THEN item_system ELSE 'propool' END AS item_system, item_text,
    fhir_code(answer.valueCoding.code) AS answer_code, fhir_system(answer.valueCoding.system) AS answer_system,
    coalesce(answer.valueCoding.display, answer.valueString, answer.valueBoolean, answer.valueDate, answer.valueDateTime, answer.valueTime, answer.valueInstant, answer.valueUri,
      CASE WHEN answer.valueReference IS NOT NULL THEN 'a reference' WHEN answer.valueAttachment IS NOT NULL THEN 'an attachment' END,
      fhir_no_number(coalesce(answer.valueInteger, answer.valueDecimal, answer.valueQuantity.value))) AS answer_text,
    fhir_number(coalesce(fhir_ordinal(answer.valueCoding.extension), fhir_ordinal(answer.extension),
      answer.valueInteger, answer.valueDecimal, answer.valueQuantity.value, CAST(ordinal AS VARCHAR), ${CODE_AS_NUMBER})) AS answer_num,
    CASE WHEN a = 0 THEN CASE WHEN is_hidden THEN 'not_shown' ELSE coalesce(absent, 'no answer') END ELSE fhir_absent(answer.extension) END AS missing,
    'reported' AS origin, CASE WHEN is_other THEN 'other' END AS subject, '|' || author AS mode
  FROM coded ORDER BY record_key, path, a`;
}
