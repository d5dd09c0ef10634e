import { z } from "zod";
import { divide, squareRoot } from "./divide.ts";
import { membersOf, PEOPLE } from "./group.ts";
import { meanInterval } from "./mean-interval.ts";
import { aggregate, digits, gridUnits, headCount, type Statistic } from "./statistic.ts";

const point = z.strictObject({ window: z.int().min(1), n: headCount, s1: digits, s2: digits });
const summary = z.strictObject({ people: headCount, points: z.array(point).max(100) });
export type Trajectory = z.infer<typeof summary>;

/** Mean score at each follow-up window, over those who have one there. Windows with few people, or few without, are left out. */
export const trajectory: Statistic<Trajectory> = {
  name: "trajectory",
  title: "Mean score at each follow-up window",
  exact: true,
  needsFollowUp: true,
  within: "change",
  unavailable: ({ followUps = [] }) =>
    followUps.length > 1 ? null : "the study has one follow-up window: see change",
  summary,
  empty: { people: "0", points: [] },
  async summarize(cohort, { followUps = [] }) {
    const windows = followUps.map((_, i) => i + 1);
    const columns = windows.map((window) => ({
      window,
      sql: `CAST(${columnOf(window)} AS DECIMAL(38, 0))`,
    }));
    const sums = Object.fromEntries(
      columns.flatMap(({ window, sql }) => [
        [`n${window}`, `count(${sql})`],
        [`s1_${window}`, `sum(${sql})`],
        [`s2_${window}`, `sum(${sql} * ${sql})`],
      ]),
    );
    const strata = await aggregate<string>(cohort, { people: "count(*)", ...sums });
    return new Map(
      [...strata].map(([stratum, of]) => [
        stratum,
        {
          people: of.people ?? "0",
          points: windows.map((window) => ({
            window,
            n: of[`n${window}`] ?? "0",
            s1: of[`s1_${window}`] ?? "0",
            s2: of[`s2_${window}`] ?? "0",
          })),
        },
      ]),
    );
  },
  members: ({ followUps = [] }) => [
    membersOf(PEOPLE.part),
    ...followUps.map((_, i) =>
      membersOf(`window ${i + 1}`, { where: `${columnOf(i + 1)} IS NOT NULL` }),
    ),
  ],
  groups: ({ points }) => [
    PEOPLE,
    ...points.map(({ window }) => ({ part: `window ${window}`, hasSums: true })),
  ],
  // A window that one site leaves out is known for the others only: each point says how many people it has.
  combine: (a, b) => ({
    people: String(BigInt(a.people) + BigInt(b.people)),
    points: [...new Set([...a.points, ...b.points].map(({ window }) => window))]
      .sort((x, y) => x - y)
      .map((window) => add(window, at(a, window), at(b, window))),
  }),
  estimate({ points }, measure) {
    const units = gridUnits(measure);
    return points.map((of) => {
      const [n, s1] = [BigInt(of.n), BigInt(of.s1)];
      const value = n > 0n ? divide(s1, n * units) : null;
      const spread = n * BigInt(of.s2) - s1 * s1;
      const sd = n > 1n ? squareRoot(spread, n * (n - 1n) * units ** 2n) : null;
      const name = `mean at day ${measure.followUps?.[of.window - 1] ?? of.window}`;
      return { name, value, people: Number(n), ...meanInterval(value, sd, Number(n)) };
    });
  },
  heads: ({ people }) => [BigInt(people)],
  coarsen(parts, { minimum }) {
    const isSafe = (people: bigint) => people === 0n || people >= minimum;
    const everybody = parts.reduce(trajectory.combine, trajectory.empty);
    const fine = everybody.points.filter(({ window }) =>
      [...parts, everybody].every((part) => {
        const n = BigInt(at(part, window)?.n ?? "0");
        return isSafe(n) && isSafe(BigInt(part.people) - n);
      }),
    );
    const windows = fine.map(({ window }) => window);
    const keep = (part: Trajectory) => ({
      ...part,
      points: part.points.filter(({ window }) => windows.includes(window)),
    });
    return { everybody: keep(everybody), parts: parts.map(keep) };
  },
  bins: ({ people, points }) => points.flatMap(({ n }) => [BigInt(n), BigInt(people) - BigInt(n)]),
};

function columnOf(window: number): string {
  return window === 1 ? "follow_up" : `follow_up_${window}`;
}

type Point = Trajectory["points"][number];

function at({ points }: Trajectory, window: number): Point | undefined {
  return points.find((one) => one.window === window);
}

function add(window: number, a: Point | undefined, b: Point | undefined): Point {
  const sum = (key: "n" | "s1" | "s2") => String(BigInt(a?.[key] ?? "0") + BigInt(b?.[key] ?? "0"));
  return { window, n: sum("n"), s1: sum("s1"), s2: sum("s2") };
}
