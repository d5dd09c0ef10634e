import { createHash, randomBytes } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { copyFile, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ProError } from "./errors.ts";

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

export const UNFINISHED = /\.unfinished-[0-9a-f]{8}(\.wal)?$/;

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

/** Runs `work` while this process alone holds the folder; a lock left by a dead process is taken over. */
export async function withLock<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const path = join(directory, ".propool.lock");
  await takeLock(path);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function takeLock(path: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = await open(path, "wx", 0o600);
      await handle.writeFile(`${process.pid}\n`);
      await handle.close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = Number.parseInt(await readFile(path, "utf8").catch(() => ""), 10);
    if (isAlive(owner)) {
      throw new ProError(
        "CONFIG_LOCKED",
        `another run (process ${owner}) is working on this folder`,
        {
          where: { file: path },
          hint: "wait for it to end, or stop it; a lock left by a dead process is removed by itself",
        },
      );
    }
    await rm(path, { force: true });
  }
  throw new ProError("CONFIG_LOCKED", "another run took the folder at the same moment", {
    where: { file: path },
    hint: "start this one again when the other has ended",
  });
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
