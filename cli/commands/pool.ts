import { ProError } from "../../pipelines/core/errors.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { type PoolReport, pool } from "../../pipelines/pool.ts";
import { TABLE_NAMES } from "../../warehouse/schema.ts";
import type { AddCommand } from "../command.ts";
import { textTable } from "../text-table.ts";

interface Options {
  rebuild?: boolean;
  json?: boolean;
}

export const addPool: AddCommand = (program, io) => {
  program
    .command("pool")
    .description("verify what the sites sent and publish it as one warehouse")
    .argument("<hubDir>", "the hub's folder, with hub.yaml")
    .option("--rebuild", "make the warehouse anew from the archive of accepted submissions")
    .option("--json", "print the report as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (hubDirectory: string, { rebuild = false, json = false }: Options) => {
      const progress = createProgress({ err: io.err, tty: io.tty, quiet: json });
      const report = await pool(hubDirectory, { progress, rebuild });
      io.out.write(json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
      const { length } = report.refused;
      if (length === 0) return;
      throw new ProError("SUBMISSION_REFUSED", `${length} submission(s) were refused`, {
        where: { file: report.refused[0]?.directory },
        hint: "send refusal.json in that folder to the site; everything else was loaded",
      });
    });
};

const EXAMPLES = `
A refused submission is set aside with refusal.json, the others go on; the exit code is then 16.

Examples:
  $ propool pool hub
  $ propool pool hub --rebuild --json > pool-report.json`;

function reportText(report: PoolReport): string {
  const lines = [
    ...report.accepted.map(({ site, sequence }) => `accepted: ${site} submission ${sequence}`),
    ...report.refused.map(
      ({ submission, code, message, hint, directory }) =>
        `refused: ${submission}, ${code}: ${message}\n  hint: ${hint}\n  set aside: ${directory}`,
    ),
    ...report.waiting.map((path) => `left alone, not a whole submission: ${path}`),
    ...report.removed.map((site) => `removed: ${site}, which hub.yaml does not list any more`),
  ];
  const seconds = `${report.seconds.toFixed(1)} s`;
  if (report.loaded.length === 0 && report.removed.length === 0) {
    lines.push(`nothing new: the warehouse is as it was (${seconds})`);
  } else {
    lines.push(`published in ${seconds}`);
  }
  return `${lines.join("\n")}\n${loadedText(report.loaded)}`;
}

function loadedText(loaded: PoolReport["loaded"]): string {
  if (loaded.length === 0) return "";
  const rows = TABLE_NAMES.map((table) => [table, ...loaded.map((site) => site.rows[table])]);
  return `\n${textTable(["rows", ...loaded.map(({ site }) => site)], rows)}`;
}
