/** The observation's value as a measurement; `unit` in UCUM where it says so. */
const RESULT = (o: string) => `
    fhir_number(coalesce(${o}.valueQuantity.value, ${o}.valueInteger)) AS result_num,
    ${o}.valueQuantity.comparator AS result_modifier,
    fhir_code(${o}.valueCodeableConcept.coding[1].code) AS result_code, fhir_system(${o}.valueCodeableConcept.coding[1].system) AS result_system,
    coalesce(${o}.valueCodeableConcept.coding[1].display, ${o}.valueCodeableConcept.text) AS result_text,
    coalesce(${o}.valueQuantity.code, ${o}.valueQuantity.unit) AS unit`;

/** All that a device is called: its kind, its code, its names. */
const DEVICE_WORDS = (d: string) => `nullif(concat_ws(' ',
    array_to_string(json_extract_string(${d}.type, '$..code'), ' '), array_to_string(json_extract_string(${d}.type, '$..display'), ' '),
    array_to_string(json_extract_string(${d}.type, '$..text'), ' '), array_to_string(json_extract_string(${d}.deviceName, '$[*].name'), ' '),
    array_to_string(json_extract_string(${d}.name, '$[*].value'), ' '), ${d}.displayName, ${d}.model, ${d}.modelNumber, ${d}.manufacturer), '')`;

/** The devices of the export by id: what they are called. */
export const DEVICES = [
  `CREATE TEMP TABLE fhir_device_words AS
  SELECT id, any_value(${DEVICE_WORDS("fhir_device")}) AS words FROM fhir_device WHERE id IS NOT NULL GROUP BY id`,
];

/** No site lists codes, no Observation is a measurement. */
export const NO_MEASUREMENTS = ["CREATE TEMP TABLE fhir_measured (record_key BIGINT)"];

/**
 * Observations whose code, or that of one of their components, the site lists: a row a value. In: `observation_code`. Out:
 * `intake_observation`, and `fhir_measured` with the records that are no surveys therefore.
 */
export const MEASUREMENTS = [
  `CREATE TEMP TABLE fhir_measurement AS
  WITH coded AS (
    SELECT record_key, -1 AS part, unnest(code.coding) AS coding FROM fhir_observation_numbered
    UNION ALL
    SELECT record_key, part, unnest(c.code.coding) FROM (
      SELECT record_key, unnest(component) AS c, unnest(range(0, len(component))) AS part FROM fhir_observation_numbered WHERE len(component) > 0
    )
  )
  SELECT c.record_key, c.part, min(o.rowid) AS listed
  FROM coded c JOIN observation_code o ON o.code = fhir_code(c.coding.code) AND (c.coding.system IS NULL OR o.code_system = fhir_system(c.coding.system))
  WHERE o.code NOT IN (SELECT code FROM catalogue_code)
  GROUP BY ALL`,

  "CREATE TEMP TABLE fhir_measured AS SELECT DISTINCT record_key FROM fhir_measurement",

  `INSERT INTO intake_observation BY NAME
  SELECT o.record_key, CASE WHEN m.part >= 0 THEN '/component/' || m.part ELSE '/value' END AS where_pointer,
    fhir_key(o.subject.reference) AS patient_key, fhir_key(coalesce(o.encounter.reference, o.context.reference)) AS encounter_key,
    o.id AS observation_key, o.status, l.code, l.code_system,
    coalesce(o.effectiveDateTime, o.effectiveInstant, o.effectivePeriod.start) AS start_at, o.effectivePeriod."end" AS end_at,
    CASE WHEN m.part >= 0 THEN p.result_num ELSE w.result_num END AS result_num,
    CASE WHEN m.part >= 0 THEN p.result_modifier ELSE w.result_modifier END AS result_modifier,
    CASE WHEN m.part >= 0 THEN p.result_code ELSE w.result_code END AS result_code,
    CASE WHEN m.part >= 0 THEN p.result_system ELSE w.result_system END AS result_system,
    CASE WHEN m.part >= 0 THEN p.result_text ELSE w.result_text END AS result_text,
    CASE WHEN m.part >= 0 THEN p.unit ELSE w.unit END AS unit,
    fhir_type(o.performer[1].reference) AS performer,
    CASE WHEN o.device IS NOT NULL OR fhir_type(o.performer[1].reference) = 'Device' THEN coalesce(d.words, o.device.display, '?') END AS device
  FROM fhir_measurement m
  JOIN fhir_observation_numbered o USING (record_key)
  JOIN observation_code l ON l.rowid = m.listed
  LEFT JOIN fhir_device_words d ON d.id = fhir_key(coalesce(o.device.reference, CASE WHEN fhir_type(o.performer[1].reference) = 'Device' THEN o.performer[1].reference END)),
  LATERAL (SELECT ${RESULT("o")}) w,
  LATERAL (SELECT ${RESULT("o.component[m.part + 1]")}) p
  -- A panel (both blood pressures) has no value of its own.
  WHERE m.part >= 0 OR NOT (coalesce(len(o.component), 0) > 0 AND w.result_num IS NULL AND w.result_code IS NULL)
  ORDER BY m.record_key, m.part`,
];
