/** `PHQ9_1` as phq91: letters and digits alone, in small letters. */
export const compact = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "");

/** The words of a name: `key.userId` is key, user, id; `PHQ9_1` is phq9, 1. */
export function wordsOf(name: string): string[] {
  return name
    .replaceAll(/(\p{Ll}|\d)(\p{Lu}\p{Ll})/gu, "$1 $2")
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

/** A name as words, and once more with its short forms written out where that is another: BirthDt is birth date. */
export function readingsOf(
  name: string,
  abbreviations: Readonly<Record<string, string>>,
): { words: string; isWhole: boolean }[] {
  const words = wordsOf(name);
  const whole = words.join(" ");
  const long = words
    .map((word) => (Object.hasOwn(abbreviations, word) ? abbreviations[word] : word))
    .filter(Boolean)
    .join(" ");
  const readings = [{ words: whole, isWhole: true }];
  return long === whole ? readings : [...readings, { words: long, isWhole: false }];
}

/** Whether two words are forms of one: transport and transportation, activity and activities. */
export function isSameWord(a: string, b: string): boolean {
  if (a === b) return true;
  const length = Math.min(a.length, b.length);
  if (length < 5) return false;
  return a.slice(0, Math.max(5, length - 2)) === b.slice(0, Math.max(5, length - 2));
}

const FILLERS = new Set(["of", "the", "and", "or", "to", "in", "a", "usual", "average", "about"]);

/** How much of a label's words a name's words hold, and which of the name's words these are. */
export function overlap(
  name: readonly string[],
  label: readonly string[],
): { share: number; used: Set<string> } {
  const wanted = label.filter((word) => !FILLERS.has(word));
  const used = new Set<string>();
  let found = 0;
  for (const word of wanted) {
    const match = name.find((one) => !used.has(one) && isSameWord(one, word));
    if (match === undefined) continue;
    used.add(match);
    found++;
  }
  for (const word of name) if (label.includes(word)) used.add(word);
  return { share: wanted.length > 0 ? found / wanted.length : 0, used };
}

/** The place of a column in a series: q1, q2 …; `stem` is its name with # for the number. */
export function seriesOf(name: string): { stem: string; number: number } | null {
  const match = /^(.*?)(\d+)([^\d]*)$/.exec(name);
  if (!match) return null;
  const [, before = "", number = "", after = ""] = match;
  return { stem: `${before}#${after}`, number: Number(number) };
}
