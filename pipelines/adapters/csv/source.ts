import { z } from "zod";

/** Why there is no answer, in the words of `intake_response.missing`. */
export const MISSING = ["skipped", "not_shown", "NASK", "ASKU", "NI", "asked-declined"] as const;
export type MissingReason = (typeof MISSING)[number];

export const columnName = z.string().min(1, "a column name cannot be empty");

/** strptime directives that DuckDB knows and that say something about a date; %z only at the end, so that the offset is kept. */
const DATE_FORMAT = /^(?:[^%]|%-?[aAbBdmyYHIMSpfgnj%])*(?:%z)?$/;

const dateFormat = z
  .string()
  .refine(
    (format) => format === "epoch-seconds" || (DATE_FORMAT.test(format) && /%-?[yY]/.test(format)),
    "must be a strptime format with a year, such as %m/%d/%Y or %Y-%m-%d %H:%M, or epoch-seconds",
  )
  .describe("strptime format (%d.%m.%Y), or epoch-seconds; left out: ISO 8601");

const dateFormats = z
  .union([dateFormat, z.array(dateFormat).min(1)], {
    error: "must be a strptime format, such as %m/%d/%Y, a list of them, or epoch-seconds",
  })
  .optional()
  .describe("one format, or several to try in this order");

const constant = z.strictObject({ value: z.string().describe("the same text in every row") });

export const words = z
  .record(z.string(), z.string())
  .describe("the file's word on the left, what it stands for on the right; others stay");

const optional = z
  .boolean()
  .default(false)
  .describe("the file may lack the column; it is then as if empty");

const textColumn = z.strictObject({
  column: columnName,
  words: words.optional(),
  lookup: z
    .string()
    .optional()
    .describe("name of an entry of lookups: the cell is a key of that file"),
  optional,
});

const textColumns = z.strictObject({
  columns: z.array(columnName).min(2).describe("columns that together are the text, such as a key"),
  optional,
});

const dateColumn = z.strictObject({
  column: columnName,
  date_format: dateFormats,
  time: columnName.optional().describe("a second column with the time of day, HH:MM"),
  optional,
});

const dateParts = z.strictObject({
  year: columnName,
  month: columnName,
  day: columnName,
  optional,
});

/** The message of a union; YAML takes a bare 7 for a number, which no form allows. */
const forms = (allowed: string) => ({
  error: ({ input }: { input?: unknown }) =>
    typeof input === "number"
      ? "expected a column name, found a number: quote it"
      : `must be ${allowed}`,
});

const TEXT_FORMS =
  "a column name, {column: name}, {columns: [names]}, {first: [names]} or {value: constant}";
const DATE_FORMS =
  "a column name, {column: name, date_format: format}, {year, month, day}, {first: [names]} or {value: constant}";

export const textSource = z
  .union(
    [
      columnName,
      textColumn,
      textColumns,
      constant,
      z.strictObject({
        first: z
          .array(z.union([columnName, textColumn, textColumns], forms(TEXT_FORMS)))
          .min(1)
          .describe("the first of these columns that is not empty"),
      }),
    ],
    forms(TEXT_FORMS),
  )
  .describe("the source column, or {value: constant}");

export const dateSource = z
  .union(
    [
      columnName,
      dateColumn,
      constant,
      dateParts,
      z.strictObject({
        first: z
          .array(z.union([columnName, dateColumn, dateParts], forms(DATE_FORMS)))
          .min(1)
          .describe("the first of these columns that is not empty"),
      }),
    ],
    forms(DATE_FORMS),
  )
  .describe("the source column and its date format; ISO 8601 needs none");

/** A column of a group or key; the file may lack it. */
export const keyColumn = z.union([columnName, z.strictObject({ column: columnName, optional })], {
  error: "must be a column name or {column: name, optional: true}",
});

/** Where an answer stands: a column, one whose words are recoded, or a column an option. */
export const answerSource = z
  .union(
    [
      columnName,
      z.strictObject({
        column: columnName,
        words: words
          .describe("the file's word: the number or label it stands for; others are no answer")
          .optional(),
        optional,
      }),
      z.strictObject({
        checkbox: z
          .record(z.string(), columnName)
          .describe("answer on the left, the column that is 1 when it is ticked on the right"),
        optional,
      }),
    ],
    forms("a column name, {column: name, words: {…}} or {checkbox: {answer: column name}}"),
  )
  .describe("the column that holds the answer");

export type Source = z.infer<typeof textSource> | z.infer<typeof dateSource>;
export type KeyColumn = z.infer<typeof keyColumn>;
export type AnswerSource = z.infer<typeof answerSource>;

/** Where the columns of one intake table come from. */
export type Columns = Readonly<Record<string, Source | undefined>>;

/** One mention of a column: `column` names it, and it may be one that a file can lack. */
export interface ColumnMention {
  column: string;
  optional: boolean;
}

/** One column, several that are a key together, or the parts of a date; a constant has none. */
export type SourcePart = Exclude<Source, string | { value: string } | { first: unknown[] }>;

/** The alternatives of a source in their order, in one form; none for a constant. */
export function partsOf(source: Source): SourcePart[] {
  if (typeof source === "string") return [{ column: source, optional: false }];
  if ("value" in source) return [];
  if (!("first" in source)) return [source];
  return source.first.flatMap((one) => partsOf(one));
}

/** The columns that one part of a source reads. */
export function mentionsOf(part: SourcePart): ColumnMention[] {
  const { optional } = part;
  const columns =
    "year" in part
      ? [part.year, part.month, part.day]
      : "columns" in part
        ? part.columns
        : [part.column, ...("time" in part && part.time ? [part.time] : [])];
  return columns.map((column) => ({ column, optional }));
}

/** The columns that hold an answer. */
export function answerMentions(source: AnswerSource): ColumnMention[] {
  if (typeof source === "string") return [{ column: source, optional: false }];
  const { optional } = source;
  const columns = "checkbox" in source ? Object.values(source.checkbox) : [source.column];
  return columns.map((column) => ({ column, optional }));
}

export function keyMention(key: KeyColumn): ColumnMention {
  return typeof key === "string" ? { column: key, optional: false } : key;
}
