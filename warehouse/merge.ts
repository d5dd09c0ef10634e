import { ProError } from "../pipelines/core/errors.ts";
import { identityOf } from "./changes.ts";
import type { RowCounts } from "./dialects/dialect.ts";
import { TABLE_NAMES, type TableName, tableShape } from "./schema.ts";
import { ident, text } from "./sql.ts";

/** A connection on which a submission is merged; the statements are those that all dialects share. */
export interface MergeDb {
  /** Returns the rows changed. */
  run(sql: string): Promise<number>;
  all<T extends object>(sql: string): Promise<T[]>;
  /** Whether rows are spread over machines by person, where a join must name the person too. */
  isSpread?: boolean;
}

/** Name of the relation that holds a table's incoming rows: all its columns, and `change` (added, changed, removed). */
export const incoming = (table: TableName) => `incoming_${table}`;

/**
 * Merges the incoming rows of one site into the warehouse's tables and proves that they fit: what is changed or removed was there, what is
 * added was not, and everything that the rows refer to is there afterwards.
 *
 * @throws ProError `SUBMISSION_ROWS_UNKNOWN`, `SUBMISSION_ROWS_KNOWN`, `SUBMISSION_REFERENCE`; the caller undoes what was merged.
 */
export async function mergeChanges(db: MergeDb, tables: readonly TableName[]): Promise<void> {
  for (const table of tables) await mergeTable(db, table);
  for (const table of TABLE_NAMES) await proveReferences(db, table, tables);
}

async function mergeTable(db: MergeDb, table: TableName): Promise<void> {
  const from = ident(incoming(table));
  const same = identityOf(table).map((column) => `t.${ident(column)} = i.${ident(column)}`);
  const columns = Object.keys(tableShape(table).columns).map(ident).join(", ");
  const expected = await count(db, `SELECT count(*) AS n FROM ${from} WHERE change <> 'added'`);
  const deleted = await db.run(
    `DELETE FROM ${ident(table)} t USING ${from} i WHERE i.change <> 'added' AND ${same.join(" AND ")}`,
  );
  if (deleted !== expected) {
    throw unfit(
      "SUBMISSION_ROWS_UNKNOWN",
      table,
      `changes or removes ${expected} rows, of which the hub has ${deleted}`,
    );
  }
  await proveKeys(db, table);
  await db.run(
    `INSERT INTO ${ident(table)} (${columns}) SELECT ${columns} FROM ${from} WHERE change <> 'removed'`,
  );
}

/** Once what goes is gone, no key of what comes may be there. */
async function proveKeys(db: MergeDb, table: TableName): Promise<void> {
  const columns = db.isSpread ? identityOf(table) : tableShape(table).key;
  const same = columns.map((column) => `t.${ident(column)} = i.${ident(column)}`).join(" AND ");
  const rows = await count(
    db,
    `SELECT count(*) AS n FROM ${ident(incoming(table))} i JOIN ${ident(table)} t ON ${same} WHERE i.change <> 'removed'`,
  );
  if (rows > 0)
    throw unfit("SUBMISSION_ROWS_KNOWN", table, `adds ${rows} rows whose key the hub has already`);
}

/** Only what this submission touched can have come loose: new rows that refer, and removed rows that are referred to. */
async function proveReferences(
  db: MergeDb,
  table: TableName,
  touched: readonly TableName[],
): Promise<void> {
  for (const [column, { target, targetColumn }] of referencesOf(table)) {
    const lost: string[] = [];
    const joined = sameRow(table, column, { target, targetColumn });
    const missing = `NOT EXISTS (SELECT 1 FROM ${ident(target)} target WHERE ${joined})`;
    if (touched.includes(table))
      lost.push(`SELECT count(*) AS n FROM ${ident(incoming(table))} source
        WHERE source.change <> 'removed' AND ${missing}`);
    if (touched.includes(target))
      lost.push(`SELECT count(*) AS n FROM ${ident(table)} source
        JOIN ${ident(incoming(target))} removed ON removed.change = 'removed' AND removed.datamartid = source.datamartid
          AND ${sameRow(table, column, { target, targetColumn }).replaceAll("target.", "removed.")}
        WHERE ${missing}`);
    for (const query of lost) {
      const rows = await count(db, query);
      if (rows > 0)
        throw unfit(
          "SUBMISSION_REFERENCE",
          table,
          `has ${rows} rows whose ${column.toUpperCase()} is not in ${target.toUpperCase()}`,
        );
    }
  }
}

