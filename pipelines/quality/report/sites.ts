import { dot, lineY, ruleY, text } from "@observablehq/plot";
import { count, dataTable, decimal, figure, type Html, html } from "../../page/index.ts";
import { tally } from "../judge.ts";
import type { ReportData, ReportInput, ScoreData } from "./data.ts";
import { counted } from "./first-screen.ts";

/** Sites side by side: what each delivered, how many findings, and how far its means lie from the others. */
export function sitesSection(input: ReportInput, data: ReportData): Html {
  if (input.kind !== "hub") return html``;
  const people = input.guard(data.bySite.map((site) => site.people));
  const few = (i: number, n: number) => (people[i] === null ? "few" : count(n));
  return html`<section><h2 id="sites">Sites</h2>
${dataTable({
  caption: "What each site delivered, and its checks",
  columns: [
    "site",
    "name",
    { name: "people", numeric: true },
    { name: "questionnaires", numeric: true },
    { name: "answers", numeric: true },
    "checks",
  ],
  rows: data.bySite.map((site, i) => {
    const counts = tally(input.verdicts.filter((one) => one.site === site.site));
    return [
      site.site,
      site.name ?? "nothing delivered yet",
      few(i, site.people),
      few(i, site.administrations),
      few(i, site.answers),
      (["failed", "investigate", "not evaluated"] as const).map((status) =>
        counted(status, counts[status]),
      ),
    ];
  }),
})}
<div class="charts">${data.scores.map((one) => funnel(one, input.isShared))}</div></section>`;
}

/** Control limits of a site's mean: the mean of all, plus and minus z standard errors of a site of that size. */
const LIMITS = [
  { z: 1.96, label: "95 %" },
  { z: 3.09, label: "99.8 %" },
] as const;

function funnel(one: ScoreData, isShared: boolean): Html {
  const sites = one.sites.filter(({ n }) => n >= (isShared ? 11 : 2));
  if (sites.length < 2) return html``;
  const n = sites.reduce((sum, site) => sum + site.n, 0);
  const mean = sites.reduce((sum, site) => sum + site.n * site.mean, 0) / n;
  // Spread of single people inside sites, pooled.
  const within = sites.reduce((sum, site) => sum + (site.n - 1) * (site.sd ?? 0) ** 2, 0);
  const sd = Math.sqrt(within / Math.max(1, n - sites.length));
  const most = Math.max(...sites.map((site) => site.n)) * 1.15;
  const sizes = Array.from({ length: 40 }, (_, i) => Math.max(5, (most * (i + 1)) / 40));
  const limits = LIMITS.flatMap(({ z, label }) =>
    [-z, z].flatMap((side) =>
      sizes.map((size) => ({
        size,
        limit: mean + (side * sd) / Math.sqrt(size),
        line: `${label} ${side}`,
      })),
    ),
  );
  const outside = sites.filter(
    (site) => Math.abs(site.mean - mean) > (3.09 * sd) / Math.sqrt(site.n),
  );
  const title = `${one.instrument.id.toUpperCase()} ${one.score.id.replaceAll("_", " ")}: sites`;
  return figure({
    id: `funnel-${one.instrument.id}-${one.score.id}`,
    title,
    lead: `Each dot a site. Outside the outer lines chance alone does not explain the mean: other patients, or another coding.`,
    description: `Funnel plot of ${sites.length} sites around the mean ${decimal(mean, 1)}. Outside the 99.8 % limits: ${outside.map(({ site }) => site).join(", ") || "none"}.`,
    legend: [
      { label: "site", color: "var(--c1)" },
      { label: "95 % (dashed) and 99.8 % limits", color: "var(--c5)" },
    ],
    plot: {
      height: 260,
      width: 520,
      x: { label: "scores of the site →", domain: [0, most], tickFormat: "~s" },
      y: { label: "↑ mean", grid: true, nice: true, zero: false },
      marks: [
        ruleY([mean], { stroke: "currentColor", strokeOpacity: 0.6 }),
        lineY(
          limits.filter(({ line }) => line.startsWith("95")),
          {
            x: "size",
            y: "limit",
            z: "line",
            stroke: "var(--c5)",
            strokeDasharray: "4 3",
          },
        ),
        lineY(
          limits.filter(({ line }) => line.startsWith("99")),
          { x: "size", y: "limit", z: "line", stroke: "var(--c5)" },
        ),
        dot(sites, { x: "n", y: "mean", r: 5, fill: "var(--c1)" }),
        text(sites, {
          x: "n",
          y: "mean",
          dy: -12,
          text: "site",
          fill: "currentColor",
          stroke: "var(--paper)",
        }),
      ],
    },
    table: {
      caption: title,
      columns: [
        "site",
        { name: "scores", numeric: true },
        { name: "mean", numeric: true },
        { name: "SD", numeric: true },
      ],
      rows: sites.map((site) => [
        site.site,
        count(site.n),
        decimal(site.mean, 1),
        site.sd === null ? "" : decimal(site.sd, 1),
      ]),
    },
  });
}
