import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { removeRows } from "../warehouse/changes.ts";
import { copyWithout } from "../warehouse/copy-without.ts";
import type { DuckDb } from "../warehouse/duckdb.ts";
import { isNewest } from "../warehouse/migrate.ts";
import { TABLE_NAMES, type TableName, tableShape } from "../warehouse/schema.ts";
import { ident, text } from "../warehouse/sql.ts";
import { bringToNewest } from "../warehouse/store-file.ts";
import { checkBroker, draftFilters, type Filters, publishFilters } from "./broker.ts";
import { linkageScope, readSite, type Site } from "./configuration/site.ts";
import { ephemeral } from "./core/ephemeral.ts";
import {
  cloneFile,
  exists,
  privateDirectory,
  publish,
  unfinished,
  writeWhole,
} from "./core/files.ts";
import type { Issue } from "./core/issues.ts";
import { withLock } from "./core/lock.ts";
import type { Progress, StageEvent } from "./core/progress.ts";
import { removeUnfinished } from "./core/remove-unfinished.ts";
import { forgetPeople } from "./disclosure/ledger.ts";
import { numberFile, withoutNamedCodes, withoutNames } from "./file-names.ts";
import { forgetAnswers } from "./forget-answers.ts";
import {
  attachOldStore,
  findKnownPatients,
  listExport,
  mapRecords,
  openNight,
  prepare,
  readExport,
  refuseUnreadable,
} from "./intake.ts";
import { finishRotation } from "./keys.ts";
import type { LeftOutCodes } from "./left-out-codes.ts";
import { readApplied } from "./mapping/applied.ts";
import { approvedFiles } from "./plan/approval.ts";
import { dropKept } from "./plan/kept.ts";
import { decideConsent } from "./privacy/consent.ts";
import { deidentifyInto } from "./privacy/deidentify.ts";
import { dropRepeats } from "./privacy/drop-repeats.ts";
import { readSiteKeys, type SiteKeys } from "./privacy/keys.ts";
import { auditLeaks, type LeakAudit } from "./privacy/leak-audit.ts";
import { linkageKey, stageLinkage } from "./privacy/linkage.ts";
import { type PrivacyProfile, readPrivacyProfile, tokenPurposes } from "./privacy/profile.ts";
import { loadTokenKeys } from "./privacy/tokens.ts";
import {
  collectIssues,
  drawLedgers,
  type LedgerLine,
  type Ledgers,
  settleRecords,
} from "./quality/ledger.ts";
import { readReasons } from "./quality/reasons.ts";
import { checkNight, lookAtNight, type NightChecked, rememberNight } from "./quality.ts";
import { withBarred } from "./submission/barred.ts";
import {
  finishPending,
  type PreparedSubmission,
  prepareSubmission,
  type Submitted,
  type Unsent,
} from "./submission/prepare.ts";
import type { Receipt } from "./submission/receipt.ts";
import {
  checkStoreFacts,
  explainDamage,
  readOldStore,
  refuseForgetting,
  type StoreFacts,
} from "./submission/store-facts.ts";

export interface RunOptions {
  progress: Progress;
  /** YYYY-MM-DD; the day of the run, by which "in the future" is judged. */
  today: string;
  /** Start from an empty store instead of last night's. */
  full?: boolean;
  /** Places that are named for each issue; default 5. */
  examplesMax?: number;
  /** Do everything but publish. */
  dryRun?: boolean;
  /** Errors tell the number of a file of the export instead of its name, which may name somebody: for logs. */
  filesByNumber?: boolean;
  /**
   * Makes a store of what the mapping that was applied before makes of this same export, and names its file: its rows go before
   * tonight's are written, so that nothing stays of what is mapped otherwise now. Null: there is none.
   */
  baseline?: (site: Site, previous: StoreFacts | null) => Promise<string | null>;
  /** Looks at the new store before anything is released; what it throws stops the night. */
  look?: (
    storeFile: string,
    report: Pick<RunReport, "issues" | "ledgers" | "leftOut">,
  ) => Promise<void>;
}

