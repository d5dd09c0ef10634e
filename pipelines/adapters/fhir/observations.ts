const VALUE = (o: string) => `
    fhir_code(${o}.valueCodeableConcept.coding[1].code) AS answer_code,
    fhir_system(${o}.valueCodeableConcept.coding[1].system) AS answer_system,
    coalesce(${o}.valueCodeableConcept.coding[1].display, ${o}.valueCodeableConcept.text, ${o}.valueString,
      ${o}.valueBoolean, ${o}.valueDateTime, ${o}.valueTime,
      CASE WHEN coalesce(${o}.valueRange, ${o}.valueRatio, ${o}.valuePeriod, ${o}.valueSampledData) IS NOT NULL THEN 'several numbers' END,
      fhir_no_number(coalesce(${o}.valueInteger, ${o}.valueQuantity.value))) AS answer_text,
    fhir_number(coalesce(fhir_ordinal(${o}.valueCodeableConcept.coding[1].extension), ${o}.valueInteger, ${o}.valueQuantity.value)) AS answer_num,
    coalesce(${o}.dataAbsentReason.coding[1].code, ${o}.dataAbsentReason.text) AS missing`;

/** What an Observation of STU3 says in `related`, later versions in a member of its own. */
const RELATED = (type: string) =>
  `CASE WHEN len(related) > 0 THEN list_transform(list_filter(related, lambda x: x.type = '${type}'), lambda x: x.target) END`;

/**
 * Surveys among the Observations: panels with members or components, and what stands alone. Out: `fhir_survey_grouped`, each with
 * the administration that it belongs to.
 */
