import { z } from "zod";

export const isoDate = z.iso.date("must be a date, YYYY-MM-DD");

const among = z
  .number()
  .optional()
  .describe("only people who start at this score or worse; 50 % response of the PHQ-9: among 10");
const responder = z.union([
  z.strictObject({
    change: z
      .union([z.literal("mid"), z.number().positive()])
      .describe("points for the better; mid: the catalogue's minimal important difference"),
    among,
  }),
  z.strictObject({
    percent: z.int().min(1).max(100).describe("per cent of the baseline score for the better"),
    among,
  }),
  z.strictObject({ at_least: z.number().describe("a later score of at least this"), among }),
  z.strictObject({
    below: z.number().describe("a later score below this: remission of the PHQ-9 is below 5"),
    among,
  }),
]);

export const outcomeSchema = z.strictObject({
  instrument: z.string().min(1).describe("catalogue id, such as phq-9"),
  score: z.string().min(1).describe("score id of that instrument, such as total"),
  responder: responder
    .optional()
    .describe("who responded; left out: whoever changed by the minimal important difference"),
});
export type Outcome = z.infer<typeof outcomeSchema>;

/** What conditions are coded in, and the CDM's CONDITION_TYPE for it. */
export const CONDITION_TYPES = {
  "http://hl7.org/fhir/sid/icd-10-cm": "10",
  "http://hl7.org/fhir/sid/icd-9-cm": "09",
  "http://snomed.info/sct": "SM",
} as const;

/** What procedures are coded in, and the CDM's PX_TYPE for it. */
export const PROCEDURE_TYPES = {
  "http://www.ama-assn.org/go/cpt": "CH",
  "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "CH",
  "http://www.cms.gov/Medicare/Coding/ICD10": "10",
  "http://hl7.org/fhir/sid/icd-9-cm": "09",
  "http://loinc.org": "LC",
} as const;

const codes = z
  .array(z.string().regex(/^[A-Za-z0-9.-]+\*?$/, "must be a code, or its beginning and *"))
  .min(1)
  .describe("codes; F32* means every code that begins with F32");

const listOf = <T extends Record<string, string>>(types: T) =>
  z
    .array(
      z.strictObject({
        code_system: z.enum(Object.keys(types) as [keyof T & string, ...(keyof T & string)[]]),
        codes,
      }),
    )
    .min(1);

export const codeLists = listOf(CONDITION_TYPES);
export const procedureLists = listOf(PROCEDURE_TYPES);

/** Lists of codes of one kind of record. */
export type CodeLists = readonly { code_system: string; codes: readonly string[] }[];

const cdmCodes = z
  .array(z.string().regex(/^[A-Z0-9]{1,2}$/, "must be a code of the CDM"))
  .min(1)
  .optional();
const words = z
  .array(z.string().regex(/^[a-z_]+$/))
  .min(1)
  .optional();

/** Facts of an administration that may decide whether it counts. */
export const collectionSchema = z.strictObject({
  method: cdmCodes.describe("codes of PRO_CM.PRO_METHOD, such as EC for electronic"),
  mode: cdmCodes.describe("codes of PRO_CM.PRO_MODE, such as SF for self"),
  cat: cdmCodes.describe("codes of PRO_CM.PRO_CAT, such as N"),
  channel: words.describe("portal, tablet, paper, phone, wearable"),
  setting: words.describe("clinic, home"),
  language: z.array(z.string()).min(1).optional().describe("BCP 47"),
});

export const populationSchema = z.strictObject({
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
  measures: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("people with a score of every one of these instruments, at any time"),
  conditions: codeLists
    .optional()
    .describe("people with a condition of one of the lists, recorded at any time"),
  procedures: procedureLists
    .optional()
    .describe("people with a procedure of one of the lists, at any time"),
  dates: z
    .strictObject({ from: isoDate.optional(), to: isoDate.optional() })
    .optional()
    .describe("days on which the index event counts, both included; windows may reach beyond"),
});
