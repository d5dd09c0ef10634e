import type { Scale, Statistic } from "../statistics/statistic.ts";
import { type Concealed, conceal, type Heads } from "./conceal.ts";
import type { Members } from "./members.ts";
import type { DisclosureProfile } from "./profile.ts";
import type { Released } from "./released.ts";
import { EVERYBODY, type Everybody, tablesOf } from "./tell.ts";

/** The mark of a hidden summary. */
export const SUPPRESSED = "suppressed";
export type Suppressed = typeof SUPPRESSED;

/** The mark of a summary that a site cannot make, because it lacks a field; never a reason to hide anything. */
export const UNAVAILABLE = "unavailable";
export type Unavailable = typeof UNAVAILABLE;

export { EVERYBODY, type Everybody };

/** Summaries by the name of their statistic. */
export type Summaries = Record<string, unknown>;

/** One stratum as it may be shown; `all` is the margin. Hidden parts carry one mark, whatever hid them. */
export interface Cell {
  stratum: string;
  statistics: Summaries;
}

/** The statistic that counts people comes first: the others are judged beside it. */
export type Statistics = readonly Statistic<unknown>[];

type Stratum = [name: string, of: Summaries];

interface GateInput {
  /** Names the outcome, such as `phq-9 total`. */
  outcome: string;
  /** Full summaries by stratum, without margin; one stratum `all` where the study has none. */
  strata: ReadonlyMap<string, Summaries>;
  statistics: Statistics;
  scale: Scale;
  profile: DisclosureProfile;
  /** Who is in each group, and what was released before: what is shown is added to it. */
  members: Members;
  released: Released;
}

/** Cells that may be shown, and why more is hidden than small cells ask for: for the site's eyes only. */
export interface Gated {
  cells: Cell[];
  withheld: Withheld[];
}

/** What would tell, beside another release, of too few people. */
export interface Withheld {
  outcome: string;
  statistic: string;
  /** A stratum, or `all`. */
  stratum: string;
  /** The other release. */
  beside: string;
}

/**
 * The one way out: from the full summaries of one outcome to the cells that may be shown or leave. Hides cells with too few
 * people, or with too few left beside them; hides further ones where a margin would give them away; merges bins, alike in all
 * strata; hides what differs from another release by too few people. When everybody together are too few, nothing but that
 * remains.
 *
 * @returns the margin first, then the strata in the order of their names
 */
export function gate(input: GateInput): Gated {
  const { statistics, profile } = input;
  const minimum = BigInt(profile.minimum_people);
  const strata = [...input.strata].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const shown = [EVERYBODY, ...strata.map(([name]) => name)].map(emptyCell);
  const [counting] = statistics;
  if (!counting) return { cells: [], withheld: [] };
  const people = new Map(strata.map(([name, of]) => [name, peopleOf(counting, of)]));
  const whole = conceal(headsByStratum(counting, strata, people), minimum);
  if (whole.margin) return { cells: [hideAll(EVERYBODY, statistics)], withheld: [] };
  const hiddenBy = new Map<string, ReadonlySet<string>>([[counting.name, whole.strata]]);
  const withheld: Withheld[] = [];
  for (const statistic of statistics) {
    // What a statistic hides stays hidden in those that tell of groups inside its groups.
    const forced = new Set([
      ...(hiddenBy.get(counting.name) ?? []),
      ...(hiddenBy.get(statistic.within ?? "") ?? []),
    ]);
    const judged = judge(statistic, strata, { people, forced }, input);
    hiddenBy.set(statistic.name, judged.hidden.strata);
    withheld.push(...judged.withheld);
    if (statistic === counting && judged.hidden.margin) {
      return { cells: [hideAll(EVERYBODY, statistics)], withheld };
    }
    for (const { stratum, statistics: to } of shown) {
      to[statistic.name] = judged.released.get(stratum) ?? SUPPRESSED;
    }
  }
  const isWhole = input.strata.size === 1 && input.strata.has(EVERYBODY);
  return { cells: isWhole ? shown.slice(0, 1) : shown, withheld };
}

