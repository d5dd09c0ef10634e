import { barX, dot } from "@observablehq/plot";
import { expect, test } from "vitest";
import {
  countOf,
  dataTable,
  figure,
  html,
  percent,
  renderPage,
  shadeOf,
} from "../../pipelines/page/index.ts";

test("what stands in a template is escaped, once", () => {
  const hostile = `<script>"&'`;
  expect(html`<p title="${hostile}">${html`<b>${hostile}</b>`}${[1, null, false]}</p>`.markup).toBe(
    '<p title="&lt;script&gt;&quot;&amp;&#39;"><b>&lt;script&gt;&quot;&amp;&#39;</b>1</p>',
  );
});

test.each([
  [0, "0 %"],
  [0.00001, "< 0.1 %"],
  [0.0274, "2.7 %"],
  [0.99999, "> 99.9 %"],
  [1, "100 %"],
])("a share of %s reads %s: something is never nothing", (share, text) => {
  expect(percent(share)).toBe(text);
});

test("a percentage has its n and N, and none is made up without an N", () => {
  expect(countOf(123, 4567)).toBe("123 of 4,567 (2.7 %)");
  expect(countOf(0, 0)).toBe("0");
});

test("a shade exists for every share, also beyond both ends", () => {
  expect([-1, 0, 0.5, 1, 7].map((share) => shadeOf(share).fill)).toEqual([
    "var(--h1)",
    "var(--h1)",
    "var(--h3)",
    "var(--h5)",
    "var(--h5)",
  ]);
});

const chart = figure({
  id: "states",
  title: "Where <records> ended",
  description: "Two bars.",
  legend: [{ label: "loaded", color: "var(--c1)" }],
  plot: {
    marks: [
      barX([{ state: "loaded", n: 1 / 3 }], { x: "n", y: "state", fill: "var(--c1)" }),
      dot([{ state: "loaded", n: 1 / 3 }], { x: "n", y: "state" }),
    ],
  },
  table: { caption: "States", columns: ["state", { name: "n", numeric: true }], rows: [["a", 1]] },
}).markup;

test("a chart is an image with a name and a description, and its numbers stand beneath", () => {
  expect(chart).toContain('role="img" aria-labelledby="states-title states-desc"');
  expect(chart).toContain('<title id="states-title">Where &lt;records&gt; ended</title>');
  expect(chart).toContain('<desc id="states-desc">Two bars.</desc>');
  expect(chart).toContain('<th scope="row" class="">a</th><td class="number">1</td>');
  expect(chart).toMatch(/<rect [^>]*fill="var\(--c1\)"|<g [^>]*fill="var\(--c1\)"/);
});

test("a chart holds neither style nor script, and no digits that nobody sees", () => {
  expect(chart).not.toMatch(/<style|<script|style="|\d\.\d{3}/);
});

test("an empty table says so in words", () => {
  expect(dataTable({ caption: "c", columns: ["a"], rows: [], empty: "nothing yet" }).markup).toBe(
    '<p class="empty">nothing yet</p>',
  );
});

test("a page forbids every request by its own policy", () => {
  const page = renderPage({
    title: "A & B",
    subtitle: "s",
    sections: [{ id: "x", title: "X" }],
    main: html`<section id="x"></section>`,
    footer: html`f`,
  });
  expect(page).toContain("default-src &#39;none&#39;; style-src &#39;sha256-");
  expect(page).toContain("<title>A &amp; B</title>");
  expect(page).not.toMatch(/https?:|src=|@import|url\(/);
});
