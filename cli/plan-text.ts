import type { MappingChange } from "../pipelines/plan/changes.ts";
import type { Plan } from "../pipelines/plan.ts";
import { leftOutCodesText } from "./left-out-codes-text.ts";
import { formatNumber, indent, table } from "./output.ts";

/** A plan for people: what was edited, what that does, what to do next. */
export function planText(plan: Plan, directory: string): string {
  const { site, applied, tables, patients, hasNewFiles } = plan;
  const rows = tables.reduce(
    (sum, { added, changed, removed }) => sum + added + changed + removed,
    0,
  );
  const lines = [
    `${site}: ${mappingLine(plan)}`,
    ...(plan.isFirst ? [] : changeLines(plan.mapping)),
    ...approvalLines(plan),
    "",
    rows === 0
      ? "No row of the store changes."
      : `${formatNumber(patients)} ${patients === 1 ? "person" : "people"} touched; rows that ${applied ? "were" : "would be"} added, changed, removed:`,
  ];
  if (tables.length > 0) {
    const cells = tables.map(({ table: name, added, changed, removed }) => [
      name.toUpperCase(),
      added,
      changed,
      removed,
    ]);
    lines.push("", indent(table(["table", "added", "changed", "removed"], cells)));
  }
  if (plan.scores.length > 0) lines.push("", "Scores:", "", indent(scoreTable(plan)));
  if (plan.issues.length > 0)
    lines.push(
      "",
      `Issues that ${applied ? "are now" : "would be"} more or fewer:`,
      "",
      indent(issueTable(plan)),
    );
  if (plan.studies.length > 0) {
    lines.push("", "Studies:", "");
    for (const { study, numbers, moved } of plan.studies) {
      lines.push(
        `   ${study}: ${moved === 0 ? "none" : formatNumber(moved)} of ${formatNumber(numbers)} numbers ${applied ? "moved" : "would move"}`,
      );
    }
  }
  const codes = leftOutCodesText(plan.leftOut);
  if (codes.length > 0) lines.push("", ...codes);
  if (hasNewFiles) {
    lines.push(
      "",
      "The export holds files that no night has read: part of this comes from them. propool run first, to see the mapping's part alone.",
    );
  }
  lines.push("", nextStep(plan, directory));
  return lines.join("\n");
}

function mappingLine({ mapping, isFirst }: Plan): string {
  if (isFirst)
    return "a first plan. No mapping was applied here before, so all that it loads is new; after a first night a plan shows what an edit changes.";
  if (mapping.length === 0) return "the mapping is as it was applied last";
  return `the mapping says ${mapping.length} ${mapping.length === 1 ? "thing" : "things"} otherwise than when it was applied last`;
}

const SHOWN = 20;

function changeLines(changes: readonly MappingChange[]): string[] {
  const lines = changes.slice(0, SHOWN).map(({ file, pointer, before, after }) => {
    const what =
      before === null
        ? `${after}, new`
        : after === null
          ? `${before} is gone`
          : `${before} -> ${after}`;
    return `   ${file} ${pointer}: ${what}`;
  });
  if (changes.length > SHOWN) lines.push(`   and ${changes.length - SHOWN} more`);
  return lines;
}

function approvalLines({ approval }: Plan): string[] {
  if (!approval) return ["Nobody has approved this mapping yet (--reviewed NAME writes who does)."];
  const { name, date, since } = approval;
  if (since.length === 0) return [`Approved by ${name} on ${date}; nothing has changed since.`];
  return [`Approved by ${name} on ${date}; to be looked at again:`, ...changeLines(since)];
}

function scoreTable({ scores }: Plan): string {
  return table(
    ["measure", "before", "after", "moved", "mean shift", "largest shift"],
    scores.map((one) => [
      `${one.instrument} ${one.score}`,
      one.before,
      one.after,
      one.moved,
      one.meanShift,
      one.moved > 0 ? one.largestShift : null,
    ]),
  );
}

function issueTable({ issues }: Plan): string {
  return table(
    ["issue", "before", "after", "what it is"],
    issues.map(({ code, message, before, after }) => [code, before, after, message]),
  );
}

function nextStep({ applied, isFirst, tables }: Plan, directory: string): string {
  if (applied && isFirst)
    return `Done. From now on propool run ${directory} is the nightly command.`;
  if (applied) return `Done. propool plan ${directory} --undo goes back one step.`;
  if (isFirst)
    return `Nothing was changed yet. Look at the answers with propool preview, then propool run ${directory} loads them; --reviewed NAME writes who approved the mapping.`;
  if (tables.length === 0) return "Nothing was changed.";
  return `Nothing was changed yet. propool plan ${directory} --apply does it.`;
}
