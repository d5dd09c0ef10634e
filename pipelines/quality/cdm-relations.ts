import type { DuckDb } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES, tableShape } from "../../warehouse/schema.ts";
import { ident, text, textList } from "../../warehouse/sql.ts";
import type { Relation } from "./relation.ts";

/** Relations over the shape of the CDM tables, from the tables that `measureCdm` makes. */
export const CDM_RELATIONS = {
  cdm_table: {
    level: "store",
    row: "a table of the CDM that propool fills",
    key: "name",
    sql: "SELECT * FROM cdm_table",
  },
  cdm_field: {
    level: "store",
    row: "a field of these tables",
    key: "name",
    sql: "SELECT * FROM cdm_field",
  },
  cdm_reference: {
    level: "store",
    row: "a field that refers to a person or a visit",
    key: "name",
    sql: "SELECT * FROM cdm_reference",
  },
  id_length: {
    level: "store",
    row: "an id that several tables share",
    key: "field",
    sql: `SELECT datamartid, field, min(shortest) AS shortest, max(longest) AS longest FROM cdm_field
      WHERE field IN ('PATID', 'ENCOUNTERID', 'PROCEDURESID') AND filled > 0 GROUP BY datamartid, field`,
  },
} as const satisfies Record<string, Relation>;

export interface ActualField {
  table: string;
  field: string;
  type: string;
}

/** Ids that several tables share. */
const SHARED_IDS: ReadonlySet<string> = new Set(["patid", "encounterid", "proceduresid"]);

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
 * Out: `cdm_table` (datamartid, name, is_present, records, people, keys), `cdm_field` (datamartid, name, table, field,
 * is_present, is_typed, records, filled, unknown, outside, is_coded, is_required, longest, shortest, length_max),
 * `cdm_reference` (datamartid, name, field, records, orphans). Returns the tables that hold rows.
 */
export async function measureCdm(
  db: DuckDb,
  actual: readonly ActualField[],
  valueSets: ReadonlyMap<string, readonly string[]>,
): Promise<ReadonlySet<string>> {
  await db.run(`CREATE TEMP TABLE cdm_scan (datamartid VARCHAR, name VARCHAR, records BIGINT, people BIGINT, keys BIGINT,
    fields STRUCT(field VARCHAR, filled BIGINT, unknown BIGINT, outside BIGINT, longest BIGINT, shortest BIGINT)[])`);
  const types = new Map(actual.map(({ table, field, type }) => [`${table}.${field}`, type]));
  const present = new Set(actual.map(({ table }) => table));
  const holding = new Set<string>();
  for (const table of TABLE_NAMES.filter((one) => present.has(one))) {
    const names = Object.keys(tableShape(table).columns).filter((name) =>
      types.has(`${table}.${name}`),
    );
    const [fill] = await db.all<{ filled: { items: bigint[] } }>(
      `SELECT [${names.map((name) => `count(${ident(name)})`).join(", ")}] AS filled FROM ${ident(table)}`,
    );
    const filled = names.filter((_, i) => Number(fill?.filled.items[i]) > 0);
    if (filled.length === 0) continue;
    holding.add(table);
    await db.run(`INSERT INTO cdm_scan ${scanSql(table, filled, valueSets)}`);
  }
  await describeShape(db, types, present);
  await db.run(`CREATE TEMP TABLE cdm_reference AS ${referenceSql(holding)}`);
  return holding;
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
    SELECT s.datamartid, upper(t.name) AS name, t.is_present, coalesce(c.records, 0) AS records, coalesce(c.people, 0) AS people, coalesce(c.keys, 0) AS keys
    FROM site s CROSS JOIN (VALUES ${tables}) t(name, is_present)
    LEFT JOIN cdm_scan c ON c.datamartid = s.datamartid AND c.name = t.name`);
  await db.run(`CREATE TEMP TABLE cdm_field AS
    WITH scanned AS (
      SELECT datamartid, name AS "table", unnest(fields) AS f FROM cdm_scan
    )
    SELECT t.datamartid, upper(h."table" || '.' || h.field) AS name, h.* REPLACE (upper(h.field) AS field), t.records,
      coalesce(f.filled, 0) AS filled, coalesce(f.unknown, 0) AS unknown, coalesce(f.outside, 0) AS outside, f.longest, f.shortest
    FROM cdm_table t JOIN cdm_shape h ON upper(h."table") = t.name
    LEFT JOIN scanned x ON x.datamartid = t.datamartid AND x."table" = h."table" AND x.f.field = h.field`);
}

function scanSql(
  table: (typeof TABLE_NAMES)[number],
  filled: readonly string[],
  valueSets: ReadonlyMap<string, readonly string[]>,
): string {
  const { key, columns } = tableShape(table);
  const count = (condition: string) => `count(*) FILTER (${condition})`;
  const fields = filled.map((field) => {
    const shape = columns[field];
    const codes = valueSets.get(shape?.valueSet ?? "");
    const column = ident(field);
    const isMeasured = shape?.type === "text" && (shape.length !== null || SHARED_IDS.has(field));
    return `{field: ${text(field)}, filled: count(${column}),
      unknown: ${codes ? count(`${column} IN ('NI', 'UN', 'OT')`) : "0"}, outside: ${codes ? count(`${column} NOT IN ${textList(codes)}`) : "0"},
      longest: ${isMeasured ? `max(length(${column}))` : "NULL"}, shortest: ${isMeasured ? `min(length(${column}))` : "NULL"}}`;
  });
  const own = key.filter((column) => column !== "datamartid").map(ident);
  const whole = own.map((column) => `${column} IS NOT NULL`).join(" AND ");
  const distinct = own.length === 1 ? own[0] : `(${own.join(", ")})`;
  const people = "patid" in columns ? "count(DISTINCT patid)" : "0";
  return `SELECT datamartid, ${text(table)}, count(*), ${people}, count(DISTINCT ${distinct}) FILTER (${whole}), [${fields.join(", ")}]
    FROM ${ident(table)} GROUP BY datamartid`;
}

/** Rows whose person or visit is in no other table. */
function referenceSql(holding: ReadonlySet<string>): string {
  const arms = TABLE_NAMES.filter((table) => holding.has(table)).flatMap((table) => {
    const { columns } = tableShape(table);
    return (["patid", "encounterid"] as const)
      .filter((field) => field in columns)
      .map((field) => [table, field, field === "patid" ? "demographic" : "encounter"] as const)
      .filter(([, , target]) => target !== table);
  });
  const none =
    "SELECT NULL::VARCHAR AS datamartid, NULL::VARCHAR AS name, NULL::VARCHAR AS field, 0 AS records, 0 AS orphans WHERE false";
  return [
    none,
    ...arms.map(
      ([
        table,
        field,
        target,
      ]) => `SELECT datamartid, ${text(`${table}.${field}`.toUpperCase())} AS name, ${text(field)} AS field,
      sum(n) AS records, coalesce(sum(n) FILTER (t.${field} IS NULL), 0) AS orphans
      FROM (SELECT datamartid, ${field}, count(*) AS n FROM ${ident(table)} WHERE ${field} IS NOT NULL GROUP BY ALL) x
      LEFT JOIN (SELECT DISTINCT datamartid, ${field} FROM ${ident(target)}) t USING (datamartid, ${field})
      GROUP BY datamartid`,
    ),
  ].join("\nUNION ALL ");
}
