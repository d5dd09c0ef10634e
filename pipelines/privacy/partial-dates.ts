import { removeRows } from "../../warehouse/changes.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { type TableName, tableShape } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { purposeOf } from "./actions.ts";
import type { PrivacyProfile } from "./profile.ts";

/**
 * Dates whose day is not known (PARTIAL_DATE). Each leaves as the column for which it stands: under an action that keeps no more than
 * the year it goes into that column, as any other date; shifted dates move by the whole years or months that are nearest to the
 * person's days, so that the intervals between two years, or two months, of a person stay what they were.
 */

/** The store under its attached name, and whether changes of it are noted for the next submission. */
interface Into {
  store: string;
  isNoted: boolean;
}

/** The column by which a row is known, beside the site. */
const rowKeyOf = (table: TableName) =>
  tableShape(table).key.find((column) => column !== "datamartid") ?? "patid";

/** Puts the years of tonight's partial dates where the profile leaves nothing finer, and drops those of columns that do not leave. */
export async function placeYears(db: DuckDb, profile: PrivacyProfile): Promise<void> {
  const found = await db.all<{ table: TableName; column: string }>(
    "SELECT DISTINCT table_name AS table, column_name AS column FROM cdm_partial_date ORDER BY ALL",
  );
  for (const { table, column } of found) {
    const one = profile.tables[table]?.[column] ?? "drop";
    if (one === "keep" || one === "shift-date") continue;
    const own = `table_name = ${text(table)} AND column_name = ${text(column)}`;
    if (one !== "drop")
      await db.run(`UPDATE cdm_${table} t SET ${ident(column)} = make_date(CAST(left(p.date_value, 4) AS INTEGER), 1, 1)
        FROM cdm_partial_date p WHERE ${own} AND p.row_key = t.${ident(rowKeyOf(table))} AND t.${ident(column)} IS NULL`);
    await db.run(`DELETE FROM cdm_partial_date WHERE ${own}`);
  }
}

/** The token that a partial date's row has in its own table; null where the row's key does not leave. */
export function rowKeySql(
  profile: PrivacyProfile,
  token: (purpose: string, value: string) => string,
): string {
  const arms = Object.entries(profile.tables).flatMap(([table, columns]) => {
    const purpose = purposeOf(columns[rowKeyOf(table as TableName)]);
    return purpose === null || purpose.startsWith("link_") || table === "partial_date"
      ? []
      : `WHEN ${text(table)} THEN ${token(purpose, 't."row_key"')}`;
  });
  return `CASE t."table_name" ${arms.join(" ")} END`;
}

/** A partial date as its column's action makes it; `days` are the person's, and null in a profile that shifts none. */
export function partialDateSql(profile: PrivacyProfile, days: readonly string[]): string {
  const moved = days.reduce(movedSql, 't."date_value"');
  const shifted = Object.entries(profile.tables).flatMap(([table, columns]) =>
    Object.entries(columns)
      .filter(([, one]) => one === "shift-date")
      .map(([column]) => text(`${table}.${column}`)),
  );
  if (shifted.length === 0) return 't."date_value"';
  return `CASE WHEN t."table_name" || '.' || t."column_name" IN (${shifted.join(", ")}) THEN ${moved} ELSE t."date_value" END`;
}

/** A Gregorian year has 365.2425 days on average, a month the twelfth of it. */
function movedSql(value: string, days: string): string {
  const periods = (length: number) => `CAST(round(${days} / ${length}) AS INTEGER)`;
  return `CASE length(${value})
    WHEN 4 THEN lpad(CAST(CAST(${value} AS INTEGER) + ${periods(365.2425)} AS VARCHAR), 4, '0')
    ELSE strftime(CAST(${value} || '-01' AS DATE) + to_months(${periods(30.436875)}), '%Y-%m') END`;
}

/** Whether a store has partial dates, which then go with their rows. */
export async function hasPartialDates(db: DuckDb, store: string): Promise<boolean> {
  const rows = await db.all(`SELECT 1 FROM ${ident(store)}.partial_date LIMIT 1`);
  return rows.length > 0;
}

/** Removes the partial dates of rows that tonight brings again. In: `leaving`, the rows as they go into the store. */
export async function removePartialDates(db: DuckDb, table: TableName, into: Into): Promise<void> {
  const where = `table_name = ${text(table)} AND row_key IN (SELECT ${ident(rowKeyOf(table))} FROM leaving)`;
  await removeRows(db, { ...into, table: "partial_date", where });
}

/** Removes the partial dates of rows that are not there any more. */
export async function removeLostPartialDates(db: DuckDb, into: Into): Promise<void> {
  const found = await db.all<{ table: TableName }>(
    `SELECT DISTINCT table_name AS table FROM ${ident(into.store)}.partial_date ORDER BY ALL`,
  );
  for (const { table } of found) {
    const rows = `SELECT ${ident(rowKeyOf(table))} FROM ${ident(into.store)}.${ident(table)}`;
    const where = `table_name = ${text(table)} AND row_key NOT IN (${rows})`;
    await removeRows(db, { ...into, table: "partial_date", where });
  }
}
