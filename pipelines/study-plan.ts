import type { Queryable } from "../warehouse/queryable.ts";
import type { Instrument } from "./catalogue/instrument.ts";
import { readCatalogueOf } from "./catalogue/read.ts";
import { addHeads } from "./disclosure/conceal.ts";
import { type Cell, EVERYBODY, gate, pool, SUPPRESSED, type Summaries } from "./disclosure/gate.ts";
import { gateModel } from "./disclosure/gate-model.ts";
import { type DisclosureProfile, readDisclosureProfile } from "./disclosure/profile.ts";
import { CHANNEL_STATISTICS, STATISTICS } from "./statistics/index.ts";
import { addLinear, type LinearSums } from "./statistics/linear.ts";
import { symmetric } from "./statistics/matrix.ts";
import { sumLinear } from "./statistics/model-sums.ts";
import { responseSql } from "./statistics/responder.ts";
import type { Measure, Scale, Statistic } from "./statistics/statistic.ts";
import type { Answer, Chosen, SiteModel } from "./study/answer.ts";
import { compileCohort, compileWith, type Steps } from "./study/cohort.ts";
import { explainStudy } from "./study/explain.ts";
import { findLacks, type Lacks } from "./study/lacks.ts";
import { compileModelRows, modelColumns, responseColumn } from "./study/model-rows.ts";
import type { Model } from "./study/model-schema.ts";
import { bySite, onlySites, prepareCohort } from "./study/prepare-cohort.ts";
import type { Study } from "./study/read-study.ts";
import { checkGrid, findScale } from "./study/scale.ts";
import { followUpsOf, type Outcome } from "./study/schema.ts";
import { selectStatistics } from "./study/select-statistics.ts";
import { compileTable, type Related, type TableName } from "./study/tables.ts";

/** One outcome of a study with all that is known about it. */
export interface Part extends Chosen {
  outcome: Outcome;
  instrument: Instrument;
  scale: Scale;
  measure: Measure;
  /** The study's other outcomes, for covariances. */
  related: readonly Related[];
}

export interface Plan {
  study: Study;
  profile: DisclosureProfile;
  /** All that the study asks for, whether or not an outcome's scale allows it. */
  asked: Chosen;
  parts: Part[];
}

/** @throws ProError `CONFIG_STUDY*` when the study asks for what there is not. */
export async function planStudy(study: Study): Promise<Plan> {
  const { instruments } = await readCatalogueOf(study.directory ?? null);
  const profile = await readDisclosureProfile(study.disclosure);
  const asked = selectStatistics(study, STATISTICS, CHANNEL_STATISTICS);
  const found = study.outcomes.map((outcome) => ({
    outcome,
    ...findScale(instruments, outcome, study.file),
  }));
  const parts = found.map((one): Part => {
    const related = found
      .filter((other) => other !== one)
      .map(({ outcome, scale }) => ({ ...outcome, decimals: scale.decimals }));
    const { course } = study.windows;
    const measure: Measure = {
      ...one.measure,
      followUps: followUpsOf(study.windows).map(({ target }) => target),
      ...(course && { course }),
      related: [
        { name: "baseline", decimals: one.scale.decimals },
        { name: "age", decimals: 0 },
        ...related.map(({ instrument, score, decimals }) => ({
          name: `${instrument} ${score}`,
          decimals,
        })),
      ],
    };
    const isAvailable = (statistic: Statistic<unknown>) => statistic.unavailable(measure) === null;
    return {
      ...one,
      measure,
      related,
      statistics: asked.statistics.filter(isAvailable),
      channels: asked.channels.filter(isAvailable),
    };
  });
  return { study, profile, asked, parts };
}

/** Full summaries of one outcome: nothing in it may be shown before a gate has seen it. */
export interface Full {
  sites: string[];
  lacks: ReadonlyMap<string, Lacks>;
  strata: Map<string, Summaries>;
  channels: Map<string, Map<string, unknown>>;
  bySite: Map<string, Summaries>;
  models: Map<string, Map<string, { sums: LinearSums; outOf: bigint[] }>>;
}

/**
 * Counts and adds: from rows to the full summaries of one outcome.
 *
 * @throws ProError `QUALITY_*` when scores are off their grid
 */
