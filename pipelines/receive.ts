import { readdir, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Hub } from "./configuration/hub.ts";
import { ProError } from "./core/errors.ts";
import { exists } from "./core/files.ts";
import type { Progress } from "./core/progress.ts";
import {
  type Archived,
  archiveAside,
  archivedAs,
  archivePath,
  setAside,
} from "./submission/archive.ts";
import { readHubKey } from "./submission/hub-key.ts";
import { type Arrival, readInboxes } from "./submission/inbox.ts";
import { bytesSha256, type Manifest } from "./submission/manifest.ts";
import {
  type Expectation,
  openSubmission,
  readManifest,
  verifyArchived,
} from "./submission/open.ts";
import { writeReceipt } from "./submission/receipt.ts";
import { type Refusal, refusalOf, refuse } from "./submission/refusal.ts";

/** What the hub accepted of each site that hub.yaml lists, oldest first, from the newest full submission on. */
export type Chains = Map<string, Archived[]>;

/** A submission that proves good by itself, readable in `aside`, and not archived yet. */
export interface Verified {
  arrival: Arrival;
  manifest: Manifest;
  expected: Expectation;
  /** As it will be in the archive. */
  archived: Archived;
  aside: string;
}

export interface Received {
  verified: Verified[];
  refused: (Refusal & { directory: string })[];
  /** Submissions that were accepted before, and are taken out of the inbox now. */
  known: number;
  waiting: string[];
}

/**
 * Looks into the inboxes and verifies what arrived, in the order in which each site counted it. What is refused is set aside with a
 * report, and a receipt tells the site.
 *
 * @throws ProError `CONFIG_KEY` when the hub's own key is not there.
 */
export async function receive(hub: Hub, chains: Chains, progress: Progress): Promise<Received> {
  const inboxes = hub.sites.map(({ inbox }) => resolve(hub.directory, inbox));
  const { arrivals, waiting } = await readInboxes(inboxes);
  const received: Received = { verified: [], refused: [], known: 0, waiting };
  if (arrivals.length === 0) return received;
  const { identity } = await readHubKey(hub.keysDirectory);
  // What is verified tonight counts as held for what comes after it.
  const held = new Map([...chains].map(([site, chain]) => [site, chain.at(-1) ?? null]));
  for (const arrival of arrivals) {
    try {
      const expected = expectation(hub, arrival, {
        identity,
        held: held.get(arrival.site) ?? null,
      });
      if (await wasAccepted(hub, arrival, expected)) received.known++;
      else {
        const verified = await progress.stage(arrival.site, "verify", () =>
          verifyArrival(hub, arrival, expected),
        );
        received.verified.push(verified);
        held.set(arrival.site, verified.archived);
      }
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (error.code === "SUBMISSION_INCOMPLETE" && (await isArriving(arrival.directory)))
        received.waiting.push(arrival.directory);
      else received.refused.push(await refuseArrival(hub, arrival, error, chains));
    }
  }
  return received;
}

export function isRefusal(error: unknown): error is ProError {
  return error instanceof ProError && error.code.startsWith("SUBMISSION_");
}

/** Sets a submission aside with refusal.json, and tells the site. */
export async function refuseArrival(
  hub: Hub,
  arrival: Arrival,
  error: ProError,
  chains: Chains,
): Promise<Refusal & { directory: string }> {
  const refusal = refusalOf(error, arrival.name);
  const directory = await setAside(arrival.directory, refusal, hub.refusedDirectory);
  const held = chains.get(arrival.site)?.at(-1)?.sequence ?? 0;
  await tell(arrival, { status: "refused", manifest_sha256: null, held, refusal: { ...refusal } });
  return { ...refusal, directory };
}

/** The archive has it and readers see it: the inbox needs not keep it, and the site hears of it. */
export async function acknowledge(arrival: Arrival, archived: Archived): Promise<void> {
  await tell(arrival, {
    status: "accepted",
    manifest_sha256: archived.manifestSha256,
    held: archived.sequence,
    refusal: null,
  });
  // An inbox that the hub may only read keeps what it has; it is known the next time.
  await rm(arrival.directory, { recursive: true, force: true }).catch(() => undefined);
}

/** A receipt beside the submission; where the inbox cannot be written, the site hears nothing and all else works. */
async function tell(
  { name, site, sequence, directory }: Arrival,
  word: Pick<Parameters<typeof writeReceipt>[1], "status" | "manifest_sha256" | "held" | "refusal">,
): Promise<void> {
  const receipt = { submission: name, site, sequence, ...word };
  await writeReceipt(dirname(directory), receipt).catch(() => undefined);
}

function expectation(
  hub: Hub,
  { site, name }: Arrival,
  { identity, held }: Pick<Expectation, "identity" | "held">,
): Expectation {
  const listed = hub.sites.find((one) => one.site === site);
  if (!listed) {
    throw refuse(
      "SUBMISSION_UNKNOWN_SITE",
      `hub.yaml does not list the site ${site}`,
      { file: name },
      "add the site with its public key under sites in hub.yaml; its next night sends a full submission",
    );
  }
  return {
    site,
    submission: name,
    publicKey: listed.public_key,
    privacy: listed.privacy,
    tokenKeyFingerprint: listed.token_key_fingerprint ?? null,
    identity,
    held,
  };
}

/** Whether this very submission was accepted before: then the site has not heard of it, and is told again. */
async function wasAccepted(hub: Hub, arrival: Arrival, expected: Expectation): Promise<boolean> {
  const directory = archivePath(hub.archiveDirectory, arrival.site, arrival.sequence);
  if (!(await exists(directory))) return false;
  const { bytes } = await readManifest(arrival.directory, expected);
  const archived = await verifyArchived(directory, publicKeysOf(hub, arrival.site));
  if (archived.manifestSha256 !== bytesSha256(bytes)) return false;
  await acknowledge(arrival, archivedAs(archived.manifest, { directory, ...archived }));
  return true;
}

async function verifyArrival(hub: Hub, arrival: Arrival, expected: Expectation): Promise<Verified> {
  const directory = archivePath(hub.archiveDirectory, arrival.site, arrival.sequence);
  const aside = await archiveAside(directory);
  try {
    const { manifest, manifestSha256 } = await openSubmission(arrival.directory, aside, expected);
    const archived = archivedAs(manifest, { directory, manifestSha256 });
    return { arrival, manifest, expected, archived, aside };
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw error;
  }
}

/** The keys with which a site signs now, and with which it signed what is in the archive. */
export function publicKeysOf(hub: Hub, site: string): string[] {
  const listed = hub.sites.find((one) => one.site === site);
  return listed ? [listed.public_key, ...listed.former_public_keys] : [];
}

/** How long a submission may arrive in pieces before it counts as cut, in milliseconds since anything of it changed. */
const ARRIVING_MS = 3_600_000;

/** By the file system's own time of change, which a copying tool cannot carry over. */
async function isArriving(directory: string): Promise<boolean> {
  const names = await readdir(directory);
  const paths = [directory, ...names.map((name) => join(directory, name))];
  const times = await Promise.all(paths.map((path) => stat(path)));
  return Date.now() - Math.max(...times.map(({ ctimeMs }) => ctimeMs)) < ARRIVING_MS;
}
