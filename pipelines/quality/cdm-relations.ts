import { TABLE_NAMES, tableShape } from "../../warehouse/schema.ts";
import { ident, text, textList } from "../../warehouse/sql.ts";
import type { Relation } from "./relation.ts";

/**
 * Relations over the shape of the CDM tables; `value_set` literals are put in by `cdmSql`, because a list of codes inside an
 * aggregate is several times faster than a join.
 */
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

const EXPECTED_TYPE = {
  text: /^VARCHAR$/,
  date: /^DATE$/,
  number: /^(DECIMAL|DOUBLE)/,
  integer: /^(INTEGER|BIGINT)$/,
  boolean: /^BOOLEAN$/,
} as const;

/**
 * Statements that measure every table and field in one scan a table. `sites` are all sites, also those without a row; a table
 * that is missing counts as absent.
 *
 * Out: `cdm_table` (datamartid, name, is_present, records, people, keys), `cdm_field` (datamartid, name, table, field,
 * is_present, is_typed, records, filled, unknown, outside, is_coded, is_required, longest, shortest, length_max),
 * `cdm_reference` (datamartid, name, field, records, orphans).
 */
export function cdmSql(
  actual: readonly ActualField[],
  valueSets: ReadonlyMap<string, readonly string[]>,
): string[] {
  const types = new Map(actual.map(({ table, field, type }) => [`${table}.${field}`, type]));
  const present = new Set(actual.map(({ table }) => table));
  const scans = TABLE_NAMES.map((table) => scanSql(table, { types, present, valueSets }));
  return [
    `CREATE TEMP TABLE cdm_scan (datamartid VARCHAR, name VARCHAR, is_present BOOLEAN, records BIGINT, people BIGINT, keys BIGINT,
      fields STRUCT(field VARCHAR, is_present BOOLEAN, is_typed BOOLEAN, filled BIGINT, unknown BIGINT, outside BIGINT,
        is_coded BOOLEAN, is_required BOOLEAN, longest BIGINT, shortest BIGINT, length_max BIGINT)[])`,
    ...scans.map((scan) => `INSERT INTO cdm_scan ${scan}`),
    // A site without a row in a table has the table all the same.
    `CREATE TEMP TABLE cdm_table AS
    SELECT s.datamartid, t.name, t.is_present, coalesce(c.records, 0) AS records, coalesce(c.people, 0) AS people, coalesce(c.keys, 0) AS keys
    FROM site s CROSS JOIN (VALUES ${TABLE_NAMES.map((table) => `(${text(table.toUpperCase())}, ${present.has(table)})`).join(", ")}) t(name, is_present)
    LEFT JOIN cdm_scan c ON c.datamartid = s.datamartid AND c.name = t.name`,
    `CREATE TEMP TABLE cdm_field AS
    SELECT datamartid, name || '.' || upper(f.field) AS name, name AS "table", upper(f.field) AS field, records, f.* EXCLUDE (field)
    FROM (SELECT datamartid, name, records, unnest(fields) AS f FROM cdm_scan)`,
    `CREATE TEMP TABLE cdm_reference AS ${referenceSql(present)}`,
  ];
}

interface Look {
  types: ReadonlyMap<string, string>;
  present: ReadonlySet<string>;
  valueSets: ReadonlyMap<string, readonly string[]>;
}

function scanSql(table: (typeof TABLE_NAMES)[number], { types, present, valueSets }: Look): string {
  const { key, columns } = tableShape(table);
  const name = text(table.toUpperCase());
  const isThere = present.has(table);
  const fields = Object.entries(columns).map(([field, { type, length, required, valueSet }]) => {
    const actual = types.get(`${table}.${field}`);
    const codes = valueSets.get(valueSet ?? "");
    const column = ident(field);
    const measured = actual !== undefined;
    const isText = measured && type === "text";
    const count = (condition: string) => `count(*) FILTER (${condition})`;
    return `{field: ${text(field)}, is_present: ${measured}, is_typed: ${measured && EXPECTED_TYPE[type].test(actual)},
      filled: ${measured ? `count(${column})` : "0"}, unknown: ${isText ? count(`${column} IN ('NI', 'UN', 'OT')`) : "0"},
      outside: ${measured && codes ? count(`${column} NOT IN ${textList(codes)}`) : "0"}, is_coded: ${codes !== undefined},
      is_required: ${required}, longest: ${isText ? `max(length(${column}))` : "NULL"},
      shortest: ${isText ? `min(length(${column}))` : "NULL"}, length_max: ${length ?? "NULL"}}`;
  });
  const people = types.has(`${table}.patid`) ? "count(DISTINCT patid)" : "0";
  const keyColumns = key.filter((column) => column !== "datamartid");
  const whole = keyColumns.map((column) => `${ident(column)} IS NOT NULL`).join(" AND ");
  const keys = `count(DISTINCT ${keyColumns.length === 1 ? ident(keyColumns[0] ?? "") : `(${keyColumns.map(ident).join(", ")})`}) FILTER (${whole})`;
  if (!isThere) {
    return `SELECT datamartid, ${name}, false, 0, 0, 0, [${fields.join(", ")}] FROM site`;
  }
  return `SELECT datamartid, ${name}, true, count(*), ${people}, ${keys}, [${fields.join(", ")}]
    FROM ${ident(table)} GROUP BY datamartid`;
}

/** Rows whose person or visit is in no other table. */
function referenceSql(present: ReadonlySet<string>): string {
  const arms = TABLE_NAMES.filter((table) => present.has(table)).flatMap((table) => {
    const { columns } = tableShape(table);
    return (["patid", "encounterid"] as const)
      .filter((field) => field in columns)
      .map((field) => [table, field, field === "patid" ? "demographic" : "encounter"] as const)
      .filter(([, , target]) => target !== table);
  });
  return arms
    .map(
      ([table, field, target]) => `SELECT datamartid, ${text(`${table}.${field}`.toUpperCase())} AS name, ${text(field)} AS field,
      sum(n) AS records, coalesce(sum(n) FILTER (t.${field} IS NULL), 0) AS orphans
      FROM (SELECT datamartid, ${field}, count(*) AS n FROM ${ident(table)} WHERE ${field} IS NOT NULL GROUP BY ALL) x
      LEFT JOIN (SELECT DISTINCT datamartid, ${field} FROM ${ident(target)}) t USING (datamartid, ${field})
      GROUP BY datamartid`,
    )
    .join("\nUNION ALL ");
}
