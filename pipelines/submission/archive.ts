import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ProError } from "../core/errors.ts";
import {
  cloneFile,
  exists,
  fileSha256,
  publish,
  sync,
  unfinished,
  writeWhole,
} from "../core/files.ts";
import {
  bytesSha256,
  MANIFEST_FILE,
  type Manifest,
  manifestSchema,
  parseSubmissionName,
  submissionName,
} from "./manifest.ts";
import type { Refusal } from "./refusal.ts";

/** An accepted submission: `archive/<SITE>/<sequence>`, never changed again. */
export interface Archived {
  site: string;
  sequence: number;
  directory: string;
  kind: Manifest["kind"];
  /** Day on which the site sealed it. */
  created: string;
  manifestSha256: string;
  tokenKeyFingerprint: string;
  withdrawn: string[];
  /** Rows of all tables that the site has after it. */
  heldRows: number;
  /** Rows that it adds, changes or removes. */
  movedRows: number;
}

export function archivePath(archiveDirectory: string, site: string, sequence: number): string {
  return join(archiveDirectory, site, String(sequence).padStart(6, "0"));
}

/** The accepted submissions of a site from its newest full one on, in order: what a warehouse is made of. Empty: none yet. */
export async function archivedChain(archiveDirectory: string, site: string): Promise<Archived[]> {
  const names = await readdir(join(archiveDirectory, site)).catch(() => []);
  const sequences = names.filter((name) => /^\d{6}$/.test(name)).map(Number);
  const chain: Archived[] = [];
  for (const sequence of sequences.toSorted((x, y) => y - x)) {
    const one = await readArchived(archiveDirectory, site, sequence);
    chain.unshift(one);
    if (one.kind === "full") break;
  }
  return chain;
}

async function readArchived(
  archiveDirectory: string,
  site: string,
  sequence: number,
): Promise<Archived> {
  const directory = archivePath(archiveDirectory, site, sequence);
  const file = join(directory, MANIFEST_FILE);
  const bytes = await readFile(file).catch((cause) => {
    throw unreadable(file, cause);
  });
  return archivedAs(parseArchived(bytes, file), { directory, manifestSha256: bytesSha256(bytes) });
}

/** What a manifest says of a submission whose place in the archive is, or will be, `directory`. */
export function archivedAs(
  manifest: Manifest,
  { directory, manifestSha256 }: Pick<Archived, "directory" | "manifestSha256">,
): Archived {
  const { site, sequence, kind, created, token_key_fingerprint, withdrawn } = manifest;
  const tables = Object.values(manifest.tables);
  return {
    site,
    sequence,
    directory,
    kind,
    created,
    manifestSha256,
    tokenKeyFingerprint: token_key_fingerprint,
    withdrawn,
    heldRows: tables.reduce((sum, { rows }) => sum + rows, 0),
    movedRows: tables.reduce((sum, one) => sum + one.added + one.changed + one.removed, 0),
  };
}

function parseArchived(bytes: Buffer, file: string): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): ProError {
  return new ProError("WAREHOUSE_ARCHIVE", "an archived submission cannot be read", {
    where: { file },
    hint: "restore the folder from a backup; or move the site's archive away and ask it for a full submission",
    cause,
  });
}

/** Folders of submissions that a full one took the place of, and of older ones that were refused: where people withdrew, nothing may stay. */
export async function keptBefore(
  { site, sequence }: Archived,
  [archive, refused]: readonly [string, string],
): Promise<string[]> {
  const sequences = (await readdir(archive).catch(() => [])).filter((name) => /^\d{6}$/.test(name));
  const older = [
    ...sequences.filter((name) => Number(name) < sequence).map((name) => join(archive, name)),
    ...(await readdir(refused).catch(() => []))
      .filter((name) => {
        const one = parseSubmissionName(name.slice(0, submissionName(site, sequence).length));
        return one?.site === site && one.sequence < sequence;
      })
      .map((name) => join(refused, name)),
  ];
  return older;
}

/** An empty folder beside a submission's place in the archive, under an unfinished name. */
export async function archiveAside(target: string): Promise<string> {
  await mkdir(dirname(target), { recursive: true });
  const aside = unfinished(target);
  await mkdir(aside);
  return aside;
}

/** Copies a submission's files beside `target`. */
async function copyAside(from: string, target: string): Promise<string> {
  const copy = await archiveAside(target);
  for (const name of await fileNames(from)) {
    await cloneFile(join(from, name), join(copy, name));
    await sync(join(copy, name));
  }
  return copy;
}

/** Regular files only: a link or a pipe is not followed. */
async function fileNames(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}

/**
 * Moves a refused submission out of the inbox into `refused/<site>-<sequence>/`, with refusal.json. The same files arriving
 * again (or a night that was killed here) make no second folder.
 */
export async function setAside(
  from: string,
  refusal: Refusal,
  refusedDirectory: string,
): Promise<string> {
  const content = await contentSha256(from);
  const target = await freePlace(refusedDirectory, refusal.submission, content);
  if (!(await exists(target))) {
    const copy = await copyAside(from, target);
    await writeWhole(join(copy, REFUSAL_FILE), `${JSON.stringify(refusal, null, 2)}\n`);
    await publish(copy, target);
  }
  await rm(from, { recursive: true, force: true });
  return target;
}

const REFUSAL_FILE = "refusal.json";

async function freePlace(directory: string, name: string, content: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const place = join(directory, attempt === 1 ? name : `${name}-${attempt}`);
    if (!(await exists(place)) || (await contentSha256(place)) === content) return place;
  }
}

/** One hash over the names and bytes of a submission's files. */
async function contentSha256(directory: string): Promise<string> {
  const names = (await fileNames(directory)).filter((name) => name !== REFUSAL_FILE);
  const lines = await Promise.all(
    names.map(async (name) => `${name} ${await fileSha256(join(directory, name))}`),
  );
  return bytesSha256(Buffer.from(lines.join("\n")));
}
