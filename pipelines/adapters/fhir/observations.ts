const OBSERVATION_VALUE = (o: string) => `
    fhir_code(${o}.valueCodeableConcept.coding[1].code) AS answer_code,
    fhir_system(${o}.valueCodeableConcept.coding[1].system) AS answer_system,
    coalesce(${o}.valueCodeableConcept.coding[1].display, ${o}.valueCodeableConcept.text, ${o}.valueString,
      fhir_no_number(coalesce(${o}.valueInteger, ${o}.valueQuantity.value))) AS answer_text,
    fhir_number(coalesce(fhir_ordinal(${o}.valueCodeableConcept.coding[1].extension), ${o}.valueInteger, ${o}.valueQuantity.value)) AS answer_num,
    coalesce(${o}.dataAbsentReason.coding[1].code, ${o}.dataAbsentReason.text) AS missing`;

/** `hasMember` of R4, and `related` of STU3. */
const RELATED = (type: string) =>
  `list_transform(list_filter(related, lambda x: x.type = '${type}'), lambda x: x.target)`;

/**
 * Surveys among the Observations: panels with members or components, and what stands alone. Out: `fhir_survey_grouped`, each with
 * the administration that it belongs to.
 */
export const OBSERVATIONS = [
  // An Observation concerns us when its code is known (to the catalogue or to the site), when it is a member of a panel, or when it
  // says that it is a survey.
  `CREATE TEMP TABLE fhir_survey AS
  WITH panel AS (
    SELECT id AS panel, list_concat(hasMember, ${RELATED("has-member")}) AS members FROM fhir_observation
    WHERE len(hasMember) > 0 OR len(related) > 0
  ), member AS (
    SELECT fhir_key(m.reference) AS id, any_value(panel) AS panel
    FROM (SELECT panel, unnest(members) AS m FROM panel) GROUP BY ALL
  ), known AS (
    -- A code of a short form stands in the long form too: the longer one keeps the items of one sitting together.
    SELECT c.code, arg_max(c.instrument, (i.items, c.instrument)) AS instrument, arg_max(c.kind, (i.items, c.instrument)) AS kind
    FROM code c JOIN catalogue_instrument i USING (instrument)
    WHERE c.code_system IS DISTINCT FROM 'propool' GROUP BY c.code
  ), coded AS (
    SELECT *, fhir_coding(code.coding) AS coding, fhir_code(fhir_coding(code.coding).code) AS item_code FROM fhir_observation_numbered
  )
  SELECT o.*, coalesce(o.effectiveDateTime, o.effectiveInstant, o.effectivePeriod.start) AS effective,
    fhir_system(o.coding.system) AS item_system, k.kind, coalesce(k.instrument, '?' || o.item_code) AS instrument,
    CASE WHEN len(o.hasMember) > 0 OR len(o.component) > 0 OR len(${RELATED("has-member").replaceAll("related", "o.related")}) > 0 THEN o.id ELSE member.panel END AS panel
  FROM coded o
  LEFT JOIN known k ON k.code = o.item_code
  LEFT JOIN member ON member.id = o.id
  WHERE k.code IS NOT NULL OR member.panel IS NOT NULL OR contains(CAST(o.category AS VARCHAR), '"survey"')`,

  `UPDATE intake_record SET state = 'out_of_scope', reason = 'SOURCE_NOT_A_SURVEY'
  WHERE kind = 'Observation' AND state IS NULL AND record_key NOT IN (SELECT record_key FROM fhir_survey)`,

  // An older version of an Observation is no answer.
  `DELETE FROM fhir_survey WHERE record_key IN (SELECT record_key FROM intake_record WHERE kind = 'Observation' AND state = 'superseded')`,

  // One answer of a panel that was withdrawn does not withdraw the panel.
  `UPDATE intake_record SET state = 'withdrawn', reason = 'SOURCE_ENTERED_IN_ERROR'
  WHERE record_key IN (SELECT record_key FROM fhir_survey WHERE status = 'entered-in-error' AND panel <> id)`,
  `DELETE FROM fhir_survey WHERE status = 'entered-in-error' AND panel <> id`,

  // Members belong to their panel. Observations that stand alone belong together when person, time and instrument agree;
  // the same code again at the same time starts another administration.
  `CREATE TEMP TABLE fhir_survey_grouped AS
  SELECT *, 'Observation ' || coalesce('panel ' || panel, concat_ws('|', subject.reference, effective, instrument, encounter.reference,
      row_number() OVER (PARTITION BY subject.reference, effective, instrument, encounter.reference, item_code, panel ORDER BY record_key))) AS administration,
    nullif(list_filter(list_transform(list_concat(derivedFrom, ${RELATED("derived-from")}), lambda x: x.reference), lambda x: fhir_type(x) = 'QuestionnaireResponse')[1], '') AS response
  FROM fhir_survey`,

  `INSERT INTO intake_administration BY NAME
  SELECT coalesce(min(record_key) FILTER (panel = id), min(record_key)) AS record_key, 'Observation' AS where_pointer, administration AS administration_key,
    CASE WHEN count(*) = 1 OR bool_or(panel IS NOT NULL) THEN arg_min(coalesce(panel, id), record_key) END AS source_id,
    max(meta.lastUpdated) AS version_at,
    fhir_key(min(subject.reference)) AS patient_key, fhir_key(min(coalesce(encounter.reference, context.reference))) AS encounter_key,
    coalesce(any_value(CASE WHEN kind = 'panel' THEN item_code END), any_value(CASE WHEN panel = id THEN item_code END)) AS instrument_code,
    coalesce(any_value(CASE WHEN kind = 'panel' THEN item_system END), any_value(CASE WHEN panel = id THEN item_system END)) AS instrument_system,
    min(effective) AS answered_at, 'stated' AS answered_origin,
    coalesce(any_value(CASE WHEN panel = id THEN status END), arg_min(status, record_key)) AS status,
    CASE WHEN any_value(fhir_type(performer[1].reference)) IS NOT NULL
      THEN '|' || any_value(fhir_type(performer[1].reference)) END AS mode
  FROM fhir_survey_grouped
  GROUP BY administration ORDER BY 1`,

  // A panel without a value of its own only holds its members together.
  `INSERT INTO intake_response BY NAME
  SELECT record_key, administration AS administration_key, '/value' AS where_pointer,
    item_code, item_system, code.text AS item_text, ${OBSERVATION_VALUE("fhir_survey_grouped")},
    'reported' AS origin
  FROM fhir_survey_grouped
  WHERE NOT (kind IS NOT DISTINCT FROM 'panel' OR panel IS NOT DISTINCT FROM id)
    OR coalesce(valueInteger, valueQuantity.value, valueString, valueCodeableConcept.coding[1].code) IS NOT NULL
  ORDER BY record_key`,

  `INSERT INTO intake_response BY NAME
  WITH part AS (
    SELECT record_key, administration, component, unnest(range(1, len(component) + 1)) AS i FROM fhir_survey_grouped
  ), named AS (SELECT record_key, administration, i, component[i] AS c FROM part)
  SELECT record_key, administration AS administration_key, '/component/' || (i - 1) AS where_pointer,
    fhir_code(fhir_coding(c.code.coding).code) AS item_code, fhir_system(fhir_coding(c.code.coding).system) AS item_system, c.code.text AS item_text,
    ${OBSERVATION_VALUE("c")}, 'reported' AS origin
  FROM named ORDER BY record_key, i`,
];
