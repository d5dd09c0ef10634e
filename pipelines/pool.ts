import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import type { RowCounts, Warehouse } from "../warehouse/dialects/index.ts";
import { openWarehouse } from "../warehouse/open.ts";
import { type Hub, readHub } from "./configuration/hub.ts";
import { ProError } from "./core/errors.ts";
import { exists, publish } from "./core/files.ts";
import { withLock } from "./core/lock.ts";
import type { Progress } from "./core/progress.ts";
import {
  type Archived,
  archivePath,
  copyAside,
  manifestSha256Of,
  newestArchived,
  setAside,
} from "./submission/archive.ts";
import { type Arrival, readInboxes } from "./submission/inbox.ts";
import { checkFiles, type Expectation, openSubmission } from "./submission/open.ts";
import { type Refusal, refusalOf } from "./submission/refusal.ts";

export interface PoolReport {
  /** Submissions verified and archived now. */
  accepted: { site: string; sequence: number }[];
  /** Set aside now, each with the folder in which refusal.json lies. */
  refused: (Refusal & { directory: string })[];
  /** Submissions in the inboxes that were accepted before. */
  known: number;
  /** Entries of the inboxes that are no submission, or not whole yet. */
  waiting: string[];
  /** Sites whose rows were loaded now. */
  loaded: { site: string; sequence: number; rows: RowCounts }[];
  /** Sites whose rows were taken out because hub.yaml does not list them any more. */
  removed: string[];
  seconds: number;
}

/**
 * The hub's night: verifies what arrived, archives what is accepted, sets aside what is not, and publishes a warehouse that
 * holds the newest accepted submission of every listed site. The archive is the source of truth, so a night that was killed
 * is finished by the next one.
 *
 * @throws ProError `CONFIG_*` or `WAREHOUSE_*`; refused submissions are in the report.
 */
export async function pool(
  hubDirectory: string,
  options: { progress: Progress; rebuild?: boolean },
): Promise<PoolReport> {
  const started = performance.now();
  const hub = await readHub(hubDirectory);
  const { progress, rebuild = false } = options;
  return withLock(hub.directory, async () => {
    const received = await progress.stage(hub.network, "receive", () => receive(hub));
    const published = await publishNewest(hub, { progress, rebuild });
    return { ...received, ...published, seconds: (performance.now() - started) / 1000 };
  });
}

type Received = Pick<PoolReport, "accepted" | "refused" | "known" | "waiting">;

async function receive(hub: Hub): Promise<Received> {
  const inboxes = hub.sites.map(({ inbox }) => resolve(hub.directory, inbox));
  const { arrivals, waiting } = await readInboxes(inboxes);
  const received: Received = { accepted: [], refused: [], known: 0, waiting };
  for (const arrival of arrivals) {
    const { site, sequence, name } = arrival;
    try {
      if (await isKnown(hub, arrival)) received.known++;
      else {
        await accept(hub, arrival);
        received.accepted.push({ site, sequence });
      }
    } catch (error) {
      if (!(error instanceof ProError) || !error.code.startsWith("SUBMISSION_")) throw error;
      const refusal = refusalOf(error, name);
      const directory = await setAside(arrival.directory, refusal, hub.refusedDirectory);
      received.refused.push({ ...refusal, directory });
    }
  }
  return received;
}

/** Whether this very submission was accepted before; inboxes may keep what they held. */
async function isKnown(hub: Hub, { site, sequence, directory }: Arrival): Promise<boolean> {
  await checkFiles(directory);
  const archived = archivePath(hub.archiveDirectory, site, sequence);
  if (!(await exists(archived))) return false;
  return (await manifestSha256Of(directory)) === (await manifestSha256Of(archived));
}

/** Archives a submission that proves good. The copy is what is verified, whatever happens to the inbox meanwhile. */
async function accept(hub: Hub, arrival: Arrival): Promise<void> {
  const expected = expectation(hub, arrival);
  const newest = await newestArchived(hub.archiveDirectory, arrival.site);
  // Every submission is a full one as yet, so that a gap in the sequence loses nothing.
  if (newest && arrival.sequence <= newest.sequence) throw replay(arrival, newest);
  const target = archivePath(hub.archiveDirectory, arrival.site, arrival.sequence);
  const copy = await copyAside(arrival.directory, target);
  try {
    await openSubmission(copy, expected);
    await publish(copy, target);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

function expectation(hub: Hub, arrival: Arrival): Expectation {
  const listed = hub.sites.find(({ site }) => site === arrival.site);
  if (!listed) throw unknownSite(arrival);
  const { site, public_key, privacy } = listed;
  return { site, submission: arrival.name, publicKey: public_key, privacy };
}

function unknownSite({ site, name }: Arrival): ProError {
  return new ProError("SUBMISSION_UNKNOWN_SITE", `hub.yaml does not list the site ${site}`, {
    where: { file: name },
    hint: "add the site with its public key under sites in hub.yaml, then move the folder back to the inbox",
  });
}

function replay({ name }: Arrival, newest: Archived): ProError {
  return new ProError(
    "SUBMISSION_REPLAY",
    `submission ${newest.sequence} of ${newest.site} was accepted before, and this one is not newer`,
    {
      where: { file: name, pointer: "sequence" },
      hint: "a site counts its submissions upwards; when its outbox was restored from a backup, run propool run --full",
    },
  );
}

type Published = Pick<PoolReport, "loaded" | "removed">;

async function publishNewest(
  hub: Hub,
  options: { progress: Progress; rebuild: boolean },
): Promise<Published> {
  const warehouse = openWarehouse(hub.warehouse, { baseDirectory: hub.directory });
  const newest = await newestOfAll(hub);
  const present = options.rebuild ? [] : await presentIn(warehouse);
  const isPresent = (archived: Archived) =>
    present.some(({ datamartid, manifest_sha256 }) => {
      return datamartid === archived.site && manifest_sha256 === archived.manifestSha256;
    });
  const wanted = newest.filter((archived) => !isPresent(archived));
  const removed = present
    .map(({ datamartid }) => datamartid)
    .filter((site) => !newest.some((archived) => archived.site === site));
  if (wanted.length === 0 && removed.length === 0) return { loaded: [], removed };
  return warehouse.load(
    async (loader) => {
      const loaded: Published["loaded"] = [];
      for (const site of removed) await loader.removeSite(site);
      for (const archived of wanted) {
        const rows = await options.progress.stage(archived.site, "load", () =>
          loader.replaceSite(archived),
        );
        loaded.push({ site: archived.site, sequence: archived.sequence, rows });
      }
      return { loaded, removed };
    },
    { fresh: options.rebuild },
  );
}

async function newestOfAll(hub: Hub): Promise<Archived[]> {
  const all = await Promise.all(
    hub.sites.map(({ site }) => newestArchived(hub.archiveDirectory, site)),
  );
  return all.filter((archived) => archived !== null);
}

async function presentIn(
  warehouse: Warehouse,
): Promise<{ datamartid: string; manifest_sha256: string }[]> {
  if (!(await warehouse.isPublished())) return [];
  const reader = await warehouse.read();
  try {
    return await reader.all("SELECT datamartid, manifest_sha256 FROM submission");
  } finally {
    await reader.close();
  }
}