export async function summarizePart(queryable: Queryable, plan: Plan, part: Part): Promise<Full> {
  const { study } = plan;
  const here = await sitesIn(queryable, study);
  const lacks = await findLacks(queryable, study, part.outcome.instrument, here);
  const sites = here.filter((site) => lacks.get(site)?.population.length === 0);
  await checkGrid(queryable, study, part.outcome, part.scale);
  const withNeed = ({ needs }: Statistic<unknown>) =>
    needs ? sites.filter((site) => !lacks.get(site)?.statistics.has(needs)) : sites;
  const full: Full = {
    sites,
    lacks,
    strata: new Map(),
    channels: new Map(),
    bySite: new Map(),
    models: new Map(),
  };
  const prepared = await prepareCohort(
    queryable,
    compileCohort(study, part.outcome, { decimals: part.scale.decimals, sites: here }),
  );
  const rowsOf = (steps: Steps, more = "") => ({
    select: <T extends object>(sql: string) =>
      queryable.all<T>(`${compileWith(steps)}${more}\n${sql}`),
  });
  const readers = (name: string) =>
    part.statistics.filter((one) => (one.reads as readonly string[] | undefined)?.includes(name));
  const kept = new Map<string, string>();
  const drops: (() => Promise<void>)[] = [prepared.drop];
  /** A table that several statistics read is made once, where the engine can keep it aside. */
  const tableOf = async (name: TableName, steps: Steps, sites: readonly string[]) => {
    const sql = compileTable(name, { study, ...part });
    if (!queryable.scratch || readers(name).length < 2) return sql;
    const key = [name, ...sites].join(" ");
    const found = kept.get(key);
    if (found) return found;
    const table = await queryable.scratch(`${compileWith(steps)}\n${sql}`);
    drops.push(table.drop);
    kept.set(key, `SELECT * FROM ${table.name}`);
    return `SELECT * FROM ${table.name}`;
  };
  const rowsFor = async (statistic: Statistic<unknown>) => {
    const own = withNeed(statistic);
    const steps = onlySites(prepared.steps, own);
    const tables: (readonly [string, string])[] = [];
    for (const name of statistic.reads ?? []) tables.push([name, await tableOf(name, steps, own)]);
    return rowsOf([...steps, ...tables]);
  };
  for (const statistic of part.statistics) {
    for (const [stratum, of] of await statistic.summarize(await rowsFor(statistic), part.measure)) {
      full.strata.set(stratum, { ...full.strata.get(stratum), [statistic.name]: of });
    }
  }
  for (const statistic of part.channels) {
    const strata = await statistic.summarize(await rowsFor(statistic), part.measure);
    full.channels.set(statistic.name, strata);
  }
  const siteRows = rowsOf(bySite(onlySites(prepared.steps, sites)));
  for (const statistic of comparedBySite(part)) {
    for (const [stratum, of] of await statistic.summarize(siteRows, part.measure)) {
      const site = stratum.slice("site=".length);
      full.bySite.set(site, { ...full.bySite.get(site), [statistic.name]: of });
    }
  }
  for (const model of study.models) {
    const rows = rowsOf(onlySites(prepared.steps, sites), `,\n${modelRows(model, part.measure)}`);
    full.models.set(model.id, await sumModel(rows, model, part.measure));
  }
  for (const drop of drops) await drop();
  return full;
}

/** Statistics with a number by which sites are compared; the count stands before them, as the gate needs it. */
export function comparedBySite({ statistics }: Chosen): Statistic<unknown>[] {
  return statistics.filter((one, index) => index === 0 || one.siteEffect);
}

/** The table of a model's rows over `cohort`. */
export function modelRows(model: Model, measure: Measure): string {
  const rule = responseRule(model, measure);
  if (!rule) return compileModelRows(model, null);
  const { among, responded } = responseSql(
    { ...measure, responder: rule },
    "c.baseline",
    "c.follow_up",
  );
  const sql = `CASE WHEN c.follow_up IS NULL OR NOT (${among}) THEN NULL WHEN ${responded} THEN 1 ELSE 0 END`;
  return compileModelRows(model, sql);
}

function responseRule({ response }: Model, { mid, responder }: Measure) {
  const byMid = mid === null ? undefined : { change: mid };
  if (response === "improved") return byMid;
  return response === "responder" ? (responder ?? byMid) : undefined;
}

