import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, matchesGlob } from "node:path";
import { DuckDb } from "../warehouse/duckdb.ts";
import { isSmall } from "../warehouse/small.ts";
import { layoutNames, readLayout } from "./adapters/csv/layouts.ts";
import { columnUses } from "./adapters/csv/mapping.ts";
import type { Instrument } from "./catalogue/instrument.ts";
import { readCatalogueOf } from "./catalogue/read.ts";
import { ownSchemaLine } from "./configuration/schema-line.ts";
import { ephemeral } from "./core/ephemeral.ts";
import { askRows, type OpenCsv, openCsvSource } from "./csv-source.ts";
import { readWordLists } from "./mapping/words.ts";
import { type ColumnNames, readColumnNames } from "./profile/columns.ts";
import { profileCsv } from "./profile/csv.ts";
import { isShared, type MaskRules } from "./profile/mask.ts";
import { readMaskRules } from "./profile.ts";
import { codingOf } from "./suggest/answers.ts";
import { sumSql } from "./suggest/checks.ts";
import { type CheckSum, chooseGroups, mentions, type SumCheck } from "./suggest/choose.ts";
import { type DraftInput, draftFile } from "./suggest/draft.ts";
import { isCopyOf } from "./suggest/hints.ts";
import { type Group, keysOf } from "./suggest/instruments.ts";
import { isRedcap, type KnownLayout, layoutOf, type OpenedFile } from "./suggest/layout-of.ts";
import { type FileKind, kindOf, rolesByName, rolesOfForms } from "./suggest/roles.ts";
import { scoreColumns } from "./suggest/scores.ts";
import type { Suggestion } from "./suggest/suggestion.ts";
import { localCodes } from "./suggest-codes.ts";
import { dictionaryQuestions, isDictionary, isDictionaryName } from "./suggest-dictionary.ts";

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

/** What a draft says of an export. */
export interface MappingDraft {
  /** A layout that the files follow; their own entries are then left out. */
  layout: string | null;
  files: FileDraft[];
}

/**
 * Drafts a mapping from CSV files: what each column is, how answers are coded. What is not sure is a commented line; nothing is
 * chosen silently.
 *
 * @param options.siteDirectory a site whose own instruments count too
 * @param options.sheet of a workbook with several
 * @throws ProError `SOURCE_*`.
 */
export async function suggestCsv(
  paths: readonly string[],
  {
    withLayouts = true,
    siteDirectory,
    sheet,
  }: { withLayouts?: boolean; siteDirectory?: string | undefined; sheet?: string | undefined } = {},
): Promise<MappingDraft> {
  const scratch = await mkdtemp(join(tmpdir(), "propool-suggest-"));
  await using _scratch = ephemeral(scratch);
  const { instruments } = await readCatalogueOf(siteDirectory ?? null);
  const names = await readColumnNames();
  const rules = await readMaskRules(siteDirectory);
  const db = await DuckDb.open(":memory:", {
    temporaryDirectory: join(scratch, "spill"),
    folders: [scratch, ...paths],
    small: await isSmall(paths),
  });
  try {
    const done = new Map<string, { opened: OpenedFile; found: Suggested }>();
    const questions: Record<string, string> = {};
    // A data dictionary says what the columns of the other files ask.
    const [first, rest] = [
      paths.filter(isDictionaryName),
      paths.filter((one) => !isDictionaryName(one)),
    ];
    for (const file of [...first, ...rest]) {
      const source = await openCsvSource(file, { scratch, db, sheet });
      try {
        Object.assign(questions, await dictionaryQuestions(db, source));
        const opened = { file: basename(file), columns: source.columns };
        const place = { db, file, source, instruments, names, rules, questions };
        done.set(file, { opened, found: await suggestFile(place) });
      } finally {
        await source.close();
      }
    }
    const results = paths.flatMap((file) => done.get(file) ?? []);
    const opened = results.map((one) => one.opened);
    const found = results.map((one) => one.found);
    const hasPatients = found.some(({ draft }) => draft.kind === "patients");
    const files = found.map(({ draft, input }) => ({
      ...draft,
      yaml: input && draftFile({ ...input, hasPatients }),
    }));
    return withLayouts ? applyLayout(files, opened, await knownLayouts()) : { layout: null, files };
  } finally {
    db.close();
  }
}

