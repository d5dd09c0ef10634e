import type { Cell, Everybody, Suppressed } from "../disclosure/gate.ts";
import type { Estimate, Scale, Statistic } from "../statistics/statistic.ts";
import type { Outcome } from "./schema.ts";

const EVERYBODY: Everybody = "all";
const SUPPRESSED: Suppressed = "suppressed";

/** One number of a study, or why there is none. */
export interface ResultRow {
  /** `all`, or such as `sex=F`. */
  stratum: string;
  statistic: string;
  estimate: string;
  /**
   * shown; between: merged bins only tell a range; undefined: not defined for so few or such equal values; suppressed: every
   * site hid it; unavailable: the catalogue or the study lacks what it needs.
   */
  state: "shown" | "between" | "undefined" | "suppressed" | "unavailable";
  value: number | null;
  between: readonly [number, number] | null;
  /** People the number rests on; null when that is hidden too. */
  people: number | null;
  /** Sites that are in the number. */
  sites: string[];
  /** Sites that hid theirs. */
  suppressedAt: string[];
  /** Whether it equals the pooled answer of these sites to the last bit. */
  exact: boolean;
  note: string | null;
}

export interface OutcomeResults extends Outcome {
  scale: Scale;
  rows: ResultRow[];
}

export interface StudyResults {
  study: { id: string; title: string; sha256: string };
  /** pooled: from rows; distributed: from summaries. */
  mode: "pooled" | "distributed";
  /** Sites that took part. */
  sites: string[];
  disclosure: { profile: string; minimumPeople: number } | null;
  outcomes: OutcomeResults[];
}

/** The cells of one outcome, of one site or of several that were pooled as rows. */
export interface Contribution {
  sites: string[];
  cells: readonly Cell[];
}

/** Adds what the contributions show, stratum by stratum, and estimates. Contributions are added; none is needed. */
export function estimateOutcome(
  contributions: readonly Contribution[],
  statistics: readonly Statistic<unknown>[],
  scale: Scale,
): ResultRow[] {
  const found = contributions.flatMap(({ cells }) => cells.map(({ stratum }) => stratum));
  const strata = [...new Set(found)].filter((stratum) => stratum !== EVERYBODY).sort();
  return [EVERYBODY, ...strata].flatMap((stratum) =>
    statistics.flatMap((statistic) => estimateCell(stratum, statistic, contributions, scale)),
  );
}

function estimateCell(
  stratum: string,
  statistic: Statistic<unknown>,
  contributions: readonly Contribution[],
  scale: Scale,
): ResultRow[] {
  const unavailable = statistic.unavailable(scale);
  const sites: string[] = [];
  const suppressedAt: string[] = [];
  let sum = statistic.empty;
  for (const contribution of contributions) {
    const summary = summaryOf(contribution, stratum, statistic.name);
    if (summary === SUPPRESSED) suppressedAt.push(...contribution.sites);
    else if (summary !== undefined) {
      sites.push(...contribution.sites);
      sum = statistic.combine(sum, summary);
    }
  }
  const isHidden = sites.length === 0 && suppressedAt.length > 0;
  return statistic.estimate(sum, scale).map((estimate) => ({
    stratum,
    statistic: statistic.name,
    estimate: estimate.name,
    sites: sites.toSorted(),
    suppressedAt: suppressedAt.toSorted(),
    exact: statistic.exact && !isHidden && estimate.between === undefined && !unavailable,
    note: unavailable,
    ...numbers(estimate, unavailable ? "unavailable" : isHidden ? "suppressed" : null),
  }));
}

/** The site's summary, the mark that hides it, or undefined where the site has nobody in the stratum. */
function summaryOf({ cells }: Contribution, stratum: string, name: string): unknown {
  const cell = cells.find((one) => one.stratum === stratum);
  if (cell) return cell.statistics[name];
  // A site that hides how many people it has in all does not tell its strata either.
  const hidesAll = Object.values(cells[0]?.statistics ?? {}).every((of) => of === SUPPRESSED);
  return hidesAll ? SUPPRESSED : undefined;
}

function numbers(
  { value, people, between }: Estimate,
  missing: "unavailable" | "suppressed" | null,
): Pick<ResultRow, "state" | "value" | "between" | "people"> {
  if (missing) return { state: missing, value: null, between: null, people: null };
  if (between) return { state: "between", value: null, between, people };
  return { state: value === null ? "undefined" : "shown", value, between: null, people };
}
