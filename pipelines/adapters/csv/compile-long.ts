import { ident, text, textList } from "../../../warehouse/sql.ts";
import {
  cell,
  missingReasons,
  numberOf,
  selectColumns,
  surveyKey,
  valueAsItStands,
} from "./expressions.ts";
import type { LongEntry } from "./layout.ts";
import type { ScratchFile, Step } from "./scratch.ts";
import { type Columns, keyMention, mentionsOf, partsOf, type SourcePart } from "./source.ts";
import { unknownCodes } from "./unknown-codes.ts";

const RESPONSE = [
  "item_code",
  "item_system",
  "item_text",
  "answer_num",
  "answer_text",
  "answer_code",
  "answer_system",
] as const;

/** The columns of which one at least must say something. */
const SAID = ["answer_num", "answer_text", "answer_code"] as const;

/** A long file: the rows that are alike in the group_by columns, and belong to one instrument, are one administration. */
export function compileLong(entry: LongEntry, scratch: ScratchFile): Step[] {
  const answers = `${scratch.table}_answer`;
  const columns = entry.columns as Columns;
  const own = Object.fromEntries(
    Object.entries(columns).filter(([name]) => !(RESPONSE as readonly string[]).includes(name)),
  );
  return [
    group(entry, scratch, answers, own),
    ...(entry.mixed ? [leaveOut(scratch, answers), ...unknownCodes(entry, scratch, answers)] : []),
    administrations(entry, scratch, answers, own),
    responses(entry, scratch, answers),
  ];
}

function group(entry: LongEntry, scratch: ScratchFile, answers: string, own: Columns): Step {
  const groups = entry.group_by.map(
    (key, i) => `${cell(keyMention(key).column)} AS group_${i + 1}`,
  );
  const keys = ["patient_key", ...entry.group_by.map((_, i) => `group_${i + 1}`), "instrument"];
  const common = [
    `rowid + ${scratch.firstRecordKey} AS record_key`,
    ...groups,
    ...selectColumns(entry, own),
  ];
  // Each set of answer columns is read from every row; the sets after the first only where they say something.
  const sets = [entry.columns as Columns, ...(entry.also as Columns[])].map((set, i) => {
    const place = entry.also.length ? [`${i} AS place`] : [];
    const raw = isRecoded(entry) ? [`${rawCell(set)} AS raw`] : [];
    const select = [...common, ...responseCells(entry, set), ...raw, ...place];
    return `SELECT
    ${select.join(",\n    ")}
  FROM ${scratch.table}
  WHERE propool_bad IS NULL`;
  });
  const key = "first_key || '.' || instrument";
  const isAlike = keys.map((name) => `first.${name} IS NOT DISTINCT FROM known.${name}`);
  const conditions = [
    ...(sets.length > 1 ? [`(coalesce(${SAID.join(", ")}) IS NOT NULL)`] : []),
    ...(entry.mixed ? [`(${isKnown(own)})`] : []),
  ];
  return {
    name: `${scratch.file}: rows of one administration`,
    sql: `CREATE TEMP TABLE ${answers} AS
WITH answer AS (
  ${sets.join("\n  UNION ALL\n  ")}
),
recognised AS (
  SELECT
    *,
    ${recognisedInstrument(entry)} AS instrument,
    ${recognisedPart(entry, "id")} AS part_id,
    ${recognisedPart(entry, "isScore")} AS is_score
  FROM answer
),
known AS (
  SELECT * FROM recognised${conditions.length ? `\n  WHERE ${conditions.join(" AND ")}` : ""}
),
first AS (
  SELECT ${keys.join(", ")}, min(record_key) AS first_key
  FROM known
  GROUP BY ALL
),
together AS (
  SELECT known.*, first.first_key
  FROM known JOIN first ON ${isAlike.join(" AND ")}
)
SELECT
  * EXCLUDE (${["first_key", ...entry.group_by.map((_, i) => `group_${i + 1}`)].join(", ")}),
  ${own.survey_key ? ofSurvey(key) : key} AS administration_key
FROM together`,
  };
}

/** An answer belongs to the survey that it names; the same number may also be the key of something else, hence the person. */
const IS_SURVEY = `(patient_key, ${surveyKey("survey_key")}) IN (SELECT (patient_key, administration_key) FROM intake_administration)`;

function ofSurvey(otherwise: string): string {
  return `CASE WHEN ${IS_SURVEY} THEN ${surveyKey("survey_key")} ELSE ${otherwise} END`;
}

