import { cell, text } from "@observablehq/plot";
import {
  count,
  countOf,
  dataTable,
  figure,
  type Html,
  html,
  percent,
  shadeOf,
} from "../../page/index.ts";
import type { ReportData, ReportInput } from "./data.ts";

/** How much of what was answered has a meaning here, and which codes have none. */
export function coverageSection(input: ReportInput): Html {
  const [latest] = input.refreshes;
  if (!latest?.ledgers) return html``;
  const answers = latest.lines.filter(({ level }) => level === "answer");
  const sum = (reason: string) =>
    answers.filter((one) => one.reason === reason).reduce((all, { count: n }) => all + n, 0);
  const read = latest.ledgers.answers.read ?? 0;
  const unmapped = sum("MAPPING_UNMAPPED_CODE");
  const unknown = sum("MAPPING_INSTRUMENT_UNKNOWN");
  return html`<section><h2 id="coverage">Mapping coverage</h2>
<p>${countOf(read - unmapped - unknown, read)} of the answers that were read stand under a code that the mapping knows;
${countOf(unmapped, read)} under a code that nobody has mapped, ${countOf(unknown, read)} in a questionnaire that the catalogue does not know.</p>
${
  input.isShared
    ? ""
    : dataTable({
        caption: "The most frequent codes without a meaning",
        columns: ["code", "code system", "in", { name: "answers", numeric: true }],
        rows: latest.unmapped.map(({ code, system, instrument, file, count: n }) => [
          html`<code>${code}</code>`,
          system ?? "",
          file !== undefined
            ? `${file}, out of scope: propool suggest drafts what it may be`
            : (instrument ?? "a questionnaire that is not known"),
          count(n),
        ]),
        empty: "Every code has a meaning.",
      })
}</section>`;
}

/** Months that the heat map shows. */
const MONTHS_MAX = 24;

/** Share of complete questionnaires by measure and month. */
export function completenessSection(
  { instruments, guard, isShared }: ReportInput,
  data: ReportData,
): Html {
  const last = [...new Set(data.months.map(({ month }) => month))].sort().slice(-MONTHS_MAX);
  const shown = data.months.filter(({ month }) => last.includes(month));
  const safe = guard(shown.map(({ n }) => n));
  const part = guard(shown.map(({ n, complete }) => Math.min(n - complete, complete) || n));
  const cells = shown.flatMap(({ instrument, month, n, complete }, i) =>
    safe[i] === null || part[i] === null
      ? []
      : [
          {
            name: nameOf(instruments, instrument),
            month,
            n,
            complete,
            share: n > 0 ? complete / n : 0,
          },
        ],
  );
  if (cells.length === 0) return html``;
  const names = [...new Set(cells.map(({ name }) => name))].sort();
  const worst = cells.reduce((a, b) => (a.share <= b.share ? a : b));
  return html`<section><h2 id="completeness">Completeness</h2>${figure({
    id: "complete",
    title: "Complete questionnaires by measure and month",
    lead: `${data.isBlurred ? "Dates are moved by up to a year for each person, so that months are blurred here; the sites' own reports show the real ones. " : ""}Each cell: share of complete ones in percent.${isShared ? " Cells with few people are left out." : ""}`,
    description: `${names.length} measures over ${last.length} months, ${last[0]} to ${last.at(-1)}. Lowest: ${worst.name} in ${worst.month}, ${countOf(worst.complete, worst.n)}.`,
    plot: {
      height: 70 + names.length * 30,
      marginLeft: 170,
      marginBottom: 52,
      x: { type: "band", label: null, tickRotate: -45, domain: last },
      y: { type: "band", label: null, domain: names },
      marks: [
        cell(cells, {
          x: "month",
          y: "name",
          inset: 0.5,
          fill: ({ share }) => shadeOf(share).fill,
        }),
        text(cells, {
          x: "month",
          y: "name",
          fontSize: 10,
          fill: ({ share }) => shadeOf(share).text,
          text: ({ share }) => String(Math.floor(100 * share)),
        }),
      ],
    },
    table: {
      caption: "Complete questionnaires by measure and month",
      columns: ["measure", "month", { name: "complete", numeric: true }],
      rows: cells.map(({ name, month, n, complete }) => [name, month, countOf(complete, n)]),
    },
  })}
<p class="soft">${percent(1)} means that every item was answered, or left out by branching.</p></section>`;
}

export function nameOf(instruments: ReportInput["instruments"], id: string): string {
  return instruments.find((one) => one.id === id)?.id.toUpperCase() ?? id;
}
