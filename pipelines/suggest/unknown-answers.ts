import { isSentinel, numberOf } from "./answers.ts";
import type { Chosen } from "./choose.ts";
import { quote } from "./inline-yaml.ts";
import type { ColumnEvidence } from "./suggestion.ts";

export interface UnknownAnswers {
  hints: string[];
  /** The file's words, each with a question mark for the steward; null: none may be written down. */
  words: Record<string, string> | null;
}

type IsShared = (value: string, count: number) => boolean;

/** How to say what the file's own words for answers stand for; they are written down where they are no person's. */
export function unknownAnswers(
  { instrument, parts, coding }: Chosen,
  isShared: IsShared,
): UnknownAnswers | null {
  const [id = ""] = parts.keys();
  const item = instrument.items.find((one) => one.id === id);
  const list = instrument.answers[item?.answers ?? ""] ?? [];
  if (list.length === 0) return null;
  const numbered = list.map(({ value, label }) => `${value ?? "none"} ${label}`).join(", ");
  const { shared, rare } = wordsOfForm([...parts.values()], isShared);
  // A list of words is a closed one: numbers that are answers as they stand belong into it too.
  const numbers = list.flatMap(({ value }) =>
    coding.fit > 0 && value !== null ? [`${value}`] : [],
  );
  const words =
    shared.length > 0
      ? Object.fromEntries([
          ...shared.map((word) => [word, "?"]),
          ...numbers.map((number) => [number, number]),
        ])
      : null;
  const share = coding.fit > 0 ? `only ${Math.round(100 * coding.fit)} %` : "none";
  const hints = [
    words
      ? `    # The list has ${share} of the file's answers. Put what each stands for in the place of its ?, once, and remove the # of the lines:`
      : `    # The list has ${share} of the file's answers. Where others have a meaning, write it as words: { the file's: "0" } beside the column:`,
    `    #   ${numbered}`,
  ];
  if (rare.cells > 0) {
    hints.push(
      "    # Not shown, because few cells have them, and they may be somebody's own words: what stands in",
      `    # ${rare.cells} cells of ${rare.columns.map(quote).join(", ")}. Look into the file: a word of the form belongs among the words, one for "no answer" under`,
      "    # missing; whatever else there is will be withheld.",
    );
  }
  return { hints, words };
}

/** Words of a form's answers that may be written down, the most frequent first, and where the others stand. */
interface FormWords {
  shared: string[];
  rare: { cells: number; columns: string[] };
}

/**
 * The words in the columns of one form. They are counted over all of its columns: a word that is rare in one may be an answer
 * that most people give elsewhere.
 */
function wordsOfForm(columns: readonly ColumnEvidence[], isShared: IsShared): FormWords {
  const counts = new Map<string, number>();
  const words = columns.flatMap(({ name, values }) =>
    values
      .filter(({ value }) => numberOf(value) === null && !isSentinel(value))
      .map((one) => ({ ...one, name })),
  );
  for (const { value, count } of words) counts.set(value, (counts.get(value) ?? 0) + count);
  const shared = [...counts]
    .filter(([value, count]) => isShared(value, count))
    .toSorted((a, b) => b[1] - a[1])
    .map(([value]) => value);
  const rare = words.filter(({ value }) => !shared.includes(value));
  return {
    shared,
    rare: {
      cells: rare.reduce((sum, { count }) => sum + count, 0),
      columns: [...new Set(rare.map(({ name }) => name))],
    },
  };
}
