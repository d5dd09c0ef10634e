import type { ResultRow, StudyResults } from "../pipelines/study.ts";
import { textTable } from "./text-table.ts";

const DECIMALS = 4;

/** A study's results on one screen: every number with its people, its sites and whether it is exact; what is hidden as such. */
export function studyText(results: StudyResults): string {
  const { study, mode, sites, disclosure } = results;
  const from = mode === "pooled" ? "rows pooled from" : "summaries combined from";
  const head = [
    `${study.title} (${study.id}, ${study.sha256.slice(0, 12)})`,
    `${from} ${sites.length === 0 ? "no site" : sites.join(", ")}`,
    ...(disclosure
      ? [`disclosure profile ${disclosure.profile}: at least ${disclosure.minimumPeople} people`]
      : []),
  ];
  const outcomes = results.outcomes.map(({ instrument, score, scale, rows }) => {
    const title = `${instrument} ${score}: ${scale.range.join(" to ")} (${scale.scale}), higher is ${scale.direction}`;
    const lines = alignValues(onceEach(rows).map((row) => line(row, sites)));
    return `${title}\n\n${textTable(["stratum", "statistic", "estimate", "value", "n", "sites", "exact"], lines)}`;
  });
  return `${[head.join("\n"), ...outcomes].join("\n\n")}`;
}

/** A statistic that is hidden or not available as a whole takes one line. */
function onceEach(rows: readonly ResultRow[]): ResultRow[] {
  return rows.flatMap((row, index) => {
    if (row.state !== "suppressed" && row.state !== "unavailable") return [row];
    const before = rows[index - 1];
    const isFirst = before?.stratum !== row.stratum || before.statistic !== row.statistic;
    return isFirst ? [{ ...row, estimate: "" }] : [];
  });
}

const VALUE = 3;

/** Numbers end where the longest one ends; words begin at the left. */
function alignValues(lines: (string | number | null)[][]): (string | number | null)[][] {
  const isNumber = (value: unknown) => /^-?[\d.]+$/.test(String(value));
  const numbers = lines.map((cells) => String(cells[VALUE])).filter(isNumber);
  const width = Math.max(0, ...numbers.map(({ length }) => length));
  return lines.map((cells) =>
    isNumber(cells[VALUE]) ? cells.with(VALUE, String(cells[VALUE]).padStart(width)) : cells,
  );
}

function line(row: ResultRow, sites: readonly string[]): (string | number | null)[] {
  return [
    row.stratum,
    row.statistic,
    row.estimate,
    valueText(row),
    row.people,
    sitesText(row, sites),
    row.state === "shown" ? (row.exact ? "yes" : "no") : "",
  ];
}

function valueText({ state, value, between, note }: ResultRow): string {
  switch (state) {
    case "shown":
      return value === null ? "" : numberText(value);
    case "between":
      return between ? between.map(numberText).join(" to ") : "";
    case "undefined":
      return "not defined";
    case "suppressed":
      return "suppressed";
    case "unavailable":
      return `not available: ${note}`;
    default:
      return state satisfies never;
  }
}

function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(DECIMALS);
}

function sitesText({ sites, suppressedAt }: ResultRow, all: readonly string[]): string {
  const hidden = suppressedAt.length > 0 ? ` (suppressed at ${suppressedAt.join(", ")})` : "";
  if (sites.length === all.length && sites.length > 0) return `all ${all.length}`;
  return `${sites.join(", ") || "none"}${hidden}`;
}
