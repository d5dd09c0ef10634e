import { join } from "node:path";
import { ProError } from "../../core/errors.ts";
import { refuseMisnamed } from "../../core/unpack.ts";
import type { AdapterInput } from "../adapter.ts";
import { candidatesOf, isDocument } from "./candidates.ts";
import { countRecords, isBlankLine, numberedLines } from "./container.ts";
import { empty, unreadable } from "./refusals.ts";
import { Sieve } from "./sieve.ts";
import { readStrictly } from "./strict.ts";
import { isXml, readXmlFiles } from "./xml.ts";

/**
 * Reads files into the resource tables. NDJSON of one resource type takes the fast way: DuckDB's strict reader. A file that it
 * refuses, mixed files, files with blank lines between records (whose line numbers only a line-by-line reader knows), Bundles
 * and single resources go through the sieve, XML through worker threads. Either way the number of records is proven.
 *
 * @throws ProError `SOURCE_EMPTY`, `SOURCE_UNREADABLE`, `SOURCE_COUNT`.
 */
export async function readFhirFiles(input: AdapterInput, files: readonly string[]): Promise<void> {
  const sieve = new Sieve(input.db, input.scratch);
  for (const file of files) if (!isXml(file)) await readJson(input, file, sieve);
  await readXmlFiles(input, files.filter(isXml), sieve);
  await sieve.finish();
}

async function readJson(input: AdapterInput, file: string, sieve: Sieve): Promise<void> {
  const path = join(input.exportDirectory, file);
  await refuseMisnamed(path, file);
  const counted = isDocument(file) ? null : await provenCount(path, file);
  if (counted && !counted.hasGap) {
    const type = await firstType(path);
    const { records: expected, longest } = counted;
    // A line that is a Bundle is as many records as it has entries: only the sieve takes it apart.
    const found = type && type !== "Bundle" && { path, file, type, expected, longest };
    if (found && (await readStrictly(input.db, input.scratch, found))) return;
  }
  const read = await sieve.add(file, candidatesOf(path)).catch((cause) => {
    throw unreadable(file, cause);
  });
  if (read === 0) throw empty(file);
  if (counted && read !== counted.records) {
    throw new ProError(
      "SOURCE_COUNT",
      `${counted.records} lines were counted but ${read} were read`,
      {
        where: { file },
        hint: "nothing of this night was loaded; the file may have changed while it was read",
      },
    );
  }
}

async function provenCount(path: string, file: string) {
  const counted = await countRecords(path).catch((cause) => {
    throw unreadable(file, cause);
  });
  if (counted.records === 0) throw empty(file);
  return counted;
}

/** The resource type of the first record, or null when that record does not say one. */
async function firstType(path: string): Promise<string | null> {
  for await (const [, line] of numberedLines(path)) {
    if (line === null) return null;
    if (isBlankLine(line)) continue;
    try {
      const type = JSON.parse(line)?.resourceType;
      return typeof type === "string" && /^[A-Za-z]{1,64}$/.test(type) ? type : null;
    } catch {
      return null;
    }
  }
  return null;
}
