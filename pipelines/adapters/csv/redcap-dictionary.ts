import { ProError } from "../../core/errors.ts";
import { STANDARD, scanRecord } from "./record.ts";

/** What a REDCap data dictionary says of one field. */
export interface DictionaryField {
  form: string;
  /** text, notes, radio, dropdown, checkbox, yesno, truefalse, calc, slider … */
  type: string;
  label: string;
  /** Code: label, of radio, dropdown, checkbox, yesno and truefalse. */
  choices: Record<string, string>;
  /** When the field is shown; empty: always. */
  branching: string;
  /** date_ymd, integer, number_comma_decimal … */
  validation: string;
  /** Marked as an identifier by whoever made the form. */
  isIdentifier: boolean;
}

export type Dictionary = ReadonlyMap<string, DictionaryField>;

/** Columns of the dictionary as REDCap writes them (same words in all its versions, other case and hints). */
const COLUMNS = {
  name: /^variable/i,
  form: /^form name/i,
  type: /^field type/i,
  label: /^field label/i,
  choices: /^choices/i,
  validation: /^text validation type/i,
  identifier: /^identifier/i,
  branching: /^branching logic/i,
} as const;

/**
 * Reads a data dictionary (UTF-8 or Latin-1 text of its CSV file).
 *
 * @throws ProError `SOURCE_WRONG_FORMAT` when the columns of a data dictionary are not there.
 */
export function parseDictionary(source: string, file: string): Dictionary {
  const [header = [], ...rows] = records(source.replace(/^\uFEFF/, ""));
  const places = Object.entries(COLUMNS).map(
    ([key, pattern]) => [key, header.findIndex((name) => pattern.test(name.trim()))] as const,
  );
  const missing = places.find(
    ([key, place]) => place < 0 && ["name", "type", "choices"].includes(key),
  );
  if (missing) {
    throw new ProError(
      "SOURCE_WRONG_FORMAT",
      `no REDCap data dictionary: no column for ${missing[0]}`,
      {
        where: { file },
        hint: "download the data dictionary again (Project Setup), or correct dictionary: in the mapping",
      },
    );
  }
  const at = Object.fromEntries(places) as Record<keyof typeof COLUMNS, number>;
  return new Map(
    rows.flatMap((row) => {
      const of = (key: keyof typeof COLUMNS) => (row[at[key]] ?? "").trim();
      const name = of("name");
      if (!name) return [];
      const type = of("type").toLowerCase();
      const field: DictionaryField = {
        form: of("form"),
        type,
        label: of("label"),
        choices: choicesOf(type, of("choices")),
        branching: of("branching"),
        validation: of("validation"),
        isIdentifier: /^y/i.test(of("identifier")),
      };
      return [[name.toLowerCase(), field] as const];
    }),
  );
}

/** `0, Not at all | 1, Several days`: a code ends at its first comma. */
function choicesOf(type: string, source: string): Record<string, string> {
  if (type === "yesno") return { "1": "Yes", "0": "No" };
  if (type === "truefalse") return { "1": "True", "0": "False" };
  if (!["radio", "dropdown", "checkbox"].includes(type)) return {};
  return Object.fromEntries(
    source.split("|").flatMap((choice) => {
      const comma = choice.indexOf(",");
      if (comma < 0) return [];
      return [[choice.slice(0, comma).trim(), choice.slice(comma + 1).trim()]];
    }),
  );
}

function records(source: string): string[][] {
  const rows: string[][] = [];
  for (let at = 0; at < source.length; ) {
    const record = scanRecord(source, at, STANDARD, true);
    if (record === null || record.end === at) break;
    rows.push(record.fields);
    at = record.end;
  }
  return rows;
}
