import type { StudyComparison } from "../../pipelines/study.ts";
import { textTable } from "../text-table.ts";

const SHOWN_MAX = 50;

/** Both modes side by side: largest difference by statistic, then the places that differ once small cells are hidden, and why. */
export function comparisonText(comparison: StudyComparison): string {
  const { byStatistic, compared, maxRelativeDifference, suppressed } = comparison;
  const exact = Object.entries(byStatistic).map(([statistic, difference]) => [
    statistic,
    difference,
  ]);
  const hidden = suppressed.differences.slice(0, SHOWN_MAX);
  return [
    `Before suppression: ${compared} numbers compared, largest relative difference ${maxRelativeDifference}`,
    "",
    textTable(["statistic", "largest relative difference"], exact).trimEnd(),
    "",
    `As they may be shown: ${suppressed.compared} numbers in both, ${suppressed.differences.length} differ`,
    ...(hidden.length > 0
      ? [
          "",
          textTable(
            ["number", "pooled", "distributed", "why"],
            hidden.map(({ place, a, b, why }) => [place, a ?? "", b ?? "", why]),
          ).trimEnd(),
        ]
      : []),
    ...(suppressed.differences.length > SHOWN_MAX
      ? [`and ${suppressed.differences.length - SHOWN_MAX} more: --json lists them`]
      : []),
    "",
  ].join("\n");
}