/** The shared layouts, with the role that each gives its columns. */
async function knownLayouts(): Promise<KnownLayout[]> {
  const layouts = [];
  for (const name of await layoutNames()) {
    const { files } = await readLayout(name);
    layouts.push({
      name,
      files: files.map((entry) => ({
        match: entry.match,
        columns: columnUses(entry).map(({ column, optional, pointer }) => ({
          column,
          optional,
          role: pointer.replace(/^columns\./, "").replace(/\.\d+$/, ""),
        })),
      })),
    });
  }
  return layouts;
}

/** Where the files follow a layout that propool knows, the layout says what their columns are. */
function applyLayout(
  files: readonly FileDraft[],
  opened: readonly OpenedFile[],
  layouts: readonly KnownLayout[],
): MappingDraft {
  const found = layoutOf(opened, layouts, (file, glob) => matchesGlob(file, glob));
  const redcap = opened.some(({ columns }) => isRedcap(columns)) ? "redcap" : null;
  if (!found) return { layout: redcap, files: [...files] };
  return {
    layout: found.name,
    files: files.map((draft, i) => {
      const roles = found.files.get(opened[i]?.file ?? "");
      if (!roles) return draft;
      const columns = draft.columns.map(({ column }) => ({
        ...nothing(column),
        role: roles.get(column) ?? null,
        confidence: roles.has(column) ? 0.97 : 0,
        reason: `the layout ${found.name} reads it so`,
      }));
      return { ...draft, why: `it follows the layout ${found.name}`, columns, yaml: null };
    }),
  };
}

interface Place {
  db: DuckDb;
  file: string;
  source: OpenCsv;
  instruments: readonly Instrument[];
  names: ColumnNames;
  rules: MaskRules;
  /** What columns ask, by their names in small letters. */
  questions: Readonly<Record<string, string>>;
}

interface Suggested {
  draft: Omit<FileDraft, "yaml">;
  /** Null: the file says nothing that propool takes. */
  input: Omit<DraftInput, "hasPatients"> | null;
}

async function suggestFile(place: Place): Promise<Suggested> {
  const { db, file, source, instruments, names, rules, questions } = place;
  const { answer, isLoose } = await askRows(source, (read) =>
    profileCsv(db, { columns: source.columns, read }, rules),
  );
  const all = answer.columns.map((column) => {
    const question = source.labels[column.name] ?? questions[column.name.toLowerCase()];
    return { ...column, question };
  });
  const { repeated } = source;
  // A name that the header has twice tells nothing.
  const columns = all.filter(({ name }) => !repeated.some((one) => isCopyOf(name, one)));
  const read = isLoose ? source.readLoosely : source.read;
  const words = roleWords(await readWordLists());
  const mentioned = mentions(columns, basename(file), instruments, names.forms);
  const stems = names.forms;
  const chosen = await chooseGroups({ columns, instruments, stems, mentioned }, (...question) =>
    checkSum(db, read, ...question),
  );
  const inGroups = chosen.flatMap(({ suggestions }) => suggestions);
  const scores = scoreColumns(columns, chosen, instruments, stems);
  const recognised = new Set([...inGroups, ...scores].map(({ role }) => role?.split("/")[0]));
  const forms = instruments
    .filter(({ id }) => recognised.has(id))
    .map((one) => ({ instrument: one.id, keys: keysOf(one, stems) }));
  const known = new Set([...inGroups, ...scores].map(({ column }) => column));
  const open = columns.filter(({ name }) => !known.has(name));
  const ofForms = rolesOfForms(open, names.columns, forms);
  const used = new Set([...known, ...ofForms.map(({ column }) => column)]);
  const rest = columns.filter(({ name }) => !used.has(name));
  const found = kindOf(columns, names, chosen.length > 0 || scores.length > 0);
  const roles = found ? rolesByName(rest, found.kind, names, words) : [];
  const byName = new Map(
    [...inGroups, ...scores, ...ofForms, ...roles].map((one) => [one.column, one]),
  );
  const suggested = all.map(({ name }) => byName.get(name) ?? nothing(name));
  const none = isDictionary(all.map(({ name }) => name))
    ? DICTIONARY
    : answer.rows === 0
      ? "it has no rows"
      : "no column tells what its rows are";
  const draft = { file, kind: found?.kind ?? null, why: found?.why ?? none, columns: suggested };
  if (!found) return { draft, input: null };
  const codes =
    found.kind === "long"
      ? await localCodes(db, { read, columns: suggested, instruments, stems })
      : [];
  const input = {
    ...found,
    codes,
    match: basename(file),
    columns: suggested,
    evidence: all,
    groups: chosen,
    options: source.options,
    words,
    isShared,
    repeated,
  };
  return { draft, input };
}

