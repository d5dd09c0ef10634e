import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { crc32, inflateRawSync } from "node:zlib";

/** A file in a zip package, as its directory tells. Nothing is ever written under its name. */
export interface ZipEntry {
  name: string;
  /** Where its own header starts. */
  offset: number;
  compressed: number;
  size: number;
  isDeflated: boolean;
  crc: number;
}

/** What keeps a package, or one entry of it, from being read. */
export class ZipError extends Error {}

const ENTRIES_MAX = 10_000;
const DIRECTORY_BYTES_MAX = 16 * 1024 * 1024;
const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
/** The end record and the longest comment that may follow it. */
const TAIL_BYTES = 22 + 0xffff;

/**
 * The files of a zip package (no folders), read from its directory only.
 *
 * @throws ZipError when it is cut, encrypted, split, too large, or names a place outside of itself.
 */
export function listZip(path: string): ZipEntry[] {
  return withFile(path, (file, size) => {
    const start = Math.max(0, size - TAIL_BYTES);
    const tail = readAt(file, start, size - start);
    let end = tail.length - 22;
    while (end >= 0 && tail.readUInt32LE(end) !== END) end--;
    if (end < 0) throw new ZipError("no directory");
    const count = tail.readUInt16LE(end + 10);
    const bytes = tail.readUInt32LE(end + 12);
    const at = tail.readUInt32LE(end + 16);
    if (count > ENTRIES_MAX || bytes > DIRECTORY_BYTES_MAX || at + bytes > size) {
      throw new ZipError("directory out of bounds");
    }
    return readDirectory(readAt(file, at, bytes), count);
  });
}

/**
 * The content of one entry.
 *
 * @throws ZipError when it is not what the directory says, or larger than `bytesMax`.
 */
export function readZip(path: string, entry: ZipEntry, bytesMax: number): Buffer {
  if (entry.size > bytesMax || entry.compressed > bytesMax) throw new ZipError("entry too large");
  return withFile(path, (file) => {
    const header = readAt(file, entry.offset, 30);
    if (header.readUInt32LE(0) !== LOCAL) throw new ZipError("no entry at its place");
    const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    const raw = readAt(file, start, entry.compressed);
    const content = entry.isDeflated ? inflate(raw, entry.size) : raw;
    if (crc32(content) !== entry.crc)
      throw new ZipError("entry has another sum than its directory says");
    return content;
  });
}

/** Never more than the directory says: a bomb ends where it starts to lie. */
function inflate(raw: Buffer, size: number): Buffer {
  try {
    const content = inflateRawSync(raw, { maxOutputLength: Math.max(1, size) });
    if (content.length === size) return content;
  } catch (cause) {
    throw new ZipError("entry cannot be inflated", { cause });
  }
  throw new ZipError("entry has another size than its directory says");
}

function readDirectory(directory: Buffer, count: number): ZipEntry[] {
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== CENTRAL) {
      throw new ZipError("directory is cut");
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((from) =>
      directory.readUInt16LE(at + from),
    ) as [number, number, number];
    const name = directory.toString("utf8", at + 46, at + 46 + nameBytes);
    checkEntry(directory, at, name);
    if (!name.endsWith("/")) {
      entries.push({
        name,
        offset: directory.readUInt32LE(at + 42),
        compressed: directory.readUInt32LE(at + 20),
        size: directory.readUInt32LE(at + 24),
        crc: directory.readUInt32LE(at + 16),
        isDeflated: directory.readUInt16LE(at + 10) === 8,
      });
    }
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  return entries;
}

function checkEntry(directory: Buffer, at: number, name: string): void {
  const flags = directory.readUInt16LE(at + 8);
  const method = directory.readUInt16LE(at + 10);
  const unixMode = directory.readUInt32LE(at + 38) >>> 16;
  const isLink = (unixMode & 0o170000) === 0o120000;
  const isOutside = /^([/\\]|[A-Za-z]:)/.test(name) || name.split(/[/\\]/).includes("..");
  if ((flags & 1) !== 0) throw new ZipError("entry is encrypted");
  if (method !== 0 && method !== 8) throw new ZipError("unknown compression");
  if (isLink || isOutside || name.includes("\0")) throw new ZipError("entry leads outside");
}

function withFile<T>(path: string, use: (file: number, size: number) => T): T {
  const file = openSync(path, "r");
  try {
    return use(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

function readAt(file: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  if (readSync(file, buffer, 0, length, position) !== length) throw new ZipError("file is cut");
  return buffer;
}
