import { createHash } from "node:crypto";
import { dirname } from "node:path";
import type { Queryable } from "../warehouse/queryable.ts";
import { ProError } from "./core/errors.ts";
import { privateDirectory, writeWhole } from "./core/files.ts";
import { propoolVersion } from "./core/version.ts";
import type { Withheld } from "./disclosure/gate.ts";
import { Ledger } from "./disclosure/ledger.ts";
import type { DisclosureProfile } from "./disclosure/profile.ts";
import { recheck } from "./disclosure/recheck.ts";
import { Released, type Table } from "./disclosure/released.ts";
import { CHANNEL_STATISTICS, CONTRASTS, STATISTICS } from "./statistics/index.ts";
import { linearSums } from "./statistics/linear.ts";
import { metaAnalysis } from "./statistics/meta-analysis.ts";
import { scaleSchema } from "./statistics/statistic.ts";
import { acceptSummary, checkSitesDiffer } from "./study/accept.ts";
import type { Answer } from "./study/answer.ts";
import { type Comparison, compareResults, type Difference } from "./study/compare.ts";
import { compareSites } from "./study/compare-sites.ts";
import { refuseLinked, refuseUnlinkedRows } from "./study/linked.ts";
import { modelColumns, responseColumn } from "./study/model-rows.ts";
import type { Study } from "./study/read-study.ts";
import { distributionsOf, estimateOutcome, type StudyResults } from "./study/results.ts";
import { flagsOf } from "./study/scores.ts";
import { snapshotOf, tokenKeyOf } from "./study/snapshot.ts";
import {
  CDM_VERSION,
  canonicalJson,
  type ReceivedSummary,
  readSummary as readSummaryOf,
  SUMMARY_FORMAT,
  type Summary,
  signObject,
  summarySchema,
} from "./study/summary.ts";
import { answerToSummary, summaryToAnswer } from "./study/to-answer.ts";
import { gatePart, refuseModel, ungatedPart } from "./study-gate.ts";
import { finishModels, type ModelAnswers, modelsFromRows } from "./study-models.ts";
import { headsOf, type Plan, planStudy, sitesIn } from "./study-plan.ts";
import { summarizePart } from "./study-summarize.ts";

export { openRows, type Rows } from "./study/open-rows.ts";
export { readStudy, type Study } from "./study/read-study.ts";
export type { ModelResult, ResultRow, SiteComparison, StudyResults } from "./study/results.ts";
export type { ReceivedSummary } from "./study/summary.ts";
export { studyTemplate } from "./study/template.ts";

/**
 * Answers a study from rows: a site's store or a hub's warehouse. What the disclosure profile hides is hidden here too.
 *
 * @throws ProError `CONFIG_STUDY*` when the study asks for what there is not, `QUALITY_*` when scores are off their grid.
 */
export async function runStudy(options: {
  study: Study;
  queryable: Queryable;
  /** Whether to prove on these rows that sites alone, combined, give the same; takes as long again. */
  check?: boolean;
  /** Told what was held back beside another number, for those who hold the rows: it says that few people differ. */
  onWithheld?: (withheld: readonly Withheld[]) => void;
}): Promise<StudyResults> {
  const { study, queryable, onWithheld } = options;
  if (options.check) refuseLinked(study, NO_SITE_KNOWS);
  await refuseUnlinkedRows(study, queryable);
  const plan = await planStudy(study);
  const of = { mode: "pooled", isGated: true, ...(onWithheld && { onWithheld }) } as const;
  const results = await resultsOfRows(plan, [queryable], of);
  const check =
    options.check && results.sites.length > 0 ? await checkSplit(plan, queryable) : null;
  return { ...results, check, snapshots: await snapshotsOf(queryable, results.sites) };
}

const NO_SITE_KNOWS = "a site knows its own people only, and a summary nobody";

/** Each site of a pool by itself, combined, against the pool; both before suppression. */
async function checkSplit(plan: Plan, queryable: Queryable): Promise<Comparison> {
  const pooled = await resultsOfRows(plan, [queryable], { mode: "pooled", isGated: false });
  const sites = await sitesIn(queryable, plan.study);
  const alone = sites.map((site) => ({
    ...plan,
    study: { ...plan.study, population: { ...plan.study.population, sites: [site] } },
  }));
  const answers: Answer[][] = [];
  for (const part of plan.parts) {
    const of: Answer[] = [];
    for (const own of alone) {
      const full = await summarizePart(queryable, own, part, { isShown: false });
      of.push(ungatedPart(full, own, part));
    }
    answers.push(of);
  }
  const models = await modelsFromRows(plan, [queryable], answers);
  const from = { mode: "distributed", sites, isGated: false, answers, models } as const;
  return compareResults(pooled, resultsOf(plan, from));
}

