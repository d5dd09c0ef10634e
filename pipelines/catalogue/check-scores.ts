import type { Told } from "./check.ts";
import type { Instrument, Score } from "./instrument.ts";
import { isIn } from "./interpretation.ts";
import type { Catalogue } from "./read.ts";
import type { CompositeRow, TableRow } from "./tables.ts";

/** What is wrong with the scores of an instrument: ranges, tables, bands, cut-offs. */
export function* checkScores(instrument: Instrument, catalogue: Catalogue): Generator<Told> {
  for (const score of instrument.scores) {
    const told = [
      ...checkRange(instrument, score),
      ...checkTables(instrument, score, catalogue),
      ...checkComposite(instrument, score, catalogue),
      ...checkReading(score),
    ];
    yield* told.map((problem): Told => [`scores.${score.id}`, problem]);
  }
}

/** The values that an item adds to a score. */
function scoredValues({ items, answers }: Instrument, id: string): number[] {
  const item = items.find((one) => one.id === id);
  return (answers[item?.answers ?? ""] ?? []).flatMap(({ value }) =>
    value === null ? [] : [item?.recode?.[`${value}`] ?? value],
  );
}

/** The lowest and highest value that a score can have; null: as reported, or looked up. */
function extremes(instrument: Instrument, score: Score): [number, number] | null {
  const ends = (ids: string[]) =>
    ids.map((id) => {
      const values = scoredValues(instrument, id);
      return [Math.min(...values), Math.max(...values)] as const;
    });
  const both = (join: (values: number[]) => number, ids: string[]): [number, number] => [
    join(ends(ids).map(([low]) => low)),
    join(ends(ids).map(([, high]) => high)),
  ];
  const add = (values: number[]) => values.reduce((total, value) => total + value, 0);
  if (score.sum) return both(add, score.sum);
  if (score.mean) return both((values) => add(values) / values.length, score.mean);
  if (score.highest) return both((values) => Math.max(...values), score.highest);
  if (score.digits) return both((values) => Number(values.join("")), score.digits);
  if (score.linear) {
    const { from, times, plus } = score.linear;
    const range = instrument.scores.find(({ id }) => id === from)?.range;
    return range ? [range[0] * times + plus, range[1] * times + plus] : null;
  }
  return null;
}

function* checkRange(instrument: Instrument, score: Score): Generator<string> {
  const source = [score.table?.from, score.linear?.from].find((id) => id !== undefined);
  const from = instrument.scores.find(({ id }) => id === source);
  if (from && (from.table || from.linear || from.composite))
    yield `starts from ${from.id}, which is itself derived`;
  const possible = extremes(instrument, score);
  if (possible && String(possible) !== String(score.range))
    yield `has the range ${score.range}, but its rule gives ${possible}`;
  if (score.missing?.rule === "counts-as" && score.missing.counts === undefined)
    yield "counts missing items as a value that it does not say";
  if (score.missing?.rule === "prorate" && !score.sum) yield "prorates what is no sum";
}

function* checkTables(
  instrument: Instrument,
  score: Score,
  { tables }: Catalogue,
): Generator<string> {
  const { table, range } = score;
  if (!table) return;
  const source = instrument.scores.find(({ id }) => id === table.from);
  const files = [
    table.file,
    ...Object.values(table.versions ?? {}).flatMap(({ file }) => file ?? []),
  ];
  for (const file of files) {
    const rows = tables.get(file);
    // A licensed table that the site has not put there gives no score.
    if (!rows) continue;
    const every = source ? enteredWith(instrument, source) : [];
    if (String(rows.map(({ raw }) => raw)) !== String(every))
      yield `${file} does not have each value of ${table.from} once, in order`;
    const low = Math.min(...rows.map(({ value }) => value));
    const high = Math.max(...rows.map(({ value }) => value));
    if (table.own && (low < (range?.[0] ?? low) || high > (range?.[1] ?? high)))
      yield `${file} leaves the range ${range}`;
    if (!table.own && !isMonotone(rows)) yield `${file} is not monotone`;
    if (!table.own && file === table.file && String([low, high]) !== String(range))
      yield `has the range ${range}, but ${file} runs from ${low} to ${high}`;
    if (rows.some(({ value }) => !Number.isInteger(grid(value, score.decimals))))
      yield `${file} has values with more than ${score.decimals} decimals`;
    if (rows.some(({ se }) => se !== null && se <= 0)) yield `${file} has a standard error of 0`;
  }
}

