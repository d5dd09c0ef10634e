import type { Instrument } from "../catalogue/instrument.ts";
import { compact, overlap, seriesOf, wordsOf } from "./names.ts";
import type { ColumnEvidence } from "./suggestion.ts";
import { byWording } from "./wording.ts";

/** Columns of a file that together may be one instrument answered once a row. */
export interface Group {
  instrument: Instrument;
  /** What their names have beside the parts' own names: `pre op q`. */
  context: string;
  parts: Map<string, ColumnEvidence>;
  /** How the names tell it: by the parts' own ids, by the form's name and a number, by their labels, by the words of the questions, by their places alone. */
  by: "id" | "number" | "label" | "wording" | "place" | "stem";
  score: number;
}

/** Names by which a form may be meant: its id, its other names, the beginning of its items' ids. */
export function keysOf(instrument: Instrument, stems: Readonly<Record<string, string>>): string[] {
  const itemStems = instrument.items
    .map(({ id }) => compact(id.replace(/\d+[a-z]*$/i, "")))
    .filter((stem) => stem.length >= 3);
  const own = [instrument.id, ...(instrument.aliases ?? [])].map(compact);
  const listed = Object.entries(stems).filter(([, id]) => id === instrument.id);
  return [...new Set([...own, ...itemStems, ...listed.map(([stem]) => compact(stem))])];
}

/**
 * The groups that the names of a file's columns tell, most telling first. A column may be in several: the caller takes the
 * best and drops what overlaps it.
 */
export function groupsByName(
  columns: readonly ColumnEvidence[],
  instruments: readonly Instrument[],
  stems: Readonly<Record<string, string>>,
): Group[] {
  const places = placesOf(columns);
  const groups = instruments.flatMap((instrument) => {
    const labelled = byLabel(columns, instrument);
    return [
      ...byId(columns, instrument).map((group) => completed(group, labelled)),
      ...byNumber(columns, instrument, keysOf(instrument, stems), places),
      ...byStem(columns, instrument, keysOf(instrument, stems)),
      ...labelled,
      ...byWording(columns, instrument),
    ];
  });
  return groups.map((group) => ({ ...group, score: scoreOf(group) }));
}

/** A group whose names are the items' own, with the items that are named a little otherwise: Transport for transportation. */
function completed(
  group: Omit<Group, "score">,
  labelled: readonly Omit<Group, "score">[],
): Omit<Group, "score"> {
  if (group.parts.size < 3) return group;
  const more = labelled.find(({ context }) => context === group.context);
  const used = new Set([...group.parts.values()].map(({ name }) => name));
  const added = [...(more?.parts ?? [])].filter(
    ([id, column]) => !group.parts.has(id) && !used.has(column.name),
  );
  return { ...group, parts: new Map([...group.parts, ...added]) };
}

/** The number of each column in its series, counted from 1: answers.0, and 010 020 of surveys that number in tens. */
function placesOf(columns: readonly ColumnEvidence[]): Map<string, number> {
  const series = new Map<string, { name: string; number: number }[]>();
  for (const { name } of columns) {
    const place = seriesOf(name);
    if (place) {
      const members = series.get(place.stem) ?? [];
      series.set(place.stem, [...members, { name, number: place.number }]);
    }
  }
  const places = new Map<string, number>();
  for (const members of series.values()) {
    const least = Math.min(...members.map(({ number }) => number));
    const isTens = members.length > 2 && members.every(({ number }) => number % 10 === 0);
    for (const { name, number } of members) {
      places.set(
        name,
        isTens ? number / 10 : least === 0 && members.length > 2 ? number + 1 : number,
      );
    }
  }
  return places;
}

/** Of the items that are scored, those that the group has; a few items of a long form say little. */
export function coverage({ instrument, parts }: Pick<Group, "instrument" | "parts">): number {
  const scored = new Set(instrument.scores.flatMap(({ sum }) => sum ?? []));
  const wanted = instrument.items.filter(({ id }) => scored.size === 0 || scored.has(id));
  if (wanted.length === 0) return 0;
  return wanted.filter(({ id }) => parts.has(id)).length / wanted.length;
}

const WEIGHT = { id: 1, number: 0.95, label: 0.85, wording: 0.85, place: 0.5, stem: 0.6 };

function scoreOf(group: Omit<Group, "score">): number {
  const share = coverage(group);
  const size = Math.min(1, group.parts.size / 20);
  return WEIGHT[group.by] * (0.5 + 0.5 * share) + 0.05 * size;
}

function byId(columns: readonly ColumnEvidence[], instrument: Instrument): Omit<Group, "score">[] {
  const names = instrument.items.flatMap((item) =>
    [item.id, item.loinc, ...(item.aliases ?? [])]
      .filter((name) => name !== undefined)
      .map((name) => ({ id: item.id, key: compact(name), words: wordsOf(name).join(" ") })),
  );
  const found = columns.flatMap((column) => {
    const whole = compact(column.name);
    const spaced = ` ${wordsOf(column.name).join(" ")} `;
    const best = names
      .filter(
        ({ key, words }) => whole === key || (words.length >= 5 && spaced.includes(` ${words} `)),
      )
      .toSorted((a, b) => b.key.length - a.key.length)[0];
    if (!best) return [];
    const context = whole === best.key ? "" : spaced.replace(` ${best.words} `, " ").trim();
    return [{ context, id: best.id, column }];
  });
  return grouped(found, instrument, "id");
}

