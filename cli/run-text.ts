import { whereText } from "../pipelines/core/errors.ts";
import type { Issue } from "../pipelines/core/issues.ts";
import { STATES } from "../pipelines/quality/ledger.ts";
import type { RunReport } from "../pipelines/run.ts";
import { leftOutCodesText } from "./left-out-codes-text.ts";
import { formatNumber, indent, table } from "./output.ts";

/** Why nothing left, and what to do where somebody waits for it. */
export const NOTHING_LEFT: Readonly<Record<NonNullable<RunReport["unsent"]>, string>> = {
  distributed: "distributed mode",
  "no hub key":
    "site.yaml has no hub_key, so nobody could open a submission: ask the hub for its key, or write mode: distributed if none is to be sent",
  "nothing new": "nothing is new since the last submission",
  "dry run": "a dry run",
};

/** The night of one site on one screen: where every record went, why, and what left. */
export function ledgerText(report: RunReport): string {
  const { site, name, format, ledgers, issues, checks, submission, audit } = report;
  const states = STATES.map((state) => state.replaceAll("_", " "));
  const rows = (["records", "answers"] as const).map((level) => [
    level,
    ledgers[level].read,
    ...STATES.map((state) => ledgers[level][state]),
  ]);
  const left = submission
    ? `left: submission ${submission.name} with ${formatNumber(total(submission.rows))} rows`
    : `left: nothing (${report.unsent ? NOTHING_LEFT[report.unsent] : "nothing new"})`;
  const proof = `searched ${formatNumber(audit.values)} different values for ${formatNumber(audit.identifiers)} identifiers and free texts: ${audit.found.length} found`;
  return [
    `${site} ${name} (${format})`,
    indent(table(["", "read", ...states], rows)),
    ...leftOutText(report),
    ...codesText(report),
    ...notReadText(report),
    ...(issues.length > 0 ? ["", indent(issueText(issues))] : []),
    "",
    `  checks: ${checks.failed} required ones fail, ${checks.investigate} to investigate, ${checks["not evaluated"]} not evaluated; propool report shows them`,
    `  ${left}`,
    ...brokerText(report),
    `  ${proof}`,
    "",
  ].join("\n");
}

function codesText({ leftOut }: RunReport): string[] {
  const lines = leftOutCodesText(leftOut);
  return lines.length > 0 ? ["", ...lines.map((line) => `  ${line}`)] : [];
}

/** Files of the export folder that no record was looked for in: a delivery in another format would be missed without a word. */
function notReadText({ files, format }: RunReport): string[] {
  const { ignored } = files;
  if (ignored.length === 0) return [];
  const names = `${ignored.slice(0, 3).join(", ")}${ignored.length > 3 ? " …" : ""}`;
  return [
    "",
    `  not read, of another format than ${format}: ${formatNumber(ignored.length)} ${ignored.length === 1 ? "file" : "files"} (${names})`,
  ];
}

function brokerText({ site, broker }: RunReport): string[] {
  if (!broker) return [];
  const { people, without, warning } = broker;
  return [
    `  for the linkage broker: broker/${site}-clk.csv.age with Bloom filters of ${formatNumber(people)} people; ${formatNumber(without)} have none (a part is missing or a dummy)`,
    `  warning: ${warning}`,
  ];
}

/** The records that did not load for a reason that no issue tells, most frequent first. */
function leftOutText({ lines, issues }: RunReport): string[] {
  const told = new Set(issues.map(({ code }) => code));
  const rows = lines
    .filter(
      ({ level, state, reason }) =>
        level === "record" && state !== "loaded" && !told.has(reason ?? ""),
    )
    .sort((a, b) => b.count - a.count)
    .map(({ kind, state, count, message }) => [
      kind,
      state.replaceAll("_", " "),
      count,
      message ?? "",
    ]);
  return rows.length > 0 ? ["", indent(table(["left out", "state", "count", "why"], rows))] : [];
}

export function issueText(issues: readonly Issue[]): string {
  return table(
    ["issue", "count", "what", "first place"],
    issues.map((issue) => [
      issue.code,
      issue.count,
      issue.message,
      whereText(issue.examples[0] ?? {}),
    ]),
  );
}

function total(rows: Record<string, number>): number {
  return Object.values(rows).reduce((sum, n) => sum + n, 0);
}
