import { identityOf } from "../../warehouse/changes.ts";
import {
  type ColumnShape,
  TABLE_NAMES,
  type TableName,
  tableShape,
} from "../../warehouse/schema.ts";
import { ident, text, textList } from "../../warehouse/sql.ts";
import type { Manifest } from "./manifest.ts";

/** The rows that a submission takes away, by identity. */
export const removedRows = (table: TableName) => `${table} removed`;

/** All rules for the rows of one table. */
export function conformanceRules(table: TableName, context: ConformanceContext): Rule[] {
  const columns = Object.entries(tableShape(table).columns);
  return [
    ...tableRules(table, context.manifest),
    ...columns.flatMap(([name, shape]) => columnRules(table, name, { shape, ...context })),
  ];
}

/** A rule and the query that counts the rows that break it. */
export interface Rule {
  code: string;
  message: string;
  hint: string;
  column?: string;
  /** An aggregate over the table's rows; with `isApart` a query of its own, which holds many keys in memory. */
  count: string;
  isApart?: boolean;
}

/** Codes by name of the value set. */
export type ValueSets = ReadonlyMap<string, string[]>;

export interface ConformanceContext {
  manifest: Manifest;
  valueSets: ValueSets;
}

function tableRules(table: TableName, manifest: Manifest): Rule[] {
  const name = table.toUpperCase();
  const { key } = tableShape(table);
  const { added, changed, removed } = manifest.tables[table];
  return [
    {
      code: "SUBMISSION_ROW_COUNT",
      message: `${name} has more or fewer rows than the manifest says`,
      hint: "run the site's night again",
      count: `abs(count(*) - ${added + changed}) + abs((SELECT count(*) FROM ${ident(removedRows(table))}) - ${removed})`,
    },
    {
      code: "SUBMISSION_SITE",
      message: `${name} has rows of another site`,
      hint: "DATAMARTID must be the site in site.yaml",
      column: "datamartid",
      count: `count(*) FILTER (datamartid IS DISTINCT FROM ${text(manifest.site)})`,
    },
    {
      code: "SUBMISSION_DUPLICATE_KEY",
      message: `${name} has several rows with one key`,
      hint: `${key.join(", ").toUpperCase()} must be unique: report this with the site's mapping`,
      column: key.join(", "),
      isApart: true,
      count: repeatedKeys(table, key.map(ident).join(", ")),
    },
    ...(removed > 0 ? [removalRule(table, manifest)] : []),
  ];
}

/** Equal keys have equal hashes: where no hash stands twice no key does, and numbers need a tenth of the memory of the tokens. */
function repeatedKeys(table: TableName, key: string): string {
  const rows = ident(table);
  return `SELECT count(*) FROM (
    SELECT 1 FROM ${rows}
    WHERE hash(${key}) IN (SELECT hash(${key}) AS hashed FROM ${rows} GROUP BY hashed HAVING count(*) > 1)
    GROUP BY ${key} HAVING count(*) > 1)`;
}

function removalRule(table: TableName, { site }: Manifest): Rule {
  const removed = ident(removedRows(table));
  const columns = identityOf(table).map(ident);
  const identity = columns.join(", ");
  return {
    code: "SUBMISSION_REMOVED",
    message: `${table.toUpperCase()} removes rows without naming them, of another site, twice, or rows that it also brings`,
    hint: "run the site's night again; if it stays so, report it",
    column: identityOf(table).join(", "),
    isApart: true,
    count: `SELECT
      (SELECT count(*) FROM ${removed} WHERE datamartid IS DISTINCT FROM ${text(site)} OR ${columns.map((column) => `${column} IS NULL`).join(" OR ")})
      + (SELECT count(*) - count(DISTINCT (${identity})) FROM ${removed})
      + (SELECT count(*) FROM ${ident(table)} WHERE (${identity}) IN (SELECT (${identity}) FROM ${removed}))`,
  };
}

function columnRules(
  table: TableName,
  column: string,
  { shape, valueSets, manifest }: ConformanceContext & { shape: ColumnShape },
): Rule[] {
  const name = `${table}.${column}`.toUpperCase();
  const value = ident(column);
  const rules: Rule[] = [];
  if (shape.required) {
    rules.push({
      code: "SUBMISSION_REQUIRED",
      message: `${name} is empty where it is required`,
      hint: "check the mapping of this column, or what fills it",
      column,
      count: `count(*) FILTER (${value} IS NULL)`,
    });
  }
  if (shape.length !== null) {
    rules.push({
      code: "SUBMISSION_LENGTH",
      message: `${name} is longer than ${shape.length} characters`,
      hint: "check the mapping of this column",
      column,
      count: `count(*) FILTER (length(${value}) > ${shape.length})`,
    });
  }
  if (shape.valueSet !== null) {
    rules.push({
      code: "SUBMISSION_VALUE_SET",
      message: `${name} has codes that are not in the value set ${shape.valueSet}`,
      hint: "add the source's words for this column to words in site.yaml",
      column,
      count: `count(*) FILTER (${value} IS NOT NULL AND ${value} NOT IN ${textList(valueSets.get(shape.valueSet) ?? [])})`,
    });
  }
  if (shape.type === "text" && shape.valueSet === null) {
    rules.push({
      code: "SUBMISSION_TEXT",
      message: `${name} has texts with a NUL character, which databases cannot hold`,
      hint: "remove it in the export",
      column,
      count: `count(*) FILTER (contains(${value}, chr(0)))`,
    });
  }
  if (shape.type === "date") {
    rules.push({
      code: "SUBMISSION_DATE",
      message: `${name} has days outside the years 1 to 9999`,
      hint: "check the date format in the mapping",
      column,
      count: `count(*) FILTER (${value} NOT BETWEEN DATE '0001-01-01' AND DATE '9999-12-31')`,
    });
  }
  return manifest.kind === "full" ? [...rules, ...referenceRules(table, column, shape)] : rules;
}

/**
 * Only required references: a visit that the export does not hold is no fault of the answer that names it. Those of changes are proven
 * in the warehouse, when they are merged.
 */
function referenceRules(table: TableName, column: string, shape: ColumnShape): Rule[] {
  const [target, targetColumn] = (shape.references ?? "").split(".");
  if (!shape.required || !target || !targetColumn || !TABLE_NAMES.includes(target as TableName))
    return [];
  return [
    {
      code: "SUBMISSION_REFERENCE",
      message: `${`${table}.${column}`.toUpperCase()} names rows that ${target.toUpperCase()} does not have`,
      hint: `every ${column.toUpperCase()} must be in ${target.toUpperCase()}: report this with the site's mapping`,
      column,
      isApart: true,
      count: `SELECT count(*) FROM ${ident(table)} AS source
        WHERE NOT EXISTS (FROM ${ident(target)} AS target
          WHERE target.${ident(targetColumn)} = source.${ident(column)})`,
    },
  ];
}
