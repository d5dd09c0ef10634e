import type { Queryable } from "../warehouse/queryable.ts";
import {
  askOf,
  fitLinearModel,
  type LinearModel,
  robustFit,
  sandwichAsk,
  solveLinear,
} from "./statistics/fit-model.ts";
import type { LinearSums } from "./statistics/linear.ts";
import { type ModelRows, sumSandwich } from "./statistics/model-sums.ts";
import {
  advance,
  answerRound,
  type RoundModel,
  type RoundResult,
  type SiteRound,
  startRounds,
} from "./statistics/rounds.ts";
import type { Answer } from "./study/answer.ts";
import { compileCohort, compileWith } from "./study/cohort.ts";
import { modelColumns, responseColumn } from "./study/model-rows.ts";
import type { Model } from "./study/model-schema.ts";
import type { ModelResult } from "./study/results.ts";
import type { Part, Plan } from "./study-plan.ts";
import { modelRows } from "./study-summarize.ts";

/** Results of models that need rounds, by outcome and model id; and the middles of robust errors. */
export type ModelAnswers = ReadonlyMap<string, RoundResult | { state: "middle"; middle: number[] }>;

export function modelKey(outcome: number, id: string): string {
  return `${outcome}/${id}`;
}

/** A model as the rounds see it. */
export function roundModel(model: Model, part: Part): RoundModel {
  return {
    family: model.kind === "linear" ? "logistic" : model.kind,
    ties: model.ties,
    columns: modelColumns(model, part.measure),
    // In Cox's regression sites have a baseline each, not a column.
    sites: model.sites === "fixed" && model.kind !== "cox" ? "fixed" : "none",
    exchange: model.exchange,
  };
}

export function linearModel(model: Model, part: Part): LinearModel {
  return {
    columns: modelColumns(model, part.measure),
    y: responseColumn(model, part.measure),
    sites: model.sites,
  };
}

/** The rows of a model at some sites of a queryable, kept aside where the engine can; `drop` lets go of them. */
export async function rowsOfModel(
  queryable: Queryable,
  plan: Plan,
  part: Part,
  model: Model,
  sites: readonly string[],
): Promise<ModelRows & { drop(): Promise<void> }> {
  const { decimals } = part.scale;
  const cohort = compileWith(compileCohort(plan.study, part.outcome, { decimals, sites }));
  const rows = `${cohort},\n${modelRows(model, part.measure)}`;
  const table = await queryable.scratch?.(`${rows}\nSELECT * FROM model_row`);
  const source = table ? `WITH model_row AS (SELECT * FROM ${table.name})` : rows;
  return {
    select: (sql) => queryable.all(`${source}\n${sql}`),
    drop: async () => table?.drop(),
  };
}

/** Exact sums of the sites that show them. */
export function sumsOf(answers: readonly Answer[], id: string): Map<string, LinearSums> {
  return new Map(
    answers.flatMap(({ models }) =>
      [...(models.get(id) ?? [])].flatMap(([site, model]) =>
        "sums" in model ? [[site, model.sums] as const] : [],
      ),
    ),
  );
}

/** All rounds of all models in one process, where the rows of every site are at hand. */
export async function modelsFromRows(
  plan: Plan,
  queryables: readonly Queryable[],
  answers: readonly (readonly Answer[])[],
): Promise<ModelAnswers> {
  const results = new Map<string, RoundResult | { state: "middle"; middle: number[] }>();
  for (const [index, part] of plan.parts.entries()) {
    for (const model of plan.study.models) {
      const key = modelKey(index, model.id);
      const bySite = sumsOf(answers[index] ?? [], model.id);
      if (bySite.size === 0) continue;
      if (model.kind === "linear" && !model.robust) continue;
      const rows = await Promise.all(
        queryables.map((queryable) =>
          rowsOfModel(queryable, plan, part, model, [...bySite.keys()]),
        ),
      );
      if (model.kind !== "linear") {
        results.set(key, await runRounds(rows, roundModel(model, part), [...bySite.keys()]));
      } else {
        const middle = await sandwichFrom(rows, bySite, linearModel(model, part));
        if (middle) results.set(key, { state: "middle", middle });
      }
      for (const some of rows) await some.drop();
    }
  }
  return results;
}

async function runRounds(
  rows: readonly ModelRows[],
  model: RoundModel,
  sites: readonly string[],
): Promise<RoundResult> {
  let state = startRounds(model, sites);
  for (;;) {
    const answers = new Map<string, SiteRound>();
    for (const some of rows) {
      for (const [site, answer] of await answerRound(some, model, state)) answers.set(site, answer);
    }
    const taken = advance(model, state, answers);
    if (taken.state !== "ask") return taken;
    state = taken.next;
  }
}

