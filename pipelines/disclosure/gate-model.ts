import { isSafe } from "./conceal.ts";
import type { DisclosureProfile } from "./profile.ts";

/** What a model's cross-products tell about groups of people. */
export interface ModelCounts {
  /** People in the model, and those it takes them from: everybody, and everybody with a response. */
  n: bigint;
  outOf: readonly bigint[];
  /** People with 1 in both of two indicator columns, the constant among them; on the diagonal, in that one. */
  both: readonly (readonly bigint[])[];
  parameters: number;
}

/**
 * Whether a model's sums may be shown: enough people for its parameters and degrees of freedom, and no group of people that two
 * indicators form, nor those that the model leaves out, that is too small. Entries of X'X between columns of 0 and 1 are counts.
 *
 * @returns null, or why not; the reason names no number
 */
export function gateModel(of: ModelCounts, profile: DisclosureProfile): string | null {
  const minimum = BigInt(profile.minimum_people);
  const { n, outOf, both, parameters } = of;
  if (n === 0n) return null;
  if (!isSafe([n, ...outOf.map((all) => all - n)], minimum)) return "too few people";
  if (n < BigInt(parameters * profile.people_per_parameter))
    return "too few people for its columns";
  if (n - BigInt(parameters) < BigInt(profile.minimum_df)) return "too few degrees of freedom";
  for (const [i, row] of both.entries()) {
    for (const [j, shared] of row.entries()) {
      if (j < i) continue;
      const [a, b] = [row[i] ?? 0n, both[j]?.[j] ?? 0n];
      if (!isSafe([shared, a - shared, b - shared, n - a - b + shared], minimum)) {
        return "too few people in a group that its columns form";
      }
    }
  }
  return null;
}
