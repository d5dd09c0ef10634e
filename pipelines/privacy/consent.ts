import type { DuckDb } from "../../warehouse/duckdb.ts";
import { ident, text } from "../../warehouse/sql.ts";
import type { Site } from "../configuration/site.ts";
import { ProError } from "../core/errors.ts";
import { tokenSql } from "./tokens.ts";

/** Reasons of this part: whoever has one is left out with all records. */
export const CONSENT_REASONS = [
  "CONSENT_REFUSED",
  "CONSENT_NOT_GIVEN",
  "CONSENT_UNCLEAR",
  "CONSENT_WITHDRAWN",
] as const;

/** Tables that name a person by the source's key. */
const PEOPLE_TABLES = [
  ...["patient", "encounter", "condition", "procedure", "administration"],
  ...["observation", "request"],
].map((name) => `intake_${name}`);

/** What a word of the source means: the site's words and ours. */
const meaning = (list: string, expression: string) =>
  `(SELECT code FROM word w WHERE w.list = '${list}' AND w.word = lower(trim(${expression})))`;

/**
 * Decides who is left out, before anything of them becomes a token: `refused` (patient_key, reason), and every record of theirs out
 * of scope (withdrawn, if the person was withdrawn by command). Of several statements the one for the site's purpose counts before a
 * general one, then the newest, then the refusal. A word that nobody knows is a refusal. With opt-in, whom the store holds has
 * agreed before.
 *
 * In: `intake_*`, `known_patient`, `word`, `token_key`, the variable `today`; `store` is the name under which last night's store is
 * attached. Returns the tokens of those whom the store holds.
 */
export async function decideConsent(
  db: DuckDb,
  site: Pick<Site, "consent" | "consentFile">,
  options: { store: string | null; barred: readonly string[] },
): Promise<string[]> {
  await readList(db, site.consentFile);
  await db.run("CREATE OR REPLACE TEMP TABLE barred (patid VARCHAR)");
  if (options.barred.length > 0)
    await db.run("INSERT INTO barred SELECT unnest(from_json(?, '[\"VARCHAR\"]'))", [
      JSON.stringify(options.barred),
    ]);
  const everyone = PEOPLE_TABLES.map((table) => `SELECT patient_key FROM ${table}`).join(" UNION ");
  const known = options.store && `(SELECT patid FROM ${ident(options.store)}.demographic)`;
  const inStore = known ? `p.patid IN ${known}` : "false";
  await db.run(`CREATE OR REPLACE TABLE refused AS
    WITH person AS MATERIALIZED (
      SELECT patient_key, ${tokenSql("patid", "patient_key")} AS patid FROM (${everyone}) WHERE patient_key IS NOT NULL
    ), stated AS (
      SELECT patient_key, decision, purpose, decided_at FROM intake_consent
      WHERE (from_at IS NULL OR left(from_at, 10) <= CAST(getvariable('today') AS VARCHAR))
        AND (until_at IS NULL OR left(until_at, 10) >= CAST(getvariable('today') AS VARCHAR))
      UNION ALL SELECT patient_key, consent, NULL, NULL FROM intake_patient WHERE consent IS NOT NULL
      UNION ALL SELECT patient_key, decision, purpose, decided_at FROM consent_list
    ), known AS (
      SELECT patient_key, coalesce(${meaning("consent", "decision")}, 'unclear') AS decision, purpose IS NOT NULL AS is_specific, decided_at,
        purpose IS NULL OR ${meaning("consent_purpose", "purpose")} = ${text(site.consent.purpose)} AS is_ours
      FROM stated
    ), best AS (
      SELECT patient_key, first(decision ORDER BY is_specific DESC, decided_at DESC NULLS LAST, decision) AS decision
      FROM known WHERE is_ours GROUP BY patient_key
    )
    SELECT patient_key, patid, CASE
        WHEN patid IN (SELECT patid FROM barred) THEN 'CONSENT_WITHDRAWN'
        WHEN decision = 'deny' THEN 'CONSENT_REFUSED'
        WHEN decision = 'unclear' THEN 'CONSENT_UNCLEAR'
        WHEN decision IS NULL AND ${site.consent.rule === "opt-in"} AND NOT ${inStore} THEN 'CONSENT_NOT_GIVEN'
      END AS reason
    FROM person p LEFT JOIN best USING (patient_key)`);
  await db.run("DELETE FROM refused WHERE reason IS NULL");
  const leavers = known
    ? await db.all<{ patid: string }>(
        `SELECT DISTINCT patid FROM refused WHERE patid IN ${known} ORDER BY patid`,
      )
    : [];
  const records = PEOPLE_TABLES.map(
    (table) => `SELECT record_key, reason FROM ${table} JOIN refused USING (patient_key)`,
  );
  await db.run(`UPDATE intake_record r
    SET state = CASE WHEN f.reason = 'CONSENT_WITHDRAWN' THEN 'withdrawn' ELSE 'out_of_scope' END, reason = f.reason
    FROM (SELECT record_key, min(reason) AS reason FROM (${records.join(" UNION ALL ")}) GROUP BY record_key) f
    WHERE f.record_key = r.record_key AND coalesce(r.state, '') <> 'quarantined'`);
  await db.run("DELETE FROM known_patient WHERE patient_key IN (SELECT patient_key FROM refused)");
  return leavers.map(({ patid }) => patid);
}

/** `consent_list` from the site's own file; empty where it has none. */
async function readList(db: DuckDb, file: string | null): Promise<void> {
  const columns = ["patient_key", "decision", "purpose", "decided_at"];
  const empty = columns.map((column) => `NULL::VARCHAR AS ${column}`).join(", ");
  const read = file ? `FROM read_csv(${text(file)}, all_varchar = true, header = true)` : "";
  await db
    .run(
      `CREATE OR REPLACE TEMP TABLE consent_list AS SELECT ${file ? `${columns.join(", ")} ${read}` : `${empty} LIMIT 0`}`,
    )
    .catch(() => {
      // DuckDB's message could quote a line, a patient's key.
      throw new ProError("CONFIG_CONSENT", "the list of consents cannot be read", {
        where: { file: file ?? undefined },
        hint: `a CSV file with the columns ${columns.join(", ")}; the last two may be empty`,
      });
    });
}
