import type { DuckDb } from "../../../warehouse/duckdb.ts";
import { nextRecordKey } from "../intake.ts";
import {
  FORM_ITEM,
  RESOURCES,
  RESPONSE_ITEM,
  type ResourceType,
  resourceTable,
} from "./resources.ts";
import { jsonStructure } from "./shape.ts";

const ORDINAL =
  "('http://hl7.org/fhir/StructureDefinition/ordinalValue', 'http://hl7.org/fhir/StructureDefinition/itemWeight')";

/** Short names for what FHIR spells out at length; each is plain SQL that DuckDB expands in place. */
const MACROS = [
  // Relative, absolute and versioned references and urn:uuid all end in the id.
  "fhir_key(r) AS regexp_extract(regexp_replace(r, '/_history/.*$', ''), '([^/:]+)$', 1)",
  "fhir_type(r) AS nullif(regexp_extract(regexp_replace(r, '/_history/.*$', ''), '([A-Za-z]+)/[^/]+$', 1), '')",
  `fhir_ordinal(e) AS list_filter(e, lambda x: x.url IN ${ORDINAL})[1].valueDecimal`,
  "fhir_number(t) AS TRY_CAST(t AS DECIMAL(18,6))",
  // A number that is none, or too large for one, goes on as a text: so the mapping sees an answer and refuses it.
  "fhir_no_number(t) AS CASE WHEN fhir_number(t) IS NULL THEN t END",
  "loinc_in(t) AS nullif(regexp_extract(t, '(?:^|[^0-9])([0-9]{3,7}-[0-9])(?:$|[^0-9])', 1), '')",
  "fhir_coding(c) AS coalesce(list_filter(c, lambda x: x.system = 'http://loinc.org')[1], c[1])",
  // Extensions differ too much to be read strictly; a JSON path finds the value wherever it stands.
  "us_core(e, name, path) AS json_extract_string(list_filter(e, lambda x: (x->>'url') = 'http://hl7.org/fhir/us/core/StructureDefinition/' || name)[1], path)",
];

/** Numbers all resources that were read and fills the intake tables from them. */
export async function fillIntake(db: DuckDb): Promise<void> {
  for (const macro of MACROS) await db.run(`CREATE OR REPLACE TEMP MACRO ${macro}`);
  for (const type of Object.keys(RESOURCES) as ResourceType[]) await numberResources(db, type);
  for (const statement of [...PEOPLE, ...FORMS, ...RESPONSES, ...OBSERVATIONS])
    await db.run(statement);
}

/** A resource's record key is its row in the table plus an offset, so that numbering costs no sort. */
async function numberResources(db: DuckDb, type: ResourceType): Promise<void> {
  const table = resourceTable(type);
  const offset = await nextRecordKey(db);
  await db.run(
    `CREATE TEMP VIEW ${table}_numbered AS SELECT rowid + ${offset} AS record_key, * FROM ${table}`,
  );
  await db.run(`INSERT INTO intake_record
    WITH first_row AS (SELECT file, min(rowid) AS first_row FROM ${table} GROUP BY file)
    SELECT t.rowid + ${offset}, t.file, coalesce(t._where, 'line ' || (t.rowid - f.first_row + 1)),
      t.resourceType, NULL, NULL, NULL
    FROM ${table} t JOIN first_row f USING (file)
    ORDER BY t.rowid`);
}

const PEOPLE = [
  `INSERT INTO intake_patient BY NAME
  SELECT record_key, 'Patient' AS where_pointer, id AS patient_key,
    name[1].family AS family_name, array_to_string(name[1].given, ' ') AS given_name,
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
  SELECT record_key, 'Encounter' AS where_pointer, fhir_key(subject.reference) AS patient_key,
    id AS encounter_key, period.start AS start_at, period."end" AS end_at,
    coalesce(class->>'$.code', class->>'$[0].coding[0].code', class->>'$') AS class,
    location[1].location.display AS location
  FROM fhir_encounter_numbered`,

  `INSERT INTO intake_condition BY NAME
  SELECT record_key, 'Condition' AS where_pointer, fhir_key(subject.reference) AS patient_key,
    fhir_key(encounter.reference) AS encounter_key, id AS condition_key,
    code.coding[1].code AS code, code.coding[1].system AS code_system,
    coalesce(clinicalStatus->>'$.coding[0].code', clinicalStatus->>'$') AS status,
    onsetDateTime AS onset_at, recordedDate AS recorded_at, abatementDateTime AS resolved_at
  FROM fhir_condition_numbered`,

  `INSERT INTO intake_procedure BY NAME
  SELECT record_key, 'Procedure' AS where_pointer, fhir_key(subject.reference) AS patient_key,
    fhir_key(encounter.reference) AS encounter_key, id AS procedure_key,
    code.coding[1].code AS code, code.coding[1].system AS code_system,
    coalesce(performedDateTime, performedPeriod.start) AS performed_at
  FROM fhir_procedure_numbered
  WHERE status IS DISTINCT FROM 'not-done' AND status IS DISTINCT FROM 'entered-in-error'`,
];

