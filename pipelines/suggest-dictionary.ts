import { basename } from "node:path";
import type { DuckDb } from "../warehouse/duckdb.ts";
import { ident } from "../warehouse/sql.ts";
import type { OpenCsv } from "./csv-source.ts";

/** Whether a file is called a dictionary: it is read first. */
export const isDictionaryName = (file: string): boolean => /dictionar/i.test(basename(file));

/** The questions of a data dictionary by the fields' names; none where the file is another. */
export async function dictionaryQuestions(
  db: DuckDb,
  { columns, read }: OpenCsv,
): Promise<Record<string, string>> {
  const columnOf = (pattern: RegExp) => columns.find((name) => pattern.test(name));
  const [field, label] = [columnOf(FIELD), columnOf(/^(field label|field_label)$/i)];
  if (!isDictionary(columns) || field === undefined || label === undefined) return {};
  const rows = await db.all<{ field: string; label: string }>(
    `SELECT lower(${ident(field)}) AS field, ${ident(label)} AS label FROM ${read} WHERE ${ident(label)} IS NOT NULL`,
  );
  return Object.fromEntries(rows.map((row) => [row.field, row.label]));
}

const FIELD = /^(variable \/ field name|field_name)$/i;

/** Whether columns are those of a REDCap data dictionary. */
export const isDictionary = (columns: readonly string[]): boolean =>
  columns.some((name) => FIELD.test(name)) &&
  columns.some((name) => /^(field type|field_type)$/i.test(name));
