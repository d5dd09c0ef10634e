import { z } from "zod";
import { correlation, divide, squareRoot, withSign } from "./divide.ts";
import { membersOf } from "./group.ts";
import { meanEffect, meanInterval, pOfMean } from "./mean-interval.ts";
import {
  addDigits,
  aggregate,
  digits,
  gridUnits,
  headCount,
  type Scale,
  type Statistic,
  wide,
} from "./statistic.ts";

const summary = z.strictObject({
  pairs: headCount,
  sb: digits,
  sf: digits,
  sbb: digits,
  sff: digits,
  sbf: digits,
});
export type Change = z.infer<typeof summary>;

const b = wide("baseline");
const f = wide("follow_up");
const paired = (sql: string) => `sum(CASE WHEN follow_up IS NOT NULL THEN ${sql} END)`;

/** Change from baseline to follow-up over complete pairs, from five sums. Change is follow-up minus baseline. */
export const change: Statistic<Change> = {
  name: "change",
  title: "Change from baseline to follow-up",
  exact: true,
  needsFollowUp: true,
  unavailable: () => null,
  summary,
  empty: { pairs: "0", sb: "0", sf: "0", sbb: "0", sff: "0", sbf: "0" },
  summarize: (cohort) =>
    aggregate(cohort, {
      pairs: "count(follow_up)",
      sb: paired(b),
      sf: paired(f),
      sbb: paired(`${b} * ${b}`),
      sff: paired(`${f} * ${f}`),
      sbf: paired(`${b} * ${f}`),
    }),
  combine: addDigits,
  members: () => [membersOf("pairs", { where: "follow_up IS NOT NULL" })],
  groups: () => [{ part: "pairs", hasSums: true }],
  estimate(sums, scale) {
    const of = changeOf(sums, scale);
    const people = Number(sums.pairs);
    return [
      { name: "mean at baseline", value: of.meanBaseline, people },
      { name: "mean at follow-up", value: of.meanFollowUp, people },
      {
        name: "mean change",
        value: of.meanChange,
        people,
        ...meanInterval(of.meanChange, of.sdChange, people),
      },
      { name: "sd of change", value: of.sdChange, people },
      { name: "standardised response mean", value: of.srm, people },
      { name: "effect size (baseline sd)", value: of.effectSize, people },
      { name: "correlation of baseline and follow-up", value: of.correlation, people },
      {
        name: "p of no change (paired t)",
        value: pOfMean(of.meanChange, of.sdChange, people),
        people,
      },
    ];
  },
  siteEffect(sums, scale) {
    const { meanChange, sdChange } = changeOf(sums, scale);
    const variance = sdChange === null ? null : sdChange ** 2;
    return meanEffect("mean change", meanChange, variance, Number(sums.pairs));
  },
  // The people without a follow-up are a group too: everybody's sums minus the pairs' sums are theirs.
  heads: ({ pairs }, people) => [BigInt(pairs), people - BigInt(pairs)],
};

/** Paired statistics in score units, each the double nearest to the exact value; null where undefined. */
export function changeOf(sums: Change, scale: Scale) {
  const [n, sb, sf] = [BigInt(sums.pairs), BigInt(sums.sb), BigInt(sums.sf)];
  const [sbb, sff, sbf] = [BigInt(sums.sbb), BigInt(sums.sff), BigInt(sums.sbf)];
  const units = gridUnits(scale);
  const difference = sf - sb;
  // n times the sums of squared deviations, integers.
  const spreadB = n * sbb - sb ** 2n;
  const spreadF = n * sff - sf ** 2n;
  const spreadChange = n * (sff + sbb - 2n * sbf) - difference ** 2n;
  const mean = (sum: bigint) => (n > 0n ? divide(sum, n * units) : null);
  const sd = (spread: bigint) => (n > 1n ? squareRoot(spread, n * (n - 1n) * units ** 2n) : null);
  const standardised = (spread: bigint) =>
    n > 1n && spread > 0n
      ? withSign(difference, squareRoot(difference ** 2n * (n - 1n), n * spread))
      : null;
  return {
    meanBaseline: mean(sb),
    meanFollowUp: mean(sf),
    meanChange: mean(difference),
    sdBaseline: sd(spreadB),
    sdFollowUp: sd(spreadF),
    sdChange: sd(spreadChange),
    srm: standardised(spreadChange),
    effectSize: standardised(spreadB),
    correlation: correlation(n * sbf - sb * sf, spreadB, spreadF),
  };
}
