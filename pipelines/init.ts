import { mkdir, readFile } from "node:fs/promises";
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
import { createHubKey, readHubKey } from "./submission/hub-key.ts";

/**
 * Makes a site's folder: commented site.yaml, for csv a mapping to fill in, keys, an empty export folder. What is there stays.
 *
 * @returns the site's public key, which the hub needs
 * @throws ProError `CONFIG_EXISTS` when there is a site.yaml already, `CONFIG_SITE` when an id or a name is not possible.
 */
export async function initSite(
  directory: string,
  template: Omit<SiteTemplate, "hubKey"> & {
    /** The hub's public key (age1…), or the hub's folder on this machine. */
    hub?: string;
  },
): Promise<{ publicKey: string; tokenKeyFingerprint: string }> {
  const root = resolve(directory);
  const file = join(root, "site.yaml");
  await refuseExisting(file);
  const { hub, ...rest } = template;
  const hubKey = hub ? await hubKeyFrom(hub) : undefined;
  const configuration = siteTemplate({ ...rest, ...(hubKey && { hubKey }) });
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
  return { publicKey: keys.publicKey, tokenKeyFingerprint: keys.tokenKeyFingerprint };
}

async function hubKeyFrom(hub: string): Promise<string> {
  if (hub.startsWith("age1")) return hub;
  return (await readHubKey(join(resolve(hub), "keys"))).recipient;
}

/**
 * Makes a hub's folder with its key. `siteDirectories` are sites on this machine: they are listed with their public keys, their outboxes
 * are the hub's inboxes, and their site.yaml gets the hub's key where it has none.
 *
 * @returns the hub's public key, which the sites need
 * @throws ProError `CONFIG_EXISTS` when there is a hub.yaml already, `CONFIG_HUB` when the id is not possible, `CONFIG_SITE`, `CONFIG_KEY`.
 */
export async function initHub(
  directory: string,
  template: Omit<HubTemplate, "sites">,
  siteDirectories: readonly string[] = [],
): Promise<{ hubKey: string }> {
  const root = resolve(directory);
  const file = join(root, "hub.yaml");
  await refuseExisting(file);
  const sites = [];
  for (const siteDirectory of siteDirectories) {
    const site = await readSite(siteDirectory);
    const { publicKey, tokenKeyFingerprint } = await readSiteKeys(site.keysDirectory);
    const inbox = relative(root, site.outboxDirectory);
    sites.push({ site: site.site, publicKey, tokenKeyFingerprint, inbox });
  }
  const configuration = hubTemplate({ ...template, sites });
  parseYaml(configuration, file, hubSchema, "CONFIG_HUB");
  await privateDirectory(root);
  await mkdir(join(root, "inbox"), { recursive: true });
  await placeSchemas(root, ["hub"]);
  const { recipient } = await createHubKey(join(root, "keys"));
  for (const siteDirectory of siteDirectories) await giveHubKey(siteDirectory, recipient);
  await writeWhole(file, configuration);
  return { hubKey: recipient };
}

/** Adds the hub's key to a site that has none; the rest of its configuration stays as it was written. */
async function giveHubKey(siteDirectory: string, hubKey: string): Promise<void> {
  const site = await readSite(siteDirectory);
  if (site.hub_key) return;
  const file = join(site.directory, "site.yaml");
  const content = await readFile(file, "utf8");
  const line = `hub_key: ${hubKey}`;
  const filled = /^# hub_key:.*$/m.test(content)
    ? content.replace(/^# hub_key:.*$/m, line)
    : `${content.trimEnd()}\n${line}\n`;
  await writeWhole(file, filled);
}

async function refuseExisting(file: string): Promise<void> {
  if (!(await exists(file))) return;
  throw new ProError("CONFIG_EXISTS", "there is a configuration already", {
    where: { file },
    hint: "edit it, or choose another folder",
  });
}
