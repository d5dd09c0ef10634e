import { addHeads, type Heads, isSafe } from "./conceal.ts";
import {
  type Cell,
  EVERYBODY,
  isCrowded,
  type Statistics,
  SUPPRESSED,
  UNAVAILABLE,
} from "./gate.ts";
import type { DisclosureProfile } from "./profile.ts";

/**
 * What the cells of one outcome tell that they should not: a group of people that is too small, or a hidden one that follows
 * from the margin. The hub asks this of every summary before it is combined.
 *
 * @returns one sentence a finding; none when all is well
 */
export function recheck(
  cells: readonly Cell[],
  statistics: Statistics,
  profile: Pick<DisclosureProfile, "minimum_people" | "people_per_parameter">,
): string[] {
  const minimum = BigInt(profile.minimum_people);
  return statistics.flatMap((statistic) => {
    const small = cells.filter((cell) => {
      const summary = shown(cell, statistic.name);
      if (summary === undefined) return false;
      const bins = statistic.bins?.(summary) ?? [];
      if (isCrowded(statistic, summary, profile.people_per_parameter)) return true;
      return !isSafe([...statistic.heads(summary, peopleOf(cell, statistics)), ...bins], minimum);
    });
    return [
      ...small.map(({ stratum }) => `${statistic.name} of ${stratum} rests on too few people`),
      ...(isRecoverable(cells, statistic.name, statistics, minimum)
        ? [`a hidden cell of ${statistic.name} follows from its margin`]
        : []),
    ];
  });
}

function isRecoverable(
  cells: readonly Cell[],
  name: string,
  statistics: Statistics,
  minimum: bigint,
): boolean {
  const statistic = statistics.find((one) => one.name === name);
  const headsOf = (cell: Cell): Heads | undefined => {
    const summary = shown(cell, name);
    return summary === undefined
      ? undefined
      : statistic?.heads(summary, peopleOf(cell, statistics));
  };
  const margin = cells.find(({ stratum }) => stratum === EVERYBODY);
  const strata = cells.filter(({ stratum }) => stratum !== EVERYBODY);
  const whole = margin && headsOf(margin);
  const visible = strata.map(headsOf).filter((heads) => heads !== undefined);
  const hidden = strata.length - visible.length;
  if (!whole || hidden === 0) return false;
  const sum = addHeads(visible);
  const rest = whole.map((people, index) => people - (sum[index] ?? 0n));
  return hidden === 1 || !isSafe(rest, minimum);
}

function shown(cell: Cell, name: string): unknown {
  const summary = cell.statistics[name];
  return summary === SUPPRESSED || summary === UNAVAILABLE ? undefined : summary;
}

function peopleOf(cell: Cell, [counting]: Statistics): bigint {
  const summary = counting && shown(cell, counting.name);
  return summary === undefined ? 0n : (counting?.heads(summary, 0n)[0] ?? 0n);
}
