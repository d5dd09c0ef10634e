import { z } from "zod";
import { bandSchema, cutOffSchema, midSchema, referenceSchema } from "./interpretation.ts";

const LOINC = "http://loinc.org";

/** Another code under which exports carry the same thing; `seen` says where. */
const otherCode = z.strictObject({
  system: z.string().default(LOINC),
  code: z.string(),
  version: z.string().optional().describe("the version of the instrument that this code names"),
  seen: z.string().min(3).describe("where the code was seen, or which document gives it"),
});

const codes = z
  .array(otherCode)
  .min(1)
  .optional()
  .describe("other codes that mean the same wherever they stand");

const answer = z.strictObject({
  value: z
    .number()
    .nullable()
    .describe("the number that is stored for this answer; null: it has words only"),
  label: z.string(),
  loinc: z.string().optional().describe("LOINC answer code"),
  also: z
    .array(z.strictObject({ label: z.string(), loinc: z.string().optional(), seen: z.string() }))
    .min(1)
    .optional()
    .describe("other words and codes that exports use for this answer"),
});

const aliases = z
  .array(z.string().min(1))
  .min(1)
  .optional()
  .describe(
    "names, link ids or other codes that exports use instead of the code; they count only inside a form that is this instrument's",
  );

const item = z.strictObject({
  id: z.string().describe("the instrument's own item id, such as PHQ9_1"),
  label: z.string().describe("what the item asks, in our own words"),
  loinc: z.string().optional(),
  codes,
  aliases,
  answers: z.string().describe("name of its answer list"),
  words: z
    .array(z.string().regex(/^[a-z0-9 ]+$/))
    .min(1)
    .optional()
    .describe(
      "what a text that asks this item contains, all of it; to find it in a narrative table",
    ),
  reversed: z
    .boolean()
    .default(false)
    .describe("the stored values already run against the wording"),
  recode: z
    .record(z.string(), z.number())
    .optional()
    .describe("stored value to scored value, where they differ"),
  optional: z
    .boolean()
    .default(false)
    .describe("many forms leave this item out: its absence is no skipped answer"),
});

const confidence = z
  .enum(["high", "medium-high", "provisional"])
  .describe(
    "how sure we are of the rule or table; provisional is flagged in every output, and a study names it before it uses it",
  );

const table = z
  .strictObject({
    from: z.string().describe("the score that the table is entered with"),
    file: z.string().describe("a file of tables/, for the version that the instrument names"),
    versions: z
      .record(
        z.string(),
        z.strictObject({
          file: z.string().nullable().describe("null: no table of this version could be had"),
          confidence,
          basis: z.string(),
        }),
      )
      .optional()
      .describe("tables of other versions of the instrument"),
    own: z
      .literal(true)
      .optional()
      .describe(
        "the table is licensed: a site puts its own file of this name into instruments/tables/; without it there is no score",
      ),
  })
  .describe("look-up table");

const missing = z.strictObject({
  allowed: z.int().min(0).describe("items that may be missing"),
  rule: z
    .enum(["none", "prorate", "answered", "counts-as"])
    .describe(
      "none: all are needed; prorate: a missing item is the mean of the others; answered: only answered items count; counts-as: a missing item has the value `counts`",
    ),
  counts: z.number().optional().describe("scored value of a missing item, for counts-as"),
  rounding: z.enum(["half-up"]).optional(),
  verification: z.string(),
});

const WAYS = [
  "sum",
  "mean",
  "highest",
  "digits",
  "linear",
  "table",
  "composite",
  "reported",
] as const;

