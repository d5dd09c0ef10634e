import { z } from "zod";
import { membersOf } from "./group.ts";
import {
  addDigits,
  aggregate,
  gridUnits,
  headCount,
  type Measure,
  type Statistic,
} from "./statistic.ts";
import { share, shareEffect } from "./wilson.ts";

const summary = z.strictObject({
  pairs: headCount,
  among: headCount.describe("people who start as the rule asks, with or without a follow-up"),
  eligible: headCount.describe("pairs among them"),
  responded: headCount,
});
export type Responded = z.infer<typeof summary>;

/** Share that responded as the study defines it, among the pairs that start where the rule asks. */
export const responder: Statistic<Responded> = {
  name: "responder",
  title: "Responders as the study defines them",
  exact: true,
  needsFollowUp: true,
  within: "change",
  unavailable: (measure) => (measure.responder ? null : "the outcome has no responder rule"),
  summary,
  empty: { pairs: "0", among: "0", eligible: "0", responded: "0" },
  summarize(cohort, measure) {
    const { among, responded } = responseSql(measure, "baseline", "follow_up");
    const people = (test: string) => `sum(CASE WHEN ${test} THEN 1 ELSE 0 END)`;
    return aggregate(cohort, {
      pairs: "count(follow_up)",
      among: people(among),
      eligible: people(`follow_up IS NOT NULL AND ${among}`),
      responded: people(`follow_up IS NOT NULL AND ${among} AND ${responded}`),
    });
  },
  combine: addDigits,
  members(measure) {
    const { among, responded } = responseSql(measure, "baseline", "follow_up");
    const pairs = "follow_up IS NOT NULL";
    return [
      membersOf("pairs", { where: pairs }),
      membersOf("among", { where: among }),
      membersOf("eligible", { where: `${pairs} AND ${among}` }),
      membersOf("responded", { where: `${pairs} AND ${among} AND ${responded}` }),
    ];
  },
  groups: () => ["pairs", "among", "eligible", "responded"].map((part) => ({ part })),
  estimate: ({ eligible, responded }) => [
    share("share that responded", BigInt(responded), BigInt(eligible)),
  ],
  siteEffect: ({ eligible, responded }) =>
    shareEffect("share that responded", BigInt(responded), BigInt(eligible)),
  heads({ pairs, among, eligible, responded }, people) {
    const [p, a, e, r] = [BigInt(pairs), BigInt(among), BigInt(eligible), BigInt(responded)];
    return [p, people - p, a, people - a, e, a - e, p - e, people - a - (p - e), r, e - r];
  },
};

/** The rule in SQL over two columns of grid integers; change for the better is what the instrument's direction says. */
export function responseSql(
  measure: Measure,
  baseline: string,
  later: string,
): { among: string; responded: string } {
  const rule = measure.responder;
  if (!rule) throw new TypeError("no responder rule");
  const better = measure.direction === "better";
  const units = Number(gridUnits(measure));
  // Half a grid unit of slack would change who responds; twelve digits only undo the decimal's binary form.
  const grid = (value: number) => BigInt(Math.ceil(Number((value * units).toPrecision(12))));
  const among =
    rule.among === undefined ? "1 = 1" : `${baseline} ${better ? "<=" : ">="} ${grid(rule.among)}`;
  const gain = better ? `(${later} - ${baseline})` : `(${baseline} - ${later})`;
  if ("change" in rule) return { among, responded: `${gain} >= ${grid(rule.change)}` };
  if ("at_least" in rule) return { among, responded: `${later} >= ${grid(rule.at_least)}` };
  if ("below" in rule) return { among, responded: `${later} < ${grid(rule.below)}` };
  // In integers: 100 * gain >= percent * baseline. Without a gain nobody responds, be it from zero.
  return {
    among,
    responded: `(${gain} > 0 AND 100 * ${gain} >= ${Math.round(rule.percent)} * ${baseline})`,
  };
}
