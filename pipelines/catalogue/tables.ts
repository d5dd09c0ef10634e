import { readFile } from "node:fs/promises";
import { ProError } from "../core/errors.ts";

/** One row of a score table: the score it is entered with, the value on the score's own scale, its standard error. */
export interface TableRow {
  raw: number;
  value: number;
  se: number | null;
}

/** One row of a composite table: the numbers it is entered with by column, and the value. */
export interface CompositeRow {
  set: string | null;
  inputs: Record<string, number>;
  value: number;
}

/**
 * Reads a score table: a CSV file with the columns raw, value (also t_score, interval_score) and, where known, se.
 *
 * @throws ProError `MAPPING_INSTRUMENT` with file and line.
 */
export async function readTable(path: string): Promise<TableRow[]> {
  const { columns, lines } = await readCsv(path);
  const value = columns.findIndex((name) => ["value", "t_score", "interval_score"].includes(name));
  return lines.map(({ cells, record }) => {
    const row = {
      raw: number(cells[columns.indexOf("raw")]),
      value: number(cells[value]),
      se: number(cells[columns.indexOf("se")]),
    };
    if (!Number.isFinite(row.raw) || !Number.isFinite(row.value)) refuse(path, record);
    return { ...row, se: Number.isFinite(row.se) ? row.se : null };
  });
}

/**
 * Reads a composite table: a CSV file with a column an input, the column value, and the column set where it holds several tables.
 *
 * @throws ProError `MAPPING_INSTRUMENT` with file and line.
 */
export async function readComposite(path: string): Promise<CompositeRow[]> {
  const { columns, lines } = await readCsv(path);
  const names = columns.filter((name) => name !== "set" && name !== "value");
  return lines.map(({ cells, record }) => {
    const value = number(cells[columns.indexOf("value")]);
    if (!Number.isFinite(value)) refuse(path, record);
    const given = names
      .map((name) => [name, number(cells[columns.indexOf(name)])] as const)
      .filter(([, one]) => Number.isFinite(one));
    const set = columns.includes("set") ? (cells[columns.indexOf("set")] ?? null) : null;
    return { set, inputs: Object.fromEntries(given), value };
  });
}

/** A blank cell is no zero. */
const number = (cell: string | undefined): number =>
  cell === undefined || cell.trim() === "" ? Number.NaN : Number(cell);

async function readCsv(path: string) {
  const source = await readFile(path, "utf8").catch((cause) => {
    throw new ProError("MAPPING_INSTRUMENT", "a score table cannot be read", {
      where: { file: path },
      hint: "put the table into tables/ beside the instruments, or correct its name",
      cause,
    });
  });
  const [header = "", ...rows] = source.trimEnd().split(/\r?\n/);
  const lines = rows.map((line, i) => ({ cells: line.split(","), record: `line ${i + 2}` }));
  return { columns: header.split(",").map((name) => name.trim()), lines };
}

function refuse(file: string, record: string): never {
  throw new ProError("MAPPING_INSTRUMENT", "a score table row has no number", {
    where: { file, record },
    hint: "columns are raw, value and se; those of a composite table are its inputs and value",
  });
}
