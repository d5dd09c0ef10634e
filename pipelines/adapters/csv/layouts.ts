import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readYaml } from "../../configuration/read-yaml.ts";
import { ProError } from "../../core/errors.ts";
import { mappingsDirectory } from "../../core/mappings.ts";
import { type CsvLayout, type CsvMapping, csvLayoutSchema, type WideEntry } from "./layout.ts";

const FOLDER = join(mappingsDirectory, "formats", "csv");

/** The names of the layouts that a mapping may name. */
export async function layoutNames(): Promise<string[]> {
  const files = await readdir(FOLDER);
  return files.flatMap((file) => (file.endsWith(".yaml") ? file.slice(0, -5) : [])).sort();
}

/** @throws ProError `MAPPING_CSV` for a name that no layout has. */
export async function readLayout(name: string): Promise<CsvLayout> {
  const known = await layoutNames();
  if (!known.includes(name)) {
    throw new ProError("MAPPING_CSV", `there is no layout ${name}`, {
      where: { pointer: "layout" },
      hint: `known: ${known.join(", ")}`,
    });
  }
  return readYaml(join(FOLDER, `${name}.yaml`), csvLayoutSchema, "MAPPING_CSV");
}

/**
 * A mapping in full: the site's own entries, with what its layout says of every wide file, then the layout's files.
 *
 * @throws ProError `MAPPING_CSV` for an unknown layout, or one that needs entries of the site's own.
 */
export async function withLayout(mapping: CsvMapping): Promise<CsvMapping> {
  const { layout: name, ...own } = mapping;
  if (name === undefined) return mapping;
  const layout = await readLayout(name);
  const entries = own.files.map((entry) =>
    entry.kind === "wide" && layout.wide ? withDefaults(entry, layout.wide) : entry,
  );
  const files = [...entries, ...layout.files];
  if (files.length === 0) {
    throw new ProError("MAPPING_CSV", `the layout ${name} knows no instruments of its own`, {
      where: { pointer: "files" },
      hint: "add files: with the file's match, kind: wide and its instruments; propool suggest drafts them",
    });
  }
  return { ...own, lookups: { ...layout.lookups, ...own.lookups }, files };
}

type WideDefaults = NonNullable<CsvLayout["wide"]>;

function withDefaults(entry: WideEntry, layout: WideDefaults): WideEntry {
  const { missing } = entry;
  const words = Array.isArray(missing)
    ? Object.fromEntries(missing.map((word) => [word, "skipped" as const]))
    : missing;
  const dictionary = entry.dictionary ?? layout.dictionary;
  return {
    ...entry,
    ...(dictionary === undefined ? {} : { dictionary }),
    missing: { ...layout.missing, ...words },
    columns: { ...layout.columns, ...entry.columns },
    instruments: entry.instruments.map((block) => ({
      ...(block.form === undefined ? {} : named(layout.form, block.form)),
      ...block,
      source_id: block.source_id.length ? block.source_id : named(layout.source_id, block.form),
    })),
  };
}

/** The defaults with {form} replaced; what needs a form's name goes where there is none. */
function named<T>(defaults: T, form: string | undefined): T {
  const text = JSON.stringify(defaults);
  return JSON.parse(form === undefined ? text : text.replaceAll("{form}", form)) as T;
}
