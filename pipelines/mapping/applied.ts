import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Site } from "../configuration/site.ts";

/** Folders of a site's own instruments and links between scores. */
const FOLDERS = ["instruments", "crosswalks"];

/**
 * The files that say what a site's source means, by their path in its folder: site.yaml, the mapping, instruments and crosswalks of its
 * own. The store remembers them, so that a change can be compared, planned and taken back.
 */
export async function readApplied(
  site: Pick<Site, "directory" | "mappingFile">,
): Promise<Record<string, string>> {
  const files = [join(site.directory, "site.yaml")];
  if (site.mappingFile) files.push(site.mappingFile);
  for (const folder of FOLDERS) {
    const directory = join(site.directory, folder);
    const found = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    for (const entry of found) {
      if (entry.isFile() && /\.(yaml|csv)$/.test(entry.name)) {
        files.push(join(entry.parentPath, entry.name));
      }
    }
  }
  const texts = files.sort().map(async (file) => {
    const path = relative(site.directory, file).replaceAll("\\", "/");
    return [path, await readFile(file, "utf8")] as const;
  });
  return Object.fromEntries(await Promise.all(texts));
}
