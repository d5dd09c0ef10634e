import type { Cell, Unavailable } from "../disclosure/gate.ts";
import type { Answer, Chosen, SiteModel } from "./answer.ts";
import type { Model } from "./model-schema.ts";
import type { Summary } from "./summary.ts";

const UNAVAILABLE: Unavailable = "unavailable";

type SummaryOutcome = Summary["outcomes"][number];

/** What a site's answer says about one outcome, as a summary holds it. */
export function answerToSummary(
  answer: Answer,
  site: string,
  { statistics, channels }: Chosen,
  models: readonly Model[],
): Pick<SummaryOutcome, "lacking" | "cells" | "channels" | "models"> {
  const lacking = [...(answer.lacking.get(site) ?? [])];
  const all = [...statistics, ...channels];
  const without = all.filter(
    ({ name }) => lacking.length > 0 || answer.withoutStatistic(name).includes(site),
  );
  const mark = (cells: readonly Cell[], of: Chosen["statistics"]): Cell[] => {
    if (of.length === 0) return [];
    const margin = cells[0] ?? { stratum: "all", statistics: {} };
    const kept = lacking.length > 0 ? [margin] : [margin, ...cells.slice(1)];
    const missing = of
      .filter((one) => without.includes(one))
      .map(({ name }) => [name, UNAVAILABLE]);
    return kept.map((cell) => ({
      stratum: cell.stratum,
      statistics: { ...cell.statistics, ...Object.fromEntries(missing) },
    }));
  };
  return {
    lacking,
    cells: mark(answer.cells, statistics) as SummaryOutcome["cells"],
    channels: mark(answer.channels, channels) as SummaryOutcome["channels"],
    models: [...answer.models].map(([id, sites]) => {
      const model = sites.get(site);
      if (!model || lacking.length > 0) return { id, state: UNAVAILABLE };
      if (!("sums" in model)) return { id, state: model.state === "ready" ? "shown" : model.state };
      const isLinear = models.some((one) => one.id === id && one.kind === "linear");
      return { id, state: "shown" as const, ...(isLinear && { sums: model.sums }) };
    }),
  };
}

/** The reverse: a site's summary as an answer. */
export function summaryToAnswer({ site }: Summary, outcome: SummaryOutcome): Answer {
  const cells = outcome.cells as Cell[];
  const channels = outcome.channels as Cell[];
  const isLacking = outcome.lacking.length > 0;
  const margins = { ...cells[0]?.statistics, ...channels[0]?.statistics };
  return {
    sites: isLacking ? [] : [site],
    lacking: new Map(isLacking ? [[site, outcome.lacking]] : []),
    // What a summary of the previous format did not know, it cannot make.
    withoutStatistic: (name) =>
      !isLacking && (margins[name] === UNAVAILABLE || !(name in margins)) ? [site] : [],
    cells: isLacking ? [] : cells,
    channels: isLacking ? [] : channels,
    withheld: [],
    bySite: new Map(isLacking ? [] : [[site, cells[0]?.statistics ?? {}]]),
    models: new Map(
      outcome.models.map(({ id, state, sums }) => [
        id,
        new Map<string, SiteModel>([
          [site, sums ? { sums } : state === "shown" ? { state: "ready" } : { state, reason: "" }],
        ]),
      ]),
    ),
  };
}
