import { join } from "node:path";
import type { CsvMapping } from "./adapters/csv/layout.ts";
import type { Instrument } from "./catalogue/instrument.ts";
import { placeInYaml } from "./configuration/read-yaml.ts";
import type { LocalCode } from "./configuration/site.ts";
import { type ErrorCode, ProError } from "./core/errors.ts";
import { nearest } from "./core/nearest.ts";

interface Reference {
  instrument: string;
  /** Item or score; null: the instrument alone. */
  part: string | null;
  path: (string | number)[];
}

interface Referring {
  file: string;
  code: ErrorCode;
  references: readonly Reference[];
}

/**
 * Local codes that name an instrument, item or score that the catalogue does not have: they would map nothing, unseen.
 *
 * @throws ProError `CONFIG_SITE` with file, line and the nearest known name.
 */
export async function refuseUnknownCodes(
  codes: readonly LocalCode[],
  directory: string,
  instruments: readonly Instrument[],
): Promise<void> {
  const references = codes.map(({ instrument, item }, i) => ({
    instrument,
    part: item,
    path: ["codes", i],
  }));
  await refuseUnknown(
    { file: join(directory, "site.yaml"), code: "CONFIG_SITE", references },
    instruments,
  );
}

/**
 * The same for the instruments of a CSV mapping.
 *
 * @throws ProError `MAPPING_CSV`.
 */
export async function refuseUnknownParts(
  mapping: CsvMapping,
  file: string,
  instruments: readonly Instrument[],
): Promise<void> {
  const references = mapping.files.flatMap((entry, i): Reference[] => {
    if (entry.kind !== "wide" && entry.kind !== "long") return [];
    return entry.instruments.flatMap((block, j) => {
      const at = ["files", i, "instruments", j];
      const parts = (["items", "scores"] as const).flatMap((kind) =>
        Object.keys(block[kind]).map((part) => ({
          instrument: block.instrument,
          part,
          path: [...at, kind, part],
        })),
      );
      return [{ instrument: block.instrument, part: null, path: [...at, "instrument"] }, ...parts];
    });
  });
  await refuseUnknown({ file, code: "MAPPING_CSV", references }, instruments);
}

async function refuseUnknown(
  { file, code, references }: Referring,
  instruments: readonly Instrument[],
): Promise<void> {
  for (const { instrument: id, part, path } of references) {
    const instrument = instruments.find((one) => one.id === id);
    if (!instrument) {
      const known = instruments.map((one) => one.id);
      throw new ProError(code, `there is no instrument ${id}`, {
        where: await placeInYaml(file, part === null ? path : [...path, "instrument"]),
        hint: meant(id, known) ?? "propool instruments lists them",
      });
    }
    if (part === null) continue;
    const parts = [...instrument.items, ...instrument.scores];
    if (parts.some((one) => one.id === part)) continue;
    const byCode = parts.find((one) => one.loinc === part);
    throw new ProError(code, `${id} has no item or score ${part}`, {
      where: await placeInYaml(file, code === "CONFIG_SITE" ? [...path, "item"] : path),
      hint: byCode
        ? `${part} is called ${byCode.id} here`
        : (meantPart(part, parts) ?? `it has ${parts.map((one) => one.id).join(", ")}`),
    });
  }
}

const meant = (word: string, known: readonly string[]): string | null => {
  const near = nearest(word, known);
  return near === undefined ? null : `did you mean ${near}?`;
};

/** A code with one wrong digit is told by the code that was meant, and by what it is called here. */
function meantPart(part: string, parts: readonly { id: string; loinc?: string | undefined }[]) {
  const codes = parts.flatMap(({ loinc }) => loinc ?? []);
  const near = /^\d+-\d$/.test(part) ? nearest(part, codes) : undefined;
  const byCode = parts.find(({ loinc }) => near !== undefined && loinc === near);
  if (byCode) return `did you mean ${near}? It is called ${byCode.id} here`;
  return meant(
    part,
    parts.map(({ id }) => id),
  );
}

/** What reading an export found wrong with a mapping, with the line that says it; other errors, and those of a layout's own entries, stay as they are. */
export async function withMappingPlace(error: unknown, mappingFile: string): Promise<unknown> {
  if (!(error instanceof ProError)) return error;
  const { code, message, where, hint } = error;
  const [files, index, ...path] = (where.pointer ?? "").split(".");
  if (files !== "files" || index === undefined) return error;
  const [entry, list] = await Promise.all([
    placeInYaml(mappingFile, [files, index]),
    placeInYaml(mappingFile, [files]),
  ]);
  if (entry.record === list.record) return error;
  const { record } = await placeInYaml(mappingFile, [files, index, ...path]);
  const said = `the mapping says it in ${mappingFile} ${record}`;
  return new ProError(code, message, {
    where,
    hint: hint ? `${hint} (${said})` : said,
    cause: error,
  });
}
