import { createHash, randomBytes } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { copyFile, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";

/** Creates a directory that only its owner can enter. */
export async function privateDirectory(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  return path;
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A name beside `path` for a file that is not whole yet; `removeUnfinished` recognises it. */
export function unfinished(path: string): string {
  return `${path}.unfinished-${randomBytes(4).toString("hex")}`;
}

/** DuckDB puts its log and what it spills beside a file. */
export const UNFINISHED = /\.unfinished-[0-9a-f]{8}(\.wal|\.tmp)?$/;

/** Makes a file's bytes and its directory entry survive a power cut. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } catch (error) {
    // Windows refuses to sync a directory handle; the rename is durable there without it.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  } finally {
    await handle.close();
  }
}

/** Publishes a finished file or directory under its name in one step: readers see the old one or the new one. */
export async function publish(from: string, to: string): Promise<void> {
  await sync(from);
  await rename(from, to);
  await sync(dirname(to));
}

/** Writes a whole file or nothing. */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  const temporary = unfinished(path);
  try {
    const handle = await open(temporary, "w", mode);
    try {
      await handle.writeFile(content);
    } finally {
      await handle.close();
    }
    await publish(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Copies a file, sharing blocks where the file system can. */
export async function cloneFile(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}

/** SHA-256 of a file's bytes in hex, read as a stream. */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
