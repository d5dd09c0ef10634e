import { differenceOf, isInside, type People, unite } from "./people.ts";

/** People who are told of as one number. */
export interface Told {
  /** Those with a value in this range; null: everybody of a part. */
  range: readonly [from: bigint, to: bigint] | null;
  /** Whether sums over these people are told too. */
  hasSums: boolean;
  size: number;
  people(): People;
}

/** What one statistic tells of one part: a line of groups for each stratum and, where it is shown, for everybody. */
export interface Table {
  /** Who it was, for a message: such as `gad-7 total, count`. */
  source: string;
  /** Tables of one topic have values, or strata, that mean the same. */
  topic: string;
  everybody: readonly Told[] | null;
  strata: ReadonlyMap<string, { isShown: boolean; told: readonly Told[] }>;
}

/** What may not be shown: a stratum, all, or the strata because of those that are hidden; and because of which release. */
export interface Clash {
  at: { stratum: string } | "everybody" | "rest";
  with: string;
}

/**
 * What was released before, in this study and in earlier ones. A release is refused where its people and those of an earlier one
 * differ, but by fewer than the minimum: subtracting one from the other would tell of so few people.
 */
export class Released {
  readonly #tables: Table[] = [];
  /** Everything that is shown, by its number of people. */
  readonly #bySize = new Map<number, { told: Told; source: string }[]>();

  get tables(): readonly Table[] {
    return this.#tables;
  }

  /** Adds the tables of one statistic, all or none. @returns null, or why none */
  release(tables: readonly Table[], minimum: number): Clash | null {
    const before = this.#tables.length;
    for (const table of tables) {
      const clash = this.#clash(table, minimum);
      if (clash) {
        while (this.#tables.length > before) this.#removeLast();
        return clash;
      }
      this.add(table);
    }
    return null;
  }

  add(table: Table): void {
    this.#tables.push(table);
    for (const told of shownIn(table)) {
      const same = this.#bySize.get(told.size);
      if (same) same.push({ told, source: table.source });
      else this.#bySize.set(told.size, [{ told, source: table.source }]);
    }
  }

  #removeLast(): void {
    const table = this.#tables.pop();
    for (const told of table ? shownIn(table) : []) this.#bySize.get(told.size)?.pop();
  }

  #clash(table: Table, minimum: number): Clash | null {
    for (const [at, told] of linesOf(table)) {
      const source = told.map((one) => this.#nearest(one, minimum)).find((one) => one !== null);
      if (source != null) return { at, with: source };
    }
    for (const earlier of this.#tables) {
      if (earlier.topic !== table.topic) continue;
      const at = placeOfClash(table, earlier, minimum);
      if (at) return { at, with: earlier.source };
    }
    return null;
  }

  /** Any two numbers that are shown, whatever they are of. */
  #nearest(one: Told, minimum: number): string | null {
    for (let size = one.size - minimum + 1; size < one.size + minimum; size++) {
      const close = this.#bySize.get(size)?.find(({ told }) => isDisclosing(one, told, minimum));
      if (close) return close.source;
    }
    return null;
  }
}

/**
 * Two tables of one topic: stratum by stratum, and all strata together that one of the two hides, because margins tell of those.
 */
function placeOfClash(table: Table, earlier: Table, minimum: number): Clash["at"] | null {
  const names = [...new Set([...table.strata.keys(), ...earlier.strata.keys()])];
  const isHidden = (name: string) =>
    [table, earlier].some(({ strata }) => strata.get(name)?.isShown === false);
  const told = (of: Table, some: readonly string[]) =>
    some.flatMap((name) => of.strata.get(name)?.told ?? []);
  for (const name of names.filter((one) => !isHidden(one))) {
    if (areClose(told(table, [name]), told(earlier, [name]), minimum)) return { stratum: name };
  }
  if (!table.everybody || !earlier.everybody) return null;
  if (areClose(table.everybody, earlier.everybody, minimum)) return "everybody";
  const hidden = names.filter(isHidden);
  return areClose(told(table, hidden), told(earlier, hidden), minimum) ? "rest" : null;
}

/** Compares what both tell: bins that overlap are only known together. */
function areClose(a: readonly Told[], b: readonly Told[], minimum: number): boolean {
  const from = ({ range }: Told) => range?.[0] ?? 0n;
  const to = ({ range }: Told) => range?.[1] ?? 0n;
  const all = [...a, ...b].toSorted((x, y) => Number(from(x) - from(y)));
  const isFirst = new Set(a);
  let together: Told[] = [];
  let end: bigint | null = null;
  const areTogetherClose = () => {
    const mine = together.filter((one) => isFirst.has(one));
    return isClose(
      mine,
      together.filter((one) => !isFirst.has(one)),
      minimum,
    );
  };
  for (const told of all) {
    if (end !== null && from(told) > end) {
      if (areTogetherClose()) return true;
      together = [];
      end = null;
    }
    together.push(told);
    if (end === null || to(told) > end) end = to(told);
  }
  return areTogetherClose();
}

/** Whether few people are in one of the two only. */
function isClose(a: readonly Told[], b: readonly Told[], minimum: number): boolean {
  const size = (of: readonly Told[]) => of.reduce((people, one) => people + one.size, 0);
  if (Math.abs(size(a) - size(b)) >= minimum) return false;
  const people = differenceOf(unite(a.map(peopleOf)), unite(b.map(peopleOf)));
  return people > 0 && people < minimum;
}

/**
 * Whether two numbers of any topics tell of few people. Where sums are told over both, any difference counts; counts tell of few
 * people only where one group is inside the other.
 */
function isDisclosing(a: Told, b: Told, minimum: number): boolean {
  if (!isClose([a], [b], minimum)) return false;
  if (a.hasSums && b.hasSums) return true;
  return isInside(a.people(), b.people()) || isInside(b.people(), a.people());
}

function peopleOf(told: Told): People {
  return told.people();
}

function linesOf({ everybody, strata }: Table): [at: Clash["at"], told: readonly Told[]][] {
  const lines: [Clash["at"], readonly Told[]][] = everybody ? [["everybody", everybody]] : [];
  for (const [stratum, { isShown, told }] of strata) if (isShown) lines.push([{ stratum }, told]);
  return lines;
}

function shownIn(table: Table): Told[] {
  return linesOf(table).flatMap(([, told]) => told);
}
