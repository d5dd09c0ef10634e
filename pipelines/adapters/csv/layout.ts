import { z } from "zod";
import { INTAKE, type IntakeTable } from "../intake.ts";

/** Why there is no answer, in the words of `intake_response.missing`. */
const MISSING = ["skipped", "not_shown", "NASK", "ASKU", "NI", "asked-declined"] as const;
export type MissingReason = (typeof MISSING)[number];

const columnName = z.string().min(1, "a column name cannot be empty");

/** strptime directives that DuckDB knows and that say something about a date; %z only at the end, so that the offset is kept. */
const DATE_FORMAT = /^(?:[^%]|%-?[aAbBdmyYHIMSpfgnj%])*(?:%z)?$/;

const dateFormat = z
  .string()
  .refine(
    (format) => format === "epoch-seconds" || (DATE_FORMAT.test(format) && /%-?[yY]/.test(format)),
    "must be a strptime format with a year, such as %m/%d/%Y or %Y-%m-%d %H:%M, or epoch-seconds",
  )
  .describe("strptime format (%d.%m.%Y), or epoch-seconds; left out: ISO 8601");

const constant = z.strictObject({ value: z.string().describe("the same text in every row") });

export const textSource = z
  .union([columnName, z.strictObject({ column: columnName }), constant], {
    error: "must be a column name, {column: name} or {value: constant}",
  })
  .describe("the source column, or {value: constant}");

export const dateSource = z
  .union(
    [
      columnName,
      z.strictObject({
        column: columnName,
        date_format: z
          .union([dateFormat, z.array(dateFormat).min(1)], {
            error: "must be a strptime format, such as %m/%d/%Y, a list of them, or epoch-seconds",
          })
          .optional()
          .describe("one format, or several to try in this order"),
      }),
      constant,
    ],
    { error: "must be a column name, {column: name, date_format: format} or {value: constant}" },
  )
  .describe("the source column and its date format; ISO 8601 needs none");

export type Source = z.infer<typeof textSource> | z.infer<typeof dateSource>;

/** Where the columns of one intake table come from. */
export type Columns = Readonly<Record<string, Source | undefined>>;

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

const file = {
  match: z
    .string()
    .min(1)
    .describe("which files of the export: a glob on the file name, such as phq9_*.csv"),
  delimiter: z
    .string()
    .regex(/^[\t -~]$/, "must be one ASCII character")
    .refine((mark) => !/["a-zA-Z0-9]/.test(mark), "cannot be a letter, a digit or a quote")
    .optional()
    .describe("left out: the one of , ; tab | under which the first line holds the mapped columns"),
  encoding: z
    .string()
    .refine(isEncoding, "is no known encoding; try utf-8, utf-16le or windows-1252")
    .optional()
    .describe("left out: UTF-8, or what the byte order mark says"),
  header: z
    .boolean()
    .default(true)
    .describe("whether the first line names the columns; without, they are column1, column2 …"),
  missing: z
    .union([z.array(z.string()), z.record(z.string(), z.enum(MISSING))], {
      error: `must be a list of texts, or texts with a reason each (${MISSING.join(", ")})`,
    })
    .default([])
    .describe(
      'texts that stand for "no value" beside the empty cell ("-9", NA), if need be with the reason; never applied to keys',
    ),
  ignore: z
    .array(z.strictObject({ column: columnName, reason: z.string().min(1) }))
    .default([])
    .describe("columns that are left out on purpose, and why"),
};

const parts = {
  items: z
    .record(z.string(), columnName)
    .default({})
    .describe("catalogue item id: the column that holds its answer"),
  scores: z
    .record(z.string(), columnName)
    .default({})
    .describe("catalogue score id: the column that holds the score as the source computed it"),
};

/** Left out of the columns that a wide or long file's administrations may have: the instrument list states them. */
const INSTRUMENT = ["instrument_code", "instrument_system", "instrument_text"];

const wideInstrument = z
  .strictObject({
    instrument: z.string().min(1).describe("catalogue id, such as phq-9"),
    ...shapeOf("intake_administration", ["patient_key", ...INSTRUMENT]),
    ...parts,
    source_id: z
      .array(columnName)
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

const responseColumns = {
  item_code: textSource.describe("the question's code in the file"),
  item_system: textSource.optional().describe("its code system; {value: http://loinc.org}"),
  item_text: textSource.optional().describe("used to recognise, never leaves"),
  answer_num: textSource.optional().describe("the number; a text that is none becomes answer_text"),
  answer_text: textSource.optional(),
  answer_code: textSource.optional(),
  answer_system: textSource.optional(),
};

/** Where an export has no file of patients, its answers are all that is known of them. */
const person = z
  .strictObject(shapeOf("intake_patient", ["patient_key"]))
  .optional()
  .describe("columns about the person, where the export has no file of patients; {}: none");

const patients = z.strictObject({
  ...file,
  kind: z.literal("patients").describe("one row a person"),
  columns: columnsOf("intake_patient", "patient_key"),
});
const encounters = z.strictObject({
  ...file,
  kind: z.literal("encounters").describe("one row a visit"),
  columns: columnsOf("intake_encounter", "patient_key", "encounter_key"),
});
const conditions = z.strictObject({
  ...file,
  kind: z.literal("conditions").describe("one row a diagnosis"),
  columns: columnsOf("intake_condition", "patient_key", "code"),
});
const wide = z.strictObject({
  ...file,
  kind: z.literal("wide").describe("one row an administration, one column an item"),
  columns: z.strictObject({
    ...shapeOf("intake_administration", INSTRUMENT),
    patient_key: textSource,
  }),
  person,
  instruments: z.array(wideInstrument).min(1),
});
const long = z
  .strictObject({
    ...file,
    kind: z.literal("long").describe("one row an answer"),
    columns: z.strictObject({
      ...shapeOf("intake_administration"),
      ...responseColumns,
      patient_key: textSource,
    }),
    person,
    group_by: z
      .array(columnName)
      .min(1)
      .describe("columns that are alike in the rows of one administration"),
    instruments: z
      .array(longInstrument)
      .default([])
      .describe("what the codes mean; other codes are passed on as they stand"),
  })
  .refine(
    ({ columns }) => columns.answer_num || columns.answer_text || columns.answer_code,
    "needs at least one of answer_num, answer_text, answer_code",
  );

export const csvMappingSchema = z
  .strictObject({
    source: z.string().optional().describe("the system and report that write these files"),
    reviewed: z
      .string()
      .nullable()
      .default(null)
      .describe("who approved this mapping and when: name, date; null: nobody yet"),
    files: z
      .array(z.discriminatedUnion("kind", [patients, encounters, conditions, wide, long]))
      .min(1)
      .describe("the files of an export, and what each column means"),
  })
  .describe("how a site's CSV export becomes intake tables");

export type CsvMapping = z.infer<typeof csvMappingSchema>;
export type FileEntry = CsvMapping["files"][number];
export type WideEntry = z.infer<typeof wide>;
export type LongEntry = z.infer<typeof long>;
export type WideInstrument = z.infer<typeof wideInstrument>;

function isEncoding(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch {
    return false;
  }
}
