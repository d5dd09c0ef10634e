import { z } from "zod";
import { type Bin, binSchema, fromRanges, mergeBins, toRanges } from "./bins.ts";
import { coarsenBins } from "./coarsen-bins.ts";
import { groupsOfBins, membersOf } from "./group.ts";
import { responseSql } from "./responder.ts";
import { headCount, type Measure, type Statistic } from "./statistic.ts";
import { kaplanMeier, medianTime, type RiskRow } from "./survival-curve.ts";

const summary = z.strictObject({
  people: headCount.describe("people who start as the responder rule asks"),
  events: z.array(binSchema).max(10_000).describe("people who respond for the first time, by step"),
  censored: z
    .array(binSchema)
    .max(10_000)
    .describe("people not seen to respond, by the step of their last score"),
});
export type ResponseTime = z.infer<typeof summary>;

/** Time to the first score that meets the responder rule, on a grid of steps: risk tables, hence Kaplan-Meier. */
export const responseTime: Statistic<ResponseTime> = {
  name: "response-time",
  title: "Time to response",
  exact: true,
  reads: ["course"],
  needsFollowUp: false,
  unavailable({ responder, course }) {
    if (!responder) return "the outcome has no responder rule";
    return course ? null : "the study has no windows.course";
  },
  summary,
  empty: { people: "0", events: [], censored: [] },
  async summarize(cohort, measure) {
    const rows = await cohort.select<Record<"stratum" | "step" | "responded" | "people", string>>(
      [
        "SELECT stratum, CAST(step AS VARCHAR) AS step, responded, CAST(count(*) AS VARCHAR) AS people",
        `FROM ${lastSteps(measure)}`,
        "GROUP BY 1, 2, 3",
      ].join("\n"),
    );
    const strata = new Map<string, ResponseTime>();
    for (const stratum of new Set(rows.map((row) => row.stratum))) {
      const of = (responded: string) =>
        fromRanges(
          rows
            .filter((row) => row.stratum === stratum && row.responded === responded)
            .map((row) => ({
              from: BigInt(row.step),
              to: BigInt(row.step),
              people: BigInt(row.people),
            })),
        );
      const [events, censored] = [of("yes"), of("no")];
      strata.set(stratum, { people: String(sumOf(events) + sumOf(censored)), events, censored });
    }
    return strata;
  },
  members: (measure) =>
    [EVENT, CENSORED].map(({ part, responded }) =>
      membersOf(part, {
        value: "step",
        table: lastSteps(measure),
        where: `responded = '${responded}'`,
      }),
    ),
  groups: ({ events, censored }) => [
    ...groupsOfBins(EVENT.part, events),
    ...groupsOfBins(CENSORED.part, censored),
  ],
  combine: (a, b) => ({
    people: String(BigInt(a.people) + BigInt(b.people)),
    events: mergeBins(a.events, b.events),
    censored: mergeBins(a.censored, b.censored),
  }),
  estimate(of, { course }) {
    const step = course?.step ?? 1;
    const steps = kaplanMeier(riskTable(of, step));
    const people = Number(of.people);
    const events = Number(sumOf(of.events));
    return [
      { name: "people at risk", value: people, people },
      { name: "people who responded", value: events, people },
      { name: "median days to response", value: medianTime(steps), people },
      ...steps.map(({ time, survival, interval, atRisk }) => ({
        name: `share not yet responded by day ${time}`,
        value: survival,
        people: atRisk,
        ...(interval && { interval }),
      })),
    ];
  },
  heads: ({ people, events, censored }, everybody) => [
    BigInt(people),
    everybody - BigInt(people),
    sumOf(events),
    sumOf(censored),
  ],
  coarsen(parts, { minimum }) {
    // Events and censorings share their steps, or nobody could be counted at risk.
    const lists = parts.flatMap(({ events, censored }) => [events, censored]);
    const { parts: bins } = coarsenBins(lists, { minimum, width: 1n });
    const coarse = parts.map(({ people }, i) => ({
      people,
      events: bins[2 * i] ?? [],
      censored: bins[2 * i + 1] ?? [],
    }));
    return { everybody: coarse.reduce(responseTime.combine, responseTime.empty), parts: coarse };
  },
  bins: ({ events, censored }) => [...events, ...censored].map(({ people }) => BigInt(people)),
};

const EVENT = { part: "responded at step", responded: "yes" };
const CENSORED = { part: "last seen at step", responded: "no" };

/** One row a person who starts as the rule asks: the step of the first response, or of the last score before the end. */
export function lastSteps(measure: Measure, alias = "last_step"): string {
  const { among, responded } = responseSql(measure, "c.baseline", "l.grid");
  const { days, step } = measure.course ?? { days: 0, step: 1 };
  // Steps are counted from 1: day 1 to `step` is step 1. Who has no later score is censored at once, in step 0.
  const ceiling = (day: string) =>
    `(${day} + ${step - 1} - ((${day} + ${step - 1}) % ${step})) / ${step}`;
  return [
    "(",
    "  SELECT",
    "    stratum,",
    "    head,",
    `    CAST(${ceiling("coalesce(first_response, last_day, 0)")} AS INTEGER) AS step,`,
    "    CASE WHEN first_response IS NULL THEN 'no' ELSE 'yes' END AS responded",
    "  FROM (",
    "    SELECT",
    "      c.stratum,",
    "      c.head,",
    `      min(CASE WHEN ${responded} THEN l.day END) AS first_response,`,
    "      max(l.day) AS last_day",
    "    FROM cohort AS c",
    "    LEFT JOIN course AS l",
    `      ON l.head = c.head AND l.day BETWEEN 1 AND ${days}`,
    `    WHERE ${among}`,
    "    GROUP BY c.stratum, c.head",
    "  ) AS person",
    `) AS ${alias}`,
  ].join("\n");
}

/** Rows of a risk table in days: what overlaps is one row, at its last day. */
export function riskTable({ events, censored }: ResponseTime, step: number): RiskRow[] {
  const grid = toRanges(mergeBins(events, censored));
  const inside = (bins: readonly Bin[], from: bigint, to: bigint) =>
    Number(sumOf(bins.filter((bin) => from <= BigInt(bin.from) && BigInt(bin.to) <= to)));
  return grid.map(({ from, to }) => ({
    time: Number(to) * step,
    events: inside(events, from, to),
    censored: inside(censored, from, to),
  }));
}

function sumOf(bins: readonly Bin[]): bigint {
  return bins.reduce((sum, { people }) => sum + BigInt(people), 0n);
}
