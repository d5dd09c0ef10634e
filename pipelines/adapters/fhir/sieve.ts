import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { gunzipSync } from "node:zlib";
import { bytesToText, isBlankLine, numberedLines, withoutMark } from "./container.ts";
import { isResourceType, type ResourceType, reasonNotRead, resourceShape } from "./resources.ts";
import { misfit } from "./shape.ts";

/** A record that is not handed on, and why. */
export interface SetAside {
  where: string;
  kind: string;
  state: "quarantined" | "out_of_scope";
  reason: string;
  pointer: string | null;
}

export interface Sieved {
  /** Clean NDJSON files of one resource type each; every record carries its place as `_where`. */
  files: { type: ResourceType; path: string; records: number }[];
  setAside: SetAside[];
}

/**
 * The careful way for a file that the strict reader refuses or that is no NDJSON of one type: every record is parsed on its
 * own, the good ones are written by type to `scratch`, the others are set aside with their place. Slower than SQL, and only used
 * for such files.
 */
export async function sieve(path: string, scratch: string): Promise<Sieved> {
  const writers = new Map<ResourceType, { path: string; stream: WriteStream; records: number }>();
  const setAside: SetAside[] = [];
  for await (const record of records(path)) {
    const judged = judge(record);
    if ("state" in judged) {
      setAside.push(judged);
      continue;
    }
    let writer = writers.get(judged.type);
    if (!writer) {
      // Not named after the source: DuckDB would take a bracket or an asterisk in the name for a pattern.
      const target = join(scratch, `sieved.${judged.type}.ndjson`);
      writer = { path: target, stream: createWriteStream(target, { mode: 0o600 }), records: 0 };
      writers.set(judged.type, writer);
    }
    writer.records++;
    const place = `{"_where":${JSON.stringify(record.where)},`;
    if (!writer.stream.write(`${place}${judged.text.slice(1)}\n`)) {
      await once(writer.stream, "drain");
    }
  }
  const files: Sieved["files"] = [];
  for (const [type, { path: target, stream, records: count }] of writers) {
    stream.end();
    await finished(stream);
    files.push({ type, path: target, records: count });
  }
  return { files, setAside };
}

/** Whether a file is one JSON document, by its name; the others hold a record a line. */
export function isDocument(file: string): boolean {
  return /\.json(\.gz)?$/i.test(file);
}

interface Candidate {
  where: string;
  /** The record as text on one line; null when its bytes are no text. */
  text: string | null;
}

async function* records(path: string): AsyncGenerator<Candidate> {
  if (isDocument(path)) {
    yield* documentRecords(path);
    return;
  }
  for await (const [number, line] of numberedLines(path)) {
    if (line !== null && isBlankLine(line)) continue;
    yield { where: `line ${number}`, text: line?.trim() ?? null };
  }
}

/** A JSON document: a Bundle gives its entries, anything else is one record. */
async function* documentRecords(path: string): AsyncGenerator<Candidate> {
  const bytes = await readFile(path);
  const source = bytesToText(/\.gz$/i.test(path) ? gunzipSync(bytes) : bytes);
  if (source === null) {
    yield { where: "resource", text: null };
    return;
  }
  // A line break stands between members or makes the JSON invalid, so that a blank does not change what it says.
  const text = withoutMark(source)
    .replace(/[\r\n]+/g, " ")
    .trim();
  if (text === "") return;
  const document = parse(text);
  const entries = isResource(document) && document.resourceType === "Bundle" && document.entry;
  if (!Array.isArray(entries) || entries.length === 0) {
    yield { where: "resource", text: document === undefined ? source : text };
    return;
  }
  for (const [i, entry] of entries.entries()) {
    yield { where: `entry[${i}]`, text: JSON.stringify(entry?.resource ?? null) };
  }
}

function judge({ where, text }: Candidate): SetAside | { type: ResourceType; text: string } {
  const aside = (reason: string, kind = "resource", pointer: string | null = null): SetAside => ({
    where,
    kind,
    state: "quarantined",
    reason,
    pointer,
  });
  if (text === null) return aside("SOURCE_REFUSED");
  const resource = parse(text);
  if (resource === undefined) return aside("SOURCE_MALFORMED");
  if (!isResource(resource)) return aside("SOURCE_NOT_A_RESOURCE");
  const type = resource.resourceType;
  if (type === "Bundle" && misfit(resource.entry, ["JSON"]) !== null)
    return aside("SOURCE_WRONG_TYPE", type, "/entry");
  if (!isResourceType(type)) return { ...aside(reasonNotRead(type), type), state: "out_of_scope" };
  const pointer = misfit(resource, resourceShape(type));
  return pointer === null ? { type, text } : aside("SOURCE_WRONG_TYPE", type, pointer);
}

interface Resource {
  resourceType: string;
  [member: string]: unknown;
}

function isResource(value: unknown): value is Resource {
  const type = (value as Resource | null | undefined)?.resourceType;
  return !Array.isArray(value) && typeof type === "string" && /^[A-Za-z]{1,64}$/.test(type);
}

/** The JSON value of a text; undefined when it is none. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
