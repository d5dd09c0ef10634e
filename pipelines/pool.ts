import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { HeldSubmission, Loader, RowCounts, Warehouse } from "../warehouse/dialects/index.ts";
import { HELD_SUBMISSIONS } from "../warehouse/merge.ts";
import { openWarehouse } from "../warehouse/open.ts";
import { TABLE_NAMES } from "../warehouse/schema.ts";
import { type Hub, readHub } from "./configuration/hub.ts";
import { ProError } from "./core/errors.ts";
import { exists, publish } from "./core/files.ts";
import { withLock } from "./core/lock.ts";
import { type Metrics, writeMetrics } from "./core/metrics.ts";
import type { Progress } from "./core/progress.ts";
import { removeUnfinished } from "./core/remove-unfinished.ts";
import { type LinkageReport, linkPeople } from "./linkage/link-people.ts";
import {
  acknowledge,
  type Chains,
  isRefusal,
  publicKeysOf,
  type Received,
  receive,
  refuseArrival,
  type Verified,
} from "./receive.ts";
import { type HubChecks, rememberHub } from "./remember-hub.ts";
import { checkAgreement } from "./submission/agreement.ts";
import { type Archived, archivedChain, keptBefore } from "./submission/archive.ts";
import { type Manifest, tableFile } from "./submission/manifest.ts";
import { verifyArchived } from "./submission/open.ts";

export interface PoolReport extends Pick<Received, "refused" | "known" | "waiting"> {
  /** Submissions verified, loaded and archived now. */
  accepted: { site: string; sequence: number; kind: Manifest["kind"] }[];
  /** Sites whose rows were loaded now, with all that the warehouse holds of them. */
  loaded: { site: string; sequence: number; rows: RowCounts }[];
  /** Sites whose rows were taken out because hub.yaml does not list them any more. */
  removed: string[];
  /** How many people were found at several sites; null where linkage is off, or no token came or went. */
  linkage: LinkageReport | null;
  /** The data checks of all that is held; null: nothing came since they were made. */
  checks: HubChecks | null;
  seconds: number;
}

export interface PoolOptions {
  progress: Progress;
  /** Make the warehouse anew from the archive. */
  rebuild?: boolean;
  /** YYYY-MM-DD, the day under which the checks are remembered; default today. */
  today?: string;
}

/**
 * The hub's night: verifies what arrived, loads and archives what is accepted, sets aside what is not, and publishes a warehouse that
 * holds the accepted submissions of every listed site. The archive is the source of truth, so a night that was killed is finished by
 * the next one. A rebuild proves the archive's signatures first.
 *
 * @throws ProError `CONFIG_*` or `WAREHOUSE_*`; refused submissions are in the report.
 */
export async function pool(hubDirectory: string, options: PoolOptions): Promise<PoolReport> {
  const hub = await readHub(hubDirectory);
  const file = join(hub.reportsDirectory, "metrics.prom");
  try {
    const report = await poolNight(hub, options);
    await writeMetrics(file, hub.network, { metrics: poolMetrics(report), isSuccess: true });
    return report;
  } catch (error) {
    // What stopped the night may stop this as well, and is what must be told.
    await writeMetrics(file, hub.network, { metrics: {}, isSuccess: false }).catch(() => undefined);
    throw error;
  }
}

function poolMetrics({ accepted, refused, waiting, loaded, seconds }: PoolReport): Metrics {
  return {
    pool_seconds: { help: "how long the hub's night took", samples: [{ value: seconds }] },
    submissions: {
      help: "submissions of the night by what became of them",
      samples: Object.entries({ accepted, refused, waiting }).map(([state, list]) => ({
        labels: { state },
        value: list.length,
      })),
    },
    warehouse_rows: {
      help: "rows of each site and table that was loaded tonight",
      samples: loaded.flatMap(({ site, rows }) =>
        Object.entries(rows).map(([table, value]) => ({ labels: { site, table }, value })),
      ),
    },
  };
}

