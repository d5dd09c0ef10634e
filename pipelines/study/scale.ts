import type { Instrument } from "../catalogue/instrument.ts";
import { ProError } from "../core/errors.ts";
import type { Measure, Responder, Scale } from "../statistics/statistic.ts";
import type { Outcome } from "./schema.ts";
import { GRID_CHECK } from "./scores.ts";

/**
 * The instrument of an outcome, the scale of its score, and what instrument and study say about it.
 *
 * @throws ProError `CONFIG_STUDY_MEASURE` when the catalogue does not know it.
 */
export function findScale(
  instruments: readonly Instrument[],
  outcome: Outcome,
  file: string,
): { instrument: Instrument; scale: Scale; measure: Measure } {
  const unknown = (what: string, known: string[]) =>
    new ProError("CONFIG_STUDY_MEASURE", `the catalogue has no ${what}`, {
      where: { file },
      hint: `known: ${known.join(", ")}`,
    });
  const instrument = instruments.find(({ id }) => id === outcome.instrument);
  if (!instrument) {
    const ids = instruments.map(({ id }) => id);
    throw unknown(`instrument ${outcome.instrument}`, ids);
  }
  const score = instrument.scores.find(({ id }) => id === outcome.score);
  if (!score) {
    const ids = instrument.scores.map(({ id }) => id);
    throw unknown(`score ${outcome.score} of ${outcome.instrument}`, ids);
  }
  const { decimals, range, mid } = score;
  if (range === null) {
    throw new ProError(
      "CONFIG_STUDY_MEASURE",
      `the catalogue knows no range of ${outcome.instrument} ${outcome.score}`,
      { where: { file }, hint: "a score of unknown range has no bins; choose another one" },
    );
  }
  const direction = score.direction ?? instrument.direction;
  const scale: Scale = { scale: score.scale, decimals, direction, range, mid: mid?.value ?? null };
  const bands = bandsOf(score, range, decimals);
  const rule = outcome.responder && responderOf(outcome.responder, scale.mid, file);
  return {
    instrument,
    scale,
    measure: {
      ...scale,
      bands,
      items: itemsOf(instrument, score),
      ...(rule && { responder: rule }),
    },
  };
}

type Score = Instrument["scores"][number];

/** Bands with both ends included: `below` ends one grid unit earlier, `above` begins one later. */
function bandsOf({ bands }: Score, range: readonly [number, number], decimals: number) {
  const unit = 10 ** -decimals;
  const shifted = (value: number | undefined, by: number) =>
    value === undefined ? undefined : Number((value + by).toFixed(decimals));
  return bands.map(({ label, min, above, max, below }) => ({
    label,
    from: min ?? shifted(above, unit) ?? range[0],
    to: max ?? shifted(below, -unit) ?? range[1],
  }));
}

/** The items that a score is made of, be it by way of another score; none for one taken as reported. */
function itemsOf(instrument: Instrument, score: Score): NonNullable<Measure["items"]> {
  const { scores, items, answers } = instrument;
  const ids = score.sum ?? score.mean ?? score.highest ?? score.digits;
  const from = score.table?.from ?? score.linear?.from;
  if (!ids) {
    const source = scores.find(({ id }) => id === from);
    return source && source !== score ? itemsOf(instrument, source) : [];
  }
  return items
    .filter(({ id }) => ids.includes(id))
    .map((item) => ({
      id: item.id,
      values: (answers[item.answers] ?? []).flatMap(({ value }) => (value === null ? [] : [value])),
    }));
}

function responderOf(
  rule: NonNullable<Outcome["responder"]>,
  mid: number | null,
  file: string,
): Responder {
  if (!("change" in rule)) return rule;
  const change = rule.change === "mid" ? mid : rule.change;
  if (change === null) {
    throw new ProError(
      "CONFIG_STUDY_MEASURE",
      "the catalogue has no minimal important difference for this score",
      { where: { file }, hint: "say the points yourself: responder: { change: 5 }" },
    );
  }
  return { change, among: rule.among };
}

/**
 * Proves that every score of the outcome is an integer number of grid units on the catalogue's scale: only then are sums exact.
 *
 * @throws ProError `QUALITY_MIXED_SCALES` or `QUALITY_OFF_GRID`, with the number of scores.
 */
export async function checkGrid(
  rows: { select<T extends object>(sql: string): Promise<T[]> },
  outcome: Outcome,
  scale: Scale,
): Promise<void> {
  const found = await rows.select<{
    scale: string | null;
    decimals: string | null;
    scores: string;
    off_grid: string | null;
  }>(GRID_CHECK);
  const name = `${outcome.instrument} ${outcome.score}`;
  const total = (of: typeof found, key: "scores" | "off_grid") =>
    of.reduce((sum, row) => sum + Number(row[key] ?? 0), 0);
  const foreign = found.filter(
    (row) => row.scale !== scale.scale || row.decimals !== String(scale.decimals),
  );
  if (foreign.length > 0) {
    throw new ProError(
      "QUALITY_MIXED_SCALES",
      `${total(foreign, "scores")} scores of ${name} are not on the catalogue's scale (${scale.scale}, ${scale.decimals} decimals)`,
      { hint: "score the site again with the present catalogue: propool run --full" },
    );
  }
  const offGrid = total(found, "off_grid");
  if (offGrid > 0) {
    throw new ProError(
      "QUALITY_OFF_GRID",
      `${offGrid} scores of ${name} have more than ${scale.decimals} decimals`,
      { hint: "a score off its grid is a wrong score: look for it in the site's quality report" },
    );
  }
}