/** Hides what is too small, and then what comes too close to another release, until nothing does. */
function judge(
  statistic: Statistic<unknown>,
  strata: Stratum[],
  of: { people: ReadonlyMap<string, bigint>; forced: ReadonlySet<string> },
  input: GateInput,
): { hidden: Concealed; released: Map<string, unknown>; withheld: Withheld[] } {
  const { outcome, profile, members } = input;
  const names = strata.map(([name]) => name);
  const withheld: Withheld[] = [];
  const forced = new Set(of.forced);
  for (;;) {
    const hidden = hide(statistic, strata, { people: of.people, forced, profile });
    const released = release(statistic, strata, hidden, input);
    const everybody = released.get(EVERYBODY);
    const tables = tablesOf({ statistic, strata: released, everybody, names }, outcome, members);
    const clash = input.released.release(tables, profile.minimum_people);
    if (!clash) return { hidden, released, withheld };
    const isAll = clash.at === "everybody" || names.every((name) => hidden.strata.has(name));
    const at = typeof clash.at === "object" ? [clash.at.stratum] : names;
    withheld.push(
      ...(isAll ? [EVERYBODY] : at).map((stratum) => ({
        outcome,
        statistic: statistic.name,
        stratum,
        beside: clash.with,
      })),
    );
    if (isAll) {
      return { hidden: { strata: new Set(names), margin: true }, released: new Map(), withheld };
    }
    for (const name of at) forced.add(name);
  }
}

/** The margin of full summaries. */
export function pool(statistic: Statistic<unknown>, summaries: Iterable<Summaries>): unknown {
  let sum = statistic.empty;
  for (const of of summaries) sum = statistic.combine(sum, of[statistic.name] ?? statistic.empty);
  return sum;
}

/** Summaries of the cells that are not hidden, with bins that are fine in each and in what is hidden together. */
function release(
  statistic: Statistic<unknown>,
  strata: Stratum[],
  hidden: Concealed,
  { scale, profile }: Pick<GateInput, "scale" | "profile">,
): Map<string, unknown> {
  const own = ([, of]: Stratum) => of[statistic.name] ?? statistic.empty;
  const visible = strata.filter(([name]) => !hidden.strata.has(name));
  const rest = strata.filter(([name]) => hidden.strata.has(name)).map(([, of]) => of);
  const parts = visible.map(own);
  // What is hidden together can be had by subtraction from the margin: its bins must be fine too.
  if (!hidden.margin) parts.push(pool(statistic, rest));
  const width = BigInt(profile.bin_width) * 10n ** BigInt(scale.decimals);
  const coarse = statistic.coarsen?.(parts, { minimum: BigInt(profile.minimum_people), width }) ?? {
    everybody: parts.reduce(statistic.combine, statistic.empty),
    parts,
  };
  const released = new Map(visible.map(([name], index) => [name, coarse.parts[index]]));
  if (!hidden.margin) released.set(EVERYBODY, coarse.everybody);
  return released;
}

/** Hides what has too few people, and what has too many free numbers for them; also where the rest of the margin has. */
function hide(
  statistic: Statistic<unknown>,
  strata: Stratum[],
  of: {
    people: ReadonlyMap<string, bigint>;
    forced: ReadonlySet<string>;
    profile: DisclosureProfile;
  },
): Concealed {
  const { people, profile } = of;
  const perParameter = profile.people_per_parameter;
  const isFull = (some: Stratum[]) =>
    isCrowded(
      statistic,
      pool(
        statistic,
        some.map(([, each]) => each),
      ),
      perParameter,
    );
  const crowded = strata.filter((one) => isFull([one])).map(([name]) => name);
  const hidden = conceal(
    headsByStratum(statistic, strata, people),
    BigInt(profile.minimum_people),
    new Set([...of.forced, ...crowded]),
  );
  const rest = strata.filter(([name]) => hidden.strata.has(name));
  return { ...hidden, margin: hidden.margin || isFull(rest) || isFull(strata) };
}

/** Whether a summary has too many free numbers for its people. */
export function isCrowded(
  statistic: Statistic<unknown>,
  summary: unknown,
  peoplePerParameter: number,
): boolean {
  const n = statistic.heads(summary, 0n)[0] ?? 0n;
  const parameters = statistic.parameters?.(summary) ?? 0;
  return n > 0n && n < BigInt(parameters * peoplePerParameter);
}

function headsByStratum(
  statistic: Statistic<unknown>,
  strata: Stratum[],
  people: ReadonlyMap<string, bigint>,
): Map<string, Heads> {
  return new Map(
    strata.map(([name, of]) => [
      name,
      statistic.heads(of[statistic.name] ?? statistic.empty, people.get(name) ?? 0n),
    ]),
  );
}

function peopleOf(counting: Statistic<unknown>, of: Summaries): bigint {
  return counting.heads(of[counting.name] ?? counting.empty, 0n)[0] ?? 0n;
}

function hideAll(stratum: string, statistics: Statistics): Cell {
  return { stratum, statistics: Object.fromEntries(statistics.map((s) => [s.name, SUPPRESSED])) };
}

function emptyCell(stratum: string): Cell {
  return { stratum, statistics: {} };
}
