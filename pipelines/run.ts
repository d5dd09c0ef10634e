import { readdir, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { DuckDb } from "../warehouse/duckdb.ts";
import { createSchema } from "../warehouse/migrate.ts";
import { text } from "../warehouse/sql.ts";
import type { Adapter } from "./adapters/adapter.ts";
import { readCsvMapping } from "./adapters/csv/mapping.ts";
import { ADAPTERS } from "./adapters/index.ts";
import { createIntake } from "./adapters/intake.ts";
import { loadCatalogue } from "./catalogue/load.ts";
import { type Catalogue, readCatalogue } from "./catalogue/read.ts";
import { readSite, type Site } from "./configuration/site.ts";
import { ProError } from "./core/errors.ts";
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
import { mapAdministrations } from "./mapping/administrations.ts";
import { stageCdm } from "./mapping/cdm.ts";
import { mapPeople } from "./mapping/people.ts";
import { MAP_RESPONSES } from "./mapping/responses.ts";
import { loadWords } from "./mapping/words.ts";
import { deidentifyInto } from "./privacy/deidentify.ts";
import { readSiteKeys, type SiteKeys } from "./privacy/keys.ts";
import { auditLeaks, type LeakAudit } from "./privacy/leak-audit.ts";
import { type PrivacyProfile, readPrivacyProfile, tokenPurposes } from "./privacy/profile.ts";
import { loadTokenKeys, tokenSql } from "./privacy/tokens.ts";
import { checkArms } from "./quality/index.ts";
import {
  collectIssues,
  drawLedgers,
  type LedgerLine,
  type Ledgers,
  settleRecords,
} from "./quality/ledger.ts";
import { readReasons } from "./quality/reasons.ts";
import { SCORE } from "./scoring/score.ts";
import { prepareSubmission, type Submitted } from "./submission/prepare.ts";
import {
  checkStoreFacts,
  explainDamage,
  readOldStore,
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
  lines: LedgerLine[];
  issues: Issue[];
  /** Rows of the store by table after the night. */
  store: Record<string, number>;
  /** What was put into the outbox; null in distributed mode, in a dry run, and when nothing is new. */
  submission: Submitted | null;
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
  const keys = await readSiteKeys(site.keysDirectory);
  const profile = await readPrivacyProfile(site.privacy);
  return withLock(site.directory, async () => {
    await cleanUp(site);
    try {
      const previous = await lookBack(site, keys, options.full === true);
      return await night({ site, keys, profile, options, previous });
    } catch (error) {
      throw explainDamage(error, site.storeFile);
    } finally {
      await cleanUp(site);
    }
  });
}

interface Night {
  site: Site;
  keys: SiteKeys;
  profile: PrivacyProfile;
  options: RunOptions;
  /** What last night's store remembers. */
  previous: StoreFacts | null;
}

/** A store that tonight's rows do not belong into is found out before an hour is spent on reading. */
async function lookBack(site: Site, keys: SiteKeys, full: boolean): Promise<StoreFacts | null> {
  const facts = await readOldStore(site.storeFile, { isReplaced: full });
  const now = { token_key_fingerprint: keys.tokenKeyFingerprint, privacy: site.privacy };
  if (!full) checkStoreFacts(facts, now, { file: site.storeFile });
  return facts;
}

/** Removes identified working files and half-written results, tonight's or those of a night that was killed. */
async function cleanUp(site: Site): Promise<void> {
  await rm(site.identifiedDirectory, { recursive: true, force: true });
  await removeUnfinished(dirname(site.storeFile));
  await removeUnfinished(site.outboxDirectory);
  await removeUnfinished(site.reportsDirectory);
}

async function night(here: Night): Promise<RunReport> {
  const { site, keys, profile, options } = here;
  const started = performance.now();
  const { progress } = options;
  const firstEvent = progress.events.length;
  const source = await listExport(site);
  const db = await openIdentified(site.identifiedDirectory);
  try {
    await prepare(db, site, options.today);
    await loadTokenKeys(db, keys.tokenKey, [
      ...new Set([...tokenPurposes(profile), "patid", "pro_seq"]),
    ]);
    await progress.stage(site.site, "read", () => readExport(db, site, source, progress));
    await refuseUnreadable(db, site.format);
    await progress.stage(site.site, "map", async () => {
      await findKnownPatients(db, options.full ? null : site.storeFile);
      await mapRecords(db, site);
    });
    const { ledgers, lines } = await progress.stage(site.site, "settle", async () => {
      await settleRecords(db);
      return drawLedgers(db);
    });
    const issues = await collectIssues(db, await readReasons(), options.examplesMax ?? 5);
    const { file } = await progress.stage(site.site, "de-identify", () => writeStore(db, here));
    const { audit, submission, store } = await progress.stage(site.site, "release", () =>
      release(db, here, file, ledgers),
    );
    const report: RunReport = {
      site: site.site,
      name: site.name,
      format: site.format,
      mode: site.mode,
      files: { read: source.files.length, ignored: source.ignored },
      ledgers,
      lines,
      issues,
      store,
      submission,
      audit,
      stages: progress.events.slice(firstEvent),
      seconds: (performance.now() - started) / 1000,
    };
    if (!options.dryRun) await writeReport(site, report);
    return report;
  } finally {
    db.close();
  }
}

interface Source {
  adapter: Adapter;
  files: string[];
  ignored: string[];
  /** The files are some of the export's, chosen by hand. */
  isPartial?: boolean;
}

/** @throws ProError `SOURCE_MISSING`, `SOURCE_NOTHING`. */
export async function listExport(site: Pick<Site, "format" | "exportDirectory">): Promise<Source> {
  const adapter = ADAPTERS[site.format];
  const entries = await readdir(site.exportDirectory, {
    recursive: true,
    withFileTypes: true,
  }).catch((cause) => {
    throw new ProError("SOURCE_MISSING", "the export folder cannot be read", {
      where: { file: site.exportDirectory },
      hint: "create it and put the export's files into it, or correct export: in site.yaml",
      cause,
    });
  });
  const all = entries
    // A link counts as the file it leads to: leaving it out would lose its records silently.
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .filter((entry) => !entry.name.startsWith("."))
    .map((entry) => relative(site.exportDirectory, join(entry.parentPath, entry.name)))
    .sort();
  const files = all.filter((file) => adapter.accepts(file));
  if (files.length === 0) {
    throw new ProError("SOURCE_NOTHING", `no file in the export folder looks like ${site.format}`, {
      where: { file: site.exportDirectory },
      hint:
        all.length > 0
          ? "check format: in site.yaml"
          : "the folder is empty; put the export's files into it",
    });
  }
  return { adapter, files, ignored: all.filter((file) => !adapter.accepts(file)) };
}

/** The temporary database of identified rows; it spills only beside itself. */
export async function openIdentified(directory: string): Promise<DuckDb> {
  await privateDirectory(directory);
  await privateDirectory(join(directory, "scratch"));
  return DuckDb.open(":memory:", {
    temporaryDirectory: join(directory, "spill"),
  });
}

/** Empty intake tables, catalogue, words and the day of the run. */
export async function prepare(
  db: DuckDb,
  site: Pick<Site, "words" | "codes"> & Partial<Pick<Site, "instruments">>,
  today: string,
): Promise<void> {
  await createIntake(db);
  const catalogue = await readCatalogue();
  refuseUnknownInstruments(site.instruments ?? [], catalogue);
  await loadCatalogue(db, catalogue);
  await loadWords(db, site.words, site.codes);
  await db.run("SET VARIABLE today = CAST(? AS DATE)", [today]);
  await db.run("CREATE TABLE known_patient (patient_key VARCHAR)");
}

/** @throws ProError `CONFIG_SITE`. */
function refuseUnknownInstruments(listed: readonly string[], { instruments }: Catalogue): void {
  const known = instruments.map(({ id }) => id);
  const unknown = listed.filter((id) => !known.includes(id));
  if (unknown.length === 0) return;
  throw new ProError("CONFIG_SITE", `instruments names ${unknown.join(", ")}, which is not known`, {
    where: { file: "site.yaml", pointer: "instruments" },
    hint: `known: ${known.join(", ")}`,
  });
}

export async function readExport(
  db: DuckDb,
  site: Pick<
    Site,
    "site" | "format" | "exportDirectory" | "mappingFile" | "identifiedDirectory" | "ccda"
  >,
  source: Source,
  progress: Progress,
): Promise<{ rowsOut: number }> {
  await source.adapter.read({
    db,
    exportDirectory: site.exportDirectory,
    files: source.files,
    isPartial: source.isPartial === true,
    mapping:
      site.format === "csv" && site.mappingFile ? await readCsvMapping(site.mappingFile) : null,
    narrative: site.ccda.narrative,
    scratch: join(site.identifiedDirectory, "scratch"),
    progress,
    site: site.site,
  });
  const { records } = await db.one<{ records: number }>(
    "SELECT CAST(count(*) AS DOUBLE) AS records FROM intake_record",
  );
  return { rowsOut: records };
}

/**
 * A few broken records are set aside; an export of nothing else is of another format.
 *
 * @throws ProError `SOURCE_WRONG_FORMAT`.
 */
async function refuseUnreadable(db: DuckDb, format: string): Promise<void> {
  const { read, broken, file, record } = await db.one<{
    read: number;
    broken: number;
    file: string;
    record: string;
  }>(`SELECT CAST(count(*) AS DOUBLE) AS read,
      CAST(count(*) FILTER (reason IN ('SOURCE_MALFORMED', 'SOURCE_NOT_A_RESOURCE', 'SOURCE_NOT_CCDA')) AS DOUBLE) AS broken,
      arg_min(where_file, record_key) AS file, arg_min(where_record, record_key) AS record
    FROM intake_record`);
  if (read === 0 || broken < read) return;
  throw new ProError(
    "SOURCE_WRONG_FORMAT",
    `none of the ${read} records can be read as ${format}`,
    {
      where: { file, record },
      hint: "check format: in site.yaml, and what the exporting system wrote",
    },
  );
}

/** Persons of this night's records whom an earlier night brought; their token is in the old store. */
async function findKnownPatients(db: DuckDb, storeFile: string | null): Promise<void> {
  if (!storeFile || !(await exists(storeFile))) return;
  await db.run(`ATTACH ${text(storeFile)} AS old_store (READ_ONLY)`);
  const keys = ["encounter", "condition", "procedure", "administration"].map(
    (table) => `SELECT patient_key FROM intake_${table}`,
  );
  await db.run(`INSERT INTO known_patient
    WITH asked AS MATERIALIZED (
      SELECT p.patient_key, ${tokenSql("patid", "p.patient_key")} AS patid
      FROM (${keys.join(" UNION ")}) p CROSS JOIN token_key k
      WHERE p.patient_key NOT IN (SELECT patient_key FROM intake_patient WHERE patient_key IS NOT NULL)
    )
    SELECT patient_key FROM asked WHERE patid IN (SELECT patid FROM old_store.demographic)`);
  await db.run("DETACH old_store");
}

/** Intake tables to staged CDM rows: meaning, identity, scores. */
export async function mapRecords(db: DuckDb, site: Site): Promise<void> {
  const statements = [
    ...MAP_RESPONSES,
    ...mapPeople(checkArms("patient")),
    ...mapAdministrations({ ...site, checks: checkArms("administration") }),
    ...SCORE,
    ...stageCdm(site),
  ];
  for (const statement of statements) await db.run(statement);
}

/** Last night's store, copied, brought to the newest schema and given tonight's rows, under an unfinished name. */
async function writeStore(
  db: DuckDb,
  { site, profile, options }: Night,
): Promise<{ file: string; rowsOut: number }> {
  await privateDirectory(dirname(site.storeFile));
  const file = unfinished(site.storeFile);
  if (!options.full && (await exists(site.storeFile))) await cloneFile(site.storeFile, file);
  const store = await DuckDb.open(file);
  try {
    await createSchema(store);
  } finally {
    store.close();
  }
  await db.run(`ATTACH ${text(file)} AS new_store`);
  const rowsOut = await deidentifyInto(db, { store: "new_store", site: site.site, profile });
  await db.run("CHECKPOINT new_store");
  await db.run("DETACH new_store");
  return { file, rowsOut };
}

interface Released {
  audit: LeakAudit;
  submission: Submitted | null;
  store: Record<string, number>;
}

/**
 * The one way out: seal, audit, and only then publish. The submission goes first: a night killed between the two finds its own
 * submission in the outbox and sends nothing twice.
 */
async function release(
  db: DuckDb,
  night: Night,
  storeFile: string,
  ledgers: Ledgers,
): Promise<Released> {
  const { site, keys, options, previous } = night;
  const prepared = await prepareSubmission({
    storeFile,
    site,
    previous,
    signingKey: keys.signingKey,
    tokenKeyFingerprint: keys.tokenKeyFingerprint,
    instruments: await instrumentVersions(db),
    ledger: ledgers,
    today: options.today,
  });
  await db.run(`ATTACH ${text(storeFile)} AS new_store (READ_ONLY)`);
  const audit = await auditLeaks(db, { store: "new_store", ...prepared });
  await db.run("DETACH new_store");
  if (options.dryRun) {
    await prepared.discard();
    return { audit, submission: null, store: prepared.rows };
  }
  const submission = await prepared.publish();
  await publish(storeFile, site.storeFile);
  return { audit, submission, store: prepared.rows };
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