/** The middle of the HC3 sandwich of all sites, in the order of the fit's columns. */
async function sandwichFrom(
  rows: readonly ModelRows[],
  bySite: ReadonlyMap<string, LinearSums>,
  model: LinearModel,
): Promise<number[] | null> {
  const solved = solveLinear(bySite, model);
  if ("refused" in solved) return null;
  const ask = sandwichAsk(solved.fit, solved.columns, model.y);
  const parts = new Map<string, number[]>();
  const sites = [...bySite]
    .filter(([, { n }]) => n !== "0")
    .map(([site]) => site)
    .sort();
  for (const some of rows) {
    if (model.sites !== "fixed") {
      for (const [site, middle] of await sumSandwich(some, ask)) parts.set(site, middle);
      continue;
    }
    for (const [i, site] of sites.entries()) {
      const middle = (await sumSandwich(some, askOf(ask, i, sites.length))).get(site);
      if (middle) parts.set(site, middle);
    }
  }
  return addMiddles(parts, sites, solved.columns.length, model.sites === "fixed");
}

/** Adds the sites' parts in the order of their names; with fixed effects each goes to its own column. */
export function addMiddles(
  parts: ReadonlyMap<string, readonly number[]>,
  sites: readonly string[],
  size: number,
  isFixed: boolean,
): number[] {
  const full = Array.from({ length: size }, () => Array.from({ length: size }, () => 0));
  const own = isFixed ? size - sites.length + 1 : size;
  for (const [s, site] of sites.entries()) {
    const place = (i: number) => (!isFixed ? i : i === 0 ? s : sites.length + i - 1);
    let next = 0;
    for (let i = 0; i < own; i++) {
      for (let j = i; j < own; j++) {
        const row = full[place(i)];
        if (row) row[place(j)] = (row[place(j)] ?? 0) + (parts.get(site)?.[next] ?? 0);
        next++;
      }
    }
  }
  return full.flatMap((row, i) => row.slice(i));
}

/** The models of one outcome as results: linear ones from the sums, the others from their rounds. */
export function finishModels(
  plan: Plan,
  outcome: number,
  answers: readonly Answer[],
  rounds: ModelAnswers,
): ModelResult[] {
  const part = plan.parts[outcome];
  if (!part) return [];
  return plan.study.models.map((model): ModelResult => {
    const sites = answers.flatMap(({ models }) => [...(models.get(model.id) ?? [])]);
    const at = (state: string) =>
      sites.flatMap(([site, of]) => ("state" in of && of.state === state ? [site] : [])).sort();
    const bySite = sumsOf(answers, model.id);
    const reasons = sites.flatMap(([, of]) => ("reason" in of ? of.reason : []));
    const frame = {
      id: model.id,
      kind: model.kind,
      response: model.response,
      siteEffects: model.sites,
      sites: [...bySite.keys(), ...at("ready")].sort(),
      suppressedAt: at("suppressed"),
      unavailableAt: [
        ...at("unavailable"),
        ...answers.flatMap(({ lacking }) => [...lacking.keys()]),
      ].sort(),
      rounds: 1,
    };
    const none = { fit: null, exactness: "exact" as const };
    if (frame.sites.length === 0) {
      return {
        ...frame,
        ...none,
        state: "suppressed",
        note: reasons[0] || "no site shows its sums",
      };
    }
    return model.kind === "linear"
      ? { ...frame, ...finishLinear(bySite, model, part, rounds.get(modelKey(outcome, model.id))) }
      : { ...frame, ...finishRounds(model, rounds.get(modelKey(outcome, model.id))) };
  });
}

type Finished = Pick<ModelResult, "state" | "note" | "fit" | "exactness"> & Partial<ModelResult>;

function finishLinear(
  bySite: ReadonlyMap<string, LinearSums>,
  model: Model,
  part: Part,
  round: RoundResult | { state: "middle"; middle: number[] } | undefined,
): Finished {
  const of = linearModel(model, part);
  const fitted = fitLinearModel(bySite, of);
  if ("refused" in fitted)
    return { state: "refused", note: fitted.refused, fit: null, exactness: "exact" };
  const exact = { state: "fitted", exactness: "exact" } as const;
  if (!model.robust) return { ...exact, note: null, fit: fitted.fit };
  const solved = solveLinear(bySite, of);
  if (round?.state !== "middle" || "refused" in solved) {
    return { ...exact, note: "robust errors wait for their round", fit: fitted.fit };
  }
  const coefficients = robustFit(solved.fit, solved.columns, of.y, round.middle);
  const fit = { ...fitted.fit, coefficients };
  return { state: "fitted", exactness: "1e-10", note: "robust errors (HC3)", fit, rounds: 2 };
}

function finishRounds(
  model: Model,
  round: RoundResult | { state: "middle"; middle: number[] } | undefined,
): Finished {
  const exactness = model.exchange === "rounds" ? "1e-10" : "approximate";
  switch (round?.state) {
    case "done": {
      const note =
        round.without.length > 0
          ? `without an estimate of their own: ${round.without.join(", ")}`
          : null;
      return { state: "fitted", note, fit: round.fit, exactness, rounds: round.rounds };
    }
    case "refused":
      return { state: "refused", note: round.reason, fit: null, exactness };
    default:
      return {
        state: "waiting",
        note: "needs rounds between hub and sites: propool study round",
        fit: null,
        exactness,
      };
  }
}
