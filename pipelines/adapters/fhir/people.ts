/** Patients, and what is known of their visits, conditions and procedures. */
export const PEOPLE = [
  `INSERT INTO intake_patient BY NAME
  WITH patient AS (
    SELECT * REPLACE (fhir_in_use(name) AS name, fhir_in_use(address) AS address),
      us_core_categories(us_core(extension, 'race')) AS races, us_core_categories(us_core(extension, 'ethnicity')) AS ethnicities,
      us_core(extension, 'birthsex')->>'$.valueCode' AS birth_sex
    FROM fhir_patient_numbered
  )
  SELECT record_key, 'Patient' AS where_pointer, id AS patient_key,
    fhir_family(name.family) AS family_name,
    array_to_string(name.given, ' ') AS given_name,
    -- The CDM's SEX is the one assigned at birth.
    birthDate AS birth_date, CASE WHEN birth_sex IN ('F', 'M') THEN birth_sex ELSE gender END AS sex,
    CASE WHEN len(races) > 1 THEN 'multiple race' ELSE races[1] END AS race, ethnicities[1] AS ethnicity,
    communication[1].language.coding[1].code AS language,
    deceasedDateTime AS death_date, coalesce(deceasedBoolean, deceasedDateTime IS NOT NULL) AS deceased,
    array_to_string(address.line, ' ') AS address, address.city AS city,
    address.state AS state_code, address.postalCode AS zip,
    list_filter(telecom, lambda x: x.system = 'phone')[1].value AS phone,
    list_filter(telecom, lambda x: x.system = 'email')[1].value AS email,
    array_to_string(list_transform(list_filter(identifier, lambda x: NOT is_ssn(x)), lambda x: x.value), ' ') AS mrn,
    list_filter(identifier, lambda x: is_ssn(x))[1].value AS ssn
  FROM patient`,

  // Maiden names, second addresses, relatives: nothing of them loads, and nothing of them may leave.
  `INSERT INTO intake_identifier BY NAME
  WITH further AS (
    SELECT record_key, 'name' AS kind, unnest(flatten(list_transform(name, lambda n: [fhir_family(n.family), array_to_string(n.given, ' '), n.text]))) AS value FROM fhir_patient_numbered
    UNION ALL SELECT record_key, 'telecom', unnest(list_transform(telecom, lambda t: t.value)) FROM fhir_patient_numbered
    UNION ALL SELECT record_key, 'address', unnest(flatten(list_transform(address, lambda a: [array_to_string(a.line, ' '), a.text]))) FROM fhir_patient_numbered
    UNION ALL SELECT record_key, 'address', unnest(flatten(list_transform(address, lambda a: a.line))) FROM fhir_patient_numbered
    UNION ALL SELECT record_key, 'identifier', unnest(list_transform(identifier, lambda i: i.value)) FROM fhir_patient_numbered
    UNION ALL SELECT record_key, 'name', unnest(json_extract_string(to_json(contact), '$..family')) FROM fhir_patient_numbered WHERE contact IS NOT NULL
    UNION ALL SELECT record_key, 'name', unnest(json_extract_string(to_json(contact), '$..given[*]')) FROM fhir_patient_numbered WHERE contact IS NOT NULL
    UNION ALL SELECT record_key, 'name', unnest(json_extract_string(to_json(contact), '$..text')) FROM fhir_patient_numbered WHERE contact IS NOT NULL
    UNION ALL SELECT record_key, 'address', unnest(json_extract_string(to_json(contact), '$..line[*]')) FROM fhir_patient_numbered WHERE contact IS NOT NULL
    UNION ALL SELECT record_key, 'telecom', unnest(json_extract_string(to_json(contact), '$..value')) FROM fhir_patient_numbered WHERE contact IS NOT NULL
    UNION ALL SELECT record_key, 'name', subject.display FROM fhir_questionnaireresponse_numbered WHERE subject.display IS NOT NULL
    UNION ALL SELECT record_key, 'name', subject.display FROM fhir_observation_numbered WHERE subject.display IS NOT NULL
  )
  SELECT min(record_key) AS record_key, kind, value FROM further WHERE value IS NOT NULL GROUP BY kind, value ORDER BY 1, 2, 3`,

  `INSERT INTO intake_encounter BY NAME
  WITH role AS (
    SELECT id, fhir_key(practitioner.reference) AS practitioner, nullif(fhir_concept(specialty), '') AS specialty FROM fhir_practitionerrole
  ), taking AS (
    -- The practitioner or role of a visit, by whichever member the version names them.
    SELECT record_key, fhir_key(unnest(json_extract_string(participant, '$..reference'))) AS who FROM fhir_encounter_numbered WHERE participant IS NOT NULL
  ), treated AS (
    SELECT t.record_key, min(r.specialty) AS specialty FROM taking t
    JOIN (SELECT id AS who, specialty FROM role UNION ALL SELECT practitioner, specialty FROM role) r USING (who) GROUP BY t.record_key
  ), place AS (SELECT id, any_value(fhir_concept(type)) AS kind FROM fhir_location GROUP BY id),
  owner AS (SELECT id, any_value(fhir_concept(type)) AS kind FROM fhir_organization GROUP BY id)
  SELECT e.record_key, 'Encounter' AS where_pointer, fhir_key(coalesce(e.subject.reference, e.patient.reference)) AS patient_key,
    e.id AS encounter_key, coalesce(e.period.start, e.actualPeriod.start) AS start_at, coalesce(e.period."end", e.actualPeriod."end") AS end_at,
    coalesce(e.class->>'$.code', e.class->>'$[0].coding[0].code', e.class->>'$.coding[0].code', CASE WHEN json_type(e.class) = 'VARCHAR' THEN e.class->>'$' END) AS class,
    e.location[1].location.display AS location,
    coalesce(nullif(p.kind, ''), nullif(o.kind, '')) AS facility_type, coalesce(nullif(fhir_concept(e.serviceType), ''), t.specialty) AS specialty, e.status
  FROM fhir_encounter_numbered e
  LEFT JOIN place p ON p.id = fhir_key(e.location[1].location.reference)
  LEFT JOIN owner o ON o.id = fhir_key(e.serviceProvider.reference)
  LEFT JOIN treated t ON t.record_key = e.record_key
  ORDER BY e.record_key`,

  `INSERT INTO intake_condition BY NAME
  SELECT record_key, 'Condition' AS where_pointer, fhir_key(coalesce(subject.reference, patient.reference)) AS patient_key,
    fhir_key(coalesce(encounter.reference, context.reference)) AS encounter_key, id AS condition_key,
    fhir_code(code.coding[1].code) AS code, fhir_system(code.coding[1].system) AS code_system,
    CASE WHEN coalesce(verificationStatus->>'$.coding[0].code', verificationStatus->>'$') = 'entered-in-error' THEN 'entered-in-error'
      ELSE coalesce(clinicalStatus->>'$.coding[0].code', clinicalStatus->>'$') END AS status,
    coalesce(onsetDateTime, onsetPeriod.start) AS onset_at, coalesce(recordedDate, assertedDate, dateRecorded) AS recorded_at,
    abatementDateTime AS resolved_at
  FROM fhir_condition_numbered`,

  `INSERT INTO intake_procedure BY NAME
  SELECT record_key, 'Procedure' AS where_pointer, fhir_key(subject.reference) AS patient_key,
    fhir_key(coalesce(encounter.reference, context.reference)) AS encounter_key, id AS procedure_key,
    fhir_code(code.coding[1].code) AS code, fhir_system(code.coding[1].system) AS code_system,
    coalesce(performedDateTime, performedPeriod.start, occurrenceDateTime, occurrencePeriod.start) AS performed_at, status
  FROM fhir_procedure_numbered
  WHERE status IS DISTINCT FROM 'not-done'`,
];
