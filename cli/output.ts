import type { Writable } from "node:stream";

export type Cell = string | number | null | undefined;

/** Rows as aligned columns; numbers to the right. The header is the first row's keys when none is given. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const shown = rows.map((row) => row.map(cellText));
  const widths = header.map((name, i) =>
    Math.max(name.length, ...shown.map((row) => row[i]?.length ?? 0)),
  );
  const isNumeric = header.map(
    (_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === "number" || row[i] == null),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) =>
        isNumeric[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...shown.map(line)].join(
    "\n",
  );
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

/** One line of CSV (RFC 4180, line feed). */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(",")}\n`;
}

function csvCell(cell: Cell): string {
  const text = cell === null || cell === undefined ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
