import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Scannable } from "../../warehouse/dialects/index.ts";
import { DuckDb, SPILLING_MEMORY } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES, type TableName, tableShape } from "../../warehouse/schema.ts";
import { isSmall } from "../../warehouse/small.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { readYaml } from "../configuration/read-yaml.ts";
import { exists } from "../core/files.ts";
import { mappingsDirectory } from "../core/mappings.ts";
import { type Fact, storeFacts } from "./facts.ts";
import { type ActualField, measureCdm } from "./measure-cdm.ts";
import { PREPARE_STORE } from "./prepare.ts";
import { createStored } from "./stored.ts";

/** Where the CDM tables are: a DuckDB file (a store, a warehouse), or a folder with one `<table>.parquet` each. */
export type CheckSource = Scannable;

export interface SessionInput {
  source: CheckSource;
  /** All sites, also those without a row. */
  sites: readonly string[];
  /** YYYY-MM-DD. */
  today: string;
  /** Languages with a validated version, by instrument. */
  languages: Readonly<Record<string, readonly string[]>>;
  /** Fills the catalogue_* tables. */
  loadCatalogue: (db: DuckDb) => Promise<void>;
  /** What the refresh before left; null: there is none. */
  past: readonly Fact[] | null;
  /** Where it may spill. */
  temporaryDirectory?: string;
  /** What it may hold; default: little, and the rest is spilled. */
  memoryLimit?: string;
}

/** A database in which every relation of the store, of history and of the network can be queried; the source is only read. */
export interface Session {
  db: DuckDb;
  /** Tables that hold rows. */
  holding: ReadonlySet<string>;
  hasPast: boolean;
}

