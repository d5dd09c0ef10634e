import { aliasKeySql } from "../../core/alias-key.ts";
import { FORM, FORM_ITEM } from "./resources.ts";
import { jsonStructure } from "./shape.ts";

const extensions = (name: string) => `'http://hl7.org/fhir/uv/sdc/StructureDefinition/${name}'`;

/** The name by which a response refers to its form: a canonical, a Reference as STU3 has it, or the form itself in its place. */
export const FORM_NAME =
  "coalesce(CASE WHEN json_type(questionnaire) = 'VARCHAR' THEN questionnaire->>'$' END, questionnaire->>'$.reference', questionnaire->>'$.identifier.value', CASE WHEN questionnaire->>'$.resourceType' = 'Questionnaire' THEN '#' || coalesce(questionnaire->>'$.id', 'inline') END)";
export const FORM_DISPLAY = "(questionnaire->>'$.display')";

/**
 * The forms that a response may refer to: resources of the export, and those that a response contains itself (`form` then starts
 * with the response's record key). `fhir_form_item` has the code of each link id at any depth, whether it is hidden, and
 * `fhir_form_option` the number that the form gives an answer. What a form proposes as `initial` is never read.
 *
 * `fhir_named` has one row a name under which responses refer to a form: which form that is, its panel code, the instrument that
 * its names stand for, and whether that instrument has aliases; `named` is its number.
 */
export const FORMS = [
  `CREATE TEMP TABLE fhir_form AS
  WITH every_form AS (
    SELECT coalesce(id, url) AS form, url, id, title, name, code, extension, item FROM fhir_questionnaire
    UNION ALL
    SELECT record_key || '#' || coalesce(f.id, 'inline'), NULL, NULL, f.title, f.name, f.code, f.extension, f.item
    FROM (
      SELECT record_key, json_transform(c, '${jsonStructure({ resourceType: "VARCHAR", id: "VARCHAR", ...FORM })}') AS f
      FROM (
        SELECT record_key, unnest(contained) AS c FROM fhir_questionnaireresponse_numbered WHERE len(contained) > 0
        UNION ALL
        SELECT record_key, questionnaire FROM fhir_questionnaireresponse_numbered WHERE json_type(questionnaire) = 'OBJECT'
      )
    ) WHERE f.resourceType = 'Questionnaire'
  )
  SELECT form, url, id, title, name, item,
    fhir_code(list_filter(code, lambda x: fhir_system(x.system) = 'http://loinc.org')[1].code) AS panel,
    len(list_filter(extension, lambda x: (x->>'url') = ${extensions("sdc-questionnaire-questionnaireAdaptive")}
      AND coalesce(x->>'valueBoolean', 'true') = 'true')) > 0 AS is_adaptive
  FROM every_form`,

  `CREATE TEMP TABLE fhir_every_item AS
  WITH RECURSIVE items AS (
    SELECT form, i FROM (SELECT form, unnest(item) AS i FROM fhir_form)
    UNION ALL
    SELECT form, unnest(json_transform(i.item, '${jsonStructure([FORM_ITEM])}')) FROM items WHERE i.item IS NOT NULL
  )
  SELECT form, i FROM items`,

  `CREATE TEMP TABLE fhir_form_item AS
  WITH coded AS (
    SELECT form, i.linkId AS link_id, fhir_coding(i.code) AS coding, loinc_in(i.definition) AS defined,
      len(list_filter(i.extension, lambda x: x.url = 'http://hl7.org/fhir/StructureDefinition/questionnaire-hidden' AND x.valueBoolean = 'true')) > 0 AS is_hidden
    FROM fhir_every_item WHERE i.linkId IS NOT NULL
  )
  SELECT form, link_id, any_value(coalesce(fhir_code(coding.code), defined)) AS code,
    any_value(CASE WHEN fhir_code(coding.code) IS NOT NULL THEN fhir_system(coding.system) WHEN defined IS NOT NULL THEN 'http://loinc.org' END) AS system,
    bool_or(is_hidden) AS is_hidden
  FROM coded GROUP BY form, link_id`,

  `CREATE TEMP TABLE fhir_form_option AS
  SELECT form, link_id, o.valueCoding.code AS code, any_value(fhir_number(coalesce(fhir_ordinal(o.valueCoding.extension), fhir_ordinal(o.extension)))) AS ordinal
  FROM (SELECT form, i.linkId AS link_id, unnest(list_concat(i.answerOption, i."option")) AS o FROM fhir_every_item)
  GROUP BY ALL HAVING ordinal IS NOT NULL`,

  `CREATE TEMP TABLE fhir_named AS
  WITH named AS (
    SELECT ${FORM_NAME} AS form_name, ${FORM_DISPLAY} AS display,
      CASE WHEN starts_with(${FORM_NAME}, '#') THEN record_key || ${FORM_NAME} END AS own
    FROM fhir_questionnaireresponse_numbered GROUP BY ALL
    UNION
    SELECT form_name, NULL, NULL FROM fhir_asked_form
  ), found AS (
    SELECT n.*, f.form, f.panel, f.title, f.name, f.is_adaptive
    FROM (SELECT *, coalesce(own, split_part(form_name, '|', 1)) AS place FROM named) n
    LEFT JOIN (
      SELECT DISTINCT ON (place) * FROM (
        SELECT unnest([form, url, id]) AS place, form, panel, title, name, is_adaptive FROM fhir_form
      ) WHERE place IS NOT NULL ORDER BY place, form
    ) f ON f.place = coalesce(CASE WHEN n.place IN (SELECT url FROM fhir_form) THEN n.place END, n.own, fhir_key(n.place))
  ), coded AS (
    SELECT *, coalesce(panel, loinc_in(form_name)) AS code,
      ' ' || ${aliasKeySql("concat_ws(' ', form_name, display, title, name)")} || ' ' AS words
    FROM found
  ), aliased AS (
    SELECT own, form_name, display, arg_max(a.instrument, (length(a.alias), a.instrument)) AS instrument
    FROM coded n JOIN catalogue_alias a ON a.kind = 'panel' AND contains(n.words, ' ' || a.alias || ' ')
    GROUP BY ALL
  ), panel AS (
    SELECT code, any_value(instrument) AS instrument FROM catalogue_code WHERE kind = 'panel' GROUP BY code
  ), decided AS (
    SELECT n.own, n.form_name, n.display, n.form, n.code, n.is_adaptive, p.instrument AS by_code, a.instrument AS by_name
    FROM coded n
    LEFT JOIN aliased a ON a.own IS NOT DISTINCT FROM n.own AND a.form_name IS NOT DISTINCT FROM n.form_name AND a.display IS NOT DISTINCT FROM n.display
    LEFT JOIN panel p ON p.code = n.code
  )
  SELECT row_number() OVER () AS named, own, form_name, display, form, is_adaptive, coalesce(by_code, by_name) AS instrument,
    CASE WHEN by_code IS NULL THEN coalesce(by_name, code) ELSE code END AS panel,
    CASE WHEN by_code IS NULL AND by_name IS NOT NULL THEN 'propool' WHEN code IS NOT NULL THEN 'http://loinc.org' END AS panel_system,
    coalesce(by_code, by_name) IN (SELECT instrument FROM catalogue_alias WHERE kind <> 'panel') IS TRUE AS has_aliases
  FROM decided`,
];
