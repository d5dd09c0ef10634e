import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { openWarehouse } from "../warehouse/open.ts";
import { readCatalogue } from "./catalogue/read.ts";
import { readHub } from "./configuration/hub.ts";
import type { Progress } from "./core/progress.ts";
import {
  type DemoNetwork,
  type DemoSite,
  generateNetwork,
  networkStudy,
  type PlantedDefect,
} from "./demo/index.ts";

import { initHub, initSite } from "./init.ts";
import { type PoolReport, pool } from "./pool.ts";
import { LINKAGE_KEY, newKey, readSiteKeys, writeKeys } from "./privacy/keys.ts";
import { type RunReport, runSite } from "./run.ts";
import {
  combineSummaries,
  compareModes,
  readStudy,
  runStudy,
  type Study,
  type StudyResults,
  summarizeSite,
} from "./study.ts";

/** The reason code under which the night reports each planted defect. */
const REASONS: Record<PlantedDefect["name"], string> = {
  "malformed line": "SOURCE_MALFORMED",
  "broken XML file": "SOURCE_MALFORMED",
  "unmapped local code": "MAPPING_UNMAPPED_CODE",
  "answer out of range": "MAPPING_ANSWER_NOT_IN_LIST",
  "wrong total": "SCORE_MISMATCH",
  "birth date in the future": "QUALITY_BIRTH_IN_FUTURE",
  "duplicate delivery": "MAPPING_SAME_AGAIN",
  "identifier in free text": "MAPPING_FREE_TEXT",
};

export interface DefectFound {
  name: PlantedDefect["name"];
  planted: number;
  /** Planted places that the nights reported, each under its reason. */
  found: number;
}

export interface DemoReport {
  directory: string;
  network: DemoNetwork;
  nights: RunReport[];
  defects: DefectFound[];
  pool: PoolReport;
  /** The study on the pooled rows, and from the sites' summaries alone. */
  pooled: StudyResults;
  distributed: StudyResults;
  /** Both ways before suppression, number by number. */
  modes: { maxRelativeDifference: number; compared: number };
  /** Bytes of what each site sent: the submission, and the summary of the study. */
  sent: {
    site: string;
    submission: string | null;
    rows: number;
    summary: string;
    summaryBytes: number;
  }[];
  /** Identifiers found in what left. */
  leaks: number;
  seconds: number;
}

/**
 * The whole product in one folder: three sites with planted defects, their nights, the hub, and one study both ways.
 *
 * @throws ProError `CONFIG_NOT_EMPTY` when the folder holds anything that an earlier demo did not make.
 */
export async function runDemo(
  directory: string,
  options: { seed: string; scale?: number; progress: Progress },
): Promise<DemoReport> {
  const started = performance.now();
  const root = resolve(directory);
  const { progress } = options;
  const catalogue = await readCatalogue();
  const network = await progress.stage("demo", "generate", () =>
    generateNetwork(root, { seed: options.seed, scale: options.scale ?? 1, catalogue }),
  );
  const hubDirectory = join(root, "hub");
  await prepareNetwork(root, hubDirectory, network.sites);
  const nights: RunReport[] = [];
  for (const site of network.sites) {
    nights.push(await runSite(site.directory, { progress, today: DEMO_DAY, examplesMax: 1000 }));
  }
  const pooling = await pool(hubDirectory, { progress, today: DEMO_DAY });
  const studyFile = join(root, "study.yaml");
  await writeFile(studyFile, networkStudy());
  const study = await readStudy(studyFile);
  const both = await progress.stage("demo", "study both ways", () =>
    studyBothWays(study, {
      hubDirectory,
      sites: network.sites,
      summaries: join(root, "summaries"),
    }),
  );
  return {
    directory: root,
    network,
    nights,
    defects: findDefects(network.defects, nights),
    pool: pooling,
    ...both,
    sent: nights.map((night, i) => ({
      site: night.site,
      submission: night.submission?.name ?? null,
      rows: Object.values(night.submission?.rows ?? {}).reduce((sum, rows) => sum + rows, 0),
      ...(both.summaries[i] ?? { summary: "", summaryBytes: 0 }),
    })),
    leaks: nights.reduce((sum, night) => sum + night.audit.found.length, 0),
    seconds: (performance.now() - started) / 1000,
  };
}

