import { change } from "./change.ts";
import { completionRate, responseRate } from "./collection.ts";
import { courseBetween } from "./compare-courses.ts";
import { baselineBetween, changeBetween } from "./compare-means.ts";
import { improvedBetween, respondedBetween } from "./compare-shares.ts";
import type { Contrast } from "./contrast.ts";
import { count } from "./count.ts";
import { covariance } from "./covariance.ts";
import { distribution } from "./distribution.ts";
import { improved } from "./improved.ts";
import { items } from "./items.ts";
import { linkedRecords } from "./linked.ts";
import { moments } from "./moments.ts";
import { reliability } from "./reliability.ts";
import { responder } from "./responder.ts";
import { responseTime } from "./response-time.ts";
import type { Statistic } from "./statistic.ts";
import { trajectory } from "./trajectory.ts";

/** All statistics of people, in the order of a result. A new one is a file of this folder and a line here. */
export const STATISTICS: readonly Statistic<unknown>[] = [
  count,
  moments,
  distribution,
  change,
  improved,
  responder,
  trajectory,
  responseTime,
  items,
  reliability,
  covariance,
];

/** What only rows of several sites tell, where a study counts linked people. */
export const LINKED_STATISTICS: readonly Statistic<unknown>[] = [linkedRecords];

/** Statistics of requests and questionnaires, whose strata are the channels. */
export const CHANNEL_STATISTICS: readonly Statistic<unknown>[] = [responseRate, completionRate];

/** Comparisons between strata, made from what the statistics show. */
export const CONTRASTS: readonly Contrast<unknown>[] = [
  baselineBetween,
  changeBetween,
  improvedBetween,
  respondedBetween,
  courseBetween,
];