const DICTIONARY =
  "a REDCap data dictionary, which layout: redcap reads beside the answers for what codes stand for and when a question is shown";

/** The word lists by the intake column that they are for. */
function roleWords(lists: Readonly<Record<string, Record<string, string>>>) {
  const roles = {
    sex: "sex",
    race: "race",
    ethnicity: "hispanic",
    class: "enc_type",
    method: "pro_method",
    mode: "pro_mode",
    status: "status",
    channel: "channel",
    setting: "setting",
  };
  return Object.fromEntries(Object.entries(roles).map(([role, list]) => [role, lists[list] ?? {}]));
}

const nothing = (column: string): Suggestion => ({
  column,
  role: null,
  context: "",
  confidence: 0,
  reason: "nothing of the catalogue or of a person was recognised",
  alternatives: [],
});

/** A file of which nothing is known still has to be described by somebody. */
const NOTHING = [
  "# No entry could be drafted. Write one by hand: kind: wide where a row is a form and a column an item, kind: long where a row is an",
  "# answer; propool init writes an example, and an editor that knows the schema above completes the keys.",
  "files: []",
];

/** A draft as the text of a mapping file. */
export function draftText({ layout, files }: MappingDraft, today: string): string {
  const entries = files.flatMap(({ yaml }) => yaml ?? []);
  const silent = files.filter(
    ({ yaml, why }) => yaml === null && !why.includes("follows the layout"),
  );
  const lines = [
    `${ownSchemaLine("csv-mapping")}# Drafted by propool suggest on ${today}. Read it line by line: the number after # is how sure the draft is (1 is certain). Lines`,
    "# that are commented out are not sure enough to be chosen for you: remove the # of those that are right, delete the others.",
    "# Then look at what comes of it with propool preview, and put your name and the day under reviewed.",
    "reviewed: null",
    ...(layout ? [`layout: ${layout}   # files and columns are those of this layout`] : []),
    ...(entries.length > 0 ? ["files:", ...entries] : []),
    ...(entries.length > 0 || layout ? [] : NOTHING),
    ...silent.map(
      ({ file, why }) =>
        `# ${basename(file)}: ${why}${why === DICTIONARY ? "" : "; it stays out of scope until an entry reads it"}`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

/** What the rows say of a group's sum; null for a form without one, or with too few of its items. */
async function checkSum(
  db: DuckDb,
  read: string,
  ...[group, totals, { offset, reversed }]: Parameters<CheckSum>
): Promise<SumCheck | null> {
  const summed = group.instrument.scores.find(({ sum }) => sum)?.sum ?? [];
  const items = [...group.parts].filter(([id]) => summed.includes(id));
  if (items.length < 3) return null;
  const { sentinels, words } = codingOf(group.instrument, new Map(items));
  const row = await db.one<Record<string, number | null>>(
    sumSql(read, {
      items: items.map(([, { name }]) => name),
      offset,
      reversed: Object.fromEntries(
        items
          .filter(([id]) => reversed.includes(id))
          .map(([id, { name }]) => [name, endsOf(group, id)]),
      ),
      words: Object.fromEntries(
        items.flatMap(([id, { name, type }]) =>
          type === "text" ? [[name, { ...labelsOf(group, id), ...numbersOf(words) }]] : [],
        ),
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

/** The answers' labels, in lower case, with their numbers. */
function labelsOf({ instrument }: Group, id: string): Record<string, number> {
  const item = instrument.items.find((one) => one.id === id);
  const list = instrument.answers[item?.answers ?? ""] ?? [];
  return Object.fromEntries(
    list.flatMap(({ label, value }) => (value === null ? [] : [[label.toLowerCase(), value]])),
  );
}

const numbersOf = (words: Readonly<Record<string, string>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(words).map(([word, value]) => [word.toLowerCase().trim(), Number(value)]),
  );

/** What an answer and its opposite add up to. */
function endsOf({ instrument }: Group, id: string): number {
  const item = instrument.items.find((one) => one.id === id);
  const values = (instrument.answers[item?.answers ?? ""] ?? []).map(({ value }) => value ?? 0);
  return Math.min(...values) + Math.max(...values);
}
