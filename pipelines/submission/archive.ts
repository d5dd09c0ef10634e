import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  cloneFile,
  exists,
  fileSha256,
  publish,
  sync,
  unfinished,
  writeWhole,
} from "../core/files.ts";
import { removeUnfinished } from "../core/remove-unfinished.ts";
import { bytesSha256, MANIFEST_FILE } from "./manifest.ts";
import type { Refusal } from "./refusal.ts";

/** An accepted submission: `archive/<SITE>/<sequence>`, never changed again. */
export interface Archived {
  site: string;
  sequence: number;
  directory: string;
  manifestSha256: string;
}

export function archivePath(archiveDirectory: string, site: string, sequence: number): string {
  return join(archiveDirectory, site, String(sequence).padStart(6, "0"));
}

/** The newest accepted submission of a site; null when it never sent one. */
export async function newestArchived(
  archiveDirectory: string,
  site: string,
): Promise<Archived | null> {
  const names = await readdir(join(archiveDirectory, site)).catch(() => []);
  const sequences = names.filter((name) => /^\d{6}$/.test(name)).map(Number);
  if (sequences.length === 0) return null;
  const sequence = Math.max(...sequences);
  const directory = archivePath(archiveDirectory, site, sequence);
  const manifestSha256 = await manifestSha256Of(directory);
  return { site, sequence, directory, manifestSha256 };
}

export async function manifestSha256Of(directory: string): Promise<string> {
  return bytesSha256(await readFile(join(directory, MANIFEST_FILE)));
}

/** Copies a submission's files beside `target`, so that what is verified is what is kept, whatever happens to the inbox. */
export async function copyAside(from: string, target: string): Promise<string> {
  await mkdir(dirname(target), { recursive: true });
  await removeUnfinished(dirname(target));
  const copy = unfinished(target);
  await mkdir(copy);
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
