import { join, resolve } from "node:path";
import { z } from "zod";
import { refuseOtherFolder } from "./folder.ts";
import { qualitySchema } from "./quality.ts";
import { readYaml } from "./read-yaml.ts";

export const hubSchema = z.strictObject({
  network: z.string().min(1).max(10).describe("the network's id (NETWORKID)"),
  name: z.string().min(1).describe("the network's name"),
  warehouse: z
    .string()
    .default("duckdb:warehouse/warehouse.duckdb")
    .describe("duckdb:<file in the hub's folder>, or postgres://user@host/database"),
  publications: z
    .int()
    .min(1)
    .max(1000)
    .default(7)
    .describe("how many publications of a DuckDB warehouse are kept, to go back to"),
  linkage: z
    .enum(["on", "off"])
    .default("on")
    .describe("on: people of several sites with matching linkage tokens get one personid"),
  sites: z
    .array(
      z.strictObject({
        site: z
          .string()
          .regex(/^[A-Z0-9]{1,10}$/)
          .describe("DATAMARTID"),
        public_key: z
          .string()
          .describe("the site's Ed25519 public key, as propool init site prints it"),
        inbox: z
          .string()
          .describe("folder in which the site's submissions arrive, relative to the hub's folder"),
        privacy: z.string().default("shifted").describe("the privacy profile that was agreed"),
        token_key_fingerprint: z
          .string()
          .regex(/^[0-9a-f]{16}$/)
          .optional()
          .describe(
            "names the agreed key of the site's tokens (propool init site prints it); left out: that of its first submission",
          ),
        former_public_keys: z
          .array(z.string())
          .default([])
          .describe("public keys with which submissions in the archive were signed before"),
      }),
    )
    .default([])
    .describe("who may submit"),
  quality: qualitySchema.prefault({}).describe("how the data checks are judged at the hub"),
});
export type HubConfiguration = z.infer<typeof hubSchema>;

export interface Hub extends HubConfiguration {
  directory: string;
  keysDirectory: string;
  archiveDirectory: string;
  refusedDirectory: string;
  reportsDirectory: string;
}

/** @throws ProError `CONFIG_HUB` with file, line and key. */
export async function readHub(directory: string): Promise<Hub> {
  const root = resolve(directory);
  await refuseOtherFolder(root, "hub");
  const configuration = await readYaml(join(root, "hub.yaml"), hubSchema, "CONFIG_HUB");
  return {
    ...configuration,
    directory: root,
    keysDirectory: join(root, "keys"),
    archiveDirectory: join(root, "archive"),
    refusedDirectory: join(root, "refused"),
    reportsDirectory: join(root, "reports"),
  };
}
