import { z } from "zod";
import { sumCox, type Ties } from "./cox.ts";
import type { ModelFit } from "./fit-model.ts";
import {
  addRounds,
  combineFits,
  embed,
  type Family,
  firstRound,
  type GeneralisedFit,
  type Progress,
  progressSchema,
  type RoundSums,
  roundSums,
  step,
} from "./generalised.ts";
import type { Column } from "./linear.ts";
import { type ModelRows, sumRound } from "./model-sums.ts";

/** A site's own fit, for the single exchange; or why it has none. */
export const ownFitSchema = z.union([
  z.strictObject({
    n: z.int().min(0),
    beta: z.array(z.number()),
    variances: z.array(z.number().positive()),
  }),
  z.strictObject({ refused: z.string() }),
]);
export type OwnFit = z.infer<typeof ownFitSchema>;

export const siteRoundSchema = z.union([
  z.strictObject({ newton: roundSums }),
  z.strictObject({ own: ownFitSchema }),
]);
export type SiteRound = z.infer<typeof siteRoundSchema>;

/** A model that is fitted by asking the sites again and again. */
export interface RoundModel {
  family: Family;
  ties?: Ties;
  /** The constant first, but in Cox's regression, where each site has a baseline of its own. */
  columns: readonly Column[];
  sites: "none" | "fixed";
  exchange: "rounds" | "single";
}

/** Where a fit stands; JSON. `sites` are those that answer every round, in the order of their columns. */
export const roundStateSchema = z.strictObject({
  sites: z.array(z.string()).min(1),
  progress: progressSchema,
});
export type RoundState = z.infer<typeof roundStateSchema>;

export type RoundResult =
  | { state: "ask"; next: RoundState }
  | { state: "done"; fit: ModelFit; rounds: number; without: string[] }
  | { state: "refused"; reason: string };

export function startRounds(model: RoundModel, sites: readonly string[]): RoundState {
  const sorted = [...sites].sort();
  return { sites: sorted, progress: firstRound(columnNames(model, sorted).length) };
}

/** The hub's part: adds the sites' answers in the order of their names and takes a step. */
export function advance(
  model: RoundModel,
  { sites, progress }: RoundState,
  answers: ReadonlyMap<string, SiteRound>,
): RoundResult {
  const columns = columnNames(model, sites);
  if (model.exchange === "single") return combineOwn(model, sites, answers);
  const parts = sites.flatMap((site, i): RoundSums[] => {
    const answer = answers.get(site);
    if (!answer || !("newton" in answer)) return [];
    return [model.sites === "fixed" ? embed(answer.newton, i, sites.length) : answer.newton];
  });
  const [first, ...rest] = parts;
  if (!first || parts.length < sites.length) {
    return { state: "refused", reason: "a site has not answered" };
  }
  const constants = constantsOf(model, sites);
  const taken = step(rest.reduce(addRounds, first), progress, {
    family: model.family,
    columns,
    constants,
  });
  if (taken.state === "next") return { state: "ask", next: { sites, progress: taken.progress } };
  if (taken.state === "refused") return taken;
  return {
    state: "done",
    fit: inUnits(taken.fit, model, constants),
    rounds: taken.fit.rounds,
    without: [],
  };
}

/** A site's part: its sums at the coefficients it is asked about, or its own fit. */
export async function answerRound(
  rows: ModelRows,
  model: RoundModel,
  { sites, progress }: RoundState,
): Promise<Map<string, SiteRound>> {
  if (model.exchange === "single") return ownFits(rows, model);
  if (model.sites === "none") {
    const sums = await sumOf(rows, model, progress.beta);
    return new Map([...sums].map(([site, newton]) => [site, { newton }]));
  }
  const answers = new Map<string, SiteRound>();
  for (const [i, site] of sites.entries()) {
    const beta = [progress.beta[i] ?? 0, ...progress.beta.slice(sites.length)];
    const newton = (await sumOf(onlySite(rows, site), model, beta)).get(site);
    if (newton) answers.set(site, { newton });
  }
  return answers;
}

function sumOf(rows: ModelRows, { family, ties }: RoundModel, beta: readonly number[]) {
  return family === "cox" ? sumCox(rows, beta, ties ?? "efron") : sumRound(rows, family, beta);
}

