import {
  type Chart,
  COLORS,
  count,
  dataTable,
  decimal,
  figure,
  type Html,
  html,
  renderPage,
} from "../page/index.ts";
import { methodsText } from "./methods.ts";
import type { Study } from "./read-study.ts";
import { forestMarks, funnelMarks, rectangles, trajectoryMarks } from "./result-marks.ts";
import type { OutcomeResults, ResultRow, SiteComparison, StudyResults } from "./results.ts";

/** The results of a study as one page that stands alone: tables, distribution with bands, trajectory, sites, methods. */
export function resultPage(results: StudyResults, study: Study): string {
  const outcomes = results.outcomes.map((of, i) => ({ of, id: `outcome-${i + 1}` }));
  const from = results.mode === "pooled" ? "rows pooled from" : "summaries combined from";
  return renderPage({
    title: results.study.title,
    subtitle: `${from} ${results.sites.join(", ") || "no site"}; study ${results.study.id}, ${results.study.sha256.slice(0, 12)}`,
    sections: [
      ...outcomes.map(({ of, id }) => ({ id, title: `${of.instrument} ${of.score}` })),
      { id: "methods", title: "Methods" },
    ],
    main: html`${results.missing.length > 0 ? missingSites(results) : ""}
${atAGlance(outcomes)}
${outcomes.map(({ of, id }) => outcomeSection(of, id, results.sites))}
<section id="methods"><h2>Methods</h2>${methodsText(results, study).map((line) => html`<p>${line}</p>`)}</section>`,
    footer: html`<p>Hidden cells are marked suppressed; a number that would be doubtful is refused and says why. The certificate beside this page names hashes and versions.</p>`,
  });
}

function missingSites({ missing }: StudyResults): Html {
  return html`<section class="card"><h2>Not in these numbers</h2><ul>${missing.map(
    ({ site, reason }) => html`<li>${site}: ${reason}</li>`,
  )}</ul></section>`;
}

/** What was found, before anybody scrolls: each outcome's mean at the start, and how it changed. */
function atAGlance(outcomes: readonly { of: OutcomeResults; id: string }[]): Html {
  return dataTable({
    caption: "At a glance: everybody, all sites together, with 95 % intervals",
    columns: ["outcome", "a higher score is", { name: "n", numeric: true }, "finding", "value"],
    rows: outcomes.flatMap(({ of, id }) =>
      of.rows
        .filter(({ stratum, estimate }) => stratum === "all" && GLANCED.test(estimate))
        .map((row) => [
          html`<a href="#${id}">${of.instrument} ${of.score}</a>`,
          of.scale.direction,
          row.people === null ? "" : count(row.people),
          row.estimate,
          row.state === "shown" && row.value !== null && row.interval
            ? `${decimal(row.value)} (${row.interval.map((end) => decimal(end)).join(" to ")})`
            : valueText(row),
        ]),
    ),
    empty: "The study asks for no mean.",
  });
}

const GLANCED = /^mean( change\b.*)?$/;

function outcomeSection(of: OutcomeResults, id: string, sites: readonly string[]): Html {
  const charts = [
    ...distributionChart(of, id),
    ...trajectoryChart(of, id),
    ...of.comparisons.flatMap((comparison, i) => [
      ...forestChart(comparison, `${id}-forest-${i}`),
      ...funnelChart(comparison, `${id}-funnel-${i}`),
    ]),
  ];
  return html`<section id="${id}"><h2>${of.instrument} ${of.score}</h2>
<p class="soft">Scale ${of.scale.scale}, ${of.scale.range[0]} to ${of.scale.range[1]}; a higher score is ${of.scale.direction}.</p>
${of.flags.map((flag) => html`<p><span class="mark none">${flag}</span> ${flag} scores count, as the study says.</p>`)}
${of.lacking.map(({ site, fields }) => html`<p>Not available at ${site}: it has no ${fields.join(", no ")}.</p>`)}
${charts.map((chart) => figure(chart))}
${of.models.map((model) => modelTable(model))}
<details><summary>All numbers</summary>${rowTable(of.rows, sites)}</details></section>`;
}

function rowTable(rows: readonly ResultRow[], sites: readonly string[]): Html {
  return dataTable({
    caption: "Every number with its people, sites and exactness",
    columns: [
      "stratum",
      "statistic",
      "estimate",
      { name: "value", numeric: true },
      "95 % interval",
      { name: "n", numeric: true },
      "sites",
      "exact",
    ],
    rows: rows.map((row) => [
      row.stratum,
      row.statistic,
      row.estimate,
      valueText(row),
      row.interval ? row.interval.map(number).join(" to ") : "",
      row.people === null ? "" : count(row.people),
      sitesText(row, sites),
      row.state === "shown" ? (row.exact ? "exact" : "approximate") : "",
    ]),
  });
}

