import { spawnSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Mounts a file system of so many megabytes in memory on a folder; false where that needs more rights or another system. */
export function mountTinyDisk(folder: string, megabytes: number): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    console.warn("left out: a full disk is tried on a small tmpfs, which needs Linux and root");
    return false;
  }
  const argv = ["-t", "tmpfs", "-o", `size=${megabytes}m`, "propool-test", folder];
  return spawnSync("mount", argv).status === 0;
}

export function unmountTinyDisk(folder: string): void {
  spawnSync("umount", [folder]);
}

/** Fills the disk but for so many kilobytes. */
export async function leaveRoom(disk: string, kilobytes: number): Promise<void> {
  await makeRoom(disk);
  const { stdout } = spawnSync("df", ["-k", "--output=avail", disk], { encoding: "utf8" });
  const free = Number(stdout.trim().split("\n").at(-1));
  await writeFile(join(disk, "ballast"), Buffer.alloc(Math.max(0, free - kilobytes) * 1024));
}

export function makeRoom(disk: string): Promise<void> {
  return rm(join(disk, "ballast"), { force: true });
}