/** What a night did at one site. It stays at the site: places name files and records, never a patient's value. */
export interface RunReport {
  site: string;
  name: string;
  format: string;
  mode: Site["mode"];
  /** Files of the export folder that were read, and those of another kind that were not. */
  files: { read: number; ignored: string[] };
  ledgers: Ledgers;
  lines: (LedgerLine & { message: string | null })[];
  issues: Issue[];
  leftOut: LeftOutCodes;
  /** How many data checks ended in which status; propool report and propool check tell which. */
  checks: NightChecked["counts"];
  /** Rows of the store by table after the night. */
  store: Record<string, number>;
  /** What was put into the outbox; null in distributed mode, in a dry run, and when nothing is new. */
  submission: Submitted | null;
  /** Why nothing was sent; null when something was. */
  unsent: Unsent | null;
  /** What the hub refused last, and why; a full submission answers it. */
  refused: Receipt | null;
  /** What lies ready for the linkage broker; null where the site names none, and in a dry run. */
  broker: Filters | null;
  audit: LeakAudit;
  stages: StageEvent[];
  seconds: number;
}

/**
 * A site's night: reads the export, maps, scores, de-identifies into a new store, audits, and publishes store and submission.
 * It is a function of the old store, the files, the mapping and the key; killed at any moment it leaves the old store whole, and
 * the rerun makes the same tables.
 *
 * @throws ProError `CONFIG_*`, `MAPPING_*`, `SOURCE_*`, `QUALITY_LEDGER`, `DISCLOSURE_LEAK`, `WAREHOUSE_*`.
 */
export async function runSite(siteDirectory: string, options: RunOptions): Promise<RunReport> {
  const site = await readSite(siteDirectory);
  const keys = await readSiteKeys(site.keysDirectory, { site: site.site, env: process.env });
  const profile = await readPrivacyProfile(site.privacy);
  checkBroker(site, keys, profile);
  return withLock(site.directory, async () => {
    try {
      const isReplaced = options.full === true;
      await finishRotation(site, { keys, profile, today: options.today, isReplaced });
      const previous = await lookBack(site, keys, isReplaced);
      await finishPending(site, previous);
      await removeUnfinished(site.outboxDirectory);
      await cleanUp(site);
      await using _identified = ephemeral(site.identifiedDirectory);
      const isKnown = !options.full && (await exists(site.storeFile));
      const knownStore = isKnown ? site.storeFile : null;
      return await night({ site, keys, profile, options, previous, knownStore });
    } catch (error) {
      const told = options.filesByNumber ? await numberFile(error, site) : error;
      throw explainDamage(told, site.storeFile);
    } finally {
      await cleanUp(site);
    }
  });
}

interface Staging {
  site: Site;
  keys: SiteKeys;
  profile: PrivacyProfile;
  options: Pick<RunOptions, "progress" | "today" | "examplesMax">;
  /** The store whose people are known though tonight's export does not bring them; null: none. */
  knownStore: string | null;
  /** What last night's store remembers. */
  previous: StoreFacts | null;
}