export async function openSession(input: SessionInput): Promise<Session> {
  const { temporaryDirectory } = input;
  const small = "file" in input.source && (await isSmall([input.source.file]));
  const db = await DuckDb.open(":memory:", {
    small,
    memoryLimit: input.memoryLimit ?? SPILLING_MEMORY,
    ...(temporaryDirectory && { temporaryDirectory }),
  });
  try {
    await db.run("SET VARIABLE today = CAST(? AS DATE)", [input.today]);
    await db.run("CREATE TEMP TABLE site (datamartid VARCHAR)");
    await db.insert(
      "site",
      input.sites.map((site) => [site]),
    );
    await input.loadCatalogue(db);
    await loadReference(db, input.languages);
    const actual = await attachTables(db, input.source);
    await createStored(db);
    for (const statement of PREPARE_STORE) await db.run(statement);
    const holding = await measureCdm(db, actual, await readValueSets());
    await db.run(
      "CREATE TEMP TABLE fact (datamartid VARCHAR, refresh INTEGER, kind VARCHAR, name VARCHAR, records DOUBLE, people DOUBLE, words VARCHAR)",
    );
    await insertFacts(db, 0, await storeFacts(db));
    if (input.past) await insertFacts(db, 1, input.past);
    return { db, holding, hasPast: input.past !== null };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Views over the tables that are there, empty tables for those that are not. Returns the fields that are really there. */
async function attachTables(db: DuckDb, source: CheckSource): Promise<ActualField[]> {
  if ("file" in source) await db.run(`ATTACH ${text(source.file)} AS cdm (READ_ONLY)`);
  const actual = await describe(db, source);
  for (const table of TABLE_NAMES) {
    const columns = actual.filter((one) => one.table === table);
    const from =
      "file" in source
        ? `cdm.${ident(table)}`
        : `read_parquet(${text(join(source.parquetDirectory, `${table}.parquet`))})`;
    await db.run(
      columns.length === 0
        ? `CREATE TEMP TABLE ${ident(table)} (${emptyColumns(table)})`
        : `CREATE TEMP VIEW ${ident(table)} AS SELECT * ${missing(table, columns)} FROM ${from}`,
    );
  }
  return actual;
}

interface Column {
  table: string;
  field: string;
  type: string;
}

async function describe(db: DuckDb, source: CheckSource): Promise<Column[]> {
  if ("file" in source) {
    return db.all<Column>(`SELECT table_name AS "table", column_name AS field, data_type AS type FROM duckdb_columns()
      WHERE database_name = 'cdm' AND schema_name = 'main'`);
  }
  const columns: Column[] = [];
  for (const table of TABLE_NAMES) {
    const file = join(source.parquetDirectory, `${table}.parquet`);
    if (!(await exists(file))) continue;
    columns.push(
      ...(await db.all<Column>(
        `SELECT ${text(table)} AS "table", column_name AS field, column_type AS type FROM (DESCRIBE SELECT * FROM read_parquet(${text(file)}))`,
      )),
    );
  }
  return columns;
}

const SQL_TYPE = {
  text: "VARCHAR",
  date: "DATE",
  number: "DOUBLE",
  integer: "INTEGER",
  boolean: "BOOLEAN",
};

function emptyColumns(table: TableName): string {
  return Object.entries(tableShape(table).columns)
    .map(([name, { type }]) => `${ident(name)} ${SQL_TYPE[type]}`)
    .join(", ");
}

/** A column that an older store lacks reads as null. */
function missing(table: TableName, columns: readonly Column[]): string {
  return Object.entries(tableShape(table).columns)
    .filter(([name]) => !columns.some(({ field }) => field === name))
    .map(([name, { type }]) => `, CAST(NULL AS ${SQL_TYPE[type]}) AS ${ident(name)}`)
    .join("");
}

export const publishedSchema = z.strictObject({
  source: z.string(),
  reviewed: z.string().nullable(),
  alpha: z
    .record(
      z.string(),
      z.record(
        z.string(),
        z.strictObject({ from: z.number(), to: z.number(), verification: z.string() }),
      ),
    )
    .describe("band of Cronbach's alpha in published samples, by instrument and score"),
});

async function loadReference(db: DuckDb, languages: SessionInput["languages"]): Promise<void> {
  const file = join(mappingsDirectory, "quality", "published.yaml");
  const { alpha } = await readYaml(file, publishedSchema, "MAPPING_CHECKS");
  await db.run(
    "CREATE TEMP TABLE published_score (instrument VARCHAR, score VARCHAR, alpha_from DOUBLE, alpha_to DOUBLE)",
  );
  await db.insert(
    "published_score",
    Object.entries(alpha).flatMap(([instrument, scores]) =>
      Object.entries(scores).map(([score, { from, to }]) => [instrument, score, from, to]),
    ),
  );
  await db.run("CREATE TEMP TABLE language (instrument VARCHAR, language VARCHAR)");
  await db.insert(
    "language",
    Object.entries(languages).flatMap(([instrument, list]) =>
      list.map((one) => [instrument, (one.split("-")[0] ?? "").toLowerCase()]),
    ),
  );
  await db.run(
    "CREATE TEMP TABLE validated_language AS SELECT instrument, list(language) AS languages FROM language GROUP BY instrument",
  );
}

/** Adds the facts of this refresh (0) or of the one before (1). */
export async function insertFacts(
  db: DuckDb,
  refresh: 0 | 1,
  facts: readonly Fact[],
): Promise<void> {
  await db.insert(
    "fact",
    facts.map(({ site, kind, name, records, people, words }) => [
      site,
      refresh,
      kind,
      name,
      records ?? null,
      people ?? null,
      words ?? null,
    ]),
  );
}

/** The facts of this refresh, in a fixed order. */
export function factsNow(db: DuckDb): Promise<Fact[]> {
  return db.all<Fact>(`SELECT datamartid AS site, kind, name, records, people, words FROM fact WHERE refresh = 0
    ORDER BY datamartid, kind, name`);
}

let valueSets: Map<string, string[]> | undefined;

/** Codes by value set, from mappings/cdm; read once a process. */
async function readValueSets(): Promise<ReadonlyMap<string, readonly string[]>> {
  if (valueSets) return valueSets;
  const file = join(mappingsDirectory, "cdm", "value_sets.csv");
  const read = new Map<string, string[]>();
  for (const line of (await readFile(file, "utf8")).split(/\r?\n/).slice(1)) {
    const [name, code] = line.split(",");
    if (name && code) read.set(name, [...(read.get(name) ?? []), code]);
  }
  valueSets = read;
  return read;
}