function valueText({ state, value, between, note }: ResultRow): string | Html {
  if (state === "shown" && value !== null) return number(value);
  if (state === "between" && between) return between.map(number).join(" to ");
  const words = {
    undefined: "not defined",
    suppressed: "suppressed",
    unavailable: "not available",
  };
  const word = words[state as keyof typeof words] ?? state;
  return html`<span class="mark none">${note ? `${word}: ${note}` : word}</span>`;
}

function sitesText(
  { sites, suppressedAt, unavailableAt }: ResultRow,
  all: readonly string[],
): string {
  const hidden = [
    ...suppressedAt.map((site) => `${site} suppressed`),
    ...unavailableAt.map((site) => `${site} not available`),
  ];
  const own = sites.length === all.length ? `all ${all.length}` : sites.join(", ") || "none";
  return hidden.length > 0 ? `${own} (${hidden.join(", ")})` : own;
}

/** A merged bin that no band holds wholly: paler than any band. */
const ACROSS = "var(--h2)";

function distributionChart(of: OutcomeResults, id: string): Chart[] {
  const bins = of.distributions.find(({ stratum }) => stratum === "all")?.bins ?? [];
  if (bins.length === 0) return [];
  const half = 10 ** -of.scale.decimals / 2;
  const [lowest, highest] = of.scale.range;
  // A merged bin's edges may lie beyond what can be scored.
  const scored = bins.map(({ from, to, people }) => {
    return { from: Math.max(from, lowest), to: Math.min(to, highest), people };
  });
  const bandOf = (from: number, to: number) =>
    of.bands.findIndex((band) => band.from <= from && to <= band.to);
  const rows = scored.map(({ from, to, people }, i) => {
    // A table's T-scores lie apart: a bin reaches half way to its neighbours, and its area counts.
    const x1 = (from + (scored[i - 1]?.to ?? from - 2 * half)) / 2;
    const x2 = (to + (scored[i + 1]?.from ?? to + 2 * half)) / 2;
    return { x1, x2, y: people / (x2 - x1), band: bandOf(from, to) };
  });
  const color = (band: number) => (band < 0 ? ACROSS : (COLORS[band % COLORS.length] ?? ""));
  const legend = of.bands.map(({ label, from, to }, i) => ({
    label: `${label} (${from} to ${to})`,
    color: color(i),
  }));
  if (legend.length > 0 && rows.some(({ band }) => band < 0)) {
    legend.push({ label: "across bands", color: ACROSS });
  }
  return [
    {
      id: `${id}-distribution`,
      title: "Distribution of the baseline score",
      description: `People by score, ${bins.length} bins; each bin holds enough people to be shown.`,
      lead: "Bins with few people are merged; a bin's area is its people, its height people for each point.",
      legend,
      plot: {
        x: { label: `${of.instrument} ${of.score}` },
        y: { label: "people for each point", grid: true, nice: true },
        marks: rectangles(rows.map((row) => ({ ...row, fill: color(row.band) }))),
      },
      table: {
        caption: "People by score",
        columns: ["from", "to", { name: "people", numeric: true }],
        rows: scored.map(({ from, to, people }) => [from, to, count(people)]),
      },
    },
  ];
}

function trajectoryChart(of: OutcomeResults, id: string): Chart[] {
  const at = (name: RegExp, statistic: string) =>
    of.rows.filter(
      (row) => row.statistic === statistic && name.test(row.estimate) && row.state === "shown",
    );
  const points = [
    ...at(/^mean$/, "moments").map((row) => ({ row, day: 0 })),
    ...at(/^mean at day/, "trajectory").map((row) => ({
      row,
      day: Number(row.estimate.split(" ").at(-1)),
    })),
  ].filter(({ row }) => row.interval !== null);
  const days = new Set(points.map(({ day }) => day));
  if (days.size < 2) return [];
  const strata = [...new Set(points.map(({ row }) => row.stratum))];
  const data = points.map(({ row, day }) => ({
    day,
    value: row.value ?? 0,
    low: row.interval?.[0] ?? 0,
    high: row.interval?.[1] ?? 0,
    stratum: row.stratum,
    color: COLORS[strata.indexOf(row.stratum) % COLORS.length] ?? "",
  }));
  return [
    {
      id: `${id}-trajectory`,
      title: "Mean score over time, with 95 % intervals",
      description: `Means at ${[...days].join(", ")} days from day 0, by stratum.`,
      legend: strata.map((label, i) => ({ label, color: COLORS[i % COLORS.length] ?? "" })),
      plot: {
        x: { label: "days from day 0" },
        y: { label: `${of.instrument} ${of.score}`, grid: true },
        marks: trajectoryMarks(data),
      },
      table: {
        caption: "Means over time",
        columns: [
          "stratum",
          "day",
          { name: "mean", numeric: true },
          "95 % interval",
          { name: "n", numeric: true },
        ],
        rows: points.map(({ row, day }) => [
          row.stratum,
          day,
          number(row.value ?? 0),
          (row.interval ?? []).map(number).join(" to "),
          count(row.people ?? 0),
        ]),
      },
    },
  ];
}