/** The forms: the panel code of each Questionnaire and the code of each linkId, at any depth. */
const FORMS = [
  `CREATE TEMP TABLE fhir_form AS
  SELECT coalesce(url, '') AS url, id, list_filter(code, lambda x: x.system = 'http://loinc.org')[1].code AS panel
  FROM fhir_questionnaire`,

  `CREATE TEMP TABLE fhir_form_item AS
  WITH RECURSIVE items AS (
    SELECT form, i.linkId AS link_id, fhir_coding(i.code) AS code, i.item AS nested
    FROM (SELECT id AS form, unnest(item) AS i FROM fhir_questionnaire)
    UNION ALL
    SELECT form, i.linkId, fhir_coding(i.code), i.item
    FROM (SELECT form, unnest(json_transform(nested, '${jsonStructure([FORM_ITEM])}')) AS i FROM items WHERE nested IS NOT NULL)
  )
  SELECT form, link_id, any_value(code) AS code FROM items WHERE code IS NOT NULL GROUP BY form, link_id`,
];

const CANONICAL =
  "coalesce(CASE WHEN json_type(questionnaire) = 'VARCHAR' THEN questionnaire->>'$' END, questionnaire->>'$.reference')";

const RESPONSES = [
  `CREATE TEMP TABLE fhir_answered AS
  WITH response AS (
    SELECT *, ${CANONICAL} AS form_name, split_part(${CANONICAL}, '|', 1) AS form_url
    FROM fhir_questionnaireresponse_numbered
  ), form AS (
    SELECT r.record_key, any_value(f.id) AS form, any_value(f.panel) AS panel
    FROM response r JOIN fhir_form f ON f.url = r.form_url OR f.id = fhir_key(r.form_url)
    GROUP BY r.record_key
  )
  SELECT r.*, f.form, coalesce(f.panel, loinc_in(r.form_name)) AS panel
  FROM response r LEFT JOIN form f USING (record_key)`,

  `INSERT INTO intake_administration BY NAME
  SELECT record_key, 'QuestionnaireResponse' AS where_pointer, CAST(record_key AS VARCHAR) AS administration_key,
    id AS source_id, meta.lastUpdated AS version_at,
    fhir_key(coalesce(subject.reference,
      CASE WHEN fhir_type(source.reference) = 'Patient' THEN source.reference END,
      CASE WHEN fhir_type(author.reference) = 'Patient' THEN author.reference END)) AS patient_key,
    fhir_key(encounter.reference) AS encounter_key,
    panel AS instrument_code, CASE WHEN panel IS NOT NULL THEN 'http://loinc.org' END AS instrument_system,
    form_name AS instrument_text, nullif(split_part(form_name, '|', 2), '') AS instrument_version,
    authored AS answered_at, 'stated' AS answered_origin, status,
    json_extract_string(list_filter(extension, lambda x:
      (x->>'url') = 'http://hl7.org/fhir/StructureDefinition/questionnaireresponse-completionMode')[1],
      '$.valueCodeableConcept.coding[0].code') AS method,
    CASE WHEN source.reference IS NOT NULL OR author.reference IS NOT NULL
      THEN coalesce(fhir_type(source.reference), '') || '|' || coalesce(fhir_type(author.reference), '') END AS mode,
    language
  FROM fhir_answered`,

  // Level by level, so that depth costs nothing where there is none. The pointer is JSON's; the path sorts items as they stand
  // in the form, where the pointer would put the tenth before the second.
  `CREATE TEMP TABLE fhir_item AS
  WITH RECURSIVE items AS (
    SELECT record_key, form, [i] AS path, '/item/' || (i - 1) AS pointer, item[i] AS one
    FROM (SELECT record_key, form, item, unnest(range(1, len(item) + 1)) AS i FROM fhir_answered)
    UNION ALL
    SELECT record_key, form, list_append(path, i), pointer || '/item/' || (i - 1), nested[i]
    FROM (
      SELECT record_key, form, path, pointer, nested, unnest(range(1, len(nested) + 1)) AS i
      FROM (
        SELECT record_key, form, list_append(path, 0) AS path, pointer, json_transform(one.item, '${jsonStructure([RESPONSE_ITEM])}') AS nested
        FROM items WHERE one.item IS NOT NULL
        UNION ALL
        SELECT record_key, form, list_append(path, a), pointer || '/answer/' || (a - 1), json_transform(answers[a].item, '${jsonStructure([RESPONSE_ITEM])}')
        FROM (
          SELECT record_key, form, path, pointer, one.answer AS answers, unnest(range(1, len(one.answer) + 1)) AS a
          FROM items
        ) WHERE answers[a].item IS NOT NULL
      )
    )
  )
  SELECT * FROM items`,

  `INSERT INTO intake_response BY NAME
  WITH answered AS (
    SELECT record_key, form, path, pointer, one.linkId AS link_id, one.text AS item_text, one.answer AS answers,
      one.item IS NOT NULL AS is_group,
      unnest(CASE WHEN coalesce(len(one.answer), 0) = 0 THEN [0] ELSE range(1, len(one.answer) + 1) END) AS a
    FROM fhir_item
  ), coded AS (
    SELECT t.*, answers[a] AS answer, f.code AS form_code, loinc_in(t.link_id) AS link_code
    FROM answered t LEFT JOIN fhir_form_item f ON f.form = t.form AND f.link_id = t.link_id
    WHERE a > 0 OR NOT is_group
  )
  SELECT record_key, CAST(record_key AS VARCHAR) AS administration_key,
    pointer || CASE WHEN a > 0 THEN '/answer/' || (a - 1) ELSE '' END AS where_pointer,
    coalesce(form_code.code, link_code, link_id) AS item_code,
    CASE WHEN form_code.code IS NOT NULL THEN form_code.system WHEN link_code IS NOT NULL THEN 'http://loinc.org' END AS item_system,
    item_text,
    answer.valueCoding.code AS answer_code, answer.valueCoding.system AS answer_system,
    coalesce(answer.valueCoding.display, answer.valueString, answer.valueBoolean, answer.valueDate, answer.valueDateTime,
      fhir_no_number(coalesce(answer.valueInteger, answer.valueDecimal, answer.valueQuantity.value))) AS answer_text,
    fhir_number(coalesce(fhir_ordinal(answer.valueCoding.extension), fhir_ordinal(answer.extension),
      answer.valueInteger, answer.valueDecimal, answer.valueQuantity.value)) AS answer_num,
    CASE WHEN a = 0 THEN 'no answer' END AS missing,
    'reported' AS origin
  FROM coded
  ORDER BY record_key, path, a`,
];

