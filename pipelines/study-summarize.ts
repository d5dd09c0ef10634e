import type { MemberRow, Queryable } from "../warehouse/queryable.ts";
import type { Summaries } from "./disclosure/gate.ts";
import { pool } from "./disclosure/gate.ts";
import { Members } from "./disclosure/members.ts";
import type { LinearSums } from "./statistics/linear.ts";
import { sumLinear } from "./statistics/model-sums.ts";
import { responseSql } from "./statistics/responder.ts";
import { lastSteps } from "./statistics/response-time.ts";
import type { Measure, Statistic } from "./statistics/statistic.ts";
import type { Chosen } from "./study/answer.ts";
import { compileCohort, compileWith, type Steps } from "./study/cohort.ts";
import { compileStep } from "./study/compile-step.ts";
import { findLacks, type Lacks } from "./study/lacks.ts";
import { compileModelRows, modelColumns } from "./study/model-rows.ts";
import type { Model } from "./study/model-schema.ts";
import { bySite, onlySites, prepareCohort } from "./study/prepare-cohort.ts";
import { checkGrid } from "./study/scale.ts";
import { COURSE, compileTable, type TableName } from "./study/tables.ts";
import { modelMembers } from "./study-model-groups.ts";
import { type Part, type Plan, sitesIn } from "./study-plan.ts";

/** Full summaries of one outcome: nothing in it may be shown before a gate has seen it. */
export interface Full {
  sites: string[];
  lacks: ReadonlyMap<string, Lacks>;
  strata: Map<string, Summaries>;
  channels: Map<string, Map<string, unknown>>;
  bySite: Map<string, Summaries>;
  models: Map<string, Map<string, { sums: LinearSums; outOf: bigint[] }>>;
  /** Who is in the groups that all of these tell of; null where nothing of it is to be shown. */
  members: FullMembers | null;
}

export interface FullMembers {
  strata: Members;
  channels: Members;
  /** Strata are the sites. */
  bySite: Members;
  models: ReadonlyMap<string, Members>;
}

/**
 * Counts and adds: from rows to the full summaries of one outcome.
 *
 * @param isShown whether a gate is to see it; then it also tells who is in each group
 * @throws ProError `QUALITY_*` when scores are off their grid
 */
export async function summarizePart(
  queryable: Queryable,
  plan: Plan,
  part: Part,
  { isShown }: { isShown: boolean },
): Promise<Full> {
  const { study } = plan;
  const { measure } = part;
  const here = await sitesIn(queryable, study);
  const lacks = await findLacks(queryable, study, part.outcome.instrument, here);
  const sites = here.filter((site) => lacks.get(site)?.population.length === 0);
  const prepared = await prepareCohort(
    queryable,
    compileCohort(study, part.outcome, { decimals: part.scale.decimals, sites: here }),
  );
  const members = isShown ? newMembers(study.models) : null;
  const full: Full = {
    sites,
    lacks,
    strata: new Map(),
    channels: new Map(),
    bySite: new Map(),
    models: new Map(),
    members,
  };
  const rows = rowsOf(queryable, { plan, part, lacks, sites, steps: prepared.steps });
  const size = members ? await rows.size() : 0;
  const joined = new Map<Members, Set<string>>();
  /** Statistics share parts: each is asked once. */
  const join = async (to: Members | undefined, from: Rows, lists: readonly string[], need = "") => {
    if (!to) return;
    const known = joined.get(to) ?? new Set();
    joined.set(to, known);
    const fresh = lists.filter((sql) => !known.has(need + sql));
    for (const sql of fresh) known.add(need + sql);
    if (fresh.length > 0) to.add(await from.members(fresh, size));
  };
  try {
    await checkGrid(rows, part.outcome, part.scale);
    for (const statistic of part.statistics) {
      const own = await rows.of(statistic);
      for (const [stratum, of] of await statistic.summarize(own, measure)) {
        full.strata.set(stratum, { ...full.strata.get(stratum), [statistic.name]: of });
      }
      await join(members?.strata, own, statistic.members(measure), statistic.needs);
    }
    for (const statistic of part.channels) {
      const own = await rows.of(statistic);
      full.channels.set(statistic.name, await statistic.summarize(own, measure));
      await join(members?.channels, own, statistic.members(measure));
    }
    const [only] = sites;
    if (sites.length === 1 && only !== undefined) {
      full.bySite.set(only, marginOf(full, comparedBySite(part)));
    } else {
      for (const statistic of comparedBySite(part)) {
        for (const [stratum, of] of await statistic.summarize(rows.bySite, measure)) {
          const site = stratum.slice("site=".length);
          full.bySite.set(site, { ...full.bySite.get(site), [statistic.name]: of });
        }
        await join(members?.bySite, rows.bySite, statistic.members(measure));
      }
    }
    for (const model of study.models) {
      const own = await rows.ofModel(model);
      full.models.set(model.id, await sumModel(own, model, measure));
      await join(members?.models.get(model.id), own, modelMembers(model, measure));
    }
  } finally {
    await rows.drop();
    await prepared.drop();
  }
  return full;
}

