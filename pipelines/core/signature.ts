import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from "node:crypto";

/** An Ed25519 key pair: the private half as PKCS #8 PEM, the public half as base64 of its 32 bytes. */
export function createSigningKey(): { privatePem: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey: publicKeyText(publicKey),
  };
}

/** The public half of a private key, as base64 of its 32 bytes. @throws TypeError for a key of another kind. */
export function publicKeyOf(privatePem: string): string {
  const key = createPrivateKey(privatePem);
  if (key.asymmetricKeyType !== "ed25519") throw new TypeError("the key is not an Ed25519 key");
  return publicKeyText(createPublicKey(key));
}

/** Ed25519 signature in base64 (RFC 8032). */
export function sign(bytes: Uint8Array, privatePem: string): string {
  return signBytes(null, bytes, createPrivateKey(privatePem)).toString("base64");
}

/** Whether `signature` is a signature over exactly these bytes; false for anything malformed. */
export function verify(bytes: Uint8Array, signature: string, publicKey: string): boolean {
  const raw = Buffer.from(publicKey, "base64");
  const signatureBytes = Buffer.from(signature, "base64");
  if (raw.length !== 32 || signatureBytes.length !== 64) return false;
  const key = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") },
    format: "jwk",
  });
  return verifyBytes(null, bytes, key, signatureBytes);
}

/** Names a key without revealing it: the first 16 hex digits of the SHA-256 of a purpose and the key. */
export function fingerprint(purpose: string, key: string | Uint8Array): string {
  return createHash("sha256").update(purpose).update("\0").update(key).digest("hex").slice(0, 16);
}

function publicKeyText(key: KeyObject): string {
  const { x } = key.export({ format: "jwk" });
  return Buffer.from(x ?? "", "base64url").toString("base64");
}
