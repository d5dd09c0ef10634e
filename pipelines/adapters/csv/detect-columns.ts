import type { MissingReason } from "./source.ts";

/** Which dates a column holds, and why we think so. */
export interface DateEvidence {
  column: string;
  /** What fits every cell: nothing to state (ISO), one format, or several. Two orders of day and month that both fit are never chosen from. */
  formats: string[];
  isIso: boolean;
  isAmbiguous: boolean;
  /** Cells with Z or an offset, of those with a time. */
  withOffset: number;
  cells: number;
  /** Shapes and bounds, never a cell's text. */
  evidence: string;
}

export interface MissingEvidence {
  word: string;
  reason: MissingReason;
  columns: string[];
  cells: number;
  evidence: string;
}

const PARTS =
  /^(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?:[ T](\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*([AaPp][Mm])?)?\s*(Z|[+-]\d\d:?\d\d)?$/;
const NAMED = /^(\d{1,2})([- ]?)([A-Za-z]{3})\2(\d{4})$/;
const COMPACT = /^(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/;

/**
 * The dates of a column from its cells; null when fewer than nine of ten cells look like dates.
 *
 * Rows beyond `cells` may settle an order that these leave open; `bounds` holds the largest first and second numbers of the whole file,
 * where somebody has looked.
 */
export function dateEvidence(
  column: string,
  cells: readonly string[],
  bounds?: { first: number; second: number },
): DateEvidence | null {
  const given = cells.filter((cell) => cell !== "");
  if (given.length === 0) return null;
  const compact = given.filter((cell) => COMPACT.test(cell)).length;
  const named = given.map((cell) => NAMED.exec(cell)).filter((match) => match !== null);
  const parts = given.map((cell) => PARTS.exec(cell)).filter(isDay);
  const enough = given.length * 0.9;
  const base = { column, cells: given.length, withOffset: 0, isIso: false, isAmbiguous: false };
  // Eight digits may be any number: all of them must be dates of this or the last century.
  if (compact === given.length && given.length > 2) {
    return { ...base, formats: ["%Y%m%d"], evidence: `${compact} cells of 8 digits, all dates` };
  }
  if (named.length >= enough) {
    const gap = named[0]?.[2] ?? "";
    return {
      ...base,
      formats: [`%d${gap}%b${gap}%Y`],
      evidence: `${named.length} of ${given.length} cells are day, month's name, year`,
    };
  }
  if (parts.length < enough) return null;
  const withOffset = parts.filter((match) => match[9]).length;
  const order = orderOf(parts, given.length, bounds);
  return order.formats.length > 0 || order.isIso ? { ...base, withOffset, ...order } : null;
}

/** A year of four digits or two, and two numbers that a month and a day can have: neither a social security nor a version number. */
function isDay(match: RegExpExecArray | null): match is RegExpExecArray {
  const [first = "", middle = "", last = ""] = [match?.[1], match?.[3], match?.[4]];
  const years = [first, last].filter((part) => /^(?:18|19|20|21)\d\d$/.test(part)).length;
  const short = [first, middle, last].filter((part) => /^\d{1,2}$/.test(part));
  const isWhole = years === 1 ? short.length === 2 : short.length === 3 && last.length === 2;
  const days = years === 1 ? short : [first, middle];
  return isWhole && days.every((part) => Number(part) >= 1 && Number(part) <= 31);
}

function orderOf(
  parts: readonly RegExpExecArray[],
  total: number,
  bounds?: { first: number; second: number },
) {
  const mark = parts[0]?.[2] ?? "-";
  const number = (match: RegExpExecArray, i: number) => Number(match[i]);
  const yearFirst = parts.every((match) => match[1]?.length === 4);
  const time = timeFormat(parts);
  const all = `${parts.length} of ${total} cells`;
  if (yearFirst) {
    const isIso = mark === "-" && !time.includes("%p");
    return {
      formats: isIso ? [] : [`%Y${mark}%m${mark}%d${time}`],
      isIso,
      evidence: `${all} are year, month, day`,
    };
  }
  const first = Math.max(bounds?.first ?? 0, ...parts.map((match) => number(match, 1)));
  const second = Math.max(bounds?.second ?? 0, ...parts.map((match) => number(match, 3)));
  const year = parts.every((match) => match[4]?.length === 4) ? "%Y" : "%y";
  const orders = [
    ...(second <= 12 ? [`%d${mark}%m${mark}${year}${time}`] : []),
    ...(first <= 12 ? [`%m${mark}%d${mark}${year}${time}`] : []),
  ];
  return {
    formats: orders,
    isAmbiguous: orders.length !== 1,
    evidence: `${all} have three numbers with ${mark}; the first goes up to ${first}, the second up to ${second}${
      orders.length > 1 ? ": day and month cannot be told apart, say which one it is" : ""
    }`,
  };
}

function timeFormat(parts: readonly RegExpExecArray[]): string {
  const timed = parts.filter((match) => match[5] !== undefined);
  if (timed.length === 0) return "";
  const seconds = timed.some((match) => match[7] !== undefined) ? ":%S" : "";
  const half = timed.some((match) => match[8] !== undefined);
  const zone = timed.some((match) => match[9] !== undefined) ? "%z" : "";
  return ` ${half ? "%I" : "%H"}:%M${seconds}${half ? " %p" : ""}${zone}`;
}

/** Words for "no value", compared without case, and what they say. Our own list: the usual words of REDCap, R, SAS and report writers. */
const WORDS: Readonly<Record<string, MissingReason>> = {
  na: "skipped",
  "n/a": "skipped",
  nan: "skipped",
  null: "skipped",
  none: "skipped",
  ".": "skipped",
  "-": "skipped",
  missing: "skipped",
  "#n/a": "skipped",
  "[not completed]": "skipped",
  skipped: "skipped",
  "not applicable": "not_shown",
  "not shown": "not_shown",
  "not asked": "NASK",
  refused: "asked-declined",
  declined: "asked-declined",
  "prefer not to answer": "asked-declined",
  "don't know": "ASKU",
  unknown: "ASKU",
};
const NUMBERS = [
  "-1",
  "-7",
  "-8",
  "-9",
  "-77",
  "-88",
  "-99",
  "-999",
  "7",
  "8",
  "9",
  "77",
  "88",
  "99",
  "777",
  "888",
  "999",
  "9999",
];

/** Words and numbers in a column of small numbers that stand for no value: a number only where it lies apart from all others. */
export function missingEvidence(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): MissingEvidence[] {
  const found = new Map<string, MissingEvidence>();
  columns.forEach((column, i) => {
    const cells = rows.map((row) => row[i] ?? "").filter((cell) => cell !== "");
    const numbers = cells.filter((cell) => /^-?\d+(?:[.,]0+)?$/.test(cell));
    for (const [word, cellCount] of tally(cells)) {
      const reason = WORDS[word.toLowerCase()];
      const number = reason ? null : sentinel(word, numbers);
      if (!reason && number === null) continue;
      const known = found.get(word) ?? {
        word,
        reason: reason ?? "skipped",
        columns: [],
        cells: 0,
        evidence: number ?? "a word for no value",
      };
      known.columns.push(column);
      known.cells += cellCount;
      found.set(word, known);
    }
  });
  return [...found.values()];
}

function sentinel(word: string, numbers: readonly string[]): string | null {
  const plain = word.replace(/[.,]0+$/, "");
  if (!NUMBERS.includes(plain) || !numbers.includes(word)) return null;
  const others = numbers
    .map((cell) => cell.replace(/[.,]0+$/, ""))
    .filter((cell) => !NUMBERS.includes(cell))
    .map(Number);
  if (others.length < 3) return null;
  const [low, high] = [Math.min(...others), Math.max(...others)];
  if (plain.startsWith("-")) return low >= 0 ? `the other numbers are ${low} to ${high}` : null;
  // 9 among 0 to 3 stands apart, 9 among 0 to 8 does not.
  return high <= 10 && Number(plain) >= 2 * Math.max(high, 1) + 1
    ? `the other numbers are ${low} to ${high}`
    : null;
}

function tally(cells: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const cell of cells) counts.set(cell, (counts.get(cell) ?? 0) + 1);
  return counts;
}
