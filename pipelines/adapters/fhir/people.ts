/** Patients, and what is known of their visits, conditions and procedures. */
export const PEOPLE = [
  `INSERT INTO intake_patient BY NAME
  SELECT record_key, 'Patient' AS where_pointer, id AS patient_key,
    -- DSTU2 has a list of family names, which arrives as its text.
    CASE WHEN starts_with(name[1].family, '[') THEN array_to_string(TRY_CAST(name[1].family AS VARCHAR[]), ' ') ELSE name[1].family END AS family_name,
    array_to_string(name[1].given, ' ') AS given_name,
    birthDate AS birth_date, gender AS sex,
    us_core(extension, 'us-core-race', '$.extension[0].valueCoding.code') AS race,
    us_core(extension, 'us-core-ethnicity', '$.extension[0].valueCoding.code') AS ethnicity,
    communication[1].language.coding[1].code AS language,
    deceasedDateTime AS death_date, coalesce(deceasedBoolean, deceasedDateTime IS NOT NULL) AS deceased,
    array_to_string(address[1].line, ' ') AS address, address[1].city AS city,
    address[1].state AS state_code, address[1].postalCode AS zip,
    list_filter(telecom, lambda x: x.system = 'phone')[1].value AS phone,
    list_filter(telecom, lambda x: x.system = 'email')[1].value AS email,
    array_to_string(list_transform(list_filter(identifier, lambda x: x.system IS DISTINCT FROM 'http://hl7.org/fhir/sid/us-ssn'), lambda x: x.value), ' ') AS mrn,
    list_filter(identifier, lambda x: x.system = 'http://hl7.org/fhir/sid/us-ssn')[1].value AS ssn
  FROM fhir_patient_numbered`,

  `INSERT INTO intake_encounter BY NAME
  WITH place AS (SELECT id, any_value(fhir_concept(type)) AS kind FROM fhir_location GROUP BY id),
  owner AS (SELECT id, any_value(fhir_concept(type)) AS kind FROM fhir_organization GROUP BY id)
  SELECT e.record_key, 'Encounter' AS where_pointer, fhir_key(coalesce(e.subject.reference, e.patient.reference)) AS patient_key,
    e.id AS encounter_key, coalesce(e.period.start, e.actualPeriod.start) AS start_at, coalesce(e.period."end", e.actualPeriod."end") AS end_at,
    coalesce(e.class->>'$.code', e.class->>'$[0].coding[0].code', e.class->>'$.coding[0].code', CASE WHEN json_type(e.class) = 'VARCHAR' THEN e.class->>'$' END) AS class,
    e.location[1].location.display AS location,
    coalesce(nullif(p.kind, ''), nullif(o.kind, '')) AS facility_type, nullif(fhir_concept(e.serviceType), '') AS specialty, e.status
  FROM fhir_encounter_numbered e
  LEFT JOIN place p ON p.id = fhir_key(e.location[1].location.reference)
  LEFT JOIN owner o ON o.id = fhir_key(e.serviceProvider.reference)
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