async function poolNight(hub: Hub, options: PoolOptions): Promise<PoolReport> {
  const started = performance.now();
  return withLock(hub.directory, async () => {
    const chains: Chains = new Map();
    await removeUnfinished(hub.refusedDirectory);
    for (const { site } of hub.sites) {
      await removeUnfinished(join(hub.archiveDirectory, site));
      chains.set(site, await archivedChain(hub.archiveDirectory, site));
    }
    if (options.rebuild) await proveArchive(hub, chains, options.progress);
    const { verified, ...received } = await receive(hub, chains, options.progress);
    try {
      const loaded = await publishAll({
        hub,
        chains,
        options,
        verified,
        refused: received.refused,
      });
      const { progress, today = new Date().toISOString().slice(0, 10) } = options;
      const checks = await rememberHub(hub, chains, { progress, today });
      return { ...received, ...loaded, checks, seconds: (performance.now() - started) / 1000 };
    } finally {
      for (const { aside } of verified) await rm(aside, { recursive: true, force: true });
    }
  });
}

/** Shows readers another publication of a DuckDB warehouse. @throws ProError `WAREHOUSE_PUBLICATION`, `CONFIG_WAREHOUSE`. */
export async function publishOlder(hubDirectory: string, number: number): Promise<void> {
  const hub = await readHub(hubDirectory);
  const { publications } = warehouseOf(hub);
  if (!publications) {
    throw new ProError("CONFIG_WAREHOUSE", "this warehouse keeps no older publications", {
      where: { pointer: "warehouse" },
      hint: "PostgreSQL goes back with its own backups; or rebuild it from the archive: propool pool --rebuild",
    });
  }
  await withLock(hub.directory, () => publications.publish(number));
}

/** The warehouse that hub.yaml names. */
export function warehouseOf({ warehouse, directory, publications }: Hub): Warehouse {
  return openWarehouse(warehouse, { baseDirectory: directory, publications });
}

async function proveArchive(hub: Hub, chains: Chains, progress: Progress): Promise<void> {
  for (const [site, chain] of chains) {
    for (const { directory } of chain) {
      await progress.stage(site, "prove archive", () =>
        verifyArchived(directory, publicKeysOf(hub, site)),
      );
    }
  }
}

interface Night {
  hub: Hub;
  chains: Chains;
  options: PoolOptions;
  verified: readonly Verified[];
  refused: PoolReport["refused"];
}

type Published = Pick<PoolReport, "accepted" | "loaded" | "removed" | "linkage">;

async function publishAll(night: Night): Promise<Published> {
  const { hub, chains, options, verified } = night;
  // A database file keeps the bytes of rows that were deleted: what somebody withdrew must not stay in it.
  const rebuild = options.rebuild || verified.some((one) => hasWithdrawal(one, chains));
  const warehouse = warehouseOf(hub);
  const { submissions: held, linkage } = await warehouse.held();
  const isRelinked = linkage !== null && linkage !== hub.linkage;
  const behind = [...chains].flatMap(([site, chain]) =>
    missingOf(chain, rebuild ? [] : held, site),
  );
  const removed = held.map((one) => one.datamartid).filter((site) => !chains.has(site));
  const published: Published = { accepted: [], loaded: [], removed, linkage: null };
  const isNothing = verified.length + removed.length + behind.length === 0;
  if (isNothing && !rebuild && !isRelinked) return published;
  await warehouse
    .load(
      async (loader) => {
        if (!rebuild) await refuseOvertaken(loader, held);
        for (const site of removed) await loader.removeSite(site);
        for (const archived of behind)
          published.loaded = await load(loader, { archived, night, loaded: published.loaded });
        for (const one of verified) await accept(loader, one, night, published);
        const isAsBefore = removed.length + published.loaded.length === 0;
        if (isAsBefore && !rebuild && !isRelinked) throw new NothingToPublish();
        const isLinked = !rebuild && !isRelinked && removed.length === 0;
        if (isLinked && !(await bringTokens(night, behind))) return;
        published.linkage = await options.progress.stage(hub.network, "link people", () =>
          linkPeople(loader, { isOn: hub.linkage === "on" }),
        );
      },
      { fresh: rebuild, linkage: hub.linkage },
    )
    .catch((error) => {
      if (!(error instanceof NothingToPublish)) throw error;
    });
  await forgetWithdrawn(hub, chains, warehouse);
  for (const { arrival, archived } of verified)
    if (published.accepted.some((one) => isSame(one, archived)))
      await acknowledge(arrival, archived);
  return published;
}

/** Whether linkage tokens may have come or gone: a full submission takes the place of all that its site had. */
async function bringTokens({ verified }: Night, behind: readonly Archived[]): Promise<boolean> {
  const arrived = verified.map(({ archived, aside }) => ({ ...archived, directory: aside }));
  // What was accepted lies in the archive by now.
  const places = [...behind, ...arrived, ...verified.map(({ archived }) => archived)];
  for (const { kind, directory } of places)
    if (kind === "full" || (await exists(join(directory, tableFile("hash_token"))))) return true;
  return false;
}

