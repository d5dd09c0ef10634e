import type { Instrument } from "../catalogue/instrument.ts";
import type { ColumnEvidence } from "./suggestion.ts";

/** How a file writes the answers of one instrument's items. */
export interface Coding {
  /** What to add to the file's numbers to get the catalogue's; null: the values do not tell. */
  offset: number | null;
  /** Words that stand for no answer, with their share. */
  sentinels: string[];
  /** The file's text for each answer that our list writes otherwise. */
  words: Record<string, string>;
  /** Share of the filled cells that the coding explains. */
  fit: number;
  why: string;
}

/** Numbers that surveys use for refused, not known, not asked: they stand apart from the answers. */
const SENTINELS = new Set([-9, -8, -7, -1, 7, 8, 9, 77, 88, 97, 98, 99, 777, 888, 999, 9999]);

/** How the columns of a group code their answers; the columns of one form code alike, so they are judged together. */
export function codingOf(
  instrument: Instrument,
  columns: ReadonlyMap<string, ColumnEvidence>,
): Coding {
  const lists = new Map(
    instrument.items.map(({ id, answers }) => [id, instrument.answers[answers] ?? []]),
  );
  let filled = 0;
  let least = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  const fits = new Map(OFFSETS.map((offset) => [offset, 0]));
  const labels = new Map<string, string>();
  const counts = new Map<string, number>();
  let labelled = 0;
  for (const [id, column] of columns) {
    const list = lists.get(id) ?? [];
    const values = new Set(list.flatMap(({ value }) => (value === null ? [] : [value])));
    filled += column.filled;
    for (const { value, count } of column.values) {
      const number = numberOf(value);
      if (number === null) {
        const label = labelOf(value, list);
        if (label === null) counts.set(value, (counts.get(value) ?? 0) + count);
        else {
          labelled += count;
          if (label.own) labels.set(value, String(label.value));
        }
        continue;
      }
      let fitsSome = false;
      for (const offset of OFFSETS) {
        // Nobody numbers answers from -1.
        if (Math.min(...values) - offset < 0 || !values.has(number + offset)) continue;
        fits.set(offset, (fits.get(offset) ?? 0) + count);
        if (offset === 0 || !SENTINELS.has(number)) fitsSome = true;
      }
      if (!fitsSome) counts.set(value, (counts.get(value) ?? 0) + count);
      else if (!SENTINELS.has(number) || values.has(number)) {
        least = Math.min(least, number);
        largest = Math.max(largest, number);
      }
    }
  }
  return judge({ filled, fits, labels, labelled, counts, least, largest });
}

/** A file may store one more or one less than the catalogue. */
const OFFSETS = [0, -1, 1];

interface Counts {
  filled: number;
  fits: Map<number, number>;
  labels: Map<string, string>;
  labelled: number;
  counts: Map<string, number>;
  least: number;
  largest: number;
}

function judge({ filled, fits, labels, labelled, counts, least, largest }: Counts): Coding {
  const sentinels = [...counts].filter(([value]) => isSentinel(value)).map(([value]) => value);
  const missing = sentinels.reduce((sum, value) => sum + (counts.get(value) ?? 0), 0);
  const share = (n: number) => (filled > missing ? (n + labelled) / (filled - missing) : 0);
  const words = Object.fromEntries(labels);
  const asIs = share(fits.get(0) ?? 0);
  const [shift, shifted] = [...fits]
    .filter(([offset]) => offset !== 0)
    .toSorted((a, b) => b[1] - a[1])[0] ?? [0, 0];
  if (asIs >= 0.995) {
    const isEither = labelled === 0 && share(shifted) >= 0.995;
    const range = `${least} to ${largest}`;
    return {
      offset: isEither ? null : 0,
      sentinels,
      words,
      fit: asIs,
      why: isEither
        ? `the answers ${range} fit the list as they are and moved by ${shift}`
        : labelled > 0
          ? "the answers are words of the list"
          : `the answers ${range} are values of the list`,
    };
  }
  if (share(shifted) > asIs && share(shifted) >= 0.98) {
    return {
      offset: shift,
      sentinels,
      words,
      fit: share(shifted),
      why: `the file stores ${least} to ${largest}: moved by ${shift} they are values of the list`,
    };
  }
  return {
    offset: asIs >= 0.9 ? 0 : null,
    sentinels,
    words,
    fit: asIs,
    why: `${Math.round(100 * asIs)} % of the answers are in the list`,
  };
}

export function isSentinel(value: string): boolean {
  const number = numberOf(value);
  if (number !== null) return SENTINELS.has(number);
  return /^(na|n\/a|null|none|missing|unknown|refused|declined|\.|\*|-|\?|nan|don'?t know|not (asked|done|completed)|\[not completed\])$/i.test(
    value,
  );
}

/** A comma is a decimal mark here: what else it may stand for is in no list of answers. */
export function numberOf(value: string): number | null {
  return /^[-+]?\d+([.,]\d+)?$/.test(value.trim()) ? Number(value.replace(",", ".")) : null;
}

type AnswerList = Instrument["answers"][string];

/** The answer whose label a text is: as it stands, or written a little otherwise (then `own`). */
function labelOf(value: string, list: AnswerList): { value: number; own: boolean } | null {
  const plain = (text: string) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
      .trim();
  const exact = list.find(({ label }) => label.toLowerCase() === value.trim().toLowerCase());
  if (exact && exact.value !== null) return { value: exact.value, own: false };
  const near = list.find(({ label }) => plain(label) === plain(value));
  if (near && near.value !== null) return { value: near.value, own: true };
  // "2 - More than half the days", "Several days (1)"
  const inside = list.filter(
    ({ label, value: n }) =>
      plain(value) === `${n} ${plain(label)}` || plain(value) === `${plain(label)} ${n}`,
  );
  const [only] = inside;
  return inside.length === 1 && only && only.value !== null
    ? { value: only.value, own: true }
    : null;
}
