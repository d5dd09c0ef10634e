import { ProError } from "../../pipelines/core/errors.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { type RunReport, runSite } from "../../pipelines/run.ts";
import type { AddCommand, Io } from "../command.ts";
import { explainError } from "../explain-error.ts";
import { writeJson } from "../output.ts";
import { ledgerText } from "../run-text.ts";
import { todayOption } from "../today.ts";

interface Options {
  full?: boolean;
  dryRun?: boolean;
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
    .option("--json", "print one report a site as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool run /srv/propool/river-clinic\n  $ propool run sites/* --json > night.json",
    )
    .action(async (directories: string[], options: Options) => {
      const reports: RunReport[] = [];
      const failed: Failure[] = [];
      // One after the other: a night uses all cores by itself. A failing site does not stop the others.
      for (const directory of directories) {
        const progress = createProgress({ ...io, quiet: options.json === true });
        try {
          const report = await runSite(directory, {
            progress,
            today: options.today,
            full: options.full === true,
            dryRun: options.dryRun === true,
          });
          reports.push(report);
          if (!options.json) io.out.write(`${ledgerText(report)}\n`);
        } catch (error) {
          failed.push({ directory, error });
        }
      }
      if (options.json) writeJson(io.out, reports);
      if (failed.length === 0) return;
      throw directories.length === 1 ? failed[0]?.error : tellFailed(failed, directories, io);
    });
};

interface Failure {
  directory: string;
  error: unknown;
}

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
