/** What is read of a Consent, R4 and R5 side by side; provisions are looked into as they stand. */
export const CONSENT_SHAPE = {
  status: "VARCHAR",
  patient: { reference: "VARCHAR" },
  subject: { reference: "VARCHAR" },
  dateTime: "VARCHAR",
  date: "VARCHAR",
  decision: "VARCHAR",
  provision: "JSON",
} as const;

/**
 * Consents as statements: one for the whole, one for each purpose that a provision names. R4 nests exceptions of the other kind
 * below one provision; R5 states a decision and lists exceptions to it. An exception that refuses something narrower than a purpose
 * (a kind of data, a receiver) counts as a refusal, because it cannot be kept; one that permits something narrower counts as nothing.
 *
 * Source: FHIR R4 and R5, Consent; what `rejected` means for a reader is our own decision: nobody agreed.
 */
export const CONSENTS = [
  `INSERT INTO intake_consent BY NAME
  WITH consent AS (
    SELECT record_key, fhir_key(coalesce(patient.reference, subject.reference)) AS patient_key, coalesce(dateTime, "date") AS decided_at,
      CASE WHEN status = 'rejected' THEN 'deny' ELSE coalesce(decision, provision->>'$.type') END AS base, provision,
      CASE json_type(provision) WHEN 'ARRAY' THEN provision->'$[*]' ELSE provision->'$.provision[*]' END AS exceptions
    FROM fhir_consent_numbered WHERE status IN ('active', 'rejected')
  ), exception AS (
    SELECT * EXCLUDE (exceptions), unnest(exceptions) AS part FROM consent
  ), stated AS (
    SELECT record_key, 'Consent' AS where_pointer, patient_key, decided_at, base AS decision, provision->>'$.period.start' AS from_at,
      provision->>'$.period.end' AS until_at,
      unnest(CASE WHEN coalesce(len(provision->>'$.purpose[*].code'), 0) = 0 THEN [NULL] ELSE provision->>'$.purpose[*].code' END) AS purpose
    FROM consent
    UNION ALL
    SELECT record_key, 'Consent/provision', patient_key, decided_at,
      coalesce(part->>'$.type', CASE base WHEN 'permit' THEN 'deny' WHEN 'deny' THEN 'permit' END), part->>'$.period.start', part->>'$.period.end',
      unnest(CASE WHEN coalesce(len(part->>'$.purpose[*].code'), 0) = 0 THEN [NULL] ELSE part->>'$.purpose[*].code' END)
    FROM exception
  )
  SELECT * FROM stated
  WHERE decision IS NOT NULL AND NOT (where_pointer = 'Consent/provision' AND purpose IS NULL AND decision = 'permit')
  ORDER BY record_key`,
];
