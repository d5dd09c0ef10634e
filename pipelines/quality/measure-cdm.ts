import type { DuckDb } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES, type TableName, tableShape } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { type Holding, scanSql } from "./cdm-scan.ts";

export interface ActualField {
  table: string;
  field: string;
  type: string;
}

const EXPECTED_TYPE = {
  text: /^VARCHAR$/,
  date: /^DATE$/,
  number: /^(DECIMAL|DOUBLE)/,
  integer: /^(INTEGER|BIGINT)$/,
  boolean: /^BOOLEAN$/,
} as const;

/**
 * Measures every table and field: first how full each column is, and then only what is filled, because most columns of the CDM
 * are empty and an aggregate costs more to plan than to count in a small store. `site` lists all sites, also those without a row.
 *
 * In: `stored` (stored.ts). Out: `cdm_table` (datamartid, name, is_present, records, people, keys), `cdm_field` (datamartid, name,
 * table, field, is_present, is_typed, records, filled, unknown, outside, is_coded, is_required, longest, shortest, length_max),
 * `cdm_reference` (datamartid, name, field, records, orphans). Returns the tables that hold rows.
 */
export async function measureCdm(
  db: DuckDb,
  actual: readonly ActualField[],
  valueSets: ReadonlyMap<string, readonly string[]>,
): Promise<ReadonlySet<string>> {
  const types = new Map(actual.map(({ table, field, type }) => [`${table}.${field}`, type]));
  const present = new Set(actual.map(({ table }) => table));
  const holding: Holding[] = [];
  for (const table of TABLE_NAMES.filter((one) => present.has(one))) {
    const columns = Object.keys(tableShape(table).columns);
    const names = columns.filter((name) => types.has(`${table}.${name}`));
    const found = await look(db, table, names);
    if (found.records > 0) holding.push(found);
  }
  await db.run(`CREATE TEMP TABLE cdm_mention ${mentionSql(holding)}`);
  await db.run(`CREATE TEMP TABLE cdm_scan (datamartid VARCHAR, name VARCHAR, records BIGINT, keys BIGINT,
    fields STRUCT(field VARCHAR, filled BIGINT, unknown BIGINT, outside BIGINT, longest BIGINT, shortest BIGINT)[])`);
  const unique = await provenUnique(db);
  for (const one of holding)
    await db.run(
      `INSERT INTO cdm_scan ${scanSql(one, { valueSets, isUnique: unique.includes(one.table) })}`,
    );
  await describeShape(db, types, present);
  await db.run(REFERENCE_SQL);
  return new Set(holding.map(({ table }) => table));
}

async function look(db: DuckDb, table: TableName, names: readonly string[]): Promise<Holding> {
  // DuckDB knows how full a column without nulls is unless others are counted beside it: long keys are not read for their count.
  const { key } = tableShape(table);
  const keys = names.filter((name) => key.includes(name));
  const others = names.filter((name) => !key.includes(name));
  const counts = (those: readonly string[]) =>
    `(SELECT [${["*", ...those.map(ident)].map((column) => `count(${column})`).join(", ")}] FROM ${ident(table)})`;
  const { keyed, other } = await db.one<Record<"keyed" | "other", { items: bigint[] }>>(
    `SELECT ${counts(keys)} AS keyed, ${counts(others)} AS other`,
  );
  const filled = [
    ...keys.filter((_, i) => Number(keyed.items[i + 1]) > 0),
    ...others.filter((_, i) => Number(other.items[i + 1]) > 0),
  ];
  return { table, records: Number(keyed.items[0]), filled };
}

/**
 * The tables whose keys `stored` proves to be unique: it joined each row of PRO_CM with exactly one detail, and each detail with
 * exactly one row. Rows that share a key would have been joined with each other's.
 */
async function provenUnique(db: DuckDb): Promise<readonly TableName[]> {
  const { isPaired } = await db.one<{ isPaired: boolean | null }>(
    `SELECT bool_and(has_row AND has_detail) AND count(*) = (SELECT count(*) FROM pro_cm)
      AND count(*) = (SELECT count(*) FROM pro_cm_detail) AS "isPaired" FROM stored`,
  );
  return isPaired ? ["pro_cm", "pro_cm_detail"] : [];
}

