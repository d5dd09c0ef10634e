import type { Command } from "commander";
import { readHub } from "../../pipelines/configuration/hub.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { openRows, type Rows } from "../../pipelines/study.ts";
import {
  answerFiles,
  answerPackage,
  collectAnswers,
  dryRun,
  hubSigningKey,
  openPackage,
  readPackage,
  refusePackage,
  type SiteState,
  writePackage,
} from "../../pipelines/study-exchange.ts";
import { hubRound, siteRound } from "../../pipelines/study-rounds.ts";
import type { Io } from "../command.ts";
import { writeJson } from "../output.ts";
import { studyText } from "../study-text.ts";
import { textTable } from "../text-table.ts";
import { type ShowOptions, show, withOutput } from "./show.ts";
import { withheldText } from "./withheld-text.ts";

const today = () => new Date().toISOString().slice(0, 10);

export function addPackage(study: Command, io: Io): void {
  study
    .command("package")
    .description("write the signed file that asks the sites: study, hashes, who, until when")
    .argument("<study>", "study file, YAML")
    .requiredOption("--hub <dir>", "hub folder; its keys/signing.key is made when first needed")
    .requiredOption("--out <file>", "package file to write, JSON")
    .option("--answer-by <date>", "day after which an answer is late, YYYY-MM-DD (default: none)")
    .option("--json", "print the package as JSON")
    .addHelpText("after", PACKAGE_EXAMPLES)
    .action(
      async (
        file: string,
        options: { hub: string; out: string; answerBy?: string; json?: boolean },
      ) => {
        const { content, sha256 } = await writePackage({
          study: file,
          hubDirectory: options.hub,
          file: options.out,
          created: today(),
          ...(options.answerBy === undefined ? {} : { answerBy: options.answerBy }),
        });
        if (options.json) return writeJson(io.out, content);
        io.err.write(
          `${options.out} written for ${content.sites.join(", ")} (${sha256.slice(0, 12)})\nhub's public key, for --hub-key: ${content.signed_by}\n`,
        );
      },
    );
}

interface AnswerOptions {
  on: string;
  out?: string;
  hubKey?: string;
  dryRun?: boolean;
  refuse?: string;
  json?: boolean;
}

export function addAnswer(study: Command, io: Io): void {
  study
    .command("answer")
    .description("at a site: verify a study package, show what would leave, answer or refuse it")
    .argument("<package>", "package file from the hub")
    .requiredOption("--on <dir>", "the site's folder")
    .option("--out <file>", "signed answer to write; needed unless --dry-run")
    .option("--hub-key <key>", "the hub's public key, base64; without it only tampering is found")
    .option("--dry-run", "show all that would leave, write nothing")
    .option("--refuse <reason>", "say, signed, that the site does not take part")
    .option("--json", "print the results as JSON, with --dry-run the summary itself")
    .addHelpText("after", ANSWER_EXAMPLES)
    .action(async (file: string, options: AnswerOptions) => {
      const rows = await openRows(options.on);
      try {
        await answer(file, rows, options, io);
      } finally {
        await rows.queryable.close();
      }
    });
}

async function answer(file: string, rows: Rows, options: AnswerOptions, io: Io): Promise<void> {
  const { site, queryable: store } = rows;
  if (!site) throw notASite();
  if (!options.hubKey) io.err.write("without --hub-key only tampering is found, not who signed\n");
  const received = await openPackage(file, site, options.hubKey);
  const base = { site, store, package: received, created: today() };
  if (options.refuse !== undefined) {
    const refusal = await refusePackage({ ...base, file: outOf(options), reason: options.refuse });
    if (options.json) return writeJson(io.out, refusal);
    io.err.write(`${options.out} written: ${site.site} does not take part\n`);
    return;
  }
  const { summary, results, withheld, bytes } = await dryRun(base);
  io.err.write(withheldText(withheld));
  if (options.dryRun) {
    io.err.write(`nothing is written; ${bytes} bytes would leave, and this is all they tell\n`);
    if (options.json) writeJson(io.out, summary);
    else io.out.write(studyText(results));
    return;
  }
  await answerPackage({ ...base, file: outOf(options) });
  io.err.write(`${options.out} written and signed; below is all it tells\n`);
  if (options.json) writeJson(io.out, results);
  else io.out.write(studyText(results));
}

function outOf({ out }: AnswerOptions): string {
  if (out !== undefined) return out;
  throw new ProError("USAGE_STUDY", "nothing says where the answer goes", {
    hint: "give --out <file>, or --dry-run to look first",
  });
}

