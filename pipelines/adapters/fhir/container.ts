import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** The bytes of a file, unpacked when its name ends in .gz. */
export function openBytes(path: string): Readable {
  const raw = createReadStream(path);
  if (!path.endsWith(".gz")) return raw;
  const unpacked = createGunzip();
  raw.on("error", (error) => unpacked.destroy(error));
  return raw.pipe(unpacked);
}

/** The lines of a text file with their numbers from 1, without a byte order mark. */
export async function* numberedLines(path: string): AsyncGenerator<[number, string]> {
  let number = 0;
  for await (const line of createInterface({ input: openBytes(path), crlfDelay: Infinity })) {
    number++;
    yield [number, number === 1 ? line.replace(/^\uFEFF/, "") : line];
  }
}

/** How many lines hold more than blanks: an independent count of the records of an NDJSON file. */
export async function countRecords(path: string): Promise<number> {
  let records = 0;
  let inRecord = false;
  for await (const chunk of openBytes(path) as AsyncIterable<Buffer>) {
    let from = 0;
    while (from < chunk.length) {
      if (!inRecord && !isBlank(chunk[from] as number)) {
        inRecord = true;
        records++;
      }
      if (!inRecord) {
        from++;
        continue;
      }
      const end = chunk.indexOf(NEWLINE, from);
      if (end === -1) break;
      inRecord = false;
      from = end + 1;
    }
  }
  return records;
}

const NEWLINE = 10;

function isBlank(byte: number): boolean {
  return byte === NEWLINE || byte === 13 || byte === 32 || byte === 9;
}
