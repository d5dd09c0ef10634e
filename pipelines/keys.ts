import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { DuckDb } from "../warehouse/duckdb.ts";
import { createSchema } from "../warehouse/migrate.ts";
import { linkageScope, readSite, type Site } from "./configuration/site.ts";
import { decryptBytes, encryptBytes } from "./core/age.ts";
import { AGE_RECIPIENT } from "./core/age-recipient.ts";
import { ProError } from "./core/errors.ts";
import { cloneFile, exists, publish, unfinished, writeWhole } from "./core/files.ts";
import { withLock } from "./core/lock.ts";
import { changeTokens } from "./disclosure/ledger.ts";
import { dropKept } from "./plan/kept.ts";
import {
  createSiteKeys,
  keyVariable,
  LINKAGE_KEY,
  newKey,
  readSiteKeys,
  type SiteKeys,
  TOKEN_KEY,
  writeKeys,
} from "./privacy/keys.ts";
import { linkageKey } from "./privacy/linkage.ts";
import { type PrivacyProfile, readPrivacyProfile } from "./privacy/profile.ts";
import { nextTokens, retokenise } from "./privacy/rotate.ts";
import { keepBarred } from "./submission/barred.ts";
import { checkStoreFacts, readOldStore, writeStoreFacts } from "./submission/store-facts.ts";

/** What can be shown of a site's keys: names, never the keys. */
export interface KeyFacts {
  site: string;
  token_key: { fingerprint: string; generations: number; earlier: string[] };
  /** Ed25519; the hub checks the site's signatures with it. */
  public_key: string;
  /** Age; others encrypt to the site with it. */
  recipient: string;
  /** The name in HASH_TOKEN.TOKEN_ENCRYPTION_KEY; null: the site makes no linkage tokens. */
  linkage_key: string | null;
}

/** @throws ProError `CONFIG_KEY`, `CONFIG_SITE`. */
export async function showKeys(siteDirectory: string): Promise<KeyFacts> {
  const site = await readSite(siteDirectory);
  return factsOf(site, await keysOf(site));
}

function keysOf(site: Site): Promise<SiteKeys> {
  return readSiteKeys(site.keysDirectory, { site: site.site, env: process.env });
}

function factsOf(site: Site, keys: SiteKeys): KeyFacts {
  return {
    site: site.site,
    token_key: {
      fingerprint: keys.tokenKeyFingerprint,
      generations: keys.tokenKeys.length,
      earlier: keys.earlierFingerprints,
    },
    public_key: keys.publicKey,
    recipient: keys.ageKey?.recipient ?? "",
    linkage_key: keys.linkageMaster
      ? linkageKey(keys.linkageMaster, linkageScope(site)).name
      : null,
  };
}

/**
 * Writes the keys that a site lacks; with `linkage` also the linkage key of its project, which one site makes and shares.
 *
 * @throws ProError `CONFIG_EXISTS` when there is a linkage key and `replace` is not given.
 */
export async function newKeys(
  siteDirectory: string,
  { linkage = false, replace = false } = {},
): Promise<KeyFacts> {
  const site = await readSite(siteDirectory);
  return withLock(site.directory, async () => {
    await createSiteKeys(site.keysDirectory);
    const file = join(site.keysDirectory, LINKAGE_KEY);
    if (linkage) await refuseReplacing(file, replace);
    if (linkage) await writeKeys(file, [newKey()]);
    return factsOf(site, await keysOf(site));
  });
}

async function refuseReplacing(file: string, replace: boolean): Promise<void> {
  if (replace || !(await exists(file))) return;
  throw new ProError("CONFIG_EXISTS", "there is a linkage key already", {
    where: { file },
    hint: "another key makes tokens that link with nobody's; --replace puts a new one in its place",
  });
}

export interface Rotated extends KeyFacts {
  /** Fingerprints of the key before and after. */
  from: string;
  to: string;
}

/**
 * Makes a new token key and turns the store's tokens and dates into those of the new key. The keys before it stay in the file,
 * because a token is made through all of them; without the newest nobody makes tokens of this site any more. Killed between the
 * two steps, the next night finishes it.
 *
 * @throws ProError `CONFIG_KEY`, `CONFIG_KEY_CHANGED`, `WAREHOUSE_*`.
 */
export async function rotateKeys(siteDirectory: string, today: string): Promise<Rotated> {
  const site = await readSite(siteDirectory);
  const profile = await readPrivacyProfile(site.privacy);
  return withLock(site.directory, async () => {
    refuseForeignKey(site);
    const before = await keysOf(site);
    await finishRotation(site, { keys: before, profile, today });
    // A store of a key that is not in the file cannot be turned: its people would have no successor.
    checkStoreFacts(
      await readOldStore(site.storeFile, { isReplaced: false }),
      { token_key_fingerprint: before.tokenKeyFingerprint, privacy: site.privacy },
      { file: site.storeFile },
    );
    await writeKeys(join(site.keysDirectory, TOKEN_KEY), [...before.tokenKeys, newKey()]);
    const keys = await readSiteKeys(site.keysDirectory);
    await finishRotation(site, { keys, profile, today });
    return {
      ...factsOf(site, keys),
      from: before.tokenKeyFingerprint,
      to: keys.tokenKeyFingerprint,
    };
  });
}

