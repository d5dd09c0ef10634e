import { link, text } from "@observablehq/plot";
import { count, countOf, dataTable, figure, type Html, html } from "../../page/index.ts";
import type { ReportInput } from "./data.ts";

const STATES: readonly [state: string, word: string, color: string][] = [
  ["loaded", "loaded", "var(--c3)"],
  ["duplicate", "duplicate", "var(--c5)"],
  ["superseded", "superseded", "var(--c5)"],
  ["out_of_scope", "out of scope", "var(--c1)"],
  ["quarantined", "quarantined", "var(--c2)"],
  ["withdrawn", "withdrawn", "var(--c4)"],
];

/** Reasons that the table names. */
const REASONS_MAX = 20;

/** Where every record and every answer of the last night ended, as a flow and with the reasons. */
export function ledgerSection({ refreshes, reasons }: ReportInput): Html {
  const [latest] = refreshes;
  if (!latest?.ledgers) return html``;
  const why = latest.lines
    .filter(({ state }) => state !== "loaded")
    .toSorted((a, b) => b.count - a.count)
    .slice(0, REASONS_MAX);
  return html`<section><h2 id="ledger">Where everything ended</h2>
<p>Every record and every answer that was read ends in exactly one state; the sums equal what was read.</p>
<div class="charts">${flow("records", latest.ledgers.records)}${flow("answers", latest.ledgers.answers)}</div>
${dataTable({
  caption: "Reasons for everything that was not loaded",
  columns: ["what", "state", "reason", { name: "count", numeric: true }, "what to do"],
  rows: why.map(({ level, kind, state, reason, count: n }) => [
    `${level === "record" ? "record" : "answer"}: ${kind}`,
    state.replaceAll("_", " "),
    reasons[reason ?? ""]?.message ?? reason ?? "",
    count(n),
    reasons[reason ?? ""]?.hint ?? "",
  ]),
  empty: "Everything that was read was loaded.",
})}</section>`;
}

/** Height of all that was read, in pixels. */
const FULL = 120;

function flow(level: "records" | "answers", ledger: Readonly<Record<string, number>>): Html {
  const read = ledger.read ?? 0;
  let from = 20;
  let to = 14;
  const bands = STATES.map(([state, word, color]) => {
    const n = ledger[state] ?? 0;
    const width = read > 0 ? (n / read) * FULL : 0;
    const band = {
      word,
      color,
      n,
      width: n > 0 ? Math.max(1.5, width) : 0,
      from: from + width / 2,
      to: to + Math.max(width, 14) / 2,
    };
    from += width;
    to += Math.max(width, 14) + 8;
    return band;
  }).filter(({ n }) => n > 0);
  return figure({
    id: `flow-${level}`,
    title: `${count(read)} ${level}`,
    description: bands.map(({ word, n }) => `${countOf(n, read)} ${word}`).join(", "),
    plot: {
      height: 250,
      width: 480,
      margin: 0,
      marginBottom: 0,
      x: { domain: [0, 480], range: [0, 480], axis: null },
      y: { domain: [0, 250], range: [0, 250], axis: null },
      marks: [
        text([{ x: 4, y: 20 + FULL / 2 }], {
          x: "x",
          y: "y",
          text: () => "read",
          textAnchor: "start",
          fill: "currentColor",
        }),
        ...bands.map((band) =>
          link([band], {
            x1: 44,
            x2: 250,
            y1: "from",
            y2: "to",
            curve: "bump-x",
            stroke: band.color,
            strokeWidth: band.width,
            strokeOpacity: 0.75,
            strokeLinecap: "butt",
          }),
        ),
        text(bands, {
          x: 258,
          y: "to",
          text: ({ word, n }) => `${word}: ${count(n)}`,
          textAnchor: "start",
          fill: "currentColor",
        }),
      ],
    },
    table: {
      caption: `States of ${level}`,
      columns: ["state", { name: "count", numeric: true }],
      rows: STATES.map(([state, word]) => [word, count(ledger[state] ?? 0)]),
    },
  });
}
