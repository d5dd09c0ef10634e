import type { DuckDb } from "../warehouse/duckdb.ts";
import { ident, text } from "../warehouse/sql.ts";
import { PUBLIC_CODE } from "./adapters/csv/unknown-codes.ts";
import type { Instrument } from "./catalogue/instrument.ts";
import { valuesOf } from "./profile/field.ts";
import { type CodeSuggestion, type LocalCode, suggestCodes } from "./suggest/local-codes.ts";
import { isSure, type Suggestion } from "./suggest/suggestion.ts";

interface LongFile {
  /** SQL that reads the rows. */
  read: string;
  /** What is suggested for its columns. */
  columns: readonly Suggestion[];
  instruments: readonly Instrument[];
  stems: Readonly<Record<string, string>>;
}

/** A look at more different codes than this tells a steward nothing. */
const CODES_MAX = 500;

/** The codes of a long file's items that are neither in the catalogue nor of a public code system that it names. */
export async function localCodes(
  db: DuckDb,
  { read, columns, instruments, stems }: LongFile,
): Promise<CodeSuggestion[]> {
  const columnOf = (name: string) =>
    columns.find((one) => isSure(one) && one.role === name)?.column;
  const code = columnOf("item_code");
  if (code === undefined) return [];
  const cell = (name: string) => {
    const column = columnOf(name);
    return column === undefined ? "NULL::VARCHAR" : `trim(${ident(column)})`;
  };
  const answer = `coalesce(${["answer_num", "answer_text", "answer_code"].map(cell).join(", ")})`;
  const codes = instruments.flatMap((one) => [...one.items, ...one.scores].flatMap(codesOf));
  const rows = await db.all<Omit<LocalCode, "values"> & { values: { items: unknown[] } | null }>(`
    WITH one AS (
      SELECT trim(${ident(code)}) AS code, any_value(${cell("item_text")}) AS text, ${answer} AS value, count(*)::DOUBLE AS n
      FROM ${read} GROUP BY ALL
    )
    SELECT code, any_value(text) AS text, sum(n) AS n,
      list({'value': value, 'count': n} ORDER BY n DESC, value) FILTER (value IS NOT NULL)[1:60] AS values
    FROM one WHERE code <> '' AND code NOT IN (${codes.map(text).join(", ")}) AND NOT regexp_full_match(code, ${text(PUBLIC_CODE)})
    GROUP BY code ORDER BY n DESC, code LIMIT ${CODES_MAX}`);
  const seen = rows.map(({ values, ...row }) => ({ ...row, values: valuesOf(values) }));
  return suggestCodes(seen, { instruments, stems });
}

const codesOf = ({
  loinc,
  codes = [],
}: {
  loinc?: string | undefined;
  codes?: { code: string }[] | undefined;
}) => [...(loinc ? [loinc] : []), ...codes.map(({ code }) => code)];
