import { noteRows, removeRows } from "../../warehouse/changes.ts";
import { countTables } from "../../warehouse/count-tables.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { dropUnsaid, isPackable, PACKED_TABLES, pack } from "../../warehouse/packed.ts";
import { TABLE_NAMES, type TableName, tableShape } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { capAgeSql, createActionLists, purposeOf } from "./actions.ts";
import { addAdministrations } from "./administrations.ts";
import {
  hasPartialDates,
  placeYears,
  removeLostPartialDates,
  removePartialDates,
} from "./partial-dates.ts";
import {
  declareDateManagementSql,
  deidentifySql,
  type PrivacyProfile,
  type Staged,
  tokenTablesSql,
} from "./profile.ts";
import { dateShiftSql, tokenSql } from "./tokens.ts";

/**
 * Administrations of the store that tonight's replace or withdraw. What a source withdraws it often empties first, so that nothing
 * tells the instrument any more: then the id alone counts, under whichever instrument it was loaded.
 */
const GONE = `SELECT DISTINCT coalesce(t.token, ${tokenSql("pro_seq", "key")}) AS pro_seq FROM (
    SELECT pro_seq_key AS key FROM mapped_administration WHERE state IN ('loaded', 'withdrawn')
    UNION ALL
    SELECT a.source_id || '|' || c.instrument FROM mapped_administration a CROSS JOIN catalogue_instrument c
    WHERE a.state = 'withdrawn' AND a.instrument IS NULL
  ) LEFT JOIN token_of_pro_seq t ON t.raw = key WHERE key IS NOT NULL`;

/**
 * Moves tonight's rows through the privacy profile into the new store, which is attached under `store`. A row replaces the one
 * with its key; an administration replaces all its rows; withdrawn and superseded administrations go.
 *
 * In: `cdm_*` (identified), `gone_row`, `mapped_administration`, `catalogue_instrument`, `token_key`. Returns the rows written.
 */
export async function deidentifyInto(
  db: DuckDb,
  options: {
    store: string;
    site: string;
    profile: PrivacyProfile;
    isNoted?: boolean;
  },
): Promise<number> {
  const { store, site, profile, isNoted = false } = options;
  await pack(db, store);
  await createActionLists(db);
  await db.run(declareDateManagementSql(profile));
  await placeYears(db, profile);
  const staged = await stagedTables(db, profile);
  await createDateShift(db, profile, staged);
  for (const statement of tokenTablesSql(profile, staged)) await db.run(statement);
  await db.run(`CREATE TEMP TABLE gone AS ${GONE}`);
  const hasPartial = await hasPartialDates(db, store);
  const into = { store, isNoted };
  const rowsOf = (table: TableName) =>
    `SELECT ${text(site)} AS datamartid, * FROM (${deidentifySql(profile, table, staged.get(table) ?? new Set())})`;
  let written = 0;
  await db.run("BEGIN");
  const isGone = await removeGone(db, profile, into);
  if (isGone && hasPartial) await removeLostPartialDates(db, into);
  for (const table of staged.keys()) {
    if (isPackable(table)) await removeRows(db, { ...into, table, where: OF_TONIGHT });
    else written += await replaceRows(db, { ...into, table, rows: rowsOf(table), hasPartial });
  }
  if (staged.has("hash_token")) await dropDeadTokens(db, into);
  await capAges(db, profile, into);
  await db.run("COMMIT");
  const packed = PACKED_TABLES.filter((table) => staged.has(table));
  written += await addAdministrations(db, profile, { store, site, tables: packed });
  await dropUnsaid(db, store);
  if (isNoted) await noteAdministrations(db, store, staged);
  return written;
}

const OF_TONIGHT = "pro_seq IN (SELECT pro_seq FROM gone)";

/** Notes tonight's administrations, their answers and scores. */
async function noteAdministrations(db: DuckDb, store: string, staged: Staged): Promise<void> {
  for (const table of PACKED_TABLES.filter((one) => staged.has(one))) {
    const touched = `SELECT * FROM ${ident(store)}.${ident(table)} WHERE ${OF_TONIGHT}`;
    await noteRows(db, { store, table, touched, isNew: true });
  }
}

/** `date_shift` (patid, days) of every person of tonight, where the profile shifts dates. */
async function createDateShift(db: DuckDb, profile: PrivacyProfile, staged: Staged): Promise<void> {
  if (profile.shift_days === null) return;
  const people = [...staged]
    .filter(([table, columns]) => columns.has("patid") && !isPackable(table))
    .map(([table]) => `SELECT patid FROM cdm_${table}`);
  people.push("SELECT patid FROM staged_administration");
  const persons = `SELECT patid, ${tokenSql("patid", "patid")} AS person FROM (${people.join(" UNION ")})`;
  await db.run(`CREATE TEMP TABLE date_shift AS ${dateShiftSql(persons, profile.shift_days)}`);
}

/** The store under its attached name, and whether changes of it are noted for the next submission. */
interface Into {
  store: string;
  isNoted: boolean;
}

