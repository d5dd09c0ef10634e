import { isUtf8 } from "node:buffer";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { ProError } from "../../core/errors.ts";
import type { Header } from "./header.ts";
import { type CsvRecord, nextLine, scanRecord } from "./record.ts";

/** Half of DuckDB's own limit, so that what the sieve lets through is read, with its quotes doubled too. */
const RECORD_CHARACTERS = 1_000_000;
const LINE_CHARACTERS = 256 * 1024 * 1024;

export interface Sieved {
  rows: number;
  refused: number;
}

/**
 * Sorts a file that DuckDB refused, or whose line count does not add up: whole records go to `clean`, comma separated, with their line in front;
 * the others are noted in `refused` as line, pointer, reason. After a quote that never closes it goes on with the very next line, so
 * that one stray quote costs one line, not the rest of the file.
 *
 * @throws ProError `SOURCE_WRONG_FORMAT` for a line of more than 256 MiB.
 */
export async function sieve(options: {
  path: string;
  file: string;
  header: Header;
  clean: string;
  refused: string;
}): Promise<Sieved> {
  const counts: Sieved = { rows: 0, refused: 0 };
  const refused = createWriteStream(options.refused, { mode: 0o600 });
  const clean = createWriteStream(options.clean, { mode: 0o600 });
  const source = createReadStream(options.path, { encoding: "latin1", highWaterMark: 1 << 20 });
  const sort = async function* (chunks: AsyncIterable<string>): AsyncGenerator<Buffer> {
    const state: State = { text: "", line: 1, isFirst: true };
    for await (const chunk of chunks) {
      state.text += state.isFirst ? chunk.replace(/^\xef\xbb\xbf/, "") : chunk;
      state.isFirst = false;
      yield* batch(state, false);
    }
    yield* batch(state, true);
  };
  async function* batch(state: State, atEnd: boolean): AsyncGenerator<Buffer> {
    const { rows, bad } = take(state, options.header, options.file, atEnd);
    counts.rows += rows.length;
    counts.refused += bad.length;
    if (bad.length && !refused.write(`${bad.join("\n")}\n`)) await once(refused, "drain");
    if (rows.length) yield Buffer.from(`${rows.join("\n")}\n`, "latin1");
  }
  await pipeline(source, sort, clean);
  await new Promise<void>((done, fail) => {
    refused.once("error", fail);
    refused.end(done);
  });
  return counts;
}

interface State {
  text: string;
  /** Line on which `text` begins, from 1. */
  line: number;
  isFirst: boolean;
}

function take(state: State, header: Header, file: string, atEnd: boolean) {
  const { text } = state;
  const rows: string[] = [];
  const bad: string[] = [];
  const refuse = (column: string, reason: string) =>
    bad.push([state.line, quote(column), reason].join(","));
  let at = 0;
  while (at < text.length) {
    const plain = state.line > header.lines ? plainRow(text, at, header) : null;
    if (plain) {
      rows.push(`${state.line},${plain.row}`);
      state.line += 1;
      at = plain.end;
      continue;
    }
    let record = scanRecord(text, at, header, atEnd);
    if (record === null && text.length - at < RECORD_CHARACTERS) break;
    record ??= { fields: [], end: at, lines: 1, brokenField: 0 };
    if (record.brokenField !== undefined || record.end - at > RECORD_CHARACTERS) {
      const end = nextLine(text, at, atEnd);
      if (end === null) {
        if (text.length - at > LINE_CHARACTERS) throw endless(file, state.line);
        break;
      }
      refuse(header.columns[record.brokenField ?? 0] ?? "", "SOURCE_MALFORMED");
      record = { fields: [], end, lines: 1 };
    } else if (state.line > header.lines && !isBlank(record, header)) {
      const fault = faultOf(record, header);
      if (fault) refuse(fault.column, fault.reason);
      else rows.push([state.line, ...shape(record, header).map(quote)].join(","));
    }
    state.line += record.lines;
    at = record.end;
  }
  state.text = text.slice(at);
  return { rows, bad };
}

/** A whole row in one line of plain ASCII without quotes, as almost all are; anything else is looked at closely. */
function plainRow(text: string, at: number, { columns, delimiter, ...marks }: Header) {
  const feed = text.indexOf("\n", at);
  if (feed < 0 || feed - at > RECORD_CHARACTERS) return null;
  const line = text.slice(at, text[feed - 1] === "\r" ? feed - 1 : feed);
  if (/[^\t !#-~]/.test(line)) return null;
  if (
    marks.quote !== '"' &&
    (line.includes(marks.quote || '"') || line.includes(marks.escape || '"'))
  )
    return null;
  const fields = line.split(delimiter);
  if (fields.length !== columns.length || line.trim() === "") return null;
  return { row: delimiter === "," ? line : fields.map(quote).join(","), end: feed + 1 };
}

function isBlank({ fields }: CsvRecord, { columns }: Header): boolean {
  return columns.length > 1 && fields.length === 1 && fields[0]?.trim() === "";
}

/** Drops empty fields past the last column, which some reports write. */
function shape({ fields }: CsvRecord, { columns }: Header): string[] {
  return fields.slice(0, columns.length);
}

function faultOf(record: CsvRecord, { columns }: Header) {
  const { fields } = record;
  if (fields.length < columns.length) {
    return { column: columns[fields.length] ?? "", reason: "SOURCE_MALFORMED" };
  }
  if (fields.slice(columns.length).some((field) => field !== "")) {
    return { column: `column${columns.length + 1}`, reason: "SOURCE_MALFORMED" };
  }
  if (!fields.some((field) => /[\x80-\xff]/.test(field))) return null;
  const garbled = fields.findIndex((field) => !isUtf8(Buffer.from(field, "latin1")));
  return garbled < 0 ? null : { column: columns[garbled] ?? "", reason: "SOURCE_ENCODING" };
}

function quote(field: string): string {
  return /^[\w.:/+-]*$/.test(field) ? field : `"${field.replaceAll('"', '""')}"`;
}

function endless(file: string, line: number): ProError {
  return new ProError("SOURCE_WRONG_FORMAT", "a line of more than 256 MiB", {
    where: { file, record: `line ${line}` },
    hint: "this is no CSV file; correct the mapping's match",
  });
}
