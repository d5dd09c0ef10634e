import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Site } from "../configuration/site.ts";
import { ProError } from "../core/errors.ts";
import { exists, writeWhole } from "../core/files.ts";
import type { StoreFacts } from "./store-facts.ts";

/**
 * Who was withdrawn by command, kept beside the keys as well as in the store: a store that is lost or damaged must not bring them
 * back, and whoever saves the keys saves this. Tokens only; it never leaves the site.
 */
const barredSchema = z.strictObject({
  token_key_fingerprint: z.string(),
  privacy: z.string(),
  barred: z.array(z.string().regex(/^[0-9a-f]{32}$/)),
});

const fileOf = (site: Site) => join(site.keysDirectory, "withdrawn.json");

/** Writes down whom the store's facts bar; nothing where they bar nobody. */
export async function keepBarred(site: Site, facts: StoreFacts): Promise<void> {
  const { token_key_fingerprint, privacy, barred = [] } = facts;
  if (barred.length === 0) return;
  const content = { token_key_fingerprint, privacy, barred } satisfies z.infer<typeof barredSchema>;
  await writeWhole(fileOf(site), `${JSON.stringify(content, null, 2)}\n`, 0o600);
}

/**
 * What the store remembers, with those whom only the file knows to be barred. Without a store that can be read these are all that is
 * left to remember: the next submission is a full one and names them to the hub.
 *
 * @throws ProError `CONFIG_WITHDRAWN`.
 */
export async function withBarred(site: Site, facts: StoreFacts | null): Promise<StoreFacts | null> {
  const kept = await readBarred(site);
  if (!facts) return kept && { ...kept, sequence: 0, withdrawn: kept.barred };
  if (kept?.token_key_fingerprint !== facts.token_key_fingerprint) {
    // A rotation that was interrupted, or a store of before there was this file.
    await keepBarred(site, facts);
    return facts;
  }
  const union = (known: readonly string[] = []) => [...new Set([...known, ...kept.barred])].sort();
  return { ...facts, barred: union(facts.barred), withdrawn: union(facts.withdrawn) };
}

async function readBarred(site: Site): Promise<z.infer<typeof barredSchema> | null> {
  const file = fileOf(site);
  if (!(await exists(file))) return null;
  try {
    return barredSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    throw new ProError("CONFIG_WITHDRAWN", "the list of those who were withdrawn cannot be read", {
      where: { file },
      hint: "restore it from the backup of the keys: without it they could be loaded again",
      cause,
    });
  }
}
