import { InvalidArgumentError } from "commander";
import { ProError } from "../../pipelines/core/errors.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { type PoolReport, pool, publishOlder } from "../../pipelines/pool.ts";
import { TABLE_NAMES } from "../../warehouse/schema.ts";
import type { AddCommand } from "../command.ts";
import { formatNumber } from "../output.ts";
import { textTable } from "../text-table.ts";

interface Options {
  rebuild?: boolean;
  publish?: number;
  json?: boolean;
}

export const addPool: AddCommand = (program, io) => {
  program
    .command("pool")
    .description("verify what the sites sent and publish it as one warehouse")
    .argument("<hubDir>", "the hub's folder, with hub.yaml")
    .option("--rebuild", "make the warehouse anew from the archive of accepted submissions")
    .option(
      "--publish <n>",
      "let analysts see publication n again (DuckDB), until the newest is named",
      number,
    )
    .option("--json", "print the report as JSON, and one line of JSON a stage on stderr")
    .addHelpText("after", EXAMPLES)
    .action(async (hubDirectory: string, { rebuild = false, publish, json = false }: Options) => {
      if (publish !== undefined) {
        await publishOlder(hubDirectory, publish);
        return void io.out.write(`publication ${publish} is what analysts open from now on\n`);
      }
      const progress = createProgress({ err: io.err, tty: io.tty, json });
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

function number(value: string): number {
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("expected the number of a publication");
}

const EXAMPLES = `
A refused submission is set aside with refusal.json, the others go on; the exit code is then 16.

The last publications of a DuckDB warehouse are kept (publications in hub.yaml). After --publish of an older one the next nights
go on verifying and loading, and analysts stay where they are until --publish names the newest.

Examples:
  $ propool pool hub
  $ propool pool hub --publish 41`;

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
  if (report.checks) lines.push(...checkLines(report.checks));
  if (report.linkage) lines.push(...linkageLines(report.linkage));
  return `${lines.join("\n")}\n${loadedText(report.loaded)}`;
}

function checkLines({ made, newRows, rows }: NonNullable<PoolReport["checks"]>): string[] {
  if (made) return [];
  const share = `${formatNumber(newRows)} of ${formatNumber(rows)} rows`;
  return [
    `data checks of all rows: not made again, ${share} are new since (a tenth makes them); propool check makes them now`,
  ];
}

function linkageLines({ people, records, pairs, review }: NonNullable<PoolReport["linkage"]>) {
  if (people === 0 && Object.keys(review).length === 0) return [];
  const told = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([what, count]) => `${what}: ${count}`)
      .join(", ");
  return [
    `linked: ${people} people with ${records} records at several sites (pairs by token: ${told(pairs)})`,
    ...(Object.keys(review).length > 0 ? [`left to review: ${told(review)}`] : []),
  ];
}

function loadedText(loaded: PoolReport["loaded"]): string {
  if (loaded.length === 0) return "";
  const rows = TABLE_NAMES.map((table) => [table, ...loaded.map((site) => site.rows[table])]);
  return `\n${textTable(["rows", ...loaded.map(({ site }) => site)], rows)}`;
}
