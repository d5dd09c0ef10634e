import type { ModelResult, ResultRow, SiteComparison, StudyResults } from "../pipelines/study.ts";
import { textTable } from "./text-table.ts";

const DECIMALS = 4;

type Line = (string | number | null)[];

/** A study's results on the terminal: every number with its interval, people, sites and whether it is exact; what is hidden as such. */
export function studyText(results: StudyResults): string {
  const { study, mode, sites, missing, disclosure } = results;
  const from = mode === "pooled" ? "rows pooled from" : "summaries combined from";
  const head = [
    `${study.title} (${study.id}, ${study.sha256.slice(0, 12)})`,
    `${from} ${sites.length === 0 ? "no site" : sites.join(", ")}`,
    ...missing.map(({ site, reason }) => `not in: ${site}, ${reason}`),
    ...(disclosure
      ? [`disclosure profile ${disclosure.profile}: at least ${disclosure.minimumPeople} people`]
      : []),
  ];
  const outcomes = results.outcomes.map(({ instrument, score, scale, ...of }) => {
    const title = `${instrument} ${score}: ${scale.range.join(" to ")} (${scale.scale}), higher is ${scale.direction}`;
    const lacking = of.lacking.map(
      ({ site, fields }) => `not available at ${site}: it has no ${fields.join(", no ")}`,
    );
    const lines = alignValues(onceEach(of.rows).map((row) => line(row, sites)));
    return [
      [
        title,
        ...of.flags.map((flag) => `${flag} scores count, as the study says`),
        ...lacking,
      ].join("\n"),
      textTable(HEADER, lines).trimEnd(),
      ...of.comparisons.map(comparisonText),
      ...of.models.map((model) => modelText(model, sites)),
    ].join("\n\n");
  });
  return `${[head.join("\n"), ...outcomes].join("\n\n")}\n`;
}

const HEADER = [
  "stratum",
  "statistic",
  "estimate",
  "value",
  "95 % interval",
  "n",
  "sites",
  "exact",
];

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
function alignValues(lines: Line[]): Line[] {
  const isNumber = (value: unknown) => /^-?[\d.]+$/.test(String(value));
  const numbers = lines.map((cells) => String(cells[VALUE])).filter(isNumber);
  const width = Math.max(0, ...numbers.map(({ length }) => length));
  return lines.map((cells) =>
    isNumber(cells[VALUE]) ? cells.with(VALUE, String(cells[VALUE]).padStart(width)) : cells,
  );
}

function line(row: ResultRow, sites: readonly string[]): Line {
  return [
    row.stratum,
    row.statistic,
    row.estimate,
    valueText(row),
    row.interval ? row.interval.map(numberText).join(" to ") : "",
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
      return note ? `suppressed: ${note}` : "suppressed";
    case "unavailable":
      return note ? `not available: ${note}` : "not available";
    case "refused":
      return `refused: ${note}`;
    default:
      return state satisfies never;
  }
}

function numberText(value: number): string {
  if (Number.isInteger(value)) return String(value);
  // A p of 1e-7 is not 0.0000.
  return Math.abs(value) < 0.0001 ? value.toExponential(2) : value.toFixed(DECIMALS);
}

function sitesText(
  {
    sites,
    suppressedAt,
    unavailableAt,
  }: Pick<ResultRow, "sites" | "suppressedAt" | "unavailableAt">,
  all: readonly string[],
): string {
  const hidden = [
    ...(suppressedAt.length > 0 ? [`suppressed at ${suppressedAt.join(", ")}`] : []),
    ...(unavailableAt.length > 0 ? [`not available at ${unavailableAt.join(", ")}`] : []),
  ];
  const isAll = sites.length === all.length && sites.length > 0;
  const names = isAll ? `all ${all.length}` : sites.join(", ") || "none";
  return hidden.length > 0 ? `${names} (${hidden.join("; ")})` : names;
}

function comparisonText({
  estimate,
  scale,
  sites,
  without,
  meta,
  refused,
}: SiteComparison): string {
  const unit = scale === "logit" ? ", as log odds" : "";
  const rows: Line[] = sites.map(({ site, value, se, people }) => [
    site,
    numberText(value),
    numberText(se),
    people,
  ]);
  const table = textTable(["site", estimate, "se", "n"], rows).trimEnd();
  const together = meta
    ? [
        `random effects (REML, modified Hartung-Knapp): ${numberText(meta.reml.estimate)}, ${meta.reml.hartungKnapp.interval.map(numberText).join(" to ")}`,
        `between sites: tau² ${numberText(meta.reml.tau2)}, I² ${numberText(100 * (meta.i2 ?? 0))} %, Q ${numberText(meta.q)} (df ${meta.df}, p ${numberText(meta.qP ?? 1)})`,
        ...(sites.length < 5
          ? ["fewer than 5 sites: tau² is barely estimable, no prediction interval is shown"]
          : [`prediction interval: ${meta.reml.prediction?.map(numberText).join(" to ")}`]),
      ]
    : [`refused: ${refused}`];
  const hidden = without.length > 0 ? [`not in: ${without.join(", ")}`] : [];
  return [`sites compared by ${estimate}${unit}`, table, ...together, ...hidden].join("\n");
}

function modelText(model: ModelResult, sites: readonly string[]): string {
  const title = `model ${model.id}: ${model.kind} regression of ${model.response}, site effects ${model.siteEffects}; ${sitesText(model, sites)}`;
  if (!model.fit) return `${title}\n${model.state}: ${model.note}`;
  const rows: Line[] = model.fit.coefficients.map(({ name, value, se, interval, p }) => [
    name,
    numberText(value),
    se === null ? "" : numberText(se),
    interval ? interval.map(numberText).join(" to ") : "",
    p === null ? "" : numberText(p),
  ]);
  const facts = model.fit.facts
    .filter(({ value }) => value !== null)
    .map(({ name, value }) => `${name} ${numberText(value ?? 0)}`);
  const equals = {
    exact: "equals the pooled fit to the last bit",
    "1e-10": `equals the pooled fit to 1e-10 (${model.rounds} rounds)`,
    approximate: "approximate: one exchange",
  }[model.exactness];
  return [
    title,
    textTable(["column", "coefficient", "se", "95 % interval", "p"], rows).trimEnd(),
    [`n ${model.fit.n}`, ...facts, equals].join("; "),
    ...(model.note ? [model.note] : []),
  ].join("\n");
}
