import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Queryable } from "../warehouse/queryable.ts";
import type { Hub } from "./configuration/hub.ts";
import type { Site } from "./configuration/site.ts";
import { ProError } from "./core/errors.ts";
import { exists, privateDirectory, writeWhole } from "./core/files.ts";
import { Ledger, type ReleaseFacts } from "./disclosure/ledger.ts";
import { readSiteKeys } from "./privacy/keys.ts";
import { askOf, sandwichAsk, solveLinear } from "./statistics/fit-model.ts";
import { sumSandwich } from "./statistics/model-sums.ts";
import {
  advance,
  answerRound,
  type RoundResult,
  roundStateSchema,
  type SiteRound,
  siteRoundSchema,
  startRounds,
} from "./statistics/rounds.ts";
import { checkSigned } from "./study/accept.ts";
import type { Answer } from "./study/answer.ts";
import { sha256Of } from "./study/exchange.ts";
import type { Model } from "./study/model-schema.ts";
import { parseStudy, type Study } from "./study/read-study.ts";
import {
  ROUND_ANSWER_FORMAT,
  ROUND_FORMAT,
  readRoundFile,
  roundSchemas,
} from "./study/round-files.ts";
import { tokenKeyOf } from "./study/snapshot.ts";
import { isSignatureValid, type ReceivedSummary, signObject } from "./study/summary.ts";
import { summaryToAnswer } from "./study/to-answer.ts";
import { gatePart } from "./study-gate.ts";
import {
  addMiddles,
  linearModel,
  type ModelAnswers,
  modelKey,
  roundModel,
  rowsOfModel,
  sumsOf,
} from "./study-models.ts";
import { headsOf, type Part, type Plan, planStudy } from "./study-plan.ts";
import { summarizePart } from "./study-summarize.ts";

const { request: requestSchema, answer: answerSchema } = roundSchemas({
  state: roundStateSchema,
  answer: siteRoundSchema,
});
type Request = (typeof requestSchema)["_output"];
type RoundAnswer = (typeof answerSchema)["_output"];
type Ask = Request["asks"][number];

const requestName = (round: number) => `round-${String(round).padStart(2, "0")}.json`;
const answerName = (round: number, site: string) =>
  `round-${String(round).padStart(2, "0")}-${site}.json`;

export interface RoundStatus {
  state: "asked" | "waiting" | "done";
  round: number;
  /** The hub's file of this round. */
  file: string;
  /** Sites whose answer to it is not in the folder yet. */
  waitingFor: string[];
  /** Fits that are done, for combining. */
  models: ModelAnswers;
}

/**
 * The hub's side of one round: begins, waits, or takes the next step, by what lies in `folder`. Doing it twice changes nothing;
 * the folder may be shared, or its files go by e-mail.
 *
 * @param summaries accepted ones: they say which sites are in a model
 */
export async function hubRound(options: {
  study: Study;
  text: string;
  summaries: readonly ReceivedSummary[];
  hub: Hub;
  signingKey: string;
  folder: string;
}): Promise<RoundStatus> {
  const { folder, study } = options;
  const plan = await planStudy(study);
  await privateDirectory(folder);
  const round = (await lastRound(folder)) ?? 0;
  const answers = plan.parts.map((_, index) =>
    options.summaries.flatMap(({ summary }) => {
      const outcome = summary.outcomes[index];
      return outcome ? [summaryToAnswer(summary, outcome)] : [];
    }),
  );
  const write = async (next: number, asks: Ask[], done: Request["done"]) => {
    const request = signObject(
      {
        format: ROUND_FORMAT,
        round: next,
        study: { id: study.id, sha256: study.sha256, text: options.text },
        asks,
        done,
      },
      options.signingKey,
    );
    const file = join(folder, requestName(next));
    await writeWhole(file, `${JSON.stringify(request, null, 2)}\n`);
    const state = asks.length === 0 ? "done" : "asked";
    return { state, round: next, file, waitingFor: sitesOf(asks), models: modelsOf(done) } as const;
  };
  if (round === 0) return write(1, firstAsks(plan, answers), []);
  const file = join(folder, requestName(round));
  const { content, signed } = await readRoundFile(file, requestSchema);
  if (content.study.sha256 !== study.sha256) {
    throw new ProError("SUBMISSION_ROUND", "the rounds in this folder are of another study", {
      where: { file },
      hint: "use an empty folder",
    });
  }
  const models = modelsOf(content.done);
  if (content.asks.length === 0) return { state: "done", round, file, waitingFor: [], models };
  const received = await readAnswers(folder, round, sha256Of(signed), options.hub);
  const waitingFor = sitesOf(content.asks).filter((site) => !received.has(site));
  if (waitingFor.length > 0) return { state: "waiting", round, file, waitingFor, models };
  const asks: Ask[] = [];
  const done = [...content.done];
  for (const ask of content.asks) {
    const { outcome, model } = ask;
    const taken = takeStep(plan, ask, received);
    if (taken.state === "ask") asks.push({ outcome, model, state: taken.next });
    else done.push({ outcome, model, result: taken });
  }
  return write(round + 1, asks, done);
}

