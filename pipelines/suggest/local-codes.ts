import type { Instrument } from "../catalogue/instrument.ts";
import { numberOf } from "./answers.ts";
import { chooseGroups } from "./choose.ts";
import { quote } from "./inline-yaml.ts";
import { scoreColumns } from "./scores.ts";
import { type ColumnEvidence, isSure, type Suggestion } from "./suggestion.ts";

/** A code of an export that no list of ours has. */
export interface LocalCode {
  code: string;
  /** What stands beside it, such as the question. */
  text: string | null;
  n: number;
  /** What was answered under it. */
  values: { value: string; count: number }[];
}

/** What a local code may be; `count` is how often it stands in the export. */
export interface CodeSuggestion extends Suggestion {
  code: string;
  count: number;
  isScore: boolean;
}

interface Known {
  instruments: readonly Instrument[];
  stems: Readonly<Record<string, string>>;
}

/** The item or score that each local code may be, by the code and by the text beside it: the surer of the two. */
export async function suggestCodes(
  rows: readonly LocalCode[],
  known: Known,
): Promise<CodeSuggestion[]> {
  const byCode = await suggestionsFor(rows, ({ code }) => code, known);
  const byText = await suggestionsFor(rows, ({ text }) => text ?? "", known);
  return rows.map(({ code, n }, i) => {
    const found = [byCode[i], byText[i]].filter((one) => one !== undefined);
    const [best = nothing(code)] = found.toSorted((a, b) => b.confidence - a.confidence);
    const [id, part] = (best.role ?? "").split("/");
    const scores = known.instruments.find((one) => one.id === id)?.scores ?? [];
    return { ...best, code, count: n, isScore: scores.some((one) => one.id === part) };
  });
}

const nothing = (code: string): Suggestion => ({
  column: code,
  role: null,
  context: "",
  confidence: 0,
  reason: "nothing of the catalogue was recognised",
  alternatives: [],
});

/** The codes as if each were a column: what tells a column's item tells a code's too. */
async function suggestionsFor(
  rows: readonly LocalCode[],
  nameOf: (row: LocalCode) => string,
  { instruments, stems }: Known,
): Promise<(Suggestion | undefined)[]> {
  const columns = rows.map((row, index): ColumnEvidence => {
    const { values } = row;
    const isNumber = values.length > 0 && values.every(({ value }) => numberOf(value) !== null);
    return {
      name: nameOf(row),
      index,
      type: isNumber ? "number" : "text",
      formats: [],
      filled: values.reduce((sum, { count }) => sum + count, 0),
      rows: row.n,
      distinct: values.length,
      values,
      isCoded: true,
      masked: null,
      least: null,
      largest: null,
    };
  });
  const named = columns.filter(({ name }) => name !== "");
  const chosen = await chooseGroups(
    { columns: named, instruments, stems, mentioned: new Map() },
    async () => null,
  );
  const suggestions = [
    ...scoreColumns(named, chosen, instruments, stems),
    ...chosen.flatMap((group) => group.suggestions),
  ];
  const byName = new Map(suggestions.map((one) => [one.column, one] as const));
  return columns.map(({ name }) => byName.get(name));
}

/** Codes that a draft shows of those of which nothing is known. */
const SHOWN = 30;

/**
 * The lines of a long file's entry that give its local codes a meaning. Codes that are rare may be somebody's own words and are
 * only counted.
 */
export function codeLines(
  codes: readonly CodeSuggestion[],
  isShared: (value: string, count: number) => boolean,
): string[] {
  const shown = codes.filter(({ code, count }) => isShared(code, count));
  const found = shown.filter(({ role }) => role?.includes("/"));
  const unknown = shown.filter((one) => !found.includes(one));
  const rare = codes.filter((one) => !shown.includes(one));
  return [...instrumentLines(found), ...unknownLines(unknown), ...rareLines(rare)];
}

function instrumentLines(found: readonly CodeSuggestion[]): string[] {
  if (found.length === 0) return [];
  const instrumentOf = ({ role }: Suggestion) => role?.split("/")[0] ?? "";
  return [
    "  # Codes that are this site's own pass only when somebody has approved them: look at each.",
    `  ${mark(found)}instruments:`,
    ...[...new Set(found.map(instrumentOf))].flatMap((instrument) => {
      const parts = found.filter((one) => instrumentOf(one) === instrument);
      const [first] = parts;
      return [
        `    # ${first?.confidence.toFixed(2)}: ${first?.reason}`,
        `    ${mark(parts)}- instrument: ${instrument}`,
        ...partLines(
          "items",
          parts.filter(({ isScore }) => !isScore),
          first,
        ),
        ...partLines(
          "scores",
          parts.filter(({ isScore }) => isScore),
          first,
        ),
      ];
    }),
  ];
}

const mark = (parts: readonly CodeSuggestion[]): string => (parts.some(isChosen) ? "" : "# ");

/** Answers that are stored otherwise need words of their own, which a code has no place for. */
const isChosen = (one: CodeSuggestion): boolean => isSure(one) && one.words === undefined;

function partLines(
  key: string,
  parts: readonly CodeSuggestion[],
  first: CodeSuggestion | undefined,
): string[] {
  if (parts.length === 0) return [];
  return [
    `      ${mark(parts)}${key}:`,
    ...parts.map((one) => {
      const [, part] = one.role?.split("/") ?? [];
      const why =
        one.reason === first?.reason ? "" : `, ${one.confidence.toFixed(2)}: ${one.reason}`;
      const stored = one.words
        ? "; give its answers their meaning as words beside the column of the answer"
        : "";
      return `        ${mark([one])}${part}: ${quote(one.code)}   # ${one.count} rows${why}${stored}`;
    }),
  ];
}

function unknownLines(codes: readonly CodeSuggestion[]): string[] {
  if (codes.length === 0) return [];
  const shown = codes.slice(0, SHOWN).map(({ code, count }) => `${quote(code)} (${count})`);
  const more = codes.length > SHOWN ? `, and ${codes.length - SHOWN} more` : "";
  return [
    `  # Codes that propool does not know, and in how many rows: ${shown.join(", ")}${more}.`,
    "  # Rows with them are out of scope. If one is an item, write it under instruments of this entry:",
    '  #   - { instrument: phq-9, items: { PHQ9_1: "its code" } }',
  ];
}

function rareLines(codes: readonly CodeSuggestion[]): string[] {
  if (codes.length === 0) return [];
  const rows = codes.reduce((sum, { count }) => sum + count, 0);
  return [
    `  # Not shown, because few rows have them, and they may name somebody: ${codes.length} codes in ${rows} rows.`,
  ];
}
