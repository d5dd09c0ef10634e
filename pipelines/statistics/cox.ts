import type { RoundSums } from "./generalised.ts";
import { columnNames, columnPairs, etaSql, type ModelRows } from "./model-sums.ts";

/** How events of the same step are counted. */
export const TIES = ["efron", "breslow"] as const;
export type Ties = (typeof TIES)[number];

/** Sums over the people who leave at one step, and over those of them with the event; w is exp(eta). */
interface StepSums {
  time: number;
  people: number;
  events: number;
  /** Sum of eta, and of each column, over the events. */
  etaOfEvents: number;
  columnsOfEvents: number[];
  all: RiskSums;
  ofEvents: RiskSums;
}

/** Sums of w, of w times each column, and of w times each pair of columns. */
interface RiskSums {
  s0: number;
  s1: number[];
  s2: number[];
}

/**
 * A round of Cox's regression at each site, with a baseline of its own: gradient and information of its partial likelihood at
 * `beta`, which is all that leaves. `model_row` has the steps as `t` and the events as y; it has no constant.
 */
export async function sumCox(
  rows: ModelRows,
  beta: readonly number[],
  ties: Ties,
): Promise<Map<string, RoundSums>> {
  const columns = columnNames(beta.length);
  const pairs = columnPairs(columns);
  const risk = (name: string, weight: string) => [
    `  sum(${weight}) AS ${name}s0`,
    ...columns.map((x, i) => `  sum(${x} * ${weight}) AS ${name}s1_${i}`),
    ...pairs.map(([a, b], i) => `  sum(${a} * ${b} * ${weight}) AS ${name}s2_${i}`),
  ];
  const found = await rows.select<Record<string, string | number>>(
    [
      "SELECT",
      [
        "  datamartid",
        "  t",
        "  CAST(count(*) AS VARCHAR) AS people",
        "  CAST(sum(y) AS VARCHAR) AS events",
        "  sum(y * eta) AS eta_events",
        ...columns.map((x, i) => `  CAST(sum(y * ${x}) AS VARCHAR) AS x${i}_events`),
        ...risk("", "w"),
        ...risk("e", "(y * w)"),
      ].join(",\n"),
      "FROM (",
      "  SELECT *, exp(eta) AS w",
      `  FROM (SELECT *, ${etaSql(beta)} AS eta FROM model_row) AS a`,
      ") AS b",
      "GROUP BY datamartid, t",
      "ORDER BY datamartid, t",
    ].join("\n"),
  );
  const bySite = new Map<string, StepSums[]>();
  for (const row of found) {
    const risks = (name: string): RiskSums => ({
      s0: Number(row[`${name}s0`]),
      s1: columns.map((_, i) => Number(row[`${name}s1_${i}`])),
      s2: pairs.map((_, i) => Number(row[`${name}s2_${i}`])),
    });
    const site = String(row.datamartid);
    const step = {
      time: Number(row.t),
      people: Number(row.people),
      events: Number(row.events),
      etaOfEvents: Number(row.eta_events),
      columnsOfEvents: columns.map((_, i) => Number(row[`x${i}_events`])),
      all: risks(""),
      ofEvents: risks("e"),
    };
    bySite.set(site, [...(bySite.get(site) ?? []), step]);
  }
  return new Map([...bySite].map(([site, steps]) => [site, partialLikelihood(steps, ties)]));
}

/**
 * Gradient and information from the steps of one baseline: at each event the risk set is everybody who has not left before. Who is
 * censored at a step is at risk there.
 *
 * Source: Cox 1972; ties as in Efron 1977 and Breslow 1974; reference statistics 4.
 */
function partialLikelihood(steps: readonly StepSums[], ties: Ties): RoundSums {
  const size = steps[0]?.columnsOfEvents.length ?? 0;
  const gradient = Array.from({ length: size }, () => 0);
  const information = columnPairs(gradient.map((_, i) => `${i}`)).map(() => 0);
  let logLikelihood = 0;
  let people = 0;
  let atRisk: RiskSums | null = null;
  for (const step of steps.toSorted((a, b) => b.time - a.time)) {
    people += step.people;
    atRisk = atRisk ? plus(atRisk, step.all, 1) : step.all;
    logLikelihood += step.etaOfEvents;
    for (const [i, x] of step.columnsOfEvents.entries()) gradient[i] = (gradient[i] ?? 0) + x;
    for (let tied = 0; tied < step.events; tied++) {
      const gone = ties === "efron" ? tied / step.events : 0;
      const { s0, s1, s2 } = plus(atRisk, step.ofEvents, -gone);
      logLikelihood -= Math.log(s0);
      const mean = s1.map((sum) => sum / s0);
      for (const [i, m] of mean.entries()) gradient[i] = (gradient[i] ?? 0) - m;
      let next = 0;
      for (const [i, a] of mean.entries()) {
        for (const b of mean.slice(i)) {
          information[next] = (information[next] ?? 0) + (s2[next] ?? 0) / s0 - a * b;
          next++;
        }
      }
    }
  }
  return { n: String(people), logLikelihood, gradient, information };
}

function plus(a: RiskSums, b: RiskSums, times: number): RiskSums {
  const add = (x: readonly number[], y: readonly number[]) =>
    x.map((value, i) => value + times * (y[i] ?? 0));
  return { s0: a.s0 + times * b.s0, s1: add(a.s1, b.s1), s2: add(a.s2, b.s2) };
}
