import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The folder `mappings/`: CDM tables, instruments, profiles. Found upwards from this file, because the built package keeps it
 * beside `dist/` and the sources keep it beside `pipelines/`.
 */
export const mappingsDirectory: string = findMappings(import.meta.dirname);

function findMappings(from: string): string {
  const candidate = join(from, "mappings");
  if (existsSync(join(candidate, "cdm", "fields.csv"))) return candidate;
  const parent = dirname(from);
  if (parent === from) throw new Error("the folder mappings/ is missing from the installation");
  return findMappings(parent);
}
