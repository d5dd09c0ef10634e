export { type Chart, COLORS, figure, shadeOf, svg } from "./chart.ts";
export { type Content, Html, html } from "./html.ts";
export { count, countOf, decimal, percent } from "./numbers.ts";
export { type Page, renderPage } from "./page.ts";
export { dataTable, type Table } from "./table.ts";
