import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ProError } from "../../core/errors.ts";
import { firstBytes, openUnpacked, packingOf } from "../../core/unpack.ts";
import { sheetToCsv } from "./excel.ts";

export interface PlainText {
  /** UTF-8 text that DuckDB can read: the file itself, or a copy in the scratch folder. */
  path: string;
  /** The file's beginning, one character a byte. */
  head: string;
  copies: string[];
}

/** A header longer than this is none. */
const HEAD_BYTES = 4 * 1024 * 1024;

interface Working {
  path: string;
  /** Name for messages. */
  file: string;
  /** Excel: the sheet to read; undefined: the only one. */
  sheet?: string | undefined;
  scratch: string;
  /** Prefix of the copies' names. */
  name: string;
}

/**
 * The bytes of a file, unpacked into `scratch` where it is packed. DuckDB reads gzip by itself, but takes a file that was cut off for a whole
 * one; zlib does not. A sheet of a workbook becomes CSV in UTF-8.
 *
 * @throws ProError `SOURCE_MISSING_FILE`, `SOURCE_EMPTY`, `SOURCE_UNREADABLE`, `SOURCE_TOO_LARGE`, `MAPPING_SHEET`.
 */
export async function unpacked({ path, file, sheet, scratch, name }: Working): Promise<{
  path: string;
  copies: string[];
  isSheet: boolean;
}> {
  await refuseMissing(path, file);
  const to = join(scratch, `${name}.expanded`);
  if (packingOf(path)) {
    await copyTo(to, [openUnpacked(path, file)], file, "SOURCE_UNREADABLE");
    return { path: to, copies: [to], isSheet: false };
  }
  const isZip = (await firstBytes(path, 4)).toString("latin1") === "PK\x03\x04";
  if (!/\.xlsx$/i.test(path) || !isZip) return { path, copies: [], isSheet: false };
  await sheetToCsv({ path, file, sheet, to });
  return { path: to, copies: [to], isSheet: true };
}

/**
 * Makes sure that a file is text, and UTF-8 text at that: compressed and otherwise encoded files are copied into `scratch`.
 *
 * @throws ProError as `unpacked` does, and `SOURCE_WRONG_FORMAT`, `SOURCE_ENCODING`.
 */
export async function plainText(
  options: Working & { encoding: string | undefined },
): Promise<PlainText> {
  const { file, scratch, name } = options;
  const { copies, isSheet, ...found } = await unpacked(options);
  let { path } = found;
  const bytes = await firstBytes(path, HEAD_BYTES);
  if (bytes.length === 0) throw empty(file);
  const encoding = byteOrderMark(bytes) ?? (isSheet ? undefined : options.encoding) ?? "utf-8";
  refuseOtherFormats(bytes, encoding, file);
  if (new TextDecoder(encoding).encoding !== "utf-8") {
    const to = join(scratch, `${name}.utf-8`);
    copies.push(to);
    await copyTo(to, [createReadStream(path), decoder(encoding)], file, "SOURCE_ENCODING");
    path = to;
  }
  const head = (await firstBytes(path, HEAD_BYTES)).toString("latin1").replace(/^\xef\xbb\xbf/, "");
  if (/^\s*$/.test(head)) throw empty(file);
  const [first] = head.trimStart();
  if (first === "<" || first === "{" || first === "[") {
    throw wrongFormat(file, first === "<" ? "XML or HTML" : "JSON");
  }
  return { path, head, copies };
}

async function copyTo(
  to: string,
  from: readonly (Readable | Transform)[],
  file: string,
  code: `SOURCE_${string}`,
): Promise<void> {
  await pipeline([...from, createWriteStream(to, { mode: 0o600 })]).catch(
    (cause: NodeJS.ErrnoException) => {
      throw cause instanceof ProError ? cause : unreadable(file, code, cause);
    },
  );
}

/** The encoding that the first bytes of a file name. */
export function byteOrderMark(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  return undefined;
}

const MAGIC: readonly [start: string, name: string][] = [
  ["PK\x03\x04", "a zip archive, or an Excel workbook without the ending .xlsx"],
  ["\xd0\xcf\x11\xe0", "an old Excel workbook"],
  ["%PDF", "a PDF"],
  ["PAR1", "Parquet"],
  ["\x1f\x8b", "gzip without the ending .gz"],
  ["\x28\xb5\x2f\xfd", "zstd without the ending .zst"],
  ["SQLite format", "an SQLite database"],
];

function refuseOtherFormats(bytes: Buffer, encoding: string, file: string): void {
  const start = bytes.subarray(0, 64).toString("latin1");
  const known = MAGIC.find(([magic]) => start.startsWith(magic));
  if (known) throw wrongFormat(file, known[1]);
  const isWide = encoding.toLowerCase().startsWith("utf-16");
  if (!isWide && bytes.subarray(0, 65_536).includes(0)) throw wrongFormat(file, "binary");
}

function decoder(encoding: string): Transform {
  const decode = new TextDecoder(encoding, { fatal: true });
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      attempt(done, () => decode.decode(chunk, { stream: true }));
    },
    flush(done) {
      attempt(done, () => decode.decode());
    },
  });
}

function attempt(done: (error: Error | null, text?: string) => void, work: () => string): void {
  try {
    done(null, work());
  } catch (error) {
    done(error as Error);
  }
}

async function refuseMissing(path: string, file: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) {
    throw new ProError("SOURCE_MISSING_FILE", "the file is not there", {
      where: { file },
      hint: "check that the export has finished and that the folder in site.yaml is right",
    });
  }
  if (found.size === 0) throw empty(file);
}

function empty(file: string): ProError {
  return new ProError("SOURCE_EMPTY", "the file is empty", {
    where: { file },
    hint: "a report without rows has its header line; run the export again",
  });
}

function wrongFormat(file: string, found: string): ProError {
  return new ProError("SOURCE_WRONG_FORMAT", `expected CSV text, found ${found}`, {
    where: { file },
    hint: "export it as CSV or .xlsx, or correct the mapping's match",
  });
}

function unreadable(
  file: string,
  code: `SOURCE_${string}`,
  cause: NodeJS.ErrnoException,
): ProError {
  if (cause.code === "ENOSPC") {
    return new ProError("WAREHOUSE_DISK_FULL", "no space is left for the working copy", {
      where: { file },
      hint: "free disk space in the site's folder and run again",
    });
  }
  const message =
    code === "SOURCE_ENCODING"
      ? "the bytes do not fit the encoding"
      : "the compressed file is broken or was cut off";
  return new ProError(code, message, {
    where: { file },
    hint: code === "SOURCE_ENCODING" ? "correct encoding in the mapping" : "deliver the file again",
    cause,
  });
}
