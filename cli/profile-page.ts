import { dataTable, html, renderPage } from "../pipelines/page/index.ts";
import type { FieldProfile, FileProfile } from "../pipelines/profile/field.ts";
import { formatNumber } from "./output.ts";
import { fieldCells, filesText, HEADER } from "./profile-text.ts";

const NUMERIC = ["filled", "different", "from", "to"];
const COLUMNS = HEADER.map((name) =>
  NUMERIC.includes(name) ? ({ name, numeric: true } as const) : name,
);

/** Profiles as one self-contained page. It holds no value that may identify a person. */
export function profilePage(profiles: readonly FileProfile[]): string {
  return renderPage({
    title: "What is in the export",
    subtitle: `${filesText(profiles.length)}; fields that may identify a person show the shape of their values only (A, a, 9)`,
    sections: profiles.map(({ file }, i) => ({ id: `file-${i + 1}`, title: file })),
    main: html`${profiles.map(section)}`,
    footer: html`<p>Written by propool profile.</p>`,
  });
}

function section(profile: FileProfile, index: number) {
  const { file, format, bytes, notes, unread, records, fields } = profile;
  const tables = Object.entries(records).map(([record, count]) => {
    const rows = fields.filter((field) => field.record === record).map(pageCells);
    const caption = `${record}: ${formatNumber(count)}`;
    return dataTable({ caption, columns: COLUMNS, rows, empty: caption });
  });
  const not = Object.entries(unread).map(
    ([reason, count]) => html`<p>Not read: ${formatNumber(count)} (${reason})</p>`,
  );
  return html`<section id="file-${index + 1}"><h2>${file}</h2>
<p class="soft">${[format, `${formatNumber(bytes)} bytes`, ...notes].join(", ")}</p>${not}${tables}</section>`;
}

/** A path is long: it may break after its steps, so that the other columns stay in sight. */
function pageCells(field: FieldProfile) {
  const [path = "", ...cells] = fieldCells(field);
  return [path.split(/(?<=[/.])/).map((step) => html`${step}<wbr>`), ...cells];
}
