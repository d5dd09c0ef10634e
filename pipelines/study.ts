import { createHash } from "node:crypto";
import { dirname } from "node:path";
import type { Queryable } from "../warehouse/queryable.ts";
import type { Instrument } from "./catalogue/instrument.ts";
import { readCatalogue } from "./catalogue/read.ts";
import { ProError } from "./core/errors.ts";
import { privateDirectory, writeWhole } from "./core/files.ts";
import { type Cell, EVERYBODY, gate, pool, type Summaries } from "./disclosure/gate.ts";
import { type DisclosureProfile, readDisclosureProfile } from "./disclosure/profile.ts";
import { recheck } from "./disclosure/recheck.ts";
import { STATISTICS } from "./statistics/index.ts";
import { type Scale, type Statistic, scaleSchema } from "./statistics/statistic.ts";
import { acceptSummary, checkSitesDiffer } from "./study/accept.ts";
import { compileCohort } from "./study/cohort.ts";
import { type Comparison, compareResults } from "./study/compare.ts";
import type { Study } from "./study/read-study.ts";
import { type Contribution, estimateOutcome, type StudyResults } from "./study/results.ts";
import { checkGrid, findScale } from "./study/scale.ts";
import type { Outcome } from "./study/schema.ts";
import { selectStatistics } from "./study/select-statistics.ts";
import {
  canonicalJson,
  type ReceivedSummary,
  readSummary as readSummaryOf,
  SUMMARY_FORMAT,
  type Summary,
  signSummary,
  summarySchema,
} from "./study/summary.ts";

export { openRows, type Rows } from "./study/open-rows.ts";
export { readStudy, type Study } from "./study/read-study.ts";
export type { ResultRow, StudyResults } from "./study/results.ts";
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
}): Promise<StudyResults> {
  const { study, queryable } = options;
  const plan = await planStudy(study);
  const profile = await readDisclosureProfile(study.disclosure);
  const sites = await sitesIn(queryable, study);
  const contributions: Contribution[][] = [];
  for (const part of plan.outcomes) {
    const cells = await summarize(queryable, plan, part, profile);
    contributions.push([{ sites, cells }]);
  }
  return resultsOf(plan, { mode: "pooled", sites, profile, contributions });
}

/**
 * Answers a study at one site for a hub that never sees its rows: a signed summary of the cells that may leave, written to
 * `file` as a whole or not at all.
 *
 * @param created day to write into the file, YYYY-MM-DD; left out: none, and the same store gives the same bytes
 * @throws ProError as `runStudy`, and `DISCLOSURE_SITE_STRATUM` when the study would tell sites apart.
 */
export async function summarizeSite(options: {
  study: Study;
  store: Queryable;
  site: string;
  /** Ed25519, PKCS #8 PEM. */
  signingKey: string;
  file: string;
  created?: string;
}): Promise<ReceivedSummary> {
  const { study, site, file } = options;
  const profile = await readDisclosureProfile(study.disclosure);
  checkAsked(study, site, profile);
  const plan = await planStudy({ ...study, population: { ...study.population, sites: [site] } });
  const outcomes: Summary["outcomes"] = [];
  for (const part of plan.outcomes) {
    outcomes.push({
      instrument: part.outcome.instrument,
      instrument_version: part.instrument.version,
      instrument_sha256: sha256(canonicalJson(part.instrument)),
      score: part.outcome.score,
      scale: part.scale,
      cells: await summarize(options.store, plan, part, profile),
    });
  }
  const summary = signSummary(
    {
      format: SUMMARY_FORMAT,
      study: { id: study.id, title: study.title, sha256: study.sha256 },
      site,
      ...(options.created === undefined ? {} : { created: options.created }),
      disclosure: { profile: profile.id, minimum_people: profile.minimum_people },
      outcomes,
    },
    options.signingKey,
  );
  await privateDirectory(dirname(file));
  await writeWhole(file, `${JSON.stringify(summary, null, 2)}\n`);
  return { summary, file };
}

const SUMMARY_SCHEMA = summarySchema({ statistics: STATISTICS, scale: scaleSchema });

/** @throws ProError `SUBMISSION_SUMMARY` when the file is missing, no JSON, or no summary. */
export function readSummary(file: string): Promise<ReceivedSummary> {
  return readSummaryOf(file, SUMMARY_SCHEMA);
}

/**
 * Answers a study from the sites' summaries, whatever their order.
 *
 * @param publicKeys Ed25519 by site, as hub.yaml lists them; left out: whoever signed is believed
 * @throws ProError `SUBMISSION_*` or `DISCLOSURE_*` naming the file and the site that is refused.
 */
export async function combineSummaries(options: {
  study: Study;
  summaries: readonly ReceivedSummary[];
  publicKeys?: ReadonlyMap<string, string>;
}): Promise<StudyResults> {
  const { study, summaries, publicKeys } = options;
  const plan = await planStudy(study);
  const profile = await readDisclosureProfile(study.disclosure);
  const outcomes = plan.outcomes.map((part) => ({
    ...part,
    statistics: available(plan, part.scale),
  }));
  checkSitesDiffer(summaries);
  for (const received of summaries) {
    acceptSummary(received, { study, profile, outcomes, publicKeys, recheck });
  }
  const contributions = plan.outcomes.map((_, index) =>
    summaries.map(({ summary }) => ({
      sites: [summary.site],
      cells: (summary.outcomes[index]?.cells ?? []) as Cell[],
    })),
  );
  const sites = summaries.map(({ summary }) => summary.site).sort();
  return resultsOf(plan, { mode: "distributed", sites, profile, contributions });
}

