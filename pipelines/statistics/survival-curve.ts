import { chiSquareTail, Z95 } from "./probability.ts";

/** Events and censorings at one time of the grid; censored at t are at risk at t. */
export interface RiskRow {
  time: number;
  events: number;
  censored: number;
}

export interface SurvivalStep {
  time: number;
  atRisk: number;
  events: number;
  survival: number;
  se: number | null;
  /** 95 % on the log scale, as R's default; null where the standard error is. */
  interval: [low: number, high: number] | null;
}

/** Kaplan-Meier from a risk table: one step a time with events. Greenwood's standard error. */
export function kaplanMeier(table: readonly RiskRow[]): SurvivalStep[] {
  const rows = table.toSorted((a, b) => a.time - b.time);
  let atRisk = rows.reduce((sum, { events, censored }) => sum + events + censored, 0);
  let [survival, greenwood] = [1, 0];
  const steps: SurvivalStep[] = [];
  for (const { time, events, censored } of rows) {
    if (events > 0) {
      survival *= (atRisk - events) / atRisk;
      greenwood += events / (atRisk * (atRisk - events));
      const root = Math.sqrt(greenwood);
      const isDefined = survival > 0;
      steps.push({
        time,
        atRisk,
        events,
        survival,
        se: isDefined ? survival * root : null,
        interval: isDefined
          ? [survival * Math.exp(-Z95 * root), Math.min(1, survival * Math.exp(Z95 * root))]
          : null,
      });
    }
    atRisk -= events + censored;
  }
  return steps;
}

/** First time at which no more than half remain; null while more than half do. */
export function medianTime(steps: readonly SurvivalStep[]): number | null {
  return steps.find(({ survival }) => survival <= 0.5)?.time ?? null;
}

export interface LogRank {
  chi2: number;
  df: number;
  p: number;
}

/**
 * Log-rank test between groups, added over layers (sites) where there are several. Hypergeometric variance.
 *
 * @param layers each: the risk table of every group, in the same order
 * @returns null where nothing can be compared
 */
export function logRank(layers: readonly (readonly (readonly RiskRow[])[])[]): LogRank | null {
  const groups = layers[0]?.length ?? 0;
  const difference = Array.from({ length: groups }, () => 0);
  const variance = difference.map(() => difference.map(() => 0));
  for (const layer of layers) addLayer(layer, difference, variance);
  const used = difference.map((_, i) => i).filter((i) => (variance[i]?.[i] ?? 0) > 0);
  if (used.length < 2) return null;
  // The groups' differences add to nothing: leave one out.
  const chi2 = quadraticForm(used.slice(1), difference, variance);
  return { chi2, df: used.length - 1, p: chiSquareTail(chi2, used.length - 1) };
}

function addLayer(
  layer: readonly (readonly RiskRow[])[],
  difference: number[],
  variance: number[][],
): void {
  const times = [...new Set(layer.flat().map(({ time }) => time))].sort((a, b) => a - b);
  const atRisk = layer.map((table) => table.reduce((n, row) => n + row.events + row.censored, 0));
  for (const time of times) {
    const rows = layer.map((table) => table.filter((row) => row.time === time));
    const events = rows.map((of) => of.reduce((n, row) => n + row.events, 0));
    const left = rows.map((of) => of.reduce((n, row) => n + row.events + row.censored, 0));
    const [n, d] = [sum(atRisk), sum(events)];
    if (d > 0) {
      const scale = n > 1 ? (d * (n - d)) / (n - 1) : 0;
      for (const [i, risk] of atRisk.entries()) {
        difference[i] = (difference[i] ?? 0) + (events[i] ?? 0) - (d * risk) / n;
        for (const [j, other] of atRisk.entries()) {
          const row = variance[i] as number[];
          row[j] = (row[j] ?? 0) + scale * (risk / n) * ((i === j ? 1 : 0) - other / n);
        }
      }
    }
    for (const [i, gone] of left.entries()) atRisk[i] = (atRisk[i] ?? 0) - gone;
  }
}

function quadraticForm(used: number[], difference: number[], variance: number[][]): number {
  const rows = used.map((i) => [...used.map((j) => variance[i]?.[j] ?? 0), difference[i] ?? 0]);
  for (let k = 0; k < rows.length; k++) {
    for (let i = 0; i < rows.length; i++) {
      if (i === k) continue;
      const factor = (rows[i]?.[k] ?? 0) / (rows[k]?.[k] ?? 1);
      rows[i] = (rows[i] as number[]).map((v, j) => v - factor * (rows[k]?.[j] ?? 0));
    }
  }
  return rows.reduce(
    (total, row, i) =>
      total + ((row.at(-1) ?? 0) / (row[i] ?? 1)) * (difference[used[i] ?? 0] ?? 0),
    0,
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