/** All values that a score can have, in order. */
function enteredWith(instrument: Instrument, { range, digits, decimals }: Score): number[] {
  if (digits) {
    return digits
      .reduce<string[]>(
        (profiles, id) =>
          profiles.flatMap((profile) =>
            scoredValues(instrument, id).map((value) => `${profile}${value}`),
          ),
        [""],
      )
      .map(Number)
      .sort((a, b) => a - b);
  }
  if (!range) return [];
  const steps = grid(range[1] - range[0], decimals);
  return Array.from({ length: steps + 1 }, (_, i) => range[0] + i / 10 ** decimals);
}

function isMonotone(rows: readonly TableRow[]): boolean {
  const steps = rows.slice(1).map(({ value }, i) => Math.sign(value - (rows[i]?.value ?? value)));
  return steps.every((step) => step !== 0 && step === steps[0]);
}

function* checkComposite(
  instrument: Instrument,
  { composite }: Score,
  { composites }: Catalogue,
): Generator<string> {
  if (!composite) return;
  const rows = compositeRows(composite, composites.get(composite.file) ?? []);
  const given = new Map(rows.map((row) => [row.key, row.value]));
  if (given.size < rows.length) yield `${composite.file} has a combination twice`;
  for (const combination of combinations(instrument, Object.values(composite.inputs))) {
    if (!given.has(combination)) yield `${composite.file} has no row for ${combination}`;
  }
}

/** The rows of a composite table that a score uses, each under its inputs' values joined in the order of the inputs. */
export function compositeRows(
  { set, inputs }: NonNullable<Score["composite"]>,
  rows: readonly CompositeRow[],
): { key: string; value: number }[] {
  return rows
    .filter((row) => set === undefined || row.set === set)
    .map((row) => ({
      key: Object.keys(inputs)
        .map((column) => row.inputs[column])
        .join("|"),
      value: row.value,
    }));
}

/** The combinations of answers that a form can have: what a branch leads past has the value that the branch gives it. */
function combinations(instrument: Instrument, inputs: readonly string[]): Set<string> {
  const valuesOf = (id: string) => {
    const score = instrument.scores.find((one) => one.id === id);
    return score ? enteredWith(instrument, score) : scoredValues(instrument, id);
  };
  const all = inputs.reduce<number[][]>(
    (rows, id) => rows.flatMap((row) => valuesOf(id).map((value) => [...row, value])),
    [[]],
  );
  const hidden = (row: number[]) =>
    row.map((value, i) => {
      const branch = instrument.branches?.find(
        ({ when, equal, not_shown }) =>
          not_shown.includes(inputs[i] ?? "") &&
          when.every((id) => leads(instrument, id, inputs, row) === equal),
      );
      return branch ? branch.counts : value;
    });
  return new Set(all.map((row) => hidden(row).join("|")));
}

/** The value of an item of a branch's condition: itself an input, or one of the items of an input that is a score. */
function leads(
  { scores }: Instrument,
  id: string,
  inputs: readonly string[],
  row: number[],
): number | undefined {
  const at = inputs.findIndex(
    (input) => input === id || scores.find((one) => one.id === input)?.highest?.includes(id),
  );
  return row[at];
}

/** Bands without gap or overlap, cut-offs and MID inside the range. */
function* checkReading({ bands, cut_offs, mid, range, decimals }: Score): Generator<string> {
  if (!range) {
    if (bands.length + cut_offs.length > 0) yield "has bands or cut-offs, but no range";
    return;
  }
  if (bands.length > 0) {
    // Bands are intervals: a gap or an overlap shows at an end of one of them, or a step of the grid beside it.
    const ends = bands.flatMap(({ min, above, max, below }) => [min, above, max, below]);
    const steps = [...range, ...ends.flatMap((end) => end ?? [])]
      .flatMap((end) => [-1, 0, 1].map((step) => (grid(end, decimals) + step) / 10 ** decimals))
      .filter((value) => value >= range[0] && value <= range[1]);
    for (const value of steps.sort((a, b) => a - b)) {
      const inside = bands.filter((band) => isIn(band, value)).length;
      if (inside === 1) continue;
      yield `has ${inside === 0 ? "no band" : `${inside} bands`} for ${value}`;
      break;
    }
  }
  for (const { label, min } of cut_offs) {
    if (min <= range[0] || min > range[1]) yield `has the cut-off "${label}" outside its range`;
  }
  const largest = Math.max(mid?.value ?? 0, mid?.range?.[1] ?? 0);
  if (largest >= range[1] - range[0]) yield "has a MID as wide as its range";
  if (mid?.range && mid.range[0] >= mid.range[1]) yield "has a MID whose range runs backwards";
}

const grid = (value: number, decimals: number): number =>
  Number((value * 10 ** decimals).toFixed(6));