/**
 * Removes rows of earlier nights that tonight withdraws, and all values of measurements that tonight delivers again, which may have
 * fewer of them than before. Tells whether there were any.
 */
async function removeGone(db: DuckDb, profile: PrivacyProfile, into: Into): Promise<boolean> {
  const gone = await db.all<{ table: TableName; column: string }>(
    "SELECT DISTINCT table_name AS table, column_name AS column FROM gone_row ORDER BY ALL",
  );
  for (const { table, column } of gone) {
    const purpose = purposeOf(profile.tables[table]?.[column]);
    if (purpose === null) continue;
    const target = `${ident(into.store)}.${ident(table)}`;
    const where = `${ident(column)} IN (SELECT ${tokenSql(purpose, "g.key")}
      FROM gone_row g WHERE g.table_name = ${text(table)} AND g.column_name = ${text(column)})`;
    if (table === "obs_collection") {
      for (const [part, key] of OBSERVATION_TABLES)
        await removeRows(db, {
          ...into,
          table: part,
          where: `${key} IN (SELECT obsid FROM ${target} WHERE ${where})`,
        });
    }
    await removeRows(db, { ...into, table, where });
  }
  return gone.length > 0;
}

const OBSERVATION_TABLES = [
  ["obs_clin", "obsclinid"],
  ["obs_gen", "obsgenid"],
] as const;

/** Who has turned 90 since an earlier night joins the group. */
async function capAges(db: DuckDb, profile: PrivacyProfile, into: Into): Promise<void> {
  for (const [table, columns] of Object.entries(profile.tables)) {
    for (const [column, one] of Object.entries(columns)) {
      if (one !== "cap-age") continue;
      const capped = capAgeSql(ident(column));
      const target = `${ident(into.store)}.${ident(table)}`;
      const isOlder = `${ident(column)} < ${capped}`;
      const touched = `SELECT * FROM ${target} WHERE ${isOlder}`;
      if (into.isNoted)
        await noteRows(db, { store: into.store, table: table as TableName, touched });
      await db.run(`UPDATE ${target} SET ${ident(column)} = ${capped} WHERE ${isOlder}`);
    }
  }
}

/** Linkage tokens of a key that is not in use any more link nobody, and a person without any token has no row. */
async function dropDeadTokens(db: DuckDb, into: Into): Promise<void> {
  const tokens = Object.keys(tableShape("hash_token").columns).filter((name) =>
    /^token_\d+$/.test(name),
  );
  const where = `token_encryption_key <> (SELECT max(token_encryption_key) FROM cdm_hash_token)
      OR coalesce(${tokens.map(ident).join(", ")}) IS NULL`;
  await removeRows(db, { ...into, table: "hash_token", where });
}

/** Puts rows in the place of those with their key. */
async function replaceRows(
  db: DuckDb,
  options: Into & { table: TableName; rows: string; hasPartial: boolean },
): Promise<number> {
  const { store, table, rows, isNoted, hasPartial } = options;
  const target = `${ident(store)}.${ident(table)}`;
  const note = async (touched: string, isNew = false) => {
    if (isNoted) await noteRows(db, { store, table, touched, isNew });
  };
  await db.run(`CREATE TEMP TABLE leaving AS ${rows}`);
  if (hasPartial && table !== "partial_date")
    await removePartialDates(db, table, { store, isNoted });
  const sameKey = tableShape(table).key.map((column) => `t.${ident(column)} = l.${ident(column)}`);
  await note(`SELECT t.* FROM ${target} t JOIN leaving l ON ${sameKey.join(" AND ")}`);
  await db.run(`DELETE FROM ${target} t USING leaving l WHERE ${sameKey.join(" AND ")}`);
  const written = await db.run(`INSERT INTO ${target} BY NAME SELECT * FROM leaving`);
  await note("SELECT * FROM leaving", true);
  await db.run("DROP TABLE leaving");
  return written;
}

/**
 * The staged tables that hold rows, and of which the profile lets a column out, with their columns; those of administrations always,
 * because tonight may withdraw all it names.
 */
async function stagedTables(db: DuckDb, profile: PrivacyProfile): Promise<Staged> {
  const rows = await db.all<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM duckdb_columns()
    WHERE database_name = current_database() AND starts_with(table_name, 'cdm_') AND column_name <> 'datamartid'`,
  );
  const staged = new Map<TableName, Set<string>>();
  for (const table of TABLE_NAMES) {
    const columns = rows.filter((row) => row.table === `cdm_${table}`).map((row) => row.column);
    const actions = profile.tables[table] ?? {};
    const leaves = columns.some((column) => (actions[column] ?? "drop") !== "drop");
    if (leaves) staged.set(table, new Set(columns));
  }
  const others = [...staged.keys()].filter((table) => !isPackable(table));
  const rowsOf = await countTables(
    db,
    others.map((table) => `cdm_${table}`),
  );
  for (const table of others) if (rowsOf[`cdm_${table}`] === 0) staged.delete(table);
  return staged;
}
