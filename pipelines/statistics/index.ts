import { change } from "./change.ts";
import { count } from "./count.ts";
import { distribution } from "./distribution.ts";
import { improved } from "./improved.ts";
import { moments } from "./moments.ts";
import type { Statistic } from "./statistic.ts";

/** All statistics, in the order of a result. A new one is a file of this folder and a line here. */
export const STATISTICS: readonly Statistic<unknown>[] = [
  count,
  moments,
  distribution,
  change,
  improved,
];
