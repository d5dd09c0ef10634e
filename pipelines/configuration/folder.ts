import { join } from "node:path";
import { ProError } from "../core/errors.ts";
import { exists } from "../core/files.ts";

/**
 * What a folder is, by the configuration that it holds.
 *
 * @throws ProError `CONFIG_FOLDER` when it is neither a site's nor a hub's.
 */
export async function folderKind(directory: string): Promise<"site" | "hub"> {
  if (await exists(join(directory, "site.yaml"))) return "site";
  if (await exists(join(directory, "hub.yaml"))) return "hub";
  throw new ProError("CONFIG_FOLDER", "the folder is neither a site's nor a hub's", {
    where: { file: directory },
    hint: "name a folder that holds site.yaml or hub.yaml",
  });
}

/**
 * Refuses a hub's folder where a site's is wanted, and the reverse. One that is neither passes: then its configuration is missing.
 *
 * @throws ProError `CONFIG_FOLDER`.
 */
export async function refuseOtherFolder(directory: string, wanted: "site" | "hub"): Promise<void> {
  const other = wanted === "site" ? "hub" : "site";
  const has = (kind: string) => exists(join(directory, `${kind}.yaml`));
  if ((await has(wanted)) || !(await has(other))) return;
  throw new ProError("CONFIG_FOLDER", `the folder is a ${other}'s, and a ${wanted}'s is needed`, {
    where: { file: directory },
    hint: `name a folder that holds ${wanted}.yaml`,
  });
}
