import { z } from "zod";
import { membersOf } from "./group.ts";
import { addDigits, aggregate, headCount, type Statistic } from "./statistic.ts";
import { share } from "./wilson.ts";

const response = z.strictObject({
  asked_people: headCount,
  asked: headCount.describe("requests"),
  answered_people: headCount,
  answered: headCount.describe("requests with an administration that answers them"),
  unanswered_people: headCount,
});
const completion = z.strictObject({
  people: headCount,
  administrations: headCount,
  complete_people: headCount,
  complete: headCount.describe("administrations with every item answered"),
  incomplete_people: headCount,
});

/** Requests that were answered, by channel: of those who were asked, how many answered. */
export const responseRate: Statistic<z.infer<typeof response>> = {
  name: "response",
  title: "Requests that were answered",
  exact: true,
  reads: ["asked"],
  needsFollowUp: false,
  needs: "requests",
  unavailable: () => null,
  summary: response,
  empty: {
    asked_people: "0",
    asked: "0",
    answered_people: "0",
    answered: "0",
    unanswered_people: "0",
  },
  summarize: (cohort) =>
    aggregate(
      cohort,
      {
        asked_people: "count(*)",
        asked: "sum(asked)",
        answered_people: "sum(CASE WHEN answered > 0 THEN 1 ELSE 0 END)",
        answered: "sum(answered)",
        unanswered_people: "sum(CASE WHEN answered < asked THEN 1 ELSE 0 END)",
      },
      "asked",
    ),
  combine: addDigits,
  members: () => [
    membersOf("asked", { table: "asked" }),
    membersOf("answered", { table: "asked", where: "answered > 0" }),
    membersOf("not answered", { table: "asked", where: "answered < asked" }),
  ],
  groups: () => ["asked", "answered", "not answered"].map((part) => ({ part })),
  estimate: ({ asked_people, asked, answered }) => [
    { name: "requests", value: Number(asked), people: Number(asked_people) },
    { ...share("share answered", BigInt(answered), BigInt(asked)), people: Number(asked_people) },
  ],
  heads: (of) => [of.asked_people, of.answered_people, of.unanswered_people].map(BigInt),
};

/** Questionnaires that were begun and completed, by channel. */
export const completionRate: Statistic<z.infer<typeof completion>> = {
  name: "completion",
  title: "Questionnaires that were completed",
  exact: true,
  reads: ["administered"],
  needsFollowUp: false,
  needs: "collection",
  unavailable: () => null,
  summary: completion,
  empty: {
    people: "0",
    administrations: "0",
    complete_people: "0",
    complete: "0",
    incomplete_people: "0",
  },
  summarize: (cohort) =>
    aggregate(
      cohort,
      {
        people: "count(*)",
        administrations: "sum(administrations)",
        complete_people: "sum(CASE WHEN complete > 0 THEN 1 ELSE 0 END)",
        complete: "sum(complete)",
        incomplete_people: "sum(CASE WHEN complete < administrations THEN 1 ELSE 0 END)",
      },
      "administered",
    ),
  combine: addDigits,
  members: () => [
    membersOf("administered", { table: "administered" }),
    membersOf("complete", { table: "administered", where: "complete > 0" }),
    membersOf("not complete", { table: "administered", where: "complete < administrations" }),
  ],
  groups: () => ["administered", "complete", "not complete"].map((part) => ({ part })),
  estimate: ({ people, administrations, complete }) => [
    { name: "administrations", value: Number(administrations), people: Number(people) },
    {
      ...share("share complete", BigInt(complete), BigInt(administrations)),
      people: Number(people),
    },
  ],
  heads: (of) => [of.people, of.complete_people, of.incomplete_people].map(BigInt),
};
