import type { Cell, Summaries, Withheld } from "../disclosure/gate.ts";
import type { LinearSums } from "../statistics/linear.ts";
import type { Statistic } from "../statistics/statistic.ts";

/** Why there is no model of a site: it hid it, or has nothing to make it from. */
export interface NoModel {
  state: "suppressed" | "unavailable";
  reason: string;
}

/** A model's exact sums at one site; that it is ready for rounds, which tell its sums later; or why there is nothing. */
export type SiteModel = { sums: LinearSums } | { state: "ready" } | NoModel;

/** What one contributor, a site or the pool, tells about one outcome. */
export interface Answer {
  /** Sites whose people are in it. */
  sites: string[];
  /** By site, what it lacks so that nobody there can be selected. */
  lacking: ReadonlyMap<string, readonly string[]>;
  /** Sites of `sites` that cannot make a statistic. */
  withoutStatistic(name: string): readonly string[];
  cells: readonly Cell[];
  /** By channel. */
  channels: readonly Cell[];
  /** By model id and site. */
  models: ReadonlyMap<string, ReadonlyMap<string, SiteModel>>;
  /** Each site's own margin, as it may be shown; for comparing sites. */
  bySite: ReadonlyMap<string, Summaries>;
  /** What was hidden because of another release; for the eyes of those who hold the rows. */
  withheld: readonly Withheld[];
}

/** The statistics of an outcome that its measure allows. */
export interface Chosen {
  statistics: readonly Statistic<unknown>[];
  channels: readonly Statistic<unknown>[];
}
