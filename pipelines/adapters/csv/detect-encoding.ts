import { isAscii } from "node:buffer";
import { createReadStream } from "node:fs";
import { byteOrderMark } from "./plain-text.ts";

export interface EncodingFound {
  /** For the mapping's `encoding`; null: it could not be told, and must not be guessed. */
  encoding: string | null;
  byteOrderMark: boolean;
  evidence: string;
}

/** Letters of Latin languages are mostly ASCII; a text with more other bytes than this is no Latin text in one byte a letter. */
const HIGH_SHARE_MAX = 0.3;

/**
 * The encoding of a text file, from all of its bytes: a byte order mark; UTF-16 by its zero bytes; UTF-8 if all of it is; else
 * Windows-1252, which Latin-1 is a part of, when few letters are beyond ASCII and none is a byte that it lacks.
 */
export async function detectEncoding(path: string): Promise<EncodingFound> {
  const high = await highBytesOfUtf8(path);
  if (high !== null) return asUtf8(high);
  const tally = await countBytes(path);
  if (tally.mark) {
    return { encoding: tally.mark, byteOrderMark: true, evidence: "byte order mark" };
  }
  const found = (encoding: string | null, evidence: string): EncodingFound => ({
    encoding,
    byteOrderMark: false,
    evidence,
  });
  if (tally.zeroEven + tally.zeroOdd > tally.bytes / 8) {
    const little = tally.zeroOdd > tally.zeroEven;
    return found(little ? "utf-16le" : "utf-16be", "every other byte is zero");
  }
  if (tally.isUtf8) return asUtf8(tally.high);
  const share = tally.high / (tally.high + tally.letters);
  if (tally.undefined1252 > 0 || share > HIGH_SHARE_MAX) {
    return found(null, "neither UTF-8 nor a Latin text: name the encoding");
  }
  return found(
    "windows-1252",
    tally.c1 > 0
      ? `${tally.high} bytes beyond ASCII that are no UTF-8, ${tally.c1} of them only in Windows-1252`
      : `${tally.high} bytes beyond ASCII that are no UTF-8; Latin-1 and Windows-1252 agree on them`,
  );
}

function asUtf8(high: number): EncodingFound {
  const evidence = high === 0 ? "ASCII only" : `${high} bytes beyond ASCII, all of them UTF-8`;
  return { encoding: "utf-8", byteOrderMark: false, evidence };
}

/** Bytes beyond ASCII of a UTF-8 text; null for any other, which then has its bytes counted one by one: most files are spared that. */
async function highBytesOfUtf8(path: string): Promise<number | null> {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let high = 0;
  let isFirst = true;
  let wasAscii = true;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const bytes = chunk as Buffer;
    if ((isFirst && byteOrderMark(bytes)) || bytes.includes(0)) return null;
    isFirst = false;
    const isPlain = isAscii(bytes);
    if (!isPlain) for (const byte of bytes) if (byte >= 0x80) high++;
    // A letter may begin in one chunk and end in the next.
    const asked = isPlain && wasAscii ? 0 : isPlain ? 1 : bytes.length;
    if (!attempt(() => utf8.decode(bytes.subarray(0, asked), { stream: true }))) return null;
    wasAscii = isPlain;
  }
  return attempt(() => utf8.decode()) ? high : null;
}

interface Tally {
  mark: string | undefined;
  bytes: number;
  zeroEven: number;
  zeroOdd: number;
  high: number;
  letters: number;
  /** 0x80 to 0x9f: letters and marks in Windows-1252, control characters in Latin-1. */
  c1: number;
  /** The five of them that Windows-1252 has no letter for. */
  undefined1252: number;
  isUtf8: boolean;
}

async function countBytes(path: string): Promise<Tally> {
  const counts = new Array<number>(256).fill(0);
  const tally: Tally = {
    mark: undefined,
    bytes: 0,
    zeroEven: 0,
    zeroOdd: 0,
    high: 0,
    letters: 0,
    c1: 0,
    undefined1252: 0,
    isUtf8: true,
  };
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const bytes = chunk as Buffer;
    if (tally.bytes === 0) tally.mark = byteOrderMark(bytes);
    if (tally.mark) return tally;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      counts[byte] = (counts[byte] ?? 0) + 1;
      if (byte === 0) (tally.bytes + i) % 2 ? tally.zeroOdd++ : tally.zeroEven++;
    }
    tally.isUtf8 &&= attempt(() => utf8.decode(bytes, { stream: true }));
    tally.bytes += bytes.length;
  }
  tally.isUtf8 &&= attempt(() => utf8.decode());
  counts.forEach((n, byte) => {
    if (byte >= 0x80) tally.high += n;
    if (byte >= 0x80 && byte < 0xa0) tally.c1 += n;
    if ([0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(byte)) tally.undefined1252 += n;
    if ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) tally.letters += n;
  });
  return tally;
}

function attempt(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
