import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES } from "../../warehouse/schema.ts";
import { ident } from "../../warehouse/sql.ts";
import type { Site } from "../configuration/site.ts";
import { fileSha256, privateDirectory } from "../core/files.ts";
import { MANIFEST_FILE, type Manifest, manifestSchema, parseSubmissionName } from "./manifest.ts";
import { publishSubmission, type SealedSubmission, sealSubmission } from "./seal.ts";
import { readStoreFacts, type StoreFacts, writeStoreFacts } from "./store-facts.ts";

/** A submission in the outbox. */
export interface Submitted {
  name: string;
  sequence: number;
  /** Rows by table. */
  rows: Record<string, number>;
}

export interface PreparedSubmission {
  /** Rows of the new store by table. */
  rows: Record<string, number>;
  /** What is about to leave besides the rows, for the leak audit. */
  texts: { name: string; content: string }[];
  /** Those of their words that are the site's own, whoever the patients are. */
  known: string[];
  /** Puts the submission into the outbox; null when nothing is to be sent. */
  publish(): Promise<Submitted | null>;
  discard(): Promise<void>;
}

export interface PrepareOptions {
  /** The new store's file, not open anywhere. */
  storeFile: string;
  site: Site;
  /** What last night's store remembered; a store made anew goes on counting where it ended. */
  previous: StoreFacts | null;
  signingKey: string;
  tokenKeyFingerprint: string;
  instruments: Record<string, string>;
  ledger: Manifest["ledger"];
  today: string;
}

/**
 * Seals the new store as the next submission, under a name that nobody picks up yet. A centralized site whose tables are what it
 * last sent, and a distributed site, send nothing. The store remembers what was sent.
 */
export async function prepareSubmission(options: PrepareOptions): Promise<PreparedSubmission> {
  const { site, storeFile } = options;
  const store = await DuckDb.open(storeFile);
  try {
    const rows = await countRows(store);
    const last = await lastSent(options);
    const sealed =
      site.mode === "centralized" ? await seal(store, options, last.sequence + 1) : null;
    const isNew = sealed !== null && !sameTables(last.tables, hashes(sealed.manifest));
    if (sealed && !isNew) await rm(sealed.directory, { recursive: true, force: true });
    const kept = await readStoreFacts(store);
    await writeStoreFacts(store, {
      ...(kept?.succession && { succession: kept.succession }),
      ...(kept?.withdrawn && { withdrawn: kept.withdrawn }),
      token_key_fingerprint: options.tokenKeyFingerprint,
      privacy: site.privacy,
      sequence: isNew ? sealed.manifest.sequence : last.sequence,
      tables: isNew ? hashes(sealed.manifest) : last.tables,
    });
    await store.run("CHECKPOINT");
    return {
      rows,
      texts: isNew ? [{ name: MANIFEST_FILE, content: JSON.stringify(sealed.manifest) }] : [],
      known: isNew ? siteWords(sealed.manifest) : [],
      publish: async () => (isNew ? submitted(await publishSubmission(sealed), sealed) : null),
      discard: async () => {
        if (isNew) await rm(sealed.directory, { recursive: true, force: true });
      },
    };
  } finally {
    store.close();
  }
}

async function seal(
  store: DuckDb,
  options: PrepareOptions,
  sequence: number,
): Promise<SealedSubmission> {
  const { site } = options;
  await privateDirectory(site.outboxDirectory);
  return sealSubmission({
    store,
    outboxDirectory: site.outboxDirectory,
    signingKey: options.signingKey,
    site: site.site,
    sequence,
    created: options.today,
    mapping_sha256: site.mappingFile ? await fileSha256(site.mappingFile) : null,
    instruments: options.instruments,
    ledger: options.ledger,
    privacy: site.privacy,
    token_key_fingerprint: options.tokenKeyFingerprint,
  });
}

function siteWords({ site, kind, cdm_version, created, privacy }: Manifest): string[] {
  return [site, kind, cdm_version, created, privacy];
}

/** What was sent last: by the outbox, which a killed night may have reached before the store, or else by the store. */
async function lastSent({
  site,
  previous,
}: PrepareOptions): Promise<Pick<StoreFacts, "sequence" | "tables">> {
  const facts = previous ?? { sequence: 0, tables: {} };
  const names = await readdir(site.outboxDirectory).catch(() => []);
  const sequences = names.map(parseSubmissionName).filter((one) => one?.site === site.site);
  const newest = Math.max(0, ...sequences.map((one) => one?.sequence ?? 0));
  if (newest <= facts.sequence) return facts;
  const folder = names.find((one) => parseSubmissionName(one)?.sequence === newest) ?? "";
  const manifest = manifestSchema.parse(
    JSON.parse(await readFile(join(site.outboxDirectory, folder, MANIFEST_FILE), "utf8")),
  );
  return { sequence: newest, tables: hashes(manifest) };
}

async function countRows(store: DuckDb): Promise<Record<string, number>> {
  const rows: Record<string, number> = {};
  for (const table of TABLE_NAMES) {
    const { n } = await store.one<{ n: number }>(
      `SELECT CAST(count(*) AS DOUBLE) AS n FROM ${ident(table)}`,
    );
    rows[table] = n;
  }
  return rows;
}

function submitted(directory: string, { manifest }: SealedSubmission): Submitted {
  const rows = Object.entries(manifest.tables).map(
    ([table, { rows: count }]) => [table, count] as const,
  );
  return {
    name: directory.split(/[\\/]/).at(-1) ?? "",
    sequence: manifest.sequence,
    rows: Object.fromEntries(rows),
  };
}

function hashes(manifest: Manifest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(manifest.tables).map(([table, { sha256 }]) => [table, sha256]),
  );
}

function sameTables(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(b);
  return names.length === Object.keys(a).length && names.every((name) => a[name] === b[name]);
}
