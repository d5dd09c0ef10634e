import type { Instrument } from "./instrument.ts";

/**
 * The family of each instrument: the largest of those that share codes with it, directly or over others. One sitting may hold
 * several members of a family, and a code alone does not tell which.
 */
export function familiesOf(instruments: readonly Instrument[]): Map<string, string> {
  const family = new Map(instruments.map(({ id }) => [id, id]));
  const size = new Map(instruments.map(({ id, items }) => [id, items.length]));
  for (const { id, shares = [] } of instruments) {
    for (const other of shares.filter((one) => family.has(one))) join(family, id, other, size);
  }
  return family;
}

function join(family: Map<string, string>, one: string, other: string, size: Map<string, number>) {
  const roots = [family.get(one) ?? one, family.get(other) ?? other];
  const [largest = one] = roots.sort(
    (a, b) => (size.get(b) ?? 0) - (size.get(a) ?? 0) || (a < b ? -1 : 1),
  );
  for (const [id, root] of family) if (roots.includes(root)) family.set(id, largest);
}
