import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { DuckDb } from "../warehouse/duckdb.ts";
import type { Instrument } from "./catalogue/instrument.ts";
import { readCatalogue } from "./catalogue/read.ts";
import { ephemeral } from "./core/ephemeral.ts";
import { type OpenCsv, openCsvSource } from "./csv-source.ts";
import { type ColumnNames, readColumnNames } from "./profile/columns.ts";
import { profileCsv } from "./profile/csv.ts";
import { readMaskRules } from "./profile.ts";
import { codingOf } from "./suggest/answers.ts";
import { sumSql } from "./suggest/checks.ts";
import { type CheckSum, chooseGroups, mentions, type SumCheck } from "./suggest/choose.ts";
import { draftFile } from "./suggest/draft.ts";
import type { Group } from "./suggest/instruments.ts";
import { type FileKind, kindOf, rolesByName } from "./suggest/roles.ts";
import { scoreColumns } from "./suggest/scores.ts";
import type { Suggestion } from "./suggest/suggestion.ts";

/** What a draft says of one file. */
export interface FileDraft {
  file: string;
  kind: FileKind | null;
  why: string;
  /** One for each column, in the order of the file. */
  columns: Suggestion[];
  /** The file's entry of a mapping, as YAML with comments; null: the file says nothing that propool takes. */
  yaml: string | null;
}

/**
 * Drafts a mapping from CSV files: what each column is, how answers are coded. What is not sure is a commented line; nothing is
 * chosen silently.
 *
 * @throws ProError `SOURCE_*`.
 */
export async function suggestCsv(files: readonly string[]): Promise<FileDraft[]> {
  const scratch = await mkdtemp(join(tmpdir(), "propool-suggest-"));
  await using _scratch = ephemeral(scratch);
  const { instruments } = await readCatalogue();
  const names = await readColumnNames();
  const db = await DuckDb.open(":memory:", { temporaryDirectory: join(scratch, "spill") });
  try {
    const drafts: FileDraft[] = [];
    for (const file of files) {
      const source = await openCsvSource(file, scratch);
      try {
        drafts.push(await suggestFile({ db, file, source, instruments, names }));
      } finally {
        await source.close();
      }
    }
    return drafts;
  } finally {
    db.close();
  }
}

interface Place {
  db: DuckDb;
  file: string;
  source: OpenCsv;
  instruments: readonly Instrument[];
  names: ColumnNames;
}

async function suggestFile({ db, file, source, instruments, names }: Place): Promise<FileDraft> {
  const rules = await readMaskRules();
  const { columns } = await profileCsv(db, source, rules);
  const mentioned = mentions(columns, basename(file), instruments, names.forms);
  const stems = names.forms;
  const chosen = await chooseGroups({ columns, instruments, stems, mentioned }, (...question) =>
    checkSum(db, source, ...question),
  );
  const inGroups = chosen.flatMap(({ suggestions }) => suggestions);
  const scores = scoreColumns(columns, chosen, instruments, stems);
  const used = new Set([...inGroups, ...scores].map(({ column }) => column));
  const rest = columns.filter(({ name }) => !used.has(name));
  const found = kindOf(columns, names.columns, chosen.length > 0 || scores.length > 0);
  const roles = found ? rolesByName(rest, found.kind, names.columns) : [];
  const byName = new Map([...inGroups, ...scores, ...roles].map((one) => [one.column, one]));
  const all = columns.map(({ name }) => byName.get(name) ?? nothing(name));
  const draft = {
    file,
    kind: found?.kind ?? null,
    why: found?.why ?? "no column tells what its rows are",
    columns: all,
  };
  return {
    ...draft,
    yaml: found
      ? draftFile({ ...draft, kind: found.kind, evidence: columns, groups: chosen })
      : null,
  };
}

const nothing = (column: string): Suggestion => ({
  column,
  role: null,
  context: "",
  confidence: 0,
  reason: "nothing of the catalogue or of a person was recognised",
  alternatives: [],
});

/** What the rows say of a group's sum; null for a form without one, or with too few of its items. */
async function checkSum(
  db: DuckDb,
  source: OpenCsv,
  ...[group, totals, { offset, reversed }]: Parameters<CheckSum>
): Promise<SumCheck | null> {
  const summed = group.instrument.scores.find(({ sum }) => sum)?.sum ?? [];
  const items = [...group.parts].filter(([id]) => summed.includes(id));
  if (items.length < 3) return null;
  const { sentinels } = codingOf(group.instrument, new Map(items));
  const row = await db.one<Record<string, number | null>>(
    sumSql(source.read, {
      items: items.map(([, { name }]) => name),
      offset,
      reversed: Object.fromEntries(
        items
          .filter(([id]) => reversed.includes(id))
          .map(([id, { name }]) => [name, endsOf(group, id)]),
      ),
      sentinels: sentinels.map(Number).filter((one) => !Number.isNaN(one)),
      totals: totals.map(({ name }) => name),
    }),
  );
  const isWhole = items.length === summed.length;
  return {
    rows: Number(row.n),
    // Some of the items cannot prove a total of all of them.
    equal: isWhole
      ? totals.map((column, i) => ({ column, share: row[`s${i}`] ?? 0, n: Number(row[`m${i}`]) }))
      : [],
    correlations: items.map(([id], i) => ({ id, r: row[`c${i}`] ?? null })),
  };
}

/** What an answer and its opposite add up to. */
function endsOf({ instrument }: Group, id: string): number {
  const item = instrument.items.find((one) => one.id === id);
  const values = (instrument.answers[item?.answers ?? ""] ?? []).map(({ value }) => value ?? 0);
  return Math.min(...values) + Math.max(...values);
}
