import type { XmlElement } from "libxml2-wasm";
import type { Added } from "./administration.ts";
import type { DocumentContext } from "./context.ts";
import type { Wording } from "./settings.ts";
import { readTables, type TableRow } from "./text-table.ts";
import { toMillionths } from "./value.ts";

interface AskedRow extends TableRow {
  wording: Wording | null;
}

/**
 * Items that stand in the section's text table only, added to the coded administration of their day whose instrument they belong to;
 * their origin is `narrative`. A coded answer stays as it is. A row that asks nothing the catalogue knows, or for which there
 * is no such administration, is counted under a code-less item and never loaded.
 */
export function addNarrative(
  section: XmlElement,
  label: string,
  added: readonly Added[],
  context: DocumentContext,
): void {
  const rows = readTables(section, context.settings).map((row) => ({
    ...row,
    wording: wordingOf(row.question, context.settings.wordings),
  }));
  if (rows.length === 0) return;
  const open = candidates(added, rows);
  let rest: AskedRow[] = rows;
  for (;;) {
    const best = bestOf(open, rest, context.settings.wordings);
    if (best === null) break;
    open.splice(open.indexOf(best), 1);
    const own = rest.filter((row) => isOf(row, best));
    for (const row of own) addRow(row, best.key, label, context);
    // What is coded is not read a second time from its text.
    rest = rest.filter((row) => !own.includes(row) && !isCoded(row, best));
  }
  if (rest.length > 0) addUnmatched(rest, label, context);
}

/** The first administration of each day and form that the table speaks of; a second one of the same day is for nobody to tell apart. */
function candidates(added: readonly Added[], rows: readonly AskedRow[]): Added[] {
  const days = new Set(rows.map(({ day }) => day));
  const first = new Map<string, Added>();
  for (const one of added) {
    const key = [one.day, ...one.instruments].join("|");
    if (days.has(one.day) && !first.has(key)) first.set(key, one);
  }
  return [...first.values()];
}

/** The question of the catalogue that a text asks; null when it is none, or several that are not one and the same. */
export function wordingOf(text: string, wordings: readonly Wording[]): Wording | null {
  const plain = text.toLowerCase().replace(/[^a-z0-9]+/g, " ");
  const found = wordings.filter(({ words }) => words.every((word) => plain.includes(word)));
  const [first] = found;
  return first && found.every(({ code }) => code === first.code) ? first : null;
}

/** The administration that takes most answered rows; of equals the shorter form, which leaves less unanswered. */
function bestOf(
  open: readonly Added[],
  rows: readonly AskedRow[],
  wordings: readonly Wording[],
): Added | null {
  const takes = (one: Added) => rows.filter((row) => row.answer !== "" && isOf(row, one)).length;
  const asks = ({ instruments }: Added) =>
    wordings.filter((wording) => [...instruments].some((name) => wording.instruments.has(name)))
      .length;
  const [best] = open
    .map((one) => ({ one, count: takes(one) }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count || asks(a.one) - asks(b.one));
  return best?.one ?? null;
}

function isOf({ wording, day }: AskedRow, one: Added): boolean {
  return (
    wording !== null &&
    !one.items.has(wording.code) &&
    day !== null &&
    day === one.day &&
    [...one.instruments].some((instrument) => wording.instruments.has(instrument))
  );
}

function isCoded({ wording, day }: AskedRow, one: Added): boolean {
  return wording !== null && day === one.day && one.items.has(wording.code);
}

function addRow(row: AskedRow, key: string, label: string, context: DocumentContext): void {
  context.rows.add("intake_response", {
    administration_key: key,
    where_pointer: [label, row.pointer].filter(Boolean).join("/"),
    item_code: row.wording?.code ?? null,
    item_system: row.wording?.system ?? null,
    item_text: row.question,
    ...answerOf(row.answer),
    origin: "narrative",
  });
}

/** `2`, `Several days`, `1 - Several days`, `Several days (1)`. */
function answerOf(text: string) {
  if (text === "") return { missing: "NI" };
  const [, before, after] = /^(\d{1,3}) ?[-=:] ?(\D.*)$/.exec(text) ?? [];
  const [, words, number] = /^(\D.*?) ?\((\d{1,3})\)$/.exec(text) ?? [];
  const answer_num = toMillionths(before ?? number ?? text);
  return { answer_num, answer_text: after ?? words ?? (answer_num === null ? text : null) };
}

function addUnmatched(rows: AskedRow[], label: string, context: DocumentContext): void {
  const key = `${context.rows.recordKey}/${context.rows.count("intake_administration") + 1}`;
  context.rows.add("intake_administration", {
    where_pointer: [label, "text"].filter(Boolean).join("/"),
    administration_key: key,
    patient_key: context.patientKey,
  });
  for (const row of rows) addRow({ ...row, wording: null }, key, label, context);
}
