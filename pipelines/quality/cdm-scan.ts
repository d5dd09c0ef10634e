import { type ColumnShape, type TableName, tableShape } from "../../warehouse/schema.ts";
import { ident, text, textList } from "../../warehouse/sql.ts";

/** A table, and those of its columns that have a value in any row. */
export interface Holding {
  table: TableName;
  records: number;
  filled: readonly string[];
}

/** Ids that several tables share. */
const SHARED_IDS: ReadonlySet<string> = new Set(["patid", "encounterid", "proceduresid"]);

/** From so many rows on, those with the same codes are taken together first; of fewer, it costs more to plan that. */
const GROUPED_ROWS = 50_000;

type CodesOf = (field: string) => readonly string[] | undefined;

/**
 * The query that scans one table: a row a site with its records, its different keys and what its fields hold. `isUnique`: somebody
 * else has proven that no key is there twice.
 */
export function scanSql(
  holding: Holding,
  { isUnique, valueSets }: { isUnique: boolean; valueSets: ReadonlyMap<string, readonly string[]> },
): string {
  const { columns } = tableShape(holding.table);
  const codesOf: CodesOf = (field) => valueSets.get(columns[field]?.valueSet ?? "");
  return `SELECT datamartid, ${text(holding.table)}, records, keys, list_concat(plain, coded)
    FROM (${plainSql(holding, isUnique, codesOf)})
    JOIN (${codedSql(holding, codesOf)}) USING (datamartid)`;
}

/** Rows and keys of each site, and its fields that hold no codes. */
function plainSql({ table, filled }: Holding, isUnique: boolean, codesOf: CodesOf): string {
  const own = tableShape(table)
    .key.filter((column) => column !== "datamartid")
    .map(ident);
  const whole = own.map((column) => `${column} IS NOT NULL`).join(" AND ");
  const distinct = own.length === 1 ? own[0] : `(${own.join(", ")})`;
  const keys = isUnique ? "count(*)" : `count(DISTINCT ${distinct}) FILTER (${whole})`;
  const fields = filled
    .filter((field) => !codesOf(field))
    .map((field) => told(table, field, [`count(${ident(field)})`, "0", "0"]));
  return `SELECT datamartid, count(*) AS records, ${keys} AS keys, [${fields.join(",\n      ")}] AS plain
      FROM ${ident(table)} GROUP BY datamartid`;
}

function codedSql({ table, filled, records }: Holding, codesOf: CodesOf): string {
  const isGrouped = records >= GROUPED_ROWS;
  const count = (condition: string) =>
    isGrouped ? `coalesce(sum(alike) FILTER (${condition}), 0)` : `count(*) FILTER (${condition})`;
  const coded = filled.filter(codesOf);
  const fields = coded.map((field) => {
    const code = ident(field);
    return told(table, field, [
      count(`${code} IS NOT NULL`),
      count(`${code} IN ('NI', 'UN', 'OT')`),
      count(`${code} NOT IN ${textList(codesOf(field) ?? [])}`),
    ]);
  });
  const columns = ["datamartid", ...coded.map(ident)].join(", ");
  const rows = isGrouped
    ? `(SELECT ${columns}, count(*) AS alike FROM ${ident(table)} GROUP BY ${columns})`
    : ident(table);
  return `SELECT datamartid, [${fields.join(",\n      ")}] AS coded FROM ${rows} GROUP BY datamartid`;
}

function told(
  table: TableName,
  field: string,
  [filled, unknown, outside]: readonly [string, string, string],
): string {
  return `{field: ${text(field)}, filled: ${filled}, unknown: ${unknown}, outside: ${outside}, ${lengths(field, tableShape(table).columns[field])}}`;
}

/** The longest and shortest text, where its length means anything. */
function lengths(field: string, shape: ColumnShape | undefined): string {
  const isMeasured = shape?.type === "text" && (shape.length !== null || SHARED_IDS.has(field));
  if (!isMeasured) return "longest: NULL, shortest: NULL";
  const length = `length(${ident(field)})`;
  return `longest: max(${length}), shortest: min(${length})`;
}
