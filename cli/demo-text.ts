import { relative } from "node:path";
import type { DemoReport } from "../pipelines/demo.ts";
import { STATES } from "../pipelines/quality/ledger.ts";
import type { StudyResults } from "../pipelines/study.ts";
import { formatNumber, indent, table } from "./output.ts";

/** The product on one screen: where records went, what was caught, the answer both ways, and what left. */
export function demoText(report: DemoReport): string {
  const { network, nights } = report;
  const people = network.sites.reduce((sum, site) => sum + site.people, 0);
  const administrations = network.sites.reduce((sum, site) => sum + site.administrations, 0);
  const folder = relative(process.cwd(), report.directory) || ".";
  return [
    `Three clinics, ${formatNumber(people)} patients (${network.sharedPeople} attend two of them), ${formatNumber(administrations)} questionnaires over two years; all invented.`,
    "",
    "1. One night at each site: where every source record ended",
    "",
    indent(
      table(
        ["site", "export", "read", ...STATES.map((state) => state.replaceAll("_", " "))],
        ledgerRows(report),
      ),
    ),
    "",
    `   ${formatNumber(sum(nights.map((night) => night.ledgers.records.read)))} records and ${formatNumber(sum(nights.map((night) => night.ledgers.answers.read)))} answers read, each in exactly one state.`,
    "",
    "2. Defects planted in the exports, and what the nights reported",
    "",
    indent(
      table(
        ["defect", "planted", "found"],
        report.defects.map((one) => [one.name, one.planted, one.found]),
      ),
    ),
    "",
    `3. The study "${report.pooled.study.title}", once on pooled rows, once from summaries that hold no row`,
    "",
    indent(studyTable(report)),
    "",
    `   ${formatNumber(report.modes.compared)} numbers compared before small cells are hidden; largest relative difference: ${report.modes.maxRelativeDifference}.`,
    "",
    "4. What left each site",
    "",
    indent(
      table(
        [
          "site",
          "submission",
          "rows",
          "study summary",
          "bytes",
          "values searched",
          "for identifiers",
          "found",
        ],
        report.sent.map((one, i) => [
          one.site,
          one.submission ?? "none",
          one.rows,
          one.summary,
          one.summaryBytes,
          nights[i]?.audit.values ?? 0,
          nights[i]?.audit.identifiers ?? 0,
          nights[i]?.audit.found.length ?? 0,
        ]),
      ),
    ),
    "",
    `   Every text that left, but the words of closed lists, was searched for every name, number, address and free text that was read: ${report.leaks} found.`,
    "",
    `Done in ${report.seconds.toFixed(1)} s. Look around:`,
    `  propool query ${folder}/hub --measure phq-9 --limit 5`,
    `  propool preview ${folder}/summit-health/export/survey.csv --site ${folder}/summit-health --only issues`,
    `  propool study run ${folder}/study.yaml --on ${folder}/river-clinic`,
    "",
  ].join("\n");
}

function ledgerRows({ nights }: DemoReport) {
  return nights.map((night) => {
    const { records } = night.ledgers;
    return [
      `${night.site} ${night.name}`,
      night.format,
      records.read,
      ...STATES.map((state) => records[state]),
    ];
  });
}

/** Mean and change of each measure, both ways side by side. */
function studyTable({ pooled, distributed }: DemoReport): string {
  const rows = pooled.outcomes.map(({ instrument, score }, i) => [
    `${instrument} ${score}`,
    value(pooled, i, "count", "people"),
    value(pooled, i, "moments", "mean"),
    value(distributed, i, "moments", "mean"),
    value(pooled, i, "change", "mean change"),
    value(distributed, i, "change", "mean change"),
    sitesSummed(distributed, i),
  ]);
  return table(
    [
      "measure",
      "people",
      "mean pooled",
      "mean summed",
      "change pooled",
      "change summed",
      "sites summed",
    ],
    rows,
  );
}

/** How many sites are in both summed numbers, and which hid theirs. */
function sitesSummed(distributed: StudyResults, outcome: number): string {
  const rows = ["mean", "mean change"].map((name) => rowOf(distributed, outcome, name));
  const hidden = [...new Set(rows.flatMap((row) => row?.suppressedAt ?? []))].sort();
  const all = `${distributed.sites.length}`;
  if (hidden.length === 0) return `all ${all}`;
  const changes = rows[1]?.suppressedAt ?? [];
  const what = rows[0]?.suppressedAt.length === 0 ? "change" : "numbers";
  return `${what} hidden at ${(changes.length > 0 ? changes : hidden).join(", ")}`;
}

function rowOf(results: StudyResults, outcome: number, estimate: string) {
  return results.outcomes[outcome]?.rows.find(
    (one) => one.stratum === "all" && one.estimate === estimate,
  );
}

function value(
  results: StudyResults,
  outcome: number,
  statistic: string,
  estimate: string,
): number | null {
  const row = results.outcomes[outcome]?.rows.find(
    (one) => one.stratum === "all" && one.statistic === statistic && one.estimate === estimate,
  );
  return row?.value ?? null;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** The same as one object, for programs. */
export function demoJson(report: DemoReport) {
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
