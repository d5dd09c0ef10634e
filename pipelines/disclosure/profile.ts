import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readYaml } from "../configuration/read-yaml.ts";
import { ProError } from "../core/errors.ts";
import { mappingsDirectory } from "../core/mappings.ts";

export const disclosureSchema = z.strictObject({
  source: z.string().describe("who set the rule, and where it is written"),
  reviewed: z.string().nullable(),
  id: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string(),
  minimum_people: z
    .int()
    .min(2)
    .describe("fewest people in a cell that is not empty, in what is left of its margin, in a bin"),
  people_per_parameter: z
    .int()
    .min(1)
    .describe("people that a model, or a matrix of covariances, needs for each of its columns"),
  minimum_df: z.int().min(1).describe("fewest residual degrees of freedom of a model"),
  bin_width: z.int().min(1).describe("score points of a block of values that is shown together"),
  site_strata: z
    .boolean()
    .describe("whether a summary that leaves a site may have the site as a stratum"),
});
export type DisclosureProfile = z.infer<typeof disclosureSchema>;

/** @throws ProError `CONFIG_DISCLOSURE` when there is no such profile, or it does not fit its schema. */
export async function readDisclosureProfile(
  id: string,
  directory = join(mappingsDirectory, "disclosure"),
): Promise<DisclosureProfile> {
  const known = (await readdir(directory))
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
  if (!known.includes(id)) {
    throw new ProError("CONFIG_DISCLOSURE", `there is no disclosure profile ${id}`, {
      where: { file: directory },
      hint: `profiles are: ${known.join(", ")}`,
    });
  }
  return readYaml(join(directory, `${id}.yaml`), disclosureSchema, "CONFIG_DISCLOSURE");
}
