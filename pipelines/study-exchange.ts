import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Queryable } from "../warehouse/queryable.ts";
import { type Hub, readHub } from "./configuration/hub.ts";
import type { Site } from "./configuration/site.ts";
import { ProError } from "./core/errors.ts";
import { exists, privateDirectory, writeWhole } from "./core/files.ts";
import { createSigningKey } from "./core/signature.ts";
import { propoolVersion } from "./core/version.ts";
import { readSiteKeys } from "./privacy/keys.ts";
import { checkSigned } from "./study/accept.ts";
import {
  checkPackage,
  PACKAGE_FORMAT,
  packageSchema,
  REFUSAL_FORMAT,
  type ReceivedPackage,
  type Refusal,
  readPackage,
  refusalSchema,
} from "./study/exchange.ts";
import { refuseLinked } from "./study/linked.ts";
import type { StudyResults } from "./study/results.ts";
import { CDM_VERSION, canonicalJson, readSigned, signObject } from "./study/summary.ts";
import {
  combineSummaries,
  type ReceivedSummary,
  readStudy,
  readSummary,
  summarizeSite,
  summaryOf,
  verifySummary,
} from "./study.ts";
import type { ModelAnswers } from "./study-models.ts";
import { planStudy } from "./study-plan.ts";

/** The hub's Ed25519 key for study packages; made when first needed. */
export async function hubSigningKey(hubDirectory: string): Promise<string> {
  const file = join(hubDirectory, "keys", "signing.key");
  if (!(await exists(file))) {
    await privateDirectory(join(hubDirectory, "keys"));
    await writeWhole(file, createSigningKey().privatePem, 0o600);
  }
  return readFile(file, "utf8");
}

/**
 * Writes a study package: the study's text and hash, what the catalogue means, who is asked until when, signed by the hub.
 *
 * @throws ProError `CONFIG_STUDY*` when the study asks for what there is not
 */
export async function writePackage(options: {
  study: string;
  hubDirectory: string;
  file: string;
  answerBy?: string;
  created?: string;
}): Promise<ReceivedPackage> {
  const { file } = options;
  const hub = await readHub(options.hubDirectory);
  const study = await readStudy(options.study, hub.directory);
  refuseLinked(study, "a package asks sites, each of which knows its own people only");
  const plan = await planStudy(study);
  const known = hub.sites.map(({ site }) => site);
  const asked = study.population.sites ?? known;
  const unknown = asked.find((site) => !known.includes(site));
  if (unknown !== undefined) {
    throw new ProError(
      "CONFIG_STUDY_SITE",
      `the study asks site ${unknown}, which hub.yaml does not list`,
      {
        where: { file: study.file, pointer: "population.sites" },
        hint: `hub.yaml lists ${known.join(", ") || "no site"}`,
      },
    );
  }
  const content = signObject(
    {
      format: PACKAGE_FORMAT,
      network: hub.network,
      ...(options.created === undefined ? {} : { created: options.created }),
      ...(options.answerBy === undefined ? {} : { answer_by: options.answerBy }),
      sites: [...asked].sort(),
      study: { id: study.id, sha256: study.sha256, text: await readFile(options.study, "utf8") },
      catalogue: Object.fromEntries(await catalogueOf(plan)),
      disclosure: { profile: plan.profile.id, minimum_people: plan.profile.minimum_people },
      cdm_version: CDM_VERSION,
      propool: propoolVersion(),
    },
    await hubSigningKey(hub.directory),
  );
  const parsed = packageSchema.safeParse(content);
  if (!parsed.success) {
    throw new ProError("CONFIG_STUDY", "the package would not be whole", {
      where: { file: study.file },
      hint: `answer-by must be a date: ${parsed.error.issues[0]?.path.join(".")}`,
    });
  }
  await writeWhole(file, `${JSON.stringify(content, null, 2)}\n`);
  return readPackage(file, { directory: hub.directory });
}

/** What a site may do with a package it trusts. */
export interface SiteAnswer {
  site: Site;
  store: Queryable;
  package: ReceivedPackage;
  created?: string;
}

