import type { ColumnNames } from "../profile/columns.ts";
import { compact, readingsOf, wordsOf } from "./names.ts";
import type { ColumnEvidence, Suggestion } from "./suggestion.ts";

/** What a file's rows are. */
export type FileKind = "patients" | "encounters" | "conditions" | "wide" | "long";

/** Which lists of names count for a kind of file; earlier lists win. */
const LISTS: Record<FileKind, [table: keyof ColumnNames["columns"], prefix: string][]> = {
  patients: [["patient", ""]],
  encounters: [
    ["encounter", ""],
    ["patient", ""],
  ],
  conditions: [
    ["condition", ""],
    ["patient", ""],
  ],
  wide: [
    ["administration", ""],
    ["patient", "person."],
  ],
  long: [
    ["response", ""],
    ["form", ""],
    ["administration", ""],
    ["patient", "person."],
  ],
};

/** Columns of persons that files of visits, diagnoses and answers do not take. */
const KEY_ONLY = new Set(["encounters", "conditions"]);

/** The roles of a file's columns by their names and types; a role goes to one column. */
export function rolesByName(
  columns: readonly ColumnEvidence[],
  kind: FileKind,
  names: ColumnNames,
  lists: WordLists,
): Suggestion[] {
  const taken = new Set<string>();
  const candidates = columns.flatMap((column) =>
    byWords(column, candidatesOf(column, kind, names), lists),
  );
  const found = new Map<string, Suggestion>();
  for (const one of candidates.toSorted((a, b) => b.weight - a.weight)) {
    const known = found.get(one.column.name);
    // What another column has been taken for may still be something else: an MRN beside the study's own number.
    const isNext = known?.reason.endsWith(TAKEN) === true && !taken.has(one.role);
    if (known && !isNext) {
      if (known.role !== one.role) known.alternatives.push(one.role);
      continue;
    }
    const misfit = misfitOf(one.role, one.column);
    const isTaken = taken.has(one.role);
    if (!isTaken && misfit === null) taken.add(one.role);
    found.set(one.column.name, {
      column: one.column.name,
      role: one.role,
      context: "",
      confidence: misfit !== null ? 0.3 : isTaken ? 0.5 : Math.min(0.97, one.weight),
      reason: misfit ?? (isTaken ? `${one.why}, ${TAKEN}` : one.why),
      alternatives: [],
      ...(DATES.test(one.role) ? { formats: dateFormats(one.column) } : {}),
    });
  }
  return [...found.values()].map(ambiguousDate);
}

const DATES = /(_at|_date)$/;

const dateFormats = ({ type, formats }: ColumnEvidence): string[] =>
  type === "date" ? formats : [];
const TAKEN = "but another column is taken for it";
/** A file without a person's key says nothing of anybody: a column that may be it is it before it is another number. */
const KEY_FIRST = 0.03;

/** By role: the words that stand for the CDM's codes. */
export type WordLists = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Roles of administrations that only a column's words tell apart: "mode" is as often the medium as the person. */
const BY_WORDS = ["method", "mode", "setting"];

/** Where a column's words are those of another role than its name says, the words win. */
function byWords(column: ColumnEvidence, candidates: Candidate[], lists: WordLists): Candidate[] {
  const [best] = candidates.toSorted((a, b) => b.weight - a.weight);
  if (!best || !BY_WORDS.includes(best.role)) return candidates;
  const shares = BY_WORDS.map((role) => ({ role, share: knownShare(column, lists[role] ?? {}) }));
  const [most] = shares.toSorted((a, b) => b.share - a.share);
  if (!most || most.share < 0.8) return candidates;
  if (knownShare(column, lists[best.role] ?? {}) >= most.share) return candidates;
  const why = `its words are those of ${most.role}`;
  return [
    { column, role: most.role, weight: 0.9, why },
    { ...best, weight: 0.5 },
  ];
}

