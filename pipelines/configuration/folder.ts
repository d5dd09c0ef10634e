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
