import { z } from "zod";
import { reviewed } from "../../configuration/site.ts";
import { INTAKE, type IntakeTable } from "../intake.ts";
import { fileOptions } from "./file-options.ts";
import { answerSource, columnName, dateSource, keyColumn, MISSING, textSource } from "./source.ts";

const DATE_COLUMN = /(?:_at|_date)$/;
/** Whether an intake column holds an ISO date or time. */
export const isDate = (intakeColumn: string): boolean => DATE_COLUMN.test(intakeColumn);

/** Intake columns that the compiler fills. */
const OURS = ["record_key", "where_pointer", "administration_key", "source_id", "origin"];

/** An optional source for each column of an intake table that a site may fill. */
function shapeOf(table: IntakeTable, leaveOut: readonly string[] = []) {
  const shape: Record<string, z.ZodOptional<typeof textSource | typeof dateSource>> = {};
  for (const [name, [, meaning]] of Object.entries(INTAKE[table])) {
    if (OURS.includes(name) || leaveOut.includes(name)) continue;
    const source = isDate(name) ? dateSource : textSource;
    shape[name] = (meaning ? source.describe(meaning) : source).optional();
  }
  return shape;
}

function columnsOf(table: IntakeTable, ...required: string[]) {
  const needed = Object.fromEntries(required.map((name) => [name, textSource]));
  return z.strictObject({ ...shapeOf(table), ...needed }).describe(`columns of ${table}`);
}

const parts = {
  items: z
    .record(z.string(), answerSource)
    .default({})
    .describe("catalogue item id: the column that holds its answer"),
  scores: z
    .record(z.string(), answerSource)
    .default({})
    .describe("catalogue score id: the column that holds the score as the source computed it"),
};

/** Left out of the columns that a wide or long file's administrations may have: the instrument list states them. */
const INSTRUMENT = ["instrument_code", "instrument_system", "instrument_text"];

const wideInstrument = z
  .strictObject({
    instrument: z.string().min(1).describe("catalogue id, such as phq-9"),
    form: z
      .string()
      .min(1)
      .optional()
      .describe("name of the form in the exporting system, which a layout's {form} stands for"),
    ...shapeOf("intake_administration", ["patient_key", ...INSTRUMENT]),
    ...parts,
    source_id: z
      .array(keyColumn)
      .default([])
      .describe("columns that together identify this administration in every delivery"),
    free_text: z
      .array(z.strictObject({ item: z.string().min(1), column: columnName }))
      .default([])
      .describe("columns with a written comment; they are withheld and counted, and never leave"),
  })
  .describe("one questionnaire in the row; its columns take precedence over the file's");

const code = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)], {
  error: "must be a code or a list of codes",
});

const longInstrument = z.strictObject({
  instrument: z.string().min(1).describe("catalogue id, such as phq-9"),
  items: z.record(z.string(), code).default({}).describe("catalogue item id: its code in the file"),
  scores: z
    .record(z.string(), code)
    .default({})
    .describe("catalogue score id: its code in the file"),
});

const answerColumns = {
  item_system: textSource.optional().describe("its code system; {value: http://loinc.org}"),
  item_text: textSource.optional().describe("used to recognise, never leaves"),
  answer_num: textSource.optional().describe("the number; a text that is none becomes answer_text"),
  answer_text: textSource.optional(),
  answer_code: textSource.optional(),
  answer_system: textSource.optional(),
};

const responseColumns = {
  item_code: textSource.describe("the question's code in the file"),
  ...answerColumns,
};

const SAYS = ["answer_num", "answer_text", "answer_code"] as const;
const saysSomething = (columns: Partial<Record<(typeof SAYS)[number], unknown>>) =>
  SAYS.some((name) => columns[name]);

/** Where an export has no file of patients, its answers are all that is known of them. */
const person = z
  .strictObject(shapeOf("intake_patient", ["patient_key"]))
  .optional()
  .describe("columns about the person, where the export has no file of patients; {}: none");

const patients = z.strictObject({
  ...fileOptions,
  kind: z.literal("patients").describe("one row a person"),
  columns: columnsOf("intake_patient", "patient_key"),
});
const encounters = z.strictObject({
  ...fileOptions,
  kind: z.literal("encounters").describe("one row a visit"),
  columns: columnsOf("intake_encounter", "patient_key", "encounter_key"),
});
const conditions = z.strictObject({
  ...fileOptions,
  kind: z.literal("conditions").describe("one row a diagnosis"),
  columns: columnsOf("intake_condition", "patient_key", "code"),
});
const dictionary = z
  .string()
  .min(1)
  .optional()
  .describe(
    "REDCap data dictionary beside the export (a glob on its name): what codes stand for, and when a question is shown",
  );

