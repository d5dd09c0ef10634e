import { z } from "zod";
import { binSchema, mergeBins, toRanges } from "./bins.ts";
import { coarsenBins } from "./coarsen-bins.ts";
import { divide } from "./divide.ts";
import { groupsOfBins, membersOf } from "./group.ts";
import { quantile } from "./quantile.ts";
import { type Estimate, gridUnits, type Measure, type Scale, type Statistic } from "./statistic.ts";
import { share } from "./wilson.ts";

const summary = z.strictObject({ bins: z.array(binSchema).max(100_000) });
export type Distribution = z.infer<typeof summary>;

const QUANTILES: readonly (readonly [name: string, numerator: bigint, denominator: bigint])[] = [
  ["5th percentile (type 7)", 1n, 20n],
  ["lower quartile (type 7)", 1n, 4n],
  ["median (type 7)", 1n, 2n],
  ["upper quartile (type 7)", 3n, 4n],
  ["95th percentile (type 7)", 19n, 20n],
];

/** People by baseline score on the grid; hence exact quantiles, and the shares at the ends of the scale. */
export const distribution: Statistic<Distribution> = {
  name: "distribution",
  title: "Distribution of the baseline score",
  exact: true,
  needsFollowUp: false,
  unavailable: () => null,
  summary,
  empty: { bins: [] },
  async summarize(cohort) {
    const rows = await cohort.select<{ stratum: string; value: string; people: string }>(
      [
        "SELECT",
        "  stratum,",
        "  CAST(baseline AS VARCHAR) AS value,",
        "  CAST(count(*) AS VARCHAR) AS people",
        "FROM cohort",
        "GROUP BY stratum, baseline",
        "ORDER BY stratum, baseline",
      ].join("\n"),
    );
    const strata = new Map<string, Distribution>();
    for (const { stratum, value, people } of rows) {
      const { bins } = strata.get(stratum) ?? { bins: [] };
      strata.set(stratum, { bins: [...bins, { from: value, to: value, people }] });
    }
    return strata;
  },
  combine: (a, b) => ({ bins: mergeBins(a.bins, b.bins) }),
  members: () => [membersOf("baseline", { value: "baseline" })],
  groups: ({ bins }) => groupsOfBins("baseline", bins),
  estimate(distribution, scale) {
    const people = Number(peopleOf(distribution));
    return [
      ...QUANTILES.map(([name, numerator, denominator]) => ({
        name,
        people,
        ...asEstimate(
          quantile(distribution.bins, [numerator, denominator], gridUnits(scale)),
          scale,
        ),
      })),
      { name: "share at the lowest score", people, ...shareAt(distribution, scale, 0) },
      { name: "share at the highest score", people, ...shareAt(distribution, scale, 1) },
      ...bandShares(distribution, scale),
    ];
  },
  heads: (distribution) => [peopleOf(distribution)],
  coarsen(parts, rule) {
    const coarse = coarsenBins(
      parts.map(({ bins }) => bins),
      rule,
    );
    return {
      everybody: { bins: coarse.everybody },
      parts: coarse.parts.map((bins) => ({ bins })),
    };
  },
  bins: ({ bins }) => bins.map(({ people }) => BigInt(people)),
};

function peopleOf({ bins }: Distribution): bigint {
  return bins.reduce((sum, { people }) => sum + BigInt(people), 0n);
}

type Value = Pick<Estimate, "value" | "between">;

function asEstimate(interval: readonly [number, number] | null, scale: Scale): Value {
  if (!interval) return { value: null };
  // A merged bin may reach past the end of the scale, a score cannot.
  const [low, high] = [
    Math.max(interval[0], Math.min(interval[1], scale.range[0])),
    Math.min(interval[1], Math.max(interval[0], scale.range[1])),
  ];
  return low === high ? { value: low } : { value: null, between: [low, high] };
}

/** People in each interpretation band; only between two shares where a merged bin reaches over the band's edge. */
function bandShares(distribution: Distribution, measure: Measure): Estimate[] {
  const all = peopleOf(distribution);
  const units = Number(gridUnits(measure));
  const ranges = toRanges(distribution.bins);
  return (measure.bands ?? []).map((band) => {
    const [from, to] = [BigInt(Math.round(band.from * units)), BigInt(Math.round(band.to * units))];
    const name = `share ${band.label} (${band.from} to ${band.to})`;
    const sum = (test: (range: (typeof ranges)[number]) => boolean) =>
      ranges.filter(test).reduce((people, range) => people + range.people, 0n);
    const inside = sum((range) => from <= range.from && range.to <= to);
    const touching = sum((range) => range.from <= to && from <= range.to);
    if (inside === touching) return share(name, inside, all);
    const between = [divide(inside, all), divide(touching, all)] as const;
    return { name, value: null, people: Number(all), between };
  });
}

/** People who scored exactly one end of the scale, among all. */
function shareAt(distribution: Distribution, scale: Scale, end: 0 | 1): Value {
  const all = peopleOf(distribution);
  if (all === 0n) return { value: null };
  const edge = BigInt(Math.round(scale.range[end] * Number(gridUnits(scale))));
  const bin = toRanges(distribution.bins).find(({ from, to }) => from <= edge && edge <= to);
  if (!bin) return { value: 0 };
  if (bin.from === bin.to) return { value: divide(bin.people, all) };
  return { value: null, between: [0, divide(bin.people, all)] };
}
