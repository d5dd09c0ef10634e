import { z } from "zod";
import { columnName, MISSING } from "./source.ts";

const mark = z
  .string()
  .regex(/^[\t -~]$/, "must be one ASCII character")
  .refine((one) => !/[a-zA-Z0-9]/.test(one), "cannot be a letter or a digit");

/** What every entry of a mapping says about its file: which it is, and how its text is written. */
export const fileOptions = {
  match: z
    .string()
    .min(1)
    .describe("which files of the export: a glob on the file name, such as phq9_*.csv"),
  optional: z
    .boolean()
    .default(false)
    .describe("the export may lack such a file; one that an entry before it reads is left to that"),
  sheet: z.string().optional().describe("Excel: the sheet to read; left out: the only one"),
  delimiter: mark
    .refine((one) => one !== '"', "cannot be a quote")
    .optional()
    .describe("left out: the one of , ; tab | under which the first line holds the mapped columns"),
  quote: z
    .union([z.literal("none"), mark], { error: "must be one character, or none" })
    .default('"')
    .describe("what stands around a cell that holds a delimiter or a line break; none: nothing"),
  escape: mark
    .optional()
    .describe("what stands before a quote inside a quoted cell; left out: the quote itself"),
  encoding: z
    .string()
    .refine(isEncoding, "is no known encoding; try utf-8, utf-16le or windows-1252")
    .optional()
    .describe("left out: UTF-8, or what the byte order mark says"),
  title_lines: z
    .int()
    .min(0)
    .default(0)
    .describe("lines before the line of column names, such as a report's title"),
  header: z
    .boolean()
    .default(true)
    .describe("whether the first line names the columns; without, they are column1, column2 …"),
  label_lines: z
    .int()
    .min(0)
    .default(0)
    .describe("lines between the column names and the first row, such as the questions' texts"),
  decimal: z
    .enum([".", ","])
    .default(".")
    .describe('decimal mark of numbers; ",": 1,5 is one and a half'),
  time_zone: z
    .string()
    .refine(isTimeZone, "is no known time zone; try America/Chicago")
    .optional()
    .describe(
      "the site's time zone: moments that name another (…Z, +00:00, epoch-seconds) become its local time",
    ),
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

function isEncoding(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch {
    return false;
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
