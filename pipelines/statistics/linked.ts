import { z } from "zod";
import { membersOf } from "./group.ts";
import { addDigits, aggregate, headCount, type Statistic } from "./statistic.ts";

const summary = z.strictObject({ people: headCount, linked_people: headCount, records: headCount });
type LinkedRecords = z.infer<typeof summary>;

/** Site records that the people of the cohort have, where a study counts people: how many were merged. */
export const linkedRecords: Statistic<LinkedRecords> = {
  name: "linkage",
  title: "Site records of the people who count, and how many were merged",
  exact: true,
  needsFollowUp: false,
  unavailable: () => null,
  summary,
  empty: { people: "0", linked_people: "0", records: "0" },
  summarize: (cohort) =>
    aggregate(cohort, {
      people: "count(*)",
      linked_people: "sum(CASE WHEN records > 1 THEN 1 ELSE 0 END)",
      records: "sum(records)",
    }),
  combine: addDigits,
  members: () => [
    membersOf("linked", { where: "records > 1" }),
    membersOf("not linked", { where: "records = 1" }),
  ],
  groups: () => [{ part: "linked" }, { part: "not linked" }],
  estimate: ({ people, linked_people, records }) => [
    { name: "records", value: Number(records), people: Number(people) },
    {
      name: "records merged",
      value: Number(records) - Number(people),
      people: Number(linked_people),
    },
  ],
  heads: ({ people, linked_people }) => [
    BigInt(linked_people),
    BigInt(people) - BigInt(linked_people),
  ],
};
