import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Warehouse } from "../warehouse/dialects/index.ts";
import { openWarehouse } from "../warehouse/open.ts";
import { loadCatalogue } from "./catalogue/load.ts";
import { readCatalogueOf } from "./catalogue/read.ts";
import { folderKind } from "./configuration/folder.ts";
import { type Hub, readHub } from "./configuration/hub.ts";
import { readSite, type Site } from "./configuration/site.ts";
import { ProError } from "./core/errors.ts";
import { exists } from "./core/files.ts";
import type { Check } from "./quality/check.ts";
import { type Refresh, readRefreshes } from "./quality/history.ts";
import { judge, reasonsFor, type Verdict } from "./quality/judge.ts";
import { failingKeysSql, type Measure, measure } from "./quality/measure.ts";
import { RELATIONS } from "./quality/relations.ts";
import { type CheckSource, insertFacts, openSession, type Session } from "./quality/session.ts";
import { readAdjustedChecks } from "./quality.ts";

/** A site's or a hub's folder with its checks made. */
export interface CheckedFolder {
  kind: "site" | "hub";
  directory: string;
  reportsDirectory: string;
  /** The site's or the network's name. */
  name: string;
  sites: string[];
  checks: Check[];
  verdicts: Verdict[];
  /** Newest first. */
  refreshes: Refresh[];
  measures: Measure[];
  session: Session;
}

/**
 * Makes the checks of a folder on what its store or warehouse holds now, beside what the last night saw, and hands them to
 * `work`. Nothing is written. `isNew`: what is held came after the newest refresh that is remembered; a hub's is told by its books.
 *
 * @throws ProError `CONFIG_*`; `WAREHOUSE_MISSING` when there is nothing to check yet.
 */
export async function withChecked<T>(
  directory: string,
  options: { today: string; isNew?: boolean },
  work: (folder: CheckedFolder) => Promise<T>,
): Promise<T> {
  const root = resolve(directory);
  const scratch = await mkdtemp(join(tmpdir(), "propool-check-"));
  try {
    return (await folderKind(root)) === "site"
      ? await checkSite(await readSite(root), { ...options, scratch }, work)
      : await checkHub(await readHub(root), { ...options, scratch }, work);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Options {
  today: string;
  isNew?: boolean;
  scratch: string;
}

async function checkSite<T>(
  site: Site,
  options: Options,
  work: (folder: CheckedFolder) => Promise<T>,
): Promise<T> {
  if (!(await exists(site.storeFile))) {
    throw new ProError("WAREHOUSE_MISSING", "the site has no store yet", {
      where: { file: site.storeFile },
      hint: `run its first night: propool run ${site.directory}`,
    });
  }
  const { directory, reportsDirectory, name } = site;
  const folder = { kind: "site", directory, reportsDirectory, name, sites: [site.site] } as const;
  const source = { file: site.storeFile };
  return checkFolder(
    { ...folder, sites: [site.site], quality: site.quality, source },
    options,
    work,
  );
}

async function checkHub<T>(
  hub: Hub,
  options: Options,
  work: (folder: CheckedFolder) => Promise<T>,
): Promise<T> {
  const { directory, reportsDirectory, name } = hub;
  const sites = hub.sites.map(({ site }) => site);
  const warehouse = openWarehouse(hub.warehouse, { baseDirectory: hub.directory });
  const source = await warehouse.scannable(options.scratch);
  const isNew = options.isNew ?? (await isNewer(hub, warehouse));
  const folder = {
    kind: "hub",
    directory,
    reportsDirectory,
    name,
    sites,
    quality: hub.quality,
  } as const;
  return checkFolder({ ...folder, source }, { ...options, isNew }, work);
}

/** Whether a hub holds other submissions than the newest refresh saw: it is not remembered after every load. */
async function isNewer({ reportsDirectory }: Hub, warehouse: Warehouse): Promise<boolean> {
  const [latest] = await readRefreshes(reportsDirectory);
  if (!latest?.held) return false;
  const { submissions } = await warehouse.held();
  return submissions.some(
    ({ datamartid, sequence }) => latest.held?.[datamartid] !== Number(sequence),
  );
}

interface Unchecked {
  kind: "site" | "hub";
  directory: string;
  reportsDirectory: string;
  name: string;
  sites: string[];
  quality: Site["quality"];
  source: CheckSource;
}

async function checkFolder<T>(
  { quality, source, ...folder }: Unchecked,
  { today, scratch, isNew = false }: Options,
  work: (folder: CheckedFolder) => Promise<T>,
): Promise<T> {
  const { checks, rules } = await readAdjustedChecks({ quality, directory: folder.directory });
  const refreshes = await readRefreshes(folder.reportsDirectory);
  // What was remembered last is what the store holds now; it is compared with the one before, unless that was another store.
  const [latest, earlier] = refreshes;
  const past = isNew ? latest : latest && !latest.full ? earlier : undefined;
  const session = await openSession({
    source,
    sites: folder.sites,
    today: isNew ? today : (latest?.day ?? today),
    languages: rules.languages,
    loadCatalogue: async (db) => loadCatalogue(db, await readCatalogueOf(folder.directory)),
    past: past?.facts ?? null,
    temporaryDirectory: join(scratch, "spill"),
  });
  try {
    const remembered = (latest?.facts ?? []).filter(({ kind }) =>
      ["month", "text", "version"].includes(kind),
    );
    await insertFacts(session.db, 0, remembered);
    const night = new Set(
      checks.filter(({ over }) => over.startsWith("read_")).map(({ id }) => id),
    );
    const measures = [
      ...(latest?.measures.filter((one) => night.has(one.check)) ?? []),
      ...(await measure(session.db, checks, {
        levels: folder.kind === "hub" ? ["store", "history", "network"] : ["store", "history"],
        holding: session.holding,
      })),
    ];
    const reasons = reasonsFor(folder.kind, past !== undefined);
    const verdicts = judge(checks, measures, { rules, today, sites: folder.sites, reasons });
    return await work({ ...folder, checks, verdicts, refreshes, measures, session });
  } finally {
    session.db.close();
  }
}

const isOfNight = ({ over }: Check) => RELATIONS[over].level === "night";

/** All failing keys of one check. @throws ProError `USAGE_CHECK` for a check whose rows only the night sees. */
export async function failingKeys(
  folder: CheckedFolder,
  check: Check,
): Promise<{ site: string; key: string }[]> {
  if (isOfNight(check)) {
    throw new ProError("USAGE_CHECK", `${check.id} looks at the export, which is not kept`, {
      hint: "propool run names the first places; propool preview <file> --only issues shows all",
    });
  }
  return folder.session.db.all(failingKeysSql(check));
}
