import { isSentinel } from "./answers.ts";
import type { Chosen } from "./choose.ts";
import {
  bankHints,
  dateHints,
  dateText,
  decimalLines,
  formKeyHints,
  missingHints,
  repeatedHints,
  totalHints,
  visitHints,
} from "./hints.ts";
import { inline, quote } from "./inline-yaml.ts";
import { isRedcap } from "./layout-of.ts";
import { type CodeSuggestion, codeLines } from "./local-codes.ts";
import { globOf, stampHints } from "./match.ts";
import type { FileKind } from "./roles.ts";
import { type ColumnEvidence, isSure, type Suggestion } from "./suggestion.ts";
import { type UnknownAnswers, unknownAnswers } from "./unknown-answers.ts";

export interface DraftInput {
  /** The file's name, which the entry matches. */
  match: string;
  kind: FileKind;
  why: string;
  columns: readonly Suggestion[];
  evidence: readonly ColumnEvidence[];
  groups: readonly Chosen[];
  /** Of a long file: its codes that no list of ours has. */
  codes: readonly CodeSuggestion[];
  /** Whether another file of the export tells of the patients. */
  hasPatients: boolean;
  /** Names that the header has more than once, as it has them. */
  repeated: readonly string[];
  /** How the text is written, where it differs from the default. */
  options: Readonly<Record<string, unknown>>;
  /** By role: the CDM codes and the words that stand for them already. */
  words: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Whether a text that so many cells have may be written down. */
  isShared: (value: string, count: number) => boolean;
}

/**
 * A file's entry of a mapping, as YAML. What is sure is a line with its confidence and reason; what is not is a commented line
 * with its alternatives. An entry that lacks what it needs is commented out as a whole.
 */
export function draftFile(input: DraftInput): string {
  const { match, kind, why, columns, options } = input;
  const lines = [
    `# ${match}: ${why}`,
    `- match: ${quote(globOf(match))}`,
    ...stampHints(match),
    `  kind: ${kind}`,
    ...Object.entries(options).map(([name, value]) => `  ${name}: ${inline(value)}`),
    ...decimalLines(input),
    ...missingHints(input),
    ...columnLines(input),
    ...repeatedHints(input),
    ...(kind === "wide" ? instrumentLines(input) : []),
    ...(kind === "long" ? longLines(input) : []),
    ...bankHints(input),
    ...leftOut(columns),
  ];
  const lacks = lacking(input);
  if (lacks.length === 0) return lines.map(indent).join("\n");
  // What is said of the entry keeps a # of its own: an editor that takes one away from each line leaves YAML.
  const head = `# Not complete, so it is commented out. It lacks: ${lacks.join("; ")}.`;
  const [title = "", ...rest] = lines;
  const commented = rest.map((line) => (line.startsWith("#") ? line : `# ${line}`));
  return [`# ${head}`, `# ${title}`, ...commented].map(indent).join("\n");
}

const indent = (line: string): string => `  ${line}`;

/** Columns without which nothing of a file can be loaded. */
const NEEDED: Record<FileKind, string[]> = {
  patients: ["patient_key"],
  encounters: ["patient_key", "encounter_key"],
  conditions: ["patient_key", "code"],
  wide: ["patient_key"],
  long: ["patient_key", "item_code"],
};

function rolesLacking({ kind, columns }: DraftInput): string[] {
  const roles = new Set(columns.filter(isSure).map(({ role }) => role));
  return NEEDED[kind].filter((role) => !roles.has(role));
}

function lacking(input: DraftInput): string[] {
  const { kind, columns, groups } = input;
  const lacks = rolesLacking(input).map((role) => `a column that is surely ${role}`);
  const hasScore = columns.some((one) => isSure(one) && one.role?.includes("/"));
  if (kind === "wide" && !groups.some((group) => group.isSure) && !hasScore)
    lacks.push("an instrument that is surely recognised");
  return lacks;
}

