import { text, textList } from "../../../warehouse/sql.ts";
import {
  cell,
  isoCell,
  missingReasons,
  numberOf,
  otherwise,
  selectColumns,
} from "./expressions.ts";
import type { WideEntry, WideInstrument } from "./layout.ts";
import { columnUses } from "./mapping.ts";
import { isTicked, type Part, partsOfBlock } from "./parts.ts";
import type { ScratchFile, Step } from "./scratch.ts";
import {
  type AnswerSource,
  answerMentions,
  type Columns,
  keyMention,
  type MissingReason,
  mentionsOf,
  partsOf,
} from "./source.ts";

/** Reasons that say the person was asked: a row of nothing else is still an administration. */
const ASKED: readonly MissingReason[] = ["ASKU", "asked-declined"];

/** A wide row: one administration for each instrument whose columns are not all empty. */
export function compileWide(entry: WideEntry, scratch: ScratchFile): Step[] {
  let firstPlace = 0;
  return entry.instruments.flatMap((block, i) => {
    const parts = partsOfBlock(block, scratch.questions);
    const place = { entry, block, scratch, number: i + 1, parts, firstPlace };
    firstPlace += parts.length;
    return [administrations(place), ...responses(place)];
  });
}

interface Place {
  entry: WideEntry;
  block: WideInstrument;
  scratch: ScratchFile;
  /** The block's place in the mapping, from 1. */
  number: number;
  parts: Part[];
  /** The place of the first part in the row. */
  firstPlace: number;
}

function administrations({ entry, block, scratch, number }: Place): Step {
  const columns = administrationColumns(entry, block);
  const select = [
    ...selectColumns(entry, columns),
    `${text(block.instrument)} AS instrument_code`,
    "'propool' AS instrument_system",
  ];
  if (block.source_id.length) select.push(`${sourceId(block)} AS source_id`);
  return {
    name: `${scratch.file}: administrations of ${block.instrument}`,
    into: { table: "intake_administration", block: number },
    sql: `WITH given AS (
  SELECT
    rowid + ${scratch.firstRecordKey} AS record_key,
    record_key || '.' || ${number} AS administration_key,
    ${select.join(",\n    ")}
  FROM ${scratch.table}
  WHERE propool_bad IS NULL
    AND (${isGiven(entry, block)})
)
SELECT
  *${columns.answered_origin ? " EXCLUDE (answered_origin)" : ""},
  ${answeredOrigin(columns)} AS answered_origin
FROM given`,
  };
}

/** What the cells say is written down once, and the answers as its numbers: of millions of rows almost all say the same. */
function responses(place: Place): Step[] {
  const { scratch, block, number } = place;
  const phrases = `${scratch.table}_phrase_${number}`;
  return [
    {
      name: `${scratch.file}: what is said of ${block.instrument}`,
      sql: `CREATE TEMP TABLE ${phrases} AS
${differentPhrases(place)}`,
    },
    {
      name: `${scratch.file}: the same for the mapping`,
      sql: `INSERT INTO intake_phrase BY NAME
SELECT * EXCLUDE (blank) REPLACE (${otherwise("raw")} AS raw)
FROM ${phrases}`,
    },
    {
      name: `${scratch.file}: responses to ${block.instrument}`,
      into: { table: "intake_given", block: number },
      sql: `WITH ${cells(place)}
SELECT cell.record_key, said.phrase
FROM cell JOIN ${phrases} AS said ON said.place = cell.place AND said.raw IS NOT DISTINCT FROM cell.raw${isBranching(place) ? " AND said.blank = cell.blank" : ""}`,
    },
  ];
}

const isBranching = ({ parts }: Place) => parts.some(({ blank }) => blank !== "'skipped'");

/** Every cell that may hold an answer, with the place of its part in the row. */
function cells(place: Place): string {
  const { entry, block, scratch, parts, firstPlace } = place;
  const list = (values: (string | number)[]) => `unnest([${values.join(", ")}])`;
  const select = [
    "record_key",
    `${list(parts.map((_, i) => firstPlace + i))} AS place`,
    `${list(parts.map(({ raw }) => raw))} AS raw`,
    ...(isBranching(place) ? [`${list(parts.map(({ blank }) => blank))} AS blank`] : []),
  ];
  return `given AS (
  SELECT
    rowid + ${scratch.firstRecordKey} AS record_key,
    ${givenCells(block, scratch)}
  FROM ${scratch.table}
  WHERE propool_bad IS NULL
    AND (${isGiven(entry, block)})
),
cell AS (
  SELECT
    ${select.join(",\n    ")}
  FROM given
)`;
}

