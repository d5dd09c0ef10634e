import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { finished } from "node:stream/promises";
import { gunzipSync } from "node:zlib";
import { numberedLines } from "./container.ts";
import { isResourceType, type ResourceType, resourceShape } from "./resources.ts";
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
      const target = join(scratch, `${basename(path)}.${judged.type}.ndjson`);
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

interface Candidate {
  where: string;
  /** The record as text on one line. */
  text: string;
}

async function* records(path: string): AsyncGenerator<Candidate> {
  if (/\.json(\.gz)?$/.test(path)) {
    yield* documentRecords(path);
    return;
  }
  for await (const [number, line] of numberedLines(path)) {
    if (line.trim()) yield { where: `line ${number}`, text: line.trim() };
  }
}

/** A JSON document: a Bundle gives its entries, anything else is one record. */
async function* documentRecords(path: string): AsyncGenerator<Candidate> {
  const bytes = await readFile(path);
  const source = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
  const document = parse(source);
  if (document?.resourceType !== "Bundle" || !Array.isArray(document.entry)) {
    yield { where: "resource", text: document === null ? source : JSON.stringify(document) };
    return;
  }
  for (const [i, entry] of document.entry.entries()) {
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
  const resource = parse(text);
  if (resource === null) return aside("SOURCE_MALFORMED");
  const type = resource.resourceType;
  if (typeof type !== "string" || !/^[A-Za-z]{1,64}$/.test(type))
    return aside("SOURCE_NOT_A_RESOURCE");
  if (!isResourceType(type)) {
    return { ...aside("SOURCE_RESOURCE_NOT_READ", type), state: "out_of_scope" };
  }
  const pointer = misfit(resource, resourceShape(type));
  return pointer === null ? { type, text } : aside("SOURCE_WRONG_TYPE", type, pointer);
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
