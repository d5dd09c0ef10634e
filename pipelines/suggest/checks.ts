import { ident, text } from "../../warehouse/sql.ts";

/** What the rows say of a group of columns: SQL, run over the file once. */
export interface SumQuestion {
  /** Columns whose answers are added. */
  items: readonly string[];
  /** What is added to each answer. */
  offset: number;
  /** For items that run the other way: what an answer and its opposite add up to; by column. */
  reversed: Readonly<Record<string, number>>;
  /** Numbers that are no answers. */
  sentinels: readonly number[];
  /** For items answered in words: the number of each, by column; words in lower case. */
  words: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Columns that may hold the sum. */
  totals: readonly string[];
}

const number = (
  column: string,
  sentinels: readonly number[],
  words: Readonly<Record<string, number>> = {},
): string => {
  const whens = Object.entries(words).map(([word, value]) => `WHEN ${text(word)} THEN ${value}`);
  // A thousand is no sum of answers: a comma can only be a decimal mark.
  const plain = `TRY_CAST(replace(${ident(column)}, ',', '.') AS DOUBLE)`;
  const cast = whens.length
    ? `CASE lower(trim(${ident(column)})) ${whens.join(" ")} ELSE ${plain} END`
    : plain;
  if (sentinels.length === 0) return cast;
  return `CASE WHEN ${cast} NOT IN (${sentinels.join(", ")}) THEN ${cast} END`;
};

/**
 * The query that tells, over the rows in which all items are answered: how many there are; for each item its correlation with the
 * others' sum; for each candidate total how often it equals the sum.
 */
export function sumSql(
  read: string,
  { items, offset, reversed, sentinels, words, totals }: SumQuestion,
): string {
  const values = items.map((item, i) => {
    const answer = `${number(item, sentinels, words[item])} + ${offset}`;
    const ends = reversed[item];
    return `${ends === undefined ? answer : `${ends} - (${answer})`} AS i${i}`;
  });
  const sums = totals.map((total, i) => `${number(total, [])} AS t${i}`);
  const all = items.map((_, i) => `i${i}`).join(" + ");
  const asked = [
    "count(*)::DOUBLE AS n",
    ...items.map((_, i) => `corr(i${i}, total - i${i}) AS c${i}`),
    ...totals.map((_, i) => `avg((t${i} = total)::INT) FILTER (t${i} IS NOT NULL) AS s${i}`),
    ...totals.map((_, i) => `count(t${i})::DOUBLE AS m${i}`),
  ];
  return `SELECT ${asked.join(", ")} FROM (
    SELECT *, ${all} AS total FROM (SELECT ${[...values, ...sums].join(", ")} FROM ${read})
    WHERE ${items.map((_, i) => `i${i} IS NOT NULL`).join(" AND ")})`;
}
