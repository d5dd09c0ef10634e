import { hkdfSync } from "node:crypto";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { text } from "../../warehouse/sql.ts";
import { fingerprint } from "../core/signature.ts";
import { createNormalisers, type LinkageRecipe, readLinkageRecipe } from "./normalise.ts";

/** The key of a project's linkage tokens, and the name under which rows of different sites can be compared. */
export interface LinkageKey {
  key: Uint8Array;
  /** HASH_TOKEN.TOKEN_ENCRYPTION_KEY: recipe, project, epoch and fingerprint. */
  name: string;
}

/**
 * The key of one recipe, project and epoch from the master key that the project's sites share: tokens of two projects never join. The
 * hub has neither.
 *
 * Source: reference vectors tokens_pprl.json, recipe.key (RFC 5869).
 */
export function linkageKey(
  master: Uint8Array,
  { project, epoch }: { project: string; epoch: string },
  recipe = "pro-token-v1",
): LinkageKey {
  const key = new Uint8Array(hkdfSync("sha256", master, project, `${recipe}|${epoch}`, 32));
  const name = `${recipe}/${project}/${epoch}/${fingerprint("propool linkage key", key)}`;
  return { key, name };
}

/**
 * Stages HASH_TOKEN, identified as yet: one row a person, in each token column the normalised parts that the token is made of
 * (`GARCIA|JOSE|M|1985-03-04`), null where one is missing or a dummy. The profile's token actions turn them into tokens.
 *
 * In: `mapped_patient`, `cdm_demographic`. Out: `cdm_hash_token`.
 */
export async function stageLinkage(
  db: DuckDb,
  options: { name: string; today: string },
): Promise<void> {
  const recipe = await readLinkageRecipe();
  await createNormalisers(db, recipe, options.today);
  await db.run(`CREATE TABLE cdm_hash_token AS
    SELECT patid, * EXCLUDE (patid), ${text(options.name)} AS token_encryption_key
    FROM (${signaturesSql(recipe, LOADED_PEOPLE)})`);
}

/** Tonight's people who are loaded, under the source's own key: not those who refused, withdrew or were quarantined. */
export const LOADED_PEOPLE = `SELECT patient_key AS patid, family_name, given_name, p.birth_date, d.sex, zip, phone, email, ssn
      FROM mapped_patient p JOIN cdm_demographic d ON d.patid = p.patient_key WHERE p.state = 'loaded'`;

/** The query of `patid, token_01 …` with the parts of each token, over a query of people with the columns of `intake_patient`. */
export function signaturesSql({ tokens }: LinkageRecipe, people: string): string {
  const columns = Object.entries(tokens).map(
    ([id, parts]) => `${parts.join(" || '|' || ")} AS token_0${id.slice(1)}`,
  );
  return `SELECT patid, ${columns.join(", ")} FROM (${partsSql(people)})`;
}

/** The query of people's parts in their normal form, null where one is missing or a dummy. Needs `createNormalisers`. */
export function partsSql(people: string): string {
  return `WITH part AS (
  SELECT patid, link_last(family_name) AS last, link_first(given_name) AS first, link_dob(birth_date) AS dob, link_sex(sex) AS sex,
    link_zip(zip) AS zip5, link_ssn(ssn) AS ssn, link_phone(phone) AS phone, link_email(email) AS email
  FROM (${people})
)
SELECT *, left(first, 1) AS first1, link_soundex(last) AS sdxlast, link_soundex(first) AS sdxfirst, link_swap(dob) AS dob_swapped,
  left(zip5, 3) AS zip3, dob[1:4] AS birth_year, dob[6:7] || dob[9:10] AS birthday
FROM part`;
}
