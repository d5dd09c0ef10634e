import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { forgetNotes } from "../../warehouse/changes.ts";
import { countTables } from "../../warehouse/count-tables.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES, type TableName } from "../../warehouse/schema.ts";
import { isSmall } from "../../warehouse/small.ts";
import type { Site } from "../configuration/site.ts";
import { exists, fileSha256, privateDirectory, publish, unfinished } from "../core/files.ts";
import { MANIFEST_FILE, type Manifest, parseSubmissionName, submissionName } from "./manifest.ts";
import { type Receipt, readReceipts, tidyOutbox } from "./receipt.ts";
import { publishSubmission, readDraft, type SealedSubmission, sealSubmission } from "./seal.ts";
import { type StoreFacts, writeStoreFacts } from "./store-facts.ts";

/** A submission in the outbox. */
export interface Submitted {
  name: string;
  sequence: number;
  kind: Manifest["kind"];
  /** Rows added, changed and removed, by table. */
  rows: Record<string, number>;
}

/** Why a night sent nothing. */
export type Unsent = "distributed" | "no hub key" | "nothing new" | "dry run";

export interface PreparedSubmission {
  /** Rows of the new store by table. */
  rows: Record<string, number>;
  /** What is about to leave, readable, for the leak audit; null when nothing is. */
  leaving: {
    /** Folder with `<table>.parquet` for the tables that have something to send. */
    directory: string;
    texts: { name: string; content: string }[];
    /** Those of their words that are the site's own, whoever the patients are. */
    known: string[];
  } | null;
  unsent: Unsent | null;
  /** The hub's last word, where it refused what was sent. */
  refused: Receipt | null;
  /** Puts the submission into the outbox, after the store that remembers it was published; null when nothing is to be sent. */
  publish(): Promise<Submitted | null>;
  discard(): Promise<void>;
}

export interface PrepareOptions {
  /** The new store's file, not open anywhere. */
  storeFile: string;
  site: Site;
  /** What last night's store remembered; a store made anew goes on counting where it ended. */
  previous: StoreFacts | null;
  /** PATID of people who were in that store and refuse tonight. */
  leavers: readonly string[];
  signingKey: string;
  tokenKeyFingerprint: string;
  instruments: Record<string, string>;
  /** The mapping files as they are applied tonight, for the store to remember. */
  applied: Record<string, string>;
  /** The same as somebody approved them last. */
  approved: Record<string, string> | undefined;
  ledger: Manifest["ledger"];
  today: string;
}

/**
 * Seals what the hub does not have yet as the next submission, under a name that nobody picks up, and lets the new store remember it. A
 * distributed site, one that does not know the hub's key, and one without news send nothing; what the hub refused is answered by a full
 * submission.
 */
export async function prepareSubmission(options: PrepareOptions): Promise<PreparedSubmission> {
  const { site, storeFile } = options;
  const receipts = await readReceipts(site.outboxDirectory, site.site);
  const draftDirectory = unfinished(join(dirname(storeFile), "submission"));
  const store = await DuckDb.open(storeFile, { small: await isSmall([storeFile]) });
  let sealed: SealedSubmission | null = null;
  try {
    const rows = await countTables(store, TABLE_NAMES);
    const previous = await withLeavers(store, options);
    const isFull = options.leavers.length > 0 || !previous || needsFull(previous, receipts);
    const before = isFull ? null : (previous?.sealed ?? null);
    const unsent = whyNot(site);
    const sequence = (await lastSequence(site, previous, receipts)) + 1;
    if (!unsent)
      sealed = await seal(store, { ...options, previous, sequence, before, draftDirectory });
    const remembered = sealed ? sealedFacts(sealed, previous) : (previous?.sealed ?? null);
    await store.run("BEGIN");
    await writeStoreFacts(store, {
      ...previous,
      token_key_fingerprint: options.tokenKeyFingerprint,
      privacy: site.privacy,
      applied: options.applied,
      ...(options.approved ? { approved: options.approved } : {}),
      sequence: sealed ? sequence : sequence - 1,
      sealed: remembered,
      pending: sealed ? basename(sealed.directory) : null,
    });
    if (!unsent) await forgetNotes(store);
    await store.run("COMMIT");
    await store.run("CHECKPOINT");
    const discard = async () => {
      if (sealed) await rm(sealed.directory, { recursive: true, force: true });
      await rm(draftDirectory, { recursive: true, force: true });
    };
    return {
      rows,
      leaving: sealed && (await leaving(draftDirectory, sealed.manifest)),
      unsent: unsent ?? (sealed ? null : "nothing new"),
      refused: receipts.findLast(({ status }) => status === "refused") ?? null,
      publish: async () => {
        await rm(draftDirectory, { recursive: true, force: true });
        if (sealed) await publishSubmission(sealed);
        if (remembered)
          await tidyOutbox(site.outboxDirectory, site.site, {
            sealed: remembered.sequence,
            full: remembered.full_sequence,
            receipts,
          });
        return sealed && submitted(sealed);
      },
      discard,
    };
  } catch (error) {
    if (sealed) await rm(sealed.directory, { recursive: true, force: true });
    await rm(draftDirectory, { recursive: true, force: true });
    throw error;
  } finally {
    store.close();
  }
}

