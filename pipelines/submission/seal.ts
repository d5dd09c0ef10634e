import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES, type TableName, tableShape } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { fileSha256, publish, sync, unfinished } from "../core/files.ts";
import { sign } from "../core/signature.ts";
import {
  MANIFEST_FILE,
  type Manifest,
  manifestSchema,
  SIGNATURE_FILE,
  submissionName,
} from "./manifest.ts";

export interface SealOptions extends Omit<Manifest, "format" | "kind" | "cdm_version" | "tables"> {
  /** The site's new store. */
  store: DuckDb;
  outboxDirectory: string;
  /** Ed25519, PKCS #8 PEM. */
  signingKey: string;
}

export interface SealedSubmission {
  /** Whole and signed, under a name that the hub ignores. */
  directory: string;
  /** The name under which `publishSubmission` lets the hub see it. */
  published: string;
  manifest: Manifest;
}

/**
 * Writes the whole store as a signed submission into the outbox, under an unfinished name. Same store, same options: same
 * bytes.
 */
export async function sealSubmission(options: SealOptions): Promise<SealedSubmission> {
  const { store, outboxDirectory, signingKey, ...facts } = options;
  const published = join(outboxDirectory, submissionName(facts.site, facts.sequence));
  const directory = unfinished(published);
  await mkdir(directory, { recursive: true });
  try {
    const tables = {} as Manifest["tables"];
    for (const table of TABLE_NAMES) tables[table] = await writeTable(store, table, directory);
    const manifest = manifestSchema.parse({
      format: 1,
      kind: "full",
      cdm_version: "7.0",
      ...facts,
      tables,
    });
    const bytes = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
    await writeSynced(join(directory, MANIFEST_FILE), bytes);
    await writeSynced(join(directory, SIGNATURE_FILE), `${sign(bytes, signingKey)}\n`);
    return { directory, published, manifest };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Gives a sealed submission its name, in one step; returns the path. */
export async function publishSubmission(sealed: SealedSubmission): Promise<string> {
  await publish(sealed.directory, sealed.published);
  return sealed.published;
}

async function writeTable(store: DuckDb, table: TableName, directory: string) {
  const { columns, key } = tableShape(table);
  const file = join(directory, `${table}.parquet`);
  const list = Object.keys(columns).map(ident).join(", ");
  // The order makes the bytes a function of the rows, and lets equal neighbours compress.
  const rows = await store.run(
    `COPY (SELECT ${list} FROM ${ident(table)} ORDER BY ${key.map(ident).join(", ")})
     TO ${text(file)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  await sync(file);
  return { rows, sha256: await fileSha256(file) };
}

async function writeSynced(file: string, content: string | Uint8Array): Promise<void> {
  await writeFile(file, content);
  await sync(file);
}
