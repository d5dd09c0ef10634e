import { join } from "node:path";
import { z } from "zod";
import { readYaml } from "../configuration/read-yaml.ts";
import { mappingsDirectory } from "../core/mappings.ts";

export const reasonsSchema = z.record(
  z.string(),
  z.strictObject({ message: z.string(), hint: z.string() }),
);
export type Reasons = z.infer<typeof reasonsSchema>;

/** What each reason code means and what a data steward does about it. */
export async function readReasons(): Promise<Reasons> {
  return readYaml(
    join(mappingsDirectory, "quality", "reasons.yaml"),
    reasonsSchema,
    "MAPPING_REASONS",
  );
}
