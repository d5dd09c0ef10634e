import { basename, resolve } from "node:path";
import { Option } from "commander";
import type { SiteTemplate } from "../../pipelines/configuration/templates.ts";
import { initHub, initSite } from "../../pipelines/init.ts";
import type { AddCommand } from "../command.ts";
import { writeJson } from "../output.ts";

interface SiteOptions {
  site?: string;
  name?: string;
  network: string;
  format: SiteTemplate["format"];
  hub?: string;
  json?: boolean;
}

interface HubOptions {
  network: string;
  name: string;
  with?: string[];
  json?: boolean;
}

export const addInit: AddCommand = (program, io) => {
  const init = program
    .command("init")
    .description("write a commented configuration, keys and folders");

  init
    .command("site")
    .description("a new site: site.yaml, keys, an export folder")
    .argument("<dir>", "folder of the site; made if missing")
    .addOption(
      new Option("--format <format>", "what the export holds")
        .choices(["fhir", "ccda", "csv"])
        .default("fhir"),
    )
    .option(
      "--site <id>",
      "DATAMARTID, 1 to 10 capital letters or digits (default: from the folder's name)",
    )
    .option("--name <name>", "DATAMART_NAME, at most 20 characters (default: the folder's name)")
    .option("--network <id>", "NETWORKID", "NETWORK")
    .option("--hub <key>", "the hub's public key (age1...), or its folder on this machine")
    .option("--json", "print what was made as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool init site river-clinic --format fhir --hub age1...\n  $ propool init site summit --format csv --site SUMMIT --network DEMO",
    )
    .action(async (directory: string, options: SiteOptions) => {
      const folder = basename(resolve(directory));
      const site =
        options.site ??
        (folder
          .toUpperCase()
          .replace(/[^A-Z0-9]/g, "")
          .slice(0, 10) ||
          "SITE");
      const name = options.name ?? folder.slice(0, 20);
      const { network, format, hub } = options;
      const template = { site, name, network, format, ...(hub && { hub }) };
      const { publicKey, tokenKeyFingerprint } = await initSite(directory, template);
      const keys = { public_key: publicKey, token_key_fingerprint: tokenKeyFingerprint };
      if (options.json) return writeJson(io.out, { site, directory: resolve(directory), ...keys });
      io.out.write(
        [
          `${directory}: site ${site} is ready`,
          "",
          `1. put the export's files into ${directory}/export`,
          format === "csv"
            ? `2. propool suggest ${directory}/export --out ${directory}/mapping.yaml   drafts what the columns mean: read it, correct it`
            : "2. look at site.yaml",
          `3. propool preview ${directory}/export --site ${directory}`,
          `4. propool run ${directory}`,
          "",
          "The hub needs these lines under sites: in hub.yaml:",
          `  - site: ${site}`,
          `    public_key: "${publicKey}"`,
          `    token_key_fingerprint: "${tokenKeyFingerprint}"`,
          `    inbox: inbox/${site}`,
          ...(hub
            ? []
            : ["", "and site.yaml needs the hub's key: hub_key, as propool init hub prints it"]),
          "",
          `Keep a copy of ${directory}/keys in a safe place: without them the tokens of this site never match again.`,
          "",
        ].join("\n"),
      );
    });

  init
    .command("hub")
    .description("a new hub: hub.yaml, its key and an inbox")
    .argument("<dir>", "folder of the hub; made if missing")
    .option("--network <id>", "NETWORKID", "NETWORK")
    .option("--name <name>", "the network's name", "A propool network")
    .option(
      "--with <siteDir...>",
      "sites on this machine: listed with their keys and outboxes, and given the hub's key",
    )
    .option("--json", "print what was made as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool init hub hub --with river-clinic harbor\n  $ propool init hub /srv/propool/hub --network DEMO --name 'Demo network'",
    )
    .action(async (directory: string, { with: sites = [], json, ...template }: HubOptions) => {
      const { hubKey } = await initHub(directory, template, sites);
      if (json) {
        const { network } = template;
        return writeJson(io.out, { directory: resolve(directory), network, hub_key: hubKey });
      }
      const todo = sites.length > 0 ? "" : "list its sites in hub.yaml, then: ";
      io.out.write(
        [
          `${directory}: the hub is ready; ${todo}propool pool ${directory}`,
          "",
          "Each site needs this line in site.yaml, so that nobody else can open what it sends:",
          `hub_key: ${hubKey}`,
          "",
          `Keep a copy of ${directory}/keys in a safe place: without it what the sites send cannot be opened.`,
          "",
        ].join("\n"),
      );
    });
};
