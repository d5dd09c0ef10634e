import { z } from "zod";
import { membersOf } from "./group.ts";
import {
  addDigits,
  aggregate,
  gridUnits,
  headCount,
  type Scale,
  type Statistic,
} from "./statistic.ts";
import { share, shareEffect } from "./wilson.ts";

const summary = z.strictObject({ pairs: headCount, improved: headCount, worsened: headCount });
export type Improved = z.infer<typeof summary>;

/** Share of the pairs that changed by at least the minimal important difference, for better and for worse. */
export const improved: Statistic<Improved> = {
  name: "improved",
  title: "Changed by the minimal important difference or more",
  exact: true,
  needsFollowUp: true,
  within: "change",
  unavailable({ mid, responder }) {
    if (responder) return "the study says itself who responded: see responder";
    return mid === null ? "the catalogue has no minimal important difference for this score" : null;
  },
  summary,
  empty: { pairs: "0", improved: "0", worsened: "0" },
  summarize(cohort, scale) {
    const { improved, worsened } = rules(scale);
    const people = (test: string) => `sum(CASE WHEN ${test} THEN 1 ELSE 0 END)`;
    return aggregate(cohort, {
      pairs: "count(follow_up)",
      improved: people(improved),
      worsened: people(worsened),
    });
  },
  combine: addDigits,
  members: (scale) => [
    membersOf("pairs", { where: "follow_up IS NOT NULL" }),
    ...Object.entries(rules(scale)).map(([part, where]) => membersOf(part, { where })),
  ],
  groups: () => ["pairs", "improved", "worsened"].map((part) => ({ part })),
  estimate({ pairs, improved, worsened }) {
    const n = BigInt(pairs);
    return [
      share("share improved", BigInt(improved), n),
      share("share worsened", BigInt(worsened), n),
    ];
  },
  siteEffect: ({ pairs, improved }) =>
    shareEffect("share improved", BigInt(improved), BigInt(pairs)),
  heads({ pairs, improved, worsened }, people) {
    const [n, up, down] = [BigInt(pairs), BigInt(improved), BigInt(worsened)];
    return [n, people - n, up, n - up, down, n - down, n - up - down];
  },
};

/** Who changed by the difference or more, in SQL. */
function rules(scale: Scale) {
  const [better, worse] =
    scale.direction === "better"
      ? ["follow_up - baseline", "baseline - follow_up"]
      : ["baseline - follow_up", "follow_up - baseline"];
  const least = gridThreshold(scale);
  return { improved: `${better} >= ${least}`, worsened: `${worse} >= ${least}` };
}

/** The smallest change on the grid that reaches the difference. */
function gridThreshold(scale: Scale): bigint {
  const exact = (scale.mid ?? Number.NaN) * Number(gridUnits(scale));
  return BigInt(Math.ceil(Number(exact.toPrecision(12))));
}
