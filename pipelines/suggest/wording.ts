import type { Instrument } from "../catalogue/instrument.ts";
import type { Group } from "./instruments.ts";
import { wordsOf } from "./names.ts";
import type { ColumnEvidence } from "./suggestion.ts";

/** So many items of a form must be asked, and half of them, before a question's words tell the form. */
const ITEMS_MIN = 3;

/**
 * The form whose questions stand in words in the columns' names, their labels or a data dictionary: exports of survey tools have them
 * there, often shortened, so that half of what tells an item is enough where no other item has as much.
 */
export function byWording(
  columns: readonly ColumnEvidence[],
  instrument: Instrument,
): Omit<Group, "score">[] {
  const items = instrument.items.filter(({ words }) => words !== undefined);
  if (items.length < ITEMS_MIN) return [];
  const parts = new Map<string, ColumnEvidence>();
  for (const column of columns) {
    const question = column.question ?? column.name;
    // One word may stand for anything.
    if (wordsOf(question).length < 2) continue;
    const id = itemOf(question.toLowerCase(), items);
    if (id !== null && !parts.has(id)) parts.set(id, column);
  }
  const isForm = parts.size >= ITEMS_MIN && parts.size * 2 >= items.length;
  return isForm ? [{ instrument, context: "", parts, by: "wording" }] : [];
}

function itemOf(question: string, items: Instrument["items"]): string | null {
  const [best, next] = items
    .map(({ id, words = [] }) => {
      const found = words.filter((word) => question.includes(word));
      return { id, share: found.length / words.length };
    })
    .toSorted((a, b) => b.share - a.share);
  return best && best.share >= 0.5 && best.share > (next?.share ?? 0) ? best.id : null;
}