function knownShare({ values }: ColumnEvidence, list: Readonly<Record<string, string>>): number {
  const known = new Set(
    [...Object.keys(list), ...Object.values(list)].map((word) => word.toLowerCase()),
  );
  const total = values.reduce((sum, { count }) => sum + count, 0);
  const found = values.filter(({ value }) => known.has(value.toLowerCase()));
  return total > 0 ? found.reduce((sum, { count }) => sum + count, 0) / total : 0;
}

/**
 * Dates and states of one form: phq9_timestamp beside phq9_1. They are the instrument's own, whatever the rest of the row says.
 */
export function rolesOfForms(
  columns: readonly ColumnEvidence[],
  names: ColumnNames["columns"],
  forms: readonly { instrument: string; keys: readonly string[] }[],
): Suggestion[] {
  const taken = new Set<string>();
  return columns.flatMap((column) => {
    const whole = compact(column.name);
    const form = forms.find(({ keys }) => keys.some((key) => whole.startsWith(key)));
    const words = wordsOf(column.name).join(" ");
    const role = ["answered_at", "started_at", "status"].find((one) =>
      (names.administration[one] ?? []).some((name) => words.endsWith(` ${name}`)),
    );
    if (!form || !role || misfitOf(role, column) !== null) return [];
    const key = `${form.instrument}:${role}`;
    if (taken.has(key)) return [];
    taken.add(key);
    return [
      ambiguousDate({
        column: column.name,
        role: key,
        context: "",
        confidence: 0.9,
        reason: "the name has the form's name and a word for it",
        alternatives: [],
        ...(DATES.test(role) ? { formats: dateFormats(column) } : {}),
      }),
    ];
  });
}

interface Candidate {
  column: ColumnEvidence;
  role: string;
  weight: number;
  why: string;
}

function candidatesOf(column: ColumnEvidence, kind: FileKind, names: ColumnNames): Candidate[] {
  const readings = readingsOf(column.name, names.abbreviations);
  const listed = LISTS[kind].flatMap(([table, prefix], order) =>
    Object.entries(names.columns[table] ?? {}).flatMap(([role, list]) => {
      const isKey = role === "patient_key";
      if (table === "patient" && KEY_ONLY.has(kind) && !isKey) return [];
      const found = matchOf(readings, list);
      if (!found || (!found.isExact && table === "patient")) return [];
      const rank = 0.002 * found.place + 0.01 * order;
      const weight = found.isExact ? (found.isWhole ? 0.97 : 0.92) : 0.6;
      const why = found.isExact
        ? `the name is one that exports use`
        : `the name ends in ${list[found.place]}`;
      const first = isKey && found.isExact ? KEY_FIRST : 0;
      const placed = isKey ? role : `${prefix}${role}`;
      return [{ column, role: placed, weight: weight - rank + first, why }];
    }),
  );
  return [...listed, ...composed(column, kind, names)];
}

interface Match {
  /** Its place in the list. */
  place: number;
  isExact: boolean;
  /** Without writing out short forms. */
  isWhole: boolean;
}

/** The name in a list; or one that the name ends in: `phq9_timestamp`, `visit1_date`. */
function matchOf(readings: ReturnType<typeof readingsOf>, list: readonly string[]): Match | null {
  for (const { words, isWhole } of readings) {
    const place = list.indexOf(words);
    if (place >= 0) return { place, isExact: true, isWhole };
  }
  const [{ words } = { words: "" }] = readings;
  const place = list.findIndex((name) => name.length >= 4 && words.endsWith(` ${name}`));
  return place < 0 ? null : { place, isExact: false, isWhole: true };
}

