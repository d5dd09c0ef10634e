import type { Study } from "./read-study.ts";
import type { StudyResults } from "./results.ts";
import { followUpsOf } from "./schema.ts";

/** The methods paragraph that a paper would need, with citations, from what the results hold. */
export function methodsText(results: StudyResults, study: Study): string[] {
  const statistics = new Set(
    results.outcomes.flatMap(({ rows }) => rows.map((row) => row.statistic)),
  );
  const models = results.outcomes.flatMap((outcome) => outcome.models);
  const has = (name: string) => statistics.has(name);
  const compared = results.outcomes.some(({ comparisons }) => comparisons.length > 0);
  const follow = followUpsOf(study.windows);
  const sentences = [
    results.mode === "pooled"
      ? `Patient-reported outcomes of ${results.sites.length} sites (${results.sites.join(", ")}) were pooled as de-identified rows of the PCORnet Common Data Model 7.0.`
      : `${results.sites.length} sites (${results.sites.join(", ")}) computed signed summary statistics on their own rows of the PCORnet Common Data Model 7.0; no row left a site, and the summaries were added.`,
    results.missing.length > 0
      ? `Not included: ${results.missing.map(({ site, reason }) => `${site} (${reason})`).join("; ")}.`
      : "",
    "Scores were recomputed from items and reconciled with the reported ones; sums were kept as integers on the score's grid and divided once, so that the combined result equals that of the pooled rows (Pebay 2008).",
    study.people === "linked"
      ? "People whom linkage tokens found at several sites were counted once, by the record with a follow-up and most administrations; the statistic linkage says how many records were merged."
      : "",
    study.include_linked
      ? "Scores linked by published crosswalks count."
      : "Scores linked by crosswalks do not count.",
    study.include_provisional === false
      ? "Scores whose rule or table is provisional do not count."
      : "Scores whose rule or table is provisional count where the study names them.",
    study.complete_scores
      ? "Administrations without all of the study's scores of their instrument were left out."
      : "",
    `Day 0 was ${indexText(study)}; the baseline is the score nearest to it from day ${study.windows.baseline.days.join(" to ")}${follow.length > 0 ? `; follow-up: ${follow.map(({ target, days }) => `the score nearest to day ${target} from day ${days.join(" to ")}`).join(", ")}` : ""}, the earlier one on ties, complete pairs only.`,
    "Means have 95 % intervals by Student's t, shares by Wilson's score (Wilson 1927); quantiles are of type 7 (Hyndman and Fan 1996); skewness and kurtosis are G1 and G2 (Joanes and Gill 1998).",
    has("reliability")
      ? "Internal consistency is Cronbach's alpha with Feldt's interval (Feldt 1965)."
      : "",
    has("response-time")
      ? "Time to response was estimated by Kaplan and Meier with Greenwood's variance on a common time grid, groups compared by the log-rank test."
      : "",
    [...statistics].some((name) => name.endsWith("between strata"))
      ? "Strata were compared by analysis of variance, Welch's t test, Pearson's chi-square and Newcombe's interval (Newcombe 1998), without adjustment for multiple testing."
      : "",
    compared
      ? "Sites were compared by random-effects meta-analysis: REML with the modified Hartung-Knapp interval (Roever, Knapp and Friede 2015), Q, I² = (Q-df)/Q, and the prediction interval of Higgins, Thompson and Spiegelhalter (2009); none from fewer than three sites."
      : "",
    models.some(({ kind }) => kind === "linear")
      ? "Linear models were solved over the rationals from the sites' cross-products."
      : "",
    models.some(({ siteEffects }) => siteEffects === "random")
      ? "The random site intercept was fitted by REML from the same sums (Luo 2022), with normal intervals."
      : "",
    models.some(({ kind }) => kind === "cox")
      ? "The time to response was modelled by Cox's regression (Cox 1972) stratified by site, on a common grid of steps; ties as the study says (Efron 1977, Breslow 1974)."
      : "",
    models.some(({ kind, exactness }) => kind !== "linear" && exactness === "1e-10")
      ? "Logistic, Poisson and Cox models were fitted by Newton's method over the sites' gradients and information matrices until no coefficient moved by 1e-10."
      : "",
    models.some(({ exactness }) => exactness === "approximate")
      ? "Models marked approximate combine the sites' own fits, weighted by the inverse of their variances, or are fitted at one site on a surrogate of all sites' likelihood (Duan 2020)."
      : "",
    results.disclosure
      ? `Every cell, its complement and what is left of its margin hold nobody or at least ${results.disclosure.minimumPeople} people (profile ${results.disclosure.profile}; ResDAC 2024), and so does what two shown groups of people differ in; hidden cells are marked.`
      : "",
    results.check
      ? `On these rows the sites alone, combined, gave the same ${results.check.compared} numbers as all rows together (largest relative difference ${results.check.maxRelativeDifference}).`
      : "",
  ];
  return sentences.filter(Boolean);
}

function indexText({ index }: Study): string {
  switch (index.event) {
    case "first_administration":
      return "the first administration";
    case "procedure":
      return "the first procedure of the study's lists";
    case "diagnosis":
      return "the first diagnosis of the study's lists";
    case "date":
      return index.date;
    default:
      return index satisfies never;
  }
}
