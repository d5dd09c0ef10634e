import { isAbsolute, join, normalize } from "node:path";
import { z } from "zod";
import { ProError } from "../core/errors.ts";
import { readYaml } from "./read-yaml.ts";

const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, "must be a day as YYYY-MM-DD")
  .refine((text) => !Number.isNaN(Date.parse(text)), "is no day of the calendar");

/** How one check is to be judged here; what is left out stays as the check's own file says. */
const judgement = z.strictObject({
  threshold: z.number().min(0).max(1).optional().describe("largest share of failing rows"),
  minimum: z.int().min(1).optional().describe("fewest rows that are judged"),
  severity: z
    .enum(["required", "investigate", "off"])
    .optional()
    .describe("required: a failure stops what depends on it; off: not evaluated here"),
  parameters: z
    .record(z.string(), z.number())
    .optional()
    .describe("the check's own limits, by name: propool check --list shows them"),
});
export type Judgement = z.infer<typeof judgement>;

const acknowledgement = z.strictObject({
  check: z.string().describe("id of the check, such as PRO 2.03"),
  site: z.string().optional().describe("at the hub: for one site only (DATAMARTID)"),
  at_most: z.int().min(1).optional().describe("so many failing rows are known; more are a finding"),
  reason: z.string().min(5).describe("why this is known and accepted"),
  until: day.describe("last day on which it is accepted"),
});
export type Acknowledgement = z.infer<typeof acknowledgement>;

const rules = z.strictObject({
  checks: z.record(z.string(), judgement).default({}).describe("how checks are judged, by id"),
  languages: z
    .record(z.string(), z.array(z.string()).min(1))
    .default({})
    .describe("languages (BCP 47) with a validated version, by instrument"),
  acknowledged: z
    .array(acknowledgement)
    .default([])
    .describe("known findings, each with a reason and a last day"),
});

const path = z
  .string()
  .min(1)
  .refine((value) => !isAbsolute(value) && !normalize(value).startsWith(".."), {
    error: "must be a path inside this folder",
  });

/** `quality:` of site.yaml and hub.yaml. */
export const qualitySchema = rules.extend({
  network: path
    .optional()
    .describe("a file with the network's own thresholds; what stands here goes before it"),
  hold: z
    .boolean()
    .default(false)
    .describe("publish nothing on a night on which a required check fails"),
});

export type QualityConfiguration = z.infer<typeof qualitySchema>;

/** The rules of a folder: the site's before the network's, check by check. */
export type QualityRules = z.infer<typeof rules> & { hold: boolean };

/** @throws ProError `CONFIG_QUALITY` when the network's file is missing or does not fit. */
export async function readQualityRules(
  own: QualityConfiguration,
  directory: string,
): Promise<QualityRules> {
  const network = own.network
    ? await readYaml(join(directory, own.network), rules, "CONFIG_QUALITY")
    : rules.parse({});
  const ids = new Set([...Object.keys(network.checks), ...Object.keys(own.checks)]);
  return {
    hold: own.hold,
    checks: Object.fromEntries(
      [...ids].map((id) => [id, merged(network.checks[id], own.checks[id])]),
    ),
    languages: { ...network.languages, ...own.languages },
    acknowledged: [...network.acknowledged, ...own.acknowledged],
  };
}

function merged(network: Judgement = {}, own: Judgement = {}): Judgement {
  return { ...network, ...own, parameters: { ...network.parameters, ...own.parameters } };
}

/**
 * A rule for a check or a limit that does not exist would be silently without effect.
 *
 * @throws ProError `CONFIG_QUALITY`.
 */
export function refuseUnknownChecks(
  rules: QualityRules,
  known: ReadonlyMap<string, readonly string[]>,
): void {
  const named = [...Object.keys(rules.checks), ...rules.acknowledged.map(({ check }) => check)];
  const unknown = named.find((id) => !known.has(id));
  if (unknown !== undefined)
    throw unknownRule(`check ${unknown}`, "propool check --list names all");
  for (const [id, { parameters = {} }] of Object.entries(rules.checks)) {
    const stranger = Object.keys(parameters).find((name) => !known.get(id)?.includes(name));
    if (stranger !== undefined) {
      const limits = known.get(id)?.join(", ") || "none";
      throw unknownRule(`parameter ${stranger} of ${id}`, `it has: ${limits}`);
    }
  }
}

function unknownRule(what: string, hint: string): ProError {
  return new ProError("CONFIG_QUALITY", `quality names the ${what}, which does not exist`, {
    where: { pointer: "quality" },
    hint,
  });
}
