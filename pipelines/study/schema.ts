import { z } from "zod";

const days = z.tuple([z.int(), z.int()]).refine(([first, last]) => first <= last, {
  error: "must be [first day, last day]",
});

const isoDate = z.iso.date("must be a date, YYYY-MM-DD");

const outcome = z.strictObject({
  instrument: z.string().min(1).describe("catalogue id, such as phq-9"),
  score: z.string().min(1).describe("score id of that instrument, such as total"),
});
export type Outcome = z.infer<typeof outcome>;

/** What conditions are coded in, and the CDM's CONDITION_TYPE for it. */
export const CONDITION_TYPES = {
  "http://hl7.org/fhir/sid/icd-10-cm": "10",
  "http://hl7.org/fhir/sid/icd-9-cm": "09",
  "http://snomed.info/sct": "SM",
} as const;

const codeSystems = Object.keys(CONDITION_TYPES) as (keyof typeof CONDITION_TYPES)[];

const codeList = z.strictObject({
  code_system: z.enum(codeSystems),
  codes: z
    .array(z.string().regex(/^[A-Za-z0-9.]+\*?$/, "must be a code, or its beginning and *"))
    .min(1)
    .describe("codes; F32* means every code that begins with F32"),
});

const population = z.strictObject({
  sex: z
    .array(z.enum(["A", "F", "M", "NI", "UN", "OT"]))
    .min(1)
    .optional()
    .describe("codes of DEMOGRAPHIC.SEX; left out: everybody"),
  age: z
    .strictObject({ min: z.int().min(0).optional(), max: z.int().min(0).optional() })
    .optional()
    .describe("completed years on the index day; people without a birth date are left out"),
  sites: z.array(z.string()).min(1).optional().describe("DATAMARTIDs; left out: all"),
  conditions: z
    .array(codeList)
    .min(1)
    .optional()
    .describe("people with a condition of one of the lists, recorded at any time"),
  dates: z
    .strictObject({ from: isoDate.optional(), to: isoDate.optional() })
    .optional()
    .describe("days on which the index event counts, both included; windows may reach beyond"),
});

/** A study file as it is written. */
export const studySchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,59}$/, "must be lower-case letters, digits and hyphens"),
    title: z.string().min(1),
    measure: outcome.optional().describe("the score that is studied"),
    outcomes: z.array(outcome).min(1).optional().describe("several scores, instead of measure"),
    population: population.default({}),
    index: z
      .discriminatedUnion("event", [
        z.strictObject({
          event: z
            .literal("first_administration")
            .describe("a person's first score of the measure in the population's dates"),
        }),
      ])
      .default({ event: "first_administration" })
      .describe("day 0 of a person, for each outcome"),
    windows: z
      .strictObject({
        baseline: z
          .strictObject({ days: days.default([0, 0]) })
          .default({ days: [0, 0] })
          .describe("days from the index day; the score nearest to it, the earlier one on ties"),
        follow_up: z
          .strictObject({ target: z.int(), days })
          .optional()
          .describe("the score nearest to the target day, the earlier one on ties"),
      })
      .default({ baseline: { days: [0, 0] } }),
    strata: z.array(z.enum(["sex", "site"])).default([]),
    statistics: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("names of statistics; left out: all that the study allows"),
    disclosure: z.string().default("minimum-11").describe("a file of mappings/disclosure"),
    include_linked: z
      .boolean()
      .default(false)
      .describe("whether scores that come from a crosswalk count"),
    include_provisional: z
      .boolean()
      .default(false)
      .describe("whether scores count whose rule or table is of less than high confidence"),
  })
  .refine((study) => (study.measure === undefined) !== (study.outcomes === undefined), {
    error: "needs either measure or outcomes",
    path: ["measure"],
  })
  .refine(({ windows: { baseline } }) => baseline.days[0] <= 0 && baseline.days[1] >= 0, {
    error: "the baseline window must hold the index day, day 0",
    path: ["windows", "baseline", "days"],
  })
  .refine(({ windows: w }) => !w.follow_up || w.follow_up.days[0] > w.baseline.days[1], {
    error: "the follow-up window must begin after the baseline window",
    path: ["windows", "follow_up", "days"],
  })
  .refine(({ strata }) => new Set(strata).size === strata.length, {
    error: "names a stratum twice",
    path: ["strata"],
  });
export type StudyFile = z.infer<typeof studySchema>;
