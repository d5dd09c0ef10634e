import { join } from "node:path";
import type { DocumentPlace } from "./rows.ts";
import { listZip, type ZipEntry, ZipError } from "./zip.ts";

/** One document to read, or one file to account for. */
export interface Job extends DocumentPlace {
  recordKey: bigint;
  /** The document's place in a package; left out: it is the whole file. */
  entry?: ZipEntry | undefined;
  /** Reason not to open it. */
  refused?: string | undefined;
}

/** What a package holds beside its documents: the description that XDM asks for. */
const DESCRIPTION = /(^|\/)metadata\.xml$/i;

/**
 * The documents of the export's files, numbered in their order. A package (XDM) holds several; one that cannot be read or
 * holds none is one record that says so.
 */
export function* jobsOf(
  exportDirectory: string,
  files: readonly string[],
  firstKey: bigint,
): Generator<Job> {
  let recordKey = firstKey;
  for (const file of files) {
    for (const job of documentsOf(exportDirectory, file)) yield { recordKey: recordKey++, ...job };
  }
}

function documentsOf(exportDirectory: string, file: string): Omit<Job, "recordKey">[] {
  if (!/\.(zip|xdm)$/i.test(file)) return [{ file }];
  try {
    const documents = listZip(join(exportDirectory, file)).filter(
      ({ name }) => /\.(xml|ccda|cda)$/i.test(name) && !DESCRIPTION.test(name),
    );
    if (documents.length === 0) return [{ file, refused: "SOURCE_NOTHING_TO_LOAD" }];
    return documents.map((entry) => ({ file, record: entry.name, entry }));
  } catch (error) {
    return [
      { file, refused: error instanceof ZipError ? "SOURCE_BAD_PACKAGE" : "SOURCE_UNREADABLE" },
    ];
  }
}
