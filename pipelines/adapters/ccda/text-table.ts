import { XmlElement, XmlXPath } from "libxml2-wasm";
import { contentOf } from "../xml/content.ts";
import type { CcdaSettings } from "./settings.ts";
import { stampToIso } from "./time.ts";
import { collapse, HL7 } from "./tree.ts";

/** A row of a text table that asks and answers something. */
export interface TableRow {
  /** `text/table[1]/tr[3]`, rows counted through the table. */
  pointer: string;
  question: string;
  /** Empty: no answer. */
  answer: string;
  /** YYYY-MM-DD; null: the table says none that can be read. */
  day: string | null;
}

/** Rows of the section's tables that have a question and an answer column, without those that a coded entry points to. */
export function readTables(section: XmlElement, settings: CcdaSettings): TableRow[] {
  const tables = section.find(TABLES) as XmlElement[];
  if (tables.length === 0) return [];
  let coded: Set<string> | undefined;
  return tables.flatMap((table, i) => {
    const rows = table.find(ROWS) as XmlElement[];
    const columns = columnsOf(rows[0], settings);
    if (columns === null) return [];
    coded ??= referencedIds(section);
    const read = rows.map((row, n) => readRow(row, columns, `text/table[${i + 1}]/tr[${n + 1}]`));
    return read.flatMap(({ ids, ...row }, n) =>
      n > 0 && row.question !== "" && !ids.some((id) => coded?.has(id)) ? [row] : [],
    );
  });
}

interface TableColumns {
  question: number;
  answer: number;
  date: number;
}

function columnsOf(
  header: XmlElement | undefined,
  { tableHeaders }: CcdaSettings,
): TableColumns | null {
  if (header === undefined) return null;
  const names = cellsOf(header).map((cell) => collapse(cell.content).toLowerCase());
  const at = (names_: ReadonlySet<string>) => names.findIndex((name) => names_.has(name));
  const question = at(tableHeaders.question);
  const answer = at(tableHeaders.answer);
  return question < 0 || answer < 0 ? null : { question, answer, date: at(tableHeaders.date) };
}

function readRow(row: XmlElement, columns: TableColumns, pointer: string) {
  const cells = cellsOf(row);
  const text = (at: number) => collapse(cells[at]?.content ?? "");
  return {
    pointer,
    question: text(columns.question),
    answer: text(columns.answer),
    day: columns.date < 0 ? null : dayOf(text(columns.date)),
    ids: (row.find(NAMED) as XmlElement[]).flatMap((node) => node.attr("ID")?.value ?? []),
  };
}

function cellsOf(row: XmlElement): XmlElement[] {
  const cells: XmlElement[] = [];
  for (const child of contentOf(row)) {
    if (child instanceof XmlElement && (child.name === "td" || child.name === "th")) {
      cells.push(child);
    }
  }
  return cells;
}

function referencedIds(section: XmlElement): Set<string> {
  const references = section.find(REFERENCES) as XmlElement[];
  return new Set(
    references.flatMap((node) => node.attr("value")?.value.trim().replace(/^#/, "") ?? []),
  );
}

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");

/** A day as American documents write it: 02/11/2024 (month first), 2024-02-11, 20240211, February 11, 2024. */
export function dayOf(text: string): string | null {
  const iso = /^(\d{4})-?(\d\d)-?(\d\d)(?!\d)/.exec(text);
  if (iso) return stampToIso(`${iso[1]}${iso[2]}${iso[3]}`);
  const slashed = /^(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?!\d)/.exec(text);
  if (slashed) {
    const [, month = "", day = "", year] = slashed;
    return stampToIso(`${year}${month.padStart(2, "0")}${day.padStart(2, "0")}`);
  }
  const named = /^([a-z]{3})[a-z]*\.? (\d{1,2}) ?, ?(\d{4})(?!\d)/i.exec(text);
  if (!named) return null;
  const month = MONTHS.indexOf((named[1] ?? "").toLowerCase()) + 1;
  if (month === 0) return null;
  return stampToIso(
    `${named[3]}${String(month).padStart(2, "0")}${(named[2] ?? "").padStart(2, "0")}`,
  );
}

const TABLES = XmlXPath.compile("h:text//h:table", { h: HL7 });
const ROWS = XmlXPath.compile("h:thead/h:tr | h:tbody/h:tr | h:tr", { h: HL7 });
const NAMED = XmlXPath.compile("descendant-or-self::*[@ID]", { h: HL7 });
const REFERENCES = XmlXPath.compile("h:entry//h:reference", { h: HL7 });
