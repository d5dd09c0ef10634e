import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type AgeKey, ageKeyOf, createAgeKey } from "../core/age.ts";
import { ProError } from "../core/errors.ts";
import { exists, privateDirectory, writeWhole } from "../core/files.ts";

const HUB_KEY = "hub.key";

/** The hub's age key in `keys/` (0700, file 0600): a new one where there is none. */
export async function createHubKey(keysDirectory: string): Promise<AgeKey> {
  await privateDirectory(keysDirectory);
  const file = join(keysDirectory, HUB_KEY);
  if (!(await exists(file))) await writeWhole(file, `${(await createAgeKey()).identity}\n`, 0o600);
  return readHubKey(keysDirectory);
}

/** @throws ProError `CONFIG_KEY` when it is missing, no age key, or readable by others. */
export async function readHubKey(keysDirectory: string): Promise<AgeKey> {
  const file = join(keysDirectory, HUB_KEY);
  const status = await stat(file).catch((cause) => {
    throw new ProError("CONFIG_KEY", "the hub's key is missing: it opens what the sites send", {
      where: { file },
      hint: "restore it from its backup; propool init hub writes one for a new hub",
      cause,
    });
  });
  if (process.platform !== "win32" && (status.mode & 0o077) !== 0) {
    throw new ProError("CONFIG_KEY", "others can read this key", {
      where: { file },
      hint: `chmod 600 ${file}`,
    });
  }
  const identity = (await readFile(file, "utf8")).trim();
  return ageKeyOf(identity).catch((cause) => {
    throw new ProError("CONFIG_KEY", "the hub's key is no age key (AGE-SECRET-KEY-1…)", {
      where: { file },
      hint: "restore it from its backup; with a new key the sites need the new hub_key",
      cause,
    });
  });
}
