import { maximise, root } from "./maximise.ts";
import { chiSquareQuantile, chiSquareTail, TAIL, tQuantile, Z95 } from "./probability.ts";

/** One site's estimate and its variance. */
export interface SiteEstimate {
  site: string;
  estimate: number;
  variance: number;
}

type Interval = [low: number, high: number];

export interface RandomEffects {
  tau2: number;
  estimate: number;
  se: number;
  /** Modified Hartung-Knapp: q floored at 1, t with k-1 df. */
  hartungKnapp: { se: number; interval: Interval };
  /** Higgins-Thompson-Spiegelhalter, t with k-2 df; null below three sites. */
  prediction: Interval | null;
}

export interface MetaAnalysis {
  sites: number;
  fixed: { estimate: number; se: number; interval: Interval };
  q: number;
  df: number;
  qP: number | null;
  /** (Q - (k-1)) / Q, not below 0; null for one site. */
  i2: number | null;
  reml: RandomEffects;
  dersimonianLaird: RandomEffects;
  /** Q-profile; null for one site. */
  tau2Interval: Interval | null;
}

/**
 * Random-effects meta-analysis of site estimates. For one site it is that site's result, and heterogeneity is null.
 *
 * Source: REML by bounded search; Roever, Knapp and Friede 2015 (modified Hartung-Knapp); DerSimonian and Laird 1986;
 * Viechtbauer 2007 (Q-profile); Higgins, Thompson and Spiegelhalter 2009 (prediction interval).
 */
export function metaAnalysis(sites: readonly SiteEstimate[]): MetaAnalysis {
  const k = sites.length;
  const df = k - 1;
  const fixed = weigh(sites, 0);
  const q = qOf(sites, 0);
  const sumOfSquares = sites.reduce((sum, { variance }) => sum + variance ** -2, 0);
  const excess = (q - df) / (fixed.weight - sumOfSquares / fixed.weight);
  const se = Math.sqrt(1 / fixed.weight);
  return {
    sites: k,
    fixed: { estimate: fixed.mu, se, interval: around(fixed.mu, Z95 * se) },
    q,
    df,
    qP: k > 1 ? chiSquareTail(q, df) : null,
    i2: k > 1 ? Math.max(0, (q - df) / q) || 0 : null,
    reml: randomEffects(sites, k > 1 ? reml(sites) : 0),
    dersimonianLaird: randomEffects(sites, k > 1 ? Math.max(0, excess) : 0),
    tau2Interval: k > 1 ? profile(sites) : null,
  };
}

function randomEffects(sites: readonly SiteEstimate[], tau2: number): RandomEffects {
  const k = sites.length;
  const { mu, weight } = weigh(sites, tau2);
  const se = Math.sqrt(1 / weight);
  const inflation = k > 1 ? Math.sqrt(Math.max(1, qOf(sites, tau2) / (k - 1))) : 1;
  const half = (k > 1 ? tQuantile(TAIL, k - 1) : Z95) * se * inflation;
  return {
    tau2,
    estimate: mu,
    se,
    hartungKnapp: { se: se * inflation, interval: around(mu, half) },
    prediction: k > 2 ? around(mu, tQuantile(TAIL, k - 2) * Math.sqrt(tau2 + se * se)) : null,
  };
}

function reml(sites: readonly SiteEstimate[]): number {
  const unit = sites.reduce((sum, { variance }) => sum + variance, 0) / sites.length;
  const likelihood = (tau2: number) => {
    const logs = sites.reduce((sum, { variance }) => sum + Math.log(variance + tau2), 0);
    return -0.5 * (logs + Math.log(weigh(sites, tau2).weight) + qOf(sites, tau2));
  };
  const slope = (tau2: number) => {
    const { mu, weight } = weigh(sites, tau2);
    let squares = 0;
    let deviations = 0;
    for (const { estimate, variance } of sites) {
      const w = 1 / (variance + tau2);
      squares += w * w;
      deviations += w * w * (estimate - mu) ** 2;
    }
    return 0.5 * (deviations - weight + squares / weight);
  };
  return maximise(likelihood, unit, slope);
}

/** tau2 at which the generalised Q has its 2.5 % and 97.5 % values. */
function profile(sites: readonly SiteEstimate[]): Interval {
  const df = sites.length - 1;
  const unit = sites.reduce((sum, { variance }) => sum + variance, 0);
  const at = (tail: number) => {
    const target = chiSquareQuantile(tail, df);
    return root((tau2) => qOf(sites, tau2) - target, 0, unit * 1e6);
  };
  return [at(TAIL) ?? 0, at(1 - TAIL) ?? 0];
}

function qOf(sites: readonly SiteEstimate[], tau2: number): number {
  const { mu } = weigh(sites, tau2);
  return sites.reduce(
    (sum, { estimate, variance }) => sum + (estimate - mu) ** 2 / (variance + tau2),
    0,
  );
}

function weigh(sites: readonly SiteEstimate[], tau2: number): { mu: number; weight: number } {
  let [weight, sum] = [0, 0];
  for (const { estimate, variance } of sites) {
    const w = 1 / (variance + tau2);
    weight += w;
    sum += w * estimate;
  }
  return { mu: sum / weight, weight };
}

function around(centre: number, half: number): Interval {
  return [centre - half, centre + half];
}
