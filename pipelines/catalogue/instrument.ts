import { z } from "zod";

const answer = z.strictObject({
  value: z
    .number()
    .nullable()
    .describe("the number that is stored for this answer; null: it has words only"),
  label: z.string(),
  loinc: z.string().optional().describe("LOINC answer code"),
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
});

const band = z.strictObject({
  label: z.string(),
  min: z.number().optional(),
  max: z.number().optional().describe("last value of the band, for scores without decimals"),
  below: z.number().optional().describe("first value above the band"),
});

const score = z
  .strictObject({
    id: z.string(),
    loinc: z.string().optional(),
    aliases,
    scale: z.enum(["raw", "t"]),
    decimals: z.int().min(0).max(6).describe("decimals of the score's grid"),
    range: z.tuple([z.number(), z.number()]).nullable().describe("null: not known"),
    sum: z.array(z.string()).optional().describe("items that are added"),
    table: z
      .strictObject({ from: z.string(), file: z.string() })
      .optional()
      .describe("look-up table: the raw score it starts from, and a file of tables/"),
    reported: z.literal(true).optional().describe("taken as the source reports it"),
    missing: z
      .strictObject({
        allowed: z.int().min(0),
        rule: z.enum(["none", "prorate"]),
        rounding: z.enum(["half-up"]).optional(),
        verification: z.string(),
      })
      .optional(),
    bands: z.array(band).default([]),
    mid: z.strictObject({ value: z.number(), verification: z.string() }).optional(),
    confidence: z.string().describe("how sure we are of the rule or table"),
  })
  .refine((s) => [s.sum, s.table, s.reported].filter((way) => way !== undefined).length === 1, {
    error: "a score is either a sum of items, looked up in a table, or taken as reported",
  });

/** A file of mappings/instruments: one instrument with its items, answers and scores. */
export const instrumentSchema = z.strictObject({
  source: z.string(),
  reviewed: z.string().nullable(),
  id: z.string().regex(/^[a-z0-9-]+$/),
  name: z.string(),
  version: z.string(),
  recall: z.string(),
  kind: z
    .enum(["pro", "clinician", "sdoh", "disability"])
    .default("pro")
    .describe("others than pro load only where a site lists the instrument"),
  license: z.strictObject({ status: z.string(), holder: z.string(), note: z.string().optional() }),
  direction: z.enum(["better", "worse"]).describe("what a higher score means"),
  aliases: aliases.describe(
    "names under which exports know the form; a form's name that holds one is this instrument",
  ),
  panels: z.array(z.strictObject({ system: z.string(), code: z.string() })),
  answers: z.record(z.string(), z.array(answer)),
  items: z.array(item),
  scores: z.array(score),
});
export type Instrument = z.infer<typeof instrumentSchema>;
export type Score = Instrument["scores"][number];
export type Item = Instrument["items"][number];