const score = z
  .strictObject({
    id: z.string(),
    label: z.string().optional().describe("what the score is, in our own words; default: its id"),
    loinc: z.string().optional(),
    codes,
    aliases,
    scale: z.enum(["raw", "t", "theta", "interval", "percent", "grade", "profile", "index"]),
    metric: z
      .string()
      .optional()
      .describe("scores of one metric are on one scale, whatever the form: promis-depression"),
    direction: z
      .enum(["better", "worse"])
      .optional()
      .describe("what a higher score means, where it differs from the instrument's"),
    decimals: z.int().min(0).max(6).describe("decimals of the score's grid"),
    range: z.tuple([z.number(), z.number()]).nullable().describe("null: not known"),
    sum: z.array(z.string()).min(1).optional().describe("items that are added"),
    mean: z.array(z.string()).min(1).optional().describe("items whose mean it is"),
    highest: z.array(z.string()).min(1).optional().describe("items whose highest value it is"),
    digits: z
      .array(z.string())
      .min(2)
      .optional()
      .describe("items whose values are the digits of a profile, in this order"),
    linear: z
      .strictObject({ from: z.string(), times: z.number(), plus: z.number() })
      .optional()
      .describe("another score times one number plus another: T = 50 + 10 theta"),
    table: table.optional(),
    composite: z
      .strictObject({
        file: z.string().describe("a file of tables/ with a column an input and the column value"),
        set: z.string().optional().describe("rows of the file whose column set has this word"),
        inputs: z
          .record(z.string(), z.string())
          .describe("column of the file to the item or score that it stands for"),
      })
      .optional()
      .describe("looked up from several items or scores together"),
    reported: z.literal(true).optional().describe("taken as the source reports it"),
    missing: missing.optional(),
    bands: z.array(bandSchema).default([]),
    bands_source: z.string().optional().describe("where the bands come from, if not the source"),
    cut_offs: z.array(cutOffSchema).default([]),
    mid: midSchema.optional(),
    reference: referenceSchema.optional(),
    confidence,
    basis: z.string().optional().describe("what the confidence rests on"),
  })
  .refine((s) => WAYS.filter((way) => s[way] !== undefined).length === 1, {
    error: `a score has exactly one of ${WAYS.join(", ")}`,
  });

const branch = z.strictObject({
  when: z.array(z.string()).min(1).describe("items that lead past others"),
  equal: z.number().describe("the value that all of them have"),
  not_shown: z.array(z.string()).min(1).describe("items that are then not asked"),
  counts: z.number().describe("scored value of an item that was not asked"),
  verification: z.string(),
});

/** A file of mappings/instruments, or of a site's own instruments/: one instrument with its items, answers and scores. */
export const instrumentSchema = z.strictObject({
  source: z.string(),
  reviewed: z.string().nullable(),
  id: z.string().regex(/^[a-z0-9-]+$/),
  name: z.string(),
  version: z.string().describe("the version that the scores below are of; empty: it has none"),
  languages: z
    .array(z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/))
    .min(1)
    .describe(
      "languages of the answer words in this file; translations are read by code or number",
    ),
  recall: z.string(),
  pro_type: z
    .enum(["PM", "NQ", "AM", "NT", "PC", "HC", "OT"])
    .default("OT")
    .describe("PRO_TYPE of its codes that are not LOINC's: PM PROMIS, PC PRO-CTCAE"),
  kind: z
    .enum(["pro", "clinician", "sdoh", "disability"])
    .default("pro")
    .describe("others than pro load only where a site lists the instrument"),
  library: z
    .literal(true)
    .optional()
    .describe("forms take any of the items: one that is absent was not collected"),
  license: z.strictObject({ status: z.string(), holder: z.string(), note: z.string().optional() }),
  direction: z.enum(["better", "worse"]).describe("what a higher score means"),
  aliases: aliases.describe(
    "names under which exports know the form; a form's name that holds one is this instrument",
  ),
  panels: z.array(
    z.strictObject({
      system: z.string(),
      code: z.string(),
      version: z.string().optional().describe("the version that this panel names"),
      seen: z.string().optional().describe("where the code was seen, if it is not the usual one"),
    }),
  ),
  unused: z
    .array(z.strictObject({ code: z.string(), label: z.string(), seen: z.string() }))
    .optional()
    .describe("LOINC codes that belong to the form and are neither item nor score here"),
  shares: z
    .array(z.string())
    .optional()
    .describe("instruments with which this one shares codes on purpose"),
  answers: z.record(z.string(), z.array(answer)),
  items: z.array(item),
  branches: z.array(branch).optional(),
  scores: z.array(score),
});
export type Instrument = z.infer<typeof instrumentSchema>;
export type Score = Instrument["scores"][number];
export type Item = Instrument["items"][number];
export type Confidence = Score["confidence"];

/** What a higher value of the score means. */
export function directionOf(instrument: Instrument, score: Score): "better" | "worse" {
  return score.direction ?? instrument.direction;
}

/** A score that every output flags and that a study refuses unless it names it. */
export function isProvisional(confidence: string | null): boolean {
  return confidence === "provisional";
}