const OBSERVATION_VALUE = (o: string) => `
    ${o}.valueCodeableConcept.coding[1].code AS answer_code,
    ${o}.valueCodeableConcept.coding[1].system AS answer_system,
    coalesce(${o}.valueCodeableConcept.coding[1].display, ${o}.valueCodeableConcept.text, ${o}.valueString,
      fhir_no_number(coalesce(${o}.valueInteger, ${o}.valueQuantity.value))) AS answer_text,
    fhir_number(coalesce(fhir_ordinal(${o}.valueCodeableConcept.coding[1].extension), ${o}.valueInteger, ${o}.valueQuantity.value)) AS answer_num,
    coalesce(${o}.dataAbsentReason.coding[1].code, ${o}.dataAbsentReason.text) AS missing`;

const OBSERVATIONS = [
  // An Observation concerns us when its code is known (to the catalogue or to the site), when it is a member of a panel, or when it
  // says that it is a survey.
  `CREATE TEMP TABLE fhir_survey AS
  WITH member AS (
    SELECT fhir_key(m.reference) AS id, any_value(panel) AS panel
    FROM (SELECT id AS panel, unnest(hasMember) AS m FROM fhir_observation) GROUP BY ALL
  ), known AS (
    -- A code of a short form stands in the long form too: the longer one keeps the items of one sitting together.
    SELECT c.code, arg_max(c.instrument, (i.items, c.instrument)) AS instrument, arg_max(c.kind, (i.items, c.instrument)) AS kind
    FROM code c JOIN catalogue_instrument i USING (instrument)
    WHERE c.code_system IS DISTINCT FROM 'propool' GROUP BY c.code
  )
  SELECT o.*, coalesce(o.effectiveDateTime, o.effectiveInstant, o.effectivePeriod.start) AS effective,
    fhir_coding(o.code.coding) AS coded, k.kind, coalesce(k.instrument, '?' || fhir_coding(o.code.coding).code) AS instrument,
    CASE WHEN o.hasMember IS NOT NULL OR len(o.component) > 0 THEN o.id ELSE member.panel END AS panel
  FROM fhir_observation_numbered o
  LEFT JOIN known k ON k.code = fhir_coding(o.code.coding).code
  LEFT JOIN member ON member.id = o.id
  WHERE k.code IS NOT NULL OR member.panel IS NOT NULL OR contains(CAST(o.category AS VARCHAR), '"survey"')`,

  `UPDATE intake_record SET state = 'out_of_scope', reason = 'SOURCE_NOT_A_SURVEY'
  WHERE kind = 'Observation' AND state IS NULL AND record_key NOT IN (SELECT record_key FROM fhir_survey)`,

  // Members belong to their panel. Observations that stand alone belong together when person, time and instrument agree;
  // the same code again at the same time starts another administration.
  `CREATE TEMP TABLE fhir_survey_grouped AS
  SELECT *, coalesce('panel ' || panel, concat_ws('|', subject.reference, effective, instrument, encounter.reference,
      row_number() OVER (PARTITION BY subject.reference, effective, instrument, encounter.reference, coded.code, panel ORDER BY record_key))) AS administration
  FROM fhir_survey`,

  `INSERT INTO intake_administration BY NAME
  SELECT coalesce(min(record_key) FILTER (panel = id), min(record_key)) AS record_key, 'Observation' AS where_pointer, 'Observation ' || administration AS administration_key,
    CASE WHEN count(*) = 1 OR bool_or(panel IS NOT NULL) THEN arg_min(coalesce(panel, id), record_key) END AS source_id,
    max(meta.lastUpdated) AS version_at,
    fhir_key(min(subject.reference)) AS patient_key, fhir_key(min(encounter.reference)) AS encounter_key,
    coalesce(any_value(CASE WHEN kind = 'panel' THEN coded.code END), any_value(CASE WHEN panel = id THEN coded.code END)) AS instrument_code,
    coalesce(any_value(CASE WHEN kind = 'panel' THEN coded.system END), any_value(CASE WHEN panel = id THEN coded.system END)) AS instrument_system,
    min(effective) AS answered_at, 'stated' AS answered_origin, arg_min(status, record_key) AS status,
    CASE WHEN any_value(fhir_type(performer[1].reference)) IS NOT NULL
      THEN '|' || any_value(fhir_type(performer[1].reference)) END AS mode
  FROM fhir_survey_grouped
  GROUP BY administration ORDER BY 1`,

  // A panel without a value of its own only holds its members together.
  `INSERT INTO intake_response BY NAME
  SELECT record_key, 'Observation ' || administration AS administration_key, '/value' AS where_pointer,
    coded.code AS item_code, coded.system AS item_system, code.text AS item_text, ${OBSERVATION_VALUE("fhir_survey_grouped")},
    'reported' AS origin
  FROM fhir_survey_grouped
  WHERE NOT (kind IS NOT DISTINCT FROM 'panel' OR panel IS NOT DISTINCT FROM id)
    OR coalesce(valueInteger, valueQuantity.value, valueString, valueCodeableConcept.coding[1].code) IS NOT NULL
  ORDER BY record_key`,

  `INSERT INTO intake_response BY NAME
  WITH part AS (
    SELECT record_key, administration, component, unnest(range(1, len(component) + 1)) AS i FROM fhir_survey_grouped
  ), named AS (SELECT record_key, administration, i, component[i] AS c FROM part)
  SELECT record_key, 'Observation ' || administration AS administration_key, '/component/' || (i - 1) AS where_pointer,
    fhir_coding(c.code.coding).code AS item_code, fhir_coding(c.code.coding).system AS item_system, c.code.text AS item_text,
    ${OBSERVATION_VALUE("c")}, 'reported' AS origin
  FROM named ORDER BY record_key, i`,
];
