import { basename, extname } from "node:path";
import type { Command } from "commander";
import { readHub } from "../../pipelines/configuration/hub.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { exists, writeWhole } from "../../pipelines/core/files.ts";
import { readSiteKeys } from "../../pipelines/privacy/keys.ts";
import {
  combineSummaries,
  compareModes,
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
import { explain } from "../../pipelines/study-plan.ts";
import type { AddCommand, Io } from "../command.ts";
import { writeJson } from "../output.ts";
import { comparisonText } from "../study/compare-text.ts";
import { addAnswer, addCollect, addPackage, addRound } from "../study/exchange.ts";
import { type ShowOptions, show, withOutput } from "../study/show.ts";
import { withheldText } from "../study/withheld-text.ts";

export const addStudy: AddCommand = (program, io) => {
  const study = program
    .command("study")
    .description("one question: from pooled rows, or from summaries of sites that keep their rows");
  addNew(study, io);
  addExplain(study, io);
  addRun(study, io);
  addCombine(study, io);
  addCompare(study, io);
  addPackage(study, io);
  addAnswer(study, io);
  addCollect(study, io);
  addRound(study, io);
};

function addRun(study: Command, io: Io): void {
  withOutput(
    study
      .command("run")
      .description("answer a study from the rows of a site or of a hub")
      .argument("<study>", "study file, YAML")
      .requiredOption("--on <dir>", "folder of a site (its store) or of a hub (its warehouse)")
      .option("--summary <file>", "write the site's signed summary, which is all that leaves")
      .option(
        "--check",
        "prove on these rows that the sites alone, combined, give the same numbers; takes as long again",
      ),
  )
    .addHelpText("after", RUN_EXAMPLES)
    .action(
      async (
        file: string,
        options: ShowOptions & { on: string; summary?: string; check?: boolean },
      ) => {
        const asked = await readStudy(file, options.on);
        const rows = await openRows(options.on);
        try {
          const results = options.summary
            ? await summarize(asked, rows, options.summary, io)
            : await runStudy({
                study: asked,
                queryable: rows.queryable,
                check: options.check ?? false,
                onWithheld: (withheld) => io.err.write(withheldText(withheld)),
              });
          await show(results, asked, options, io);
          if (results.check) {
            const { compared, maxRelativeDifference } = results.check;
            io.err.write(
              `sites alone, combined, against all rows: ${compared} numbers, largest relative difference ${maxRelativeDifference}\n`,
            );
          }
        } finally {
          await rows.queryable.close();
        }
      },
    );
}

function addCombine(study: Command, io: Io): void {
  withOutput(
    study
      .command("combine")
      .description("answer a study from the signed summaries of several sites")
      .argument("<study>", "the study file that the sites ran")
      .argument("<summaries...>", "their summary files")
      .option("--hub <dir>", "hub folder whose hub.yaml knows the sites' public keys"),
  )
    .addHelpText("after", COMBINE_EXAMPLES)
    .action(async (file: string, files: string[], options: ShowOptions & { hub?: string }) => {
      const asked = await readStudy(file, options.hub);
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
      await show(results, asked, options, io);
    });
}

function addCompare(study: Command, io: Io): void {
  study
    .command("compare")
    .description("pooled against distributed, number by number, where both are at hand")
    .argument("<study>", "study file, YAML")
    .requiredOption("--on <dir>", "folder of the hub")
    .requiredOption("--with <dirs...>", "folders of the sites")
    .option("--json", "print the comparison as JSON")
    .addHelpText("after", COMPARE_EXAMPLES)
    .action(async (file: string, options: { on: string; with: string[]; json?: boolean }) => {
      const asked = await readStudy(file, options.on);
      const opened: Rows[] = [];
      try {
        for (const directory of [options.on, ...options.with])
          opened.push(await openRows(directory));
        const [pooled, ...stores] = opened.map(({ queryable }) => queryable);
        if (!pooled) return;
        const comparison = await compareModes({ study: asked, pooled, stores });
        if (options.json) writeJson(io.out, comparison);
        else io.out.write(comparisonText(comparison));
        if (comparison.maxRelativeDifference > 1e-10) {
          throw new ProError("QUALITY_STUDY_MODES", "the two modes differ before suppression", {
            where: { file },
            hint: "the warehouse and the stores hold different rows: pool the sites' newest submissions first",
          });
        }
      } finally {
        for (const { queryable } of opened) await queryable.close();
      }
    });
}

function addExplain(study: Command, io: Io): void {
  study
    .command("explain")
    .description("say in plain words who is counted and when, and print the SQL that selects them")
    .argument("<study>", "study file, YAML")
    .option("--on <dir>", "folder of a site or hub, whose own instruments the study may ask about")
    .option("--json", "print the explanation as JSON")
    .addHelpText("after", EXPLAIN_EXAMPLES)
    .action(async (file: string, options: { on?: string; json?: boolean }) => {
      const explained = await explain(await readStudy(file, options.on));
      if (options.json) return writeJson(io.out, explained);
      const blocks = explained.map(({ outcome, words, statistics, sql }) =>
        [
          `${outcome.instrument} ${outcome.score}`,
          "",
          ...words,
          "",
          "Statistics",
          ...statistics.map((line) => `  ${line}`),
          "",
          sql,
          "",
        ].join("\n"),
      );
      io.out.write(blocks.join("\n"));
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
  const { signingKey, publicKey } = await readSiteKeys(site.keysDirectory, {
    site: site.site,
    env: io.env,
  });
  const created = new Date().toISOString().slice(0, 10);
  const received = await summarizeSite({
    study,
    store: queryable,
    site: site.site,
    signingKey,
    file,
    releases: site.directory,
    created,
  });
  io.err.write(withheldText(received.withheld));
  io.err.write(`${file} written and signed; below is all it tells\n`);
  const publicKeys = new Map([[site.site, publicKey]]);
  return combineSummaries({ study, summaries: [received], publicKeys });
}

async function keysOf(hubDirectory: string): Promise<Map<string, string>> {
  const { sites } = await readHub(hubDirectory);
  return new Map(sites.map(({ site, public_key }) => [site, public_key]));
}

const RUN_EXAMPLES = `
Examples:
  $ propool study run depression.yaml --on hub --check --out depression.html depression.csv
  $ propool study run depression.yaml --on sites/a --summary depression-SITEA.json`;

const COMBINE_EXAMPLES = `
Examples:
  $ propool study combine depression.yaml depression-SITEA.json depression-SITEB.json --hub hub
  $ propool study combine depression.yaml summaries/*.json --json > depression-results.json`;

const COMPARE_EXAMPLES = `
Examples:
  $ propool study compare depression.yaml --on hub --with sites/a sites/b
  $ propool study compare depression.yaml --on hub --with sites/a sites/b --json`;

const EXPLAIN_EXAMPLES = `
Examples:
  $ propool study explain depression.yaml
  $ propool study explain depression.yaml --json`;

const NEW_EXAMPLES = `
Examples:
  $ propool study new depression.yaml
  $ propool study new studies/anxiety.yaml`;