function hasWithdrawal({ archived }: Verified, chains: Chains): boolean {
  const before = chains.get(archived.site)?.at(-1)?.withdrawn ?? [];
  return archived.withdrawn.some((person) => !before.includes(person));
}

/**
 * Two machines may pool into one server, and the second waits for the first. What it then finds is not what it judged the submissions by.
 *
 * @throws ProError `WAREHOUSE_BUSY`.
 */
async function refuseOvertaken(loader: Loader, held: readonly HeldSubmission[]): Promise<void> {
  const now = await loader.all<HeldSubmission>(HELD_SUBMISSIONS);
  const books = (list: readonly HeldSubmission[]) =>
    list
      .map((one) => `${one.datamartid} ${one.manifest_sha256}`)
      .toSorted()
      .join();
  if (books(now) === books(held)) return;
  throw new ProError(
    "WAREHOUSE_BUSY",
    "another hub's night published into this warehouse meanwhile",
    {
      hint: "nothing was changed; let one hub at a time pool into a warehouse, and run it again",
    },
  );
}

/** Everything that arrived was refused when it met the rows of the warehouse. */
class NothingToPublish extends Error {}

const isSame = (a: { site: string; sequence: number }, b: { site: string; sequence: number }) =>
  a.site === b.site && a.sequence === b.sequence;

/** Merges a verified submission and only then archives it; one that does not fit is refused, and the others go on. */
async function accept(
  loader: Loader,
  { arrival, manifest, expected, archived, aside }: Verified,
  night: Night,
  published: Published,
): Promise<void> {
  const { chains, hub } = night;
  const { site, sequence, kind } = archived;
  const chain = chains.get(site) ?? [];
  try {
    // The one before it may have been refused since.
    checkAgreement(manifest, expected, chain.at(-1) ?? null);
    const rows = Object.fromEntries(
      TABLE_NAMES.map((table) => [table, manifest.tables[table].rows]),
    ) as RowCounts;
    published.loaded = await load(loader, {
      archived: { ...archived, directory: aside },
      rows,
      night,
      loaded: published.loaded,
    });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    night.refused.push(await refuseArrival(hub, arrival, error, chains));
    return;
  }
  await publish(aside, archived.directory);
  chains.set(site, kind === "full" ? [archived] : [...chain, archived]);
  published.accepted.push({ site, sequence, kind });
}

async function load(
  loader: Loader,
  options: {
    archived: Archived;
    rows?: RowCounts;
    night: Night;
    loaded: Published["loaded"];
  },
): Promise<Published["loaded"]> {
  const { archived, rows, night, loaded } = options;
  const { site, sequence } = archived;
  const { counts } = await night.options.progress.stage(site, "load", async () => {
    const loadedRows = await loader.apply({ ...archived, ...(rows && { rows }) });
    return { counts: loadedRows, rowsOut: Object.values(loadedRows).reduce((a, b) => a + b, 0) };
  });
  return [...loaded.filter((one) => one.site !== site), { site, sequence, rows: counts }];
}

/** The archived submissions that a warehouse has to load to hold the newest one. */
function missingOf(
  chain: readonly Archived[],
  held: readonly HeldSubmission[],
  site: string,
): Archived[] {
  const has = held.find(({ datamartid }) => datamartid === site);
  const at = chain.findIndex(
    ({ sequence, manifestSha256 }) =>
      sequence === has?.sequence && manifestSha256 === has.manifest_sha256,
  );
  return chain.slice(at + 1);
}

/** Where a full submission names people who withdrew, what was kept before it goes: archive, refused ones, what the warehouse kept. */
async function forgetWithdrawn(hub: Hub, chains: Chains, warehouse: Warehouse): Promise<void> {
  const old: string[] = [];
  for (const [full] of chains.values())
    if (full && full.withdrawn.length > 0)
      old.push(...(await keptBefore(full, [dirname(full.directory), hub.refusedDirectory])));
  if (old.length === 0) return;
  // The archive goes last: as long as it is there, a killed hub begins again.
  await warehouse.forgetRemoved();
  for (const directory of old) await rm(directory, { recursive: true, force: true });
}
