import { explainReasons, PREVIEW_COLUMNS, type PreviewRow } from "../pipelines/preview.ts";
import { csvLine, table } from "./output.ts";

/** What fits beside each other on a terminal. */
const SHOWN = [
  "file",
  "record",
  "source_item",
  "source_answer",
  "patient",
  "pro_date",
  "pro_code",
  "pro_name",
  "pro_response_num",
  "pro_response_text",
  "origin",
  "status",
  "state",
  "reason",
] as const;

/** Rows that are laid out together; the next ones get a heading of their own. */
const PAGE = 5_000;

/** The rows of a preview as they are printed, piece by piece: an export of many gigabytes is not held. */
export function previewTexts(
  rows: AsyncIterable<PreviewRow[]>,
  format: "table" | "csv" | "json",
): AsyncGenerator<string> {
  switch (format) {
    case "csv":
      return csvTexts(rows);
    case "json":
      return jsonTexts(rows);
    case "table":
      return tableTexts(rows);
  }
}

async function* csvTexts(rows: AsyncIterable<PreviewRow[]>): AsyncGenerator<string> {
  yield csvLine(PREVIEW_COLUMNS);
  for await (const chunk of rows) {
    yield chunk.map((row) => csvLine(PREVIEW_COLUMNS.map((column) => row[column]))).join("");
  }
}

async function* jsonTexts(rows: AsyncIterable<PreviewRow[]>): AsyncGenerator<string> {
  let isFirst = true;
  for await (const chunk of rows) {
    for (const row of chunk) {
      const text = JSON.stringify(row, null, 2).replaceAll("\n", "\n  ");
      yield `${isFirst ? "[" : ","}\n  ${text}`;
      isFirst = false;
    }
  }
  yield isFirst ? "[]\n" : "\n]\n";
}

async function* tableTexts(rows: AsyncIterable<PreviewRow[]>): AsyncGenerator<string> {
  const counts = new Map<string, number>();
  let page: PreviewRow[] = [];
  let isFirst = true;
  for await (const chunk of rows) {
    for (const row of chunk) count(row, counts);
    page.push(...chunk);
    while (page.length >= PAGE) {
      yield pageText(page.slice(0, PAGE), isFirst);
      page = page.slice(PAGE);
      isFirst = false;
    }
  }
  if (page.length > 0 || isFirst) yield pageText(page, isFirst);
  yield await reasonLines(counts);
}

function pageText(rows: readonly PreviewRow[], isFirst: boolean): string {
  const cells = rows.map((row) => SHOWN.map((column) => shorten(row[column], column)));
  return `${isFirst ? "" : "\n"}${table(SHOWN, cells)}\n`;
}

function shorten(value: string | null, column: string): string {
  if (!value) return "";
  if (column === "patient") return value.slice(0, 8);
  // Survey tools name a column by the whole question, whose end tells it from the others.
  return value.length > CELL_WIDTH ? `…${value.slice(1 - CELL_WIDTH)}` : value;
}

const CELL_WIDTH = 48;

function count({ status, reason }: PreviewRow, counts: Map<string, number>): void {
  const code = reason ?? (status === "mismatch" ? "SCORE_MISMATCH" : null);
  if (code !== null) counts.set(code, (counts.get(code) ?? 0) + 1);
}

/** Beneath the rows: what each reason means, and what can be done. */
async function reasonLines(counts: ReadonlyMap<string, number>): Promise<string> {
  const told = await explainReasons(counts.keys());
  const lines = told.map(
    ({ code, message, hint }) => `${code} (${counts.get(code)}): ${message}; ${hint}`,
  );
  return lines.length > 0 ? `\n${lines.join("\n")}\n` : "";
}
