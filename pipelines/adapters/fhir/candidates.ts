import { openUnpacked } from "../../core/unpack.ts";
import { bytesToText, isBlankLine, numberedLines, withoutMark } from "./container.ts";
import { entriesOf } from "./large-bundle.ts";
import { withLists } from "./shape.ts";

/** One record as it stands in a file, before anybody judged it. */
export interface Candidate {
  /** line 12, resource, entry[3] */
  where: string;
  /** The record as text on one line; null when its bytes are no text. */
  text: string | null;
  /** What the text says, where it was parsed already. */
  parsed?: unknown;
  /** Why it cannot be handed on, where that is known already. */
  refused?: string;
}

/** Whether a file is one JSON document, by its name; the others hold a record a line. */
export function isDocument(file: string): boolean {
  return /\.json(\.(gz|zst))?$/i.test(file);
}

/** The records of a JSON file: its lines, or the one document that it is. Bundles are still whole. */
export function candidatesOf(path: string): AsyncGenerator<Candidate> {
  return isDocument(path) ? documents(path) : lines(path);
}

async function* lines(path: string): AsyncGenerator<Candidate> {
  for await (const [number, line] of numberedLines(path)) {
    if (line !== null && isBlankLine(line)) continue;
    yield { where: `line ${number}`, text: line?.trim() ?? null };
  }
}

/** Larger documents are taken apart as they are read; Node holds no text of more than 512 MB. */
const WHOLE_BYTES = 64 * 2 ** 20;

async function* documents(path: string): AsyncGenerator<Candidate> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const source = (openUnpacked(path) as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  while (bytes <= WHOLE_BYTES) {
    const { value, done } = await source.next();
    if (done) {
      yield* wholeDocument(Buffer.concat(chunks));
      return;
    }
    chunks.push(value);
    bytes += value.length;
  }
  yield* entriesOf(chunks, source);
}

/** A JSON document, on one line. */
function* wholeDocument(bytes: Buffer): Generator<Candidate> {
  const source = bytesToText(bytes);
  if (source === null) {
    yield { where: "resource", text: null };
    return;
  }
  // A line break stands between members or makes the JSON invalid, so that a blank does not change what it says.
  const whole = withoutMark(source);
  const text = whole.replace(/[\r\n]+/g, " ").trim();
  if (text === "") return;
  const parsed = parseJson(text);
  yield { where: "resource", text: parsed === undefined ? whole : text, parsed };
}

/** A Bundle gives its entries, and those of Bundles inside it; anything else is one record. */
export function* unfold(candidate: Candidate): Generator<Candidate> {
  const { where, text, refused } = candidate;
  const maybe = text !== null && (candidate.parsed !== undefined || text.includes('"Bundle"'));
  const bundle = maybe && !refused ? (candidate.parsed ?? parseJson(text)) : undefined;
  const entries =
    isResource(bundle) && bundle.resourceType === "Bundle" && withLists(bundle.entry, ["JSON"]);
  if (!Array.isArray(entries) || entries.length === 0) {
    yield candidate;
    return;
  }
  const isAmbiguous = text !== null && hasKeyTwice(text, bundle);
  for (const [i, entry] of entries.entries()) {
    const place = where === "resource" ? `entry[${i}]` : `${where} entry[${i}]`;
    // Which of two members counts nobody knows, and parsing kept the second without a word.
    if (isAmbiguous) yield { where: place, text: null, refused: "SOURCE_REFUSED" };
    else yield* unfold(entryOf(entry, place));
  }
}

/** The resource of one entry. */
export function entryOf(entry: unknown, where: string): Candidate {
  const { resource, fullUrl, request } = (entry ?? {}) as Record<string, unknown>;
  // Some systems leave the wrapper out and list the resources themselves.
  const found = resource ?? deleted(request) ?? (isResource(entry) ? entry : null);
  const parsed = named(found, fullUrl);
  return { where, text: stringify(parsed), parsed };
}

/** What a bulk export or a history says was deleted: known by type and id alone. Source: Bulk Data Access, "deleted". */
function deleted(request: unknown): Resource | null {
  const { method, url } = (request ?? {}) as { method?: unknown; url?: unknown };
  const [, type, id] = /^(?:.*\/)?([A-Z][A-Za-z]*)\/([A-Za-z0-9.-]{1,64})$/.exec(String(url)) ?? [];
  if (method !== "DELETE" || !type || !id) return null;
  return { resourceType: type, id, status: "entered-in-error", [DELETED]: true };
}

/** Marks a resource of which there is nothing but its id. */
export const DELETED = "_deleted";

/** A resource that is yet to be given an id is referred to by its full URL. */
function named(resource: unknown, fullUrl: unknown): unknown {
  if (!isResource(resource) || resource.id !== undefined || typeof fullUrl !== "string")
    return resource;
  const [id] = /[^/:]+$/.exec(fullUrl) ?? [];
  return id === undefined ? resource : { ...resource, id };
}

/** Whether an object in a JSON text has a member twice, of which parsing keeps one. */
export function hasKeyTwice(text: string, parsed: unknown): boolean {
  try {
    return countKeys(text) !== countMembers(parsed);
  } catch {
    // Nested too deep to be counted: it is refused for that later.
    return false;
  }
}

/** The keys in a valid JSON text: a string before a colon. */
function countKeys(text: string): number {
  let keys = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) {
    at = endOfString(text, at);
    let next = at + 1;
    while (" \t\r\n".includes(text.charAt(next)) && next < text.length) next++;
    if (text.charAt(next) === ":") keys++;
  }
  return keys;
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charAt(end - 1 - slashes) === "\\") slashes++;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}

function countMembers(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + countMembers(one), 0);
  const members = Object.values(value);
  return members.reduce((sum: number, one) => sum + countMembers(one), members.length);
}

export interface Resource {
  resourceType: string;
  [member: string]: unknown;
}

export function isResource(value: unknown): value is Resource {
  const type = (value as Resource | null | undefined)?.resourceType;
  return !Array.isArray(value) && typeof type === "string" && /^[A-Za-z]{1,64}$/.test(type);
}

/** The JSON value of a text; undefined when it is none. */
export function parseJson(text: string): unknown {
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
