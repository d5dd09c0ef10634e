import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Writable } from "node:stream";
import { csv } from "../../pipelines/adapters/csv/csv.ts";
import { createIntake, type IntakeTable, intakeColumns } from "../../pipelines/adapters/intake.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { prepare } from "../../pipelines/intake.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { isSmall } from "../../warehouse/small.ts";

export interface ReadOptions {
  /** The mapping as YAML would give it. */
  mapping: unknown;
  /** Files of the export, by name. */
  files?: Record<string, string | Uint8Array>;
  /** Or a folder that holds them, and their names. */
  folder?: { path: string; files: string[] };
  /** With the catalogue's codes beside the intake tables. */
  catalogue?: boolean;
}

/** Reads an export into fresh intake tables, hands them to `look`, and removes everything. */
export async function withIntake<T>(
  options: ReadOptions,
  look: (db: DuckDb) => Promise<T>,
): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), "propool-csv-"));
  const written = await writeFiles(join(root, "export"), options.files ?? {});
  const exportDirectory = options.folder?.path ?? join(root, "export");
  const files = options.folder?.files ?? written;
  const db = await DuckDb.open(":memory:", {
    temporaryDirectory: join(root, "spill"),
    small: await isSmall(files.map((file) => join(exportDirectory, file))),
  });
  try {
    const scratch = join(root, "scratch");
    await mkdir(scratch);
    if (options.catalogue) await prepare(db, { words: {}, codes: [] }, "2030-01-01");
    else await createIntake(db);
    await csv.read({
      db,
      exportDirectory,
      files,
      mapping: options.mapping,
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

/** All rows of an intake table in their order, as plain values without the empty ones; all answers where it is that of the answers. */
export async function intakeRows(db: DuckDb, table: IntakeTable): Promise<object[]> {
  const columns = intakeColumns(table).map((name) =>
    name === "answer_num" ? `${name}::DOUBLE AS ${name}` : name,
  );
  const [source, order] =
    table === "intake_response" ? ["every_response", "record_key, response_key"] : [table, "rowid"];
  const rows = await db.all(`SELECT ${columns.join(", ")} FROM ${source} ORDER BY ${order}`);
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row)
        .filter(([, value]) => value !== null)
        .map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
    ),
  );
}

async function writeFiles(folder: string, files: Record<string, string | Uint8Array>) {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return Object.keys(files).toSorted();
}