/** From the export's files to staged CDM rows, ledger and issues. */
async function stageExport(
  db: DuckDb,
  { site, keys, profile, options, knownStore, previous }: Staging,
) {
  const { progress } = options;
  const source = await listExport(site);
  await prepare(db, site, options.today);
  const linkage = keys.linkageMaster && linkageKey(keys.linkageMaster, linkageScope(site));
  await loadTokenKeys(db, { generations: keys.tokenKeys, linkage: linkage?.key ?? null }, [
    ...new Set([...tokenPurposes(profile), "patid", "pro_seq"]),
  ]);
  await progress.stage(site.site, "read", async () => {
    await readExport(db, site, source, progress);
    return { rowsOut: await countOf(db, "intake_record") };
  });
  await refuseUnreadable(db, site.format);
  const store = await attachOldStore(db, knownStore);
  const { leavers } = await progress.stage(site.site, "map", async () => {
    await findKnownPatients(db, store);
    const gone = await decideConsent(db, site, {
      store: previous ? store : null,
      barred: previous?.barred ?? [],
    });
    await mapRecords(db, site);
    if (linkage) await stageLinkage(db, { name: linkage.name, today: options.today });
    return {
      leavers: gone,
      rowsIn: (await countOf(db, "intake_response")) + (await countOf(db, "every_given")),
    };
  });
  const { ledgers, lines } = await progress.stage(site.site, "settle", async () => {
    await settleRecords(db);
    const drawn = await drawLedgers(db);
    const { read: rowsIn, loaded: rowsOut } = drawn.ledgers.records;
    return { ...drawn, rowsIn, rowsOut };
  });
  const issues = await collectIssues(db, await readReasons(), options.examplesMax ?? 5);
  return { source, store, ledgers, lines, issues, leavers };
}

/**
 * What a mapping makes of the export, as a store of its own: nothing is added to the site's store, nothing is released. The
 * site's lock must be held, and its identified folder is used.
 *
 * @throws ProError as runSite.
 */
export async function makeStore(
  site: Site,
  options: Pick<RunOptions, "progress" | "today"> & { into: string; previous: StoreFacts | null },
): Promise<Pick<RunReport, "issues" | "ledgers">> {
  const keys = await readSiteKeys(site.keysDirectory, { site: site.site, env: process.env });
  const profile = await readPrivacyProfile(site.privacy);
  const knownStore = site.storeFile;
  const db = await openNight(site);
  try {
    const { previous } = options;
    const staging = { site, keys, profile, options, knownStore, previous };
    const { ledgers, issues } = await stageExport(db, staging);
    await attachNewStore(db, options.into);
    await deidentifyInto(db, { store: "new_store", site: site.site, profile });
    if (site.format === "ccda") await dropRepeats(db, "new_store");
    await db.run("CHECKPOINT new_store");
    await db.run("DETACH new_store");
    return { issues, ledgers };
  } finally {
    db.close();
  }
}

interface Night extends Staging {
  options: RunOptions;
}
/** A store that tonight's rows do not belong into is found out before an hour is spent on reading. */
async function lookBack(site: Site, keys: SiteKeys, full: boolean): Promise<StoreFacts | null> {
  const facts = await withBarred(site, await readOldStore(site.storeFile, { isReplaced: full }));
  const now = { token_key_fingerprint: keys.tokenKeyFingerprint, privacy: site.privacy };
  if (full) refuseForgetting(facts, now, { file: site.storeFile });
  else checkStoreFacts(facts, now, { file: site.storeFile });
  return facts;
}

/** Removes identified working files and half-written results, tonight's or those of a night that was killed. */
async function cleanUp(site: Site): Promise<void> {
  await rm(site.identifiedDirectory, { recursive: true, force: true });
  await removeUnfinished(dirname(site.storeFile));
  await removeUnfinished(site.reportsDirectory);
  await removeUnfinished(dirname(site.brokerFile));
}

