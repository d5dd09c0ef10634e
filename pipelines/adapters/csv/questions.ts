import type { FileEntry } from "./layout.ts";
import type { Dictionary, DictionaryField } from "./redcap-dictionary.ts";
import { compileLogic } from "./redcap-logic.ts";
import type { Columns } from "./source.ts";

/** What is known of the question in a column, beside its answer. */
export interface Question {
  /** Code: label, as the form shows it. */
  labels: Record<string, string>;
  /** SQL over the row's cells: whether it was shown; null: nobody can say; undefined: always. */
  shown?: string | null;
  /** A field for written words: what stands in it is never an answer. */
  isFreeText: boolean;
}

/** Questions by column, in lower case; and the columns that say whether they were shown. */
export interface Questions {
  byColumn: ReadonlyMap<string, Question>;
  conditions: readonly string[];
}

/** The questions of the columns that an entry maps. */
export function questionsOf(
  dictionary: Dictionary,
  mapped: readonly string[],
  columns: readonly string[],
): Questions {
  const known = new Set(columns.map((column) => column.toLowerCase()));
  const conditions = new Set<string>();
  const byColumn = new Map<string, Question>();
  for (const column of mapped.map((name) => name.toLowerCase())) {
    const field = fieldOf(dictionary, column);
    if (!field) continue;
    const question: Question = { labels: field.choices, isFreeText: field.type === "notes" };
    if (field.branching) {
      const logic = compileLogic(field.branching, known);
      question.shown = logic?.sql ?? null;
      for (const one of logic?.columns ?? []) conditions.add(one.toLowerCase());
    }
    byColumn.set(column, question);
  }
  return { byColumn, conditions: [...conditions] };
}

/** What a site's people are called in codes of a form (sex 1) is passed on as the form's label (Male). */
export function withLabels(entry: FileEntry, dictionary: Dictionary): FileEntry {
  if (!("person" in entry) || !entry.person) return entry;
  const person = Object.entries(entry.person as Columns).map(([name, source]) => {
    const column = typeof source === "string" ? source : undefined;
    const choices = dictionary.get(column?.toLowerCase() ?? "")?.choices ?? {};
    const isCoded = column !== undefined && Object.keys(choices).length > 0;
    return [name, isCoded ? { column, words: choices, optional: false } : source] as const;
  });
  return { ...entry, person: Object.fromEntries(person) } as FileEntry;
}

/** The field of a column; the columns of a checkbox are name___code, and their cells say 1 or 0. */
function fieldOf(dictionary: Dictionary, column: string): DictionaryField | undefined {
  const own = dictionary.get(column);
  if (own) return own;
  const box = dictionary.get(column.split("___")[0] ?? "");
  return box && { ...box, choices: {} };
}
