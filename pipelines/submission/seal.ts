import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type ChangeCounts,
  differenceTable,
  drawDifference,
  notedTables,
  type TableSum,
  tableSums,
} from "../../warehouse/changes.ts";
import { countTables } from "../../warehouse/count-tables.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES, type TableName, tableShape } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { encryptBytes, encryptFile } from "../core/age.ts";
import { fileSha256, publish, sync, unfinished } from "../core/files.ts";
import { sign } from "../core/signature.ts";
import {
  bytesSha256,
  MANIFEST_FILE,
  type Manifest,
  manifestSchema,
  SEALED,
  SIGNATURE_FILE,
  submissionName,
  tableFile,
} from "./manifest.ts";

/** What was sealed last: the rows of each table then, and the submission that said so. */
export interface SealedBefore {
  sequence: number;
  manifest_sha256: string;
  tables: Partial<Record<TableName, TableSum>>;
}

type Facts = Omit<Manifest, "format" | "kind" | "base" | "cdm_version" | "tables">;

export interface SealOptions extends Facts {
  /** The site's new store. */
  store: DuckDb;
  /** Where the readable files go, for the leak audit; a folder of its own that the caller removes. */
  draftDirectory: string;
  outboxDirectory: string;
  /** Ed25519, PKCS #8 PEM. */
  signingKey: string;
  /** The hub's key: age1… */
  hubKey: string;
  /** Left out or null: everything is sent. */
  before?: SealedBefore | null;
}

export interface SealedSubmission {
  /** Whole, encrypted and signed, under a name that the hub ignores. */
  directory: string;
  /** The name under which `publishSubmission` lets the hub see it. */
  published: string;
  manifest: Manifest;
  /** To be remembered as `before` of the next one. */
  sealed: SealedBefore;
}

/**
 * Writes what the hub does not have yet as a signed submission, encrypted to the hub, into the outbox, under an unfinished name: the rows
 * that changed since `before`, or all of them where there is no `before` or the changes do not explain the store. Returns null when there
 * is nothing to tell. Same store, same options: the same manifest and the same rows (encryption differs each time).
 */
export async function sealSubmission(options: SealOptions): Promise<SealedSubmission | null> {
  const { store, draftDirectory, outboxDirectory, signingKey, hubKey, before, ...facts } = options;
  const published = join(outboxDirectory, submissionName(facts.site, facts.sequence));
  const directory = unfinished(published);
  const sums = await tableSums(store, await countTables(store, TABLE_NAMES));
  const changes = before ? await drawDifferences(store, before, sums) : null;
  if (changes && Object.values(changes).every(isNothing)) return null;
  await mkdir(draftDirectory, { recursive: true, mode: 0o700 });
  await mkdir(directory, { recursive: true });
  try {
    const tables = {} as Manifest["tables"];
    for (const table of TABLE_NAMES) {
      const { rows } = sums[table];
      const counts = changes?.[table] ?? { added: rows, changed: 0, removed: 0 };
      const source = changes ? differenceOf(table) : wholeOf(table);
      const written = isNothing(counts)
        ? null
        : await writeTable(store, { table, source, draftDirectory, directory, hubKey });
      tables[table] = { rows, ...counts, file: written };
    }
    const manifest = manifestSchema.parse({
      format: 2,
      kind: changes ? "changes" : "full",
      base:
        changes && before
          ? { sequence: before.sequence, manifest_sha256: before.manifest_sha256 }
          : null,
      cdm_version: "7.0",
      ...facts,
      tables,
    });
    const bytes = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
    await writeSynced(join(draftDirectory, MANIFEST_FILE), bytes);
    await writeSynced(
      join(directory, MANIFEST_FILE + SEALED),
      await encryptBytes(new Uint8Array(bytes), hubKey),
    );
    await writeSynced(join(directory, SIGNATURE_FILE), `${sign(bytes, signingKey)}\n`);
    const { sequence } = facts;
    const sealed = { sequence, manifest_sha256: bytesSha256(bytes), tables: sums };
    return { directory, published, manifest, sealed };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Gives a sealed submission its name, in one step; returns the path. */
export async function publishSubmission(
  sealed: Pick<SealedSubmission, "directory" | "published">,
): Promise<string> {
  await publish(sealed.directory, sealed.published);
  return sealed.published;
}

type BySums = Record<TableName, TableSum>;

/** Null when any table is not what it was plus the changes that were noted: then everything is sent. */
async function drawDifferences(
  store: DuckDb,
  before: SealedBefore,
  sums: BySums,
): Promise<Record<TableName, ChangeCounts> | null> {
  const changes = {} as Record<TableName, ChangeCounts>;
  const noted = await notedTables(store);
  for (const table of TABLE_NAMES) {
    const sealed = before.tables[table];
    const now = sums[table];
    const isSame = sealed?.rows === now.rows && sealed.sum === now.sum;
    const untouched = isSame ? NO_CHANGES : null;
    const counts =
      sealed && noted.has(table) ? await drawDifference(store, table, { sealed, now }) : untouched;
    if (!counts) return null;
    changes[table] = counts;
  }
  return changes;
}

const NO_CHANGES: ChangeCounts = { added: 0, changed: 0, removed: 0 };

function isNothing({ added, changed, removed }: ChangeCounts): boolean {
  return added + changed + removed === 0;
}

const columnsOf = (table: TableName) => Object.keys(tableShape(table).columns).map(ident);

const differenceOf = (table: TableName) => `SELECT * FROM ${ident(differenceTable(table))}`;

const wholeOf = (table: TableName) =>
  `SELECT 'added' AS change, ${columnsOf(table).join(", ")} FROM ${ident(table)}`;

async function writeTable(
  store: DuckDb,
  options: {
    table: TableName;
    source: string;
    draftDirectory: string;
    directory: string;
    hubKey: string;
  },
): Promise<Manifest["tables"][TableName]["file"]> {
  const { table, source, draftDirectory, directory, hubKey } = options;
  const draft = join(draftDirectory, tableFile(table));
  await store.run(
    `COPY (${source} ORDER BY ${orderOf(table).join(", ")}) TO ${text(draft)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  const sealed = join(directory, tableFile(table) + SEALED);
  const sealed_bytes = await encryptFile(draft, sealed, hubKey);
  await sync(sealed);
  return { sha256: await fileSha256(draft), bytes: (await stat(draft)).size, sealed_bytes };
}

/**
 * The order makes the bytes a function of the rows. Person and administration come first: a row's key is a token, whose neighbours have
 * nothing in common, while rows of one form compress to less than half.
 */
function orderOf(table: TableName): string[] {
  const { key, columns } = tableShape(table);
  const near = ["patid", "pro_seq"].filter((column) => column in columns);
  return [...new Set([...near, ...key]), "change"].map(ident);
}

async function writeSynced(file: string, content: string | Uint8Array): Promise<void> {
  await writeFile(file, content);
  await sync(file);
}

/** A drafted manifest's bytes as they will leave. */
export function readDraft(draftDirectory: string): Promise<string> {
  return readFile(join(draftDirectory, MANIFEST_FILE), "utf8");
}
