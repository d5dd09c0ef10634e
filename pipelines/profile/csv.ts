import type { DuckDb } from "../../warehouse/duckdb.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { COMMAS_SQL, type Commas, commaFormats, numberOfText, numberSql } from "./commas.ts";
import { DATE_FORMATS, dateValueSql, monthOf } from "./dates.ts";
import { type FieldProfile, type FieldValue, valuesOf } from "./field.ts";
import { identifyingPart, type MaskRules, shownValues, whyMasked } from "./mask.ts";

export interface CsvSource {
  /** The columns' names, in the order of the file. */
  columns: readonly string[];
  /** SQL that reads the rows, all columns as text, empty cells NULL. */
  read: string;
}

/** Cells of the sample that decides what each column is asked; the answers then come from the whole file. */
const SAMPLE_CELLS = 1_000_000;
const SAMPLE_ROWS = 20_000;
/** A column with at most so many different values in the sample is counted value by value. */
const CODED = 60;
/** Different values of a column that are tried as dates under each format. */
const DATED = 2_000;
/** Columns that one pass over the file asks about. */
const WIDTH = 500;
const SHOWN = 20;

/** A column with its own values, unmasked: what `suggest` judges by and never prints. */
export interface CsvColumn {
  name: string;
  index: number;
  type: string;
  formats: string[];
  filled: number;
  rows: number;
  distinct: number;
  values: FieldValue[];
  isCoded: boolean;
  masked: string | null;
  least: number | null;
  largest: number | null;
}

interface Column {
  name: string;
  index: number;
  /** Of the sample. */
  filled: number;
  distinct: number;
  values: FieldValue[];
  formats: string[];
  /** What the comma in its numbers stands for; none: its numbers have none. */
  commas: string[];
  isInteger: boolean;
  isNumber: boolean;
}

/**
 * Profiles a CSV file in one pass of DuckDB's, whose memory does not grow with the file: a sample of its beginning decides what is
 * asked of each column, and the whole file answers. Columns whose later rows hold other codes than the sample are asked once more.
 */
export async function profileCsv(
  db: DuckDb,
  source: CsvSource,
  rules: MaskRules,
): Promise<{ rows: number; fields: FieldProfile[]; columns: CsvColumn[] }> {
  const fields: FieldProfile[] = [];
  const columns: CsvColumn[] = [];
  let rows = 0;
  for (let from = 0; from < source.columns.length; from += WIDTH) {
    const part = await sample(db, source, from);
    const answer = await ask(db, source, part);
    rows = answer.rows;
    for (const column of part) {
      const field = describe(column, answer, rules);
      fields.push(field);
      columns.push(evidenceOf(column, answer, field));
    }
  }
  return { rows, fields, columns };
}

/** The columns from a place on, as the first rows show them. */
async function sample(db: DuckDb, source: CsvSource, from: number): Promise<Column[]> {
  const { read } = source;
  const columns = source.columns.slice(from, from + WIDTH);
  const wanted = Math.floor(SAMPLE_CELLS / source.columns.length);
  const rows = Math.max(100, Math.min(SAMPLE_ROWS, wanted));
  const cells = columns.map(ident).join(", ");
  const names = columns.map((name, i) => `trim(${ident(name)}) AS c${i}`).join(", ");
  await db.run(`CREATE OR REPLACE TEMP TABLE profile_value AS
    WITH cells AS (SELECT ${names} FROM (SELECT ${cells} FROM ${read} LIMIT ${rows}))
    SELECT CAST(substr(place, 2) AS INTEGER) AS place, value, count(*)::DOUBLE AS n
    FROM (UNPIVOT cells ON COLUMNS(*) INTO NAME place VALUE value)
    WHERE value <> '' GROUP BY ALL`);
  const found = await db.all<
    Omit<Column, "name" | "values" | "commas"> & Commas & { values: { items: unknown[] } }
  >(`
    SELECT place AS index, sum(n) AS filled, count(*)::DOUBLE AS distinct,
      bool_and(regexp_full_match(value, '[-+]?\\d{1,18}(\\.0+)?')) AS "isInteger",
      bool_and(TRY_CAST(value AS DOUBLE) IS NOT NULL) AS "isNumber", ${COMMAS_SQL},
      list({'value': value, 'count': n} ORDER BY n DESC, value)[1:${CODED}] AS values
    FROM profile_value GROUP BY place`);
  const formats = await dateFormatsOf(db);
  const byIndex = new Map(found.map((row) => [row.index, row]));
  return columns.map((name, index) => {
    const row = byIndex.get(index);
    const commas = row ? commaFormats(row) : [];
    return {
      name,
      index,
      filled: row?.filled ?? 0,
      distinct: row?.distinct ?? 0,
      values: valuesOf(row?.values),
      formats: (formats.get(index) ?? []).filter((format) => isMeant(name, format)),
      commas,
      isInteger: row?.isInteger ?? false,
      isNumber: row?.isNumber || commas.length > 0,
    };
  });
}