/** A row whose code neither the mapping, the catalogue nor the site knows, and that belongs to no survey, is something else. */
function isKnown(own: Columns): string {
  const known = "SELECT code FROM code WHERE code_system IS DISTINCT FROM 'propool'";
  return `instrument > 0 OR item_code IN (${known})${own.survey_key ? ` OR ${IS_SURVEY}` : ""}`;
}

function leaveOut({ file, table, firstRecordKey }: ScratchFile, answers: string): Step {
  return {
    name: `${file}: rows that are about something else`,
    sql: `UPDATE intake_record SET state = 'out_of_scope', reason = 'SOURCE_NOT_A_SURVEY'
WHERE state IS NULL
  AND record_key BETWEEN ${firstRecordKey} AND ${firstRecordKey} + (SELECT count(*) FROM ${table}) - 1
  AND record_key NOT IN (SELECT record_key FROM ${answers})`,
  };
}

/** The cells of the answer in their own words; a sentinel stays visible until its reason has been noted. */
function responseCells(entry: LongEntry, columns: Columns): string[] {
  return RESPONSE.map((name) => {
    const source = columns[name];
    const sql = source === undefined ? "NULL::VARCHAR" : valueAsItStands(entry, name, source);
    return `${sql} AS ${name}`;
  });
}

/** Whether words of the mapping or another file say what an answer's cell stands for. */
function isRecoded({ columns, also }: LongEntry): boolean {
  const isOther = (part: SourcePart) =>
    ("words" in part && part.words !== undefined) ||
    ("lookup" in part && part.lookup !== undefined);
  return [columns, ...also].some((set) => answerParts(set as Columns).some(isOther));
}

function answerParts(columns: Columns): SourcePart[] {
  return SAID.flatMap((name) => (columns[name] === undefined ? [] : partsOf(columns[name])));
}

/** The cell that gives an answer, as it stands. */
function rawCell(columns: Columns): string {
  const cells = answerParts(columns)
    .flatMap(mentionsOf)
    .map(({ column }) => cell(column));
  return `coalesce(${cells.join(", ") || "NULL"})`;
}

function administrations(
  entry: LongEntry,
  scratch: ScratchFile,
  answers: string,
  own: Columns,
): Step {
  const kept = Object.keys(own).filter(
    (name) => !name.startsWith("instrument_") && name !== "survey_key",
  );
  const first = (name: string) => `arg_min(${ident(name)}, record_key) AS ${ident(name)}`;
  const origin = "answered_origin" in own ? "any_value(answered_origin)" : "'stated'";
  const select = [
    "min(record_key) AS record_key",
    "administration_key",
    ...kept.filter((name) => name !== "answered_origin").map(first),
    ...instrumentColumns(entry, own),
  ];
  if (own.answered_at) {
    select.push(`CASE WHEN count(answered_at) > 0 THEN ${origin} END AS answered_origin`);
  }
  // What the file of administrations says of a survey goes before what its answers say.
  const unsaid = own.survey_key
    ? "\nWHERE administration_key NOT IN (SELECT administration_key FROM intake_administration)"
    : "";
  return {
    name: `${scratch.file}: administrations`,
    sql: `INSERT INTO intake_administration BY NAME
SELECT
  ${select.join(",\n  ")}
FROM ${answers}${unsaid}
GROUP BY administration_key
ORDER BY record_key`,
  };
}

/** A recognised code names the instrument; otherwise the file's own columns do, if it has them. */
function instrumentColumns(entry: LongEntry, own: Columns): string[] {
  const whens = entry.instruments.map(
    ({ instrument }, i) => `WHEN ${i + 1} THEN ${text(instrument)}`,
  );
  return ["instrument_code", "instrument_system", "instrument_text", "instrument_version"].flatMap(
    (name) => {
      const stated = own[name] ? `arg_min(${name}, record_key)` : null;
      if (name === "instrument_code" && whens.length) {
        return [
          `CASE any_value(instrument) ${whens.join(" ")} ELSE ${stated ?? "NULL"} END AS ${name}`,
        ];
      }
      if (name === "instrument_system" && whens.length) {
        return [
          `CASE WHEN any_value(instrument) > 0 THEN 'propool' ELSE ${stated ?? "NULL"} END AS ${name}`,
        ];
      }
      return stated ? [`${stated} AS ${name}`] : [];
    },
  );
}

