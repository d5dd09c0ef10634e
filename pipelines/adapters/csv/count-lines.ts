import { isAscii } from "node:buffer";
import { open } from "node:fs/promises";
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

/** Bytes that are looked through at a time. */
const PIECE = 1 << 20;
const LINE_FEED = 0x0a;

/** The lines of a text of nothing but ASCII and without quotes, as most exports are; null of any other. A tenth of what DuckDB takes to tell. */
async function countPlainLines(path: string, marks: Marks): Promise<number | null> {
  const others = [...new Set([marks.quote, marks.escape, "\r", "\0"])].filter((mark) => mark);
  const buffer = Buffer.alloc(PIECE);
  let feeds = 0;
  let last = LINE_FEED;
  const file = await open(path);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, PIECE, null);
      if (bytesRead === 0) return last === LINE_FEED ? feeds : feeds + 1;
      const bytes = buffer.subarray(0, bytesRead);
      if (!isAscii(bytes) || others.some((mark) => bytes.includes(mark))) return null;
      for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1))
        feeds++;
      last = bytes.at(-1) ?? last;
    }
  } finally {
    await file.close();
  }
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
