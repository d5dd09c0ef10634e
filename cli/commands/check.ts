import { type CheckedFolder, failingKeys, withChecked } from "../../pipelines/check.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { type Check, readChecks } from "../../pipelines/quality/check.ts";
import { tally, type Verdict } from "../../pipelines/quality/judge.ts";
import { failingKeysSql } from "../../pipelines/quality/measure.ts";
import type { AddCommand, Io } from "../command.ts";
import { csvLine, formatNumber, table, writeJson } from "../output.ts";
import { todayOption } from "../today.ts";

interface Options {
  list?: boolean;
  all?: boolean;
  keys?: string;
  sql?: string;
  strict?: boolean;
  today: string;
  json?: boolean;
}

const EXAMPLES = `
A check that could not be evaluated did not pass; --all shows why. Thresholds, severities and known findings stand under quality:
in site.yaml or hub.yaml.

Examples:
  $ propool check north-clinic --keys "PRO 1.05" > wrong-totals.csv
  $ propool check --list`;

export const addCheck: AddCommand = (program, io) => {
  program
    .command("check")
    .description("the data checks of a site or a hub, and what fails them")
    .argument("[dir]", "the folder of a site or a hub; left out with --list and --sql")
    .option("--list", "what is checked, with limits and meaning")
    .option("--all", "show also what passed or was not evaluated")
    .option("--keys <check>", "every failing key of one check, as CSV")
    .option("--sql <check>", "the SQL of one check")
    .option("--strict", "leave with exit code 13 when a required check fails")
    .addOption(todayOption())
    .option("--json", "print as JSON")
    .addHelpText("after", EXAMPLES)
    .action((directory: string | undefined, options: Options) => check(directory, options, io));
};

async function check(directory: string | undefined, options: Options, io: Io): Promise<void> {
  if (options.list) return list(await readChecks(), options, io);
  if (options.sql) {
    io.out.write(`${failingKeysSql(find(await readChecks(), options.sql))}\n`);
    return;
  }
  if (!directory) {
    throw new ProError("USAGE_CHECK", "name the folder of a site or a hub", {
      hint: "propool check <dir>; or propool check --list",
    });
  }
  await withChecked(directory, { today: options.today }, async (folder) => {
    if (options.keys) return printKeys(folder, find(folder.checks, options.keys), options, io);
    print(folder.verdicts, options, io);
    if (options.strict) refuseFailed(folder.verdicts);
  });
}

function find(checks: readonly Check[], id: string): Check {
  const found = checks.find((one) => one.id === id.toUpperCase());
  if (found) return found;
  throw new ProError("USAGE_CHECK", `there is no check ${id}`, {
    hint: "propool check --list shows all; the name has a blank: PRO 1.05",
  });
}

function list(checks: readonly Check[], { json }: Options, io: Io): void {
  if (json) {
    writeJson(io.out, checks);
    return;
  }
  const limits = ({ threshold, parameters }: Check) =>
    [
      `${formatNumber(100 * threshold)} %`,
      ...Object.entries(parameters).map(([k, v]) => `${k} ${v}`),
    ].join(", ");
  const rows = checks.map((one) => [
    one.id,
    one.category,
    one.severity,
    one.table,
    limits(one),
    one.title,
  ]);
  io.out.write(`${table(["check", "category", "severity", "table", "limits", "finds"], rows)}\n`);
}

async function printKeys(
  folder: CheckedFolder,
  one: Check,
  { json }: Options,
  io: Io,
): Promise<void> {
  const keys = await failingKeys(folder, one);
  if (json) {
    writeJson(io.out, keys);
    return;
  }
  io.out.write(csvLine(["site", "key"]));
  for (const { site, key } of keys) io.out.write(csvLine([site, key]));
}

function print(verdicts: readonly Verdict[], { all, json }: Options, io: Io): void {
  const counts = tally(verdicts);
  const shown = verdicts.filter(
    ({ status }) => all || !["passed", "not evaluated"].includes(status),
  );
  if (json) {
    const rows = verdicts.map(({ check: { id, title, severity }, ...rest }) => ({
      check: id,
      title,
      severity,
      ...rest,
    }));
    writeJson(io.out, { counts, verdicts: rows });
    return;
  }
  if (shown.length > 0) {
    const rows = shown.map(({ check: { id, title }, site, status, n, total, why }) => [
      id,
      site,
      status,
      n,
      total,
      why ? `${title} (${why})` : title,
    ]);
    io.out.write(`${table(["check", "site", "verdict", "failing", "of", "what"], rows)}\n\n`);
  }
  const words = Object.entries(counts).map(([status, n]) => `${formatNumber(n)} ${status}`);
  io.out.write(`${words.join(", ")}\n`);
}

function refuseFailed(verdicts: readonly Verdict[]): void {
  const failed = verdicts.filter(({ status }) => status === "failed");
  if (failed.length === 0) return;
  throw new ProError("QUALITY_FAILED", `${failed.length} required checks fail`, {
    where: { pointer: [...new Set(failed.map(({ check: { id } }) => id))].join(", ") },
    hint: "propool report <dir> says what they mean and how to mend them",
  });
}
