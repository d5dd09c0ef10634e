import type { Everybody, Suppressed, Unavailable } from "../disclosure/gate.ts";
import type { Contrast } from "../statistics/contrast.ts";
import type { ModelFit } from "../statistics/fit-model.ts";
import type { MetaAnalysis } from "../statistics/meta-analysis.ts";
import type { Estimate, Measure, Scale, Statistic } from "../statistics/statistic.ts";
import type { Answer, Chosen } from "./answer.ts";
import type { Outcome } from "./schema.ts";
import type { ScoreFlag } from "./scores.ts";

const EVERYBODY: Everybody = "all";
const SUPPRESSED: Suppressed = "suppressed";
const UNAVAILABLE: Unavailable = "unavailable";

/** One number of a study, or why there is none. */
export interface ResultRow {
  /** `all`, or such as `sex=F`; `between` for a comparison of strata. */
  stratum: string;
  statistic: string;
  estimate: string;
  /**
   * shown; between: merged bins only tell a range; undefined: not defined for so few or such equal values; suppressed: every
   * site hid it; unavailable: the catalogue, the study or every site lacks what it needs; refused: it would be doubtful.
   */
  state: "shown" | "between" | "undefined" | "suppressed" | "unavailable" | "refused";
  value: number | null;
  between: readonly [number, number] | null;
  /** 95 % interval. */
  interval: readonly [number, number] | null;
  /** People the number rests on; null when that is hidden too. */
  people: number | null;
  /** Sites that are in the number. */
  sites: string[];
  /** Sites that hid theirs. */
  suppressedAt: string[];
  /** Sites that lack what it needs. */
  unavailableAt: string[];
  /** Whether it equals the pooled answer of these sites to the last bit. */
  exact: boolean;
  note: string | null;
}

/** One number of every site, and what they say together. */
export interface SiteComparison {
  statistic: string;
  estimate: string;
  /** logit: `value` of a site is a log odds. */
  scale: "identity" | "logit";
  sites: { site: string; value: number; se: number; people: number }[];
  /** Sites whose number is hidden, lacking, or infinite on this scale. */
  without: string[];
  meta: MetaAnalysis | null;
  /** Why there is no random-effects result. */
  refused: string | null;
}

export interface ModelResult {
  id: string;
  kind: string;
  response: string;
  siteEffects: string;
  /** waiting: its rounds are not done. */
  state: "fitted" | "refused" | "suppressed" | "waiting";
  note: string | null;
  fit: ModelFit | null;
  /** Whether it equals the pooled fit: to the last bit, to 1e-10, or only roughly. */
  exactness: "exact" | "1e-10" | "approximate";
  rounds: number;
  sites: string[];
  suppressedAt: string[];
  unavailableAt: string[];
}

export interface OutcomeResults extends Outcome {
  scale: Scale;
  /** Kinds of scores that count because the study says so, though a reader should know. */
  flags: ScoreFlag[];
  bands: NonNullable<Measure["bands"]>;
  /** What a site lacks, so that none of its people can be selected. */
  lacking: { site: string; fields: readonly string[] }[];
  rows: ResultRow[];
  /** People by score, as far as merged bins tell. */
  distributions: { stratum: string; bins: { from: number; to: number; people: number }[] }[];
  comparisons: SiteComparison[];
  models: ModelResult[];
}

export interface StudyResults {
  study: { id: string; title: string; sha256: string };
  /** pooled: from rows; distributed: from summaries. */
  mode: "pooled" | "distributed";
  /** Sites that took part. */
  sites: string[];
  /** Sites that were asked and are not in, and why. */
  missing: { site: string; reason: string }[];
  disclosure: { profile: string; minimumPeople: number } | null;
  outcomes: OutcomeResults[];
  /** The split-and-pool check on these very rows, where they are at hand: sites alone, combined, against all together. */
  check: {
    compared: number;
    maxRelativeDifference: number;
    byStatistic: Record<string, number>;
  } | null;
  /** What the numbers rest on, by site: a submission's sequence and hash, or a summary's. */
  snapshots: { site: string; snapshot: string }[];
}

