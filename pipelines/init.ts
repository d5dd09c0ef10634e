import { mkdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { hubSchema } from "./configuration/hub.ts";
import { parseYaml } from "./configuration/read-yaml.ts";
import { readSite, siteSchema } from "./configuration/site.ts";
import {
  csvMappingTemplate,
  type HubTemplate,
  hubTemplate,
  type SiteTemplate,
  siteTemplate,
} from "./configuration/templates.ts";
import { ProError } from "./core/errors.ts";
import { exists, privateDirectory, writeWhole } from "./core/files.ts";
import { placeSchemas } from "./json-schemas.ts";
import { createSiteKeys, readSiteKeys } from "./privacy/keys.ts";

/**
 * Makes a site's folder: commented site.yaml, for csv a mapping to fill in, keys, an empty export folder. What is there stays.
 *
 * @returns the site's public key, which the hub needs
 * @throws ProError `CONFIG_EXISTS` when there is a site.yaml already, `CONFIG_SITE` when an id or a name is not possible.
 */
export async function initSite(
  directory: string,
  template: SiteTemplate,
): Promise<{ publicKey: string }> {
  const root = resolve(directory);
  const file = join(root, "site.yaml");
  await refuseExisting(file);
  const configuration = siteTemplate(template);
  parseYaml(configuration, file, siteSchema, "CONFIG_SITE");
  await privateDirectory(root);
  await mkdir(join(root, "export"), { recursive: true });
  const keys = await createSiteKeys(join(root, "keys"));
  const mappingFile = join(root, "mapping.yaml");
  if (template.format === "csv" && !(await exists(mappingFile))) {
    await writeWhole(mappingFile, csvMappingTemplate());
  }
  await placeSchemas(root, template.format === "csv" ? ["site", "csv-mapping"] : ["site"]);
  await writeWhole(file, configuration);
  return { publicKey: keys.publicKey };
}

/**
 * Makes a hub's folder. `siteDirectories` are sites on this machine: they are listed with their public keys, and their outboxes
 * are the hub's inboxes.
 *
 * @throws ProError `CONFIG_EXISTS` when there is a hub.yaml already, `CONFIG_HUB` when the id is not possible, `CONFIG_SITE`, `CONFIG_KEY`.
 */
export async function initHub(
  directory: string,
  template: Omit<HubTemplate, "sites">,
  siteDirectories: readonly string[] = [],
): Promise<void> {
  const root = resolve(directory);
  const file = join(root, "hub.yaml");
  await refuseExisting(file);
  const sites = [];
  for (const siteDirectory of siteDirectories) {
    const site = await readSite(siteDirectory);
    const { publicKey } = await readSiteKeys(site.keysDirectory);
    sites.push({ site: site.site, publicKey, inbox: relative(root, site.outboxDirectory) });
  }
  const configuration = hubTemplate({ ...template, sites });
  parseYaml(configuration, file, hubSchema, "CONFIG_HUB");
  await privateDirectory(root);
  await mkdir(join(root, "inbox"), { recursive: true });
  await placeSchemas(root, ["hub"]);
  await writeWhole(file, configuration);
}

async function refuseExisting(file: string): Promise<void> {
  if (!(await exists(file))) return;
  throw new ProError("CONFIG_EXISTS", "there is a configuration already", {
    where: { file },
    hint: "edit it, or choose another folder",
  });
}
