import { mkdtemp, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DuckDb } from "../warehouse/duckdb.ts";
import { isSmall } from "../warehouse/small.ts";
import { isFhirXml, isXml } from "./adapters/fhir/xml.ts";
import { ADAPTERS } from "./adapters/index.ts";
import { readCatalogueOf } from "./catalogue/read.ts";
import { ephemeral } from "./core/ephemeral.ts";
import { ProError } from "./core/errors.ts";
import { askRows, openCsvSource } from "./csv-source.ts";
import { readWordLists } from "./mapping/words.ts";
import { filesToRead } from "./preview.ts";
import { readColumnNames } from "./profile/columns.ts";
import { profileCsv } from "./profile/csv.ts";
import type { FileProfile } from "./profile/field.ts";
import type { MaskRules } from "./profile/mask.ts";
import { profileCcda } from "./profile-ccda.ts";
import { profileFhirFiles } from "./profile-fhir.ts";

/**
 * What is in the files of an export: one profile a file. Values that may identify a person are shown as shapes only. It reads
 * each file as a stream and keeps nothing.
 *
 * @param options.siteDirectory a site whose own instruments count too
 * @param options.sheet of a workbook with several
 * @throws ProError `SOURCE_*`.
 */
export async function* profileFiles(
  files: readonly string[],
  { siteDirectory, sheet }: { siteDirectory?: string | undefined; sheet?: string | undefined } = {},
): AsyncGenerator<FileProfile> {
  const scratch = await mkdtemp(join(tmpdir(), "propool-profile-"));
  await using _scratch = ephemeral(scratch);
  const rules = await readMaskRules(siteDirectory);
  const paths = await filesToRead(files);
  const db = await DuckDb.open(":memory:", {
    temporaryDirectory: join(scratch, "spill"),
    folders: [scratch, ...paths],
    small: await isSmall(paths),
  });
  try {
    await db.run("SET preserve_insertion_order = false");
    for (const group of await groupsOf(paths)) {
      const started = performance.now();
      const found = await profileGroup({ db, ...group, scratch, rules, sheet });
      const [file = ""] = group.files;
      const name =
        group.files.length > 1 ? `${group.files.length} files in ${dirname(file)}` : file;
      const seconds = (performance.now() - started) / 1000;
      yield { file: name, bytes: group.bytes, ...found, seconds };
    }
  } finally {
    db.close();
  }
}

/** Files that are profiled together: documents and single resources are one record each. */
interface Group {
  format: keyof typeof ADAPTERS;
  files: string[];
  bytes: number;
}

async function groupsOf(files: readonly string[]): Promise<Group[]> {
  const groups: Group[] = [];
  for (const file of files) {
    const bytes = await sizeOf(file);
    const format = await formatOf(file);
    const isOne = format === "csv" || isLines(file);
    const together = isOne
      ? undefined
      : groups.find(({ files: [first = ""], ...group }) => {
          return group.format === format && !isLines(first) && isXml(first) === isXml(file);
        });
    if (together) {
      together.files.push(file);
      together.bytes += bytes;
    } else groups.push({ format, files: [file], bytes });
  }
  return groups;
}

const isLines = (file: string): boolean => /\.(ndjson|jsonl)(\.(gz|zst))?$/i.test(file);

interface Place extends Group {
  db: DuckDb;
  scratch: string;
  rules: MaskRules;
  sheet: string | undefined;
}

type Found = Omit<FileProfile, "file" | "bytes" | "seconds">;

function profileGroup(place: Place): Promise<Found> {
  switch (place.format) {
    case "csv":
      return ofCsv(place);
    case "fhir":
      return profileFhirFiles(place);
    case "ccda":
      return ofCcda(place);
  }
}

/** The format that a file's name tells, of XML its beginning. @throws ProError `SOURCE_WRONG_FORMAT`, `SOURCE_UNREADABLE`. */
export async function formatOf(file: string): Promise<keyof typeof ADAPTERS> {
  const [only, other] = Object.values(ADAPTERS).filter((adapter) => adapter.accepts(file));
  if (only && !other) return only.format as keyof typeof ADAPTERS;
  if (only && other) return (await isFhirXml(file)) ? "fhir" : "ccda";
  throw new ProError("SOURCE_WRONG_FORMAT", "the file's name tells no known format", {
    where: { file },
    hint: "name it .csv, .tsv, .ndjson, .json or .xml, as what it holds",
  });
}

/**
 * What may be shown of values: the words of our own lists, and the names that identify.
 *
 * @param siteDirectory a site whose own instruments count too
 */
export async function readMaskRules(siteDirectory?: string): Promise<MaskRules> {
  const { identifying } = await readColumnNames();
  const { instruments } = await readCatalogueOf(siteDirectory ?? null);
  const labels = instruments.flatMap(({ answers }) =>
    Object.values(answers).flatMap((list) => list.map(({ label }) => label)),
  );
  const lists = Object.values(await readWordLists()).flatMap((list) => Object.keys(list));
  const known = [...labels, ...lists, ...OWN].map((word) => word.toLowerCase());
  return { identifying, known: new Set(known) };
}

const OWN = ["yes", "no", "y", "n", "true", "false", "na", "n/a", "null", "none", "unknown", "."];

const RAGGED = "some lines do not fit their columns; the night names and quarantines them";

async function ofCsv({ db, files, scratch, rules, sheet }: Place): Promise<Found> {
  const [file = ""] = files;
  const source = await openCsvSource(file, { scratch, db, sheet });
  try {
    const { answer, isLoose } = await askRows(source, (read) =>
      profileCsv(db, { columns: source.columns, read }, rules),
    );
    const notes = isLoose ? [...source.notes, RAGGED] : source.notes;
    return {
      format: "csv",
      records: { row: answer.rows },
      unread: {},
      notes,
      fields: answer.fields,
    };
  } finally {
    await source.close();
  }
}

async function ofCcda({ files, bytes, rules }: Place): Promise<Found> {
  const { records, unread, fields } = await profileCcda(files, bytes, rules);
  if (Object.keys(records).length > 0)
    return { format: "ccda", records, unread, notes: [], fields };
  const [file = ""] = files;
  const [reason = "SOURCE_NOT_CCDA"] = Object.keys(unread);
  throw new ProError("SOURCE_WRONG_FORMAT", `the file holds no C-CDA document (${reason})`, {
    where: { file },
    hint: "profile reads C-CDA documents and packages of them (.xml, .zip)",
  });
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => null);
  if (found?.isFile()) return found.size;
  throw new ProError("SOURCE_MISSING_FILE", "the file is not there, or is a folder", {
    where: { file },
    hint: "check the name; a shell writes all files of a folder as export/*",
  });
}
