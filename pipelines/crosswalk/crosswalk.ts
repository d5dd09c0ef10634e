import { z } from "zod";

const end = z.strictObject({
  instrument: z.string().describe("catalogue id: phq-9"),
  score: z.string().describe("score id: total"),
});

/** A file of mappings/crosswalks, or of a site's own crosswalks/: one link; its table is the CSV file of the same name beside it. */
export const crosswalkSchema = z.strictObject({
  source: z.string().min(20).describe("document, version, page or URL"),
  reviewed: z.string().nullable(),
  id: z.string().regex(/^[a-z0-9-]+$/),
  from: end,
  to: end.describe("the scale that the values are on; the table is not read backwards"),
  population: z.string().describe("the people on whom the link was made"),
  method: z.string(),
  people: z.int().positive().nullable().describe("how many people; null: not known"),
  error: z
    .strictObject({ sd: z.number().positive(), source: z.string() })
    .optional()
    .describe("SD of linked minus measured scores of one person, where it was published"),
  invariance: z
    .array(
      z.strictObject({
        by: z.string(),
        groups: z.record(z.string(), z.int()),
        remsd: z.number(),
      }),
    )
    .optional()
    .describe("subgroup invariance of a derived link: REMSD, the larger the less the link holds"),
  derived: z
    .strictObject({
      on: z.string().describe("day"),
      rows: z.string().describe("the store or warehouse"),
      days: z.int().min(0).describe("largest distance of the two answers"),
      replications: z.int().positive().describe("bootstrap samples"),
      seed: z.int(),
    })
    .optional()
    .describe("made by propool crosswalk derive, and by no publication"),
  confidence: z.enum(["high", "medium-high", "provisional"]),
  basis: z.string().optional(),
});
export type Crosswalk = z.infer<typeof crosswalkSchema>;

/** One row of its table. */
export interface CrosswalkRow {
  raw: number;
  value: number;
  /** Standard error on the scale of `value`; null: not known. */
  se: number | null;
}
