import { z } from "zod";
import { modelSchema } from "./model-schema.ts";
import {
  codeLists,
  collectionSchema,
  isoDate,
  outcomeSchema,
  populationSchema,
  procedureLists,
} from "./population-schema.ts";

const days = z.tuple([z.int(), z.int()]).refine(([first, last]) => first <= last, {
  error: "must be [first day, last day]",
});

const followUp = z.strictObject({ target: z.int(), days });

const index = z.discriminatedUnion("event", [
  z.strictObject({
    event: z
      .literal("first_administration")
      .describe("a person's first score of the measure in the population's dates"),
  }),
  z.strictObject({
    event: z.literal("procedure").describe("the first procedure of one of the lists (PX_DATE)"),
    codes: procedureLists,
  }),
  z.strictObject({
    event: z
      .literal("diagnosis")
      .describe("the first condition of one of the lists (onset, else report date)"),
    codes: codeLists,
  }),
  z.strictObject({
    event: z
      .literal("date")
      .describe("one calendar date for everybody; dates that were shifted do not fit it"),
    date: isoDate,
  }),
]);

const windows = z.strictObject({
  baseline: z
    .strictObject({ days: days.default([0, 0]) })
    .default({ days: [0, 0] })
    .describe("days from the index day; the score nearest to it, the earlier one on ties"),
  follow_up: z
    .union([followUp, z.array(followUp).min(1).max(20)])
    .optional()
    .describe(
      "the score nearest to the target day, the earlier one on ties; of a list the first is the main one, all are in the trajectory",
    ),
  complete_pairs: z
    .boolean()
    .default(false)
    .describe(
      "whether only people with a score in the main follow-up window count, for everything",
    ),
  course: z
    .strictObject({
      days: z.int().min(1).max(36_500),
      step: z.int().min(1).describe("days of one step of the time grid; wider steps hide less"),
    })
    .optional()
    .describe("how long the time to response is looked at"),
});

const stratum = z.union([
  z.enum(["sex", "site", "race", "hispanic", "method", "mode", "channel", "setting"]),
  z.strictObject({
    age: z
      .array(z.int().min(1))
      .min(1)
      .describe("ages at which a new group begins: [40, 65] gives three"),
  }),
]);

/** A study file as it is written. */
export const studySchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,59}$/, "must be lower-case letters, digits and hyphens"),
    title: z.string().min(1),
    measure: outcomeSchema.optional().describe("the score that is studied"),
    outcomes: z
      .array(outcomeSchema)
      .min(1)
      .optional()
      .describe("several scores, instead of measure"),
    population: populationSchema.default({}),
    people: z
      .enum(["records", "linked"])
      .default("records")
      .describe(
        "records: somebody who attends two sites counts at each; linked: once, by the record with a follow-up and most administrations, on a hub's rows where linkage is on",
      ),
    collection: collectionSchema
      .optional()
      .describe("which administrations count, by how they were collected; left out: all"),
    index: index
      .default({ event: "first_administration" })
      .describe("day 0 of a person, for each outcome"),
    windows: windows.default({ baseline: { days: [0, 0] }, complete_pairs: false }),
    strata: z.array(stratum).default([]),
    statistics: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("names of statistics; left out: all that the study allows"),
    models: z.array(modelSchema).default([]).describe("regressions, for each outcome"),
    disclosure: z.string().default("minimum-11").describe("a file of mappings/disclosure"),
    complete_scores: z
      .boolean()
      .default(false)
      .describe(
        "whether an administration counts only with all of the study's scores of its instrument: two scores of one questionnaire then have the same people, and neither hides the other because a few skipped an item",
      ),
    include_linked: z
      .boolean()
      .default(false)
      .describe("whether scores that come from a crosswalk count"),
    include_provisional: z
      .union([z.boolean(), z.array(z.string()).min(1)])
      .default(false)
      .describe(
        "whether scores count whose rule or table is of less than high confidence: all, or those of the instruments that are named",
      ),
  })
  .refine((study) => (study.measure === undefined) !== (study.outcomes === undefined), {
    error: "needs either measure or outcomes",
    path: ["measure"],
  })
  .refine(({ windows: { baseline } }) => baseline.days[0] <= 0 && baseline.days[1] >= 0, {
    error: "the baseline window must hold the index day, day 0",
    path: ["windows", "baseline", "days"],
  })
  .refine(
    ({ windows: w }) => followUpsOf(w).every(({ days: [first] }) => first > w.baseline.days[1]),
    {
      error: "the follow-up window must begin after the baseline window",
      path: ["windows", "follow_up", "days"],
    },
  )
  .refine(({ windows: w }) => !w.complete_pairs || w.follow_up !== undefined, {
    error: "complete pairs need a follow-up window",
    path: ["windows", "complete_pairs"],
  })
  .refine(({ strata }) => new Set(strata.map(nameOf)).size === strata.length, {
    error: "names a stratum twice",
    path: ["strata"],
  })
  .refine(({ models, windows: w }) => w.course || models.every(({ kind }) => kind !== "cox"), {
    error: "cox needs windows.course",
    path: ["models"],
  })
  .refine(({ models }) => new Set(models.map(({ id }) => id)).size === models.length, {
    error: "two models have the same id",
    path: ["models"],
  });
export type StudyFile = z.infer<typeof studySchema>;
export type StratumVariable = z.infer<typeof stratum>;

function nameOf(stratum: StratumVariable): string {
  return typeof stratum === "string" ? stratum : "age";
}

/** The follow-up windows in the order of the file, the main one first. */
export function followUpsOf({
  follow_up,
}: Pick<z.infer<typeof windows>, "follow_up">): z.infer<typeof followUp>[] {
  if (follow_up === undefined) return [];
  return Array.isArray(follow_up) ? follow_up : [follow_up];
}

export type { Outcome } from "./population-schema.ts";
