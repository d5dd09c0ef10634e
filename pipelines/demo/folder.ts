import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { ProError } from "../core/errors.ts";
import { writeWhole } from "../core/files.ts";

const MARKER = ".propool-demo";
const FIRST_LINE = "made by propool demo; the folders below are emptied when it runs again";

/**
 * Makes a folder ready for a network: an empty one, or one that an earlier demo made, whose folders are removed first.
 *
 * @throws ProError `CONFIG_NOT_EMPTY` when it holds anything else; `CONFIG_DEMO_FOLDER` when it cannot be made or read.
 */
export async function prepareFolder(directory: string, folders: readonly string[]): Promise<void> {
  if ((await entriesOf(directory)).length > 0) {
    for (const folder of await madeBefore(directory)) {
      await rm(join(directory, folder), { recursive: true, force: true });
    }
  }
  // Written first, so that a demo that was stopped half way can be started again.
  await writeWhole(join(directory, MARKER), `${[FIRST_LINE, ...folders].join("\n")}\n`);
}

async function entriesOf(directory: string): Promise<string[]> {
  try {
    await mkdir(directory, { recursive: true });
    return await readdir(directory);
  } catch (cause) {
    throw new ProError("CONFIG_DEMO_FOLDER", "the folder for the demo cannot be made or read", {
      where: { file: directory },
      hint: "name a folder, and check the permissions of the one above it",
      cause,
    });
  }
}

/** The folders that an earlier demo made here, as its marker lists them. */
async function madeBefore(directory: string): Promise<string[]> {
  const text = await readFile(join(directory, MARKER), "utf8").catch(() => "");
  const [first, ...folders] = text.trimEnd().split("\n");
  if (first !== FIRST_LINE) {
    throw new ProError("CONFIG_NOT_EMPTY", "the folder is not empty", {
      where: { file: directory },
      hint: "name an empty or new folder; only what an earlier demo made is replaced",
    });
  }
  return folders.filter((name) => /^[a-z-]+$/.test(name));
}
