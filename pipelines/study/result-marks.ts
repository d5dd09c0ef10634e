import { dot, lineY, link, type Markish, rect, ruleX, ruleY } from "@observablehq/plot";

/** Bars over ranges of scores. */
export function rectangles(
  rows: readonly { x1: number; x2: number; y: number; fill: string }[],
): Markish[] {
  return [rect(rows, { x1: "x1", x2: "x2", y1: 0, y2: "y", fill: "fill" }), ruleY([0])];
}

/** Means over time, one line a stratum, with their intervals. */
export function trajectoryMarks(
  rows: readonly {
    day: number;
    value: number;
    low: number;
    high: number;
    stratum: string;
    color: string;
  }[],
): Markish[] {
  return [
    link(rows, { x1: "day", x2: "day", y1: "low", y2: "high", stroke: "color" }),
    lineY(rows, { x: "day", y: "value", z: "stratum", stroke: "color" }),
    dot(rows, { x: "day", y: "value", fill: "color", r: 4 }),
  ];
}

/** One line a site with its interval. */
export function forestMarks(
  rows: readonly { label: string; value: number; low: number; high: number; color: string }[],
): Markish[] {
  return [
    link(rows, { x1: "low", x2: "high", y1: "label", y2: "label", stroke: "color" }),
    dot(rows, { x: "value", y: "label", fill: "color", r: 4, symbol: "square" }),
  ];
}

/** Sites by standard error inside the region where 95 % of equal sites would lie. */
export function funnelMarks(
  sites: readonly { value: number; se: number }[],
  centre: number,
  widest: number,
): Markish[] {
  const edges = [-1, 1].map((side) => ({
    x1: centre,
    x2: centre + side * 1.96 * widest,
    y2: widest,
  }));
  return [
    ruleX([centre], { stroke: "var(--soft)" }),
    link(edges, {
      x1: "x1",
      x2: "x2",
      y1: 0,
      y2: "y2",
      stroke: "var(--soft)",
      strokeDasharray: "4",
    }),
    dot(sites, { x: "value", y: "se", fill: "var(--c1)", r: 4 }),
  ];
}
