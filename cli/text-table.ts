/** Lines of an aligned table for a terminal: a header, a rule, the rows. Numbers stand to the right; null is shown as empty. */
export function textTable(header: string[], rows: (string | number | null)[][]): string {
  const cells = [header, ...rows.map((row) => row.map((cell) => clean(cell)))];
  const widths = header.map((_, column) =>
    Math.max(...cells.map((row) => (row[column] ?? "").length)),
  );
  const numeric = header.map((_, column) =>
    rows.every(
      (row) => row[column] === null || row[column] === "" || NUMBER.test(String(row[column])),
    ),
  );
  const line = (row: string[]) =>
    row
      .map((cell, column) =>
        numeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  const [head = [], ...body] = cells;
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return `${[line(head), rule, ...body.map(line)].join("\n")}\n`;
}

const NUMBER = /^-?\d[\d,]*(\.\d+)?$/;

/** Control characters would break the lines, or speak to the terminal. */
function clean(cell: string | number | null): string {
  return String(cell ?? "").replace(/\p{Cc}/gu, " ");
}
