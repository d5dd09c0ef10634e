import {
  addLinear,
  type Coefficient,
  type Column,
  fitLinear,
  inference,
  type LinearFit,
  type LinearSums,
  withSiteEffects,
} from "./linear.ts";
import { dot, multiply, symmetric } from "./matrix.ts";
import { fitMixed } from "./mixed.ts";
import { normalP, TAIL, tQuantile, Z95 } from "./probability.ts";

/** A fitted model as it is shown. */
export interface ModelFit {
  n: number;
  coefficients: Coefficient[];
  /** Other numbers of the fit, such as R squared. */
  facts: { name: string; value: number | null }[];
}

export interface LinearModel {
  columns: readonly Column[];
  y: { decimals: number };
  sites: "none" | "fixed" | "random";
}

export type Fitted = { fit: ModelFit } | { refused: string };

/** The linear fit with what a second round needs of it; columns are those of the fit, one a site where effects are fixed. */
export function solveLinear(
  bySite: ReadonlyMap<string, LinearSums>,
  { columns, y, sites }: LinearModel,
): { fit: LinearFit; columns: Column[] } | { refused: string } {
  const used = new Map([...bySite].filter(([, { n }]) => n !== "0"));
  if (used.size === 0) return { refused: "nobody has all of its columns" };
  const pooled = [...used.values()].reduce(addLinear);
  const of =
    sites === "fixed" ? withSiteEffects(used, columns) : { sums: pooled, columns: [...columns] };
  const fit = fitLinear(of.sums, of.columns, y, sites !== "fixed");
  if ("dependentColumn" in fit) {
    const name = of.columns[fit.dependentColumn]?.name;
    return { refused: `${name} is a combination of the other columns: leave one of them out` };
  }
  if (fit.df < 1) return { refused: "as many columns as people" };
  return { fit, columns: of.columns };
}

/** A linear model from the sites' sums: by least squares, or with a random site intercept by REML. */
export function fitLinearModel(
  bySite: ReadonlyMap<string, LinearSums>,
  model: LinearModel,
): Fitted {
  const solved = solveLinear(bySite, model);
  if ("refused" in solved) return solved;
  if (model.sites === "random") return fitRandom(bySite, model);
  const { fit } = solved;
  return {
    fit: {
      n: fit.n,
      coefficients: fit.coefficients,
      facts: [
        { name: "residual degrees of freedom", value: fit.df },
        { name: "residual sd", value: fit.residualSd },
        {
          name: model.sites === "fixed" ? "R squared (about zero)" : "R squared",
          value: fit.rSquared,
        },
        { name: "F", value: fit.f },
        { name: "p of F", value: fit.fP },
      ],
    },
  };
}

function fitRandom(bySite: ReadonlyMap<string, LinearSums>, { columns, y }: LinearModel): Fitted {
  const sites = [...bySite.values()].filter(({ n }) => n !== "0").length;
  if (sites < 3) {
    return {
      refused: "the variance between sites cannot be estimated from fewer than three sites",
    };
  }
  const fit = fitMixed(bySite, columns, y);
  if (!fit) return { refused: "the columns do not have full rank" };
  return {
    fit: {
      n: fit.n,
      coefficients: fit.coefficients.map(({ name, value, se }) => ({
        name,
        value,
        se,
        interval: [value - Z95 * se, value + Z95 * se],
        p: normalP(value / se),
      })),
      facts: [
        { name: "variance between sites (tau squared, REML)", value: fit.tau2 },
        { name: "variance inside sites (sigma squared)", value: fit.sigma2 },
        { name: "intraclass correlation", value: fit.icc },
        { name: "restricted log-likelihood", value: fit.logLikelihood },
      ],
    },
  };
}

/** What the sites are asked for the middle of the sandwich, in units of the columns' integers. */
export interface SandwichAsk {
  beta: number[];
  inverse: number[][];
}

export function sandwichAsk(
  fit: LinearFit,
  columns: readonly Column[],
  y: { decimals: number },
): SandwichAsk {
  const unit = columns.map(({ decimals }) => 10 ** decimals);
  return {
    beta: fit.coefficients.map(({ value }, i) => (value * 10 ** y.decimals) / (unit[i] ?? 1)),
    inverse: fit.inverse.map((row, i) => row.map((v, j) => v / ((unit[i] ?? 1) * (unit[j] ?? 1)))),
  };
}

/** The part of a question that a site with its own constant needs: its column in place of the constant. */
export function askOf(ask: SandwichAsk, site: number, sites: number): SandwichAsk {
  const places = [site, ...ask.beta.map((_, i) => i).slice(sites)];
  return {
    beta: places.map((i) => ask.beta[i] ?? 0),
    inverse: places.map((i) => places.map((j) => ask.inverse[i]?.[j] ?? 0)),
  };
}

/**
 * Standard errors that hold where the spread of the residuals does not stay the same (HC3), from the added middle of the
 * sandwich, upper triangle in units of the columns' integers.
 */
export function robustFit(
  fit: LinearFit,
  columns: readonly Column[],
  y: { decimals: number },
  middle: readonly number[],
): Coefficient[] {
  const { inverse } = sandwichAsk(fit, columns, y);
  const meat = symmetric(middle, columns.length);
  const t = tQuantile(TAIL, fit.df);
  return fit.coefficients.map(({ name, value }, i) => {
    const row = inverse[i] ?? [];
    const units = 10 ** (columns[i]?.decimals ?? 0) / 10 ** y.decimals;
    const se = Math.sqrt(dot(row, multiply(meat, row))) * units;
    return { name, value, ...inference(value, se, fit.df, t) };
  });
}
