import { isUtf8 } from "node:buffer";
import { openUnpacked } from "../../core/unpack.ts";

/**
 * The lines of a text file with their numbers from 1, without a byte order mark; null for a line whose bytes are no UTF-8.
 * Only a line feed ends a line: JSON may hold U+2028 and its like inside a text.
 */
export async function* numberedLines(path: string): AsyncGenerator<[number, string | null]> {
  let number = 0;
  for await (const bytes of byteLines(path)) {
    number++;
    const line = bytesToText(bytes);
    yield [number, number === 1 && line !== null ? withoutMark(line) : line];
  }
}

/** The text of UTF-8 bytes, or null: a replacement character would change a patient's data unseen. */
export function bytesToText(bytes: Uint8Array): string | null {
  return isUtf8(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
    : null;
}

export function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, "");
}

/** What no record stands in. */
export function isBlankLine(line: string): boolean {
  return /^[ \t\r]*$/.test(line);
}

async function* byteLines(path: string): AsyncGenerator<Uint8Array> {
  let rest: Buffer[] = [];
  for await (const chunk of openUnpacked(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, end)]);
      rest = [];
      from = end + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

/** What a count of an NDJSON file's lines finds. */
export interface Counted {
  /** Lines that hold more than blanks: an independent count of the records. */
  records: number;
  /** A blank line stands before one of them, so that a record's place in the file is not its line. */
  hasGap: boolean;
  /** Bytes of the longest line. */
  longest: number;
}

export async function countRecords(path: string): Promise<Counted> {
  let line = 1;
  let records = 0;
  let longest = 0;
  /** Where the line began, counted from the start of the current chunk. */
  let begin = 0;
  let hasGap = false;
  let inRecord = false;
  for await (const chunk of openUnpacked(path) as AsyncIterable<Buffer>) {
    // The byte order mark is no record; DuckDB refuses such a file, and the sieve reads it.
    let from = line === 1 && records === 0 && chunk.indexOf(MARK) === 0 ? MARK.length : 0;
    while (from < chunk.length) {
      if (inRecord) {
        const end = chunk.indexOf(NEWLINE, from);
        if (end === -1) break;
        inRecord = false;
        line++;
        longest = Math.max(longest, end - begin);
        from = end + 1;
        continue;
      }
      const byte = chunk[from] as number;
      if (byte === NEWLINE) line++;
      if (isBlank(byte)) {
        from++;
        continue;
      }
      inRecord = true;
      begin = from;
      records++;
      hasGap ||= line !== records;
    }
    begin -= chunk.length;
  }
  return { records, hasGap, longest: inRecord ? Math.max(longest, -begin) : longest };
}

const NEWLINE = 10;
const MARK = Buffer.from("\uFEFF");

function isBlank(byte: number): boolean {
  return byte === NEWLINE || byte === 13 || byte === 32 || byte === 9;
}