function columnLines(input: DraftInput): string[] {
  const { kind, columns, evidence, words, hasPatients } = input;
  const own = columns.filter(
    ({ role }) =>
      role !== null && role !== "source_id" && !/[/:]/.test(role) && !role.startsWith("person."),
  );
  const person = columns.filter(({ role }) => role?.startsWith("person."));
  const lines = [
    "  columns:",
    ...rolesLacking(input).map(
      (role) =>
        `    # ${role}: "?"   # needed: put the column's name in the place of the ?, if the file has one`,
    ),
    ...own.flatMap((one) => roleLines(one, evidence, words)),
    ...dateHints(input),
    ...visitHints(input),
    ...formKeyHints(input),
  ];
  if (kind !== "wide" && kind !== "long") return lines;
  const isAny = person.some(isSure);
  if (!isAny && !hasPatients) lines.push(...nobodyElse(person.length > 0));
  if (person.length === 0) return lines;
  return [
    ...lines,
    "  # About the person, where the export has no file of patients.",
    isAny ? "  person:" : "  # person:",
    ...person.flatMap((one) =>
      roleLines({ ...one, role: one.role?.slice("person.".length) ?? null }, evidence, words),
    ),
  ];
}

/** Answers of people whom nothing else tells of would all be quarantined. */
function nobodyElse(isMore: boolean): string[] {
  return [
    "  # None of the files given to suggest is one of patients: the answers are then all that is known of a person. Take the line away if",
    `  # a file of patients comes with the export${isMore ? ", or write what is right of the lines below it into it" : ""}.`,
    "  person: {}",
  ];
}

function sourceText({ column, formats = [] }: Suggestion): string {
  return dateText(column, formats.length === 1 ? formats[0] : undefined);
}

function roleLines(
  one: Suggestion,
  evidence: readonly ColumnEvidence[],
  lists: DraftInput["words"],
): string[] {
  const { role, column } = one;
  const source = sourceText(one);
  const note = noteOf(one);
  const seen = evidence.find(({ name }) => name === column);
  const strange = strangeWords(role ?? "", seen, lists);
  const lines = [
    isSure(one) ? `    ${role}: ${source}   # ${note}` : `    # ${role}: ${source}   # ${note}`,
  ];
  // Each reading as a line of its own: the steward takes the # from the right one.
  if ((one.formats ?? []).length > 1) {
    const each = (one.formats ?? []).map((format) => sourceText({ ...one, formats: [format] }));
    lines.splice(0, 1, `    # ${note}`, ...each.map((line) => `    # ${role}: ${line}`));
  }
  const numbers = strange.filter((word) => !isSentinel(word));
  if (role === "sex" && numbers.length > 0 && numbers.every((word) => SEX.test(word))) {
    return [...lines, ...numberedSex(column, seen)];
  }
  if (strange.length > 0) {
    const all = strange.map((word) => `${quote(word)}: "?"`).join(", ");
    const codes = [...new Set(Object.values(lists[role ?? ""] ?? {}))].join(", ");
    lines.push(
      `    # ${role}: { column: ${quote(column)}, words: { ${all} } }   # words that propool does not know; codes: ${codes}`,
    );
  }
  return lines;
}

const SEX = /^[012](\.0)?$/;

/** Numbers for sex are counted in both ways: the data cannot tell which, so each reading is a line to choose. */
function numberedSex(column: string, seen: ColumnEvidence | undefined): string[] {
  const values = seen?.values ?? [];
  const found = values.map(({ value, count }) => `${value} in ${count} rows`).join(", ");
  const [low = "", high = ""] = values
    .map(({ value }) => value)
    .filter((value) => SEX.test(value))
    .toSorted();
  const reading = (first: string, second: string) =>
    `    # sex: { column: ${quote(column)}, words: { ${quote(low)}: ${first}, ${quote(high)}: ${second} } }`;
  return [
    `    # Which is which the numbers do not say (${found}). Look at the form or its data dictionary (in REDCap: Codebook), or at somebody whose`,
    "    # sex you know. Then put the right line in the place of the one above; as that stands, sex is unknown for everybody.",
    `${reading("M", "F")}   # ${low.startsWith("1") ? "as ISO/IEC 5218 and most surveys count" : "the other way round is as usual"}`,
    reading("F", "M"),
  ];
}