export const OBSERVATIONS = [
  // An Observation concerns us when its code is known (to the catalogue or to the site), when it is a member of a panel, or when it
  // says that it is a survey. An older version of an Observation is no answer.
  `CREATE TEMP TABLE fhir_survey AS
  WITH panel AS (
    SELECT id AS panel, list_concat(hasMember, ${RELATED("has-member")}) AS members FROM fhir_observation
    WHERE len(hasMember) > 0 OR len(related) > 0
  ), member AS (
    SELECT fhir_key(m.reference) AS id, any_value(panel) AS panel
    FROM (SELECT panel, unnest(members) AS m FROM panel) GROUP BY ALL
  ), known AS (
    -- A code of a short form stands in the long form too: the family of both keeps the items of one sitting together.
    SELECT c.code, arg_max(c.instrument, (i.items, c.instrument)) AS instrument, arg_max(c.kind, (i.items, c.instrument)) AS kind,
      any_value(i.family) AS family
    FROM code c JOIN catalogue_instrument i USING (instrument)
    WHERE c.code_system IS DISTINCT FROM 'propool' GROUP BY c.code
  ), told AS (
    SELECT record_key, id, meta.lastUpdated AS version_at, status, fhir_key(subject.reference) AS patient,
      fhir_key(coalesce(encounter.reference, context.reference)) AS encounter,
      coalesce(effectiveDateTime, effectiveInstant, effectivePeriod.start) AS effective, fhir_type(performer[1].reference) AS performer,
      CASE WHEN len(code.coding) = 1 THEN code.coding[1] ELSE fhir_coding(code.coding) END AS coding, code.text AS item_text,
      ${VALUE("fhir_observation_numbered")},
      CASE WHEN len(component) > 0 THEN component END AS component,
      len(hasMember) > 0 OR len(component) > 0 OR len(${RELATED("has-member")}) > 0 AS is_panel,
      CASE WHEN len(derivedFrom) > 0 OR len(related) > 0 THEN list_filter(list_transform(list_concat(derivedFrom, ${RELATED("derived-from")}),
        lambda x: x.reference), lambda x: fhir_type(x) = 'QuestionnaireResponse')[1] END AS response,
      contains(CAST(category AS VARCHAR), '"survey"') AS is_survey
    FROM fhir_observation_numbered
  ), coded AS (
    SELECT * EXCLUDE (coding), fhir_code_or_text(coding, item_text) AS item_code, fhir_system(coding.system) AS item_system FROM told
  )
  SELECT o.*, k.kind, coalesce(k.instrument, '?' || o.item_code) AS instrument,
    CASE WHEN o.is_panel THEN o.id ELSE member.panel END AS panel,
    CASE WHEN NOT coalesce(o.is_panel, false) AND member.panel IS NULL
      THEN concat_ws('|', coalesce(o.patient, ''), coalesce(o.effective, ''), coalesce(k.family, o.item_code), coalesce(o.encounter, '')) END AS sitting
  FROM coded o
  LEFT JOIN known k ON k.code = o.item_code
  LEFT JOIN member ON member.id = o.id
  WHERE (k.code IS NOT NULL OR member.panel IS NOT NULL OR o.is_survey)
    AND o.record_key NOT IN (SELECT record_key FROM fhir_measured)`,

  `UPDATE intake_record SET state = 'out_of_scope', reason = 'SOURCE_NOT_A_SURVEY'
  WHERE kind = 'Observation' AND state IS NULL AND record_key NOT IN (SELECT record_key FROM fhir_survey UNION ALL SELECT record_key FROM fhir_measured)
    AND record_key NOT IN (SELECT record_key FROM fhir_observation_numbered WHERE status = 'entered-in-error' AND code IS NULL)`,
  "DELETE FROM fhir_survey WHERE record_key IN (SELECT record_key FROM intake_record WHERE kind = 'Observation' AND state = 'superseded')",

  // One answer of a panel that was withdrawn does not withdraw the panel.
  `UPDATE intake_record SET state = 'withdrawn', reason = 'SOURCE_ENTERED_IN_ERROR'
  WHERE record_key IN (SELECT record_key FROM fhir_survey WHERE status = 'entered-in-error' AND panel <> id)`,
  "DELETE FROM fhir_survey WHERE status = 'entered-in-error' AND panel <> id",

  // What was deleted is known by its id alone.
  `INSERT INTO intake_administration BY NAME
  SELECT record_key, 'Observation' AS where_pointer, 'Observation gone ' || record_key AS administration_key, id AS source_id,
    meta.lastUpdated AS version_at, status
  FROM fhir_observation_numbered WHERE status = 'entered-in-error' AND code IS NULL AND id IS NOT NULL ORDER BY record_key`,

  // Members belong to their panel. Observations that stand alone belong together when person, time and instrument agree;
  // the same code again at the same time starts another administration.
  `CREATE TEMP TABLE fhir_survey_again AS
  SELECT record_key, row_number() OVER (PARTITION BY sitting, item_code ORDER BY record_key) AS nth
  FROM fhir_survey WHERE sitting IN (SELECT sitting FROM fhir_survey WHERE sitting IS NOT NULL GROUP BY sitting, item_code HAVING count(*) > 1)`,

  `CREATE TEMP TABLE fhir_survey_grouped AS
  WITH placed AS (
    SELECT s.*, coalesce(a.nth, 1) AS nth FROM fhir_survey s LEFT JOIN fhir_survey_again a USING (record_key)
  ), first AS (
    SELECT sitting, nth, min(record_key) AS first FROM placed WHERE sitting IS NOT NULL GROUP BY ALL
  )
  SELECT p.* EXCLUDE (nth, sitting), 'Observation ' || coalesce('panel ' || p.panel, CAST(f.first AS VARCHAR)) AS administration
  FROM placed p LEFT JOIN first f USING (sitting, nth)`,

  `INSERT INTO intake_administration BY NAME
  SELECT coalesce(min(record_key) FILTER (panel = id), min(record_key)) AS record_key, 'Observation' AS where_pointer, administration AS administration_key,
    CASE WHEN count(*) = 1 OR bool_or(panel IS NOT NULL) THEN arg_min(coalesce(panel, id), record_key) END AS source_id,
    max(version_at) AS version_at, min(patient) AS patient_key, min(encounter) AS encounter_key,
    coalesce(any_value(CASE WHEN kind = 'panel' THEN item_code END), any_value(CASE WHEN panel = id THEN item_code END)) AS instrument_code,
    coalesce(any_value(CASE WHEN kind = 'panel' THEN item_system END), any_value(CASE WHEN panel = id THEN item_system END)) AS instrument_system,
    min(effective) AS answered_at, 'stated' AS answered_origin,
    coalesce(any_value(CASE WHEN panel = id THEN status END), arg_min(status, record_key)) AS status,
    '|' || any_value(performer) AS mode
  FROM fhir_survey_grouped
  GROUP BY administration ORDER BY 1`,

  // A panel without a value of its own only holds its members together.
  `INSERT INTO intake_response BY NAME
  SELECT record_key, administration AS administration_key, '/value' AS where_pointer,
    item_code, item_system, item_text, answer_code, answer_system, answer_text, answer_num, missing, 'reported' AS origin
  FROM fhir_survey_grouped
  WHERE NOT (kind IS NOT DISTINCT FROM 'panel' OR panel IS NOT DISTINCT FROM id)
    OR answer_num IS NOT NULL OR answer_text IS NOT NULL OR answer_code IS NOT NULL
  ORDER BY record_key`,

  `INSERT INTO intake_response BY NAME
  WITH part AS (
    SELECT record_key, administration, unnest(component) AS c, unnest(range(1, len(component) + 1)) AS i
    FROM fhir_survey_grouped WHERE component IS NOT NULL
  )
  SELECT record_key, administration AS administration_key, '/component/' || (i - 1) AS where_pointer,
    fhir_code_or_text(fhir_coding(c.code.coding), c.code.text) AS item_code, fhir_system(fhir_coding(c.code.coding).system) AS item_system, c.code.text AS item_text,
    ${VALUE("c")}, 'reported' AS origin
  FROM part ORDER BY record_key, i`,
];
