import type { DuckDBValue } from "@duckdb/node-api";
import { ident } from "../../warehouse/sql.ts";

/** Anything that answers SQL. */
interface Reader {
  all<T extends object>(sql: string, values?: DuckDBValue[]): Promise<T[]>;
}

/** How easily somebody in a table is told from the others by what an attacker may know. */
export interface Risk {
  /** People, and groups of people who look alike. */
  people: number;
  classes: number;
  /** The smallest group: k-anonymity. */
  k: number;
  /** How many groups have 1, 2 to 4, 5 to 10, 11 to 19, and 20 or more people. */
  sizes: { "1": number; "2-4": number; "5-10": number; "11-19": number; "20+": number };
  /** Chance to be found for the one easiest to find, for whom the attacker knows to be in the table; and on average. */
  prosecutor_max: number;
  prosecutor_mean: number;
  /** Share of people whose chance is above 0.09 (k = 11). */
  above_009: number;
  /** Share of people who are alone in their group. */
  unique: number;
  /** Fewest different sensitive values in a group: distinct l-diversity; and the exponential of the smallest entropy. */
  distinct_l: number;
  entropy_l: number;
  /** Largest distance of a group's sensitive values from everybody's. */
  t_closeness: number;
}

/**
 * Measures a relation of one row a person.
 *
 * Source: prosecutor risk (El Emam), l-diversity (Machanavajjhala 2007), t-closeness with equal distances (Li 2007).
 */
export async function riskOf(
  db: Reader,
  options: { relation: string; quasi: readonly string[]; sensitive: string },
): Promise<Risk> {
  const { relation, quasi, sensitive } = options;
  // Without any column everybody looks alike.
  const columns = quasi.length > 0 ? quasi.map((one) => `CAST(${ident(one)} AS VARCHAR)`) : ["''"];
  const [row] = await db.all<Record<string, number>>(`
    WITH person AS (SELECT concat_ws('|', ${columns.map((one) => `coalesce(${one}, '-')`).join(", ")}) AS class,
        coalesce(CAST(${ident(sensitive)} AS VARCHAR), '-') AS value FROM (${relation})),
    sized AS (SELECT class, count(*) AS n FROM person GROUP BY class),
    cell AS (SELECT class, value, count(*) AS m FROM person GROUP BY class, value),
    overall AS (SELECT value, count(*) / (SELECT count(*) FROM person) AS q FROM person GROUP BY value),
    diverse AS (SELECT s.class, count(*) AS values, exp(-sum(m / n * ln(m / n))) AS entropy FROM cell c JOIN sized s USING (class) GROUP BY s.class),
    far AS (SELECT s.class, sum(abs(coalesce(c.m / s.n, 0) - o.q)) / 2 AS distance
      FROM sized s CROSS JOIN overall o LEFT JOIN cell c ON c.class = s.class AND c.value = o.value GROUP BY s.class)
    SELECT CAST(sum(n) AS DOUBLE) AS people, CAST(count(*) AS DOUBLE) AS classes, CAST(min(n) AS DOUBLE) AS k,
      CAST(count(*) FILTER (n = 1) AS DOUBLE) AS s1, CAST(count(*) FILTER (n BETWEEN 2 AND 4) AS DOUBLE) AS s2,
      CAST(count(*) FILTER (n BETWEEN 5 AND 10) AS DOUBLE) AS s5, CAST(count(*) FILTER (n BETWEEN 11 AND 19) AS DOUBLE) AS s11,
      CAST(count(*) FILTER (n >= 20) AS DOUBLE) AS s20,
      1 / min(n) AS prosecutor_max, count(*) / sum(n) AS prosecutor_mean,
      coalesce(sum(n) FILTER (1 / n > 0.09), 0) / sum(n) AS above_009, count(*) FILTER (n = 1) / sum(n) AS "unique",
      (SELECT CAST(min(values) AS DOUBLE) FROM diverse) AS distinct_l, (SELECT min(entropy) FROM diverse) AS entropy_l,
      (SELECT max(distance) FROM far) AS t_closeness
    FROM sized`);
  const { s1 = 0, s2 = 0, s5 = 0, s11 = 0, s20 = 0, ...rest } = row ?? {};
  const sizes = { "1": s1, "2-4": s2, "5-10": s5, "11-19": s11, "20+": s20 };
  return { ...(rest as unknown as Omit<Risk, "sizes">), sizes };
}

/** What an attacker may know of a person, from the exact to nothing. */
export interface Ladder {
  name: string;
  /** Column of each step, and how a person would call it. */
  steps: readonly { column: string | null; means: string }[];
}

/** The combinations of steps, those that take the least away first. */
export function lattice(ladders: readonly Ladder[]): number[][] {
  let all: number[][] = [[]];
  for (const { steps } of ladders)
    all = all.flatMap((levels) => steps.map((_, step) => [...levels, step]));
  const loss = (levels: number[]) =>
    levels.reduce(
      (sum, level, i) => sum + level / Math.max(1, (ladders[i]?.steps.length ?? 1) - 1),
      0,
    );
  return all.toSorted((a, b) => loss(a) - loss(b));
}
