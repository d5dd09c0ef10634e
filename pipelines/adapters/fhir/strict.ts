import { type DuckDb, isInputRefused } from "../../../warehouse/duckdb.ts";
import { ident, text } from "../../../warehouse/sql.ts";
import { nextRecordKey } from "../intake.ts";
import { ITEM_TABLES, ITEM_WITHOUT_IDS, readItems } from "./items.ts";
import { needsSieve } from "./nested.ts";
import { strictReader } from "./reader.ts";
import {
  isResourceType,
  RESOURCES,
  type ResourceType,
  reasonNotRead,
  resourceShape,
  resourceTable,
} from "./resources.ts";
import { duckType, textPaths } from "./shape.ts";

/** Creates an empty table for each resource type; a row is a resource as read, in the order of the file. Items of responses are kept apart. */
export async function createResourceTables(db: DuckDb): Promise<void> {
  const tables: Record<string, string> = { ...ITEM_TABLES };
  for (const type of Object.keys(RESOURCES) as ResourceType[])
    tables[resourceTable(type)] = columnsOf(type, type === "QuestionnaireResponse" ? ["item"] : []);
  for (const [table, columns] of Object.entries(tables))
    await db.run(`CREATE TABLE ${table} (${columns})`);
}

function columnsOf(type: ResourceType, without: readonly string[] = []): string {
  const shapes = Object.entries(resourceShape(type)).filter(([name]) => !without.includes(name));
  const columns = shapes.map(([name, shape]) => `${ident(name)} ${duckType(shape)}`);
  return ["file VARCHAR", ...columns].join(", ");
}

/** An NDJSON file of one resource type. */
export interface TypedFile {
  path: string;
  type: string;
  /** The file's name for the steward; null where every record carries its own. */
  file: string | null;
  /** Records that were counted in it. */
  expected: number;
  /** Bytes of the longest record. */
  longest: number;
}

/** Whether the whole file could be read as this type; nothing of it is kept otherwise. */
export async function readStrictly(
  db: DuckDb,
  scratch: string,
  found: TypedFile,
): Promise<boolean> {
  const { type } = found;
  if (!isResourceType(type)) return recordNotRead(db, found);
  try {
    if (type === "QuestionnaireResponse") return await readResponses(db, scratch, found);
    return await readResources(db, type, found);
  } catch (error) {
    // The reader's message quotes the line, a patient's data: it is not kept. The sieve finds the place.
    if (isInputRefused(error)) return false;
    throw error;
  }
}

async function readResources(db: DuckDb, type: ResourceType, found: TypedFile): Promise<boolean> {
  let isKept = false;
  await db.run("BEGIN");
  try {
    isKept = await insertRecords(db, resourceTable(type), type, found);
  } finally {
    await db.run(isKept ? "COMMIT" : "ROLLBACK");
  }
  return isKept;
}

/** Responses wait in a table of their own until their items have been taken apart. */
async function readResponses(db: DuckDb, scratch: string, found: TypedFile): Promise<boolean> {
  const type = "QuestionnaireResponse";
  const { longest, file } = found;
  await db.run(`CREATE TABLE fhir_response (${columnsOf(type)})`);
  try {
    const isKept =
      (await insertRecords(db, "fhir_response", type, found)) &&
      (await readItems(db, scratch, { longest, isSieved: file === null }));
    if (isKept)
      await db.run(
        "INSERT INTO fhir_questionnaireresponse SELECT * EXCLUDE (item) FROM fhir_response",
      );
    return isKept;
  } finally {
    await db.run("DROP TABLE fhir_response");
  }
}

/** The strict reader takes a list or an object as a text where a text is expected: `"gender": ["female"]` is no word of any list. */
async function holdsListForText(db: DuckDb, rows: string, type: ResourceType): Promise<boolean> {
  // Of answers there are too many to look at each text: what is no day, number or reference is quarantined later on.
  const isAnswer = type === "QuestionnaireResponse" || type === "Observation";
  const paths = isAnswer ? ["status"] : textPaths(resourceShape(type));
  const texts = paths.map((path) => `left(${path}, 1) IN ('[', '{')`);
  const [found] = await db.all(`SELECT 1 FROM ${rows} AND (${texts.join(" OR ")}) LIMIT 1`);
  return found !== undefined;
}

/** Whether the records of a file went into a table as they were counted, and the strict reader has hidden nothing in them. */
async function insertRecords(
  db: DuckDb,
  table: string,
  type: ResourceType,
  { path, file, expected, longest }: TypedFile,
): Promise<boolean> {
  const reader = strictReader(path, resourceShape(type), longest);
  const name = file === null ? "_file" : text(file);
  const columns =
    type === "QuestionnaireResponse" ? `* REPLACE (${ITEM_WITHOUT_IDS} AS item)` : "*";
  const read = await db.run(`INSERT INTO ${table} SELECT ${name}, ${columns} FROM ${reader}`);
  if (read !== expected) return false;
  // The sieve has looked at every record of a part.
  if (file === null) return true;
  const rows = `${table} WHERE file = ${text(file)}`;
  const [other] = await db.all(
    `SELECT 1 FROM ${rows} AND resourceType IS DISTINCT FROM ${text(type)} LIMIT 1`,
  );
  if (other !== undefined) return false;
  return !(await holdsListForText(db, rows, type)) && !(await needsSieve(db, rows, type));
}

/** A file of resources that propool does not read: each is counted under its line. */
async function recordNotRead(db: DuckDb, found: TypedFile): Promise<boolean> {
  // Its rows must be committed before they have row ids, hence a table and no transaction.
  await db.run(
    "CREATE OR REPLACE TABLE fhir_other (file VARCHAR, resourceType VARCHAR, id VARCHAR)",
  );
  const shape = { resourceType: "VARCHAR", id: "VARCHAR" } as const;
  const { path, type, expected, longest } = found;
  const reader = strictReader(path, shape, longest);
  const read = await db
    .run(`INSERT INTO fhir_other SELECT ${text(found.file ?? "")}, * FROM ${reader}`)
    .catch((error) => {
      if (isInputRefused(error)) return null;
      throw error;
    });
  const [other] = await db.all(
    `SELECT 1 FROM fhir_other WHERE resourceType IS DISTINCT FROM ${text(type)} LIMIT 1`,
  );
  const isAsCounted = read === expected && other === undefined;
  if (isAsCounted) {
    await db.run(`INSERT INTO intake_record
      SELECT ${await nextRecordKey(db)} + rowid, file, 'line ' || (rowid + 1), resourceType,
        'out_of_scope', ${text(reasonNotRead(found.type))}, NULL FROM fhir_other`);
  }
  await db.run("DROP TABLE fhir_other");
  return isAsCounted;
}
