import { text } from "../../warehouse/sql.ts";
import type { Bin } from "./bins.ts";

/** A group of people that a summary tells of: those of a part, or those with a value of it in a range. */
export interface Group {
  part: string;
  /** Where it is not the part itself: everybody with a value, beside the values. */
  name?: string;
  from?: bigint;
  to?: bigint;
  /** Whether sums over its people are told too, not only how many they are. */
  hasSums?: boolean;
}

/** Everybody of the cohort. */
export const PEOPLE: Group = { part: "people" };

interface MemberOptions {
  /** An integer expression; left out: the part has no values. */
  value?: string;
  table?: string;
  where?: string;
}

/** Who belongs to a part, as SQL: rows of stratum, head, part and value. */
export function membersOf(
  part: string,
  { value = "0", table = "cohort", where }: MemberOptions = {},
): string {
  return [
    `SELECT stratum, head, ${text(part)} AS part, CAST(${value} AS BIGINT) AS value`,
    `FROM ${table}`,
    ...(where ? [`WHERE ${where}`] : []),
  ].join("\n");
}

/** The groups that bins of a part tell of. */
export function groupsOfBins(part: string, bins: readonly Bin[]): Group[] {
  return bins.map(({ from, to }) => ({ part, from: BigInt(from), to: BigInt(to) }));
}