/** Adds what the answers show, stratum by stratum, and estimates. */
export function estimateOutcome(
  answers: readonly Answer[],
  asked: Chosen,
  contrasts: readonly Contrast<unknown>[],
  measure: Measure,
): ResultRow[] {
  const rows = estimateCells(answers, asked.statistics, (answer) => answer.cells, measure);
  return [
    ...rows,
    ...contrasts.flatMap((contrast) => estimateContrast(contrast, answers, asked, measure)),
    ...estimateCells(answers, asked.channels, (answer) => answer.channels, measure),
  ];
}

/** Bins of the baseline score by stratum, in score units; nothing where they are hidden. */
export function distributionsOf(
  answers: readonly Answer[],
  { statistics }: Chosen,
  measure: Measure,
): OutcomeResults["distributions"] {
  const statistic = statistics.find(({ name }) => name === "distribution");
  if (!statistic) return [];
  const unit = 10 ** -measure.decimals;
  const inUnits = (edge: string) => Number((Number(edge) * unit).toFixed(measure.decimals));
  return [EVERYBODY, ...strataOf(answers, ({ cells }) => cells)].flatMap((stratum) => {
    const { sum, sites } = addUp(stratum, statistic, answers, ({ cells }) => cells);
    if (sites.length === 0) return [];
    const { bins } = sum as { bins: { from: string; to: string; people: string }[] };
    return [
      {
        stratum,
        bins: bins.map(({ from, to, people }) => ({
          from: inUnits(from),
          to: inUnits(to),
          people: Number(people),
        })),
      },
    ];
  });
}

type CellsOf = (answer: Answer) => Answer["cells"];

function estimateCells(
  answers: readonly Answer[],
  statistics: readonly Statistic<unknown>[],
  cellsOf: CellsOf,
  measure: Measure,
): ResultRow[] {
  if (statistics.length === 0) return [];
  return [EVERYBODY, ...strataOf(answers, cellsOf)].flatMap((stratum) =>
    statistics.flatMap((statistic) => estimateCell(stratum, statistic, answers, cellsOf, measure)),
  );
}

function strataOf(answers: readonly Answer[], cellsOf: CellsOf): string[] {
  const found = answers.flatMap((answer) => cellsOf(answer).map(({ stratum }) => stratum));
  return [...new Set(found)].filter((stratum) => stratum !== EVERYBODY).sort();
}

function estimateCell(
  stratum: string,
  statistic: Statistic<unknown>,
  answers: readonly Answer[],
  cellsOf: CellsOf,
  measure: Measure,
): ResultRow[] {
  const unavailable = statistic.unavailable(measure);
  const { sum, sites, suppressedAt, unavailableAt } = addUp(stratum, statistic, answers, cellsOf);
  const missing = unavailable
    ? "unavailable"
    : sites.length > 0
      ? null
      : suppressedAt.length > 0
        ? "suppressed"
        : unavailableAt.length > 0
          ? "unavailable"
          : null;
  const estimates = statistic.estimate(sum, measure);
  const shown = missing && estimates.length === 0 ? [NO_ESTIMATE] : estimates;
  return shown.map((estimate) => ({
    stratum,
    statistic: statistic.name,
    estimate: estimate.name,
    sites: sites.toSorted(),
    suppressedAt: suppressedAt.toSorted(),
    unavailableAt: unavailableAt.toSorted(),
    exact: statistic.exact && !missing && estimate.between === undefined && !estimate.refused,
    note:
      unavailable ??
      estimate.refused ??
      (suppressedAt.length > 0 && statistic.needsFollowUp ? FEW_WITHOUT : null),
    ...numbers(estimate, missing),
  }));
}

