import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readYaml } from "../configuration/read-yaml.ts";
import { ProError } from "../core/errors.ts";
import { mappingsDirectory } from "../core/mappings.ts";
import { type Instrument, instrumentSchema } from "./instrument.ts";

/** One row of a score table: the raw score it starts from, the value on the score's own scale, its standard error. */
export interface TableRow {
  raw: number;
  value: number;
  se: number | null;
}

export interface Catalogue {
  instruments: Instrument[];
  /** Score tables by file name. */
  tables: Map<string, TableRow[]>;
}

let shipped: Promise<Catalogue> | undefined;

/**
 * Reads all instruments of a folder, in the order of their file names; without one, the shipped catalogue, once a process.
 *
 * @throws ProError `MAPPING_INSTRUMENT` with file, line and key.
 */
export function readCatalogue(directory?: string): Promise<Catalogue> {
  if (directory !== undefined) return readFolder(directory);
  shipped ??= readFolder(join(mappingsDirectory, "instruments"));
  return shipped;
}

async function readFolder(directory: string): Promise<Catalogue> {
  const files = (await readdir(directory)).filter((file) => file.endsWith(".yaml")).sort();
  const instruments: Instrument[] = [];
  const tables = new Map<string, TableRow[]>();
  for (const file of files) {
    const path = join(directory, file);
    const instrument = await readYaml(path, instrumentSchema, "MAPPING_INSTRUMENT");
    checkReferences(instrument, path);
    instruments.push(instrument);
    for (const { table } of instrument.scores) {
      if (table) tables.set(table.file, await readTable(join(directory, "tables", table.file)));
    }
  }
  return { instruments, tables };
}

function checkReferences(instrument: Instrument, file: string): void {
  const items = new Set(instrument.items.map((item) => item.id));
  const scores = new Set(instrument.scores.map((score) => score.id));
  const broken = [
    ...instrument.items
      .filter((item) => !instrument.answers[item.answers])
      .map((item) => `answers: ${item.answers}`),
    ...instrument.scores.flatMap((score) => (score.sum ?? []).filter((id) => !items.has(id))),
    ...instrument.scores.flatMap(({ table }) =>
      table && !scores.has(table.from) ? [table.from] : [],
    ),
  ];
  if (broken.length > 0) {
    throw new ProError(
      "MAPPING_INSTRUMENT",
      `refers to ${broken.join(", ")}, which it does not define`,
      {
        where: { file },
        hint: "use the ids of this file's own items, scores and answer lists",
      },
    );
  }
}

async function readTable(path: string): Promise<TableRow[]> {
  const source = await readFile(path, "utf8").catch((cause) => {
    throw new ProError("MAPPING_INSTRUMENT", "a score table cannot be read", {
      where: { file: path },
      hint: "put the table into tables/ beside the instruments, or correct its name",
      cause,
    });
  });
  const [header = "", ...lines] = source.trimEnd().split(/\r?\n/);
  const columns = header.split(",");
  const at = (name: string) => columns.indexOf(name);
  const value = Math.max(at("t_score"), at("interval_score"));
  return lines.map((line, index) => {
    // A blank cell is no zero.
    const cells = line.split(",").map((cell) => (cell.trim() === "" ? Number.NaN : Number(cell)));
    const row = { raw: cells[at("raw")], value: cells[value], se: cells[at("se")] ?? null };
    if (!Number.isFinite(row.raw) || !Number.isFinite(row.value)) {
      throw new ProError("MAPPING_INSTRUMENT", "a score table row has no number", {
        where: { file: path, record: `line ${index + 2}` },
        hint: "columns are raw, t_score or interval_score, and se",
      });
    }
    return { ...row, se: Number.isFinite(row.se) ? row.se : null } as TableRow;
  });
}
