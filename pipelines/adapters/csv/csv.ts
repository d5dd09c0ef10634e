import { basename, join, matchesGlob } from "node:path";
import { ProError } from "../../core/errors.ts";
import type { Adapter, AdapterInput } from "../adapter.ts";
import { nextRecordKey } from "../intake.ts";
import { compileFile } from "./compile.ts";
import type { CsvMapping, FileEntry } from "./layout.ts";
import { loadFile } from "./load.ts";
import { checkCsvMapping } from "./mapping.ts";

/** Delimited text as REDCap, reporting databases and spreadsheets write it; the site's mapping says what the columns mean. */
export const csv: Adapter = {
  format: "csv",

  accepts(file) {
    return /\.(csv|tsv|tab|txt|psv)(\.gz)?$/i.test(file);
  },

  async read(input) {
    const mapping = checkCsvMapping(input.mapping);
    const plan = planFiles(mapping, input.files, { isPartial: input.isPartial === true });
    for (const [i, { file, entry }] of plan.entries()) {
      await input.progress.stage(input.site, `read ${file}`, () =>
        readFile(input, entry, file, `csv_${i + 1}`),
      );
    }
    await noteUnmapped(input, plan);
  },
};

interface PlannedFile {
  file: string;
  entry: FileEntry;
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
  return mapping.files.flatMap((entry, i) => {
    const matched = files.filter((file) => isMatch(file, entry.match));
    if (matched.length === 0 && !isPartial) throw missingFile(entry.match, i);
    const twice = matched.find((file) => taken.has(file));
    if (twice) throw ambiguousFile(twice, i);
    for (const file of matched) taken.add(file);
    return matched.map((file) => ({ file, entry }));
  });
}

function isMatch(file: string, glob: string): boolean {
  return matchesGlob(file, glob) || matchesGlob(basename(file), glob);
}

async function readFile(input: AdapterInput, entry: FileEntry, file: string, table: string) {
  const { db, scratch } = input;
  const path = join(input.exportDirectory, file);
  const loaded = await loadFile({ db, entry, path, file, table, scratch });
  const firstRecordKey = await nextRecordKey(db);
  for (const step of compileFile(entry, { ...loaded.scratch, firstRecordKey })) {
    await db.run(step.sql);
  }
  for (const done of [table, `${table}_refused`, `${table}_answer`]) {
    await db.run(`DROP TABLE IF EXISTS ${done}`);
  }
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

/** A file that no entry matches is one record out of scope, so that the steward sees it. */
async function noteUnmapped(input: AdapterInput, plan: readonly PlannedFile[]): Promise<void> {
  const mapped = new Set(plan.map(({ file }) => file));
  for (const file of input.files) {
    if (mapped.has(file)) continue;
    const key = await nextRecordKey(input.db);
    await input.db.run(
      `INSERT INTO intake_record (record_key, where_file, kind, state, reason)
       VALUES ($1, $2, 'file', 'out_of_scope', 'SOURCE_UNMAPPED_FILE')`,
      [key, file],
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