/** The generator's visits end in 2025; a fixed day keeps the demo the same for ever. */
const DEMO_DAY = "2026-01-15";

async function prepareNetwork(
  root: string,
  hubDirectory: string,
  sites: readonly DemoSite[],
): Promise<void> {
  await rm(hubDirectory, { recursive: true, force: true });
  await rm(join(root, "summaries"), { recursive: true, force: true });
  // One site would make it and share it with the others.
  const linkage = newKey();
  for (const { site, name, format, directory, words } of sites) {
    await initSite(directory, { site, name, network: "DEMO", format });
    await writeKeys(join(directory, "keys", LINKAGE_KEY), [linkage]);
    if (Object.keys(words).length > 0) {
      await appendFile(join(directory, "site.yaml"), `\nwords: ${JSON.stringify(words)}\n`);
    }
  }
  const directories = sites.map(({ directory }) => directory);
  await initHub(hubDirectory, { network: "DEMO", name: "Demo network" }, directories);
}

interface BothWays {
  pooled: StudyResults;
  distributed: StudyResults;
  modes: DemoReport["modes"];
  summaries: { summary: string; summaryBytes: number }[];
}

async function studyBothWays(
  study: Study,
  where: { hubDirectory: string; sites: readonly DemoSite[]; summaries: string },
): Promise<BothWays> {
  const hub = await readHub(where.hubDirectory);
  const warehouse = await openWarehouse(hub.warehouse, { baseDirectory: hub.directory }).read();
  const stores = await Promise.all(where.sites.map((site) => readStore(site.directory)));
  try {
    const received = [];
    const summaries: BothWays["summaries"] = [];
    for (const [i, { site, directory }] of where.sites.entries()) {
      const { signingKey } = await readSiteKeys(join(directory, "keys"));
      const file = join(where.summaries, `${site}.json`);
      const store = stores[i];
      if (!store) continue;
      received.push(
        await summarizeSite({ study, store, site, signingKey, file, releases: directory }),
      );
      summaries.push({ summary: basename(file), summaryBytes: (await readFile(file)).length });
    }
    const publicKeys = new Map(hub.sites.map((one) => [one.site, one.public_key]));
    const { maxRelativeDifference, compared } = await compareModes({
      study,
      pooled: warehouse,
      stores,
    });
    return {
      pooled: await runStudy({ study, queryable: warehouse }),
      distributed: await combineSummaries({ study, summaries: received, publicKeys }),
      modes: { maxRelativeDifference, compared },
      summaries,
    };
  } finally {
    for (const store of [warehouse, ...stores]) await store.close();
  }
}

/** A site's store, for reading. */
export function readStore(siteDirectory: string) {
  return openWarehouse("duckdb:store/store.duckdb", { baseDirectory: siteDirectory }).read();
}

/** A planted place counts as found when the site's night names it under the defect's own reason. */
function findDefects(
  planted: readonly PlantedDefect[],
  nights: readonly RunReport[],
): DefectFound[] {
  const byName = new Map<PlantedDefect["name"], DefectFound>();
  for (const { name, site, planted: count, places } of planted) {
    const issue = nights
      .find((night) => night.site === site)
      ?.issues.find(({ code }) => code === REASONS[name]);
    const found = places.filter(({ file, record }) =>
      issue?.examples.some(
        (one) => one.file === file && (record === undefined || one.record === record),
      ),
    );
    const entry = byName.get(name) ?? { name, planted: 0, found: 0 };
    byName.set(name, { name, planted: entry.planted + count, found: entry.found + found.length });
  }
  return [...byName.values()];
}
