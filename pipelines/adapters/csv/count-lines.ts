import { isAscii } from "node:buffer";
import { createReadStream } from "node:fs";
import type { DuckDb } from "../../../warehouse/duckdb.ts";
import { fileText, text } from "../../../warehouse/sql.ts";
import type { Marks } from "./record.ts";
import { BUFFER_BYTES } from "./scratch.ts";

export interface LineCounts {
  lines: number;
  /** Lines with an odd number of quotes. */
  oddQuotes: number;
  /** Lines with a blank that is not ASCII. */
  wide: number;
}

/** What the physical lines of a file tell of it; null when DuckDB cannot tell, as with bytes that are no UTF-8. */
export async function countLines(
  db: DuckDb,
  path: string,
  marks: Marks,
): Promise<LineCounts | null> {
  const plain = await countPlainLines(path, marks);
  if (plain !== null) return { lines: plain, oddQuotes: 0, wide: 0 };
  // Four control characters in a row: the whole line is one field.
  const mark = "\u001f\u001e\u001f\u001e";
  const query = `SELECT count(*)::DOUBLE AS lines, count(*) FILTER (${isOdd(marks)})::DOUBLE AS "oddQuotes",
      count(*) FILTER (${IS_WIDE})::DOUBLE AS wide
    FROM read_csv(${fileText(path)}, columns = {'line': 'VARCHAR'}, auto_detect = false,
      strict_mode = false, header = false, delim = ${text(mark)}, quote = '', escape = '',
      buffer_size = ${BUFFER_BYTES})`;
  return db.one<LineCounts>(query).catch(() => null);
}

/** The lines of a text of nothing but ASCII and without quotes, as most exports are; null of any other. A fifth of what DuckDB takes to tell. */
async function countPlainLines(path: string, marks: Marks): Promise<number | null> {
  const others = [marks.quote, marks.escape, "\r", "\0"].filter((mark) => mark !== "");
  let feeds = 0;
  let last = LINE_FEED;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const bytes = chunk as Buffer;
    if (!isAscii(bytes) || others.some((mark) => bytes.includes(mark))) return null;
    feeds += lineFeeds(bytes);
    last = bytes.at(-1) ?? last;
  }
  return last === LINE_FEED ? feeds : feeds + 1;
}

const LINE_FEED = 0x0a;

/** Counts four bytes of ASCII at a time: of those that are a line feed, and no others, the highest bit stays clear in the sum. */
function lineFeeds(bytes: Buffer): number {
  const start = (4 - (bytes.byteOffset % 4)) % 4;
  const words = new Uint32Array(
    bytes.buffer,
    bytes.byteOffset + start,
    (bytes.length - start) >> 2,
  );
  let found = 0;
  for (const word of words) {
    const isFeed = ~((word ^ 0x0a0a0a0a) + 0x7f7f7f7f) & 0x80808080;
    found += Math.imul(isFeed >>> 7, 0x01010101) >>> 24;
  }
  const end = start + 4 * words.length;
  for (const byte of [...bytes.subarray(0, start), ...bytes.subarray(end)]) {
    if (byte === LINE_FEED) found++;
  }
  return found;
}

/** A quote that is escaped otherwise than by doubling says nothing by its number: any may then be open at a line's end. */
function isOdd({ quote, ...marks }: Marks): string {
  if (quote === "") return "false";
  return marks.escape === quote
    ? `(length(line) - length(replace(line, ${text(quote)}, ''))) % 2 = 1`
    : `contains(line, ${text(quote)})`;
}

/** The blanks that trim() takes away, but for the one of ASCII. */
const WIDE_BLANK = "[\\x{00a0}\\x{1680}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}]";
const IS_WIDE = `CASE WHEN strlen(line) > length(line) THEN regexp_matches(line, ${text(WIDE_BLANK)}) ELSE false END`;
