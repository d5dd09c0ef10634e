import { barX, dot, link } from "@observablehq/plot";
import { COLORS, countOf, figure, type Html, html, percent } from "../../page/index.ts";
import { nameOf } from "./coverage.ts";
import type { Guard, ReportData, ReportInput } from "./data.ts";

const METHODS: Record<string, string> = {
  EC: "electronic",
  PA: "paper",
  PH: "telephone",
  IV: "interactive voice",
  OT: "other",
  NI: "not known",
  UN: "not known",
};

const MODES: Record<string, string> = {
  SF: "self",
  SA: "self, with help",
  PR: "proxy",
  PA: "proxy, with help",
  OT: "other",
  NI: "not known",
  UN: "not known",
};

/** How answers were collected, where these facts come from, and which way of asking gets answers. */
export function collectionSection(input: ReportInput, data: ReportData): Html {
  const { instruments, guard } = input;
  const words = (rows: ReportData["methods"], labels: Record<string, string>) =>
    rows.map(({ instrument, code, n }) => ({
      row: nameOf(instruments, instrument),
      part: labels[code] ?? code,
      n,
    }));
  return html`<section><h2 id="collection">How answers were collected</h2><div class="charts">
${shares({ id: "methods", title: "Method", what: "measure", parts: words(data.methods, METHODS), guard })}
${shares({ id: "modes", title: "Who answered", what: "measure", parts: words(data.modes, MODES), guard })}
${shares({
  id: "origins",
  title: "Where these facts come from",
  what: "fact",
  order: ["stated", "derived", "assumed", "unknown"],
  parts: data.origins.map(({ fact, origin, n }) => ({ row: fact, part: origin, n })),
  guard,
})}
</div>
<div class="charts">
${rates({ id: "completion", title: "Completed, by way of asking", lead: "Of the questionnaires that arrived, those with every item. Lines: 95 % confidence (Wilson).", rows: data.completion.map(({ channel, n, complete }) => ({ name: channel, n: complete, total: n })), guard })}
${
  data.response.length > 0
    ? rates({
        id: "response",
        title: "Answered, by way of asking",
        lead: "Of everything that was asked for, what got an answer. Lines: 95 % confidence (Wilson).",
        rows: data.response.map(({ channel, asked, answered }) => ({
          name: channel,
          n: answered,
          total: asked,
        })),
        guard,
      })
    : html`<p class="empty">No requests were delivered, so that nobody can tell how many were asked: response rates are not evaluated.</p>`
}</div></section>`;
}

interface Shares {
  id: string;
  title: string;
  what: string;
  order?: readonly string[];
  parts: readonly { row: string; part: string; n: number }[];
  guard: Guard;
}

/** Stacked bars of 100 % each. */
function shares({ id, title, what, order, parts, guard }: Shares): Html {
  const merged = new Map<string, { row: string; part: string; n: number }>();
  for (const one of parts) {
    const key = `${one.row}|${one.part}`;
    merged.set(key, { ...one, n: (merged.get(key)?.n ?? 0) + one.n });
  }
  const rows = [...new Set(parts.map(({ row }) => row))];
  const bars = rows.flatMap((row) => {
    const own = [...merged.values()].filter((one) => one.row === row && one.n > 0);
    const total = own.reduce((sum, { n }) => sum + n, 0);
    const safe = guard(own.map(({ n }) => n));
    return own.flatMap((one, i) =>
      safe[i] === null ? [] : [{ ...one, total, share: one.n / total }],
    );
  });
  if (bars.length === 0) return html``;
  const names = order ?? ranked(bars);
  const color = (part: string) => COLORS[names.indexOf(part) % COLORS.length] ?? "currentColor";
  return figure({
    id,
    title,
    description: rows
      .map(
        (row) =>
          `${row}: ${bars
            .filter((bar) => bar.row === row)
            .map((bar) => `${bar.part} ${percent(bar.share)}`)
            .join(", ")}`,
      )
      .join("; "),
    legend: names
      .filter((name) => bars.some(({ part }) => part === name))
      .map((name) => ({ label: name, color: color(name) })),
    plot: {
      width: 480,
      height: 50 + rows.length * 24,
      marginLeft: 130,
      x: { percent: true, label: "percent →", domain: [0, 100] },
      y: { type: "band", label: null, domain: rows },
      marks: [
        barX(bars, {
          x: "share",
          y: "row",
          fill: ({ part }) => color(part),
          order: ({ part }: { part: string }) => names.indexOf(part),
          insetTop: 1,
          insetBottom: 1,
          stroke: "var(--paper)",
          strokeWidth: 1,
        }),
      ],
    },
    table: {
      caption: title,
      columns: [what, "which", { name: "questionnaires", numeric: true }],
      rows: bars.map(({ row, part, n, total }) => [row, part, countOf(n, total)]),
    },
  });
}

/** The most frequent part first, what is not known last. */
function ranked(bars: readonly { part: string; n: number }[]): string[] {
  const sums = new Map<string, number>();
  for (const { part, n } of bars) sums.set(part, (sums.get(part) ?? 0) + n);
  const weight = (part: string) => (part === "not known" ? -1 : (sums.get(part) ?? 0));
  return [...sums.keys()].toSorted((a, b) => weight(b) - weight(a));
}

interface Rates {
  id: string;
  title: string;
  lead: string;
  rows: readonly { name: string; n: number; total: number }[];
  guard: Guard;
}

function rates({ id, title, lead, rows, guard }: Rates): Html {
  const safe = guard(rows.flatMap(({ n, total }) => [n, total - n]));
  const points = rows
    .filter((_, i) => safe[2 * i] !== null && safe[2 * i + 1] !== null)
    .map((row) => ({ ...row, share: row.n / row.total, ...wilson(row.n, row.total) }));
  if (points.length === 0) return html``;
  return figure({
    id,
    title,
    lead,
    description: points.map(({ name, n, total }) => `${name}: ${countOf(n, total)}`).join("; "),
    plot: {
      width: 480,
      height: 60 + points.length * 26,
      marginLeft: 130,
      x: { percent: true, label: "percent →", domain: [0, 100], grid: true },
      y: { type: "band", label: null, domain: points.map(({ name }) => name) },
      marks: [
        link(points, {
          x1: "low",
          x2: "high",
          y1: "name",
          y2: "name",
          stroke: "var(--c1)",
          strokeWidth: 2,
        }),
        dot(points, { x: "share", y: "name", fill: "var(--c1)", r: 4 }),
      ],
    },
    table: {
      caption: title,
      columns: ["way of asking", { name: "of those", numeric: true }],
      rows: points.map(({ name, n, total }) => [name, countOf(n, total)]),
    },
  });
}

/** Source: Wilson 1927; z = 1.96. */
function wilson(n: number, total: number): { low: number; high: number } {
  const z = 1.96;
  const p = n / total;
  const center = (p + (z * z) / (2 * total)) / (1 + (z * z) / total);
  const half =
    (z / (1 + (z * z) / total)) * Math.sqrt((p * (1 - p)) / total + (z * z) / (4 * total * total));
  return { low: Math.max(0, center - half), high: Math.min(1, center + half) };
}
