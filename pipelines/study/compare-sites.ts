import type { Suppressed, Unavailable } from "../disclosure/gate.ts";
import type { MetaAnalysis, SiteEstimate } from "../statistics/meta-analysis.ts";
import type { Measure, Statistic } from "../statistics/statistic.ts";
import type { Answer } from "./answer.ts";
import type { SiteComparison } from "./results.ts";

const SUPPRESSED: Suppressed = "suppressed";
const UNAVAILABLE: Unavailable = "unavailable";

/** Fewest sites from which the variance between sites is estimated at all. */
const SITES_MIN = 3;

/** The sites' own numbers side by side, and their random-effects mean; refused where tau squared would rest on two sites. */
export function compareSites(
  answers: readonly Answer[],
  statistics: readonly Statistic<unknown>[],
  measure: Measure,
  metaAnalysis: (sites: readonly SiteEstimate[]) => MetaAnalysis,
): SiteComparison[] {
  const all = answers.flatMap((answer) => [...answer.sites, ...answer.lacking.keys()]);
  if (new Set(all).size < 2) return [];
  return statistics.flatMap((statistic): SiteComparison[] => {
    if (!statistic.siteEffect || statistic.unavailable(measure)) return [];
    const effects = answers.flatMap(({ bySite }) =>
      [...bySite].flatMap(([site, summaries]) => {
        const summary = summaries[statistic.name];
        if (summary === undefined || summary === SUPPRESSED || summary === UNAVAILABLE) return [];
        const effect = statistic.siteEffect?.(summary, measure);
        return effect ? [{ site, ...effect }] : [];
      }),
    );
    const [first] = effects;
    if (!first) return [];
    const sorted = effects.toSorted((a, b) => (a.site < b.site ? -1 : 1));
    const enough = sorted.length >= SITES_MIN;
    return [
      {
        statistic: statistic.name,
        estimate: first.name,
        scale: first.scale,
        sites: sorted.map(({ site, value, variance, people }) => ({
          site,
          value,
          se: Math.sqrt(variance),
          people,
        })),
        without: [...new Set(all)]
          .filter((site) => !sorted.some((one) => one.site === site))
          .sort(),
        meta: enough
          ? metaAnalysis(
              sorted.map(({ site, value, variance }) => ({ site, estimate: value, variance })),
            )
          : null,
        refused: enough
          ? null
          : `the variance between sites cannot be estimated from fewer than ${SITES_MIN} sites`,
      },
    ];
  });
}