async function sumModel(
  rows: { select<T extends object>(sql: string): Promise<T[]> },
  model: Model,
  measure: Measure,
): Promise<Map<string, { sums: LinearSums; outOf: bigint[] }>> {
  const sums = await sumLinear(rows, modelColumns(model, measure).length);
  const sizes = await rows.select<Record<"datamartid" | "people" | "pairs", string>>(
    [
      "SELECT datamartid, CAST(count(*) AS VARCHAR) AS people, CAST(count(follow_up) AS VARCHAR) AS pairs",
      "FROM cohort",
      "GROUP BY datamartid",
    ].join("\n"),
  );
  const needsPairs = !["baseline", "administrations"].includes(model.response);
  return new Map(
    sizes.flatMap(({ datamartid, people, pairs }) => {
      const of = sums.get(datamartid);
      const outOf = [BigInt(people), ...(needsPairs ? [BigInt(pairs)] : [])];
      return of ? [[datamartid, { sums: of, outOf }] as const] : [];
    }),
  );
}

/** Suppresses: from full summaries to what may be shown or leave. */
export function gatePart(full: Full, plan: Plan, part: Part): Answer {
  const { profile } = plan;
  const { scale } = part;
  const cells = gate({ strata: full.strata, statistics: part.statistics, scale, profile });
  const channels = [...full.channels].map(([name, strata]) => {
    const statistics = part.channels.filter((one) => one.name === name);
    const summaries = new Map([...strata].map(([stratum, of]) => [stratum, { [name]: of }]));
    return withoutLonelyMargin(gate({ strata: summaries, statistics, scale, profile }), name);
  });
  const compared = comparedBySite(part);
  const bySite = gate({ strata: full.bySite, statistics: compared, scale, profile });
  return {
    ...frame(full, part),
    cells,
    channels: mergeCells(channels),
    bySite: new Map(
      bySite
        .filter(({ stratum }) => stratum !== EVERYBODY)
        .map(({ stratum, statistics }) => [stratum, statistics]),
    ),
    models: new Map(
      plan.study.models.map((model) => [model.id, gateModels(full, model, part, profile)]),
    ),
  };
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
  { measure }: Part,
  profile: DisclosureProfile,
): Map<string, SiteModel> {
  const found = full.models.get(model.id) ?? new Map();
  const of = { columns: modelColumns(model, measure), y: responseColumn(model, measure) };
  const judge = (sites: readonly string[]) => {
    const some = sites.flatMap((site) => found.get(site) ?? []);
    const sums = some.map((one) => one.sums).reduce(addLinear);
    const outOf = some.map((one) => one.outOf).reduce((a, b) => addHeads([a, b]));
    return refuseModel(sums, outOf, of, profile);
  };
  const together = model.sites === "none" && found.size > 0 ? judge([...found.keys()]) : undefined;
  return new Map(
    full.sites.map((site): [string, SiteModel] => {
      const own = found.get(site);
      if (!own) return [site, { state: "unavailable", reason: "nobody has all of its columns" }];
      const reason = together === undefined ? judge([site]) : together;
      return [site, reason === null ? { sums: own.sums } : { state: "suppressed", reason }];
    }),
  );
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

/** Sites that have people here and that the study asks. */
export async function sitesIn(queryable: Queryable, { population }: Study): Promise<string[]> {
  const rows = await queryable.all<{ datamartid: string }>(
    "SELECT DISTINCT datamartid FROM demographic",
  );
  const sites = rows.map(({ datamartid }) => datamartid).sort();
  return population.sites ? sites.filter((site) => population.sites?.includes(site)) : sites;
}

/** Who is counted and when in plain words, and the SQL that selects them, for each outcome. */
export async function explain(
  study: Study,
): Promise<{ outcome: Outcome; words: string[]; statistics: string[]; sql: string }[]> {
  const plan = await planStudy(study);
  return plan.parts.map((part) => ({
    outcome: part.outcome,
    words: explainStudy(study, part.outcome, part.measure),
    statistics: [...plan.asked.statistics, ...plan.asked.channels].map((one) => {
      const reason = one.unavailable(part.measure);
      return reason ? `${one.name}: not available, ${reason}` : `${one.name}: ${one.title}`;
    }),
    sql: `${compileWith(compileCohort(study, part.outcome, { decimals: part.scale.decimals }))}\nSELECT * FROM cohort;`,
  }));
}
