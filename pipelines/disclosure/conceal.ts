/** The people that one cell of a table tells of, group by group (all, those with a follow-up, those without, ...). */
export type Heads = readonly bigint[];

export interface Concealed {
  /** Strata whose cell is hidden. */
  strata: Set<string>;
  /** Whether the margin (everybody) is hidden too. */
  margin: boolean;
}

/** Whether each group is empty or large enough. */
export function isSafe(heads: Heads, minimum: bigint): boolean {
  return heads.every((people) => people === 0n || people >= minimum);
}

/**
 * Chooses the cells to hide in a line of strata with a margin. First those with a group of people that is too small; then, so
 * that subtracting the shown ones from the margin does not give a hidden one away, further strata, smallest first, until at
 * least two are hidden and everything hidden together is large enough: `minimum` plus one for each hidden stratum beyond two,
 * which leaves every hidden count free to be anything below the minimum. Where that cannot be reached the margin goes.
 *
 * @param forced strata to hide in any case
 */
export function conceal(
  cells: ReadonlyMap<string, Heads>,
  minimum: bigint,
  forced: ReadonlySet<string> = new Set(),
): Concealed {
  const small = [...cells].filter(([, heads]) => !isSafe(heads, minimum)).map(([name]) => name);
  const strata = new Set([...forced, ...small]);
  if (!isSafe(addHeads(cells.values()), minimum)) return { strata, margin: true };
  if (strata.size === 0) return { strata, margin: false };
  const further = [...cells]
    .filter(([name, heads]) => !strata.has(name) && heads.some((people) => people > 0n))
    .toSorted(([, a], [, b]) => compare(a, b));
  while (!isProtected(strata, cells, minimum)) {
    const next = further.shift();
    if (!next) return { strata, margin: true };
    strata.add(next[0]);
  }
  return { strata, margin: false };
}

/** Adds groups one by one; empty for no cells. */
export function addHeads(cells: Iterable<Heads>): bigint[] {
  const sum: bigint[] = [];
  for (const heads of cells) {
    for (const [index, people] of heads.entries()) sum[index] = (sum[index] ?? 0n) + people;
  }
  return sum;
}

function isProtected(
  strata: ReadonlySet<string>,
  cells: ReadonlyMap<string, Heads>,
  minimum: bigint,
): boolean {
  if (strata.size < 2) return false;
  const hidden = addHeads([...strata].map((name) => cells.get(name) ?? []));
  return isSafe(hidden, minimum + BigInt(strata.size - 2));
}

/** By the number of people, then by the groups inside. */
function compare(a: Heads, b: Heads): number {
  for (const [index, people] of a.entries()) {
    const other = b[index] ?? 0n;
    if (people !== other) return people < other ? -1 : 1;
  }
  return 0;
}