/** Which submission of each site a pool holds; none for a site's own store. */
async function snapshotsOf(
  queryable: Queryable,
  sites: readonly string[],
): Promise<StudyResults["snapshots"]> {
  const has = await queryable.all(
    "SELECT 1 AS found FROM information_schema.tables WHERE table_name = 'submission'",
  );
  if (has.length === 0) return [];
  const rows = await queryable.all<{
    datamartid: string;
    sequence: number;
    manifest_sha256: string;
  }>("SELECT datamartid, sequence, manifest_sha256 FROM submission ORDER BY datamartid");
  return rows
    .filter(({ datamartid }) => sites.includes(datamartid))
    .map((row) => ({
      site: row.datamartid,
      snapshot: `submission ${row.sequence}, manifest ${row.manifest_sha256}`,
    }));
}

/**
 * Answers a study at one site for a hub that never sees its rows: a signed summary of the cells that may leave, written to
 * `file` as a whole or not at all.
 *
 * @param created day to write into the file, YYYY-MM-DD; left out: none, and the same store gives the same bytes
 * @throws ProError as `runStudy`, and `DISCLOSURE_SITE_STRATUM` when the study would tell sites apart.
 */
export async function summarizeSite(
  options: SummaryOptions & {
    /** Ed25519, PKCS #8 PEM. */
    signingKey: string;
    file: string;
  },
): Promise<ReceivedSummary & { withheld: Withheld[] }> {
  const { file, study, created } = options;
  const { summary, withheld, tables, patids } = await summaryOf(options);
  const signed = signObject(summary, options.signingKey);
  await privateDirectory(dirname(file));
  const ledger = await ledgerOf(options);
  await ledger?.record(tables, patids, { study, kind: "summary", created });
  await writeWhole(file, `${JSON.stringify(signed, null, 2)}\n`);
  return { summary: signed, file, signed, withheld };
}

interface SummaryOptions {
  study: Study;
  store: Queryable;
  site: string;
  /** The site's folder, which remembers what left it: two releases must not tell of few people together. Left out: this is the only one. */
  releases?: string;
  created?: string;
  packageSha256?: string;
}

async function ledgerOf({ releases, store }: SummaryOptions): Promise<Ledger | null> {
  return releases === undefined ? null : Ledger.open(releases, await tokenKeyOf(store));
}

/** The same before it is signed and written: what would leave, what would not because of other releases, and who is in it. */
export async function summaryOf(options: SummaryOptions): Promise<{
  summary: Summary;
  withheld: Withheld[];
  tables: readonly Table[];
  patids: readonly string[];
}> {
  const { study, site, store, created, packageSha256 } = options;
  refuseLinked(study, NO_SITE_KNOWS);
  const plan = await planStudy({ ...study, population: { ...study.population, sites: [site] } });
  checkAsked(study, site, plan.profile);
  const patids = await headsOf(store, plan);
  const released = (await ledgerOf(options))?.released(patids) ?? new Released();
  const before = released.tables.length;
  const withheld: Withheld[] = [];
  const outcomes: Summary["outcomes"] = [];
  for (const part of plan.parts) {
    const full = await summarizePart(store, plan, part, { isShown: true });
    const answer = gatePart(full, plan, part, released);
    withheld.push(...answer.withheld);
    outcomes.push({
      instrument: part.outcome.instrument,
      instrument_version: part.instrument.version,
      instrument_sha256: sha256(canonicalJson(part.instrument)),
      score: part.outcome.score,
      scale: part.scale,
      ...answerToSummary(answer, site, part, study.models),
    });
  }
  const summary: Summary = {
    format: SUMMARY_FORMAT,
    study: { id: study.id, title: study.title, sha256: study.sha256 },
    ...(packageSha256 === undefined ? {} : { package_sha256: packageSha256 }),
    site,
    ...(created === undefined ? {} : { created }),
    propool: propoolVersion(),
    cdm_version: CDM_VERSION,
    snapshot: await snapshotOf(store),
    disclosure: { profile: plan.profile.id, minimum_people: plan.profile.minimum_people },
    outcomes,
  };
  return { summary, withheld, tables: released.tables.slice(before), patids };
}