/** Reads a package at a site. @throws ProError as `readPackage` and `checkPackage`, `CONFIG_STUDY_SITE` when it asks others. */
export async function openPackage(
  file: string,
  site: Site,
  hubKey?: string,
): Promise<ReceivedPackage> {
  const received = await readPackage(file, { hubKey, directory: site.directory });
  if (!received.content.sites.includes(site.site)) {
    throw new ProError("CONFIG_STUDY_SITE", `the package does not ask site ${site.site}`, {
      where: { file },
      hint: `it asks ${received.content.sites.join(", ")}`,
    });
  }
  const plan = await planStudy(received.study);
  checkPackage(received, { catalogue: await catalogueOf(plan), cdmVersion: CDM_VERSION });
  return received;
}

/** What would leave if the site answered: the results that the hub could read from its summary alone. Writes nothing. */
export async function dryRun({ site, store, package: of }: SiteAnswer) {
  const { summary, withheld } = await summaryOf({
    study: of.study,
    store,
    site: site.site,
    releases: site.directory,
    packageSha256: of.sha256,
  });
  const { signingKey, publicKey } = await readSiteKeys(site.keysDirectory, keySource(site));
  const signed = signObject(summary, signingKey);
  const results = await combineSummaries({
    study: of.study,
    summaries: [{ summary: signed, signed, file: "(not written)" }],
    publicKeys: new Map([[site.site, publicKey]]),
  });
  return {
    summary,
    results,
    withheld,
    bytes: Buffer.byteLength(`${JSON.stringify(signed, null, 2)}\n`),
  };
}

/** Answers a package with a signed summary, written as a whole or not at all. */
export async function answerPackage(
  options: SiteAnswer & { file: string },
): Promise<Awaited<ReturnType<typeof summarizeSite>>> {
  const { site, store, package: of, file, created } = options;
  const { signingKey } = await readSiteKeys(site.keysDirectory, keySource(site));
  return summarizeSite({
    study: of.study,
    store,
    site: site.site,
    signingKey,
    file,
    releases: site.directory,
    packageSha256: of.sha256,
    ...(created === undefined ? {} : { created }),
  });
}

/** Says, signed, that the site does not take part. */
export async function refusePackage(
  options: Omit<SiteAnswer, "store"> & { file: string; reason: string },
): Promise<Refusal> {
  const { site, package: of, created, reason } = options;
  const { signingKey } = await readSiteKeys(site.keysDirectory, keySource(site));
  const refusal = signObject(
    {
      format: REFUSAL_FORMAT,
      study: { id: of.study.id, sha256: of.study.sha256 },
      package_sha256: of.sha256,
      site: site.site,
      ...(created === undefined ? {} : { created }),
      reason,
    },
    signingKey,
  ) as Refusal;
  await writeWhole(options.file, `${JSON.stringify(refusal, null, 2)}\n`);
  return refusal;
}

/** What became of each file and each site that was asked. */
export interface SiteState {
  site: string;
  state:
    | "in"
    | "refusing"
    | "late"
    | "missing"
    | "duplicate"
    | "outdated"
    | "tampered"
    | "rejected";
  file: string | null;
  reason: string;
}

/**
 * Looks at everything that came back, tells the sites' states apart and combines those that are in.
 *
 * @param acceptLate whether a summary made after the package's day counts
 */
