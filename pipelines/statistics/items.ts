import { z } from "zod";
import { textList } from "../../warehouse/sql.ts";
import { binSchema, fromRanges, mergeBins } from "./bins.ts";
import { coarsenBins } from "./coarsen-bins.ts";
import { divide } from "./divide.ts";
import { groupsOfBins, membersOf, PEOPLE } from "./group.ts";
import { type Estimate, headCount, type Statistic } from "./statistic.ts";
import { share } from "./wilson.ts";

const summary = z.strictObject({
  people: headCount,
  items: z.array(z.strictObject({ item: z.string(), bins: z.array(binSchema) })).max(1000),
});
export type Items = z.infer<typeof summary>;

/** People by answer to each item of the baseline. Answers with few people are shown together with their neighbours. */
export const items: Statistic<Items> = {
  name: "items",
  title: "Answers to each item at baseline",
  exact: true,
  reads: ["item_answer"],
  needsFollowUp: false,
  needs: "items",
  unavailable: ({ items: scored }) => (scored?.length ? null : "the score is not made of items"),
  summary,
  empty: { people: "0", items: [] },
  async summarize(cohort, measure) {
    const names = (measure.items ?? []).map(({ id }) => id).sort();
    const sizes = await cohort.select<{ stratum: string; people: string }>(
      "SELECT stratum, CAST(count(*) AS VARCHAR) AS people FROM cohort GROUP BY stratum",
    );
    const rows = await cohort.select<Record<"stratum" | "item" | "value" | "people", string>>(
      [
        "SELECT",
        "  stratum,",
        "  item,",
        "  CAST(value AS VARCHAR) AS value,",
        "  CAST(count(*) AS VARCHAR) AS people",
        "FROM item_answer",
        "GROUP BY stratum, item, value",
        "ORDER BY value",
      ].join("\n"),
    );
    return new Map(
      sizes.map(({ stratum, people }) => {
        const mine = rows.filter((row) => row.stratum === stratum);
        const items = names.map((item) => ({
          item,
          bins: fromRanges(
            mine
              .filter((row) => row.item === item)
              .map((row) => ({
                from: BigInt(row.value),
                to: BigInt(row.value),
                people: BigInt(row.people),
              })),
          ),
        }));
        return [stratum, { people, items }];
      }),
    );
  },
  combine: (a, b) => ({
    people: String(BigInt(a.people) + BigInt(b.people)),
    items: namesOf([a, b]).map((item) => ({
      item,
      bins: mergeBins(binsOf(a, item), binsOf(b, item)),
    })),
  }),
  members: ({ items: scored = [] }) => [
    membersOf(PEOPLE.part),
    [
      "SELECT stratum, head, item AS part, value",
      `FROM item_answer WHERE item IN ${textList(scored.map(({ id }) => id))}`,
    ].join("\n"),
  ],
  groups: ({ items: of }) => [
    PEOPLE,
    ...of.flatMap(({ item, bins }) => [
      { part: item, name: `${item} answered` },
      ...groupsOfBins(item, bins),
    ]),
  ],
  estimate: (of) => of.items.flatMap(({ item, bins }) => estimates(item, bins)),
  // Each item: those who answered it, and those of the stratum who did not.
  heads: ({ people, items: of }) => [
    BigInt(people),
    ...of.flatMap(({ bins }) => [sumOf(bins), BigInt(people) - sumOf(bins)]),
  ],
  coarsen(parts, rule) {
    const names = namesOf(parts);
    const coarse = names.map((item) => ({
      item,
      ...coarsenBins(
        parts.map((part) => binsOf(part, item)),
        { minimum: rule.minimum, width: 1n },
      ),
    }));
    return {
      everybody: {
        people: String(parts.reduce((sum, { people }) => sum + BigInt(people), 0n)),
        items: coarse.map(({ item, everybody }) => ({ item, bins: everybody })),
      },
      parts: parts.map(({ people }, part) => ({
        people,
        items: coarse.map(({ item, parts: of }) => ({ item, bins: of[part] ?? [] })),
      })),
    };
  },
  bins: (of) => of.items.flatMap(({ bins }) => bins.map(({ people }) => BigInt(people))),
};

function estimates(item: string, bins: Items["items"][number]["bins"]): Estimate[] {
  const all = sumOf(bins);
  const isWhole = bins.every(({ from, to }) => from === to);
  const total = bins.reduce((sum, { from, people }) => sum + BigInt(from) * BigInt(people), 0n);
  const highest = bins.reduce((sum, { to, people }) => sum + BigInt(to) * BigInt(people), 0n);
  const mean: Estimate = { name: `${item} mean`, people: Number(all), value: null };
  if (all === 0n) return [mean];
  if (isWhole) mean.value = divide(total, all);
  else mean.between = [divide(total, all), divide(highest, all)];
  return [
    mean,
    ...bins.map(({ from, to, people }) =>
      share(`${item} ${from === to ? from : `${from} to ${to}`}`, BigInt(people), all),
    ),
  ];
}

function namesOf(parts: readonly Items[]): string[] {
  return [...new Set(parts.flatMap((part) => part.items.map(({ item }) => item)))].sort();
}

function binsOf(part: Items, item: string) {
  return part.items.find((one) => one.item === item)?.bins ?? [];
}

function sumOf(bins: readonly { people: string }[]): bigint {
  return bins.reduce((sum, { people }) => sum + BigInt(people), 0n);
}
