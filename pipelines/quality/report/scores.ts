import { areaY, dot, lineY, rectY, ruleX, ruleY, text } from "@observablehq/plot";
import { count, countOf, decimal, figure, type Html, html } from "../../page/index.ts";
import type { Guard, ReportData, ReportInput, ScoreData } from "./data.ts";

/** Distributions with their interpretation, and what happens to scores after the first one. */
export function scoresSection(input: ReportInput, data: ReportData): Html {
  if (data.scores.length === 0) return html``;
  return html`<section><h2 id="scores">Scores</h2><div class="charts">${data.scores.map((one) => [
    distribution(one, input.guard),
    trajectory(one, input),
  ])}</div></section>`;
}

interface Band {
  label: string;
  from: number;
  to: number;
}

/** The catalogue's bands as ranges on the axis; of a T-score without bands, one standard deviation around the mean. */
function bandsOf({ score }: ScoreData, [low, high]: readonly [number, number]): Band[] {
  const step = score.decimals === 0 ? 1 : 0;
  if (score.bands.length === 0 && score.scale === "t")
    return [{ label: "50 ± 10", from: 40, to: 60 }];
  return score.bands.map(({ label, min, above, max, below }) => ({
    label,
    from: min ?? (above === undefined ? low : above + step),
    to: below ?? (max === undefined ? high + step : max + step),
  }));
}

function titleOf({ instrument, score }: ScoreData): string {
  return `${instrument.id.toUpperCase()} ${score.id.replaceAll("_", " ")}`;
}

function better({ instrument, score }: ScoreData): string {
  return `a higher score is ${score.direction ?? instrument.direction}`;
}

function distribution(one: ScoreData, guard: Guard): Html {
  const { score, values, n } = one;
  const seen = values.map(({ value }) => value);
  const range = score.range ?? ([Math.min(...seen), Math.max(...seen)] as const);
  const width = score.scale === "t" ? 2.5 : Math.max(1, Math.ceil((range[1] - range[0]) / 40));
  const bins = new Map<number, number>();
  for (const { value, n: people } of values) {
    const bin = Math.floor(value / width) * width;
    bins.set(bin, (bins.get(bin) ?? 0) + people);
  }
  const sorted = [...bins].toSorted(([a], [b]) => a - b);
  const safe = guard(sorted.map(([, people]) => people));
  const bars = sorted.flatMap(([from], i) => {
    const people = safe[i];
    return people === null || people === undefined ? [] : [{ from, to: from + width, n: people }];
  });
  const bands = bandsOf(one, range).filter(({ from, to }) => to > from);
  const byBand = bands.map((band) => ({
    ...band,
    n: values
      .filter(({ value }) => value >= band.from && value < band.to)
      .reduce((sum, v) => sum + v.n, 0),
  }));
  const safeBands = guard(byBand.map((band) => band.n));
  const top = Math.max(1, ...bars.map((bar) => bar.n));
  const mean = values.reduce((sum, v) => sum + v.value * v.n, 0) / n;
  return figure({
    id: `dist-${one.instrument.id}-${score.id}`,
    title: `${titleOf(one)}: distribution`,
    lead: `${count(n)} scores, mean ${decimal(mean, 1)}; ${better(one)}.`,
    description: `Histogram of ${count(n)} scores from ${decimal(range[0])} to ${decimal(range[1])}. ${byBand
      .map((band, i) => `${band.label}: ${safeBands[i] === null ? "few" : countOf(band.n, n)}`)
      .join(", ")}.`,
    plot: {
      height: 230,
      width: 520,
      marginTop: 34,
      x: {
        label: score.scale === "t" ? "T-score →" : "score →",
        domain: [range[0] - (score.scale === "t" ? 2 : 0), range[1] + width],
      },
      y: { label: "↑ scores", grid: true, domain: [0, top], tickFormat: "~s" },
      marks: [
        rectY(bands, {
          x1: "from",
          x2: "to",
          y1: 0,
          y2: top,
          fill: "currentColor",
          fillOpacity: (_, i) => (i % 2 === 0 ? 0.04 : 0.1),
        }),
        rectY(bars, {
          x1: "from",
          x2: "to",
          y1: 0,
          y2: "n",
          fill: "var(--c1)",
          insetLeft: 0.5,
          insetRight: 0.5,
        }),
        // Labels of neighbours stand on two lines, so that narrow bands can be read.
        ...[0, 1].map((line) =>
          text(
            bands.filter((_, i) => i % 2 === line),
            {
              x: ({ from, to }) => (Math.max(from, range[0]) + Math.min(to, range[1] + width)) / 2,
              frameAnchor: "top",
              dy: line === 0 ? -20 : -8,
              text: "label",
              fontSize: 11,
              fill: "currentColor",
            },
          ),
        ),
        ruleX([mean], { stroke: "var(--c2)", strokeWidth: 2, strokeDasharray: "4 3" }),
        ruleY([0]),
      ],
    },
    legend: [
      { label: "scores", color: "var(--c1)" },
      { label: "mean (dashed)", color: "var(--c2)" },
    ],
    table: {
      caption: `Bands of ${titleOf(one)}`,
      columns: ["band", { name: "scores", numeric: true }],
      rows:
        byBand.length > 0
          ? byBand.map((band, i) => [
              band.label,
              safeBands[i] === null ? "few" : countOf(band.n, n),
            ])
          : bars.map(({ from, n: people }) => [decimal(from), countOf(people, n)]),
    },
  });
}

