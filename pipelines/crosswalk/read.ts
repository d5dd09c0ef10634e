import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { readYaml } from "../configuration/read-yaml.ts";
import { ProError } from "../core/errors.ts";
import { exists } from "../core/files.ts";
import { mappingsDirectory } from "../core/mappings.ts";
import { type Crosswalk, type CrosswalkRow, crosswalkSchema } from "./crosswalk.ts";

export interface Link extends Crosswalk {
  file: string;
  rows: CrosswalkRow[];
}

/** What a link's ends must be, as the catalogue knows them. */
export interface LinkedScore {
  instrument: string;
  score: string;
  range: readonly [number, number] | null;
}

/** The folder in which a site or hub keeps crosswalks of its own. */
export const ownCrosswalks = (directory: string): string => join(directory, "crosswalks");

let shipped: Promise<Link[]> | undefined;

/**
 * All crosswalks, ours and after them those of a site's own folder, each checked against the catalogue's scores.
 *
 * @throws ProError `MAPPING_CROSSWALK` with file and line.
 */
export async function readCrosswalks(
  scores: readonly LinkedScore[],
  own: string | null = null,
): Promise<Link[]> {
  shipped ??= readFolder(join(mappingsDirectory, "crosswalks"));
  const links = [...(await shipped)];
  if (own && (await exists(own))) links.push(...(await readFolder(own)));
  for (const link of links) {
    const [problem] = checkLink(link, scores);
    if (problem) refuse(link.file, problem);
    if (links.some((other) => other !== link && other.id === link.id))
      refuse(link.file, `the id ${link.id} is taken`);
  }
  return links;
}

async function readFolder(directory: string): Promise<Link[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith(".yaml")).sort();
  return Promise.all(
    files.map(async (name) => {
      const file = join(directory, name);
      const crosswalk = await readYaml(file, crosswalkSchema, "MAPPING_CROSSWALK");
      return { ...crosswalk, file, rows: await readRows(file.replace(/\.yaml$/, ".csv")) };
    }),
  );
}

async function readRows(file: string): Promise<CrosswalkRow[]> {
  const source = await readFile(file, "utf8").catch((cause) => {
    throw new ProError("MAPPING_CROSSWALK", "the table of a crosswalk cannot be read", {
      where: { file },
      hint: "put it beside the .yaml file, under the same name",
      cause,
    });
  });
  const [header = "", ...lines] = source.trimEnd().split(/\r?\n/);
  const columns = header.split(",");
  return lines.map((line, i) => {
    const cells = line.split(",");
    const number = (name: string) => {
      const cell = cells[columns.indexOf(name)]?.trim() ?? "";
      return cell === "" ? Number.NaN : Number(cell);
    };
    const row = { raw: number("raw"), value: number("value"), se: number("se") };
    if (!Number.isFinite(row.raw) || !Number.isFinite(row.value)) {
      throw new ProError("MAPPING_CROSSWALK", "a row of a crosswalk has no number", {
        where: { file, record: `line ${i + 2}` },
        hint: "columns are raw, value and se",
      });
    }
    return { ...row, se: Number.isFinite(row.se) ? row.se : null };
  });
}

/** What is wrong with a link: its ends, a gap in its table, a value that goes backwards or leaves the scale. */
export function* checkLink(link: Link, scores: readonly LinkedScore[]): Generator<string> {
  if (basename(link.file) !== `${link.id}.yaml`) yield `the file is not named ${link.id}.yaml`;
  const find = (end: Crosswalk["from"]) =>
    scores.find(({ instrument, score }) => instrument === end.instrument && score === end.score);
  const [from, to] = [find(link.from), find(link.to)];
  for (const [name, found] of Object.entries({ from, to })) {
    if (!found) yield `${name} is a score that the catalogue does not have`;
  }
  if (!from?.range || !to?.range) return;
  const [low, high] = from.range;
  const every = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  if (String(link.rows.map(({ raw }) => raw)) !== String(every))
    yield `the table does not have each score from ${low} to ${high} once, in order`;
  const values = link.rows.map(({ value }) => value);
  const steps = values.slice(1).map((value, i) => Math.sign(value - (values[i] ?? value)));
  if (steps.some((step) => step !== 0 && step !== steps.find((one) => one !== 0)))
    yield "the table goes up and down";
  const [least, most] = to.range;
  if (values.some((value) => value < least || value > most))
    yield `the table leaves the range ${least} to ${most}`;
  if (link.rows.some(({ se }) => se !== null && se <= 0)) yield "a standard error is 0";
}

function refuse(file: string, problem: string): never {
  throw new ProError("MAPPING_CROSSWALK", problem, {
    where: { file },
    hint: "correct the crosswalk; a link that is not known well is left out",
  });
}
