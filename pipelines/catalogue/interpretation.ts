import { z } from "zod";

/** What helps to read a score: severity bands, cut-offs, the minimal important difference, the population it is compared with. */

export const bandSchema = z
  .strictObject({
    label: z.string(),
    min: z.number().optional(),
    above: z.number().optional().describe("last value below the band"),
    max: z.number().optional().describe("last value of the band"),
    below: z.number().optional().describe("first value above the band"),
  })
  .describe("one severity band; the bands of a score cover its range without gap or overlap");

export const cutOffSchema = z.strictObject({
  label: z.string(),
  min: z.number().describe("the first value that counts"),
  sex: z.enum(["F", "M"]).optional().describe("holds for this sex only (CDM code)"),
  source: z.string().optional(),
});

export const midSchema = z
  .strictObject({
    value: z.number().positive().nullable().describe("null: only a range is known"),
    range: z
      .tuple([z.number().positive(), z.number().positive()])
      .optional()
      .describe("a change below the first is below the MID, from the second on it passes it"),
    verification: z.string().describe("where it comes from"),
  })
  .refine((mid) => mid.value !== null || mid.range !== undefined, {
    error: "a MID has a value or a range",
  })
  .describe("minimal important difference, in points of the score");

export const referenceSchema = z
  .strictObject({
    mean: z.number(),
    sd: z.number().positive(),
    population: z.string(),
    source: z.string(),
  })
  .describe("the population that the scale was made for: T-scores have mean 50 and SD 10");

export type Band = z.infer<typeof bandSchema>;

/** Whether a value lies in a band. */
export function isIn(band: Band, value: number): boolean {
  const { min = -Infinity, above = -Infinity, max = Infinity, below = Infinity } = band;
  return value >= min && value > above && value <= max && value < below;
}