/**
 * A site's side: answers one round, under the same gate as a summary. The same request gets the same answer; another request
 * under the number of an answered round is refused, because each round is a release.
 *
 * @param hubKey the hub's Ed25519 key; undefined: only tampering is found
 * @throws ProError `SUBMISSION_TAMPERED`, `SUBMISSION_ROUND` or `DISCLOSURE_ROUND_TWICE`
 */
export async function siteRound(options: {
  request: string;
  site: Site;
  store: Queryable;
  folder: string;
  hubKey?: string;
}): Promise<{ file: string; refused: string[] }> {
  const { site, store, folder } = options;
  const { content, signed } = await readRoundFile(options.request, requestSchema);
  if (!isSignatureValid(signed, options.hubKey ?? content.signed_by)) {
    throw new ProError("SUBMISSION_TAMPERED", "the signature of the round does not fit", {
      where: { file: options.request },
      hint: "compare the hub's public key, and ask for the file again",
    });
  }
  const sha256 = sha256Of(signed);
  const kept = join(site.directory, "rounds", content.study.sha256.slice(0, 12));
  await privateDirectory(kept);
  const record = join(kept, requestName(content.round));
  const file = join(folder, answerName(content.round, site.site));
  let answer: RoundAnswer;
  if (await exists(record)) {
    answer = (await readRoundFile(record, answerSchema)).content;
    if (answer.request_sha256 !== sha256) {
      throw new ProError(
        "DISCLOSURE_ROUND_TWICE",
        `round ${content.round} of this study was answered already, to another request`,
        {
          where: { file: options.request },
          hint: "each round tells something about the rows; agree with the hub, then remove the site's folder rounds/",
        },
      );
    }
  } else {
    answer = await makeAnswer(content, sha256, site, store);
    await writeWhole(record, `${JSON.stringify(answer, null, 2)}\n`, 0o600);
  }
  await privateDirectory(folder);
  await writeWhole(file, `${JSON.stringify(answer, null, 2)}\n`);
  return {
    file,
    refused: answer.answers.flatMap(({ model, refused }) =>
      refused ? [`${model}: ${refused}`] : [],
    ),
  };
}

async function makeAnswer(
  request: Request,
  sha256: string,
  site: Site,
  store: Queryable,
): Promise<RoundAnswer> {
  const study = parseStudy(request.study.text, "round file", site.directory);
  const plan = await planStudy({
    ...study,
    population: { ...study.population, sites: [site.site] },
  });
  const answers: RoundAnswer["answers"] = [];
  const asked = request.asks.filter((ask) => sitesOf([ask]).includes(site.site));
  const judged = await judgeModels(plan, asked, store, {
    ledger: await Ledger.open(site.directory, await tokenKeyOf(store)),
    facts: { study, kind: `round ${request.round}` },
  });
  for (const ask of asked) {
    const [part, model] = find(plan, ask);
    const place = { outcome: ask.outcome, model: ask.model };
    const seen = judged.get(ask.outcome)?.models.get(model.id)?.get(site.site);
    if (!seen || !("sums" in seen)) {
      answers.push({
        ...place,
        refused: seen && "reason" in seen ? seen.reason : "nobody is in it",
      });
      continue;
    }
    const rows = await rowsOfModel(store, plan, part, model, [site.site]);
    if (ask.middle) {
      const { sites, beta, inverse } = ask.middle;
      const own =
        model.sites === "fixed"
          ? askOf({ beta, inverse }, sites.indexOf(site.site), sites.length)
          : { beta, inverse };
      answers.push({ ...place, middle: (await sumSandwich(rows, own)).get(site.site) ?? [] });
    } else if (ask.state) {
      const sums = (await answerRound(rows, roundModel(model, part), ask.state)).get(site.site);
      answers.push(sums ? { ...place, sums } : { ...place, refused: "nobody is in it" });
    }
    await rows.drop();
  }
  const { signingKey } = await readSiteKeys(site.keysDirectory, {
    site: site.site,
    env: process.env,
  });
  return signObject(
    {
      format: ROUND_ANSWER_FORMAT,
      round: request.round,
      request_sha256: sha256,
      site: site.site,
      answers,
    },
    signingKey,
  ) as RoundAnswer;
}

