import type { Instrument, Score } from "../catalogue/instrument.ts";
import { numberOf } from "./answers.ts";
import type { Chosen } from "./choose.ts";
import { keysOf } from "./instruments.ts";
import { compact, wordsOf } from "./names.ts";
import type { ColumnEvidence, Suggestion } from "./suggestion.ts";

export const TOTAL = new Set([
  "total",
  "score",
  "sum",
  "tot",
  "raw",
  "totalscore",
  "sumscore",
  "overall",
  "summe",
  "summenwert",
  "gesamt",
  "gesamtwert",
]);
const FILLERS = new Set(["q", "the", "of", "calc", "calculated", "value", "result"]);

/**
 * Columns that hold scores: the proven sum of a group's items; or the form's name with a word such as total, where the numbers are
 * in the score's range.
 */
export function scoreColumns(
  columns: readonly ColumnEvidence[],
  chosen: readonly Chosen[],
  instruments: readonly Instrument[],
  stems: Readonly<Record<string, string>>,
): Suggestion[] {
  const used = new Set(chosen.flatMap(({ parts }) => [...parts.values()].map(({ name }) => name)));
  const taken = new Set<string>();
  const found: Suggestion[] = [];
  const add = (one: Suggestion) => {
    const key = `${one.context}|${one.role}`;
    if (used.has(one.column) || taken.has(key)) return;
    used.add(one.column);
    taken.add(key);
    found.push(one);
  };
  for (const group of chosen) {
    const score = group.instrument.scores.find(({ sum }) => sum);
    if (!group.total || !score) continue;
    add({
      column: group.total.name,
      role: `${group.instrument.id}/${score.id}`,
      context: group.context,
      confidence: Math.min(0.97, group.confidence),
      reason: "it is the sum of the items in nearly all rows",
      alternatives: [],
    });
  }
  for (const column of columns) {
    if (column.type !== "integer" && column.type !== "number") continue;
    const named = byGroup(column, chosen) ?? byName(column, instruments, stems);
    if (named) add(named);
  }
  return found;
}

/** "Hip Replacement Pre-Op Q Score" beside the items of "hip replacement pre op q". */
function byGroup(column: ColumnEvidence, chosen: readonly Chosen[]): Suggestion | null {
  const words = wordsOf(column.name);
  const fitting = chosen
    .filter(({ context }) =>
      context.split(" ").every((word) => word === "" || words.includes(word)),
    )
    .toSorted((a, b) => b.context.length - a.context.length);
  for (const { instrument, context, confidence } of fitting) {
    const rest = words.filter((word) => !context.split(" ").includes(word)).join(" ");
    const score = instrument.scores.find(
      ({ id, aliases = [] }) =>
        [id, ...aliases].some((name) => compact(name) === compact(rest)) ||
        (TOTAL.has(rest) && rest !== "raw"),
    );
    if (!score || (context === "" && chosen.length > 1) || !inRange(column, score)) continue;
    const isOwn = [score.id, ...(score.aliases ?? [])].some(
      (name) => compact(name) === compact(rest),
    );
    return {
      column: column.name,
      role: `${instrument.id}/${score.id}`,
      context,
      confidence: Math.min(confidence, isOwn || score.sum ? 0.88 : 0.6),
      reason: "it stands beside the items, is named like a score, and is in its range",
      alternatives: [],
    };
  }
  return null;
}

function byName(
  column: ColumnEvidence,
  instruments: readonly Instrument[],
  stems: Readonly<Record<string, string>>,
): Suggestion | null {
  const whole = compact(column.name);
  const found = instruments.flatMap((instrument) =>
    keysOf(instrument, stems)
      .filter((key) => key.length >= 4 && whole.includes(key))
      .map((key) => ({ instrument, key })),
  );
  // A short form's items are named for the long one: phq9 is the PHQ-2's stem and the PHQ-9's own name.
  const isOwn = ({ instrument, key }: (typeof found)[number]) => compact(instrument.id) === key;
  const [best] = found.toSorted(
    (a, b) => b.key.length - a.key.length || Number(isOwn(b)) - Number(isOwn(a)),
  );
  if (!best) return null;
  const rest = wordsOf(column.name.replaceAll(/[^\p{L}\p{N}]+/gu, " "))
    .join(" ")
    .replaceAll(" ", "")
    .replace(best.key, " ")
    .split(" ")
    .map((word) => word.trim())
    .filter((word) => word !== "" && !FILLERS.has(word));
  const score = best.instrument.scores.find((one) =>
    [one.id, ...(one.aliases ?? [])].some((name) => rest.includes(compact(name))),
  );
  const main = best.instrument.scores[0];
  const meant =
    score ?? (rest.length === 0 || rest.some((word) => TOTAL.has(word)) ? main : undefined);
  if (!meant || !inRange(column, meant)) return null;
  const isOne = score !== undefined || best.instrument.scores.length === 1;
  return {
    column: column.name,
    role: `${best.instrument.id}/${meant.id}`,
    context: "",
    confidence: isOne ? (rest.length === 0 ? 0.8 : 0.9) : 0.6,
    reason: "the name has the form's name and a word for its score; the numbers are in its range",
    alternatives: isOne
      ? []
      : best.instrument.scores.slice(1, 3).map(({ id }) => `${best.instrument.id}/${id}`),
  };
}

/** Nearly all numbers lie in the score's range; one without a known range takes none on trust. */
function inRange(column: ColumnEvidence, { range }: Score): boolean {
  const { values, isCoded, least, largest, formats } = column;
  if (!range || formats.length > 1) return false;
  const [low, high] = range;
  // 999 for "not asked" is above every scale.
  const isMissingWord = largest === 999 || largest === 9999;
  if (!isCoded) {
    return least !== null && largest !== null && least >= low && (largest <= high || isMissingWord);
  }
  const total = values.reduce((sum, { count }) => sum + count, 0);
  const inside = values.filter(({ value }) => {
    const number = numberOf(value);
    return number !== null && number >= low && number <= high;
  });
  return inside.reduce((sum, { count }) => sum + count, 0) >= 0.9 * total;
}
