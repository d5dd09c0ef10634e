import type { Group } from "../statistics/group.ts";
import type { Statistic } from "../statistics/statistic.ts";
import type { Members } from "./members.ts";
import { sizeOf, unite } from "./people.ts";
import type { Table, Told } from "./released.ts";

/** The stratum of the margin. */
export const EVERYBODY = "all";
export type Everybody = typeof EVERYBODY;

/** One statistic as it would be shown. */
export interface Shown {
  statistic: Statistic<unknown>;
  /** Summaries of the strata that are shown, and of everybody where that is. */
  strata: ReadonlyMap<string, unknown>;
  everybody: unknown;
  /** All strata. */
  names: readonly string[];
}

/**
 * Of whom a statistic would tell: one table for each of its parts.
 *
 * @param of names the outcome, for messages and because values of two outcomes do not mean the same
 */
export function tablesOf(shown: Shown, of: string, members: Members): Table[] {
  const { statistic, strata, everybody, names } = shown;
  const groupsOf = (summary: unknown) => (summary === undefined ? [] : statistic.groups(summary));
  const visible = strataOf([...strata.keys()]).flatMap((name) => groupsOf(strata.get(name)));
  const all = groupsOf(everybody);
  const parts = [...new Set([...visible, ...all].map(nameOf))];
  return parts.map((part): Table => {
    const own = (group: Group) => nameOf(group) === part;
    const shared = distinct(visible.filter(own));
    // What is hidden follows from everybody's groups and the shown ones.
    const hidden = [...shared, ...all.filter((group) => own(group) && !overlaps(group, shared))];
    const isValued = [...shared, ...all].some((group) => own(group) && group.from !== undefined);
    const tell = (group: Group, some: readonly string[]): Told => {
      const people = unite(some.map((name) => members.of(name, group)));
      const { hasSums = false } = group;
      return { range: rangeOf(group), hasSums, size: sizeOf(people), people: () => people };
    };
    return {
      source: `${of}, ${statistic.name} (${part})`,
      topic: isValued ? `${of}, ${part}` : part,
      everybody:
        everybody === undefined ? null : all.filter(own).map((group) => tell(group, names)),
      strata: new Map(
        strataOf(names).map((name) => {
          const isShown = strata.has(name);
          const groups = isShown ? groupsOf(strata.get(name)).filter(own) : hidden;
          return [name, { isShown, told: groups.map((group) => tell(group, [name])) }];
        }),
      ),
    };
  });
}

/** The same of a model's sums, which know no strata: of some sites together. */
export function modelTables(
  model: { statistic: string; groups: readonly Group[]; sites: readonly string[] },
  of: string,
  members: Members,
): Table[] {
  return model.groups.map((group) => {
    const people = unite(model.sites.map((site) => members.of(site, group)));
    return {
      source: `${of}, ${model.statistic} (${group.part})`,
      topic: `${of}, ${model.statistic}, ${group.part}`,
      everybody: [{ range: null, hasSums: true, size: sizeOf(people), people: () => people }],
      strata: new Map(),
    };
  });
}

function overlaps(group: Group, others: readonly Group[]): boolean {
  const [from, to] = rangeOf(group) ?? [0n, 0n];
  return others.some((other) => {
    const [first, last] = rangeOf(other) ?? [0n, 0n];
    return first <= to && from <= last;
  });
}

function rangeOf({ from, to }: Group): readonly [bigint, bigint] | null {
  return from === undefined ? null : [from, to ?? from];
}

function nameOf({ name, part }: Group): string {
  return name ?? part;
}

function strataOf(names: readonly string[]): readonly string[] {
  return names.filter((name) => name !== EVERYBODY);
}

function distinct(groups: readonly Group[]): Group[] {
  return [...new Map(groups.map((group) => [`${group.from}-${group.to}`, group])).values()];
}
