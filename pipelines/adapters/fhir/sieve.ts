import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { bytesToText, isBlankLine, numberedLines, readBytes, withoutMark } from "./container.ts";
import { mayBeOlder, normalise } from "./normalise.ts";
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
  files: SievedFile[];
  setAside: SetAside[];
  /** Lines or documents that were looked at; a Bundle is one, however many records it holds. */
  candidates: number;
}

export interface SievedFile {
  type: ResourceType;
  path: string;
  records: number;
  /** Bytes of the longest record. */
  longest: number;
}

/** Parts stay small enough to be held in memory, should one have to be searched for a record that DuckDB refuses. */
const PART_BYTES = 64 * 2 ** 20;

/**
 * The careful way for a file that the strict reader refuses or that is no NDJSON of one type: every record is parsed on its
 * own, the good ones are written by type to `scratch`, the others are set aside with their place. Slower than SQL, and only used
 * for such files.
 */
export async function sieve(path: string, scratch: string): Promise<Sieved> {
  const parts = new Parts(scratch);
  const setAside: SetAside[] = [];
  let candidates = 0;
  for await (const candidate of isDocument(path) ? documents(path) : lines(path)) {
    candidates++;
    for (const record of unfold(candidate)) {
      const judged = judge(record);
      if ("state" in judged) setAside.push(judged);
      else await parts.write(judged.type, record.where, judged.text);
    }
  }
  return { files: await parts.finish(), setAside, candidates };
}

/** Writes records by type, a new file whenever one has grown large. */
class Parts {
  readonly #scratch: string;
  readonly #open = new Map<ResourceType, SievedFile & { stream: WriteStream; bytes: number }>();
  readonly #done: SievedFile[] = [];

  constructor(scratch: string) {
    this.#scratch = scratch;
  }

  async write(type: ResourceType, where: string, text: string): Promise<void> {
    const part = this.#open.get(type) ?? this.#start(type);
    const line = `{"_where":${JSON.stringify(where)},${text.slice(1)}\n`;
    const bytes = Buffer.byteLength(line);
    part.records++;
    part.bytes += bytes;
    part.longest = Math.max(part.longest, bytes);
    if (!part.stream.write(line)) await once(part.stream, "drain");
    if (part.bytes > PART_BYTES) await this.#close(type);
  }

  async finish(): Promise<SievedFile[]> {
    for (const type of [...this.#open.keys()]) await this.#close(type);
    return this.#done;
  }

  #start(type: ResourceType) {
    // Not named after the source: DuckDB would take a bracket or an asterisk in the name for a pattern.
    const path = join(this.#scratch, `sieved.${type}.${this.#done.length}.ndjson`);
    const stream = createWriteStream(path, { mode: 0o600 });
    const part = { type, path, stream, records: 0, bytes: 0, longest: 0 };
    this.#open.set(type, part);
    return part;
  }

  async #close(type: ResourceType): Promise<void> {
    const part = this.#open.get(type);
    if (!part) return;
    this.#open.delete(type);
    part.stream.end();
    await finished(part.stream);
    const { path, records, longest } = part;
    this.#done.push({ type, path, records, longest });
  }
}

/** Whether a file is one JSON document, by its name; the others hold a record a line. */
export function isDocument(file: string): boolean {
  return /\.json(\.(gz|zst))?$/i.test(file);
}

interface Candidate {
  where: string;
  /** The record as text on one line; null when its bytes are no text. */
  text: string | null;
  /** What the text says, where it was parsed already. */
  parsed?: unknown;
}

async function* lines(path: string): AsyncGenerator<Candidate> {
  for await (const [number, line] of numberedLines(path)) {
    if (line !== null && isBlankLine(line)) continue;
    yield { where: `line ${number}`, text: line?.trim() ?? null };
  }
}

/** A JSON document, on one line. */
async function* documents(path: string): AsyncGenerator<Candidate> {
  const source = bytesToText(await readBytes(path));
  if (source === null) {
    yield { where: "resource", text: null };
    return;
  }
  // A line break stands between members or makes the JSON invalid, so that a blank does not change what it says.
  const whole = withoutMark(source);
  const text = whole.replace(/[\r\n]+/g, " ").trim();
  if (text === "") return;
  const parsed = parse(text);
  yield { where: "resource", text: parsed === undefined ? whole : text, parsed };
}

/** A Bundle gives its entries, and those of Bundles inside it; anything else is one record. */
function* unfold(candidate: Candidate): Generator<Candidate> {
  const { where, text } = candidate;
  if (text === null || (candidate.parsed === undefined && !text.includes('"Bundle"'))) {
    yield candidate;
    return;
  }
  const bundle = candidate.parsed ?? parse(text);
  const entries = isResource(bundle) && bundle.resourceType === "Bundle" && bundle.entry;
  if (!Array.isArray(entries) || entries.length === 0) {
    yield candidate;
    return;
  }
  for (const [i, entry] of entries.entries()) {
    const resource = named(entry?.resource ?? null, entry?.fullUrl);
    const place = where === "resource" ? `entry[${i}]` : `${where} entry[${i}]`;
    yield* unfold({ where: place, text: stringify(resource), parsed: resource });
  }
}

/** A resource that is yet to be given an id is referred to by its full URL. */
function named(resource: unknown, fullUrl: unknown): unknown {
  if (!isResource(resource) || resource.id !== undefined || typeof fullUrl !== "string")
    return resource;
  const [id] = /[^/:]+$/.exec(fullUrl) ?? [];
  return id === undefined ? resource : { ...resource, id };
}

function judge({
  where,
  text,
  parsed,
}: Candidate): SetAside | { type: ResourceType; text: string } {
  const aside = (reason: string, kind = "resource", pointer: string | null = null): SetAside => ({
    where,
    kind,
    state: "quarantined",
    reason,
    pointer,
  });
  if (text === null) return aside("SOURCE_REFUSED");
  const resource = parsed ?? parse(text);
  if (resource === undefined) return aside("SOURCE_MALFORMED");
  if (isManifest(resource)) {
    return { ...aside("SOURCE_MANIFEST", "manifest"), state: "out_of_scope" };
  }
  if (!isResource(resource)) return aside("SOURCE_NOT_A_RESOURCE");
  const type = resource.resourceType;
  try {
    if (type === "Bundle" && misfit(resource.entry, ["JSON"]) !== null)
      return aside("SOURCE_WRONG_TYPE", type, "/entry");
    if (!isResourceType(type)) {
      return { ...aside(reasonNotRead(type), type), state: "out_of_scope" };
    }
    const today = mayBeOlder(text) ? normalise(resource) : resource;
    const pointer = misfit(today, resourceShape(type));
    if (pointer !== null) return aside("SOURCE_WRONG_TYPE", type, pointer);
    return { type, text: today === resource ? text : JSON.stringify(today) };
  } catch (error) {
    if (error instanceof TypeError) return aside("SOURCE_WRONG_TYPE", type, "/group");
    if (error instanceof RangeError) return aside("SOURCE_TOO_DEEP", type);
    throw error;
  }
}

/** The manifest of a bulk export lists files, and is no resource. */
function isManifest(value: unknown): boolean {
  const { transactionTime, output, resourceType } = (value ?? {}) as Record<string, unknown>;
  return resourceType === undefined && typeof transactionTime === "string" && Array.isArray(output);
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

/** JSON text; a value that is nested too deep for that gives a text that is none, and is set aside. */
function stringify(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return "";
  }
}
