import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { UNFINISHED } from "./files.ts";

/** Removes what a killed process left half-written in a folder. The caller holds the folder's lock. */
export async function removeUnfinished(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((entry) => UNFINISHED.test(entry))) {
    await rm(join(directory, name), { recursive: true, force: true });
  }
}
