import { readFile as readFileText, rm } from "node:fs/promises";
import { basename, join, matchesGlob } from "node:path";
import { ProError } from "../../core/errors.ts";
import type { Adapter, AdapterInput } from "../adapter.ts";
import { nextRecordKey } from "../intake.ts";
import { compileFile } from "./compile.ts";
import type { CsvMapping, FileEntry } from "./layout.ts";
import { withLayout } from "./layouts.ts";
import { loadFile } from "./load.ts";
import { loadLookups } from "./lookups.ts";
import { checkCsvMapping } from "./mapping.ts";
import { withLittleMemory } from "./memory.ts";
import { plainText } from "./plain-text.ts";
import { type Dictionary, parseDictionary } from "./redcap-dictionary.ts";
import { dropRows, rowsPath, runStep } from "./rows.ts";

/** Delimited text as REDCap, reporting databases and spreadsheets write it; the site's mapping says what the columns mean. */
export const csv: Adapter = {
  format: "csv",

  accepts(file) {
    return /\.(csv|tsv|tab|txt|psv)(\.(gz|zst))?$|\.xlsx$/i.test(file);
  },

  async read(input) {
    const mapping = await withLayout(checkCsvMapping(input.mapping));
    const side = sideFiles(mapping, input.files);
    const plan = planFiles(mapping, input.files, { isPartial: input.isPartial === true });
    for (const [i, planned] of plan.entries()) {
      const dictionary = await readDictionary(input, planned.dictionary);
      await input.progress.stage(input.site, `read ${planned.file}`, () =>
        withLittleMemory(input.db, () =>
          readFile(input, mapping, { ...planned, dictionary, table: `csv_${i + 1}` }).catch(
            (error: unknown) => {
              throw inEntry(error, planned.index);
            },
          ),
        ),
      );
    }
    const mapped = new Set(plan.map(({ file }) => file));
    await noteFiles(input, side, "SOURCE_SIDE_FILE");
    const others = input.files.filter((file) => !mapped.has(file) && !side.includes(file));
    await noteFiles(input, others, "SOURCE_UNMAPPED_FILE");
  },
};

export interface PlannedFile {
  file: string;
  entry: FileEntry;
  /** The entry's place in the mapping. */
  index: number;
  /** Its REDCap data dictionary, if the export has one. */
  dictionary?: string | undefined;
}

/** Files that explain others: data dictionaries and lookups. */
function sideFiles(mapping: CsvMapping, files: readonly string[]): string[] {
  const globs = Object.values(mapping.lookups).map(({ match }) => match);
  for (const entry of mapping.files) {
    if (entry.kind === "wide" && entry.dictionary) globs.push(entry.dictionary);
  }
  return files.filter((file) => globs.some((glob) => isMatch(file, glob)));
}

/**
 * Which entry of the mapping reads which file, in the order of the mapping.
 *
 * @throws ProError `SOURCE_MISSING_FILE` for an entry without a file, `MAPPING_AMBIGUOUS_FILE` for a file with two entries.
 */
export function planFiles(
  mapping: CsvMapping,
  files: readonly string[],
  { isPartial = false } = {},
): PlannedFile[] {
  const taken = new Set<string>();
  const side = sideFiles(mapping, files);
  return mapping.files.flatMap((entry, i) => {
    const matched = files.filter(
      (file) =>
        isMatch(file, entry.match) && !side.includes(file) && !(entry.optional && taken.has(file)),
    );
    if (matched.length === 0 && !isPartial && !entry.optional) throw missingFile(entry.match, i);
    const twice = matched.find((file) => taken.has(file));
    if (twice) throw ambiguousFile(twice, i);
    for (const file of matched) taken.add(file);
    const glob = entry.kind === "wide" ? entry.dictionary : undefined;
    const dictionary = glob ? files.find((file) => isMatch(file, glob)) : undefined;
    return matched.map((file) => ({ file, entry, index: i, dictionary }));
  });
}

function isMatch(file: string, glob: string): boolean {
  return matchesGlob(file, glob) || matchesGlob(basename(file), glob);
}

async function readDictionary(
  { exportDirectory, scratch }: AdapterInput,
  file: string | undefined,
): Promise<Dictionary | undefined> {
  if (file === undefined) return undefined;
  const path = join(exportDirectory, file);
  const plain = await plainText({ path, file, encoding: undefined, scratch, name: "dictionary" });
  try {
    return parseDictionary(await readFileText(plain.path, "utf8"), file);
  } finally {
    for (const copy of plain.copies) await rm(copy, { force: true });
  }
}

/** What is wrong with an entry has its place in the whole mapping. */
function inEntry(error: unknown, index: number): unknown {
  if (!(error instanceof ProError) || error.code !== "MAPPING_MISSING_COLUMN") return error;
  const { code, message, where, hint } = error;
  const pointer = `files.${index}.${where.pointer}`;
  return new ProError(code, message, {
    where: { ...where, pointer },
    hint: hint ?? "",
    cause: error,
  });
}

interface ReadableFile {
  file: string;
  entry: FileEntry;
  dictionary: Dictionary | undefined;
  /** View over the rows. */
  table: string;
}

/** Ten items of so many rows are gone through in the time that ten columns take to plan. */
const LARGE_ROWS = 50_000;

async function readFile(
  input: AdapterInput,
  mapping: CsvMapping,
  { file, entry, dictionary, table }: ReadableFile,
) {
  const { db, scratch } = input;
  const path = join(input.exportDirectory, file);
  const loaded = await loadFile({ db, entry, path, file, table, scratch, dictionary });
  await loadLookups(input, mapping, loaded.entry, table);
  const firstRecordKey = await nextRecordKey(db);
  const rows = { table, path: rowsPath(scratch, table), count: loaded.records };
  const isLarge = rows.count > LARGE_ROWS;
  const steps = compileFile(loaded.entry, { ...loaded.scratch, firstRecordKey, isLarge });
  for (const step of steps) await runStep(db, step, rows);
  await dropRows(db, rows, steps);
  const { kept } = await db.one<{ kept: number }>(
    "SELECT count(*)::DOUBLE AS kept FROM intake_record WHERE record_key >= $1",
    [firstRecordKey],
  );
  if (kept !== loaded.records) {
    throw new ProError("SOURCE_COUNT", `${loaded.records} records were read, ${kept} kept`, {
      where: { file },
      hint: "this is a fault of the reader; keep the file and report it",
    });
  }
  return { rowsOut: loaded.records };
}

/** A file that no entry reads is one record out of scope, so that the steward sees it. */
async function noteFiles(
  { db }: AdapterInput,
  files: readonly string[],
  reason: "SOURCE_SIDE_FILE" | "SOURCE_UNMAPPED_FILE",
): Promise<void> {
  for (const file of files) {
    const key = await nextRecordKey(db);
    await db.run(
      `INSERT INTO intake_record (record_key, where_file, kind, state, reason)
       VALUES ($1, $2, 'file', 'out_of_scope', $3)`,
      [key, file, reason],
    );
  }
}

function missingFile(match: string, entry: number): ProError {
  return new ProError("SOURCE_MISSING_FILE", `no file of the export matches ${match}`, {
    where: { file: match, pointer: `files.${entry}.match` },
    hint: "check that the export has finished, or correct match in the mapping",
  });
}

function ambiguousFile(file: string, entry: number): ProError {
  return new ProError("MAPPING_AMBIGUOUS_FILE", "two entries of the mapping match this file", {
    where: { file, pointer: `files.${entry}.match` },
    hint: "make one of the two match patterns narrower: a file is read once",
  });
}
