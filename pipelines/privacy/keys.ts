import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type AgeKey, ageKeyOf, createAgeKey } from "../core/age.ts";
import { ProError } from "../core/errors.ts";
import { exists, privateDirectory, writeWhole } from "../core/files.ts";
import { createSigningKey, fingerprint, publicKeyOf } from "../core/signature.ts";

export const TOKEN_KEY = "token.key";
export const SIGNING_KEY = "signing.key";
export const LINKAGE_KEY = "linkage.key";
const AGE_KEY = "age.key";

export interface SiteKeys {
  /** 256 bits each, from which the keys of all tokens and date shifts are derived; the newest last. */
  tokenKeys: Uint8Array[];
  /** The project's 256-bit master key of linkage tokens; null: this site makes none. */
  linkageMaster: Uint8Array | null;
  /** What others encrypt to this site with; null where a site made by an older version has none. */
  ageKey: AgeKey | null;
  /** Ed25519, PKCS #8 PEM. */
  signingKey: string;
  /** Ed25519, base64 of 32 bytes; what the hub knows of the site. */
  publicKey: string;
  /** Names the token keys without revealing them. */
  tokenKeyFingerprint: string;
  /** What the fingerprint was before each rotation, oldest first. */
  earlierFingerprints: string[];
}

/** Where keys may come from besides their files: `PROPOOL_TOKEN_KEY_<SITE>` holds one, `PROPOOL_TOKEN_KEY_<SITE>_FD` a file descriptor. */
export interface KeySource {
  site: string;
  env: NodeJS.ProcessEnv;
}

/** Writes new keys into an empty `keys/` folder (0700, files 0600); keys that are there are kept. */
export async function createSiteKeys(directory: string): Promise<SiteKeys> {
  await privateDirectory(directory);
  if (!(await exists(join(directory, TOKEN_KEY)))) {
    await writeKeys(join(directory, TOKEN_KEY), [newKey()]);
  }
  if (!(await exists(join(directory, SIGNING_KEY)))) {
    await writeWhole(join(directory, SIGNING_KEY), createSigningKey().privatePem, 0o600);
  }
  if (!(await exists(join(directory, AGE_KEY)))) {
    const { identity } = await createAgeKey();
    await writeWhole(join(directory, AGE_KEY), `${identity}\n`, 0o600);
  }
  return readSiteKeys(directory);
}

/** 256 random bits. */
export function newKey(): Uint8Array {
  return randomBytes(32);
}

/** Writes keys, one a line, for their owner only. */
export async function writeKeys(file: string, keys: readonly Uint8Array[]): Promise<void> {
  const lines = keys.map((key) => `${Buffer.from(key).toString("hex")}\n`);
  await writeWhole(file, lines.join(""), 0o600);
}

/** @throws ProError `CONFIG_KEY` when a key is missing, malformed, or readable by others. */
export async function readSiteKeys(directory: string, source?: KeySource): Promise<SiteKeys> {
  const tokenKeys = parseKeys(
    await readKey(directory, TOKEN_KEY, source),
    join(directory, TOKEN_KEY),
  );
  const signingKey = await readKey(directory, SIGNING_KEY, source);
  const fingerprints = tokenKeys.map((_, i) =>
    fingerprint("propool token key", Buffer.concat(tokenKeys.slice(0, i + 1))),
  );
  return {
    tokenKeys,
    linkageMaster: await readLinkageMaster(directory, source),
    ageKey: await readAgeKey(directory),
    signingKey,
    publicKey: publicKeyFrom(signingKey, directory),
    tokenKeyFingerprint: fingerprints.at(-1) ?? "",
    earlierFingerprints: fingerprints.slice(0, -1),
  };
}

async function readAgeKey(directory: string): Promise<AgeKey | null> {
  const file = join(directory, AGE_KEY);
  if (!(await exists(file))) return null;
  try {
    return await ageKeyOf((await readPrivate(file)).trim());
  } catch (cause) {
    if (cause instanceof ProError) throw cause;
    // The cause could quote the key.
    throw new ProError("CONFIG_KEY", "the file holds no age key", {
      where: { file },
      hint: "restore it from its backup, or remove it and run propool keys new",
    });
  }
}

async function readLinkageMaster(
  directory: string,
  source?: KeySource,
): Promise<Uint8Array | null> {
  const file = join(directory, LINKAGE_KEY);
  const isGiven = source && elsewhere(LINKAGE_KEY, source) !== null;
  if (!isGiven && !(await exists(file))) return null;
  const [master, ...more] = parseKeys(await readKey(directory, LINKAGE_KEY, source), file);
  if (master && more.length === 0) return master;
  throw malformed(file);
}

function parseKeys(content: string, file: string): Uint8Array[] {
  const lines = content.trim().split("\n");
  if (lines.every((line) => /^[0-9a-f]{64}$/.test(line.trim())))
    return lines.map((line) => Buffer.from(line.trim(), "hex"));
  throw malformed(file);
}

function malformed(file: string): ProError {
  return new ProError("CONFIG_KEY", "a key is not 64 hexadecimal digits (256 bits)", {
    where: { file },
    hint: "restore the key from its backup; a new key makes new tokens for everybody",
  });
}

function publicKeyFrom(signingKey: string, directory: string): string {
  try {
    return publicKeyOf(signingKey);
  } catch (cause) {
    throw new ProError("CONFIG_KEY", "the signing key is no PKCS #8 PEM of an Ed25519 key", {
      where: { file: join(directory, SIGNING_KEY) },
      hint: "restore the key from its backup",
      cause,
    });
  }
}

async function readKey(directory: string, name: string, source?: KeySource): Promise<string> {
  return (source && elsewhere(name, source)) ?? readPrivate(join(directory, name));
}

/** The environment variable that may hold a key: `PROPOOL_TOKEN_KEY_RIVER`. */
export function keyVariable(name: string, site: string): string {
  return `PROPOOL_${name.toUpperCase().replace(".", "_")}_${site}`;
}

/** A key from the environment or a file descriptor. A descriptor can be read once, so what it gave is remembered. */
function elsewhere(name: string, { site, env }: KeySource): string | null {
  const variable = keyVariable(name, site);
  const value = env[variable];
  if (value !== undefined) return value;
  const descriptor = env[`${variable}_FD`];
  if (descriptor === undefined) return null;
  const known = FROM_DESCRIPTOR.get(descriptor);
  if (known !== undefined) return known;
  try {
    const content = readFileSync(Number(descriptor), "utf8");
    FROM_DESCRIPTOR.set(descriptor, content);
    return content;
  } catch (cause) {
    throw new ProError("CONFIG_KEY", "the file descriptor of a key cannot be read", {
      where: { pointer: `${variable}_FD` },
      hint: "give the number of a descriptor that is open for reading, such as 3 with 3< in the shell",
      cause,
    });
  }
}

const FROM_DESCRIPTOR = new Map<string, string>();

/** @throws ProError `CONFIG_KEY` for a file that is missing or that others can read. */
export async function readPrivate(path: string): Promise<string> {
  const status = await stat(path).catch((cause) => {
    throw new ProError("CONFIG_KEY", "a key file is missing", {
      where: { file: path },
      hint: "propool init site writes new keys; for an existing site restore its own",
      cause,
    });
  });
  // Windows has no permission bits; the folder's access list protects the key there.
  if (process.platform !== "win32" && (status.mode & 0o077) !== 0) {
    throw new ProError("CONFIG_KEY", "others can read this key", {
      where: { file: path },
      hint: `chmod 600 ${path}`,
    });
  }
  return readFile(path, "utf8");
}
