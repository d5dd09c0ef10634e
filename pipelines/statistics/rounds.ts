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
import { fitSurrogate } from "./surrogate.ts";

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
  exchange: "rounds" | "single" | "surrogate";
}

/** Where a fit stands; JSON. `sites` are those that answer every round, in the order of their columns. */
export const roundStateSchema = z.strictObject({
  sites: z.array(z.string()).min(1),
  progress: progressSchema,
  surrogate: z
    .strictObject({ all: roundSums })
    .optional()
    .describe("for the lead site: the sums of all sites at the start"),
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
  state: RoundState,
  answers: ReadonlyMap<string, SiteRound>,
): RoundResult {
  const { sites, progress } = state;
  const columns = columnNames(model, sites);
  if (model.exchange === "single" || state.surrogate) return combineOwn(model, state, answers);
  if (model.exchange === "surrogate") return advanceSurrogate(model, state, answers);
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

/**
 * Three exchanges at most, however hard the fit: each site's own fit, whose weighted mean is the start; all sites' sums there; and the
 * site with most people fits for all.
 */
function advanceSurrogate(
  model: RoundModel,
  state: RoundState,
  answers: ReadonlyMap<string, SiteRound>,
): RoundResult {
  const { sites, progress } = state;
  if (progress.round === 1) {
    const fits = ownFitsOf(sites, answers).flatMap(({ fit }) => fit ?? []);
    if (fits.length === 0) return { state: "refused", reason: NO_OWN_FIT };
    const { coefficients } = combineFits(fits, columnNames(model, sites));
    const beta = coefficients.map(({ value }) => value);
    return { state: "ask", next: { sites, progress: { ...progress, round: 2, beta } } };
  }
  const sums = sites.flatMap((site) => {
    const answer = answers.get(site);
    return answer && "newton" in answer ? [{ site, newton: answer.newton }] : [];
  });
  const [first, ...rest] = sums.toSorted((a, b) => Number(BigInt(b.newton.n) - BigInt(a.newton.n)));
  if (!first || sums.length < sites.length) {
    return { state: "refused", reason: "a site has not answered" };
  }
  const all = rest.map(({ newton }) => newton).reduce(addRounds, first.newton);
  const next = { sites: [first.site], progress: { ...progress, round: 3 }, surrogate: { all } };
  return { state: "ask", next };
}

/** A site's part: its sums at the coefficients it is asked about, or its own fit. */
export async function answerRound(
  rows: ModelRows,
  model: RoundModel,
  { sites, progress, surrogate }: RoundState,
): Promise<Map<string, SiteRound>> {
  const [lead] = sites;
  if (surrogate && lead !== undefined) {
    return leadFit(onlySite(rows, lead), model, { lead, start: progress.beta, all: surrogate.all });
  }
  const isOwn = model.exchange === "surrogate" && progress.round === 1;
  if (model.exchange === "single" || isOwn) return ownFits(rows, model);
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

/** The lead site's fit for all; nothing where these are not its rows. */
async function leadFit(
  rows: ModelRows,
  model: RoundModel,
  { lead, start, all }: { lead: string; start: readonly number[]; all: RoundSums },
): Promise<Map<string, SiteRound>> {
  const at = async (beta: readonly number[]) => (await sumOf(rows, model, beta)).get(lead);
  const here = await at(start);
  if (!here) return new Map();
  const fit = await fitSurrogate(async (beta) => (await at(beta)) ?? here, {
    start,
    all,
    order: 2,
  });
  const own = "refused" in fit ? fit : { n: Number(all.n), ...fit };
  return new Map([[lead, { own }]]);
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
  { sites, surrogate }: RoundState,
  answers: ReadonlyMap<string, SiteRound>,
): RoundResult {
  const own = ownFitsOf(sites, answers);
  const fits = own.flatMap(({ fit }) => fit ?? []);
  if (fits.length === 0) return { state: "refused", reason: NO_OWN_FIT };
  const without = own.filter(({ fit }) => !fit).map(({ site }) => site);
  const combined = combineFits(
    fits,
    model.columns.map(({ name }) => name),
  );
  const fit = inUnits(combined, model, constantsOf(model, ["all"]));
  return { state: "done", fit, rounds: surrogate ? 3 : 1, without };
}

const NO_OWN_FIT = "no site has an estimate of its own";

function ownFitsOf(sites: readonly string[], answers: ReadonlyMap<string, SiteRound>) {
  return sites.map((site) => {
    const answer = answers.get(site);
    const own = answer && "own" in answer ? answer.own : undefined;
    return { site, fit: own && !("refused" in own) ? own : undefined };
  });
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
