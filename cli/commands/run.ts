import { InvalidArgumentError } from "commander";
import { ProError } from "../../pipelines/core/errors.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { type NightEnd, runSites } from "../../pipelines/nights.ts";
import type { RunReport } from "../../pipelines/run.ts";
import type { AddCommand, Io } from "../command.ts";
import { explainError } from "../explain-error.ts";
import { writeJson } from "../output.ts";
import { ledgerText } from "../run-text.ts";
import { todayOption } from "../today.ts";

interface Options {
  full?: boolean;
  dryRun?: boolean;
  jobs: number;
  json?: boolean;
  today: string;
}

export const addRun: AddCommand = (program, io) => {
  program
    .command("run")
    .description("the nightly ETL of one or more sites: export -> store -> submission")
    .argument("<siteDir...>", "folders with a site.yaml")
    .option("--full", "make the store anew from this export instead of adding to it")
    .option("--dry-run", "do everything but publish")
    .addOption(todayOption())
    .option("--jobs <n>", "sites at a time; each night may take 1 GB", jobCount, 2)
    .option("--json", "print one report a site as JSON, and one line of JSON a stage on stderr")
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool run /srv/propool/river-clinic\n  $ propool run sites/* --json > night.json",
    )
    .action(async (directories: string[], options: Options) => {
      const json = options.json === true;
      const ends = await runSites(directories, {
        progress: createProgress({ ...io, json }),
        today: options.today,
        full: options.full === true,
        dryRun: options.dryRun === true,
        filesByNumber: json,
        jobs: options.jobs,
        onEnd: ({ report }) => {
          if (report && !json) io.out.write(`${ledgerText(report)}\n`);
        },
      });
      const reports = ends.flatMap(({ report }) => report ?? []);
      if (json) writeJson(io.out, reports);
      const failed = ends.filter(isFailure);
      if (directories.length > 1) io.err.write(`${summaryText(reports, failed)}\n`);
      if (failed.length === 0) return;
      throw directories.length === 1 ? failed[0]?.error : tellFailed(failed, directories, io);
    });
};

const isFailure = (end: NightEnd): end is Failure => end.report === undefined;

/** One line for the mail of the morning. */
function summaryText(reports: readonly RunReport[], failed: readonly Failure[]): string {
  const sent = reports.filter(({ submission }) => submission !== null).length;
  const names = failed.map(({ directory }) => directory).join(", ");
  return `${reports.length} sites done, ${sent} of them with a submission; ${failed.length} failed${names && `: ${names}`}`;
}

function jobCount(value: string): number {
  if (/^[1-9]\d?$/.test(value)) return Number(value);
  throw new InvalidArgumentError("expected a number of sites from 1 to 99");
}

type Failure = Extract<NightEnd, { error: unknown }>;

/** Tells each failure with its site and returns the one error that the whole command ends with: the first that is known. */
function tellFailed(failed: readonly Failure[], directories: readonly string[], io: Io): unknown {
  const explained = failed.map(({ directory, error }) => {
    const told = explainError(error, { debug: io.env.PROPOOL_DEBUG === "1" });
    io.err.write(`${directory}: ${told.text}\n`);
    return told;
  });
  const code = explained.find((told) => told.code !== null)?.code;
  if (!code) return failed[0]?.error;
  return new ProError(code, `${failed.length} of ${directories.length} sites failed`, {
    where: { file: failed.map(({ directory }) => directory).join(", ") },
    hint: "each is explained above; the other sites are done, so run only these again",
  });
}
