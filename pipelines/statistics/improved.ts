import { z } from "zod";
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
    const [better, worse] =
      scale.direction === "better"
        ? ["follow_up - baseline", "baseline - follow_up"]
        : ["baseline - follow_up", "follow_up - baseline"];
    const atLeast = (change: string) =>
      `sum(CASE WHEN ${change} >= ${gridThreshold(scale)} THEN 1 ELSE 0 END)`;
    return aggregate(cohort, {
      pairs: "count(follow_up)",
      improved: atLeast(better),
      worsened: atLeast(worse),
    });
  },
  combine: addDigits,
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

/** The smallest change on the grid that reaches the difference. */
function gridThreshold(scale: Scale): bigint {
  const exact = (scale.mid ?? Number.NaN) * Number(gridUnits(scale));
  return BigInt(Math.ceil(Number(exact.toPrecision(12))));
}
