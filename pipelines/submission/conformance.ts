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
import { type ConformanceContext, conformanceRules, type ValueSets } from "./conformance-rules.ts";
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
    const valueSets = await readValueSets(db);
    const issues: Issue[] = [];
    for (const table of TABLE_NAMES)
      issues.push(...(await checkRows(db, table, { manifest, valueSets })));
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

async function readValueSets(db: DuckDb): Promise<ValueSets> {
  const file = join(mappingsDirectory, "cdm", "value_sets.csv");
  const rows = await db.all<{ value_set: string; code: string }>(
    `FROM read_csv(${text(file)}, all_varchar = true)`,
  );
  const sets = new Map<string, string[]>();
  for (const { value_set, code } of rows)
    sets.set(value_set, [...(sets.get(value_set) ?? []), code]);
  return sets;
}

/** All rules of a table in one scan. */
async function checkRows(
  db: DuckDb,
  table: TableName,
  context: ConformanceContext,
): Promise<Issue[]> {
  const rules = conformanceRules(table, context);
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