const wide = z.strictObject({
  ...fileOptions,
  kind: z.literal("wide").describe("one row an administration, one column an item"),
  dictionary,
  columns: z.strictObject({
    ...shapeOf("intake_administration", INSTRUMENT),
    patient_key: textSource,
  }),
  person,
  instruments: z.array(wideInstrument).min(1),
});
const administrations = z.strictObject({
  ...fileOptions,
  kind: z
    .literal("administrations")
    .describe("one row an administration, whose answers are in a long file"),
  columns: z.strictObject({
    ...shapeOf("intake_administration"),
    survey_key: textSource.describe("key by which the long file's answers name it"),
    patient_key: textSource,
  }),
});
const long = z
  .strictObject({
    ...fileOptions,
    kind: z.literal("long").describe("one row an answer"),
    columns: z.strictObject({
      ...shapeOf("intake_administration"),
      ...responseColumns,
      survey_key: textSource
        .optional()
        .describe("key of the answer's row in a file of kind administrations"),
      patient_key: textSource,
    }),
    also: z
      .array(
        z
          .strictObject(responseColumns)
          .refine(saysSomething, `needs at least one of ${SAYS.join(", ")}`),
      )
      .default([])
      .describe("further answers or scores in the same row"),
    person,
    group_by: z
      .array(keyColumn)
      .min(1)
      .describe("columns that are alike in the rows of one administration"),
    mixed: z
      .boolean()
      .default(false)
      .describe(
        "the file holds much beside questionnaires: rows whose code nobody knows are out of scope",
      ),
    instruments: z
      .array(longInstrument)
      .default([])
      .describe("what the codes mean; other codes are passed on as they stand"),
  })
  .refine(({ columns }) => saysSomething(columns), `needs at least one of ${SAYS.join(", ")}`);

const lookup = z.strictObject({
  match: z.string().min(1).describe("the file with the keys: a glob on its name"),
  key: columnName,
  value: columnName,
  except: z.array(z.string()).default([]).describe("keys that stand for nothing, such as 0"),
  delimiter: fileOptions.delimiter,
  quote: fileOptions.quote,
});

const entry = z.discriminatedUnion("kind", [
  patients,
  encounters,
  conditions,
  administrations,
  wide,
  long,
]);

const lookups = z
  .record(z.string(), lookup)
  .default({})
  .describe("files that say what the keys in others stand for, such as a vocabulary");

export const csvMappingSchema = z
  .strictObject({
    source: z.string().optional().describe("the system and report that write these files"),
    reviewed,
    layout: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]*$/, "must be the name of a layout, such as redcap")
      .optional()
      .describe(
        "a layout that propool knows: redcap, pcornet-7.0, pcornet-6.1, pcornet-3.0, omop, synthea",
      ),
    lookups,
    files: z
      .array(entry)
      .default([])
      .describe("the files of an export, and what each column means; they go before the layout's"),
  })
  .refine(({ files, layout }) => layout !== undefined || files.length > 0, {
    error: "needs files, a layout, or both",
    path: ["files"],
  })
  .describe("how a site's CSV export becomes intake tables");

/** What every wide file of an exporting system has: {form} is the form's name of each instrument. */
const wideDefaults = z
  .strictObject({
    missing: z.record(z.string(), z.enum(MISSING)).default({}),
    dictionary,
    columns: z.strictObject(shapeOf("intake_administration", INSTRUMENT)).default({}),
    form: z
      .strictObject(shapeOf("intake_administration", ["patient_key", ...INSTRUMENT]))
      .default({}),
    source_id: z.array(keyColumn).default([]),
  })
  .describe("what a site's wide entries have unless they say otherwise");

export const csvLayoutSchema = z
  .strictObject({
    source: z.string().describe("document or release that says so"),
    reviewed: z.string().nullable(),
    description: z.string().describe("what writes such files, in a sentence"),
    lookups,
    wide: wideDefaults.optional(),
    files: z.array(entry).default([]),
  })
  .describe("a layout of CSV exports that many sites share: mappings/formats/csv/<name>.yaml");

export type CsvMapping = z.infer<typeof csvMappingSchema>;
export type CsvLayout = z.infer<typeof csvLayoutSchema>;
export type FileEntry = CsvMapping["files"][number];
export type Lookup = z.infer<typeof lookup>;
export type AdministrationsEntry = z.infer<typeof administrations>;
export type WideEntry = z.infer<typeof wide>;
export type LongEntry = z.infer<typeof long>;
export type WideInstrument = z.infer<typeof wideInstrument>;
