import type { Instrument } from "../catalogue/instrument.ts";
import { type Coding, codingOf, numberOf } from "./answers.ts";
import { coverage, type Group, groupsByName, groupsByPlace, keysOf } from "./instruments.ts";
import { compact } from "./names.ts";
import { type ColumnEvidence, SURE, type Suggestion } from "./suggestion.ts";

/** A group that was taken, with what it says of its columns. */
export interface Chosen extends Group {
  confidence: number;
  isSure: boolean;
  coding: Coding;
  /** The column that holds the sum of the items, proven on the rows. */
  total: ColumnEvidence | null;
  /** Other columns of numbers: in which share of the rows with all answers they are the sum of the items. */
  sums: { column: string; share: number; rows: number }[];
  suggestions: Suggestion[];
}

export interface SumCheck {
  rows: number;
  equal: { column: ColumnEvidence; share: number; n: number }[];
  correlations: { id: string; r: number | null }[];
}
export type CheckSum = (
  group: Group,
  totals: readonly ColumnEvidence[],
  how: { offset: number; reversed: readonly string[] },
) => Promise<SumCheck | null>;

/** Where else in the file a form is named: its name, other columns, a column that says the same in every row. */
export function mentions(
  columns: readonly ColumnEvidence[],
  file: string,
  instruments: readonly Instrument[],
  stems: Readonly<Record<string, string>>,
): Map<string, string> {
  const found = new Map<string, string>();
  for (const instrument of instruments) {
    const keys = keysOf(instrument, stems).filter((key) => key.length >= 4);
    const column = columns.find(({ name }) => keys.some((key) => compact(name).startsWith(key)));
    const constant = columns.find(
      ({ values, distinct }) => distinct === 1 && keys.includes(compact(values[0]?.value ?? "")),
    );
    if (column) found.set(instrument.id, `the column ${column.name} names it`);
    else if (constant) found.set(instrument.id, `the column ${constant.name} says so in every row`);
    else if (keys.some((key) => compact(file).includes(key)))
      found.set(instrument.id, "the file's name says so");
  }
  return found;
}

interface Choice {
  columns: readonly ColumnEvidence[];
  instruments: readonly Instrument[];
  stems: Readonly<Record<string, string>>;
  mentioned: ReadonlyMap<string, string>;
}

/** The groups of columns that are instruments, each column in one group at most, the likeliest first. */
export async function chooseGroups(choice: Choice, checkSum: CheckSum): Promise<Chosen[]> {
  const { columns, instruments, stems, mentioned } = choice;
  const usable = columns.filter(
    ({ filled, distinct, isCoded }) => filled > 0 && isCoded && distinct <= 60,
  );
  const groups = [
    ...groupsByName(usable, instruments, stems),
    ...groupsByPlace(usable, instruments),
  ];
  const rated = groups
    .map((group) => rate(group, mentioned))
    .filter((group) => group.parts.size > 0 && group.confidence >= 0.3 && isPossible(group))
    .toSorted((a, b) => b.confidence - a.confidence || b.score - a.score);
  const taken = new Set<string>();
  const chosen: Chosen[] = [];
  for (const group of rated) {
    const names = [...group.parts.values()].map(({ name }) => name);
    if (names.some((name) => taken.has(name))) continue;
    const rivals = rated.filter(
      (other) =>
        other.instrument.id !== group.instrument.id &&
        [...other.parts.values()].some(({ name }) => names.includes(name)),
    );
    for (const name of names) taken.add(name);
    chosen.push(await settle(group, rivals, columns, checkSum));
  }
  return chosen;
}

/** Answers in words that nobody knows do not speak against a name that tells the form; they only leave it unsure. */
function isPossible({ by, coding, confidence }: Rated): boolean {
  return coding.fit >= 0.9 || (by !== "place" && by !== "label" && confidence < SURE);
}

type Rated = Group & { confidence: number; coding: Coding; cover: number };

const BASE = { id: 0.9, number: 0.88, label: 0.8, wording: 0.82, place: 0.4, stem: 0.45 };

