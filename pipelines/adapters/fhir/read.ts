import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDb, isInputRefused } from "../../../warehouse/duckdb.ts";
import { ident, text } from "../../../warehouse/sql.ts";
import { ProError } from "../../core/errors.ts";
import type { AdapterInput } from "../adapter.ts";
import { nextRecordKey } from "../intake.ts";
import { countRecords, isBlankLine, numberedLines } from "./container.ts";
import { needsSieve } from "./nested.ts";
import {
  isResourceType,
  RESOURCES,
  type ResourceType,
  reasonNotRead,
  resourceShape,
  resourceTable,
} from "./resources.ts";
import { duckColumns, duckType, type Shape } from "./shape.ts";
import { isDocument, type SetAside, sieve } from "./sieve.ts";

/** Creates an empty table for each resource type; a row is a resource as read, in the order of the file. */
export async function createResourceTables(db: DuckDb): Promise<void> {
  for (const type of Object.keys(RESOURCES) as ResourceType[]) {
    const columns = Object.entries(resourceShape(type)).map(
      ([name, shape]) => `${ident(name)} ${duckType(shape)}`,
    );
    await db.run(`CREATE TABLE ${resourceTable(type)} (file VARCHAR, ${columns.join(", ")})`);
  }
}

/**
 * Reads one file into the resource tables. NDJSON of one resource type takes the fast way: DuckDB's strict reader. A file that it
 * refuses, mixed files, files with blank lines between records (whose line numbers only a line-by-line reader knows), Bundles
 * and single resources go through the sieve. Either way the number of records is proven.
 *
 * @throws ProError `SOURCE_EMPTY`, `SOURCE_UNREADABLE`, `SOURCE_COUNT`.
 */
export async function readFhirFile(input: AdapterInput, file: string): Promise<void> {
  const path = join(input.exportDirectory, file);
  const isNdjson = !isDocument(file);
  const counted = isNdjson ? await provenCount(path, file) : null;
  const type = counted && !counted.hasGap ? await firstType(path) : null;
  const expected = counted?.records ?? null;
  const whole = { path, file, expected, longest: counted?.longest ?? 0 };
  if (type && (await readStrictly(input.db, { ...whole, type }))) return;
  const { files, setAside, candidates } = await sieve(path, input.scratch).catch((cause) => {
    throw unreadable(file, cause);
  });
  if (candidates === 0) throw empty(file);
  if (expected !== null && candidates !== expected) {
    throw new ProError(
      "SOURCE_COUNT",
      `${expected} lines were counted but ${candidates} were read`,
      {
        where: { file },
        hint: "nothing of this night was loaded; the file may have changed while it was read",
      },
    );
  }
  for (const part of files) {
    const found = { ...part, file, expected: part.records, isSieved: true };
    if (!(await readStrictly(input.db, found))) setAside.push(...(await readHalves(input, found)));
  }
  await recordSetAside(input.db, file, setAside);
}

interface TypedFile {
  path: string;
  /** The file's name for the steward. */
  file: string;
  type: string;
  expected: number | null;
  /** Bytes of the longest record. */
  longest: number;
  /** Whether the sieve has looked at every record. */
  isSieved?: boolean;
}

/** Whether the whole file could be read as this type; nothing of it is kept otherwise. */
async function readStrictly(db: DuckDb, found: TypedFile): Promise<boolean> {
  const { type } = found;
  if (!isResourceType(type)) return recordNotRead(db, found);
  const table = resourceTable(type);
  await db.run("BEGIN");
  try {
    const isAsCounted = await insertRecords(db, table, resourceShape(type), found);
    if (isAsCounted && (found.isSieved || !(await needsSieve(db, type, found.file)))) {
      await db.run("COMMIT");
      return true;
    }
  } catch (error) {
    await db.run("ROLLBACK");
    // The reader's message quotes the line, a patient's data: it is not kept. The sieve finds the place.
    if (isInputRefused(error)) return false;
    throw error;
  }
  await db.run("ROLLBACK");
  return false;
}

/** DuckDB's own limit for one record, less a margin. */
const ROOM = 16_000_000;