/** Fewest scores for a point of a trajectory: below it the band says nothing. */
const POINT_MIN = 10;

function trajectory(one: ScoreData, { isShared }: ReportInput): Html {
  const minimum = isShared ? 11 : POINT_MIN;
  const points = one.trajectory
    .filter(({ n, sd }) => n >= minimum && sd !== null)
    .map(({ month, n, mean, sd }) => {
      const half = (1.96 * (sd ?? 0)) / Math.sqrt(n);
      return { month, n, mean, low: mean - half, high: mean + half };
    });
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last || points.length < 2) return html``;
  return figure({
    id: `path-${one.instrument.id}-${one.score.id}`,
    title: `${titleOf(one)}: months since the first`,
    lead: `Mean with its 95 % confidence band; ${better(one)}. Everybody who answered then, not the same people throughout.`,
    description: `Mean ${decimal(first.mean, 1)} at the first questionnaire (${count(first.n)} scores), ${decimal(last.mean, 1)} after ${last.month} months (${count(last.n)} scores).`,
    plot: {
      height: 230,
      width: 520,
      marginTop: 24,
      x: { label: "months →", ticks: points.map(({ month }) => month), tickFormat: "d" },
      y: { label: "↑ mean score", grid: true, nice: true, zero: false },
      marks: [
        areaY(points, { x: "month", y1: "low", y2: "high", fill: "var(--c1)", fillOpacity: 0.2 }),
        lineY(points, { x: "month", y: "mean", stroke: "var(--c1)", strokeWidth: 2 }),
        dot(points, { x: "month", y: "mean", fill: "var(--c1)", r: 3 }),
        text(points, {
          x: "month",
          y: "high",
          dy: -8,
          text: ({ n }) => count(n),
          fontSize: 10,
          fill: "currentColor",
          stroke: "var(--paper)",
        }),
      ],
    },
    table: {
      caption: `${titleOf(one)} by months since the first`,
      columns: [
        "month",
        { name: "scores", numeric: true },
        { name: "mean", numeric: true },
        { name: "95 % confidence", numeric: true },
      ],
      rows: points.map(({ month, n, mean, low, high }) => [
        month,
        count(n),
        decimal(mean, 1),
        `${decimal(low, 1)} to ${decimal(high, 1)}`,
      ]),
    },
  });
}
