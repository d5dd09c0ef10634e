import { text, textList } from "../../../warehouse/sql.ts";
import { cell, missingReasons, numberOf, selectColumns } from "./expressions.ts";
import type { Columns, MissingReason, WideEntry, WideInstrument } from "./layout.ts";
import { columnUses } from "./mapping.ts";
import type { ScratchFile, Step } from "./scratch.ts";

/** Reasons that say the person was asked: a row of nothing else is still an administration. */
const ASKED: readonly MissingReason[] = ["ASKU", "asked-declined"];

/** A wide row: one administration for each instrument whose columns are not all empty. */
export function compileWide(entry: WideEntry, scratch: ScratchFile): Step[] {
  return entry.instruments.flatMap((block, i) => {
    const place = { entry, block, scratch, key: `record_key || ${text(`.${i + 1}`)}` };
    return [administrations(place), responses(place)];
  });
}

interface Place {
  entry: WideEntry;
  block: WideInstrument;
  scratch: ScratchFile;
  /** The administration's key. */
  key: string;
}

function administrations({ entry, block, scratch, key }: Place): Step {
  const columns = administrationColumns(entry, block);
  const select = [
    ...selectColumns(entry, columns),
    `${text(block.instrument)} AS instrument_code`,
    "'propool' AS instrument_system",
  ];
  if (block.source_id.length) select.push(`${sourceId(block)} AS source_id`);
  return {
    name: `${scratch.file}: administrations of ${block.instrument}`,
    sql: `INSERT INTO intake_administration BY NAME
WITH given AS (
  SELECT
    rowid + ${scratch.firstRecordKey} AS record_key,
    ${select.join(",\n    ")}
  FROM ${scratch.table}
  WHERE propool_bad IS NULL
    AND (${isGiven(entry, block)})
)
SELECT
  *${columns.answered_origin ? " EXCLUDE (answered_origin)" : ""},
  ${key} AS administration_key,
  ${answeredOrigin(columns)} AS answered_origin
FROM given`,
  };
}

function responses({ entry, block, scratch, key }: Place): Step {
  const parts = [
    ...Object.entries(block.items).map(([code, column]) => ({ part: "item", code, column })),
    ...Object.entries(block.scores).map(([code, column]) => ({ part: "score", code, column })),
    ...block.free_text.map(({ item, column }) => ({ part: "comment", code: item, column })),
  ];
  const cells = [...new Set(parts.map(({ column }) => cell(column)))].join(", ");
  const list = (values: string[]) => `unnest([${values.join(", ")}])`;
  const isComment = block.free_text.length > 0;
  const number = isComment
    ? `CASE WHEN part <> 'comment' THEN ${numberOf("answer")} END`
    : numberOf("answer");
  return {
    name: `${scratch.file}: responses to ${block.instrument}`,
    sql: `INSERT INTO intake_response BY NAME
WITH given AS (
  SELECT
    rowid + ${scratch.firstRecordKey} AS record_key,
    ${cells}
  FROM ${scratch.table}
  WHERE propool_bad IS NULL
    AND (${isGiven(entry, block)})
),
cell AS (
  SELECT
    record_key,
    ${list(parts.map(({ part }) => text(part)))} AS part,
    ${list(parts.map(({ code }) => text(code)))} AS item_code,
    ${list(parts.map(({ column }) => text(column)))} AS where_pointer,
    ${list(parts.map(({ column }) => cell(column)))} AS word
  FROM given
),
answer AS (
  SELECT *, ${missingReason(entry)} AS missing, ${answered(entry)} AS answer
  FROM cell
),
number AS (
  SELECT *, ${number} AS answer_num
  FROM answer
  WHERE part = 'item' OR missing IS NULL
)
SELECT
  record_key,
  ${key} AS administration_key,
  where_pointer,
  item_code,
  'propool' AS item_system,
  answer_num,
  CASE WHEN answer_num IS NULL THEN answer END AS answer_text,
  missing,
  'reported' AS origin
FROM number`,
  };
}

/** The file's columns, and the instrument's own over them. */
function administrationColumns(entry: WideEntry, block: WideInstrument): Columns {
  const { instrument, items, scores, source_id, free_text, ...own } = block;
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
  const columns = [
    ...Object.values(block.items),
    ...Object.values(block.scores),
    ...block.free_text.map(({ column }) => column),
    ...ownDate(entry, block),
  ];
  const tests = [...new Set(columns)].map((column) =>
    empty.length ? `${cell(column)} NOT IN ${textList(empty)}` : `${cell(column)} IS NOT NULL`,
  );
  return tests.join("\n      OR ") || "false";
}

function ownDate(entry: WideEntry, block: WideInstrument): string[] {
  const isAlone = entry.instruments.length === 1;
  const { answered_at: source } = isAlone
    ? administrationColumns(entry, block)
    : (block as unknown as Columns);
  if (source === undefined || (typeof source === "object" && "value" in source)) return [];
  const column = typeof source === "string" ? source : source.column;
  return columnUses(entry).filter((use) => use.column === column).length === 1 ? [column] : [];
}

function missingReason(entry: WideEntry): string {
  const whens = [...missingReasons(entry)].map(
    ([word, reason]) => `WHEN ${text(word)} THEN ${text(reason)}`,
  );
  const stated = whens.length ? `CASE word ${whens.join(" ")} END` : "NULL";
  return `CASE WHEN word IS NULL THEN 'skipped' ELSE ${stated} END`;
}

function answered(entry: WideEntry): string {
  const words = [...missingReasons(entry).keys()];
  return words.length ? `CASE WHEN word NOT IN ${textList(words)} THEN word END` : "word";
}

/** The instrument is part of the id, since one row identifies several administrations; unit separators keep parts apart. */
function sourceId(block: WideInstrument): string {
  const parts = block.source_id.map((column) => `coalesce(${cell(column)}, '')`);
  const known = block.source_id.map((column) => `${cell(column)} IS NOT NULL`).join(" OR ");
  const id = `concat_ws(chr(31), ${text(block.instrument)}, ${parts.join(", ")})`;
  return `CASE WHEN ${known} THEN ${id} END`;
}
