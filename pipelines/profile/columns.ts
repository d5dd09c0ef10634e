import { join } from "node:path";
import { z } from "zod";
import { readYaml } from "../configuration/read-yaml.ts";
import { mappingsDirectory } from "../core/mappings.ts";

const names = z.array(z.string().regex(/^[a-z0-9 ]+$/, "words in small letters, blank separated"));
const roles = z.record(z.string(), names);

export const columnsSchema = z.strictObject({
  source: z.string(),
  reviewed: z.string().nullable(),
  identifying: names.describe("words in a field's name that say it identifies a person"),
  abbreviations: z
    .record(z.string(), z.string())
    .describe("short forms in names, and what they stand for; empty: the word says nothing"),
  persons: names.describe("with one of numbers, the name of a person's key"),
  numbers: names,
  answered: names.describe("words of which the name of an answer's date is made"),
  begins: names.describe("with one of these it is when the form was begun"),
  forms: z
    .record(z.string(), z.string())
    .describe("names that data sets give a form's columns, and the catalogue's id of the form"),
  columns: z
    .strictObject({
      patient: roles,
      administration: roles,
      response: roles,
      form: roles,
      encounter: roles,
      condition: roles,
    })
    .describe("names that exports use for the columns of each intake table"),
});
export type ColumnNames = z.infer<typeof columnsSchema>;

/** mappings/formats/columns.yaml: what exports call their columns. */
export function readColumnNames(): Promise<ColumnNames> {
  return readYaml(
    join(mappingsDirectory, "formats", "columns.yaml"),
    columnsSchema,
    "MAPPING_COLUMNS",
  );
}