/** Ten-digit numbers are record numbers as often as seconds since 1970: the name must say so. */
function isMeant(name: string, format: string): boolean {
  return format !== "epoch-seconds" || /time|date|stamp|epoch|_at$/i.test(name);
}

/** The date formats under which more than nine in ten of a column's sampled values are dates. */
async function dateFormatsOf(db: DuckDb): Promise<Map<number, string[]>> {
  const counts = DATE_FORMATS.map(
    (format, i) =>
      `coalesce(sum(n) FILTER (${dateValueSql("value", format)} IS NOT NULL), 0) AS f${i}`,
  );
  const rows = await db.all<Record<string, number>>(`
    SELECT place, sum(n) AS filled, ${counts.join(", ")} FROM (
      FROM profile_value WHERE length(value) BETWEEN 6 AND 40 AND regexp_matches(value, '\\d')
      QUALIFY row_number() OVER (PARTITION BY place ORDER BY hash(value)) <= ${DATED}
    ) GROUP BY place`);
  return new Map(
    rows.map((row) => [
      Number(row.place),
      DATE_FORMATS.filter((_, i) => Number(row[`f${i}`]) > 0.9 * Number(row.filled)) as string[],
    ]),
  );
}

type Answer = { rows: number } & Record<string, unknown>;

const isCoded = ({ distinct, filled }: Column) =>
  distinct <= CODED && (distinct * 3 <= filled || distinct <= 12);

async function ask(db: DuckDb, { read }: CsvSource, columns: readonly Column[]): Promise<Answer> {
  const asked = columns.flatMap((column) => questions(column));
  const answer = await db.one<Answer>(
    `SELECT ${["count(*)::DOUBLE AS rows", ...asked].join(",\n  ")}\nFROM ${read}`,
  );
  const again = columns.filter((column) => isCoded(column) && others(column, answer) > 0);
  if (again.length === 0) return answer;
  const more = again.flatMap(({ name, index }) => [
    `approx_count_distinct(${ident(name)})::DOUBLE AS d${index}`,
    `approx_top_k(${ident(name)}, ${SHOWN}) AS k${index}`,
  ]);
  const top = await db.one<Record<string, unknown>>(`SELECT ${more.join(", ")} FROM ${read}`);
  const listed = again.map(({ name, index }) => {
    const values = ((top[`k${index}`] as { items?: unknown[] } | null)?.items ?? []).map(String);
    return `histogram_exact(${ident(name)}, [${values.map(text).join(", ")}]) AS h${index}`;
  });
  const counted = await db.one<Record<string, unknown>>(`SELECT ${listed.join(", ")} FROM ${read}`);
  return { ...answer, ...top, ...counted };
}

function questions({ name, index, formats, isNumber, filled, ...rest }: Column): string[] {
  const cell = ident(name);
  if (filled === 0) return [`count(${cell})::DOUBLE AS n${index}`];
  const column = { name, index, formats, isNumber, filled, ...rest };
  if (isCoded(column)) {
    const values = column.values.map(({ value }) => text(value));
    return [
      `count(${cell})::DOUBLE AS n${index}`,
      `histogram_exact(${cell}, [${values.join(", ")}]) AS h${index}`,
      ...dayQuestions(column),
    ];
  }
  const asked = [
    `count(${cell})::DOUBLE AS n${index}`,
    `approx_count_distinct(${cell})::DOUBLE AS d${index}`,
  ];
  if (formats.length > 0) asked.push(...dayQuestions(column));
  else if (isNumber) {
    const number = numberSql(cell, column.commas);
    asked.push(`count(${number})::DOUBLE AS t${index}`);
    asked.push(`min(${number}) AS a${index}`, `max(${number}) AS b${index}`);
  }
  return asked;
}

/** How many cells each format fits, and the first and last day. */
function dayQuestions({ name, index, formats }: Column): string[] {
  return formats.flatMap((format, i) => {
    const day = dateValueSql(ident(name), format);
    return [
      `count(${day})::DOUBLE AS t${index}_${i}`,
      `min(${day})::VARCHAR AS a${index}_${i}`,
      `max(${day})::VARCHAR AS b${index}_${i}`,
    ];
  });
}

function histogram(answer: Answer, index: number): FieldValue[] {
  const map = answer[`h${index}`] as { entries?: { key: unknown; value: unknown }[] } | undefined;
  const counts = new Map<string, number>();
  for (const { key, value } of map?.entries ?? []) {
    const word = String(key ?? "").trim();
    counts.set(word, (counts.get(word) ?? 0) + Number(value));
  }
  return [...counts].map(([value, count]) => ({ value, count })).filter(({ count }) => count > 0);
}

/** Values of the file that the sample did not hold. */
function others(column: Column, answer: Answer): number {
  return histogram(answer, column.index).find(({ value }) => value === "")?.count ?? 0;
}