const SUMMARY_SCHEMA = summarySchema({
  statistics: STATISTICS,
  channels: CHANNEL_STATISTICS,
  scale: scaleSchema,
  linearSums,
});

/** @throws ProError `SUBMISSION_SUMMARY` when the file is missing, no JSON, or no summary. */
export function readSummary(file: string): Promise<ReceivedSummary> {
  return readSummaryOf(file, SUMMARY_SCHEMA);
}

interface CombineOptions {
  study: Study;
  summaries: readonly ReceivedSummary[];
  /** Ed25519 by site, as hub.yaml lists them; left out: whoever signed is believed. */
  publicKeys?: ReadonlyMap<string, string>;
  packageSha256?: string;
  /** Fits whose rounds are done. */
  models?: ModelAnswers;
  /** Sites that were asked and are not in, and why. */
  missing?: StudyResults["missing"];
}

/**
 * Answers a study from the sites' summaries, whatever their order.
 *
 * @throws ProError `SUBMISSION_*` or `DISCLOSURE_*` naming the file and the site that is refused.
 */
export async function combineSummaries(options: CombineOptions): Promise<StudyResults> {
  const { study, summaries } = options;
  refuseLinked(study, NO_SITE_KNOWS);
  const plan = await planStudy(study);
  checkSitesDiffer(summaries);
  for (const received of summaries) verifySummary(received, plan, options);
  const answers = plan.parts.map((_, index) =>
    summaries.flatMap(({ summary }) => {
      const outcome = summary.outcomes[index];
      return outcome ? [summaryToAnswer(summary, outcome)] : [];
    }),
  );
  const sites = summaries.map(({ summary }) => summary.site).sort();
  const models = options.models ?? new Map();
  const missing = options.missing ?? [];
  const snapshots = summaries.map(({ summary, signed }) => ({
    site: summary.site,
    snapshot: `summary ${sha256(canonicalJson(signed))}${summary.snapshot ? ` of ${summary.snapshot}` : ""}`,
  }));
  return resultsOf(plan, {
    mode: "distributed",
    sites,
    isGated: true,
    answers,
    models,
    missing,
    snapshots,
  });
}

/** @throws ProError as `combineSummaries`, for one summary. */
export function verifySummary(
  received: ReceivedSummary,
  plan: Plan,
  { publicKeys, packageSha256 }: Pick<CombineOptions, "publicKeys" | "packageSha256">,
): void {
  const outcomes = plan.parts.map((part) => ({
    ...part,
    instrumentSha256: sha256(canonicalJson(part.instrument)),
  }));
  acceptSummary(received, {
    study: plan.study,
    profile: plan.profile,
    outcomes,
    publicKeys,
    packageSha256,
    recheck,
    recheckModel(sums, model, outcome) {
      const measure = plan.parts[outcome]?.measure;
      if (!measure) return "no such outcome";
      const of = { columns: modelColumns(model, measure), y: responseColumn(model, measure) };
      return refuseModel(sums, [], of, plan.profile);
    },
  });
}

export interface StudyComparison extends Comparison {
  pooled: StudyResults;
  distributed: StudyResults;
  /** The same with small cells hidden: what differs now differs because a site or the pool hides something. */
  suppressed: { compared: number; differences: (Difference & { why: string })[] };
}

/**
 * The split-and-pool check, where the rows are at hand: the study on the pooled rows and on each store alone, combined, both
 * before suppression and after. Writes nothing; the results before suppression hold cells that must not leave.
 */
export async function compareModes(options: {
  study: Study;
  pooled: Queryable;
  stores: readonly Queryable[];
}): Promise<StudyComparison> {
  refuseLinked(options.study, NO_SITE_KNOWS);
  const plan = await planStudy(options.study);
  const both = async (isGated: boolean) => ({
    pooled: await resultsOfRows(plan, [options.pooled], { mode: "pooled", isGated }),
    distributed: await resultsOfRows(plan, options.stores, { mode: "distributed", isGated }),
  });
  const whole = await both(false);
  const shown = await both(true);
  const { compared, differences } = compareResults(shown.pooled, shown.distributed);
  return {
    ...compareResults(whole.pooled, whole.distributed),
    ...whole,
    suppressed: {
      compared,
      differences: differences.map((one) => ({
        ...one,
        why: whyDifferent(one, shown.distributed),
      })),
    },
  };
}

