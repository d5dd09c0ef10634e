import { z } from "zod";
import { membersOf, PEOPLE } from "./group.ts";
import { addDigits, aggregate, headCount, type Statistic } from "./statistic.ts";

const summary = z.strictObject({ people: headCount, administrations: headCount });
export type Count = z.infer<typeof summary>;

/** People of the cohort, and their scored administrations in the study's dates. */
export const count: Statistic<Count> = {
  name: "count",
  title: "People and administrations",
  exact: true,
  needsFollowUp: false,
  unavailable: () => null,
  summary,
  empty: { people: "0", administrations: "0" },
  summarize: (cohort) =>
    aggregate(cohort, { people: "count(*)", administrations: "sum(administrations)" }),
  combine: addDigits,
  members: () => [membersOf(PEOPLE.part)],
  groups: () => [PEOPLE],
  estimate({ people, administrations }) {
    return [
      { name: "people", value: Number(people), people: Number(people) },
      { name: "administrations", value: Number(administrations), people: Number(people) },
    ];
  },
  heads: ({ people }) => [BigInt(people)],
};
