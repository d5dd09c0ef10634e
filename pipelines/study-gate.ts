import { addHeads } from "./disclosure/conceal.ts";
import {
  type Cell,
  EVERYBODY,
  gate,
  pool,
  SUPPRESSED,
  type Summaries,
  type Withheld,
} from "./disclosure/gate.ts";
import { gateModel } from "./disclosure/gate-model.ts";
import { Members } from "./disclosure/members.ts";
import type { DisclosureProfile } from "./disclosure/profile.ts";
import type { Released } from "./disclosure/released.ts";
import { modelTables } from "./disclosure/tell.ts";
import { addLinear, type LinearSums } from "./statistics/linear.ts";
import { symmetric } from "./statistics/matrix.ts";
import type { Statistic } from "./statistics/statistic.ts";
import type { Answer, SiteModel } from "./study/answer.ts";
import { modelColumns, responseColumn } from "./study/model-rows.ts";
import type { Model } from "./study/model-schema.ts";
import { modelGroups } from "./study-model-groups.ts";
import { nameOf, type Part, type Plan } from "./study-plan.ts";
import { comparedBySite, type Full } from "./study-summarize.ts";

/**
 * Suppresses: from full summaries to what may be shown or leave.
 *
 * @param released what was released of these rows before; what is shown now is added to it
 */
export function gatePart(full: Full, plan: Plan, part: Part, released: Released): Answer {
  const { profile } = plan;
  const { scale } = part;
  const { members } = full;
  if (!members) throw new TypeError("nothing may be shown of people who are not known");
  const of = { outcome: nameOf(part), scale, profile, released };
  const main = gate({
    ...of,
    strata: full.strata,
    statistics: part.statistics,
    members: members.strata,
  });
  const withheld = [...main.withheld];
  const channels = [...full.channels].map(([name, strata]) => {
    const statistics = part.channels.filter((one) => one.name === name);
    const summaries = new Map([...strata].map(([stratum, own]) => [stratum, { [name]: own }]));
    const gated = gate({ ...of, strata: summaries, statistics, members: members.channels });
    withheld.push(...gated.withheld);
    return withoutLonelyMargin(gated.cells, name);
  });
  const sites = gateSites(full, part, main.cells, (strata, statistics) => {
    const gated = gate({ ...of, strata, statistics, members: members.bySite });
    withheld.push(...gated.withheld);
    return gated.cells;
  });
  const models = plan.study.models.map((model): [string, Map<string, SiteModel>] => {
    const gated = gateModels(full, model, part, { profile, released });
    withheld.push(...gated.withheld);
    return [model.id, gated.sites];
  });
  return {
    ...frame(full, part),
    cells: main.cells,
    channels: mergeCells(channels),
    bySite: sites,
    models: new Map(models),
    withheld,
  };
}

/** Sites beside each other; a single one is what its margin says. */
function gateSites(
  full: Full,
  part: Part,
  cells: readonly Cell[],
  gateOf: (
    strata: ReadonlyMap<string, Summaries>,
    statistics: readonly Statistic<unknown>[],
  ) => Cell[],
): Map<string, Summaries> {
  const compared = comparedBySite(part);
  const [only] = full.sites;
  if (full.sites.length === 1 && only !== undefined) {
    const shown = compared.map(({ name }) => [name, cells[0]?.statistics[name] ?? SUPPRESSED]);
    return new Map([[only, Object.fromEntries(shown) as Summaries]]);
  }
  const strata = new Map([...full.bySite].map(([site, of]) => [`site=${site}`, of]));
  return new Map(
    gateOf(strata, compared)
      .filter(({ stratum }) => stratum !== EVERYBODY)
      .map(({ stratum, statistics }) => [stratum.slice("site=".length), statistics]),
  );
}

/** The same without the gate, for checks where the rows are at hand anyway. */
export function ungatedPart(full: Full, plan: Plan, part: Part): Answer {
  const cellsOf = (
    strata: ReadonlyMap<string, Summaries>,
    chosen: readonly Statistic<unknown>[],
  ) => {
    const margin = chosen.map((one) => [one.name, pool(one, strata.values())]);
    const others = [...strata].filter(([stratum]) => stratum !== EVERYBODY);
    return [
      { stratum: EVERYBODY, statistics: Object.fromEntries(margin) as Summaries },
      ...others.map(([stratum, statistics]) => ({ stratum, statistics })),
    ];
  };
  const channels = part.channels.map((one) => {
    const strata = [...(full.channels.get(one.name) ?? [])];
    return cellsOf(new Map(strata.map(([stratum, of]) => [stratum, { [one.name]: of }])), [one]);
  });
  return {
    ...frame(full, part),
    cells: cellsOf(full.strata, part.statistics),
    channels: mergeCells(channels),
    bySite: full.bySite,
    withheld: [],
    models: new Map(
      plan.study.models.map((model) => [
        model.id,
        new Map(
          [...(full.models.get(model.id) ?? [])].map(([site, { sums }]): [string, SiteModel] => [
            site,
            { sums },
          ]),
        ),
      ]),
    ),
  };
}