function forestChart(comparison: SiteComparison, id: string): Chart[] {
  const { sites, meta, estimate, refused, without, scale } = comparison;
  const rows = sites.map(({ site, value, se, people }) => ({
    label: `${site} (n ${count(people)})`,
    value,
    low: value - 1.96 * se,
    high: value + 1.96 * se,
    color: COLORS[0] ?? "",
  }));
  const together = meta && {
    label: "all sites, random effects",
    value: meta.reml.estimate,
    low: meta.reml.hartungKnapp.interval[0],
    high: meta.reml.hartungKnapp.interval[1],
    color: COLORS[1] ?? "",
  };
  const all = together ? [...rows, together] : rows;
  const facts = meta
    ? `tau² ${decimal(meta.reml.tau2)}, I² ${decimal(100 * (meta.i2 ?? 0), 1)} %, Q ${decimal(meta.q)} (df ${meta.df}).`
    : `No mean of the sites: ${refused}.`;
  return [
    {
      id,
      title: `Sites compared by ${estimate}${scale === "logit" ? " (log odds)" : ""}`,
      description: `One line a site with its 95 % interval. ${facts}`,
      lead: `${facts}${without.length > 0 ? ` Not in: ${without.join(", ")}.` : ""}${meta && sites.length < 5 ? " Fewer than five sites: tau² is barely estimable." : ""}`,
      plot: {
        marginLeft: 190,
        x: { label: estimate, grid: true },
        y: { label: null, domain: all.map(({ label }) => label) },
        marks: forestMarks(all),
      },
      table: {
        caption: `Sites by ${estimate}`,
        columns: ["site", { name: estimate, numeric: true }, "95 % interval"],
        rows: all.map(({ label, value, low, high }) => [
          label,
          number(value),
          `${number(low)} to ${number(high)}`,
        ]),
      },
    },
  ];
}

/** Small studies would scatter wider at the bottom; asymmetry is worth a look. From five sites on. */
function funnelChart({ sites, meta, estimate }: SiteComparison, id: string): Chart[] {
  if (!meta || sites.length < 5) return [];
  const widest = Math.max(...sites.map(({ se }) => se)) * 1.1;
  const centre = meta.reml.estimate;
  return [
    {
      id,
      title: `Funnel of the sites' ${estimate}`,
      description:
        "Each site's number against its standard error, with the 95 % region around the mean.",
      plot: {
        x: { label: estimate },
        y: { label: "standard error", reverse: true, domain: [widest, 0] },
        marks: funnelMarks(sites, centre, widest),
      },
      table: {
        caption: "Numbers and standard errors",
        columns: [
          "site",
          { name: estimate, numeric: true },
          { name: "standard error", numeric: true },
        ],
        rows: sites.map(({ site, value, se }) => [site, number(value), number(se)]),
      },
    },
  ];
}

function modelTable(model: OutcomeResults["models"][number]): Html {
  const title = `Model ${model.id}: ${model.kind} regression of ${model.response}, site effects ${model.siteEffects}`;
  if (!model.fit)
    return html`<h3>${title}</h3><p><span class="mark none">${model.state}</span> ${model.note}</p>`;
  const { fit } = model;
  return html`<h3>${title}</h3>${dataTable({
    caption: `n ${count(fit.n)}; sites ${model.sites.join(", ")}${model.suppressedAt.length > 0 ? ` (suppressed at ${model.suppressedAt.join(", ")})` : ""}; ${model.exactness}${model.note ? `; ${model.note}` : ""}`,
    columns: [
      "column",
      { name: "coefficient", numeric: true },
      { name: "se", numeric: true },
      "95 % interval",
      { name: "p", numeric: true },
    ],
    rows: fit.coefficients.map(({ name, value, se, interval, p }) => [
      name,
      number(value),
      se === null ? "" : number(se),
      interval ? interval.map(number).join(" to ") : "",
      p === null ? "" : number(p),
    ]),
  })}<p class="soft">${fit.facts
    .filter(({ value }) => value !== null)
    .map(({ name, value }) => `${name} ${number(value ?? 0)}`)
    .join("; ")}</p>`;
}

function number(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.0001) return value.toExponential(2);
  return decimal(value, 4);
}