function rate(group: Group, mentioned: ReadonlyMap<string, string>): Rated {
  const coding = codingOf(group.instrument, group.parts);
  const share = coverage(group);
  const cover = listCover(group, coding);
  const isNamed = mentioned.has(group.instrument.id);
  let confidence = BASE[group.by] + 0.05 * cover;
  if (isNamed) confidence += group.by === "place" ? 0.42 : 0.05;
  // Of a library of questions, each site asks its own few.
  const { items, scores } = group.instrument;
  const isLibrary = items.length > 40 && !scores.some(({ sum }) => sum);
  if (share < 0.5 && isLibrary) confidence -= group.by === "id" ? 0 : 0.3;
  else if (share < 0.5) confidence -= group.by === "id" && group.parts.size >= 4 ? 0.05 : 0.3;
  else confidence += 0.04 * share;
  if (coding.fit < 0.9) confidence = Math.min(confidence, 0.55);
  else if (coding.fit < 0.98) confidence -= 0.15;
  return { ...group, confidence: Math.min(0.99, confidence), coding, cover };
}

/** The share of the answer list's values that the file holds: a form of five answers rarely shows three only. */
function listCover({ instrument, parts }: Group, { offset }: Coding): number {
  const wanted = new Set<number>();
  const seen = new Set<number>();
  for (const [id, column] of parts) {
    const item = instrument.items.find((one) => one.id === id);
    for (const { value } of instrument.answers[item?.answers ?? ""] ?? [])
      if (value !== null) wanted.add(value);
    for (const { value } of column.values)
      seen.add((numberOf(value) ?? Number.NaN) + (offset ?? 0));
  }
  return wanted.size > 0 ? [...wanted].filter((value) => seen.has(value)).length / wanted.size : 0;
}

async function settle(
  group: Rated,
  rivals: readonly Rated[],
  columns: readonly ColumnEvidence[],
  checkSum: CheckSum,
): Promise<Chosen> {
  const used = new Set([...group.parts.values()].map(({ name }) => name));
  const totals = columns
    .filter(
      ({ name, type, filled }) =>
        !used.has(name) && filled > 0 && (type === "integer" || type === "number"),
    )
    .slice(0, 200);
  const offsets = group.coding.offset === null ? [0, -1, 1] : [group.coding.offset];
  let { confidence, coding } = group;
  let check: SumCheck | null = null;
  let total: ColumnEvidence | null = null;
  for (const offset of offsets) {
    check = await checkSum(group, totals, { offset, reversed: [] });
    total = provenTotal(check);
    if (total) {
      coding = { ...coding, offset };
      break;
    }
  }
  const turned = total ? [] : turnedItems(group, check);
  let isProvenTurned = false;
  if (turned.length > 0) {
    const again = await checkSum(group, totals, { offset: coding.offset ?? 0, reversed: turned });
    total = provenTotal(again);
    isProvenTurned = total !== null;
  }
  if (total) confidence = Math.min(0.99, confidence + 0.1);
  // The beginning of the name, all of its items, and a column that is their sum: no other form is all three.
  if (total && group.by === "stem") confidence = Math.max(confidence, 0.86);
  const answers = [...group.parts.values()].reduce((sum, { filled }) => sum + filled, 0);
  // Hundreds of answers that never use two of five choices were given on a form of three.
  const isShortOf = (one: Rated) => answers >= 200 && one.cover < 0.75 * group.cover;
  const rival = rivals.find(
    (one) => one.confidence >= group.confidence - 0.02 && !isShortOf(one) && !isLongOf(one, group),
  );
  const isClose = rival !== undefined && !total && !isPartOf(rival, group);
  if (isClose) confidence = Math.min(confidence, 0.7);
  if (coding.offset === null) confidence = Math.min(confidence, 0.65);
  const decided: Rated = { ...group, confidence, coding };
  const suggestions = [...group.parts].map(([id, column]) =>
    describe(decided, { id, column, total, rivals, turned, isProvenTurned }),
  );
  const sums = (check?.equal ?? [])
    .filter(({ column, n }) => column !== total && n >= 10)
    .map(({ column, share, n }) => ({ column: column.name, share, rows: n }));
  return { ...decided, isSure: confidence >= SURE, total, sums, suggestions };
}

/** A rival that has fewer of the columns under the same ids is a short form of this one. */
const isPartOf = (rival: Group, group: Group): boolean =>
  rival.parts.size < group.parts.size && [...rival.parts.keys()].every((id) => group.parts.has(id));

