import { randomBytes } from "node:crypto";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { ProError } from "./errors.ts";

/** A lock is written just after it is made; one that is still empty after this time was never finished. */
const EMPTY_MS = 500;

/**
 * Runs `work` while this process alone holds the folder; a lock left by a dead process is taken over.
 *
 * @throws ProError `CONFIG_LOCKED` when another run holds it.
 */
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
  if (await createLock(path)) return;
  const owner = await readOwner(path);
  if (await isAlive(owner)) {
    throw new ProError(
      "CONFIG_LOCKED",
      `another run (process ${owner.pid}) is working on this folder`,
      {
        where: { file: path },
        hint: "wait for it to end, or stop it; a lock left by a dead process is removed by itself",
      },
    );
  }
  if ((await removeLockOf(path, owner)) && (await createLock(path))) return;
  throw new ProError("CONFIG_LOCKED", "another run took the folder at the same moment", {
    where: { file: path },
    hint: "start this one again when the other has ended",
  });
}

async function createLock(path: string): Promise<boolean> {
  const handle = await open(path, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EEXIST") return null;
    throw error;
  });
  if (handle === null) return false;
  try {
    await handle.writeFile(`${process.pid} ${await startOf(process.pid)}\n`);
    return true;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** Who holds a lock. The start tells a process from a later one with the same number: in a container all runs have one number. */
interface Owner {
  text: string;
  pid: number;
  start: string;
}

async function readOwner(path: string): Promise<Owner> {
  const read = () => readFile(path, "utf8").catch(() => "");
  let text = await read();
  for (let waited = 0; text === "" && waited < EMPTY_MS; waited += 50) {
    await setTimeout(50);
    text = await read();
  }
  const [pid = "", start = ""] = text.trim().split(" ");
  return { text, pid: Number.parseInt(pid, 10), start };
}

/** Removes the lock if it is still this dead owner's; the one of a run that was quicker is put back. */
async function removeLockOf(path: string, owner: Owner): Promise<boolean> {
  const aside = `${path}.${randomBytes(4).toString("hex")}`;
  await rename(path, aside).catch(() => {});
  const text = await readFile(aside, "utf8").catch(() => owner.text);
  if (text !== owner.text) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
  return text === owner.text;
}

async function isAlive({ pid, start }: Owner): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return start === "" || start === (await startOf(pid));
}

/** When a process started, in the kernel's own count (Linux, proc(5): field 22 of stat); elsewhere empty. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