async function night(here: Night): Promise<RunReport> {
  const { site, options } = here;
  const started = performance.now();
  const { progress } = options;
  const firstEvent = progress.events.length;
  const replaced = (await options.baseline?.(site, here.previous)) ?? null;
  const db = await openNight(site);
  try {
    const { source, store, ledgers, lines, issues, leavers } = await stageExport(db, here);
    const look = await lookAtNight(db, site, store);
    if (store) await db.run(`DETACH ${ident(store)}`);
    const { file } = await progress.stage(site.site, "de-identify", () =>
      writeStore(db, here, { leavers, replaced }),
    );
    await options.look?.(file, { issues, ledgers, leftOut: look.leftOut });
    const checked = await progress.stage(site.site, "check", () =>
      checkNight({
        site,
        storeFile: file,
        today: options.today,
        isFull: options.full === true,
        look,
        ledgers,
        lines,
      }),
    );
    const { rowsOut: _, ...released } = await progress.stage(site.site, "release", async () => {
      const all = await release(db, here, { file, ledgers, leavers });
      const rows = Object.values(all.submission?.rows ?? {});
      return { ...all, rowsOut: rows.reduce((sum, count) => sum + count, 0) };
    });
    const whole: RunReport = {
      site: site.site,
      name: site.name,
      format: site.format,
      mode: site.mode,
      files: { read: source.files.length, ignored: source.ignored },
      ledgers,
      lines: await withMessages(lines),
      issues,
      leftOut: look.leftOut,
      checks: checked.counts,
      ...released,
      stages: progress.events.slice(firstEvent).filter(({ node }) => node === site.site),
      seconds: (performance.now() - started) / 1000,
    };
    const report = await withoutNames(db, whole, source);
    if (!options.dryRun) {
      await writeReport(site, report);
      await rememberNight(site, await withoutNamedCodes(db, checked));
    }
    return report;
  } finally {
    db.close();
  }
}

async function withMessages(lines: readonly LedgerLine[]): Promise<RunReport["lines"]> {
  const reasons = await readReasons();
  return lines.map((line) => ({ ...line, message: reasons[line.reason ?? ""]?.message ?? null }));
}

/** Last night's store, copied, brought to the newest schema and given tonight's rows, under an unfinished name. */
async function writeStore(
  db: DuckDb,
  { site, profile, options, previous }: Night,
  { leavers, replaced }: { leavers: readonly string[]; replaced: string | null },
): Promise<{ file: string; rowsOut: number }> {
  await privateDirectory(dirname(site.storeFile));
  const file = unfinished(site.storeFile);
  if (!options.full && (await exists(site.storeFile))) {
    if (leavers.length > 0) await copyWithout(site.storeFile, file, leavers);
    else await cloneFile(site.storeFile, file);
  }
  await attachNewStore(db, file);
  const isNoted = Boolean(previous?.sealed) && !options.full;
  if (replaced) await removeReplaced(db, replaced, isNoted);
  const rowsOut = await deidentifyInto(db, {
    store: "new_store",
    site: site.site,
    profile,
    // Changes are counted from what was sealed last; where nothing was, or all is made anew, everything is sent.
    isNoted,
  });
  if (site.format === "ccda") await dropRepeats(db, "new_store");
  await db.run("CHECKPOINT new_store");
  await db.run("DETACH new_store");
  await forgetAnswers(db);
  return { file, rowsOut };
}

/** Attaches a store as `new_store`, made or brought to the newest schema where it is not there or older. */
async function attachNewStore(db: DuckDb, file: string): Promise<void> {
  const attach = () => db.run(`ATTACH ${text(file)} AS new_store`);
  if (!(await exists(file))) await bringToNewest(file);
  await attach();
  if (await isNewest(db, "new_store")) return;
  await db.run("DETACH new_store");
  await bringToNewest(file);
  await attach();
}

/** Takes the rows out of the new store that another store has under the same keys. */
async function removeReplaced(db: DuckDb, file: string, isNoted: boolean): Promise<void> {
  await db.run(`ATTACH ${text(file)} AS replaced (READ_ONLY)`);
  for (const table of TABLE_NAMES) {
    if (table === "harvest") continue;
    const key = tableShape(table).key.map(ident).join(", ");
    const where = `(${key}) IN (SELECT (${key}) FROM replaced.${ident(table)})`;
    await removeRows(db, { store: "new_store", table, where, isNoted });
  }
  await db.run("DETACH replaced");
}

type Released = Pick<RunReport, "audit" | "submission" | "unsent" | "refused" | "broker" | "store">;

