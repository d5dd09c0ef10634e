import { type Bin, fromRanges, toRanges } from "./bins.ts";
import type { BinRule } from "./statistic.ts";

interface Span {
  from: bigint;
  to: bigint;
  /** People of each part. */
  people: bigint[];
}

/** Neighbouring blocks as one bin, or one block with a bin for each of its values. */
interface Group extends Span {
  values: Span[] | null;
}

/**
 * Merges bins until each holds nobody or at least `minimum` people: first those of everybody, then further, alike in all parts,
 * those of the parts. A block of `width` values keeps its single values only if all of them are fine; then neighbouring blocks
 * merge, a small one with a small neighbour first, otherwise with the smaller neighbour. Merged bins begin and end on multiples
 * of `width`: bins of several sites can still be added, and no edge tells one person's value. Bins of the parts are unions of
 * everybody's, so that subtracting them leaves nothing smaller.
 *
 * @throws RangeError when a part has people, but fewer than `minimum`
 */
export function coarsenBins(
  parts: readonly (readonly Bin[])[],
  { minimum, width }: BinRule,
): { everybody: Bin[]; parts: Bin[][] } {
  const isLarge = (people: bigint) => people === 0n || people >= minimum;
  const whole = mergeSmall(blocksOf(parts, width), (span) => isLarge(total(span)));
  const shared = mergeSmall(whole, ({ people }) => people.every(isLarge));
  return {
    everybody: binsOf(whole, total),
    parts: parts.map((_, part) => binsOf(shared, ({ people }) => people[part] ?? 0n)),
  };
}

function binsOf(groups: readonly Group[], peopleOf: (span: Span) => bigint): Bin[] {
  const spans = groups.flatMap((group) => group.values ?? [group]);
  return fromRanges(spans.map((span) => ({ ...span, people: peopleOf(span) })));
}

function mergeSmall(blocks: readonly Group[], isLarge: (span: Span) => boolean): Group[] {
  const isFine = (group: Group) => (group.values ?? [group]).every(isLarge);
  const groups = blocks.map((block) => (isFine(block) ? block : { ...block, values: null }));
  for (;;) {
    const small = groups.findIndex((group) => !isFine(group));
    if (small < 0) return groups;
    const neighbour = chooseNeighbour(groups, small, isFine);
    if (neighbour === undefined) throw new RangeError("too few people for a single bin");
    const first = Math.min(small, neighbour);
    groups.splice(first, 2, { ...join(groups[first], groups[first + 1]), values: null });
  }
}

/** The blocks in which any part has people, from low to high. */
function blocksOf(parts: readonly (readonly Bin[])[], width: bigint): Group[] {
  const blocks = new Map<bigint, Span[]>();
  for (const value of valuesOf(parts)) {
    const block = floorDivide(value.from, width);
    blocks.set(block, [...(blocks.get(block) ?? []), value]);
  }
  return [...blocks].map(([block, values]) => ({
    ...values.reduce(join),
    from: block * width,
    to: (block + 1n) * width - 1n,
    values,
  }));
}

/** One span for each value that any part has, from low to high. */
function valuesOf(parts: readonly (readonly Bin[])[]): Span[] {
  const spans = new Map<bigint, Span>();
  for (const [part, bins] of parts.entries()) {
    for (const { from, to, people } of toRanges(bins)) {
      const span = spans.get(from) ?? { from, to, people: parts.map(() => 0n) };
      span.people[part] = people;
      spans.set(from, span);
    }
  }
  return [...spans.values()].toSorted((a, b) => (a.from < b.from ? -1 : 1));
}

function chooseNeighbour(
  groups: Group[],
  index: number,
  isFine: (group: Group) => boolean,
): number | undefined {
  const [lower, higher] = [groups[index - 1], groups[index + 1]];
  if (!lower || !higher) return lower ? index - 1 : higher ? index + 1 : undefined;
  if (isFine(lower) !== isFine(higher)) return isFine(lower) ? index + 1 : index - 1;
  return total(lower) <= total(higher) ? index - 1 : index + 1;
}

function join(a: Span | undefined, b: Span | undefined): Span {
  if (!a || !b) throw new RangeError("nothing to join");
  return { from: a.from, to: b.to, people: a.people.map((n, i) => n + (b.people[i] ?? 0n)) };
}

function total({ people }: Span): bigint {
  return people.reduce((sum, n) => sum + n, 0n);
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
