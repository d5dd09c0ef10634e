import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readYaml } from "../configuration/read-yaml.ts";
import { ProError } from "../core/errors.ts";
import { mappingsDirectory } from "../core/mappings.ts";
import { RELATIONS, type RelationName } from "./relations.ts";

const sql = z.string().min(1);

const checkSchema = z.strictObject({
  id: z
    .string()
    .regex(/^(DC|PRO) \d\.\d\d[a-z]?$/)
    .describe("DC: PCORnet's own number; PRO: ours, with the same first digit for the category"),
  title: z.string().min(5).describe("what is wrong where it fires, in a few words"),
  category: z
    .enum(["conformance", "completeness", "plausibility", "persistence"])
    .describe("Kahn's framework; persistence as PCORnet has it beside it"),
  table: z.string().describe("table of the CDM, or of the night, that is judged"),
  severity: z.enum(["required", "investigate"]),
  threshold: z.number().min(0).max(1).describe("largest share of failing rows; 0: none may fail"),
  minimum: z.int().min(1).default(1).describe("fewest rows for a verdict"),
  means: z.string().min(10).describe("what a finding means"),
  mend: z.string().min(10).describe("what a data steward does about it"),
  source: z.string().optional().describe("who set the rule, where it is not the file's source"),
  over: z
    .enum(Object.keys(RELATIONS) as [RelationName, ...RelationName[]])
    .describe("relation whose rows are judged"),
  when: sql.default("true").describe("SQL: rows that can be judged; they are N"),
  fails: sql.describe("SQL: rows that fail; they are n"),
  key: sql.optional().describe("SQL: names a failing row; default: the relation's own key"),
  of: sql.optional().describe("SQL: records that one row stands for in N; default: one"),
  n: sql.optional().describe("SQL: records that one failing row stands for in n; default: as in N"),
  parameters: z
    .record(z.string().regex(/^[a-z_]+$/), z.number())
    .default({})
    .describe("limits that stand in the SQL as {name}"),
});
export type Check = z.infer<typeof checkSchema> & { family: string };

export const familySchema = z.strictObject({
  source: z.string(),
  reviewed: z.string().nullable(),
  family: z.string(),
  left_out: z
    .record(z.string(), z.string())
    .default({})
    .describe("checks of the source that are not made, each with the reason"),
  checks: z.array(checkSchema).min(1),
});

let shipped: Promise<Check[]> | undefined;

/** All checks that mappings/quality/checks declares, by file and then as written; those that are shipped are read once a process. */
export function readChecks(directory?: string): Promise<Check[]> {
  if (directory) return readFolder(directory);
  shipped ??= readFolder(join(mappingsDirectory, "quality", "checks"));
  return shipped;
}

async function readFolder(directory: string): Promise<Check[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith(".yaml")).sort();
  const checks: Check[] = [];
  for (const file of files) {
    const path = join(directory, file);
    const read = await readYaml(path, familySchema, "MAPPING_CHECKS");
    for (const check of read.checks) {
      refuseRepeated(check.id, checks, path);
      checks.push({ ...check, family: read.family });
    }
  }
  return checks;
}

function refuseRepeated(id: string, earlier: readonly Check[], file: string): void {
  if (!earlier.some((check) => check.id === id)) return;
  throw new ProError("MAPPING_CHECKS", `the check ${id} is declared twice`, {
    where: { file },
    hint: "give it a number of its own; numbers are never used again",
  });
}