/**
 * The one way out: seal, audit, and only then publish. The store goes first and remembers the sealed submission: a night killed between
 * the two is finished by the next one, which gives the submission its name.
 */
async function release(
  db: DuckDb,
  night: Night,
  made: { file: string; ledgers: Ledgers; leavers: readonly string[] },
): Promise<Released> {
  const { site, keys, options, previous } = night;
  const { file: storeFile, ledgers, leavers } = made;
  const applied = await readApplied(site);
  const filters = await draftFilters(db, { site, keys });
  const prepared = await prepareSubmission({
    leavers,
    storeFile,
    site,
    previous,
    signingKey: keys.signingKey,
    tokenKeyFingerprint: keys.tokenKeyFingerprint,
    instruments: await instrumentVersions(db),
    applied,
    approved: approvedFiles(previous?.approved, applied),
    ledger: ledgers,
    today: options.today,
  });
  const { rows: store, unsent, refused } = prepared;
  try {
    const brokerFile = filters?.file;
    const audit = await auditLeaving(db, { storeFile, leaving: prepared.leaving, brokerFile });
    if (options.dryRun) {
      await prepared.discard();
      return { audit, submission: null, unsent: "dry run", refused, broker: null, store };
    }
    if (!options.baseline) await dropKept(site);
    // Before the store is published: a night that is killed between the two finds them in the old one again.
    if (leavers.length > 0) await forgetPeople(site.directory, leavers);
    await publish(storeFile, site.storeFile);
    const submission = await prepared.publish();
    await publishFilters(site, filters);
    return { audit, submission, unsent, refused, broker: filters?.told ?? null, store };
  } catch (error) {
    await discardUnlessPublished(storeFile, prepared);
    throw error;
  }
}

/** A submission that the published store remembers must stay: the next night gives it its name. */
async function discardUnlessPublished(storeFile: string, prepared: PreparedSubmission) {
  if (await exists(storeFile)) await prepared.discard();
}

/** Searches the rows that leave tonight; where no submission is made, the whole store. */
async function auditLeaving(
  db: DuckDb,
  {
    storeFile,
    leaving,
    brokerFile,
  }: {
    storeFile: string;
    leaving: PreparedSubmission["leaving"];
    brokerFile: string | undefined;
  },
): Promise<LeakAudit> {
  const source = leaving ? ":memory:" : storeFile;
  await db.run(`ATTACH ${text(source)} AS leaving${leaving ? "" : " (READ_ONLY)"}`);
  try {
    if (!leaving)
      return await auditLeaks(db, { store: "leaving", texts: [], known: [], brokerFile });
    const files: string[] = [];
    const tables: TableName[] = [];
    for (const table of TABLE_NAMES) {
      const file = join(leaving.directory, `${table}.parquet`);
      if (!(await exists(file))) continue;
      files.push(file);
      tables.push(table);
      await db.run(`CREATE VIEW leaving.${ident(table)} AS FROM read_parquet(${text(file)})`);
    }
    return await auditLeaks(db, { store: "leaving", tables, files, brokerFile, ...leaving });
  } finally {
    await db.run("DETACH leaving");
  }
}

async function countOf(db: DuckDb, table: string): Promise<number> {
  const { n } = await db.one<{ n: number }>(
    `SELECT CAST(count(*) AS DOUBLE) AS n FROM ${ident(table)}`,
  );
  return n;
}

async function instrumentVersions(db: DuckDb): Promise<Record<string, string>> {
  const rows = await db.all<{ instrument: string; version: string }>(
    "SELECT instrument, version FROM catalogue_instrument ORDER BY instrument",
  );
  return Object.fromEntries(rows.map(({ instrument, version }) => [instrument, version]));
}

async function writeReport(site: Site, report: RunReport): Promise<void> {
  await privateDirectory(site.reportsDirectory);
  const content = `${JSON.stringify(report, null, 2)}\n`;
  await writeWhole(join(site.reportsDirectory, "last-night.json"), content, 0o600);
}