/** Columns at the front of a fit that are constants. */
function constantsOf({ family, sites: effects }: RoundModel, sites: readonly string[]): number {
  if (family === "cox") return 0;
  return effects === "fixed" ? sites.length : 1;
}

async function ownFits(rows: ModelRows, model: RoundModel): Promise<Map<string, SiteRound>> {
  const own = { ...model, sites: "none", exchange: "rounds" } as const;
  const sites = await rows.select<{ site: string }>(
    "SELECT DISTINCT datamartid AS site FROM model_row",
  );
  const fits = new Map<string, SiteRound>();
  for (const { site } of sites) {
    const mine = onlySite(rows, site);
    let state = startRounds(own, [site]);
    for (;;) {
      const taken = stepOwn(own, state.progress, await answerRound(mine, own, state), site);
      if ("own" in taken) {
        fits.set(site, taken);
        break;
      }
      state = { ...state, progress: taken };
    }
  }
  return fits;
}

function stepOwn(
  model: RoundModel,
  progress: Progress,
  answers: ReadonlyMap<string, SiteRound>,
  site: string,
): Progress | { own: OwnFit } {
  const answer = answers.get(site);
  if (!answer || !("newton" in answer))
    return { own: { refused: "nobody has all of its columns" } };
  const columns = model.columns.map(({ name }) => name);
  const constants = constantsOf(model, [site]);
  const taken = step(answer.newton, progress, { family: model.family, columns, constants });
  if (taken.state === "next") return taken.progress;
  if (taken.state === "refused") return { own: { refused: taken.reason } };
  const { coefficients, n } = taken.fit;
  return {
    own: {
      n,
      beta: coefficients.map(({ value }) => value),
      variances: coefficients.map(({ se }) => se ** 2),
    },
  };
}

function combineOwn(
  model: RoundModel,
  sites: readonly string[],
  answers: ReadonlyMap<string, SiteRound>,
): RoundResult {
  const own = sites.map((site) => {
    const answer = answers.get(site);
    return { site, fit: answer && "own" in answer ? answer.own : undefined };
  });
  const fits = own.flatMap(({ fit }) => (fit && !("refused" in fit) ? [fit] : []));
  if (fits.length === 0) return { state: "refused", reason: "no site has an estimate of its own" };
  const without = own.filter(({ fit }) => !fit || "refused" in fit).map(({ site }) => site);
  const combined = combineFits(
    fits,
    model.columns.map(({ name }) => name),
  );
  return {
    state: "done",
    fit: inUnits(combined, model, constantsOf(model, ["all"])),
    rounds: 1,
    without,
  };
}

const RATIO = { logistic: "odds ratio", poisson: "rate ratio", cox: "hazard ratio" } as const;

/** From units of the columns' integers to those of the score. */
function inUnits(
  fit: GeneralisedFit,
  { columns, family }: RoundModel,
  constants: number,
): ModelFit {
  const covariates = family === "cox" ? columns : columns.slice(1);
  const unitOf = (i: number) =>
    i < constants ? 1 : 10 ** (covariates[i - constants]?.decimals ?? 0);
  return {
    n: fit.n,
    coefficients: fit.coefficients.map((one, i) => {
      const unit = unitOf(i);
      const { name, value, se, interval, p } = one;
      return {
        name,
        value: value * unit,
        se: se * unit,
        interval: [interval[0] * unit, interval[1] * unit],
        p,
      };
    }),
    facts: [
      {
        name: "log-likelihood",
        value: Number.isFinite(fit.logLikelihood) ? fit.logLikelihood : null,
      },
      ...fit.coefficients.flatMap(({ name, value }, i) => {
        if (i < constants) return [];
        return [{ name: `${RATIO[family]} of ${name}`, value: Math.exp(value * unitOf(i)) }];
      }),
    ],
  };
}

function columnNames({ columns, sites: effects }: RoundModel, sites: readonly string[]): string[] {
  const names = columns.map(({ name }) => name);
  if (effects === "none") return names;
  return [...sites.map((site) => `site ${site}`), ...names.slice(1)];
}

function onlySite(rows: ModelRows, site: string): ModelRows {
  const own = `(SELECT * FROM model_row WHERE datamartid = '${site.replaceAll("'", "''")}') AS own_row`;
  return { select: (sql) => rows.select(sql.replaceAll("FROM model_row", `FROM ${own}`)) };
}
