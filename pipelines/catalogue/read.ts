import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readYaml } from "../configuration/read-yaml.ts";
import { ProError } from "../core/errors.ts";
import { exists } from "../core/files.ts";
import { mappingsDirectory } from "../core/mappings.ts";
import { checkInstruments } from "./check.ts";
import { type Instrument, instrumentSchema, type Score } from "./instrument.ts";
import { type CompositeRow, readComposite, readTable, type TableRow } from "./tables.ts";

export interface Catalogue {
  instruments: Instrument[];
  /** Score tables by file name. */
  tables: Map<string, TableRow[]>;
  /** Composite tables by file name. */
  composites: Map<string, CompositeRow[]>;
  /** The file of each instrument. */
  files: Map<string, string>;
  /** Instruments that are the site's own. */
  own: Set<string>;
}

/** The folder in which a site or hub keeps instruments of its own. */
export const ownInstruments = (directory: string): string => join(directory, "instruments");

/** The catalogue that a site or hub knows: ours and, after it, its own. */
export const readCatalogueOf = (directory: string | null): Promise<Catalogue> =>
  readCatalogue(undefined, directory === null ? null : ownInstruments(directory));

/** Every score of the catalogue with its range. */
export function scoresOf({ instruments }: Pick<Catalogue, "instruments">) {
  return instruments.flatMap(({ id, scores }) =>
    scores.map((score) => ({ instrument: id, score: score.id, range: score.range })),
  );
}

let shipped: Promise<Catalogue> | undefined;

/**
 * Reads all instruments of a folder, in the order of their file names; without one, the shipped catalogue, once a process. After
 * them come those of `own`, a site's folder of its own instruments, which are checked here as ours are by the tests.
 *
 * @throws ProError `MAPPING_INSTRUMENT` with file, line and key.
 */
export async function readCatalogue(
  directory?: string,
  own: string | null = null,
): Promise<Catalogue> {
  const catalogue = await (directory === undefined ? readShipped() : readOne(directory));
  if (!own || !(await exists(own))) return catalogue;
  const licensed = join(own, "tables");
  const both: Catalogue = {
    instruments: [...catalogue.instruments],
    tables: new Map(catalogue.tables),
    composites: new Map(catalogue.composites),
    files: new Map(catalogue.files),
    own: new Set(),
  };
  for (const { scores } of catalogue.instruments) await readLicensed(both, scores, licensed);
  await readFolder(both, { directory: own, own: true });
  refuseFindings(both);
  return both;
}

function readShipped(): Promise<Catalogue> {
  shipped ??= readOne(join(mappingsDirectory, "instruments"));
  return shipped;
}

async function readOne(directory: string): Promise<Catalogue> {
  const catalogue: Catalogue = {
    instruments: [],
    tables: new Map(),
    composites: new Map(),
    files: new Map(),
    own: new Set(),
  };
  await readFolder(catalogue, { directory, own: false });
  return catalogue;
}

interface Folder {
  directory: string;
  own: boolean;
}

async function readFolder(catalogue: Catalogue, folder: Folder): Promise<void> {
  const files = (await readdir(folder.directory)).filter((file) => file.endsWith(".yaml")).sort();
  for (const file of files) {
    const path = join(folder.directory, file);
    const instrument = await readYaml(path, instrumentSchema, "MAPPING_INSTRUMENT");
    checkReferences(instrument, path);
    const taken = catalogue.files.get(instrument.id);
    if (taken !== undefined) {
      throw new ProError("MAPPING_INSTRUMENT", `the id ${instrument.id} is taken`, {
        where: { file: path, pointer: "id" },
        hint: `${taken} has it; give your own instrument another id`,
      });
    }
    catalogue.instruments.push(instrument);
    catalogue.files.set(instrument.id, path);
    if (folder.own) catalogue.own.add(instrument.id);
    await readTables(catalogue, instrument, folder);
  }
}

async function readTables(
  { tables, composites, own }: Catalogue,
  { id, scores }: Instrument,
  folder: Folder,
): Promise<void> {
  const directory = join(folder.directory, "tables");
  if (folder.own) await readLicensed({ tables }, scores, directory);
  for (const { table, composite } of scores) {
    for (const file of table?.own ? [] : tableFiles(table)) {
      if (tables.has(file) && own.has(id)) refuseTaken(join(directory, file));
      if (!tables.has(file)) tables.set(file, await readTable(join(directory, file)));
    }
    if (composite && !composites.has(composite.file)) {
      composites.set(composite.file, await readComposite(join(directory, composite.file)));
    }
  }
}

/** Licensed tables that the site has put into its own folder. */
async function readLicensed(
  { tables }: Pick<Catalogue, "tables">,
  scores: readonly Score[],
  directory: string,
): Promise<void> {
  for (const { table } of scores) {
    if (!table?.own) continue;
    const path = join(directory, table.file);
    if (await exists(path)) tables.set(table.file, await readTable(path));
  }
}

/** All files that a table names. */
function tableFiles(table: Score["table"]): string[] {
  if (!table) return [];
  return [table.file, ...Object.values(table.versions ?? {}).flatMap(({ file }) => file ?? [])];
}

function refuseTaken(file: string): never {
  throw new ProError("MAPPING_INSTRUMENT", "another instrument has a table of this name", {
    where: { file },
    hint: "give your own table another name",
  });
}

function refuseFindings(catalogue: Catalogue): void {
  // Ours have none: whatever is found comes from the folder.
  const [found] = checkInstruments(catalogue);
  if (!found) return;
  throw new ProError("MAPPING_INSTRUMENT", found.problem, {
    where: { file: found.file, pointer: found.pointer },
    hint: "correct the file; propool doctor lists everything that is wrong with it",
  });
}

function checkReferences(instrument: Instrument, file: string): void {
  const items = new Set(instrument.items.map((item) => item.id));
  const scores = new Set(instrument.scores.map((score) => score.id));
  const strangers = (ids: readonly string[] | undefined, known: Set<string>) =>
    (ids ?? []).filter((id) => !known.has(id));
  const broken = [
    ...instrument.items
      .filter((item) => !instrument.answers[item.answers])
      .map((item) => `answers: ${item.answers}`),
    ...(instrument.branches ?? []).flatMap((branch) =>
      strangers([...branch.when, ...branch.not_shown], items),
    ),
    ...instrument.scores.flatMap((score) => [
      ...[score.sum, score.mean, score.highest, score.digits].flatMap((ids) =>
        strangers(ids, items),
      ),
      ...strangers(
        [score.table?.from, score.linear?.from].filter((id) => id !== undefined),
        scores,
      ),
      ...strangers(Object.values(score.composite?.inputs ?? {}), new Set([...items, ...scores])),
    ]),
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
