import { createReadStream, createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
// The age format (age-encryption.org/v1) by its own author, in TypeScript without native code; audited ciphers (noble).
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";

/** An age key pair: `identity` (AGE-SECRET-KEY-1…) opens what was encrypted to `recipient` (age1…). */
export interface AgeKey {
  identity: string;
  recipient: string;
}

export async function createAgeKey(): Promise<AgeKey> {
  return ageKeyOf(await generateX25519Identity());
}

/** The pair of a secret key. @throws Error for a text that is none. */
export async function ageKeyOf(identity: string): Promise<AgeKey> {
  return { identity, recipient: await identityToRecipient(identity) };
}

export async function encryptBytes(bytes: Uint8Array, recipient: string): Promise<Uint8Array> {
  return encrypterTo(recipient).encrypt(bytes);
}

/** @throws Error when the bytes were not encrypted to this key, or are not whole and unchanged. */
export async function decryptBytes(bytes: Uint8Array, identity: string): Promise<Uint8Array> {
  return decrypterOf(identity).decrypt(bytes);
}

/** Encrypts a file of any size, a piece at a time; returns the bytes written. */
export async function encryptFile(from: string, to: string, recipient: string): Promise<number> {
  const sealed = await encrypterTo(recipient).encrypt(bytesOf(from));
  return writeStream(sealed, to);
}

/**
 * Decrypts a file of any size. What was written must be thrown away when this fails: only the end proves that a file is whole.
 *
 * @throws Error as `decryptBytes` does.
 */
export async function decryptFile(from: string, to: string, identity: string): Promise<number> {
  const opened = await decrypterOf(identity).decrypt(bytesOf(from));
  return writeStream(opened, to);
}

export async function decryptToBytes(from: string, identity: string): Promise<Uint8Array> {
  return decryptBytes(await readFile(from), identity);
}

function encrypterTo(recipient: string): Encrypter {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return encrypter;
}

function decrypterOf(identity: string): Decrypter {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return decrypter;
}

const PIECE_BYTES = 1 << 20;

function bytesOf(file: string): globalThis.ReadableStream<Uint8Array> {
  const stream = createReadStream(file, { highWaterMark: PIECE_BYTES });
  return Readable.toWeb(stream) as globalThis.ReadableStream<Uint8Array>;
}

async function writeStream(
  stream: globalThis.ReadableStream<Uint8Array>,
  to: string,
): Promise<number> {
  let bytes = 0;
  const count = new Transform({
    transform(piece: Uint8Array, _encoding, done) {
      bytes += piece.length;
      done(null, piece);
    },
  });
  await pipeline(
    Readable.fromWeb(stream as ReadableStream),
    count,
    createWriteStream(to, { mode: 0o600 }),
  );
  return bytes;
}
