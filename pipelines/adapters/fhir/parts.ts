import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import type { Clean } from "./judge.ts";
import type { ResourceType } from "./resources.ts";

/** A clean NDJSON file of one resource type; every record carries its file and place as `_file` and `_where`. */
export interface Part {
  type: ResourceType;
  path: string;
  records: number;
  /** Bytes of the longest record. */
  longest: number;
}

/** Parts stay small enough to be held in memory, should one have to be searched for a record that DuckDB refuses. */
const PART_BYTES = 64 * 2 ** 20;

let made = 0;

/** Writes records by type, a new file whenever one has grown large. */
export class Parts {
  readonly #scratch: string;
  readonly #open = new Map<ResourceType, Part & { stream: WriteStream; bytes: number }>();
  #done: Part[] = [];

  constructor(scratch: string) {
    this.#scratch = scratch;
  }

  async write(file: string, { type, where, text }: Clean): Promise<void> {
    const part = this.#open.get(type) ?? this.#start(type);
    const place = `{"_file":${JSON.stringify(file)},"_where":${JSON.stringify(where)}`;
    const line = `${place},${text.slice(1)}\n`;
    const bytes = Buffer.byteLength(line);
    part.records++;
    part.bytes += bytes;
    part.longest = Math.max(part.longest, bytes);
    if (!part.stream.write(line)) await once(part.stream, "drain");
    if (part.bytes > PART_BYTES) await this.#close(type);
  }

  /** The parts that were written since this was asked last. */
  async finish(): Promise<Part[]> {
    for (const type of [...this.#open.keys()]) await this.#close(type);
    const done = this.#done;
    this.#done = [];
    return done;
  }

  #start(type: ResourceType) {
    // Not named after the source: DuckDB would take a bracket or an asterisk in the name for a pattern.
    const path = join(this.#scratch, `sieved.${type}.${made++}.ndjson`);
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
