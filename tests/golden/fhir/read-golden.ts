import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Writable } from "node:stream";
import { fhir } from "../../../pipelines/adapters/fhir/fhir.ts";
import { type IntakeTable, intakeColumns } from "../../../pipelines/adapters/intake.ts";
import { type Site, siteSchema } from "../../../pipelines/configuration/site.ts";
import { createProgress } from "../../../pipelines/core/progress.ts";
import { mapRecords, prepare } from "../../../pipelines/intake.ts";
import { drawLedgers, settleRecords } from "../../../pipelines/quality/ledger.ts";
import { DuckDb } from "../../../warehouse/duckdb.ts";
import { isSmall } from "../../../warehouse/small.ts";

export interface Source {
  /** Files of the export, by name. */
  files?: Record<string, string | Uint8Array>;
  /** Or a folder that holds them, and their names. */
  folder?: { path: string; files: string[] };
  /** Local codes of the site, as site.yaml has them. */
  codes?: { code: string; system?: string; instrument: string; item: string }[];
  /** Further settings of site.yaml. */
  site?: object;
}

/** Reads an export into fresh intake tables, hands them to `look`, and removes everything. */
export async function withFhir<T>(source: Source, look: (db: DuckDb) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), "propool-fhir-"));
  const exportDirectory = source.folder?.path ?? join(root, "export");
  const files = source.folder?.files ?? (await writeFiles(exportDirectory, source.files ?? {}));
  const db = await DuckDb.open(":memory:", {
    temporaryDirectory: join(root, "spill"),
    small: await isSmall(files.map((file) => join(exportDirectory, file))),
  });
  try {
    const site = siteSchema.parse({
      site: "TEST",
      name: "test",
      network: "TEST",
      format: "fhir",
      codes: source.codes ?? [],
      ...source.site,
    });
    await prepare(db, site, "2030-01-01");
    const scratch = join(root, "scratch");
    await mkdir(scratch);
    await fhir.read({
      db,
      exportDirectory,
      files,
      mapping: null,
      scratch,
      progress: createProgress({ err: new Writable(), tty: false, quiet: true }),
      site: "TEST",
    });
    return await look(db);
  } finally {
    db.close();
    await rm(root, { recursive: true, force: true });
  }
}

/** The same, mapped and settled as in a night: tables `mapped_*`, `cdm_*` and `ledger_record`. */
export function withMapped<T>(source: Source, look: (db: DuckDb) => Promise<T>): Promise<T> {
  const site = { site: "TEST", name: "test", network: "TEST", format: "fhir", ...source.site };
  return withFhir(source, async (db) => {
    await mapRecords(db, siteSchema.parse(site) as Site);
    await settleRecords(db);
    await drawLedgers(db);
    return look(db);
  });
}

/** By file, each record as `kind @ place` and what became of it where the adapter decides, in the order of the file. */
export function readRecords(
  files: Record<string, string | Uint8Array>,
): Promise<Record<string, string[]>> {
  return withFhir({ files }, async (db) => {
    const rows = await db.all<{ file: string; told: string }>(
      `SELECT where_file AS file, concat_ws(' ', kind, '@', where_record, state, reason, where_pointer) AS told
      FROM intake_record
      ORDER BY where_file, TRY_CAST(regexp_extract(where_record, '[0-9]+') AS INTEGER)`,
    );
    const told: Record<string, string[]> = {};
    for (const { file, told: one } of rows) told[file] = [...(told[file] ?? []), one];
    return told;
  });
}

/** The columns of an intake table that are not empty, row by row: by record, and in the record's order. */
export async function intakeRows(db: DuckDb, table: IntakeTable): Promise<object[]> {
  const columns = intakeColumns(table).map((name) =>
    name === "answer_num" ? `${name}::DOUBLE AS ${name}` : name,
  );
  const { source, order } = inOrder(table);
  const rows = await db.all(
    `SELECT ${columns.join(", ")} FROM ${source} ORDER BY record_key, ${order}`,
  );
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row)
        .filter(([, value]) => value !== null)
        .map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
    ),
  );
}

/** The same, of one column list, as tuples. */
export async function columnsOf(
  db: DuckDb,
  table: IntakeTable,
  columns: string,
): Promise<unknown[][]> {
  const { source, order } = inOrder(table);
  const reader = await db.connection.runAndReadAll(
    `SELECT ${columns} FROM ${source} ORDER BY ${order}`,
  );
  return reader.getRowsJS() as unknown[][];
}

/** Where the rows of an intake table are, and their order. */
function inOrder(table: IntakeTable) {
  return table === "intake_response"
    ? { source: "every_response", order: "response_key" }
    : { source: table, order: "rowid" };
}

async function writeFiles(folder: string, files: Record<string, string | Uint8Array>) {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return Object.keys(files).toSorted();
}
