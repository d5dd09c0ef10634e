import type { Chosen } from "./choose.ts";
import type { DraftInput } from "./draft.ts";
import { inline, quote } from "./inline-yaml.ts";
import { compact, wordsOf } from "./names.ts";
import { TOTAL } from "./scores.ts";
import { type ColumnEvidence, isSure } from "./suggestion.ts";

/**
 * Commented lines of a draft for what a steward must decide or bring: they stand where the answer is to be written, and say what
 * happens until it is.
 */

const isAnswers = ({ kind }: DraftInput): boolean => kind === "wide" || kind === "long";

const columnOf = ({ columns }: DraftInput, role: RegExp): string | undefined =>
  columns.find((one) => isSure(one) && role.test(one.role ?? ""))?.column;

/** Answers without a day cannot be loaded: better said here than by a thousand quarantined rows. */
export function dateHints(input: DraftInput): string[] {
  if (!isAnswers(input) || columnOf(input, /(^|:)(answered_at|encounter_key)$/)) return [];
  // An unsure one stands under columns already.
  if (
    input.columns.some(
      ({ role, formats = [] }) => /answered_at$/.test(role ?? "") && formats.length > 1,
    )
  )
    return [
      "  # Until the day is chosen above, answers are quarantined: without one they cannot be loaded.",
    ];
  const known = new Set(input.columns.filter(isSure).map(({ column }) => column));
  const dates = input.evidence.filter(
    ({ name, type, filled }) => type === "date" && filled > 0 && !known.has(name),
  );
  const lines = dates
    .slice(0, 5)
    .flatMap(({ name, formats }) =>
      formats.map((format) => `# answered_at: ${dateText(name, format)}`),
    );
  return [
    "# No column surely says when these answers were given; without a day they are quarantined.",
    ...(lines.length > 0
      ? ["# Take the # from the one that does:", ...lines]
      : [
          "# No column of this file holds dates. Ask for one with the export; or take the day from the visit, with encounter_key here",
          "# and a file of kind: encounters; or say what you know of all of them, if only the month or the year:",
          '# answered_at: { value: "2024-03" }',
        ]),
  ].map((line) => `    ${line}`);
}

/** A column of dates as a mapping names it. */
export function dateText(column: string, format: string | undefined): string {
  return format === undefined || format === "ISO 8601"
    ? quote(column)
    : `{ column: ${quote(column)}, date_format: ${quote(format)} }`;
}

/** Names that stand in the header twice: which column is meant is nobody's guess. */
export function repeatedHints({ repeated, evidence }: DraftInput): string[] {
  return repeated.map((name) => {
    const columns = evidence
      .filter((one) => isCopyOf(one.name, name))
      .map((one) => quote(one.name));
    return `  # The header has ${quote(name)} more than once, called ${columns.join(", ")} here: look which one is meant, and map that one.`;
  });
}

/** Whether a column is one of those that the header calls `name`: phq9_1, phq9_1_2. */
export function isCopyOf(column: string, name: string): boolean {
  const [whole, start] = [column.toLowerCase(), name.toLowerCase()];
  return (
    whole === start ||
    (whole.startsWith(`${start}_`) && /^\d+$/.test(whole.slice(start.length + 1)))
  );
}

const VISIT =
  /^(visit|wave|timepoint|session|event|week|month|cycle|round|occasion|phase|followup|fu)$/;

/** Columns that count the visits of a person: they tell forms apart, but no day. */
export function visitHints(input: DraftInput): string[] {
  const key = columnOf(input, /^patient_key$/);
  if (!isAnswers(input) || key === undefined) return [];
  const free = new Set(
    input.columns.filter((one) => one.role === null).map(({ column }) => column),
  );
  const counts = input.evidence.find(
    ({ name, distinct, filled, type }) =>
      free.has(name) &&
      filled > 0 &&
      // REDCap's own columns are in the key that its layout gives an administration.
      !name.startsWith("redcap_") &&
      type !== "date" &&
      distinct <= 60 &&
      wordsOf(name).some((word) => VISIT.test(word)),
  );
  if (!counts) return [];
  const pair = [key, counts.name].map(quote).join(", ");
  return [
    `# ${counts.name} only tells a person's visits apart, it names no day. If person and ${counts.name} together are a visit, that is its key; a file`,
    "# of kind: encounters with the same key brings the day. Beside a column of dates it is not needed.",
    `# encounter_key: { columns: [${pair}] }`,
    ...(input.kind === "wide"
      ? [
          "# A corrected form then replaces the one that was sent before, if each instrument has",
          `#   source_id: [${pair}]`,
        ]
      : [`# or add ${counts.name} to group_by, if a person answers twice on one day`]),
  ].map((line) => `    ${line}`);
}

/** Forms of REDCap whose first field has a name of its own: its layout knows a form from export to export by `record_id` alone. */
export function formKeyHints(input: DraftInput): string[] {
  const key = columnOf(input, /^patient_key$/);
  const names = input.evidence.map(({ name }) => name);
  const form = names.find((name) => /^[a-z][a-z0-9_]*_complete$/.test(name));
  if (input.kind !== "wide" || key === undefined || !form || names.includes("record_id")) return [];
  const event = names.filter((name) => /^redcap_(event_name|repeat_instance)$/.test(name));
  return [
    `# ${form} is how REDCap says whether a form is complete, and no record_id says which form it is from export to export. If each row is`,
    "# one visit that these columns name, a corrected form replaces the one that was sent before if each instrument has",
    `#   source_id: [${[key, ...event].map(quote).join(", ")}]`,
  ].map((line) => `    ${line}`);
}