/** The models' own gate, on the rows as they are today and beside all that left before; by outcome. */
async function judgeModels(
  plan: Plan,
  asks: readonly Ask[],
  store: Queryable,
  { ledger, facts }: { ledger: Ledger; facts: ReleaseFacts },
): Promise<Map<number, Answer>> {
  const judged = new Map<number, Answer>();
  const patids = await headsOf(store, plan);
  const released = ledger.released(patids);
  const before = released.tables.length;
  for (const outcome of new Set(asks.map((ask) => ask.outcome))) {
    const own = asks.filter((ask) => ask.outcome === outcome);
    const models = own.map((ask) => find(plan, ask)[1]);
    const part = plan.parts[outcome];
    if (!part) continue;
    const only = { ...plan, study: { ...plan.study, models } };
    const light = { ...part, statistics: [], channels: [] };
    const full = await summarizePart(store, only, light, { isShown: true });
    judged.set(outcome, gatePart(full, only, light, released));
  }
  await ledger.record(released.tables.slice(before), patids, facts);
  return judged;
}

function firstAsks(plan: Plan, answers: readonly (readonly Answer[])[]): Ask[] {
  return plan.parts.flatMap((part, outcome) =>
    plan.study.models.flatMap((model): Ask[] => {
      const of = answers[outcome] ?? [];
      if (model.kind !== "linear") {
        const ready = of.flatMap(({ models }) =>
          [...(models.get(model.id) ?? [])].flatMap(([site, one]) =>
            "state" in one && one.state === "ready" ? [site] : [],
          ),
        );
        if (ready.length === 0) return [];
        return [{ outcome, model: model.id, state: startRounds(roundModel(model, part), ready) }];
      }
      if (!model.robust) return [];
      const bySite = sumsOf(of, model.id);
      const solved = solveLinear(bySite, linearModel(model, part));
      if ("refused" in solved) return [];
      const sites = [...bySite]
        .filter(([, { n }]) => n !== "0")
        .map(([site]) => site)
        .sort();
      const { y } = linearModel(model, part);
      return [
        {
          outcome,
          model: model.id,
          middle: { sites, ...sandwichAsk(solved.fit, solved.columns, y) },
        },
      ];
    }),
  );
}

type Taken = RoundResult | { state: "middle"; middle: number[] };

function takeStep(plan: Plan, ask: Ask, received: ReadonlyMap<string, RoundAnswer>): Taken {
  const [part, model] = find(plan, ask);
  const own = [...received].flatMap(([site, { answers }]) => {
    const one = answers.find(
      ({ outcome, model: id }) => outcome === ask.outcome && id === ask.model,
    );
    return one ? [[site, one] as const] : [];
  });
  const refusing = own.find(([site, one]) => one.refused && sitesOf([ask]).includes(site));
  if (refusing) {
    return {
      state: "refused",
      reason: `site ${refusing[0]} hides its part: ${refusing[1].refused}`,
    };
  }
  if (ask.middle) {
    const { sites, beta } = ask.middle;
    const parts = new Map(own.map(([site, one]) => [site, one.middle ?? []]));
    return {
      state: "middle",
      middle: addMiddles(parts, sites, beta.length, model.sites === "fixed"),
    };
  }
  if (!ask.state) return { state: "refused", reason: "nothing was asked" };
  const sums = new Map<string, SiteRound>(
    own.flatMap(([site, one]) => (one.sums ? [[site, one.sums]] : [])),
  );
  return advance(roundModel(model, part), ask.state, sums);
}

function find(plan: Plan, { outcome, model: id }: Ask): [Part, Model] {
  const part = plan.parts[outcome];
  const model = plan.study.models.find((one) => one.id === id);
  if (!part || !model) {
    throw new ProError(
      "SUBMISSION_ROUND",
      "the round asks for a model that the study does not have",
      {
        hint: "begin the rounds anew in an empty folder",
      },
    );
  }
  return [part, model];
}

function sitesOf(asks: readonly Ask[]): string[] {
  return [...new Set(asks.flatMap(({ state, middle }) => (state ?? middle)?.sites ?? []))].sort();
}

function modelsOf(done: Request["done"]): ModelAnswers {
  return new Map(
    done.map(({ outcome, model, result }) => [modelKey(outcome, model), result as Taken]),
  );
}

async function lastRound(folder: string): Promise<number | undefined> {
  const names = await readdir(folder);
  return names
    .flatMap((name) => /^round-(\d\d)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
    .at(-1);
}

async function readAnswers(
  folder: string,
  round: number,
  sha256: string,
  hub: Hub,
): Promise<Map<string, RoundAnswer>> {
  const publicKeys = new Map(hub.sites.map((one) => [one.site, one.public_key]));
  const found = new Map<string, RoundAnswer>();
  for (const { site } of hub.sites) {
    const file = join(folder, answerName(round, site));
    if (!(await exists(file))) continue;
    const { content, signed } = await readRoundFile(file, answerSchema);
    checkSigned(signed, { file, record: site }, content.site, publicKeys);
    if (content.site !== site || content.request_sha256 !== sha256) {
      throw new ProError("SUBMISSION_OUTDATED", "the answer is to another round file", {
        where: { file, record: site },
        hint: "ask the site to answer the present one",
      });
    }
    found.set(site, content);
  }
  return found;
}
