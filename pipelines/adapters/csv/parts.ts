import { text } from "../../../warehouse/sql.ts";
import { cell } from "./expressions.ts";
import type { WideInstrument } from "./layout.ts";
import type { Questions } from "./questions.ts";
import { type AnswerSource, answerMentions } from "./source.ts";

/** One answer, score or comment that a wide row may hold. */
export interface Part {
  /** `option`: a ticked box; `unticked`: none of an item's boxes is. */
  part: "item" | "score" | "comment" | "option" | "unticked";
  /** Catalogue id. */
  code: string;
  /** Column that is named as its place. */
  column: string;
  /** SQL over the row: the cell's own text. */
  raw: string;
  /** SQL over `raw`: that text in our words. */
  word: string;
  /** SQL over `raw`: the label that the form shows for it. */
  label: string;
  /** SQL over the row: why there is no answer where the cell is empty. */
  blank: string;
}

/** The parts of an instrument in a row, in the order of the mapping. */
export function partsOfBlock(block: WideInstrument, questions: Questions | undefined): Part[] {
  const answers = (sources: Record<string, AnswerSource>, part: "item" | "score") =>
    Object.entries(sources).flatMap(([code, source]) =>
      typeof source === "object" && "checkbox" in source
        ? boxes(code, source.checkbox)
        : [answer(code, source, part, questions)],
    );
  return [
    ...answers(block.items, "item"),
    ...answers(block.scores, "score"),
    ...block.free_text.map(({ item, column }) => plain("comment", item, column)),
  ];
}

function answer(
  code: string,
  source: Exclude<AnswerSource, { checkbox: unknown }>,
  part: "item" | "score",
  questions: Questions | undefined,
): Part {
  const [{ column } = { column: "" }] = answerMentions(source);
  const question = questions?.byColumn.get(column.toLowerCase());
  const own = plain(question?.isFreeText ? "comment" : part, code, column);
  const blank = shownSql(question?.shown);
  if (typeof source === "object" && Object.keys(source.words ?? {}).length > 0) {
    return { ...own, blank, word: closedList(source.words ?? {}) };
  }
  return {
    ...own,
    blank,
    label: part === "item" ? labelSql(question?.labels ?? {}) : "NULL",
  };
}

/** An answer's words are a closed list: what is not in it must not stay, or a stray 0 would pass for the 0 that a 1 stands for. */
function closedList(words: Record<string, string>): string {
  const whens = Object.entries(words).map(([from, to]) => `WHEN ${text(from)} THEN ${text(to)}`);
  return `CASE raw ${whens.join(" ")} END`;
}

function plain(part: Part["part"], code: string, column: string): Part {
  return { part, code, column, raw: cell(column), word: "raw", label: "NULL", blank: "'skipped'" };
}

function shownSql(shown: string | null | undefined): string {
  if (shown === undefined) return "'skipped'";
  return shown === null ? "'NI'" : `CASE WHEN ${shown} THEN 'skipped' ELSE 'not_shown' END`;
}

function labelSql(labels: Record<string, string>): string {
  return Object.keys(labels).length ? closedList(labels) : "NULL";
}

/** Each ticked box is an answer: two of them contradict one another, which the mapping of responses says. */
function boxes(code: string, options: Record<string, string>): Part[] {
  const all = Object.entries(options);
  const ticked = all.map(([option, column]): Part => {
    const raw = `CASE WHEN ${isTicked(column)} THEN ${text(option)} END`;
    return { ...plain("option", code, column), raw };
  });
  const none = `CASE WHEN ${all.map(([, column]) => isTicked(column)).join(" OR ")} THEN 'ticked' END`;
  const [[, first] = ["", ""]] = all;
  return [...ticked, { ...plain("unticked", code, first), raw: none }];
}

/** Whether a checkbox column says yes; the other cells are 0 whether or not the form was opened. */
export function isTicked(column: string): string {
  return `coalesce(lower(${cell(column)}) IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false)`;
}
