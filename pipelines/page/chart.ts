// Observable Plot (ISC, Observable's own charting library) turns rows into SVG; it runs here, not in the reader's browser.
import { type Markish, type PlotOptions, plot } from "@observablehq/plot";
// linkedom (ISC) is the smallest DOM in which Plot runs: 3 MB, where jsdom is ten times that.
import { parseHTML } from "linkedom";
import { Html, html } from "./html.ts";
import { dataTable, type Table } from "./table.ts";

export interface Chart {
  /** Unique in the page: letters, digits and hyphens. */
  id: string;
  title: string;
  /** One or two sentences with what the chart shows, for those who cannot see it. */
  description: string;
  /** A sentence beneath the title, for everybody. */
  lead?: string;
  /** What stands for what, where colour tells; symbols and words say it too. */
  legend?: readonly { label: string; color: string }[];
  /** Marks and scales of Plot. Colours are the page's own: see `COLORS`. */
  plot: PlotOptions & { marks: Markish[] };
  /** The same numbers as rows. */
  table: Table;
}

/**
 * The page's colours: they differ in lightness too, so that they stay apart for the colour-blind and in grey print.
 * Source: Okabe and Ito, Color Universal Design (2008); the dark variants are lighter shades of the same hues.
 */
export const COLORS = [
  "var(--c1)",
  "var(--c2)",
  "var(--c3)",
  "var(--c4)",
  "var(--c5)",
  "var(--c6)",
];

/** Five shades of one hue, from little to much, with the colour of a text that stands on each. */
export const SHADES = [1, 2, 3, 4, 5].map((step) => ({
  fill: `var(--h${step})`,
  text: `var(--ht${step})`,
}));

/** The shade of a share from 0 to 1. */
export function shadeOf(share: number): (typeof SHADES)[number] {
  const step = Math.min(SHADES.length - 1, Math.max(0, Math.floor(share * SHADES.length)));
  return SHADES[step] ?? { fill: "none", text: "currentColor" };
}

/** A chart as inline SVG with title and description, its legend, and a table of the same numbers beneath. */
export function figure({ id, title, description, lead, legend = [], ...chart }: Chart): Html {
  return html`<figure class="chart" id="${id}">
<figcaption><h3>${title}</h3>${lead ? html`<p>${lead}</p>` : ""}</figcaption>
${legend.length > 0 ? legendOf(legend) : ""}
${svg(chart.plot, { id, title, description })}
<details><summary>The numbers behind: ${title}</summary>${dataTable({ isCaptionHidden: true, ...chart.table })}</details>
</figure>`;
}

function legendOf(legend: readonly { label: string; color: string }[]): Html {
  return html`<ul class="legend">${legend.map(
    ({ label, color }) =>
      html`<li><svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" rx="2" fill="${color}"/></svg> ${label}</li>`,
  )}</ul>`;
}

/** Plot's own SVG with the names that assistive technology reads. */
export function svg(
  options: PlotOptions,
  { id, title, description }: { id: string; title: string; description: string },
): Html {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const drawn = plot({ width: 720, marginBottom: 40, className: "plot", ...options, document });
  // With a legend of its own, Plot would return a figure around the SVG; the page has its own legends.
  const element = drawn.tagName.toLowerCase() === "svg" ? drawn : drawn.querySelector("svg");
  if (!element) throw new TypeError(`the chart ${id} has no SVG`);
  element.querySelector("style")?.remove();
  const inner = element.innerHTML
    .replaceAll(/-?\d+\.\d{3,}/g, (digits: string) =>
      String(Math.round(Number(digits) * 100) / 100),
    )
    // Inside an image there are no parts with names of their own.
    .replaceAll(/ aria-(label|hidden|description)="[^"]*"/g, "");
  const names = html`<title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>`;
  return html`<svg class="plot" role="img" aria-labelledby="${id}-title ${id}-desc" viewBox="${element.getAttribute("viewBox")}" text-anchor="middle" font-size="12" fill="currentColor">${names}${new Html(inner)}</svg>`;
}
