import PQueue from "p-queue";
import { EXIT, ProError } from "../../pipelines/core/errors.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { type RunReport, runSite } from "../../pipelines/run.ts";
import type { AddCommand } from "../command.ts";
import { explainError } from "../explain-error.ts";
import { writeJson } from "../output.ts";
import { ledgerText } from "../run-text.ts";

interface Options {
  full?: boolean;
  dryRun?: boolean;
  json?: boolean;
  today?: string;
}

export const addRun: AddCommand = (program, io) => {
  program
    .command("run")
    .description("the nightly ETL of one or more sites: export -> store -> submission")
    .argument("<siteDir...>", "folders with a site.yaml")
    .option("--full", "make the store anew from this export instead of adding to it")
    .option("--dry-run", "do everything but publish")
    .option("--today <YYYY-MM-DD>", "the day by which the future is judged (default: today)")
    .option("--json", "print one report a site as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  propool run /srv/propool/river-clinic\n  propool run sites/* --json > night.json",
    )
    .action(async (directories: string[], options: Options) => {
      const reports: RunReport[] = [];
      const failed: { directory: string; error: unknown }[] = [];
      // One site at a time: each night already uses all cores; p-queue keeps the order and survives a failing site.
      const queue = new PQueue({ concurrency: 1 });
      for (const directory of directories) {
        queue.add(async () => {
          const progress = createProgress({
            err: io.err,
            tty: io.tty,
            quiet: options.json === true,
          });
          try {
            const report = await runSite(directory, {
              progress,
              today: options.today ?? new Date().toISOString().slice(0, 10),
              full: options.full === true,
              dryRun: options.dryRun === true,
            });
            reports.push(report);
            if (!options.json) io.out.write(`${ledgerText(report)}\n`);
          } catch (error) {
            failed.push({ directory, error });
          }
        });
      }
      await queue.onIdle();
      if (options.json) writeJson(io.out, reports);
      if (failed.length === 0) return;
      const [first] = failed;
      if (directories.length === 1) throw first?.error;
      for (const { directory, error } of failed) {
        io.err.write(
          `${directory}: ${explainError(error, { debug: io.env.PROPOOL_DEBUG === "1" }).text}\n`,
        );
      }
      const known = failed.find(({ error }) => error instanceof ProError)?.error;
      throw (
        known ?? Object.assign(new Error(`${failed.length} sites failed`), { exitCode: EXIT.bug })
      );
    });
};