/** A rival that asks the same and more is a longer form, whose other questions the file would have. */
const isLongOf = (rival: Group, group: Group): boolean =>
  group.by === "id" &&
  coverage(group) === 1 &&
  rival.instrument.items.length > group.instrument.items.length &&
  rival.parts.size === group.parts.size &&
  [...rival.parts.keys()].every((id) => group.parts.has(id));

function provenTotal(check: SumCheck | null): ColumnEvidence | null {
  if (!check || check.rows < 10) return null;
  const best = check.equal
    .filter(({ share, n }) => share >= 0.9 && n >= 10)
    .toSorted((a, b) => b.share - a.share)[0];
  return best?.column ?? null;
}

/** Items that run against the sum of the others, though the catalogue does not turn them round itself. */
function turnedItems({ instrument }: Group, check: SumCheck | null): string[] {
  if (!check || check.rows < 30) return [];
  const known = check.correlations.filter(({ r }) => r !== null).map(({ r }) => r as number);
  const median = known.toSorted((a, b) => a - b)[Math.floor(known.length / 2)] ?? 0;
  if (median < 0.15) return [];
  return check.correlations
    .filter(
      ({ id, r }) =>
        r !== null && r < -0.15 && !instrument.items.find((item) => item.id === id)?.recode,
    )
    .map(({ id }) => id);
}

interface Part {
  id: string;
  column: ColumnEvidence;
  total: ColumnEvidence | null;
  rivals: readonly Rated[];
  turned: readonly string[];
  isProvenTurned: boolean;
}

const BY = {
  id: "the name is the item's own",
  number: "the name has the form's name and the item's number",
  label: "the name says what the item asks",
  wording: "the words are those of the item's question",
  place: "the columns are as many as the form has items",
  stem: "the name begins like the form's, and the numbers are those of its items",
};

function describe(
  group: Rated,
  { id, column, total, rivals, turned, isProvenTurned }: Part,
): Suggestion {
  const { instrument, coding, by, context } = group;
  const isTurned = turned.includes(id);
  const words = recoding(instrument, id, column, coding, isTurned);
  const reason = [
    BY[by],
    coding.why,
    total && `${total.name} is the sum of the items`,
    isTurned &&
      (isProvenTurned
        ? "turned round, the items add up to the total"
        : "it runs against the other items: is it stored the other way round?"),
  ];
  return {
    column: column.name,
    role: `${instrument.id}/${id}`,
    context,
    confidence: isTurned && !isProvenTurned ? Math.min(group.confidence, 0.6) : group.confidence,
    reason: reason.filter(Boolean).join("; "),
    alternatives: alternativesOf(column, rivals),
    ...(Object.keys(words).length > 0 ? { words } : {}),
  };
}

function alternativesOf(column: ColumnEvidence, rivals: readonly Rated[]): string[] {
  const likely = rivals.filter(({ confidence }) => confidence >= 0.5);
  const all = likely.flatMap(({ instrument, parts }) =>
    [...parts]
      .filter(([, other]) => other.name === column.name)
      .map(([id]) => `${instrument.id}/${id}`),
  );
  return [...new Set(all)].slice(0, 3);
}

/** The file's texts for each answer, where they are not the catalogue's own. */
function recoding(
  instrument: Instrument,
  id: string,
  column: ColumnEvidence,
  { offset, words, sentinels }: Coding,
  isTurned: boolean,
): Record<string, string> {
  const item = instrument.items.find((one) => one.id === id);
  const values = (instrument.answers[item?.answers ?? ""] ?? []).flatMap(({ value }) =>
    value === null ? [] : [value],
  );
  const ends = Math.min(...values) + Math.max(...values);
  if (!offset && !isTurned) {
    const own = Object.entries(words).filter(([word]) =>
      column.values.some(({ value }) => value === word),
    );
    return Object.fromEntries(own);
  }
  const written = new Set(
    column.values.map(({ value }) => value).filter((value) => !sentinels.includes(value)),
  );
  const [decimals = ""] = [...written].flatMap((value) => /(?<=^\d+)[.,]0$/.exec(value)?.[0] ?? []);
  return Object.fromEntries(
    values.map((value) => [
      `${value - (offset ?? 0)}${decimals}`,
      String(isTurned ? ends - value : value),
    ]),
  );
}
