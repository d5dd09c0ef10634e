import type { Writable } from "node:stream";
import { textTable } from "./text-table.ts";

export type Cell = string | number | null | undefined;

/** Rows as aligned columns, with thousands separated, for reports that people read. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return textTable(
    [...header],
    rows.map((row) => row.map(cellText)),
  ).trimEnd();
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  return typeof cell === "number" ? formatNumber(cell) : cell;
}

/** 41,237 for counts; other numbers with at most two decimals. */
export function formatNumber(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}

export function indent(block: string): string {
  return block
    .split("\n")
    .map((line) => `   ${line}`.trimEnd())
    .join("\n");
}

export function writeJson(out: Writable, value: unknown): void {
  out.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Writes texts as fast as they are taken, and stops where nobody takes them any more. */
export async function pour(texts: AsyncIterable<string>, out: Writable): Promise<void> {
  for await (const text of texts) {
    if (out.write(text)) continue;
    await new Promise<void>((resolve) => {
      const goOn = () => {
        out.off("drain", goOn).off("close", goOn);
        resolve();
      };
      out.on("drain", goOn).on("close", goOn);
    });
    if (!out.writable) return;
  }
}

/** One line of CSV (RFC 4180, line feed). */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(",")}\n`;
}

function csvCell(cell: Cell): string {
  const text = cell === null || cell === undefined ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