/** The form's name and a number: phq9_q3, PHQ-9 item 3. */
function byNumber(
  columns: readonly ColumnEvidence[],
  instrument: Instrument,
  keys: readonly string[],
  places: ReadonlyMap<string, number>,
): Omit<Group, "score">[] {
  const found = columns.flatMap((column) => {
    const series = seriesOf(column.name);
    if (!series) return [];
    const stem = compact(series.stem.replace(/#.*$/, ""));
    // phq9_q3 has one word more than phq9_3.
    const stems = [stem, stem.replace(/(item|question|frage|pregunta|q|i)$/, "")];
    const key =
      keys.find((one) => stems.includes(one)) ??
      keys.find((one) => one.length >= 4 && stems.some((each) => each.endsWith(one)));
    const number = places.get(column.name) ?? series.number;
    const item = key === undefined ? undefined : itemOf(instrument, number);
    if (!item || key === undefined) return [];
    const context = stem.slice(0, stem.lastIndexOf(key));
    return [{ context, id: item, column }];
  });
  return grouped(found, instrument, "number");
}

/** The beginning of the form's name and a number: PHQ.1 may be of a PHQ-9 or of a PHQ-8, and is never sure. */
function byStem(
  columns: readonly ColumnEvidence[],
  instrument: Instrument,
  keys: readonly string[],
): Omit<Group, "score">[] {
  const found = columns.flatMap((column) => {
    const series = seriesOf(column.name);
    const stem = compact(series?.stem.replace(/#.*$/, "") ?? "").replace(/(item|question)$/, "");
    const isBeginning =
      stem.length >= 3 && keys.some((key) => key !== stem && key.startsWith(stem));
    const item = series && isBeginning ? itemOf(instrument, series.number) : undefined;
    return item ? [{ context: "", id: item, column }] : [];
  });
  return grouped(found, instrument, "stem").filter((group) => coverage(group) === 1);
}

/** The item whose id ends in the number, or that stands at its place. */
export function itemOf(instrument: Instrument, number: number): string | undefined {
  const byEnd = instrument.items.find(({ id }) => Number(/(\d+)[a-z]*$/i.exec(id)?.[1]) === number);
  return byEnd?.id ?? instrument.items[number - 1]?.id;
}

const isTelling = (word: string): boolean => /^\p{L}{3,}$/u.test(word) && word !== "item";

/** What the item asks, in the column's name: "Pre-Op Q Mobility". */
function byLabel(
  columns: readonly ColumnEvidence[],
  instrument: Instrument,
): Omit<Group, "score">[] {
  const labels = instrument.items.flatMap((item) =>
    [item.label, ...(item.aliases ?? [])]
      // "item 4" says nothing of what is asked.
      .map((label) => ({ id: item.id, words: wordsOf(label).filter(isTelling) }))
      .filter(({ words }) => words.length > 0),
  );
  const found = columns.flatMap((column) => {
    const words = wordsOf(column.name);
    const [best, next] = labels
      .map(({ id, words: label }) => ({ id, ...overlap(words, label) }))
      .filter(({ share, used }) => share >= 0.5 && used.size > 0)
      .toSorted((a, b) => b.share - a.share || b.used.size - a.used.size);
    if (
      !best ||
      (next &&
        next.id !== best.id &&
        next.share === best.share &&
        next.used.size === best.used.size)
    ) {
      return [];
    }
    const context = words.filter((word) => !best.used.has(word)).join(" ");
    return [{ context, id: best.id, column }];
  });
  return grouped(found, instrument, "label").filter(
    (group) => group.parts.size >= 3 && coverage(group) >= 0.6,
  );
}

interface Found {
  context: string;
  id: string;
  column: ColumnEvidence;
}

function grouped(
  found: readonly Found[],
  instrument: Instrument,
  by: Group["by"],
): Omit<Group, "score">[] {
  const byContext = new Map<string, Map<string, ColumnEvidence>>();
  for (const { context, id, column } of found) {
    const parts = byContext.get(context) ?? new Map<string, ColumnEvidence>();
    if (!parts.has(id)) parts.set(id, column);
    byContext.set(context, parts);
  }
  return [...byContext].map(([context, parts]) => ({ instrument, context, parts, by }));
}

/** Series of columns without a telling name (q1 to q9), whose number of columns fits the instrument. */
export function groupsByPlace(
  columns: readonly ColumnEvidence[],
  instruments: readonly Instrument[],
): Group[] {
  const series = new Map<string, ColumnEvidence[]>();
  for (const column of columns) {
    const place = seriesOf(column.name);
    if (place) series.set(place.stem, [...(series.get(place.stem) ?? []), column]);
  }
  return [...series].flatMap(([, members]) => {
    if (members.length < 4) return [];
    return instruments
      .filter(({ items, scores }) => {
        const scored = new Set(scores.flatMap(({ sum }) => sum ?? [])).size;
        return members.length === items.length || members.length === scored;
      })
      .map((instrument) => {
        const parts = new Map(members.map((column, i) => [instrument.items[i]?.id ?? "", column]));
        const group = { instrument, context: "", parts, by: "place" as const };
        return { ...group, score: scoreOf(group) };
      });
  });
}