export async function collectAnswers(options: {
  package: ReceivedPackage;
  hub: Hub;
  files: readonly string[];
  acceptLate?: boolean;
  models?: ModelAnswers;
}): Promise<{ states: SiteState[]; accepted: ReceivedSummary[]; results: StudyResults }> {
  const { package: of, hub } = options;
  const plan = await planStudy(of.study);
  const publicKeys = new Map(hub.sites.map((one) => [one.site, one.public_key]));
  const states: SiteState[] = [];
  const accepted: ReceivedSummary[] = [];
  for (const file of [...options.files].sort()) {
    const seen = await judge(file);
    states.push(seen.state);
    if (seen.summary) accepted.push(seen.summary);
  }
  const answered = new Set(states.map(({ site }) => site));
  for (const site of of.content.sites.filter((one) => !answered.has(one))) {
    states.push({ site, state: "missing", file: null, reason: "no answer has arrived" });
  }
  const inSites = new Set(accepted.map(({ summary }) => summary.site));
  const missing = states
    .filter(
      ({ site, state }) => state !== "in" && !inSites.has(site) && of.content.sites.includes(site),
    )
    .map(({ site, state, reason }) => ({ site, reason: `${state}: ${reason}` }));
  const results = await combineSummaries({
    study: of.study,
    summaries: accepted,
    publicKeys,
    packageSha256: of.sha256,
    missing,
    ...(options.models && { models: options.models }),
  });
  return {
    states: states.sort((a, b) => (a.site < b.site ? -1 : a.site > b.site ? 1 : 0)),
    accepted,
    results,
  };

  async function judge(file: string): Promise<{ state: SiteState; summary?: ReceivedSummary }> {
    let site = "?";
    try {
      const signed = await readSigned(file, {
        what: "answer",
        hint: "ask the site to send it again",
      });
      site = String((signed as { site?: unknown }).site ?? "?");
      if ((signed as { format?: unknown }).format === REFUSAL_FORMAT) {
        const refusal = refusalSchema.parse(signed);
        checkSigned(signed, { file, record: site }, site, publicKeys);
        return { state: { site, state: "refusing", file, reason: refusal.reason } };
      }
      const received = await readSummary(file);
      verifySummary(received, plan, { publicKeys, packageSha256: of.sha256 });
      const earlier = accepted.find(({ summary }) => summary.site === site);
      if (earlier) {
        const same =
          canonicalJson(earlier.signed) === canonicalJson(signed) ? "the same" : "another";
        return {
          state: { site, state: "duplicate", file, reason: `${same} answer is ${earlier.file}` },
        };
      }
      const by = of.content.answer_by;
      const { created } = received.summary;
      if (by && created && created > by && !options.acceptLate) {
        return {
          state: { site, state: "late", file, reason: `made on ${created}, asked for by ${by}` },
        };
      }
      return { state: { site, state: "in", file, reason: "" }, summary: received };
    } catch (error) {
      if (error instanceof ProError) {
        return {
          state: { site, state: stateOf(error), file, reason: `${error.code}: ${error.message}` },
        };
      }
      return { state: { site, state: "rejected", file, reason: "no answer to a study package" } };
    }
  }
}

function stateOf({ code }: ProError): SiteState["state"] {
  if (code === "SUBMISSION_TAMPERED" || code === "SUBMISSION_UNSIGNED") return "tampered";
  return code === "SUBMISSION_OUTDATED" || code === "SUBMISSION_OTHER_SCALE"
    ? "outdated"
    : "rejected";
}

/** JSON files of folders and files; packages and round files are left out by their format when they are read. */
export async function answerFiles(paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const isFolder = await stat(path).then(
      (of) => of.isDirectory(),
      () => false,
    );
    if (!isFolder) found.push(path);
    else {
      const names = (await readdir(path)).filter((name) => name.endsWith(".json")).sort();
      for (const name of names) {
        const file = join(path, name);
        if (!(await isOurs(file))) found.push(file);
      }
    }
  }
  return found;
}

/** Whether a file is the hub's own, which may lie in the shared folder too. */
async function isOurs(file: string): Promise<boolean> {
  const source = await readFile(file, "utf8").catch(() => "");
  return /"format": "propool-(study-package|round|round-answer)\/1"/.test(source.slice(0, 200));
}

async function catalogueOf(
  plan: Awaited<ReturnType<typeof planStudy>>,
): Promise<Map<string, string>> {
  return new Map(
    plan.parts.map(({ instrument }) => [
      instrument.id,
      createHash("sha256").update(canonicalJson(instrument)).digest("hex"),
    ]),
  );
}

function keySource({ site }: Site) {
  return { site, env: process.env };
}

export { readPackage } from "./study/exchange.ts";