/** Names that no list has but whose every word is known: subject no, date of visit. */
function composed(
  column: ColumnEvidence,
  kind: FileKind,
  { abbreviations, persons, numbers, answered, begins }: ColumnNames,
): Candidate[] {
  const readings = readingsOf(column.name, abbreviations).map(({ words }) => words.split(" "));
  const isPerson = readings.some(
    ([person = "", number = "", ...more]) =>
      more.length === 0 && persons.includes(person) && numbers.includes(number),
  );
  if (isPerson) {
    const why = "the name is a word for a person and one for a number";
    return [{ column, role: "patient_key", weight: 0.9, why }];
  }
  if ((kind !== "wide" && kind !== "long") || column.type !== "date") return [];
  const isMade = (known: readonly string[]) =>
    readings.some((words) => words.every((word) => known.includes(word)));
  const why = "it holds dates, and every word of its name is one for answering a form";
  if (isMade(answered)) return [{ column, role: "answered_at", weight: 0.88, why }];
  if (isMade([...answered, ...begins])) return [{ column, role: "started_at", weight: 0.86, why }];
  return [];
}

/** Why what stands in a column cannot be what its name says. */
function misfitOf(role: string, { type, filled, rows, distinct }: ColumnEvidence): string | null {
  if (filled === 0) return "the column is empty";
  if (DATES.test(role) && type !== "date") return "the name is a date's, but the values are none";
  if (role === "patient_key" && filled < 0.98 * rows) {
    return `a key, but ${rows - filled} rows have none`;
  }
  if (role === "patient_key" && distinct === 1 && rows > 5) return "it is the same in every row";
  if (/sex$/.test(role) && distinct > 12) return "too many different values for it";
  if (/(method|mode|channel|setting|status)$/.test(role) && distinct > 40) {
    return "too many different values for a coded field";
  }
  return null;
}

/** Month and day that change places are never guessed. */
function ambiguousDate(suggestion: Suggestion): Suggestion {
  const { formats = [] } = suggestion;
  if (formats.length < 2) return suggestion;
  return {
    ...suggestion,
    confidence: Math.min(suggestion.confidence, 0.6),
    reason: `every date fits ${formats.join(" and ")}: only you know which is meant`,
  };
}

/** What a file's rows are, by the columns that it has. */
export function kindOf(
  columns: readonly ColumnEvidence[],
  names: ColumnNames,
  hasInstruments: boolean,
): { kind: FileKind; why: string } | null {
  const has = (table: keyof ColumnNames["columns"], role: string) =>
    columns.find((column) => {
      const match = matchOf(
        readingsOf(column.name, names.abbreviations),
        names.columns[table]?.[role] ?? [],
      );
      return match?.isExact && misfitOf(role, column) === null;
    });
  if (hasInstruments) return { kind: "wide", why: "columns are items of questionnaires" };
  const code = has("response", "item_code") ?? has("response", "item_text");
  const answer = has("response", "answer_num") ?? has("response", "answer_text");
  const person =
    has("patient", "patient_key") ??
    columns.find((column) =>
      composed(column, "patients", names).some(
        ({ role }) => role === "patient_key" && misfitOf(role, column) === null,
      ),
    );
  if (code && answer && person && code !== answer) {
    return {
      kind: "long",
      why: `${code.name} names a question and ${answer.name} holds its answer`,
    };
  }
  if (person && has("encounter", "start_at") && has("encounter", "class")) {
    return { kind: "encounters", why: "rows have a key, a start and a kind of visit" };
  }
  const dx = has("condition", "code");
  if (person && dx && looksDiagnostic(dx)) {
    return { kind: "conditions", why: `${dx.name} holds diagnosis codes` };
  }
  if (person && (has("patient", "birth_date") || has("patient", "sex"))) {
    return { kind: "patients", why: "rows have a person's key and sex or date of birth" };
  }
  return null;
}

function looksDiagnostic({ values }: ColumnEvidence): boolean {
  const total = values.reduce((sum, { count }) => sum + count, 0);
  const codes = values.filter(({ value }) =>
    /^([A-TV-Z]\d[\dA-Z](\.\w{1,4})?|\d{6,18})$/.test(value),
  );
  return codes.reduce((sum, { count }) => sum + count, 0) > 0.5 * total;
}
