import { z } from "zod";
import type { Group } from "./group.ts";

/** The grid a score lives on, and what its instrument says of it. Numbers are in score units. */
export const scaleSchema = z.strictObject({
  scale: z.enum(["raw", "t", "theta", "interval", "percent", "grade", "profile", "index"]),
  decimals: z.int().min(0).max(6).describe("a score is an integer times 10^-decimals"),
  direction: z.enum(["better", "worse"]).describe("what a higher score means"),
  range: z.tuple([z.number(), z.number()]),
  mid: z.number().nullable().describe("minimal important difference; null: the catalogue has none"),
});
export type Scale = z.infer<typeof scaleSchema>;

/** What decides that a person responded, in score units. */
export type Responder = (
  | { change: number }
  | { percent: number }
  | { at_least: number }
  | { below: number }
) & {
  /** Only people who start at this score or worse. */
  among?: number | undefined;
};

/** A score's scale with what the instrument and the study say about it. Numbers are in score units. */
export interface Measure extends Scale {
  /** Interpretation bands, both ends included. */
  bands?: readonly { label: string; from: number; to: number }[];
  /** Scored items and the numbers their answers are stored as. */
  items?: readonly { id: string; values: readonly number[] }[];
  responder?: Responder;
  /** Target days of the follow-up windows, the main one first. */
  followUps?: readonly number[];
  /** Time to response: days looked at, in steps of so many days. */
  course?: { days: number; step: number };
  /** Columns of `related`: other scores of the study on the day of the baseline, and age. */
  related?: readonly { name: string; decimals: number }[];
}

/** An integer of any size as decimal digits: what a summary is made of. */
export const digits = z.string().regex(/^(0|-?[1-9][0-9]{0,199})$/, "must be an integer in digits");

/** A number of people or administrations. */
export const headCount = z.string().regex(/^(0|[1-9][0-9]{0,17})$/, "must be a count in digits");

/**
 * The cohort as a statistic sees it: `select` runs with these tables in scope, all with the column stratum (text).
 * All but `asked` and `administered` have one row a person, or a person and something, whom `head` numbers.
 * `cohort`: one row a person; administrations (integer), baseline (grid integer), follow_up (grid integer, null without one),
 * follow_up_2 and so on where the study has more windows.
 * `item_answer`: one row a person and item of the baseline; item, value (integer).
 * `course`: one row a score after the baseline; day, grid.
 * `related`: one row a person; v0, v1, ... as `Measure.related` lists them, null where not known.
 * `asked` and `administered`: one row a person and channel (the stratum), with the numbers that their statistics add.
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
  /** 95 % interval. */
  interval?: readonly [number, number];
  /** Why a number that could be computed is not given: it would be doubtful. */
  refused?: string;
}

/** A site's estimate on the scale on which sites are compared. */
export interface SiteEffect {
  name: string;
  value: number;
  variance: number;
  people: number;
  /** logit: value is the log odds of a share. */
  scale: "identity" | "logit";
}

export interface BinRule {
  /** Fewest people in a bin that is not empty. */
  minimum: bigint;
  /** Width of a block of values in grid units; bins are single values or whole blocks. */
  width: bigint;
}

/** What a site may lack that only some statistics need. */
export type Need = "items" | "requests" | "collection";

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
  unavailable(measure: Measure): string | null;
  /** The statistic whose groups of people hold this one's: what that hides, this hides. */
  readonly within?: string;
  /** Tables that it reads besides `cohort`. */
  readonly reads?: readonly ("item_answer" | "course" | "related" | "asked" | "administered")[];
  /** What a site must have for it, beyond scores: without that the site's answer is not available, never zero. */
  readonly needs?: Need;
  readonly summary: z.ZodType<S>;
  readonly empty: S;
  /** One summary a stratum that has people. */
  summarize(cohort: Cohort, measure: Measure): Promise<Map<string, S>>;
  combine(a: S, b: S): S;
  /** Who is in each group that a summary may tell of, as SQL over the same tables: stratum, head, part (text), value (integer). */
  members(measure: Measure): readonly string[];
  /** Those of them that a summary tells of, so that what differs from another release can be counted. */
  groups(summary: S): readonly Group[];
  estimate(summary: S, measure: Measure): Estimate[];
  /** The one number by which sites are compared, and its variance on the scale where it is nearly normal; null without one. */
  siteEffect?(summary: S, measure: Measure): SiteEffect | null;
  /** Every group of people that the summary tells of, `people` being all of its stratum: each must be empty or large enough. */
  heads(summary: S, people: bigint): bigint[];
  /** Free numbers that the summary fits to its people: a model of many needs many people. */
  parameters?(summary: S): number;
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
 * `columns` maps a name to an integer expression over the columns of the table; null counts as zero.
 */
export async function aggregate<K extends string>(
  cohort: Cohort,
  columns: Record<K, string>,
  table = "cohort",
): Promise<Map<string, Record<K, string>>> {
  const list = Object.entries<string>(columns).map(
    ([name, sql]) => `  CAST(coalesce(${sql}, 0) AS VARCHAR) AS ${name}`,
  );
  const rows = await cohort.select<Record<K | "stratum", string>>(
    ["SELECT", ["  stratum", ...list].join(",\n"), `FROM ${table}`, "GROUP BY stratum"].join("\n"),
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