/**
 * Gives a submission its name that a killed night left without: its store was published, so it counts as sent.
 */
export async function finishPending(site: Site, facts: StoreFacts | null): Promise<void> {
  if (!facts?.pending) return;
  const directory = join(site.outboxDirectory, facts.pending);
  const published = join(site.outboxDirectory, submissionName(site.site, facts.sequence));
  if (await exists(directory)) await publish(directory, published);
}

function whyNot({ mode, hub_key }: Site): Unsent | null {
  if (mode !== "centralized") return "distributed";
  return hub_key ? null : "no hub key";
}

/** A refusal that no full submission has answered yet, somebody else's submission under our number, or a new withdrawal. */
function needsFull({ sealed, withdrawn = [] }: StoreFacts, receipts: readonly Receipt[]): boolean {
  if (!sealed) return true;
  const isAnother = ({ sequence, manifest_sha256 }: Receipt) =>
    sequence === sealed.sequence && manifest_sha256 !== sealed.manifest_sha256;
  return (
    withdrawn.length > sealed.withdrawn ||
    receipts.some(
      (one) =>
        (one.status === "refused" && one.sequence >= sealed.full_sequence) ||
        (one.status === "accepted" && isAnother(one)),
    )
  );
}

/** The highest number that was ever used, as far as the store, the outbox and the hub's receipts know. */
async function lastSequence(
  { site, outboxDirectory }: Site,
  previous: StoreFacts | null,
  receipts: readonly Receipt[],
): Promise<number> {
  const names = await readdir(outboxDirectory).catch(() => []);
  const sent = names.map(parseSubmissionName).filter((one) => one?.site === site);
  return Math.max(
    previous?.sequence ?? 0,
    ...sent.map((one) => one?.sequence ?? 0),
    ...receipts.flatMap(({ sequence, held }) => [sequence, held]),
  );
}

async function seal(
  store: DuckDb,
  options: PrepareOptions & {
    sequence: number;
    before: StoreFacts["sealed"];
    draftDirectory: string;
  },
): Promise<SealedSubmission | null> {
  const { site, previous } = options;
  await privateDirectory(site.outboxDirectory);
  return sealSubmission({
    store,
    draftDirectory: options.draftDirectory,
    outboxDirectory: site.outboxDirectory,
    signingKey: options.signingKey,
    hubKey: site.hub_key ?? "",
    before: options.before ?? null,
    site: site.site,
    sequence: options.sequence,
    created: options.today,
    mapping_sha256: site.mappingFile ? await fileSha256(site.mappingFile) : null,
    instruments: options.instruments,
    ledger: options.ledger,
    privacy: site.privacy,
    token_key_fingerprint: options.tokenKeyFingerprint,
    token_key_succession: previous?.succession ?? [],
    withdrawn: previous?.withdrawn ?? [],
  });
}

function sealedFacts(
  { sealed, manifest }: SealedSubmission,
  previous: StoreFacts | null,
): NonNullable<StoreFacts["sealed"]> {
  const last = previous?.sealed?.full_sequence ?? sealed.sequence;
  return {
    ...sealed,
    full_sequence: manifest.kind === "full" ? sealed.sequence : last,
    withdrawn: manifest.withdrawn.length,
  };
}

async function leaving(draftDirectory: string, manifest: Manifest) {
  return {
    directory: draftDirectory,
    texts: [{ name: MANIFEST_FILE, content: await readDraft(draftDirectory) }],
    known: siteWords(manifest),
  };
}

/** Tokens of withdrawn people are tokens as those of rows are. */
function siteWords(manifest: Manifest): string[] {
  const { site, kind, cdm_version, created, privacy, withdrawn } = manifest;
  const days = manifest.token_key_succession.map(({ date }) => date);
  return [site, kind, cdm_version, created, privacy, ...days, ...withdrawn];
}

/** Last night's facts with tonight's tombstones. Who agreed again after a withdrawal is in the store again, and none. */
async function withLeavers(
  store: DuckDb,
  { previous, leavers }: PrepareOptions,
): Promise<StoreFacts | null> {
  const patids = [...(previous?.withdrawn ?? []), ...leavers];
  if (!previous || patids.length === 0) return previous;
  const gone = await store.all<{ patid: string }>(
    `SELECT DISTINCT patid FROM (SELECT unnest(from_json(?, '["VARCHAR"]')) AS patid)
    WHERE patid NOT IN (SELECT patid FROM demographic) ORDER BY patid`,
    [JSON.stringify(patids)],
  );
  return { ...previous, withdrawn: gone.map(({ patid }) => patid) };
}

function submitted({ published, manifest }: SealedSubmission): Submitted {
  const rows = Object.entries(manifest.tables) as [TableName, Manifest["tables"][TableName]][];
  return {
    name: basename(published),
    sequence: manifest.sequence,
    kind: manifest.kind,
    rows: Object.fromEntries(
      rows.map(([table, { added, changed, removed }]) => [table, added + changed + removed]),
    ),
  };
}