function frame({ sites, lacks }: Full, part: Part) {
  const missing = [...lacks].filter(([, { population }]) => population.length > 0);
  return {
    sites,
    lacking: new Map(missing.map(([site, { population }]) => [site, population])),
    withoutStatistic(name: string) {
      const one = [...part.statistics, ...part.channels].find((each) => each.name === name);
      const { needs } = one ?? {};
      return needs ? sites.filter((site) => lacks.get(site)?.statistics.has(needs)) : [];
    },
  };
}

/** People of several channels are counted in each, so a hidden channel could follow from the margin: then that goes too. */
function withoutLonelyMargin(cells: Cell[], name: string): Cell[] {
  const isWhole = cells.every(({ statistics }) => statistics[name] !== SUPPRESSED);
  if (isWhole) return cells;
  return cells.map((cell) =>
    cell.stratum === EVERYBODY ? { ...cell, statistics: { [name]: SUPPRESSED } } : cell,
  );
}

function mergeCells(lists: readonly (readonly Cell[])[]): Cell[] {
  const merged = new Map<string, Summaries>();
  for (const { stratum, statistics } of lists.flat()) {
    merged.set(stratum, { ...merged.get(stratum), ...statistics });
  }
  const names = [...merged.keys()].sort((a, b) =>
    a === EVERYBODY ? -1 : b === EVERYBODY ? 1 : a < b ? -1 : 1,
  );
  return names.map((stratum) => ({ stratum, statistics: merged.get(stratum) ?? {} }));
}

/** Sites by themselves where the model tells them apart, together where only their sum is shown. */
function gateModels(
  full: Full,
  model: Model,
  part: Part,
  { profile, released }: { profile: DisclosureProfile; released: Released },
): { sites: Map<string, SiteModel>; withheld: Withheld[] } {
  const { measure } = part;
  const found = full.models.get(model.id) ?? new Map();
  const of = { columns: modelColumns(model, measure), y: responseColumn(model, measure) };
  const statistic = `model ${model.id}`;
  const withheld: Withheld[] = [];
  const judge = (sites: readonly string[]) => {
    const some = sites.flatMap((site) => found.get(site) ?? []);
    const sums = some.map((one) => one.sums).reduce(addLinear);
    const outOf = some.map((one) => one.outOf).reduce((a, b) => addHeads([a, b]));
    const reason = refuseModel(sums, outOf, of, profile);
    if (reason !== null) return reason;
    const members = full.members?.models.get(model.id) ?? new Members();
    const told = { statistic, groups: modelGroups(model, measure), sites };
    const clash = released.release(
      modelTables(told, nameOf(part), members),
      profile.minimum_people,
    );
    if (!clash) return null;
    withheld.push({ outcome: nameOf(part), statistic, stratum: EVERYBODY, beside: clash.with });
    return "too few people beside another release";
  };
  const together = model.sites === "none" && found.size > 0 ? judge([...found.keys()]) : undefined;
  const sites = full.sites.map((site): [string, SiteModel] => {
    const own = found.get(site);
    if (!own) return [site, { state: "unavailable", reason: "nobody has all of its columns" }];
    const reason = together === undefined ? judge([site]) : together;
    return [site, reason === null ? { sums: own.sums } : { state: "suppressed", reason }];
  });
  return { sites: new Map(sites), withheld };
}

/** Why a model's sums may not be shown; null: they may. */
export function refuseModel(
  sums: LinearSums,
  outOf: readonly bigint[],
  of: { columns: readonly { indicator: boolean }[]; y: { indicator: boolean } },
  profile: DisclosureProfile,
): string | null {
  const xtx = symmetric(sums.xtx.map(BigInt), of.columns.length);
  // A response of 0 and 1 forms groups as a column does.
  const full = [
    ...xtx.map((row, i) => [...row, BigInt(sums.xty[i] ?? "0")]),
    [...sums.xty.map(BigInt), BigInt(sums.yty)],
  ];
  const flags = [...of.columns, of.y].map(({ indicator }, i) => (indicator ? i : -1));
  const indicators = flags.filter((i) => i >= 0);
  const both = indicators.map((i) => indicators.map((j) => full[i]?.[j] ?? 0n));
  return gateModel({ n: BigInt(sums.n), outOf, both, parameters: of.columns.length }, profile);
}
