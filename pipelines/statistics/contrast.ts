import type { Estimate, Measure } from "./statistic.ts";

/**
 * A comparison between strata, from what one statistic shows of each: nothing more leaves a site for it. `name` stands where a
 * statistic's would.
 */
export interface Contrast<S> {
  readonly name: string;
  readonly title: string;
  /** The statistic whose summaries it compares. */
  readonly of: string;
  /** Strata in the order of their names, at least two. */
  estimate(strata: ReadonlyMap<string, S>, measure: Measure): Estimate[];
}