/** Why numbers over pairs hide more often than others, and what to do about it; the same wherever they are hidden. */
const FEW_WITHOUT =
  "too few people have a follow-up, or too few lack one: they would follow from everybody's numbers; windows.complete_pairs: true counts only people who have one";

const NO_ESTIMATE: Estimate = { name: "", value: null, people: 0 };

function addUp(
  stratum: string,
  statistic: Statistic<unknown>,
  answers: readonly Answer[],
  cellsOf: CellsOf,
) {
  const sites: string[] = [];
  const suppressedAt: string[] = [];
  const unavailableAt: string[] = answers.flatMap(({ lacking }) => [...lacking.keys()]);
  let sum = statistic.empty;
  for (const answer of answers) {
    const without = answer.withoutStatistic(statistic.name);
    const having = answer.sites.filter((site) => !without.includes(site));
    unavailableAt.push(...without);
    const summary = summaryOf(cellsOf(answer), stratum, statistic.name);
    if (summary === SUPPRESSED) suppressedAt.push(...having);
    else if (summary !== undefined && summary !== UNAVAILABLE && having.length > 0) {
      sites.push(...having);
      sum = statistic.combine(sum, summary);
    }
  }
  return { sum, sites, suppressedAt, unavailableAt };
}

/** The summary, the mark that hides it, or undefined where there is nobody in the stratum. */
function summaryOf(cells: Answer["cells"], stratum: string, name: string): unknown {
  const cell = cells.find((one) => one.stratum === stratum);
  if (cell) return cell.statistics[name];
  // Who hides how many people there are in all does not tell the strata either.
  const margin = Object.values(cells[0]?.statistics ?? {});
  const hidesAll = margin.length > 0 && margin.every((of) => of === SUPPRESSED);
  return hidesAll ? SUPPRESSED : undefined;
}

function estimateContrast(
  contrast: Contrast<unknown>,
  answers: readonly Answer[],
  { statistics }: Chosen,
  measure: Measure,
): ResultRow[] {
  const statistic = statistics.find(({ name }) => name === contrast.of);
  if (!statistic || statistic.unavailable(measure)) return [];
  const strata = strataOf(answers, ({ cells }) => cells).map((stratum) => ({
    stratum,
    ...addUp(stratum, statistic, answers, ({ cells }) => cells),
  }));
  const usable = strata.filter(({ sites }) => sites.length > 0);
  if (strata.length < 2) return [];
  const union = (of: (one: (typeof strata)[number]) => string[]) =>
    [...new Set(strata.flatMap(of))].sort();
  const suppressedAt = union((one) => one.suppressedAt);
  const frame = {
    stratum: "between",
    statistic: contrast.name,
    sites: union((one) => one.sites),
    suppressedAt,
    unavailableAt: union((one) => one.unavailableAt),
  };
  if (usable.length < 2) {
    const state = suppressedAt.length > 0 ? "suppressed" : "unavailable";
    return [{ ...frame, estimate: "", exact: false, note: null, ...numbers(NO_ESTIMATE, state) }];
  }
  const hidden = strata.length - usable.length;
  const note = hidden > 0 ? `${hidden} strata are hidden and not compared` : null;
  const sums = new Map(usable.map(({ stratum, sum }) => [stratum, sum]));
  return contrast.estimate(sums, measure).map((estimate) => ({
    ...frame,
    estimate: estimate.name,
    exact: statistic.exact && !estimate.refused,
    note: estimate.refused ?? note,
    ...numbers(estimate, null),
  }));
}

function numbers(
  { value, people, between, interval, refused }: Estimate,
  missing: "unavailable" | "suppressed" | null,
): Pick<ResultRow, "state" | "value" | "between" | "interval" | "people"> {
  const none = { value: null, between: null, interval: null };
  if (missing) return { state: missing, ...none, people: null };
  if (refused) return { state: "refused", ...none, people };
  if (between) return { state: "between", ...none, between, people };
  if (value === null) return { state: "undefined", ...none, people };
  return { state: "shown", value, between: null, interval: interval ?? null, people };
}