/** Parts up to which each column of a large file is read by itself. */
const FEW_PARTS = 64;

/**
 * Each different cell of a part once. Of a column that is read by itself DuckDB compares the words of its dictionary, not its rows, but
 * a statement of many columns is slow to plan; what is said only in rows that hold no administration is then of nobody, and does no harm.
 */
function differentCells(place: Place): string {
  const { scratch, parts, firstPlace } = place;
  if (!scratch.isLarge || isBranching(place) || parts.length > FEW_PARTS) {
    return `${cells(place)},
different AS (
  SELECT DISTINCT * EXCLUDE (record_key) FROM cell
)`;
  }
  const columns = parts.map(
    ({ raw }, i) =>
      `SELECT ${firstPlace + i} AS place, ${raw} AS raw FROM ${scratch.table} GROUP BY ${raw}`,
  );
  return `different AS (
  ${columns.join("\n  UNION ALL\n  ")}
)`;
}

/** Each different cell of a part once, as the answer that it is. */
function differentPhrases(place: Place): string {
  const { entry, parts, firstPlace, number } = place;
  // Only what some part needs: most files have no boxes, comments, recoded words, labels or branching.
  const has = (test: (part: Part) => boolean) => parts.some(test);
  const isRecoded = has(({ word }) => word !== "raw");
  const isLabelled = has(({ label }) => label !== "NULL");
  const isComment = has(({ part }) => part === "comment");
  const perPart = (name: "word" | "label") => {
    const whens = parts.flatMap((part, i) =>
      part[name] === "raw" || part[name] === "NULL"
        ? []
        : [`WHEN ${firstPlace + i} THEN ${part[name]}`],
    );
    return `CASE place ${whens.join(" ")}${name === "word" ? " ELSE raw" : ""} END AS ${name}`;
  };
  const named = [
    "*",
    isRecoded ? perPart("word") : "raw AS word",
    ...(isLabelled ? [perPart("label")] : []),
  ];
  const rows = parts.map(
    ({ part, code, column }, i) =>
      `(${[firstPlace + i, text(part), text(code), text(column)].join(", ")})`,
  );
  const isNumber = [
    ...(isComment ? ["part <> 'comment'"] : []),
    ...(isLabelled ? ["label IS NULL"] : []),
  ];
  const numberSql = numberOf("answer", entry.decimal);
  return `WITH ${differentCells(place)},
part AS (
  SELECT * FROM (VALUES
    ${rows.join(",\n    ")}
  ) AS part (place, part, item_code, where_pointer)
),
named AS (
  SELECT ${named.join(", ")}
  FROM different JOIN part USING (place)
),
answer AS (
  SELECT *, ${missingReason(entry, "raw", isBranching(place) ? "blank" : "'skipped'")} AS missing, ${answered(entry, "raw")} AS answer
  FROM named
),
number AS (
  SELECT *, ${isNumber.length ? `CASE WHEN ${isNumber.join(" AND ")} THEN ${numberSql} END` : numberSql} AS answer_num
  FROM answer
  WHERE ${isKept(parts)}
)
SELECT
  row_number() OVER (ORDER BY ${["place", "raw", ...(isBranching(place) ? ["blank"] : [])].join(", ")}) + (SELECT count(*) FROM intake_phrase) AS phrase,
  ${number} AS block,
  place,
  raw,
  ${isBranching(place) ? "blank" : "NULL::VARCHAR AS blank"},
  where_pointer,
  item_code,
  ${isComment ? "CASE WHEN part = 'comment' THEN 'free-text' ELSE 'propool' END" : "'propool'"} AS item_system,
  answer_num,
  ${answerColumns({ isLabelled, isRecoded }).join(",\n  ")},
  missing,
  'reported' AS origin
FROM number`;
}

/**
 * What a code of a labelled question stands for counts; the code itself only where nobody knows the label. A cell that is in no
 * list of recoded words is a code that nobody knows, whatever number it looks like.
 */
function answerColumns({ isLabelled = false, isRecoded = false }): string[] {
  const label = "label IS NOT NULL AND answer IS NOT NULL";
  const stray = "word IS NULL AND missing IS NULL";
  const code = [
    ...(isLabelled ? [`WHEN ${label} THEN 'redcap|' || answer`] : []),
    ...(isRecoded ? [`WHEN ${stray} THEN raw`] : []),
  ];
  const words = isLabelled
    ? "CASE WHEN answer IS NOT NULL THEN coalesce(label, answer) END"
    : "answer";
  return [
    ...(code.length ? [`CASE ${code.join(" ")} END AS answer_code`] : []),
    `CASE WHEN answer_num IS NULL THEN ${words} END AS answer_text`,
  ];
}