/**
 * The split-and-pool check, where the rows are at hand: the study on the pooled rows and on each store alone, combined, both
 * before suppression. Writes nothing; the results hold cells that must not leave.
 */
export async function compareModes(options: {
  study: Study;
  pooled: Queryable;
  stores: readonly Queryable[];
}): Promise<Comparison & { pooled: StudyResults; distributed: StudyResults }> {
  const plan = await planStudy(options.study);
  const pooled = await rehearse(plan, [options.pooled], "pooled");
  const distributed = await rehearse(plan, options.stores, "distributed");
  return { ...compareResults(pooled, distributed), pooled, distributed };
}

interface Part {
  outcome: Outcome;
  instrument: Instrument;
  scale: Scale;
}

interface Plan {
  study: Study;
  statistics: readonly Statistic<unknown>[];
  outcomes: Part[];
}

async function planStudy(study: Study): Promise<Plan> {
  const { instruments } = await readCatalogue();
  return {
    study,
    statistics: selectStatistics(study, STATISTICS),
    outcomes: study.outcomes.map((outcome) => ({
      outcome,
      ...findScale(instruments, outcome, study.file),
    })),
  };
}

/** Counts and suppresses in one call: the only way from rows to something that may be shown. */
async function summarize(
  queryable: Queryable,
  plan: Plan,
  part: Part,
  profile: DisclosureProfile,
): Promise<Cell[]> {
  const strata = await summarizeFully(queryable, plan, part);
  return gate({ strata, statistics: available(plan, part.scale), scale: part.scale, profile });
}

/** The same without the gate, for checks where the rows are at hand anyway. */
async function rehearse(
  plan: Plan,
  queryables: readonly Queryable[],
  mode: StudyResults["mode"],
): Promise<StudyResults> {
  const sites: string[] = [];
  const contributions: Contribution[][] = plan.outcomes.map(() => []);
  for (const queryable of queryables) {
    const here = await sitesIn(queryable, plan.study);
    sites.push(...here);
    for (const [index, part] of plan.outcomes.entries()) {
      const cells = await ungatedCells(queryable, plan, part);
      contributions[index]?.push({ sites: here, cells });
    }
  }
  return resultsOf(plan, { mode, sites: sites.sort(), profile: null, contributions });
}

async function ungatedCells(queryable: Queryable, plan: Plan, part: Part): Promise<Cell[]> {
  const strata = await summarizeFully(queryable, plan, part);
  const margin = available(plan, part.scale).map((statistic) => [
    statistic.name,
    pool(statistic, strata.values()),
  ]);
  return [
    { stratum: EVERYBODY, statistics: Object.fromEntries(margin) },
    ...[...strata]
      .filter(([stratum]) => stratum !== EVERYBODY)
      .map(([stratum, statistics]) => ({ stratum, statistics })),
  ];
}

async function summarizeFully(
  queryable: Queryable,
  plan: Plan,
  { outcome, scale }: Part,
): Promise<Map<string, Summaries>> {
  await checkGrid(queryable, plan.study, outcome, scale);
  const cohort = compileCohort(plan.study, outcome, scale.decimals);
  const rows = {
    select: <T extends object>(sql: string) => queryable.all<T>(`${cohort}\n${sql}`),
  };
  const strata = new Map<string, Summaries>();
  for (const statistic of available(plan, scale)) {
    for (const [stratum, summary] of await statistic.summarize(rows, scale)) {
      strata.set(stratum, { ...strata.get(stratum), [statistic.name]: summary });
    }
  }
  return strata;
}

function available({ statistics }: Plan, scale: Scale): Statistic<unknown>[] {
  return statistics.filter((statistic) => statistic.unavailable(scale) === null);
}

function resultsOf(
  { study, statistics, outcomes }: Plan,
  from: {
    mode: StudyResults["mode"];
    sites: string[];
    profile: DisclosureProfile | null;
    /** Of each outcome. */
    contributions: readonly (readonly Contribution[])[];
  },
): StudyResults {
  const { profile } = from;
  return {
    study: { id: study.id, title: study.title, sha256: study.sha256 },
    mode: from.mode,
    sites: from.sites,
    disclosure: profile && { profile: profile.id, minimumPeople: profile.minimum_people },
    outcomes: outcomes.map(({ outcome, scale }, index) => ({
      ...outcome,
      scale,
      rows: estimateOutcome(from.contributions[index] ?? [], statistics, scale),
    })),
  };
}

/** Sites that have people here and that the study asks. */
async function sitesIn(queryable: Queryable, { population }: Study): Promise<string[]> {
  const rows = await queryable.all<{ datamartid: string }>(
    "SELECT DISTINCT datamartid FROM demographic",
  );
  const sites = rows.map(({ datamartid }) => datamartid).sort();
  return population.sites ? sites.filter((site) => population.sites?.includes(site)) : sites;
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
        hint: "leave site out of strata: results name the sites of every number anyway",
      },
    );
  }
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
