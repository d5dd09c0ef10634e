import type { DuckDb } from "../../../warehouse/duckdb.ts";

/**
 * Sets documents aside of which the export holds the same bytes already (duplicate), or a newer version (superseded): by set
 * and version number, or because another document says that it replaces it. Only within one person, because systems that copied
 * an example repeat its ids. Everything in such a document ends with it.
 *
 * In: `ccda_document`. Out: state and reason in `intake_record`.
 */
export async function settleVersions(db: DuckDb): Promise<void> {
  await db.run(`UPDATE intake_record r SET state = d.state, reason = d.reason
    FROM (${SET_ASIDE}) d WHERE d.record_key = r.record_key AND r.state IS NULL`);
}

const SET_ASIDE = `
WITH document AS (
  SELECT *, row_number() OVER (PARTITION BY patient_key, hash ORDER BY record_key) AS copy,
    max(version) OVER (PARTITION BY patient_key, set_id) AS newest
  FROM ccda_document WHERE patient_key IS NOT NULL
), replacement AS (
  SELECT patient_key, document_id AS by_id, written_at, unnest(string_split(replaces, chr(10))) AS old_id
  FROM document WHERE replaces IS NOT NULL
), replaced AS (
  SELECT DISTINCT d.record_key
  FROM document d JOIN replacement n ON n.patient_key = d.patient_key AND n.old_id = d.document_id AND n.by_id <> d.document_id
  -- Two documents that replace one another replace nothing.
  WHERE NOT EXISTS (FROM replacement o
    WHERE o.patient_key = d.patient_key AND o.by_id = d.document_id AND o.old_id = n.by_id AND o.written_at >= n.written_at)
)
SELECT record_key,
  CASE WHEN copy > 1 THEN 'duplicate' ELSE 'superseded' END AS state,
  CASE WHEN copy > 1 THEN 'MAPPING_SAME_AGAIN' ELSE 'MAPPING_NEWER_VERSION' END AS reason
FROM document
WHERE copy > 1 OR (set_id IS NOT NULL AND version < newest) OR record_key IN (SELECT record_key FROM replaced)`;
