import { join } from "node:path";
import { DuckDb } from "../../warehouse/duckdb.ts";
import {
  type ColumnShape,
  TABLE_NAMES,
  type TableName,
  tableShape,
} from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { ProError } from "../core/errors.ts";
import type { Issue } from "../core/issues.ts";
import { mappingsDirectory } from "../core/mappings.ts";
import type { Manifest } from "./manifest.ts";

/**
 * Holds the rows of a submission against the CDM: columns and types, required values, lengths, value sets, unique keys,
 * references, the site in every row, and the manifest's row counts.
 *
 * @throws ProError `SUBMISSION_UNREADABLE` when a file is no Parquet, ConformanceError with every broken rule.
 */
export async function checkConformance(directory: string, manifest: Manifest): Promise<void> {
  const issues = await findIssues(directory, manifest);
  if (issues.length > 0) throw new ConformanceError(issues);
}

/** Rows that break rules of the CDM: `SUBMISSION_NOT_CONFORMING` with all of them. */
export class ConformanceError extends ProError {
  readonly issues: Issue[];

  constructor(issues: Issue[]) {
    const [first] = issues;
    super(
      "SUBMISSION_NOT_CONFORMING",
      `${issues.length} rule(s) of the CDM are broken; the first: ${first?.message}`,
      { where: first?.examples[0] ?? {}, hint: first?.hint ?? "" },
    );
    this.issues = issues;
  }
}

async function findIssues(directory: string, manifest: Manifest): Promise<Issue[]> {
  const db = await DuckDb.open(":memory:");
  try {
    for (const table of TABLE_NAMES) await defineView(db, table, directory);
    const shapes = await Promise.all(TABLE_NAMES.map((table) => checkColumns(db, table)));
    // Rows cannot be judged by columns that are not there.
    if (shapes.flat().length > 0) return shapes.flat();
    await db.run(
      `CREATE TABLE value_set AS FROM read_csv(
         ${text(join(mappingsDirectory, "cdm", "value_sets.csv"))}, all_varchar = true)`,
    );
    const issues: Issue[] = [];
    for (const table of TABLE_NAMES) issues.push(...(await checkRows(db, table, manifest)));
    return issues;
  } finally {
    db.close();
  }
}

async function defineView(db: DuckDb, table: TableName, directory: string): Promise<void> {
  const file = join(directory, `${table}.parquet`);
  try {
    await db.run(`CREATE VIEW ${ident(table)} AS FROM read_parquet(${text(file)})`);
  } catch (cause) {
    throw new ProError("SUBMISSION_UNREADABLE", "the file cannot be read as Parquet", {
      where: { file: `${table}.parquet` },
      hint: "run the site's night again; if it stays so, report it",
      cause,
    });
  }
}

async function checkColumns(db: DuckDb, table: TableName): Promise<Issue[]> {
  const found = await db.all<{ column_name: string; column_type: string }>(
    `DESCRIBE ${ident(table)}`,
  );
  const is = found.map(({ column_name, column_type }) => `${column_name} ${column_type}`);
  const should = Object.entries(tableShape(table).columns).map(
    ([name, shape]) => `${name} ${duckDbType(shape)}`,
  );
  return [
    ...should.filter((column) => !is.includes(column)).map((column) => ["lacks", column]),
    ...is.filter((column) => !should.includes(column)).map((column) => ["has unknown", column]),
  ].map(([verb, column]) => ({
    code: "SUBMISSION_COLUMN",
    message: `${table.toUpperCase()} ${verb} column ${column}`,
    hint: "site and hub must run the same version of propool",
    count: 1,
    examples: [{ file: `${table}.parquet`, pointer: column }],
  }));
}

function duckDbType({ type, precision, scale }: ColumnShape): string {
  if (type === "number") return `DECIMAL(${precision},${scale})`;
  return { text: "VARCHAR", date: "DATE", integer: "INTEGER", boolean: "BOOLEAN" }[type];
}

/** A rule and the query that counts the rows that break it. */
interface Rule {
  code: string;
  message: string;
  hint: string;
  column?: string;
  /** An aggregate over the table's rows. */
  count: string;
}

/** All rules of a table in one scan. */
async function checkRows(db: DuckDb, table: TableName, manifest: Manifest): Promise<Issue[]> {
  const rules = [
    ...tableRules(table, manifest),
    ...Object.entries(tableShape(table).columns).flatMap(([name, shape]) =>
      columnRules(table, name, shape),
    ),
  ];
  const counts = await db
    .all<Record<string, bigint>>(
      `SELECT ${rules.map(({ count }, index) => `(${count})::BIGINT AS r${index}`).join(",\n")} FROM ${ident(table)}`,
    )
    .catch((cause) => {
      throw new ProError("SUBMISSION_UNREADABLE", "the rows cannot be read", {
        where: { file: `${table}.parquet` },
        hint: "run the site's night again; if it stays so, report it",
        cause,
      });
    });
  return rules.flatMap((rule, index) => {
    const count = Number(counts[0]?.[`r${index}`] ?? 0);
    if (count === 0) return [];
    const where = { file: `${table}.parquet`, pointer: rule.column };
    const { code, message, hint } = rule;
    return [{ code, message, hint, count, examples: [where] }];
  });
}

function tableRules(table: TableName, manifest: Manifest): Rule[] {
  const name = table.toUpperCase();
  const key = tableShape(table).key;
  return [
    {
      code: "SUBMISSION_ROW_COUNT",
      message: `${name} has more or fewer rows than the manifest says`,
      hint: "run the site's night again",
      count: `abs(count(*) - ${manifest.tables[table].rows})`,
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
      count: `(SELECT count(*) FROM (
         SELECT 1 FROM ${ident(table)} GROUP BY ${key.map(ident).join(", ")} HAVING count(*) > 1))`,
    },
  ];
}

function columnRules(table: TableName, column: string, shape: ColumnShape): Rule[] {
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
      count: `count(*) FILTER (${value} IS NOT NULL AND ${value} NOT IN (
        SELECT code FROM value_set WHERE value_set = ${text(shape.valueSet)}))`,
    });
  }
  return [...rules, ...referenceRules(table, column, shape)];
}

/** Only required references: a visit that the export does not hold is no fault of the answer that names it. */
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
      count: `(SELECT count(*) FROM ${ident(table)} AS source
         WHERE NOT EXISTS (FROM ${ident(target)} AS target
           WHERE target.${ident(targetColumn)} = source.${ident(column)}))`,
    },
  ];
}