/** A key that the site's own secret store keeps can only be rotated there. */
function refuseForeignKey({ site }: Site): void {
  const variable = keyVariable(TOKEN_KEY, site);
  if (!(variable in process.env) && !(`${variable}_FD` in process.env)) return;
  throw new ProError("CONFIG_KEY", "the token key does not come from keys/token.key", {
    where: { pointer: variable },
    hint: "add 64 new hexadecimal digits as a last line where the key is kept; the next night does the rest",
  });
}

/**
 * Brings a store that an earlier key of the site made to the newest one, in one step; anything else is left as it is, and so is a
 * damaged store that is about to be replaced. The caller holds the site's lock.
 */
export async function finishRotation(
  site: Site,
  {
    keys,
    profile,
    today,
    isReplaced = false,
  }: { keys: SiteKeys; profile: PrivacyProfile; today: string; isReplaced?: boolean },
): Promise<void> {
  if (keys.earlierFingerprints.length === 0 || !(await exists(site.storeFile))) return;
  const facts = await readOldStore(site.storeFile, { isReplaced });
  const done = facts ? keys.earlierFingerprints.indexOf(facts.token_key_fingerprint) : -1;
  if (!facts || done < 0) return;
  const file = unfinished(site.storeFile);
  await cloneFile(site.storeFile, file);
  const now = { ...facts, token_key_fingerprint: keys.tokenKeyFingerprint };
  const store = await DuckDb.open(file, { temporaryDirectory: join(dirname(file), "spill") });
  try {
    await createSchema(store);
    for (let last = done + 2; last <= keys.tokenKeys.length; last++) {
      await retokenise(store, profile, keys.tokenKeys.slice(0, last));
      // Who withdrew is known by the token alone.
      if (now.withdrawn) now.withdrawn = await nextTokens(store, now.withdrawn);
      if (now.barred) now.barred = await nextTokens(store, now.barred);
      const fingerprints = [...keys.earlierFingerprints, keys.tokenKeyFingerprint];
      const [from = "", to = ""] = fingerprints.slice(last - 2);
      await changeTokens(site.directory, (patids) => nextTokens(store, patids), { from, to });
    }
    const step = { from: facts.token_key_fingerprint, to: keys.tokenKeyFingerprint, date: today };
    await writeStoreFacts(store, {
      ...now,
      // Every row is another one now.
      sealed: null,
      succession: [...(now.succession ?? []), step],
    });
    await store.run("CHECKPOINT");
  } finally {
    store.close();
  }
  await dropKept(site);
  await publish(file, site.storeFile);
  await keepBarred(site, now);
}

const shareSchema = z.strictObject({
  propool: z.literal("linkage key"),
  project: z.string(),
  key: z.string().regex(/^[0-9a-f]{64}$/),
});

/**
 * Writes the linkage key into a file that only the holder of the recipient's key can open.
 *
 * @throws ProError `USAGE_RECIPIENT`, `CONFIG_KEY`.
 */
export async function shareLinkageKey(
  siteDirectory: string,
  { recipient, file }: { recipient: string; file: string },
): Promise<KeyFacts> {
  if (!AGE_RECIPIENT.test(recipient)) {
    throw new ProError("USAGE_RECIPIENT", "this is no age recipient", {
      hint: "age1 and 58 letters and digits, as propool keys show prints it at the other site",
    });
  }
  const site = await readSite(siteDirectory);
  const keys = await keysOf(site);
  if (!keys.linkageMaster) {
    throw new ProError("CONFIG_KEY", "this site has no linkage key", {
      where: { file: join(site.keysDirectory, LINKAGE_KEY) },
      hint: "propool keys new --linkage makes one; one site of a project does so",
    });
  }
  const { project } = linkageScope(site);
  const key = Buffer.from(keys.linkageMaster).toString("hex");
  const content = JSON.stringify({ propool: "linkage key", project, key });
  await writeWhole(file, await encryptBytes(Buffer.from(content), recipient), 0o600);
  return factsOf(site, keys);
}

/**
 * Takes over the linkage key that another site shared.
 *
 * @throws ProError `CONFIG_EXISTS`, `CONFIG_KEY`, `CONFIG_LINKAGE_PROJECT`.
 */
export async function receiveLinkageKey(
  siteDirectory: string,
  { file, replace = false }: { file: string; replace?: boolean },
): Promise<KeyFacts> {
  const site = await readSite(siteDirectory);
  return withLock(site.directory, async () => {
    const { ageKey } = await createSiteKeys(site.keysDirectory);
    const shared = await openShare(file, ageKey?.identity ?? "");
    const { project } = linkageScope(site);
    if (shared.project !== project) {
      throw new ProError("CONFIG_LINKAGE_PROJECT", "the key belongs to another project", {
        where: { file },
        hint: `it is of project ${shared.project}, this site's is ${project}: correct linkage in site.yaml if that is wrong`,
      });
    }
    const target = join(site.keysDirectory, LINKAGE_KEY);
    await refuseReplacing(target, replace);
    await writeKeys(target, [Buffer.from(shared.key, "hex")]);
    return factsOf(site, await keysOf(site));
  });
}

async function openShare(file: string, identity: string): Promise<z.infer<typeof shareSchema>> {
  try {
    const content = await decryptBytes(await readFile(file), identity);
    return shareSchema.parse(JSON.parse(Buffer.from(content).toString("utf8")));
  } catch {
    // Nothing of the cause is kept: it could hold a part of the key.
    throw new ProError("CONFIG_KEY", "the file is no linkage key that was shared with this site", {
      where: { file },
      hint: "the other site must encrypt it to the recipient that propool keys show prints here",
    });
  }
}
