import { createProgress } from "../../pipelines/core/progress.ts";
import { type DemoReport, runDemo } from "../../pipelines/demo.ts";
import type { AddCommand } from "../command.ts";
import { demoText } from "../demo-text.ts";
import { writeJson } from "../output.ts";

export const addDemo: AddCommand = (program, io) => {
  program
    .command("demo")
    .description("builds a three-site network with planted defects and runs the whole job on it")
    .argument(
      "[dir]",
      "folder for the network; made if missing, replaced if an earlier demo made it",
      "propool-demo",
    )
    .option(
      "--seed <text>",
      "seed of the invented patients: the same seed writes the same exports",
      "1",
    )
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool demo\n  $ propool demo /tmp/network --seed 7 --json",
    )
    .action(async (directory: string, options: { seed: string; json?: boolean }) => {
      const progress = createProgress({ err: io.err, tty: io.tty, quiet: !io.tty });
      const report = await runDemo(directory, { seed: options.seed, progress });
      if (options.json) return writeJson(io.out, demoJson(report));
      io.out.write(demoText(report));
    });
};

function demoJson(report: DemoReport) {
  return {
    directory: report.directory,
    sites: report.nights.map((night) => ({
      site: night.site,
      name: night.name,
      format: night.format,
      ledger: night.ledgers.records,
      answers: night.ledgers.answers,
      issues: night.issues.map(({ code, count, message, hint }) => ({
        code,
        count,
        message,
        hint,
      })),
      submission: night.submission,
      audit: night.audit,
    })),
    defects: report.defects,
    leaks: report.leaks,
    pool: report.pool,
    modes: report.modes,
    pooled: report.pooled,
    distributed: report.distributed,
    sent: report.sent,
    seconds: report.seconds,
  };
}