export function addCollect(study: Command, io: Io): void {
  withOutput(
    study
      .command("collect")
      .description("at the hub: check every answer to a package, say who is in, and combine")
      .argument("<package>", "the package file that was sent out")
      .argument("<answers...>", "answer files, or folders of them")
      .requiredOption("--hub <dir>", "hub folder whose hub.yaml knows the sites' public keys")
      .option("--rounds <dir>", "folder of the rounds, for models that need them")
      .option("--accept-late", "count answers that were made after the package's day"),
  )
    .addHelpText("after", COLLECT_EXAMPLES)
    .action(
      async (
        file: string,
        paths: string[],
        options: ShowOptions & { hub: string; rounds?: string; acceptLate?: boolean },
      ) => {
        const received = await readPackage(file, { directory: options.hub });
        const hub = await readHub(options.hub);
        const files = await answerFiles(paths);
        const ask = { package: received, hub, files, acceptLate: options.acceptLate ?? false };
        const first = await collectAnswers(ask);
        const { states, results } = options.rounds
          ? await collectAnswers({
              ...ask,
              models: (await roundsOf(options.rounds, first.accepted, received, hub)).models,
            })
          : first;
        io.err.write(statesText(states));
        await show(results, received.study, options, io);
      },
    );
}

export function addRound(study: Command, io: Io): void {
  study
    .command("round")
    .description("one round of models that need several: at the hub ask or step, at a site answer")
    .argument("<file>", "at the hub the study package, at a site the hub's round file")
    .requiredOption("--folder <dir>", "folder in which round files and answers meet")
    .option("--hub <dir>", "act as this hub")
    .option("--answers <paths...>", "at the hub: the sites' answers to the package")
    .option("--on <dir>", "act as this site")
    .option("--hub-key <key>", "at a site: the hub's public key, base64")
    .option("--json", "print what happened as JSON")
    .addHelpText("after", ROUND_EXAMPLES)
    .action(
      async (
        file: string,
        options: {
          folder: string;
          hub?: string;
          answers?: string[];
          on?: string;
          hubKey?: string;
          json?: boolean;
        },
      ) => {
        if (options.hub !== undefined) {
          const received = await readPackage(file, { directory: options.hub });
          const hub = await readHub(options.hub);
          const files = await answerFiles(options.answers ?? []);
          const { accepted } = await collectAnswers({ package: received, hub, files });
          const status = await roundsOf(options.folder, accepted, received, hub);
          if (options.json) {
            return writeJson(io.out, { ...status, models: Object.fromEntries(status.models) });
          }
          const waiting = status.waitingFor.join(", ");
          io.err.write(
            status.state === "done"
              ? `all models are done after round ${status.round}; propool study collect --rounds ${options.folder}\n`
              : `round ${status.round} ${status.state === "asked" ? `asked: send ${status.file} to` : "waits for"} ${waiting}\n`,
          );
          return;
        }
        await roundAtSite(file, options, io);
      },
    );
}

async function roundAtSite(
  file: string,
  options: { folder: string; on?: string; hubKey?: string; json?: boolean },
  io: Io,
): Promise<void> {
  if (options.on === undefined) {
    throw new ProError("USAGE_STUDY", "a round is the hub's or a site's", {
      hint: "give --hub <dir> or --on <site>",
    });
  }
  const rows = await openRows(options.on);
  try {
    if (!rows.site) throw notASite();
    const made = await siteRound({
      request: file,
      site: rows.site,
      store: rows.queryable,
      folder: options.folder,
      ...(options.hubKey === undefined ? {} : { hubKey: options.hubKey }),
    });
    if (options.json) return writeJson(io.out, made);
    io.err.write(
      `${made.file} written${made.refused.map((of) => `\nnot answered: ${of}`).join("")}\n`,
    );
  } finally {
    await rows.queryable.close();
  }
}

async function roundsOf(
  folder: string,
  summaries: Awaited<ReturnType<typeof collectAnswers>>["accepted"],
  { study, content }: Awaited<ReturnType<typeof readPackage>>,
  hub: Awaited<ReturnType<typeof readHub>>,
) {
  const signingKey = await hubSigningKey(hub.directory);
  return hubRound({ study, text: content.study.text, summaries, hub, signingKey, folder });
}

function notASite(): ProError {
  return new ProError("USAGE_STUDY", "only a site answers", { hint: "give --on a site's folder" });
}

function statesText(states: readonly SiteState[]): string {
  const rows = states.map(({ site, state, file, reason }) => [site, state, file ?? "", reason]);
  return `${textTable(["site", "state", "file", "reason"], rows)}\n`;
}

const PACKAGE_EXAMPLES = `
Examples:
  $ propool study package depression.yaml --hub hub --out depression.package.json
  $ propool study package depression.yaml --hub hub --out shared/depression.package.json --answer-by 2026-03-01`;

const ANSWER_EXAMPLES = `
Examples:
  $ propool study answer depression.package.json --on sites/a --dry-run
  $ propool study answer depression.package.json --on sites/a --out shared/SITEA.json`;

const COLLECT_EXAMPLES = `
Examples:
  $ propool study collect depression.package.json shared --hub hub --out depression.html
  $ propool study collect depression.package.json shared --hub hub --rounds shared/rounds`;

const ROUND_EXAMPLES = `
Examples:
  $ propool study round depression.package.json --hub hub --answers shared --folder shared/rounds
  $ propool study round shared/rounds/round-01.json --on sites/a --folder shared/rounds`;