function isKept(parts: readonly Part[]): string {
  const kept = "part = 'item' OR missing IS NULL";
  return parts.some(({ part }) => part === "unticked")
    ? `CASE part WHEN 'unticked' THEN word IS NULL ELSE ${kept} END`
    : kept;
}

function givenCells(block: WideInstrument, scratch: ScratchFile): string {
  const answers = [...Object.values(block.items), ...Object.values(block.scores)];
  const columns = [
    ...answers.flatMap(answerMentions).map(({ column }) => column),
    ...block.free_text.map(({ column }) => column),
  ];
  const known = new Set(columns.map((column) => column.toLowerCase()));
  const more = (scratch.questions?.conditions ?? []).filter((column) => !known.has(column));
  return [...new Set([...columns, ...more].map(cell))].join(", ");
}

/** The file's columns, and the instrument's own over them. */
function administrationColumns(entry: WideEntry, block: WideInstrument): Columns {
  const { instrument, form, items, scores, source_id, free_text, ...own } = block;
  return { ...entry.columns, ...(own as Columns) };
}

function answeredOrigin(columns: Columns): string {
  const origin = columns.answered_origin;
  const stated = typeof origin === "object" && "value" in origin ? text(origin.value) : "'stated'";
  return columns.answered_at ? `CASE WHEN answered_at IS NOT NULL THEN ${stated} END` : "NULL";
}

/**
 * Whether the row holds an administration: an answer, a score, a comment, or a date of the instrument's own. A date that the
 * instruments of the row share says nothing about which of them was answered.
 */
function isGiven(entry: WideEntry, block: WideInstrument): string {
  const empty = [...missingReasons(entry)].flatMap(([word, why]) =>
    ASKED.includes(why) ? [] : [word],
  );
  const isFilled = (column: string) =>
    empty.length ? `${cell(column)} NOT IN ${textList(empty)}` : `${cell(column)} IS NOT NULL`;
  const isAnswered = (source: AnswerSource) =>
    answerMentions(source).map(({ column }) =>
      typeof source === "object" && "checkbox" in source ? isTicked(column) : isFilled(column),
    );
  const tests = [
    ...[...Object.values(block.items), ...Object.values(block.scores)].flatMap(isAnswered),
    ...block.free_text.map(({ column }) => isFilled(column)),
    ...ownDates(entry, block),
  ];
  return [...new Set(tests)].join("\n      OR ") || "false";
}

/** Tests of the dates that are the instrument's own. */
function ownDates(entry: WideEntry, block: WideInstrument): string[] {
  const isAlone = entry.instruments.length === 1;
  const { answered_at: source } = isAlone
    ? administrationColumns(entry, block)
    : (block as unknown as Columns);
  if (source === undefined) return [];
  const uses = columnUses(entry).map(({ column }) => column);
  const isOwn = ({ column }: { column: string }) =>
    uses.filter((use) => use === column).length === 1;
  return partsOf(source)
    .filter((part) => mentionsOf(part).slice(0, 1).every(isOwn))
    .map((part) => `${isoCell(part)} IS NOT NULL`);
}

/** Why there is no answer: the word that says so, or what an empty cell means. */
function missingReason(entry: WideEntry, raw: string, blank: string): string {
  const whens = [...missingReasons(entry)].map(
    ([word, reason]) => `WHEN ${text(word)} THEN ${text(reason)}`,
  );
  const stated = whens.length ? `CASE ${raw} ${whens.join(" ")} END` : "NULL";
  return `CASE WHEN ${raw} IS NULL THEN ${blank} ELSE ${stated} END`;
}

function answered(entry: WideEntry, raw: string): string {
  const words = [...missingReasons(entry).keys()];
  return words.length ? `CASE WHEN ${raw} NOT IN ${textList(words)} THEN word END` : "word";
}

/** The instrument is part of the id, since one row identifies several administrations; unit separators keep parts apart. */
function sourceId(block: WideInstrument): string {
  const columns = block.source_id.map((key) => cell(keyMention(key).column));
  const parts = columns.map((column) => `coalesce(${column}, '')`);
  const known = columns.map((column) => `${column} IS NOT NULL`).join(" OR ");
  const id = `concat_ws(chr(31), ${text(block.instrument)}, ${parts.join(", ")})`;
  return `CASE WHEN ${known} THEN ${id} END`;
}
