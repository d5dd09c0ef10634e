import type { ResultRow, StudyResults } from "./results.ts";

export interface Comparison {
  /** Largest relative difference by statistic; Infinity where only one side has a number. */
  byStatistic: Record<string, number>;
  maxRelativeDifference: number;
  /** Numbers that both sides have. */
  compared: number;
}

/** Two answers to the same study, number by number. */
export function compareResults(a: StudyResults, b: StudyResults): Comparison {
  const left = byPlace(a);
  const right = byPlace(b);
  const byStatistic: Record<string, number> = {};
  let compared = 0;
  for (const place of new Set([...left.keys(), ...right.keys()])) {
    const [x, y] = [left.get(place), right.get(place)];
    const statistic = (x ?? y)?.statistic ?? "";
    const difference = relativeDifference(x?.value ?? null, y?.value ?? null);
    byStatistic[statistic] = Math.max(byStatistic[statistic] ?? 0, difference);
    if (x?.value != null && y?.value != null) compared++;
  }
  return {
    byStatistic,
    maxRelativeDifference: Math.max(0, ...Object.values(byStatistic)),
    compared,
  };
}

function byPlace({ outcomes }: StudyResults): Map<string, ResultRow> {
  return new Map(
    outcomes.flatMap(({ instrument, score, rows }) =>
      rows.map((row) => [
        [instrument, score, row.stratum, row.statistic, row.estimate].join(" / "),
        row,
      ]),
    ),
  );
}

function relativeDifference(a: number | null, b: number | null): number {
  if (Object.is(a, b) || a === b) return 0;
  if (a === null || b === null) return Number.POSITIVE_INFINITY;
  return Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
}