interface Rows {
  select<T extends object>(sql: string): Promise<T[]>;
  members(lists: readonly string[], size: number): Promise<MemberRow[]>;
}

/** The rows of an outcome as statistics and models see them. */
function rowsOf(
  queryable: Queryable,
  of: { plan: Plan; part: Part; lacks: Full["lacks"]; sites: readonly string[]; steps: Steps },
) {
  const { plan, part, lacks, sites, steps: prepared } = of;
  const over = (steps: Steps, more = ""): Rows => ({
    select: (sql) => queryable.all(`${compileWith(steps)}${more}\n${sql}`),
    members: (lists, size) =>
      queryable.members(`${compileWith(steps)}${more}\n${lists.join("\nUNION ALL\n")}`, size),
  });
  const withNeed = ({ needs }: Statistic<unknown>) =>
    needs ? sites.filter((site) => !lacks.get(site)?.statistics.has(needs)) : sites;
  const kept = new Map<string, { name: string; drop(): Promise<void> }>();
  /** A table that statistics read is made once, where the engine can keep it aside. */
  const tableOf = async (name: TableName, steps: Steps, own: readonly string[]) => {
    const sql = compileTable(name, { study: plan.study, ...part });
    if (!queryable.scratch) return sql;
    const key = [name, ...own].join(" ");
    const table = kept.get(key) ?? (await queryable.scratch(`${compileWith(steps)}\n${sql}`));
    kept.set(key, table);
    return `SELECT * FROM ${table.name}`;
  };
  return {
    select: over(prepared).select,
    async of(statistic: Statistic<unknown>): Promise<Rows> {
      const own = withNeed(statistic);
      const steps = onlySites(prepared, own);
      const tables: (readonly [string, string])[] = [];
      for (const name of statistic.reads ?? [])
        tables.push([name, await tableOf(name, steps, own)]);
      return over([...steps, ...tables]);
    },
    bySite: over(bySite(onlySites(prepared, sites))),
    async ofModel(model: Model): Promise<Rows> {
      const steps = onlySites(prepared, sites);
      const table = `,\n${modelRows(model, part.measure)}`;
      if (!queryable.scratch) return over(steps, table);
      const rows = `${compileWith(steps)}${table}\nSELECT * FROM model_row`;
      const scratch = await queryable.scratch(rows);
      kept.set(`model ${model.id}`, scratch);
      return over([...steps, ["model_row", `SELECT * FROM ${scratch.name}`]]);
    },
    async size(): Promise<number> {
      const [row] = await over(prepared).select<{ people: string }>(
        "SELECT CAST(count(*) AS VARCHAR) AS people FROM person",
      );
      return Number(row?.people ?? 0);
    },
    async drop(): Promise<void> {
      for (const table of kept.values()) await table.drop();
    },
  };
}

function newMembers(models: readonly Model[]): FullMembers {
  return {
    strata: new Members(),
    channels: new Members(),
    bySite: new Members(),
    models: new Map(models.map(({ id }) => [id, new Members()])),
  };
}

/** The margin of a single site is the site's own number. */
function marginOf({ strata }: Full, statistics: readonly Statistic<unknown>[]): Summaries {
  return Object.fromEntries(statistics.map((one) => [one.name, pool(one, strata.values())]));
}

/** Statistics with a number by which sites are compared; the count stands before them, as the gate needs it. */
export function comparedBySite({ statistics }: Chosen): Statistic<unknown>[] {
  return statistics.filter((one, index) => index === 0 || one.siteEffect);
}

/** The table of a model's rows over `cohort`, and over `score_day` for the time to response. */
export function modelRows(model: Model, measure: Measure): string {
  const rule = responseRule(model, measure);
  if (model.kind === "cox") {
    const course = compileStep("course", COURSE);
    const steps = rule ? lastSteps({ ...measure, responder: rule }, "s") : NO_STEPS;
    return `${course},\n${compileModelRows(model, null, steps)}`;
  }
  if (!rule) return compileModelRows(model, null);
  const { among, responded } = responseSql(
    { ...measure, responder: rule },
    "c.baseline",
    "c.follow_up",
  );
  const sql = `CASE WHEN c.follow_up IS NULL OR NOT (${among}) THEN NULL WHEN ${responded} THEN 1 ELSE 0 END`;
  return compileModelRows(model, sql);
}

/** The catalogue and the study have no rule for who responds. */
const NO_STEPS = "(SELECT 0 AS head, 0 AS step, 'no' AS responded LIMIT 0) AS s";

function responseRule({ response }: Model, { mid, responder }: Measure) {
  const byMid = mid === null ? undefined : { change: mid };
  if (response === "improved") return byMid;
  return response === "responder" || response === "response_time"
    ? (responder ?? byMid)
    : undefined;
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
  const needsPairs = !["baseline", "administrations", "response_time"].includes(model.response);
  return new Map(
    sizes.flatMap(({ datamartid, people, pairs }) => {
      const of = sums.get(datamartid);
      const outOf = [BigInt(people), ...(needsPairs ? [BigInt(pairs)] : [])];
      return of ? [[datamartid, { sums: of, outOf }] as const] : [];
    }),
  );
}
