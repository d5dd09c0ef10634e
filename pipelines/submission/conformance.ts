import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DuckDb, SPILLING_MEMORY } from "../../warehouse/duckdb.ts";
import { duckDbType } from "../../warehouse/incoming.ts";
import { TABLE_NAMES, type TableName, tableShape } from "../../warehouse/schema.ts";
import { isSmall } from "../../warehouse/small.ts";
import { csvFileSql, ident, text } from "../../warehouse/sql.ts";
import { ProError } from "../core/errors.ts";
import type { Issue } from "../core/issues.ts";
import { mappingsDirectory } from "../core/mappings.ts";
import {
  type ConformanceContext,
  conformanceRules,
  removedRows,
  type ValueSets,
} from "./conformance-rules.ts";
import { type Manifest, tableFile } from "./manifest.ts";
import { ConformanceError } from "./refusal.ts";

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

async function findIssues(directory: string, manifest: Manifest): Promise<Issue[]> {
  const files = await readdir(directory);
  const db = await DuckDb.open(":memory:", {
    temporaryDirectory: `${directory}.tmp`,
    memoryLimit: SPILLING_MEMORY,
    small: await isSmall(files.map((file) => join(directory, file))),
  });
  try {
    const shapes: Issue[][] = [];
    for (const table of TABLE_NAMES)
      shapes.push(await defineViews(db, table, { directory, manifest }));
    // Rows cannot be judged by columns that are not there.
    if (shapes.flat().length > 0) return shapes.flat();
    const valueSets = await readValueSets(db);
    const issues: Issue[] = [];
    for (const table of TABLE_NAMES.filter((name) => hasRows(manifest, name)))
      issues.push(...(await checkRows(db, table, { manifest, valueSets })));
    return issues;
  } finally {
    db.close();
    await rm(`${directory}.tmp`, { recursive: true, force: true });
  }
}

function hasRows({ tables }: Manifest, table: TableName): boolean {
  const { file, added, changed, removed } = tables[table];
  return file !== null || added + changed + removed > 0;
}

/** The rows that a table gets and those that it loses, each as a view of its own; returns what is wrong with the columns. */
async function defineViews(
  db: DuckDb,
  table: TableName,
  { directory, manifest }: { directory: string; manifest: Manifest },
): Promise<Issue[]> {
  const file = join(directory, tableFile(table));
  const expected = [["change", "VARCHAR"], ...columnsOf(table)] as const;
  const empty = `SELECT ${expected.map(([name, type]) => `NULL::${type} AS ${ident(name)}`).join(", ")} LIMIT 0`;
  const source = manifest.tables[table].file ? `FROM read_parquet(${text(file)})` : empty;
  const found = await db
    .all<{ column_name: string; column_type: string }>(`DESCRIBE ${source}`)
    .catch((cause) => {
      throw new ProError("SUBMISSION_UNREADABLE", "the file cannot be read as Parquet", {
        where: { file: tableFile(table) },
        hint: "run the site's night again; if it stays so, report it",
        cause,
      });
    });
  const is = found.map(({ column_name, column_type }) => `${column_name} ${column_type}`);
  const issues = strangeColumns(
    table,
    is,
    expected.map((one) => one.join(" ")),
  );
  if (issues.length > 0) return issues;
  const rows = `SELECT * EXCLUDE (change) FROM (${source})`;
  await db.run(`CREATE VIEW ${ident(table)} AS ${rows} WHERE change IS DISTINCT FROM 'removed'`);
  await db.run(`CREATE VIEW ${ident(removedRows(table))} AS ${rows} WHERE change = 'removed'`);
  return [];
}

function strangeColumns(table: TableName, is: string[], should: string[]): Issue[] {
  return [
    ...should.filter((column) => !is.includes(column)).map((column) => ["lacks", column]),
    ...is.filter((column) => !should.includes(column)).map((column) => ["has unknown", column]),
  ].map(([verb, column]) => ({
    code: "SUBMISSION_COLUMN",
    message: `${table.toUpperCase()} ${verb} column ${column}`,
    hint: "site and hub must run the same version of propool",
    count: 1,
    examples: [{ file: tableFile(table), pointer: column }],
  }));
}

function columnsOf(table: TableName): [string, string][] {
  return Object.entries(tableShape(table).columns).map(([name, shape]) => [
    name,
    duckDbType(shape),
  ]);
}

async function readValueSets(db: DuckDb): Promise<ValueSets> {
  const file = join(mappingsDirectory, "cdm", "value_sets.csv");
  const rows = await db.all<{ value_set: string; code: string }>(
    `FROM ${csvFileSql(file, ["value_set", "code", "label"])}`,
  );
  const sets = new Map<string, string[]>();
  for (const { value_set, code } of rows)
    sets.set(value_set, [...(sets.get(value_set) ?? []), code]);
  return sets;
}

/** The rules of single rows in one scan of the table; those that compare rows one after the other, so that their memory does not add up. */
async function checkRows(
  db: DuckDb,
  table: TableName,
  context: ConformanceContext,
): Promise<Issue[]> {
  const rules = conformanceRules(table, context);
  const together = rules.filter(({ isApart }) => !isApart);
  const counts = await countBroken(
    db,
    table,
    `SELECT [${together.map(({ count }) => `(${count})::DOUBLE`).join(",\n")}] AS broken FROM ${ident(table)}`,
  );
  const broken = new Map(together.map((rule, index) => [rule, counts[index] ?? 0]));
  for (const rule of rules.filter(({ isApart }) => isApart)) {
    const [count = 0] = await countBroken(db, table, `SELECT [(${rule.count})::DOUBLE] AS broken`);
    broken.set(rule, count);
  }
  return rules.flatMap((rule) => {
    const count = broken.get(rule) ?? 0;
    if (count === 0) return [];
    const where = { file: tableFile(table), pointer: rule.column };
    const { code, message, hint } = rule;
    return [{ code, message, hint, count, examples: [where] }];
  });
}

/** A file whose footer is sound can still hold pages that are not. */
async function countBroken(db: DuckDb, table: TableName, sql: string): Promise<readonly number[]> {
  const { broken } = await db.one<{ broken: { items: readonly number[] } }>(sql).catch((cause) => {
    throw new ProError("SUBMISSION_UNREADABLE", "the rows cannot be read", {
      where: { file: tableFile(table) },
      hint: "run the site's night again; if it stays so, report it",
      cause,
    });
  });
  return broken.items;
}
