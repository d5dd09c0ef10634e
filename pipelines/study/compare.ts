import type { StudyResults } from "./results.ts";

/** One place at which two answers differ. */
export interface Difference {
  place: string;
  a: number | null;
  b: number | null;
}

export interface Comparison {
  /** Largest relative difference by statistic; Infinity where only one side has a number. */
  byStatistic: Record<string, number>;
  maxRelativeDifference: number;
  /** Numbers that both sides have. */
  compared: number;
  /** Where they are not the same number. */
  differences: Difference[];
}

/** Two answers to the same study, number by number. */
export function compareResults(a: StudyResults, b: StudyResults): Comparison {
  const left = byPlace(a);
  const right = byPlace(b);
  const byStatistic: Record<string, number> = {};
  let compared = 0;
  const differences: Difference[] = [];
  for (const place of new Set([...left.keys(), ...right.keys()])) {
    const [x, y] = [left.get(place), right.get(place)];
    const statistic = (x ?? y)?.statistic ?? "";
    const difference = relativeDifference(x?.value ?? null, y?.value ?? null);
    byStatistic[statistic] = Math.max(byStatistic[statistic] ?? 0, difference);
    if (x?.value != null && y?.value != null) compared++;
    if (difference > 0) differences.push({ place, a: x?.value ?? null, b: y?.value ?? null });
  }
  return {
    byStatistic,
    maxRelativeDifference: Math.max(0, ...Object.values(byStatistic)),
    compared,
    differences,
  };
}

interface Place {
  statistic: string;
  value: number | null;
}

/** Every number of a result by its place: estimates, the ends of their intervals, sites, coefficients. */
function byPlace({ outcomes }: StudyResults): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const { instrument, score, rows, comparisons, models } of outcomes) {
    const put = (statistic: string, value: number | null, ...path: string[]) =>
      places.set([instrument, score, statistic, ...path].join(" / "), { statistic, value });
    for (const row of rows) {
      put(row.statistic, row.value, row.stratum, row.estimate);
      if (row.interval) {
        put(row.statistic, row.interval[0], row.stratum, row.estimate, "low");
        put(row.statistic, row.interval[1], row.stratum, row.estimate, "high");
      }
    }
    for (const { statistic, sites, meta } of comparisons) {
      for (const { site, value } of sites) put("sites", value, statistic, site);
      if (meta) {
        put("meta-analysis", meta.reml.estimate, statistic, "mean");
        put("meta-analysis", meta.reml.tau2, statistic, "tau squared");
      }
    }
    for (const { id, kind, fit } of models) {
      for (const { name, value, se } of fit?.coefficients ?? []) {
        put(`${kind} model`, value, id, name);
        put(`${kind} model`, se, id, name, "se");
      }
    }
  }
  return places;
}

function relativeDifference(a: number | null, b: number | null): number {
  if (Object.is(a, b) || a === b) return 0;
  if (a === null || b === null) return Number.POSITIVE_INFINITY;
  return Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
}
