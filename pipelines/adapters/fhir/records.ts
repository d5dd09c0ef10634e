import type { DuckDb } from "../../../warehouse/duckdb.ts";
import { nextRecordKey } from "../intake.ts";
import { type ResourceType, resourceTable } from "./resources.ts";

/** Resources that say something about others, and load no row of their own. */
const CONTEXT: readonly ResourceType[] = [
  "Location",
  "Organization",
  "PractitionerRole",
  "Provenance",
  "Device",
  "Questionnaire",
  "Consent",
];

/**
 * Numbers the resources of a type: its view `<table>_numbered` adds the record key, which is the row in the table plus an offset,
 * so that numbering costs no sort. Of several versions of one id the newest counts; the older ones are superseded. Of responses
 * the mapping decides, because an unfinished version does not replace a finished one.
 */
export async function numberResources(db: DuckDb, type: ResourceType): Promise<void> {
  const table = resourceTable(type);
  const offset = await nextRecordKey(db);
  await db.run(
    `CREATE TEMP VIEW ${table}_numbered AS SELECT rowid + ${offset} AS record_key, * FROM ${table}`,
  );
  const [state, reason] = CONTEXT.includes(type)
    ? ["'out_of_scope'", "'SOURCE_CONTEXT'"]
    : ["NULL", "NULL"];
  await db.run(`INSERT INTO intake_record
    WITH first_row AS (SELECT file, min(rowid) AS first_row FROM ${table} GROUP BY file)
    SELECT t.rowid + ${offset}, t.file, coalesce(t._where, 'line ' || (t.rowid - f.first_row + 1)),
      t.resourceType, ${state}, ${reason}, NULL
    FROM ${table} t JOIN first_row f USING (file)
    ORDER BY t.rowid`);
  if (type === "QuestionnaireResponse") return;
  await db.run(`UPDATE intake_record SET state = 'superseded', reason = 'MAPPING_NEWER_VERSION'
    WHERE record_key IN (
      WITH repeated AS (
        SELECT id, max(fhir_version(meta)) AS newest FROM ${table}
        WHERE id IS NOT NULL GROUP BY id HAVING count(*) > 1 AND count(meta.lastUpdated) + count(meta.versionId) > 0
      )
      SELECT t.record_key FROM ${table}_numbered t JOIN repeated r USING (id)
      WHERE fhir_version(t.meta) < r.newest
    )`);
}