/** Whether as many records went into the table as were counted, all of one type. */
async function insertRecords(
  db: DuckDb,
  table: string,
  shape: { readonly [column: string]: Shape },
  { path, file, type, expected, longest, isSieved }: TypedFile,
): Promise<boolean> {
  // DuckDB refuses longer records than it made room for, and room costs memory in every thread.
  const room = longest > ROOM ? `, maximum_object_size = ${longest + 1024}` : "";
  const reader = `read_ndjson(${text(path)}, columns = ${duckColumns(shape)}${room})`;
  const read = await db.run(`INSERT INTO ${table} SELECT ${text(file)}, * FROM ${reader}`);
  if (isSieved) return read === expected;
  const { others } = await db.one<{ others: bigint }>(
    `SELECT count(*) AS others FROM ${table} WHERE file = ${text(file)} AND resourceType IS DISTINCT FROM ${text(type)}`,
  );
  return others === 0n && (expected === null || read === expected);
}

/** A file of resources that propool does not read: each is counted under its line. */
async function recordNotRead(db: DuckDb, found: TypedFile): Promise<boolean> {
  // Its rows must be committed before they have row ids, hence a table and no transaction.
  await db.run(
    "CREATE OR REPLACE TABLE fhir_other (file VARCHAR, resourceType VARCHAR, id VARCHAR)",
  );
  const shape = { resourceType: "VARCHAR", id: "VARCHAR" } as const;
  const isAsCounted = await insertRecords(db, "fhir_other", shape, found).catch((error) => {
    if (isInputRefused(error)) return false;
    throw error;
  });
  if (isAsCounted) {
    await db.run(`INSERT INTO intake_record
      SELECT ${await nextRecordKey(db)} + rowid, file, 'line ' || (rowid + 1), resourceType,
        'out_of_scope', ${text(reasonNotRead(found.type))}, NULL FROM fhir_other`);
  }
  await db.run("DROP TABLE fhir_other");
  return isAsCounted;
}

/**
 * The last resort for a clean file that the strict reader still refuses (a key given twice, a text it cannot decode): halves it
 * until the single records that are refused stand alone.
 */
async function readHalves(input: AdapterInput, found: TypedFile): Promise<SetAside[]> {
  const lines = (await readFile(found.path, "utf8")).trimEnd().split("\n");
  if (lines.length === 1) {
    const where = /^\{"_where":"([^"]*)"/.exec(lines[0] ?? "")?.[1] ?? "line ?";
    return [
      { where, kind: found.type, state: "quarantined", reason: "SOURCE_REFUSED", pointer: null },
    ];
  }
  const middle = lines.length >> 1;
  const setAside: SetAside[] = [];
  for (const [i, half] of [lines.slice(0, middle), lines.slice(middle)].entries()) {
    const part = { ...found, path: `${found.path}.${i}`, expected: half.length };
    await writeFile(part.path, `${half.join("\n")}\n`, { mode: 0o600 });
    if (!(await readStrictly(input.db, part))) setAside.push(...(await readHalves(input, part)));
  }
  return setAside;
}

async function recordSetAside(db: DuckDb, file: string, setAside: SetAside[]): Promise<void> {
  let key = await nextRecordKey(db);
  const appender = await db.connection.createAppender("intake_record");
  for (const one of setAside) {
    appender.appendBigInt(key++);
    for (const value of [file, one.where, one.kind, one.state, one.reason])
      appender.appendVarchar(value);
    if (one.pointer === null) appender.appendNull();
    else appender.appendVarchar(one.pointer);
    appender.endRow();
  }
  appender.closeSync();
}

async function provenCount(path: string, file: string) {
  const counted = await countRecords(path).catch((cause) => {
    throw unreadable(file, cause);
  });
  if (counted.records === 0) throw empty(file);
  return counted;
}

/** The resource type of the first record, or null when that record does not say one. */
async function firstType(path: string): Promise<string | null> {
  for await (const [, line] of numberedLines(path)) {
    if (line === null) return null;
    if (isBlankLine(line)) continue;
    try {
      const type = JSON.parse(line)?.resourceType;
      return typeof type === "string" && /^[A-Za-z]{1,64}$/.test(type) ? type : null;
    } catch {
      return null;
    }
  }
  return null;
}

function empty(file: string): ProError {
  return new ProError("SOURCE_EMPTY", "the file holds no record", {
    where: { file },
    hint: "export it again, or take it out of the export folder",
  });
}

function unreadable(file: string, cause: unknown): ProError {
  const isPacked = (cause as NodeJS.ErrnoException)?.code?.startsWith("Z_");
  return new ProError(
    "SOURCE_UNREADABLE",
    isPacked ? "the gzip file is damaged or cut short" : "the file cannot be read",
    {
      where: { file },
      hint: "export it again; nothing of this night was loaded",
      cause,
    },
  );
}