/** A coded column's words that no list of ours has; those of a masked column are not written down. */
function strangeWords(
  role: string,
  evidence: ColumnEvidence | undefined,
  lists: DraftInput["words"],
): string[] {
  const list = lists[role];
  if (!list || !evidence || evidence.masked !== null || !evidence.isCoded) return [];
  const known = new Set(Object.keys(list).map((word) => word.toLowerCase()));
  const codes = new Set(Object.values(list).map((code) => code.toLowerCase()));
  return evidence.values
    .map(({ value }) => value)
    .filter((value) => !known.has(value.toLowerCase()) && !codes.has(value.toLowerCase()))
    .slice(0, 20);
}

function noteOf({ confidence, reason, alternatives }: Suggestion): string {
  const others = alternatives.length > 0 ? `; or ${alternatives.join(", ")}` : "";
  return `${confidence.toFixed(2)}: ${reason}${others}`;
}

function instrumentLines({ columns, groups, isShared }: DraftInput): string[] {
  const keys = new Map<
    string,
    { instrument: string; context: string; group: Chosen | undefined }
  >();
  for (const { role, context } of columns) {
    const [instrument = "", part] = (role ?? "").split("/");
    if (part === undefined) continue;
    const key = `${instrument} ${context}`;
    const group = groups.find((one) => one.instrument.id === instrument && one.context === context);
    if (!keys.has(key)) keys.set(key, { instrument, context, group });
  }
  const blocks = [...keys.values()].flatMap(({ instrument, context, group }) => {
    const parts = columns.filter(
      (one) => one.role?.startsWith(`${instrument}/`) && one.context === context,
    );
    const isOpen = !parts.some(isSure);
    const own =
      context === ""
        ? columns.filter(({ role }) => role === "source_id" || role?.startsWith(`${instrument}:`))
        : [];
    const form = isRedcap(columns.map(({ column }) => column)) ? formOf(parts, columns) : null;
    const unknown = group && group.coding.fit < 0.9 ? unknownAnswers(group, isShared) : null;
    const lines = blockLines({ instrument, context, group, unknown, form }, parts, own);
    return isOpen ? lines.map((line) => (/^\s*#/.test(line) ? line : `# ${line}`)) : lines;
  });
  return blocks.length > 0 ? ["  instruments:", ...blocks] : [];
}

/** In a REDCap export the last column of a form is its state: phq9_complete. */
function formOf(parts: readonly Suggestion[], columns: readonly Suggestion[]): string | null {
  const last = Math.max(...parts.map((one) => columns.indexOf(one)));
  const state = columns.slice(last + 1).find(({ column }) => column.endsWith("_complete"));
  return state?.column.replace(/_complete$/, "") ?? null;
}

interface Block {
  instrument: string;
  context: string;
  group: Chosen | undefined;
  /** Of answers in words that the list does not have. */
  unknown: UnknownAnswers | null;
  /** In a REDCap export: the form's name. */
  form: string | null;
}

function blockLines(
  { instrument, context, group, unknown, form }: Block,
  parts: readonly Suggestion[],
  own: readonly Suggestion[],
): string[] {
  const items = new Set(group?.instrument.items.map(({ id }) => id) ?? []);
  const isItem = ({ role }: Suggestion) => items.has(role?.split("/")[1] ?? "");
  const [first] = parts;
  const shared = Boolean(unknown?.words) || sharedWords(parts.filter(isItem));
  const name = `answers_${anchor(instrument, context)}`;
  const line = (one: Suggestion, i: number) => {
    const id = one.role?.split("/")[1] ?? "";
    const recoded = isItem(one) ? (unknown?.words ?? one.words) : one.words;
    const words =
      recoded &&
      (shared ? (i === 0 ? `&${name} ${inline(recoded)}` : `*${name}`) : inline(recoded));
    const source = words ? `{ column: ${quote(one.column)}, words: ${words} }` : quote(one.column);
    const own = one.reason === first?.reason ? "" : `   # ${noteOf(one)}`;
    return isSure(one)
      ? `        ${id}: ${source}${own}`
      : `        # ${id}: ${source}   # ${noteOf(one)}`;
  };
  const isOpen = !parts.some(isSure);
  const itemLines = parts.filter(isItem).map(line);
  const scoreLines = parts.filter((one) => !isItem(one)).map(line);
  return [
    `    # ${context ? `[${context}] ` : ""}${first ? noteOf(first) : ""}`,
    ...(unknown?.hints ?? []),
    ...(group ? totalHints(group) : []),
    `    - instrument: ${instrument}`,
    ...(form
      ? [`      form: ${quote(form)}   # its state and its time then come from the layout`]
      : []),
    ...own.map((one) => {
      const line = `${ownLine(one)}   # ${noteOf(one)}`;
      return `      ${isSure(one) ? "" : "# "}${line}`;
    }),
    ...under("items", itemLines, isOpen),
    ...under("scores", scoreLines, isOpen),
  ];
}

/** Lines under their key, which is commented out where all of them are, unless the whole block will be. */
function under(key: string, lines: readonly string[], isBlockOpen: boolean): string[] {
  if (lines.length === 0) return [];
  const isOpen = !isBlockOpen && lines.every((line) => line.trimStart().startsWith("#"));
  return [`      ${isOpen ? "# " : ""}${key}:`, ...lines];
}

/** A column of the instrument's own; an id tells its administration in every delivery. */
function ownLine(one: Suggestion): string {
  return one.role === "source_id"
    ? `source_id: [${quote(one.column)}]`
    : `${one.role?.split(":")[1]}: ${sourceText(one)}`;
}

/** Whether all items that are recoded are recoded alike: then the words are written once. */
function sharedWords(items: readonly Suggestion[]): boolean {
  const [first, ...rest] = items.filter(isSure);
  if (!first?.words || rest.length === 0) return false;
  const text = JSON.stringify(first.words);
  return (
    items[0] === first &&
    rest.every(({ words }) => words !== undefined && JSON.stringify(words) === text)
  );
}

const anchor = (instrument: string, context: string): string =>
  `${instrument}_${context}`.replaceAll(/[^a-z0-9]+/g, "_").replace(/_$/, "");

function longLines({ columns, evidence, codes, isShared }: DraftInput): string[] {
  const date = columns.find((one) => isSure(one) && one.role === "answered_at");
  const id = columns.find((one) => isSure(one) && one.role === "source_id")?.column;
  const { distinct = 0, filled = 0 } = evidence.find(({ name }) => name === id) ?? {};
  // An id that several rows share is the form's; one a row is the answer's.
  const isForms = id !== undefined && distinct * 2 <= filled;
  const group = isForms
    ? [id]
    : ["patient_key", "encounter_key", "answered_at"]
        .map((role) => columns.find((one) => isSure(one) && one.role === role)?.column)
        .filter((name) => name !== undefined);
  return [
    `  # Rows that are alike in these columns are one administration${date ? "" : "; without a date several may fall together"}.`,
    `  group_by: [${group.map(quote).join(", ")}]`,
    "  # The file may hold much beside questionnaires: rows whose code nobody knows are out of scope.",
    "  mixed: true",
    ...codeLines(codes, isShared),
  ];
}

function leftOut(columns: readonly Suggestion[]): string[] {
  const unused = columns.filter(({ role }) => role === null).map(({ column }) => column);
  if (unused.length === 0) return [];
  const shown = unused.slice(0, 60).map(quote).join(", ");
  const more = unused.length > 60 ? `, and ${unused.length - 60} more` : "";
  return [`  # Nothing was found for: ${shown}${more}`];
}