/** What a row refers to is of the same site, and of the same person where both have one. */
function sameRow(
  table: TableName,
  column: string,
  { target, targetColumn }: { target: TableName; targetColumn: string },
): string {
  const hasPerson = [table, target].every((one) => "patid" in tableShape(one).columns);
  return [
    "target.datamartid = source.datamartid",
    `target.${ident(targetColumn)} = source.${ident(column)}`,
    ...(hasPerson ? ["target.patid = source.patid"] : []),
  ].join(" AND ");
}

/** Only required references: a visit that the export does not hold is no fault of the answer that names it. */
function referencesOf(
  table: TableName,
): [column: string, { target: TableName; targetColumn: string }][] {
  return Object.entries(tableShape(table).columns).flatMap(([column, shape]) => {
    const [target, targetColumn] = (shape.references ?? "").split(".");
    if (!shape.required || !targetColumn || !TABLE_NAMES.includes(target as TableName)) return [];
    return [[column, { target: target as TableName, targetColumn }]];
  });
}

async function count(db: MergeDb, sql: string): Promise<number> {
  const [row] = await db.all<{ n: number | bigint | string }>(sql);
  return Number(row?.n ?? 0);
}

function unfit(code: `SUBMISSION_${string}`, table: TableName, message: string): ProError {
  return new ProError(code, `${table.toUpperCase()} ${message}`, {
    where: { file: `${table}.parquet` },
    hint: "site and hub do not agree on what was sent before: the site's next night reads this and sends a full submission",
  });
}

const HELD = "submission_table";

/** Rows of each table that the warehouse holds of a site, from its own book-keeping. */
export async function heldRows(db: MergeDb, site: string): Promise<Partial<RowCounts>> {
  const rows = await db.all<{ table_name: TableName; n: number | bigint | string }>(
    `SELECT table_name, row_count AS n FROM ${HELD} WHERE datamartid = ${text(site)}`,
  );
  return Object.fromEntries(rows.map(({ table_name, n }) => [table_name, Number(n)]));
}

/** Writes down what the warehouse now holds of a site. @throws ProError `SUBMISSION_ROW_COUNT` where that is not what the site says. */
export async function bookSubmission(
  db: MergeDb,
  submission: { site: string; sequence: number; manifestSha256: string; created?: string },
  counts: RowCounts,
  expected: RowCounts | undefined,
): Promise<void> {
  for (const table of TABLE_NAMES) {
    if (expected && expected[table] !== counts[table])
      throw unfit(
        "SUBMISSION_ROW_COUNT",
        table,
        `would have ${counts[table]} rows, and has ${expected[table]} at the site`,
      );
  }
  const site = text(submission.site);
  const created = submission.created ? `DATE ${text(submission.created)}` : "NULL";
  await db.run(`DELETE FROM submission WHERE datamartid = ${site}`);
  await db.run(`DELETE FROM ${HELD} WHERE datamartid = ${site}`);
  const values = TABLE_NAMES.map((table) => `(${site}, ${text(table)}, ${counts[table]})`);
  await db.run(
    `INSERT INTO ${HELD} (datamartid, table_name, row_count) VALUES ${values.join(", ")}`,
  );
  await db.run(
    `INSERT INTO submission (datamartid, sequence, manifest_sha256, created)
     VALUES (${site}, ${submission.sequence}, ${text(submission.manifestSha256)}, ${created})`,
  );
}

/** What the warehouse holds, by its own books. */
export const HELD_SUBMISSIONS = "SELECT datamartid, sequence, manifest_sha256 FROM submission";
export const HELD_LINKAGE = "SELECT linkage FROM publication";

/** Tables that hold rows of a site, and the books about them. */
export const SITE_TABLES: readonly string[] = [...TABLE_NAMES, "submission", HELD];
