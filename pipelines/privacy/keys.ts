import { randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ProError } from "../core/errors.ts";
import { exists, privateDirectory, writeWhole } from "../core/files.ts";
import { createSigningKey, fingerprint, publicKeyOf } from "../core/signature.ts";

const TOKEN_KEY = "token.key";
const SIGNING_KEY = "signing.key";

export interface SiteKeys {
  /** 256 bits from which the keys of all tokens and date shifts are derived. */
  tokenKey: Uint8Array;
  /** Ed25519, PKCS #8 PEM. */
  signingKey: string;
  /** Ed25519, base64 of 32 bytes; what the hub knows of the site. */
  publicKey: string;
  /** Names the token key without revealing it. */
  tokenKeyFingerprint: string;
}

/** Writes new keys into an empty `keys/` folder (0700, files 0600); keys that are there are kept. */
export async function createSiteKeys(directory: string): Promise<SiteKeys> {
  await privateDirectory(directory);
  if (!(await exists(join(directory, TOKEN_KEY)))) {
    await writeWhole(join(directory, TOKEN_KEY), `${randomBytes(32).toString("hex")}\n`, 0o600);
  }
  if (!(await exists(join(directory, SIGNING_KEY)))) {
    await writeWhole(join(directory, SIGNING_KEY), createSigningKey().privatePem, 0o600);
  }
  return readSiteKeys(directory);
}

/** @throws ProError `CONFIG_KEY` when a key is missing, malformed, or readable by others. */
export async function readSiteKeys(directory: string): Promise<SiteKeys> {
  const tokenKey = (await readPrivate(join(directory, TOKEN_KEY))).trim();
  if (!/^[0-9a-f]{64}$/.test(tokenKey)) {
    throw new ProError("CONFIG_KEY", "the token key is not 64 hexadecimal digits (256 bits)", {
      where: { file: join(directory, TOKEN_KEY) },
      hint: "restore the key from its backup; a new key makes new tokens for everybody",
    });
  }
  const signingKey = await readPrivate(join(directory, SIGNING_KEY));
  const bytes = Buffer.from(tokenKey, "hex");
  return {
    tokenKey: bytes,
    signingKey,
    publicKey: publicKeyFrom(signingKey, directory),
    tokenKeyFingerprint: fingerprint("propool token key", bytes),
  };
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

async function readPrivate(path: string): Promise<string> {
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