function describe(column: Column, answer: Answer, rules: MaskRules): FieldProfile {
  const { name, index } = column;
  const coded = isCoded(column);
  const filled = Number(answer[`n${index}`] ?? 0);
  const values = (
    coded ? histogram(answer, index).filter(({ value }) => value !== "") : column.values
  ).toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  // A small file was in the sample as a whole: then nothing is estimated.
  const estimate = column.filled === filled ? undefined : answer[`d${index}`];
  const whole = coded ? values.length : column.distinct;
  const distinct = estimate === undefined ? whole : Math.min(Number(estimate), filled);
  const masked = whyMasked({ name, distinct, filled, values }, rules);
  const { type, misfits, formats } = typeOf(column, answer, { filled, values, coded });
  const [least, largest] = rangeOf(column, answer, { type, coded, values, masked, rules });
  return {
    record: "row",
    path: name,
    type: filled === 0 ? "empty" : type,
    formats,
    misfits,
    records: answer.rows,
    filled,
    distinct,
    isEstimated: estimate !== undefined,
    values: valuesShown(values, masked, coded, rules),
    masked,
    least,
    largest,
  };
}

function evidenceOf(column: Column, answer: Answer, field: FieldProfile): CsvColumn {
  const { name, index } = column;
  const isCodes = isCoded(column);
  const end = (letter: string) => {
    const value = answer[`${letter}${index}`];
    return typeof value === "number" ? value : null;
  };
  return {
    name,
    index,
    type: field.type,
    formats: field.formats,
    filled: field.filled,
    rows: field.records,
    distinct: field.distinct ?? 0,
    values: isCodes ? histogram(answer, index).filter(({ value }) => value !== "") : column.values,
    isCoded: isCodes,
    masked: field.masked,
    least: end("a"),
    largest: end("b"),
  };
}

/** Of a masked column a few shapes are enough; one without codes shows no values at all. */
function valuesShown(
  values: readonly FieldValue[],
  masked: string | null,
  coded: boolean,
  rules: MaskRules,
): FieldValue[] {
  if (masked === null && !coded) return [];
  return shownValues(values, masked, rules).slice(0, coded ? SHOWN : 5);
}

interface Found {
  filled: number;
  values: readonly FieldValue[];
  coded: boolean;
}

function typeOf(
  column: Column,
  answer: Answer,
  { filled, values, coded }: Found,
): Pick<FieldProfile, "type" | "misfits" | "formats"> {
  const { index, formats, commas, isInteger, isNumber } = column;
  if (formats.length > 0) {
    const best = bestFormats(column, answer);
    return { type: "date", misfits: filled - best.fits, formats: best.formats };
  }
  if (coded) return codedType(values, commas);
  const misfits = filled - Number(answer[`t${index}`] ?? filled);
  if (!isNumber) return { type: "text", misfits: 0, formats: [] };
  return { type: isInteger ? "integer" : "number", misfits, formats: commas };
}

/** Codes are numbers where most of them are. */
function codedType(
  values: readonly FieldValue[],
  commas: string[],
): Pick<FieldProfile, "type" | "misfits" | "formats"> {
  const numbers = values.filter(({ value }) => numberOfText(value, commas) !== null);
  const total = values.reduce((sum, { count }) => sum + count, 0);
  const fit = numbers.reduce((sum, { count }) => sum + count, 0);
  if (fit <= 0.5 * total) return { type: "text", misfits: 0, formats: [] };
  const isWhole = numbers.every(({ value }) => Number.isInteger(numberOfText(value, commas)));
  return { type: isWhole ? "integer" : "number", misfits: total - fit, formats: commas };
}

/** The formats that fit most values of the whole file: more than one where the values do not tell them apart. */
function bestFormats({ index, formats }: Column, answer: Answer) {
  const fits = formats.map((_, i) => Number(answer[`t${index}_${i}`] ?? 0));
  const most = Math.max(...fits);
  const best = formats.flatMap((format, i) => (fits[i] === most ? [{ format, i }] : []));
  return { fits: most, formats: best.map(({ format }) => format), first: best[0]?.i ?? 0 };
}

interface Ranged {
  type: string;
  coded: boolean;
  values: readonly FieldValue[];
  masked: string | null;
  rules: MaskRules;
}

function rangeOf(
  column: Column,
  answer: Answer,
  { type, coded, values, masked, rules }: Ranged,
): [string | null, string | null] {
  const { name, index } = column;
  if (type === "date") {
    const isPersonal = identifyingPart(name, rules.identifying) !== null;
    const { first } = bestFormats(column, answer);
    const month = (end: unknown) => (end ? monthOf(String(end), isPersonal) : null);
    return [month(answer[`a${index}_${first}`]), month(answer[`b${index}_${first}`])];
  }
  const isNumber = type === "integer" || type === "number";
  // Whether 1,234 is one or a thousand is not known.
  if (masked !== null || !isNumber || column.commas.length > 1) return [null, null];
  if (!coded) return [answer[`a${index}`], answer[`b${index}`]].map(String) as [string, string];
  const numbers = values
    .map(({ value }) => numberOfText(value, column.commas))
    .filter((number) => number !== null);
  if (numbers.length === 0) return [null, null];
  return [String(Math.min(...numbers)), String(Math.max(...numbers))];
}
