import { aliasKeySql } from "../../core/alias-key.ts";
import { REQUESTS, resourceTable } from "./resources.ts";

const EACH = Object.entries(REQUESTS)
  .map(
    ([type, kind]) =>
      `SELECT '${kind}' AS kind, * FROM ${resourceTable(type as keyof typeof REQUESTS)}_numbered`,
  )
  .join(" UNION ALL BY NAME ");

/** Members in which requests name forms, and the paths of the names in them. */
const FORM_PLACES = [
  ...["focus", "about", "input", "payload"].map((member) => [member, "$..reference"]),
  ["extension", "$..valueReference.reference"],
  ["extension", "$..valueCanonical"],
  ["extension", "$..valueUri"],
  ["input", "$..valueCanonical"],
  ["input", "$..valueUri"],
  ["instantiatesCanonical", "$"],
  ["instantiatesCanonical", "$[*]"],
  ["instantiatesUri", "$"],
  ["instantiatesUri", "$[*]"],
] as const;

const isList = (path: string) => path.includes("..") || path.includes("*");
const textsAt = (member: string, path: string) =>
  isList(path)
    ? `json_extract_string(${member}, '${path}')`
    : `CASE WHEN json_type(${member}) = 'VARCHAR' THEN [json_extract_string(${member}, '${path}')] ELSE [] END`;

/** Which forms requests name. Before the forms are looked up. Out: `fhir_request`, `fhir_asked_form` (record_key, form_name). */
export const ASKED_FORMS = [
  `CREATE TEMP TABLE fhir_request AS ${EACH}`,

  `CREATE TEMP TABLE fhir_asked_form AS
  WITH named AS (${FORM_PLACES.map(
    ([member, path]) =>
      `SELECT record_key, unnest(${textsAt(member, path)}) AS form_name FROM fhir_request WHERE ${member} IS NOT NULL`,
  ).join(" UNION ")})
  SELECT record_key, form_name FROM named
  WHERE contains(form_name, 'Questionnaire/') OR form_name IN (SELECT url FROM fhir_questionnaire)`,
];

/** The requests that a request is based on, by id; a task also says in its focus what it carries out. */
const ORDERS = `list_concat(json_extract_string(basedOn, '$..reference'),
  list_filter(coalesce(json_extract_string(focus, '$..reference'), []), lambda f: regexp_matches(f, '(^|/)(ServiceRequest|ProcedureRequest|ReferralRequest|DiagnosticOrder|CommunicationRequest|Task)/')))`;

/**
 * What people were asked for: orders, tasks and messages, a row for each form or coded instrument in them. A task that names none
 * asks for what its order names.
 */
export const ASKED_FOR = [
  `INSERT INTO intake_request BY NAME
  WITH based AS (
    SELECT record_key, fhir_key(${ORDERS}[1]) AS order_key FROM fhir_request
  ), coded AS (
    SELECT record_key, fhir_code(c->>'$.code') AS code, fhir_system(c->>'$.system') AS system
    FROM (
      SELECT record_key, unnest(list_concat(json_extract(code, '$.coding[*]'), json_extract(item, '$[*].code.coding[*]'))) AS c FROM fhir_request
    ) WHERE fhir_code(c->>'$.code') IS NOT NULL
  ), called AS (
    SELECT instrument, alias FROM catalogue_alias WHERE kind = 'panel'
    UNION SELECT instrument, unnest([${aliasKeySql("instrument")}, ${aliasKeySql("name")}]) FROM catalogue_instrument
  ), titled AS (
    SELECT r.record_key, c.instrument
    FROM (SELECT record_key, ' ' || ${aliasKeySql("code->>'$.text'")} || ' ' AS words FROM fhir_request WHERE code->>'$.text' IS NOT NULL) r
    JOIN called c ON contains(r.words, ' ' || c.alias || ' ')
  ), own AS (
    SELECT f.record_key, n.panel AS code, n.panel_system AS system, f.form_name AS text
    FROM fhir_asked_form f JOIN fhir_named n ON n.form_name = f.form_name AND n.own IS NULL AND n.display IS NULL
    UNION ALL
    -- A form says it better than a code, which may be that of any questionnaire.
    SELECT c.record_key, c.code, c.system, NULL FROM coded c
    WHERE c.record_key NOT IN (SELECT record_key FROM fhir_asked_form) AND c.code IN (SELECT code FROM code)
    UNION ALL
    SELECT record_key, instrument, 'propool', NULL FROM titled
    WHERE record_key NOT IN (SELECT record_key FROM fhir_asked_form UNION SELECT record_key FROM coded WHERE code IN (SELECT code FROM code))
  ), asked AS (
    SELECT * FROM own
    UNION ALL
    SELECT b.record_key, o.code, o.system, o.text
    FROM based b JOIN fhir_request r ON r.id = b.order_key JOIN own o ON o.record_key = r.record_key
    WHERE b.record_key NOT IN (SELECT record_key FROM own)
  )
  SELECT r.record_key, r.resourceType AS where_pointer,
    coalesce(fhir_key(coalesce(r.subject.reference, r.patient.reference, r.for.reference)),
      fhir_key(list_filter(coalesce(json_extract_string(r.recipient, '$..reference'), []), lambda x: fhir_type(x) = 'Patient')[1])) AS patient_key,
    fhir_key(coalesce(r.encounter.reference, r.context.reference)) AS encounter_key,
    r.id AS request_key, nullif(b.order_key, '') AS order_key, r.kind,
    a.code AS instrument_code, a.system AS instrument_system, a.text AS instrument_text,
    coalesce(r.authoredOn, r.orderedOn, r.requestedOn, r.occurrenceDateTime, r.occurrencePeriod.start, r.executionPeriod.start, r.meta.lastUpdated) AS requested_at,
    CASE WHEN coalesce(r.authoredOn, r.orderedOn, r.requestedOn) IS NOT NULL THEN 'stated' ELSE 'derived' END AS requested_origin,
    coalesce(r.restriction->>'$.period.end', r.requestedPeriod."end", r.occurrencePeriod."end") AS due_at,
    CASE WHEN r.status = 'entered-in-error' THEN r.status WHEN r.intent IN ('proposal', 'plan') THEN 'draft' ELSE r.status END AS status,
    nullif(fhir_concept(r.medium), '') AS channel,
    fhir_key(list_filter(coalesce(json_extract_string(r.output, '$..reference'), []), lambda x: fhir_type(x) = 'QuestionnaireResponse')[1]) AS administration_id
  FROM fhir_request r
  JOIN based b USING (record_key)
  LEFT JOIN (SELECT DISTINCT * FROM asked) a USING (record_key)
  ORDER BY r.record_key`,
];