/** What should be there beside what is: a field without a value has no scan. */
async function describeShape(
  db: DuckDb,
  types: ReadonlyMap<string, string>,
  present: ReadonlySet<string>,
): Promise<void> {
  await db.run(`CREATE TEMP TABLE cdm_shape ("table" VARCHAR, field VARCHAR, is_present BOOLEAN, is_typed BOOLEAN,
    is_coded BOOLEAN, is_required BOOLEAN, length_max BIGINT)`);
  const shape = TABLE_NAMES.flatMap((table) =>
    Object.entries(tableShape(table).columns).map(
      ([field, { type, required, valueSet, length }]) => {
        const actual = types.get(`${table}.${field}`);
        const isTyped = actual !== undefined && EXPECTED_TYPE[type].test(actual);
        return [table, field, actual !== undefined, isTyped, valueSet !== null, required, length];
      },
    ),
  );
  await db.insert("cdm_shape", shape);
  const tables = TABLE_NAMES.map((table) => `(${text(table)}, ${present.has(table)})`).join(", ");
  await db.run(`CREATE TEMP TABLE cdm_table AS
    SELECT s.datamartid, upper(t.name) AS name, t.is_present, coalesce(c.records, 0) AS records, coalesce(p.people, 0) AS people, coalesce(c.keys, 0) AS keys
    FROM site s CROSS JOIN (VALUES ${tables}) t(name, is_present)
    LEFT JOIN cdm_scan c ON c.datamartid = s.datamartid AND c.name = t.name
    LEFT JOIN (SELECT datamartid, "table", count(*) AS people FROM cdm_mention WHERE field = 'patid' GROUP BY ALL) p
      ON p.datamartid = s.datamartid AND p."table" = t.name`);
  await db.run(`CREATE TEMP TABLE cdm_field AS
    WITH scanned AS (
      SELECT datamartid, name AS "table", unnest(fields) AS f FROM cdm_scan
    )
    SELECT t.datamartid, upper(h."table" || '.' || h.field) AS name, h.* REPLACE (upper(h.field) AS field), t.records,
      coalesce(f.filled, 0) AS filled, coalesce(f.unknown, 0) AS unknown, coalesce(f.outside, 0) AS outside, f.longest, f.shortest
    FROM cdm_table t JOIN cdm_shape h ON upper(h."table") = t.name
    LEFT JOIN scanned x ON x.datamartid = t.datamartid AND x."table" = h."table" AND x.f.field = h.field`);
}

/** Where each person and each visit is named, and in how many rows. */
function mentionSql(holding: readonly Holding[]): string {
  const none = `(datamartid VARCHAR, "table" VARCHAR, field VARCHAR, named UBIGINT, records BIGINT)`;
  const arms = holding.flatMap(({ table, filled }) =>
    (["patid", "encounterid"] as const)
      .filter((field) => filled.includes(field))
      .map(
        (
          field,
        ) => `SELECT any_value(datamartid) AS datamartid, ${text(table)} AS "table", ${text(field)} AS field, hash(datamartid, ${field}) AS named, count(*) AS records
      FROM ${ident(table)} WHERE ${field} IS NOT NULL GROUP BY named`,
      ),
  );
  return arms.length === 0 ? none : `AS ${arms.join("\nUNION ALL ")}`;
}

/** Rows whose person or visit is not in the table of people or visits. */
const REFERENCE_SQL = `CREATE TEMP TABLE cdm_reference AS
  SELECT m.datamartid, upper(m."table" || '.' || m.field) AS name, m.field, sum(m.records) AS records,
    coalesce(sum(m.records) FILTER (t.named IS NULL), 0) AS orphans
  FROM cdm_mention m
  LEFT JOIN cdm_mention t ON t.named = m.named AND t.field = m.field
    AND t."table" = CASE m.field WHEN 'patid' THEN 'demographic' ELSE 'encounter' END
  WHERE m."table" <> CASE m.field WHEN 'patid' THEN 'demographic' ELSE 'encounter' END
  GROUP BY m.datamartid, m."table", m.field`;