/** Suppression is the only reason there is once the whole numbers agree: a site hides its part, or one side hides all. */
function whyDifferent({ a, b, place }: Difference, distributed: StudyResults): string {
  if (a === null) return "hidden in the pool";
  const hiding = new Set(
    distributed.outcomes
      .filter(({ instrument, score }) => place.startsWith(`${instrument} / ${score} / `))
      .flatMap(({ rows, models }) => [...rows, ...models])
      .filter(
        (row) => !("statistic" in row) || place.includes(` / ${row.statistic} / ${row.stratum} / `),
      )
      .flatMap(({ suppressedAt }) => suppressedAt),
  );
  const sites = [...hiding].sort().join(", ");
  if (b === null) return sites ? `hidden at ${sites}` : "bins are merged at a site";
  return sites ? `${sites} hides its part` : "bins are merged at a site";
}

/** One contributor for each queryable: the pool is one, each site's store is one. */
async function resultsOfRows(
  plan: Plan,
  queryables: readonly Queryable[],
  {
    mode,
    isGated,
    onWithheld,
  }: {
    mode: StudyResults["mode"];
    isGated: boolean;
    onWithheld?: (withheld: readonly Withheld[]) => void;
  },
): Promise<StudyResults> {
  const sites = (await Promise.all(queryables.map((one) => sitesIn(one, plan.study)))).flat();
  const answers: Answer[][] = [];
  // Each has people of its own.
  const rows = queryables.map((queryable) => ({ queryable, released: new Released() }));
  for (const part of plan.parts) {
    const of: Answer[] = [];
    for (const { queryable, released } of rows) {
      const full = await summarizePart(queryable, plan, part, { isShown: isGated });
      of.push(isGated ? gatePart(full, plan, part, released) : ungatedPart(full, plan, part));
    }
    answers.push(of);
  }
  onWithheld?.(answers.flat().flatMap(({ withheld }) => withheld));
  const models = await modelsFromRows(plan, queryables, answers);
  return resultsOf(plan, { mode, sites: sites.sort(), isGated, answers, models });
}

function resultsOf(
  plan: Plan,
  from: {
    mode: StudyResults["mode"];
    sites: string[];
    isGated: boolean;
    /** Of each outcome. */
    answers: readonly (readonly Answer[])[];
    models: ModelAnswers;
    missing?: StudyResults["missing"];
    snapshots?: StudyResults["snapshots"];
  },
): StudyResults {
  const { study, profile, asked, parts } = plan;
  return {
    study: { id: study.id, title: study.title, sha256: study.sha256 },
    mode: from.mode,
    sites: from.sites,
    missing: from.missing ?? [],
    check: null,
    snapshots: from.snapshots ?? [],
    disclosure: from.isGated
      ? { profile: profile.id, minimumPeople: profile.minimum_people }
      : null,
    outcomes: parts.map((part, index) => {
      const answers = from.answers[index] ?? [];
      return {
        instrument: part.outcome.instrument,
        score: part.outcome.score,
        ...(part.outcome.responder && { responder: part.outcome.responder }),
        scale: part.scale,
        flags: flagsOf(study, part.outcome),
        bands: part.measure.bands ?? [],
        lacking: answers.flatMap(({ lacking }) =>
          [...lacking].map(([site, fields]) => ({ site, fields })),
        ),
        rows: estimateOutcome(answers, asked, CONTRASTS, part.measure),
        distributions: distributionsOf(answers, asked, part.measure),
        comparisons: compareSites(answers, part.statistics, part.measure, metaAnalysis),
        models: finishModels(plan, index, answers, from.models),
      };
    }),
  };
}

function checkAsked(study: Study, site: string, profile: DisclosureProfile): void {
  const { sites } = study.population;
  if (sites && !sites.includes(site)) {
    throw new ProError("CONFIG_STUDY_SITE", `the study does not ask site ${site}`, {
      where: { file: study.file, pointer: "population.sites" },
      hint: `it asks ${sites.join(", ")}`,
    });
  }
  if (study.strata.includes("site") && !profile.site_strata) {
    throw new ProError(
      "DISCLOSURE_SITE_STRATUM",
      `profile ${profile.id} lets no summary with the site as a stratum leave`,
      {
        where: { file: study.file, pointer: "strata" },
        hint: "leave site out of strata: results compare the sites anyway",
      },
    );
  }
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
