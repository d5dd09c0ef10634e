import type { Instrument, Score } from "../catalogue/instrument.ts";
import type { Catalogue } from "../catalogue/read.ts";
import type { Random } from "./random.ts";

/** How a person is: 0 is average, positive is worse, in standard deviations of the general population. */
export interface Burden {
  depression: number;
  anxiety: number;
  pain: number;
}

/** Stored answer value by item id; null: the person skipped the item. */
export type Answers = ReadonlyMap<string, number | null>;

/** How often an administration has skipped items, so that 1 to 2 % of all items are skipped. */
const SKIPPING = 0.08;

/** Item by item, an answer that follows the burden with the item's own share of chance. */
export function drawAnswers(
  instrument: Instrument,
  burden: Burden,
  random: Random,
): Map<string, number | null> {
  const answers = new Map<string, number | null>();
  for (const item of instrument.items) {
    const values = valuesOf(instrument, item.answers);
    answers.set(item.id, draw(instrument.id, item.id, values, burden, random));
  }
  if (random.chance(SKIPPING)) skipSome(answers, random);
  return answers;
}

function skipSome(answers: Map<string, number | null>, random: Random): void {
  const count = random.weighted([
    [1, 70],
    [2, 20],
    [3, 10],
  ]);
  for (const id of random.shuffle([...answers.keys()]).slice(0, count)) answers.set(id, null);
}

/**
 * How much an answer follows the burden, and how much more rarely than others the item is endorsed. Invented, so that totals look like those of
 * a clinic: sleep and energy complaints are common, thoughts of death are rare.
 */
const LOADING = 0.78;
const RARITY: Readonly<Record<string, number>> = {
  PHQ9_3: -0.35,
  PHQ9_4: -0.45,
  PHQ9_5: 0.05,
  PHQ9_8: 0.7,
  PHQ9_9: 1.35,
  PHQ9_10: 0.2,
  GAD7_3: -0.2,
  GAD7_5: 0.35,
  GAD7_7: 0.3,
};
const WORSE_FROM = [0.05, 0.95, 1.65];
const BETTER_FROM = [-1.9, -0.8, 0.3, 1.3];

function draw(
  instrument: string,
  item: string,
  values: readonly number[],
  burden: Burden,
  random: Random,
): number {
  const seen = LOADING * aspect(instrument, item, burden) + 0.62 * random.normal();
  if (instrument !== "promis-global-10") {
    const shifted = seen - (RARITY[item] ?? 0);
    return values[WORSE_FROM.filter((from) => shifted >= from).length] ?? 0;
  }
  // Pain is stored from 0 (none) to 10; the other PROMIS items from 1 to 5 (best), whatever their wording.
  if (item === "Global07r") return Math.max(0, Math.min(10, Math.floor(2.4 * seen + 3)));
  return 1 + BETTER_FROM.filter((from) => -seen >= from).length;
}

function aspect(instrument: string, item: string, burden: Burden): number {
  if (instrument === "phq-9") return burden.depression;
  if (instrument === "gad-7") return burden.anxiety;
  const mental = (burden.depression + burden.anxiety) / 2;
  if (["Global02", "Global04", "Global05", "Global10r"].includes(item)) return mental;
  if (["Global03", "Global06", "Global07r"].includes(item)) return burden.pain;
  return (mental + burden.pain) / 2;
}

/** The stored values of an answer list, ascending. */
function valuesOf(instrument: Instrument, list: string): number[] {
  return (instrument.answers[list] ?? [])
    .flatMap((answer) => answer.value ?? [])
    .sort((a, b) => a - b);
}

/** Score by score id, as the instrument's rules give it; a score that cannot be computed is absent. */
export function scoresOf(
  instrument: Instrument,
  answers: Answers,
  catalogue: Catalogue,
): Map<string, number> {
  const scores = new Map<string, number>();
  for (const score of instrument.scores) {
    const value = score.table
      ? lookUp(catalogue, score.table.file, scores.get(score.table.from))
      : total(instrument, score, answers);
    if (value !== undefined) scores.set(score.id, value);
  }
  return scores;
}

function lookUp(catalogue: Catalogue, file: string, raw: number | undefined): number | undefined {
  return catalogue.tables.get(file)?.find((row) => row.raw === raw)?.value;
}

function total(instrument: Instrument, score: Score, answers: Answers): number | undefined {
  const ids = score.sum ?? [];
  const given = ids.flatMap((id) => answers.get(id) ?? []);
  if (given.length === 0 || ids.length - given.length > (score.missing?.allowed ?? 0))
    return undefined;
  const sum = ids.reduce((added, id) => added + (scored(instrument, id, answers.get(id)) ?? 0), 0);
  // Half up, in whole numbers: floor(x + 1/2) with x = sum * items / given.
  return Math.floor((2 * sum * ids.length + given.length) / (2 * given.length));
}

/** What an answer adds to a sum. */
function scored(
  instrument: Instrument,
  id: string,
  value: number | null | undefined,
): number | null {
  if (value === null || value === undefined) return null;
  return instrument.items.find((item) => item.id === id)?.recode?.[String(value)] ?? value;
}
