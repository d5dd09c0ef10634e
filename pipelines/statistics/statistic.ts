import { z } from "zod";

/** The grid a score lives on, and what its instrument says of it. Numbers are in score units. */
export const scaleSchema = z.strictObject({
  scale: z.enum(["raw", "t", "theta", "interval", "percent", "grade", "profile", "index"]),
  decimals: z.int().min(0).max(6).describe("a score is an integer times 10^-decimals"),
  direction: z.enum(["better", "worse"]).describe("what a higher score means"),
  range: z.tuple([z.number(), z.number()]),
  mid: z.number().nullable().describe("minimal important difference; null: the catalogue has none"),
});
export type Scale = z.infer<typeof scaleSchema>;

/** An integer of any size as decimal digits: what a summary is made of. */
export const digits = z.string().regex(/^(0|-?[1-9][0-9]{0,199})$/, "must be an integer in digits");

/** A number of people or administrations. */
export const headCount = z.string().regex(/^(0|[1-9][0-9]{0,17})$/, "must be a count in digits");

/**
 * The cohort as a statistic sees it: `select` runs with a table `cohort` in scope, one row a person, with the columns
 * stratum (text), administrations (integer), baseline (grid integer) and follow_up (grid integer, null without one).
 */
export interface Cohort {
  select<T extends object>(sql: string): Promise<T[]>;
}

/** One number of a result. */
export interface Estimate {
  name: string;
  /** Null: not defined for so few or such equal values, or only known to lie `between`. */
  value: number | null;
  /** People it rests on. */
  people: number;
  /** Lowest and highest possible value where merged bins hide which it is. */
  between?: readonly [number, number];
}

export interface BinRule {
  /** Fewest people in a bin that is not empty. */
  minimum: bigint;
  /** Width of a block of values in grid units; bins are single values or whole blocks. */
  width: bigint;
}

/**
 * One statistic: `summarize` at a site, `combine` at the hub, meeting in a summary of sums that add. `combine` is associative
 * and commutative with `empty` as identity, so that the order of the sites cannot change a digit.
 */
export interface Statistic<S> {
  readonly name: string;
  readonly title: string;
  /** Whether the combined answer equals the pooled one to the last bit. */
  readonly exact: boolean;
  /** Whether it needs pairs of baseline and follow-up. */
  readonly needsFollowUp: boolean;
  /** Why it cannot be computed on this scale; null: it can. */
  unavailable(scale: Scale): string | null;
  readonly summary: z.ZodType<S>;
  readonly empty: S;
  /** One summary a stratum that has people. */
  summarize(cohort: Cohort, scale: Scale): Promise<Map<string, S>>;
  combine(a: S, b: S): S;
  estimate(summary: S, scale: Scale): Estimate[];
  /** Every group of people that the summary tells of, `people` being all of its stratum: each must be empty or large enough. */
  heads(summary: S, people: bigint): bigint[];
  /** Merges bins until each holds nobody or enough people: of everybody, and alike in all parts, of which it is the sum. */
  coarsen?(parts: readonly S[], rule: BinRule): { everybody: S; parts: S[] };
  /** People in each bin. */
  bins?(summary: S): bigint[];
}

/** Sums of two records of integers in digits, key by key. */
export function addDigits<K extends string>(
  a: Record<K, string>,
  b: Record<K, string>,
): Record<K, string> {
  const keys = Object.keys(a) as K[];
  const sums = keys.map((key) => [key, String(BigInt(a[key]) + BigInt(b[key]))]);
  return Object.fromEntries(sums);
}

/**
 * Runs one aggregate query over the cohort, one row a stratum. Integers come back as digits, whatever the engine's type.
 * `columns` maps a name to an integer expression over the columns of `cohort`; null counts as zero.
 */
export async function aggregate<K extends string>(
  cohort: Cohort,
  columns: Record<K, string>,
): Promise<Map<string, Record<K, string>>> {
  const list = Object.entries<string>(columns).map(
    ([name, sql]) => `  CAST(coalesce(${sql}, 0) AS VARCHAR) AS ${name}`,
  );
  const rows = await cohort.select<Record<K | "stratum", string>>(
    ["SELECT", ["  stratum", ...list].join(",\n"), "FROM cohort", "GROUP BY stratum"].join("\n"),
  );
  return new Map(
    rows.map((row) => {
      const { stratum, ...sums } = row as Record<string, string> & { stratum: string };
      return [stratum, sums as Record<K, string>];
    }),
  );
}

/** A grid integer as a 128-bit number, so that its powers cannot overflow. */
export function wide(column: string): string {
  return `CAST(${column} AS DECIMAL(38, 0))`;
}

/** Grid units in one score unit. */
export function gridUnits({ decimals }: Scale): bigint {
  return 10n ** BigInt(decimals);
}
