import type { Withheld } from "../../pipelines/disclosure/gate.ts";

/** Why a site shows less than small cells ask for; empty without reason. For the site only: it tells that few people differ. */
export function withheldText(withheld: readonly Withheld[]): string {
  if (withheld.length === 0) return "";
  const lines = withheld.map(
    ({ outcome, statistic, stratum, beside }) =>
      `  ${outcome}, ${statistic}${stratum === "all" ? "" : ` of ${stratum}`}: beside ${beside}`,
  );
  return [
    "held back, because subtracting it from another release would tell of too few people:",
    ...lines,
    "What helps: groups that are the same people (complete_scores, windows.complete_pairs), or that differ by many.",
    "",
  ].join("\n");
}
