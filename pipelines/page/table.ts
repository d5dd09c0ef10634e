import { type Content, type Html, html } from "./html.ts";

export interface Table {
  /** What the table shows; read out before it. */
  caption: string;
  columns: readonly (string | { name: string; numeric: true })[];
  /** Cells in the order of the columns; the first heads its row. */
  rows: readonly (readonly Content[])[];
  /** Shown when there is no row. Default: nothing. */
  empty?: string;
  /** Whether the caption is for screen readers only, because a heading says the same. */
  isCaptionHidden?: boolean;
}

/** A table that scrolls sideways by itself on narrow screens, reachable by keyboard. */
export function dataTable({ caption, columns, rows, empty, isCaptionHidden }: Table): Html {
  if (rows.length === 0 && empty !== undefined) return html`<p class="empty">${empty}</p>`;
  const named = columns.map((column) => (typeof column === "string" ? { name: column } : column));
  const sort = (index: number) => (named[index] && "numeric" in named[index] ? "number" : "");
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table>
<caption${isCaptionHidden ? html` class="aside"` : ""}>${caption}</caption>
<thead><tr>${named.map(({ name }, i) => html`<th scope="col" class="${sort(i)}">${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) => html`<tr>${row.map((cell, i) =>
      i === 0
        ? html`<th scope="row" class="${sort(i)}">${cell}</th>`
        : html`<td class="${sort(i)}">${cell}</td>`,
    )}</tr>
`,
  )}</tbody></table></div>`;
}
