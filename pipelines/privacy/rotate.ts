import type { DuckDb } from "../../warehouse/duckdb.ts";
import { unpack } from "../../warehouse/packed.ts";
import { ident } from "../../warehouse/sql.ts";
import { purposeOf } from "./actions.ts";
import { partialDateSql, rowKeySql } from "./partial-dates.ts";
import { isMoved, type PrivacyProfile, tokenPurposes } from "./profile.ts";
import { dateShiftSql, loadTokenKeys, nextTokenSql } from "./tokens.ts";

/**
 * Turns a store's tokens, and the shift of its dates, from one generation of keys into the next: HMAC(new key, old token). No
 * person's own key is needed, so everybody in the store is rotated, also people whom no export names any more.
 *
 * `generations` are the keys oldest first, the last of them the one to change to; the store was made with those before it. It has whole
 * rows afterwards, until its next night.
 */
export async function retokenise(
  store: DuckDb,
  profile: PrivacyProfile,
  generations: readonly Uint8Array[],
): Promise<void> {
  const purposes = [...new Set([...tokenPurposes(profile), "patid"])];
  await loadTokenKeys(store, { generations: generations.slice(0, -1), linkage: null }, purposes);
  await createShift(store, profile, { name: "shift_before", person: "patid" });
  await loadTokenKeys(store, { generations, linkage: null }, purposes);
  await createShift(store, profile, {
    name: "shift_after",
    person: nextTokenSql("patid", "patid"),
  });
  await unpack(store);
  await store.run("BEGIN");
  for (const [table, columns] of Object.entries(profile.tables)) {
    const statement = updateSql(profile, table, columns);
    if (statement) await store.run(statement);
  }
  await store.run("COMMIT");
}

/** Tokens of people under the newest key, for some under the key before it. */
export async function nextTokens(store: DuckDb, patids: readonly string[]): Promise<string[]> {
  const rows = await store.all<{ patid: string }>(
    `SELECT ${nextTokenSql("patid", "patid")} AS patid FROM (SELECT unnest(from_json(?, '["VARCHAR"]')) AS patid)`,
    [JSON.stringify(patids)],
  );
  return rows.map(({ patid }) => patid);
}

/** Each person's days before or after, by the token that the store has as yet. */
async function createShift(
  store: DuckDb,
  profile: PrivacyProfile,
  { name, person }: { name: string; person: string },
): Promise<void> {
  if (profile.shift_days === null) return;
  const people = Object.entries(profile.tables)
    .filter(([, columns]) => purposeOf(columns.patid) === "patid")
    .map(([table]) => `SELECT patid FROM ${ident(table)}`);
  const persons = `SELECT patid, ${person} AS person FROM (${people.join(" UNION ")}) WHERE patid IS NOT NULL`;
  await store.run(
    `CREATE OR REPLACE TEMP TABLE ${name} AS ${dateShiftSql(persons, profile.shift_days)}`,
  );
}

function updateSql(
  profile: PrivacyProfile,
  table: string,
  columns: Readonly<Record<string, string>>,
): string | null {
  const changes = Object.entries(columns).flatMap(([column, one]) => {
    const purpose = purposeOf(one);
    if (purpose !== null && !purpose.startsWith("link_"))
      return `${ident(column)} = ${nextTokenSql(purpose, `t.${ident(column)}`)}`;
    if (one === "row-key") return `${ident(column)} = ${rowKeySql(profile, nextTokenSql)}`;
    // Whole years and months: taken back and moved anew, nothing is rounded twice.
    if (one === "partial-date")
      return `${ident(column)} = ${partialDateSql(profile, ["-before.days", "after.days"])}`;
    return one === "shift-date"
      ? `${ident(column)} = t.${ident(column)} - before.days + after.days`
      : [];
  });
  if (changes.length === 0) return null;
  const isShifted = Object.values(columns).some((one) => isMoved(profile, one));
  const shift = isShifted
    ? " FROM shift_before before JOIN shift_after after USING (patid) WHERE before.patid = t.patid"
    : "";
  return `UPDATE ${ident(table)} t SET ${changes.join(", ")}${shift}`;
}
