import type { WarehouseReader } from "../../warehouse/dialects/index.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import { folderKind } from "../configuration/folder.ts";
import { readHub } from "../configuration/hub.ts";
import { readSite, type Site } from "../configuration/site.ts";
import { ProError } from "../core/errors.ts";
import { exists } from "../core/files.ts";

/** Rows that a study can run on, opened for reading; the caller closes them. */
export interface Rows {
  queryable: WarehouseReader;
  /** The site whose store it is; null: a hub's warehouse. */
  site: Site | null;
}

/**
 * Opens a site's store or a hub's warehouse, whichever the folder is of.
 *
 * @throws ProError `CONFIG_FOLDER` for any other folder, `WAREHOUSE_MISSING` when there are no rows yet.
 */
export async function openRows(directory: string): Promise<Rows> {
  if ((await folderKind(directory)) === "site") return openStore(await readSite(directory));
  const hub = await readHub(directory);
  const warehouse = openWarehouse(hub.warehouse, { baseDirectory: hub.directory });
  return { queryable: await warehouse.read(), site: null };
}

async function openStore(site: Site): Promise<Rows> {
  if (!(await exists(site.storeFile))) {
    throw new ProError("WAREHOUSE_MISSING", "the site has no store yet", {
      where: { file: site.storeFile },
      hint: `load its export first: propool run ${site.directory}`,
    });
  }
  const store = openWarehouse(`duckdb:${site.storeFile}`, { baseDirectory: site.directory });
  return { queryable: await store.read(), site };
}
