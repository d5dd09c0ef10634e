import { type DuckDb, isInputRefused } from "../../../warehouse/duckdb.ts";
import { fileText, ident, text } from "../../../warehouse/sql.ts";
import { nextRecordKey } from "../intake.ts";
import { needsSieve } from "./nested.ts";
import {
  isResourceType,
  RESOURCES,
  type ResourceType,
  reasonNotRead,
  resourceShape,
  resourceTable,
} from "./resources.ts";
import { duckColumns, duckType, type Shape, textPaths } from "./shape.ts";

/** Creates an empty table for each resource type; a row is a resource as read, in the order of the file. */
export async function createResourceTables(db: DuckDb): Promise<void> {
  for (const type of Object.keys(RESOURCES) as ResourceType[]) {
    const columns = Object.entries(resourceShape(type)).map(
      ([name, shape]) => `${ident(name)} ${duckType(shape)}`,
    );
    await db.run(`CREATE TABLE ${resourceTable(type)} (file VARCHAR, ${columns.join(", ")})`);
  }
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
export async function readStrictly(db: DuckDb, found: TypedFile): Promise<boolean> {
  const { type, file } = found;
  if (!isResourceType(type)) return recordNotRead(db, found);
  const table = resourceTable(type);
  await db.run("BEGIN");
  try {
    const isAsCounted = await insertRecords(db, table, resourceShape(type), found);
    // The sieve has looked at every record of a part.
    if (
      isAsCounted &&
      (file === null ||
        !((await holdsListForText(db, type, file)) || (await needsSieve(db, type, file))))
    ) {
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

/** The strict reader takes a list or an object as a text where a text is expected: `"gender": ["female"]` is no word of any list. */
async function holdsListForText(db: DuckDb, type: ResourceType, file: string): Promise<boolean> {
  // Of answers there are too many to look at each text: what is no day, number or reference is quarantined later on.
  const isAnswer = type === "QuestionnaireResponse" || type === "Observation";
  const paths = isAnswer ? ["status"] : textPaths(resourceShape(type));
  const texts = paths.map((path) => `left(${path}, 1) IN ('[', '{')`);
  const [found] = await db.all(
    `SELECT 1 FROM ${resourceTable(type)} WHERE file = ${text(file)} AND (${texts.join(" OR ")}) LIMIT 1`,
  );
  return found !== undefined;
}

/** DuckDB's own limit for one record, less a margin. */
const ROOM = 16_000_000;

/** Whether as many records went into the table as were counted, all of one type. */
async function insertRecords(
  db: DuckDb,
  table: string,
  shape: { readonly [column: string]: Shape },
  { path, file, type, expected, longest }: TypedFile,
): Promise<boolean> {
  // DuckDB refuses longer records than it made room for, and room costs memory in every thread.
  const room = longest > ROOM ? `, maximum_object_size = ${longest + 1024}` : "";
  const reader = `read_ndjson(${fileText(path)}, columns = ${duckColumns(shape)}${room})`;
  const name = file === null ? "_file" : text(file);
  const read = await db.run(`INSERT INTO ${table} SELECT ${name}, * FROM ${reader}`);
  if (file === null) return read === expected;
  const { others } = await db.one<{ others: bigint }>(
    `SELECT count(*) AS others FROM ${table} WHERE file = ${text(file)} AND resourceType IS DISTINCT FROM ${text(type)}`,
  );
  return others === 0n && read === expected;
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
