import { availableParallelism } from "node:os";
import { openUnpacked } from "../../core/unpack.ts";
import type { AdapterInput } from "../adapter.ts";
import { inWorkers } from "../xml/pool.ts";
import type { Clean, SetAside } from "./judge.ts";
import { empty, unreadable } from "./refusals.ts";
import type { Sieve } from "./sieve.ts";

// The build turns the name into that of the compiled file.
const SCRIPT = new URL("./xml-worker.ts", import.meta.url);

/** What a thread makes of a file: its records as JSON, or why it cannot be read as a whole. */
export interface XmlRead {
  records: (Clean | SetAside)[];
  /** The whole file is unusable and stops the night. */
  failure?: "empty" | { code?: string | undefined };
}

export function isXml(file: string): boolean {
  return /\.xml(\.(gz|zst))?$/i.test(file);
}

/** Whether an XML file speaks FHIR, by the name space at its beginning. */
export async function isFhirXml(path: string): Promise<boolean> {
  for await (const chunk of openUnpacked(path) as AsyncIterable<Buffer>) {
    // UTF-16 has a NUL beside each of these characters.
    const head = chunk.toString("latin1").replaceAll("\0", "");
    return /xmlns(:[\w.-]+)?\s*=\s*["']http:\/\/hl7\.org\/fhir["']/.test(head);
  }
  return false;
}

/**
 * Reads files of FHIR XML in worker threads, in their order. A document that cannot be parsed is one quarantined record.
 *
 * @throws ProError `SOURCE_EMPTY`, `SOURCE_UNREADABLE`.
 */
export async function readXmlFiles(
  { exportDirectory }: AdapterInput,
  files: readonly string[],
  sieve: Sieve,
): Promise<void> {
  if (files.length === 0) return;
  const results = inWorkers<string, XmlRead>(files, {
    script: SCRIPT,
    start: { exportDirectory },
    size: Math.min(availableParallelism(), files.length),
    lost: () => ({ records: [refusal("SOURCE_UNREADABLE")] }),
  });
  let at = 0;
  for await (const { records, failure } of results) {
    const file = files[at++] ?? "";
    if (failure === "empty") throw empty(file);
    if (failure) throw unreadable(file, failure);
    for (const record of records) await sieve.take(file, record);
  }
}

/** A document that is one record, quarantined. */
export function refusal(reason: string, pointer: string | null = null): SetAside {
  return { where: "resource", kind: "resource", state: "quarantined", reason, pointer };
}