/** The decimal mark, where a column proves it; commented where its commas may as well stand for something else. */
export function decimalLines({ evidence }: DraftInput): string[] {
  const withComma = evidence.filter(({ type, formats }) => type !== "date" && formats.length > 0);
  const proven = withComma.filter(({ formats }) => formats.length === 1);
  const shown = (columns: readonly ColumnEvidence[]) =>
    `${columns
      .slice(0, 5)
      .map(({ name }) => name)
      .join(", ")}${columns.length > 5 ? ", …" : ""}`;
  if (proven.length > 0)
    return [
      `  decimal: ","   # 0.97: numbers with a comma that is no mark of thousands in ${shown(proven)}`,
    ];
  if (withComma.length === 0) return [];
  const [{ formats } = { formats: [] }] = withComma;
  return [
    `  # ${shown(withComma)}: the comma may be a ${formats.join(" or a ")}; without this line such cells are no numbers:`,
    '  # decimal: ","   # 0.50',
  ];
}

/** Numbers among the answers that no choice of the form has. */
export function missingHints({ groups }: DraftInput): string[] {
  const found = groups.flatMap(({ parts, coding, instrument }) =>
    coding.sentinels.map((word) => {
      const cells = [...parts.values()].map((column) => countOf(column, word));
      const count = cells.reduce((sum, one) => sum + one, 0);
      const where = cells.filter((one) => one > 0).length;
      return {
        word,
        told: `${word} stands in ${count} cells of ${where} columns of ${instrument.id}`,
      };
    }),
  );
  if (found.length === 0) return [];
  const words = [...new Set(found.map(({ word }) => word))].sort();
  return [
    `# ${found.map(({ told }) => told).join("; ")}, and is no choice of the form. Look into the code book what it`,
    "# stands for and remove the #; until then these cells are quarantined, and no score is computed from them.",
    `# missing: { ${words.map((word) => `${quote(word)}: skipped`).join(", ")} }   # skipped: no answer; asked-declined: refused; ASKU: did not know; not_shown: not asked`,
  ].map((line) => `  ${line}`);
}

function countOf({ values }: ColumnEvidence, word: string): number {
  return values.find(({ value }) => value === word)?.count ?? 0;
}

/** From this share of the rows on a column is taken for a total that went wrong and not for another number. */
const LIKE_A_TOTAL = 0.3;

/** Why a column that is named like the total, or equals it now and then, was not taken for the sum of the items without more. */
export function totalHints({ sums, total, instrument }: Chosen): string[] {
  const score = instrument.scores.find(({ sum }) => sum)?.id;
  if (total || !score) return [];
  const keys = [instrument.id, ...(instrument.aliases ?? [])].map(compact);
  const isNamed = (column: string) => {
    const isForms = keys.some((key) => compact(column).startsWith(key));
    return wordsOf(column).some((word) => TOTAL.has(word)) && (isForms || sums.length === 1);
  };
  return sums
    .filter(({ column, share }) => share >= LIKE_A_TOTAL || isNamed(column))
    .slice(0, 3)
    .flatMap(({ column, share, rows }) => [
      `    # ${quote(column)} is the sum of the items in ${Math.round(share * rows)} of ${rows} rows with all answers. If it is the total all the same (an item is`,
      `    # turned round, left out or weighted in it, or it was changed by hand), write scores: { ${score}: ${quote(column)} } under the items; where`,
      "    # the two differ the night says SCORE_MISMATCH, and takes its own.",
    ]);
}

/** How the banks of PROMIS and Neuro-QoL name their items, such as PFA11 or EDANX05; from memory. */
const BANK_ITEM =
  /^(EDDEP|EDANX|EDANG|PAIN(IN|BE|QU)|PF[ABCM]|FATEXP|FATIMP|SRP(PER|SAT)|SLEEP|HI|AN|NQ[A-Z]{3,5})\d{1,3}[a-z]?\d*(r\d?)?$/i;

/** Items of a bank that no form of the catalogue holds, or too few of them to tell a form. */
export function bankHints({ kind, columns }: DraftInput): string[] {
  if (kind !== "wide") return [];
  const items = columns
    .filter((one) => !isSure(one) && BANK_ITEM.test(one.column.replaceAll(/[^A-Za-z0-9]/g, "")))
    .map(({ column }) => column);
  if (items.length === 0) return [];
  return [
    `# Named like items of a PROMIS bank, but of no form that is sure: ${items.slice(0, 20).map(quote).join(", ")}${items.length > 20 ? ", …" : ""}.`,
    "# An adaptive test asks each person other items: give its T-score, under the bank (propool instruments lists them):",
    `#   - ${inline({ instrument: "promis-fatigue", cat: { value: "Y" }, scores: { t: "the column of the T-score" } })}`,
    "# A fixed form that the catalogue does not have: put it into instruments/ of the site's folder (propool instruments --help).",
  ].map((line) => `  ${line}`);
}
