import { basename, extname } from "node:path";
import type { Command } from "commander";
import { readHub } from "../../pipelines/configuration/hub.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { exists, writeWhole } from "../../pipelines/core/files.ts";
import { readSiteKeys } from "../../pipelines/privacy/keys.ts";
import {
  combineSummaries,
  openRows,
  type Rows,
  readStudy,
  readSummary,
  runStudy,
  type Study,
  type StudyResults,
  studyTemplate,
  summarizeSite,
} from "../../pipelines/study.ts";
import type { AddCommand, Io } from "../command.ts";
import { writeJson } from "../output.ts";
import { studyText } from "../study-text.ts";

export const addStudy: AddCommand = (program, io) => {
  const study = program
    .command("study")
    .description("one question: from pooled rows, or from summaries of sites that keep their rows");
  addRun(study, io);
  addCombine(study, io);
  addNew(study, io);
};

function addRun(study: Command, io: Io): void {
  study
    .command("run")
    .description("answer a study from the rows of a site or of a hub")
    .argument("<study>", "study file, YAML")
    .requiredOption("--on <dir>", "folder of a site (its store) or of a hub (its warehouse)")
    .option("--summary <file>", "write the site's signed summary, which is all that leaves")
    .option("--json", "print the results as JSON, numbers in full")
    .addHelpText("after", RUN_EXAMPLES)
    .action(async (file: string, options: { on: string; summary?: string; json?: boolean }) => {
      const asked = await readStudy(file);
      const rows = await openRows(options.on);
      try {
        const results = options.summary
          ? await summarize(asked, rows, options.summary, io)
          : await runStudy({ study: asked, queryable: rows.queryable });
        show(results, options.json, io);
      } finally {
        await rows.queryable.close();
      }
    });
}

function addCombine(study: Command, io: Io): void {
  study
    .command("combine")
    .description("answer a study from the signed summaries of several sites")
    .argument("<study>", "the study file that the sites ran")
    .argument("<summaries...>", "their summary files")
    .option("--hub <dir>", "hub folder whose hub.yaml knows the sites' public keys")
    .option("--json", "print the results as JSON, numbers in full")
    .addHelpText("after", COMBINE_EXAMPLES)
    .action(async (file: string, files: string[], options: { hub?: string; json?: boolean }) => {
      const asked = await readStudy(file);
      const summaries = await Promise.all(files.map(readSummary));
      const publicKeys = options.hub === undefined ? undefined : await keysOf(options.hub);
      if (!publicKeys) {
        io.err.write("without --hub it is checked that no file was changed, not who signed it\n");
      }
      const results = await combineSummaries({
        study: asked,
        summaries,
        ...(publicKeys && { publicKeys }),
      });
      show(results, options.json, io);
    });
}

function addNew(study: Command, io: Io): void {
  study
    .command("new")
    .description("write a commented study file to start from")
    .argument("<file>", "file to write, such as depression.yaml")
    .option("--json", "print what was written as JSON")
    .addHelpText("after", NEW_EXAMPLES)
    .action(async (file: string, options: { json?: boolean }) => {
      if (await exists(file)) {
        throw new ProError("CONFIG_STUDY", "there is a file of this name already", {
          where: { file },
          hint: "choose another name, or remove it first",
        });
      }
      const id = basename(file, extname(file))
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, "-")
        .replaceAll(/^-+|-+$/g, "");
      await writeWhole(file, studyTemplate(id || "study"));
      if (options.json) return writeJson(io.out, { file, id: id || "study" });
      io.err.write(`${file} written; run it with propool study run ${file} --on <dir>\n`);
    });
}

/** Writes the summary and answers from what is in it: the steward sees exactly what leaves. */
async function summarize(study: Study, rows: Rows, file: string, io: Io): Promise<StudyResults> {
  const { site, queryable } = rows;
  if (!site) {
    throw new ProError("USAGE_STUDY", "a hub's warehouse has no summary to send", {
      hint: "give --on a site's folder, or leave out --summary",
    });
  }
  const { signingKey, publicKey } = await readSiteKeys(site.keysDirectory);
  const created = new Date().toISOString().slice(0, 10);
  const received = await summarizeSite({
    study,
    store: queryable,
    site: site.site,
    signingKey,
    file,
    created,
  });
  io.err.write(`${file} written and signed; below is all it tells\n`);
  const publicKeys = new Map([[site.site, publicKey]]);
  return combineSummaries({ study, summaries: [received], publicKeys });
}

async function keysOf(hubDirectory: string): Promise<Map<string, string>> {
  const { sites } = await readHub(hubDirectory);
  return new Map(sites.map(({ site, public_key }) => [site, public_key]));
}

function show(results: StudyResults, asJson: boolean | undefined, io: Io): void {
  io.out.write(asJson ? `${JSON.stringify(results, null, 2)}\n` : studyText(results));
}

const RUN_EXAMPLES = `
Examples:
  $ propool study run depression.yaml --on hub
  $ propool study run depression.yaml --on sites/a --summary depression-SITEA.json`;

const COMBINE_EXAMPLES = `
Examples:
  $ propool study combine depression.yaml depression-SITEA.json depression-SITEB.json --hub hub
  $ propool study combine depression.yaml summaries/*.json --json > depression-results.json`;

const NEW_EXAMPLES = `
Examples:
  $ propool study new depression.yaml
  $ propool study new studies/anxiety.yaml`;