function responses(entry: LongEntry, scratch: ScratchFile, answers: string): Step {
  const reasons = missingReasons(entry);
  const words = [...reasons.keys()];
  const blank = (column: string) =>
    words.length
      ? `CASE WHEN ${column} NOT IN ${textList(words)} THEN ${column} END AS ${column}`
      : column;
  const whens = [...reasons].map(([word, why]) => `WHEN ${text(word)} THEN ${text(why)}`);
  const stated = "coalesce(answer_num, answer_code, answer_text)";
  // Most files recode nothing: their cells are what the answers say, and are not kept twice.
  const hasRaw = isRecoded(entry) || words.length > 0;
  const ofMissing = `CASE WHEN ${stated} IN ${textList(words)} THEN ${stated} END AS raw`;
  const why = whens.length ? `CASE ${stated} ${whens.join(" ")} ELSE 'skipped' END` : "'skipped'";
  return {
    name: `${scratch.file}: responses`,
    sql: `INSERT INTO intake_response BY NAME
WITH present AS (
  SELECT
    * EXCLUDE (answer_num, answer_text, answer_code),
    ${why} AS why,${hasRaw && !isRecoded(entry) ? `\n    ${ofMissing},` : ""}
    ${blank("answer_num")},
    ${blank("answer_text")},
    ${blank("answer_code")}
  FROM ${answers}
),
number AS (
  SELECT * EXCLUDE (answer_num), answer_num AS word, ${numberOf("answer_num", entry.decimal)} AS answer_num
  FROM present
)
SELECT
  record_key,
  administration_key,
  ${pointer(entry)} AS where_pointer,
  coalesce(part_id, item_code) AS item_code,
  CASE WHEN part_id IS NOT NULL THEN 'propool' ELSE item_system END AS item_system,
  item_text,
  answer_code,
  answer_system,
  coalesce(answer_text, CASE WHEN answer_num IS NULL THEN word END) AS answer_text,
  answer_num,
  CASE WHEN coalesce(word, answer_code, answer_text) IS NULL THEN why END AS missing,
  'reported' AS origin${hasRaw ? ",\n  nullif(raw, coalesce(word, answer_code, answer_text)) AS raw" : ""}
FROM number
WHERE NOT (is_score AND coalesce(word, answer_code, answer_text) IS NULL)
ORDER BY record_key${entry.also.length ? ", place" : ""}`,
  };
}

function pointer(entry: LongEntry): string {
  const [first, ...more] = [entry.columns as Columns, ...(entry.also as Columns[])].map((set) =>
    text(answerColumn(set)),
  );
  const whens = more.map((column, i) => `WHEN ${i + 1} THEN ${column}`);
  return whens.length ? `CASE place ${whens.join(" ")} ELSE ${first} END` : String(first);
}

function answerColumn(columns: Columns): string {
  for (const name of ["answer_num", "answer_code", "answer_text"]) {
    const source = columns[name];
    if (source === undefined) continue;
    const [column] = partsOf(source).flatMap(mentionsOf);
    if (column) return column.column;
  }
  return "";
}

interface Part {
  place: number;
  id: string;
  isScore: boolean;
  code: string;
}

function codesOf(entry: LongEntry): Part[] {
  return entry.instruments.flatMap(({ items, scores }, i) => {
    const list = (codes: typeof items, isScore: boolean) =>
      Object.entries(codes).flatMap(([id, code]) =>
        [code].flat().map((one) => ({ place: i + 1, id, isScore, code: one })),
      );
    return [...list(items, false), ...list(scores, true)];
  });
}

function recognisedInstrument(entry: LongEntry): string {
  const whens = entry.instruments.flatMap((_, i) => {
    const codes = codesOf(entry).filter(({ place }) => place === i + 1);
    return codes.length
      ? [`WHEN item_code IN ${textList(codes.map(({ code }) => code))} THEN ${i + 1}`]
      : [];
  });
  return whens.length ? `CASE ${whens.join(" ")} ELSE 0 END` : "0";
}

function recognisedPart(entry: LongEntry, what: "id" | "isScore"): string {
  const parts = codesOf(entry);
  if (what === "isScore") {
    const scores = parts.filter(({ isScore }) => isScore).map(({ code }) => code);
    return scores.length ? `coalesce(item_code IN ${textList(scores)}, false)` : "false";
  }
  if (parts.length === 0) return "NULL::VARCHAR";
  const whens = parts.map(({ code, id }) => `WHEN ${text(code)} THEN ${text(id)}`);
  return `CASE item_code ${whens.join(" ")} END`;
}
