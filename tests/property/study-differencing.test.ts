import fc from "fast-check";
import { expect, test } from "vitest";
import { type Cell, gate, SUPPRESSED, type Summaries } from "../../pipelines/disclosure/gate.ts";
import { Members } from "../../pipelines/disclosure/members.ts";
import { sizeOf } from "../../pipelines/disclosure/people.ts";
import { readDisclosureProfile } from "../../pipelines/disclosure/profile.ts";
import { Released } from "../../pipelines/disclosure/released.ts";
import type { Bin } from "../../pipelines/statistics/bins.ts";
import { STATISTICS } from "../../pipelines/statistics/index.ts";
import { type CohortRow, cohortOf, FULL } from "../golden/study/cohorts.ts";

const profile = await readDisclosureProfile("minimum-11");
const MINIMUM = profile.minimum_people;

/** Those whose sums and bins the attacker reads. */
const ATTACKED = ["count", "moments", "distribution", "change", "covariance"];

interface Release {
  rows: CohortRow[];
  cells: Cell[];
}

/**
 * Three releases over one population: two outcomes, and the first again after some people came, left, or came back. Few people
 * differ now and then, which is where an attacker subtracts.
 */
const releases: fc.Arbitrary<CohortRow[][]> = fc
  .record({
    size: fc.integer({ min: 30, max: 110 }),
    strata: fc.integer({ min: 1, max: 3 }),
    values: fc.integer({ min: 2, max: 20 }),
    without: fc.array(fc.constantFrom(0, 2, 5, 15, 40), { minLength: 3, maxLength: 3 }),
    later: fc.constantFrom(0, 2, 15),
    random: fc.infiniteStream(fc.nat(10_000)),
  })
  .map(({ size, strata, values, without, later, random }) => {
    const next = (below: number) => (random.next().value ?? 0) % below;
    const people = Array.from({ length: size }, (_, head) => ({
      head,
      stratum: ["F", "M", "U"][next(strata)] ?? "F",
      baseline: next(values),
      followUp: next(3) > 0 ? next(20) : null,
      items: [next(4), next(9) === 0 ? null : next(4)],
      age: next(8) === 0 ? null : 30 + next(40),
    }));
    return without.map((left, i) =>
      people
        .filter(({ head }) => head >= left)
        .map((one) => (i === 2 && one.head < left + later ? { ...one, followUp: 5 } : one)),
    );
  });

async function releaseAll(of: readonly CohortRow[][]): Promise<Release[]> {
  const released = new Released();
  const done: Release[] = [];
  for (const rows of of) {
    const strata = new Map<string, Summaries>();
    const members = new Members();
    const source = await cohortOf(rows);
    const statistics = STATISTICS.filter(({ name }) => ATTACKED.includes(name));
    for (const statistic of statistics) {
      for (const [stratum, summary] of await statistic.summarize(source, FULL)) {
        strata.set(stratum, { ...strata.get(stratum), [statistic.name]: summary });
      }
      members.add(await source.members(statistic.members(FULL).join("\nUNION ALL\n")));
    }
    const from = { outcome: "phq-9 total", scale: FULL, profile, members, released };
    done.push({ rows, cells: gate({ ...from, strata, statistics }).cells });
  }
  return done;
}

/** A number that the attacker reads, and who is in it, found without the gate's own sets. */
interface Known {
  people: Set<number>;
  /** Sums of scores are told over them, not only how many they are. */
  hasSums: boolean;
}

function attack({ rows, cells }: Release): Known[] {
  const know = (test: (row: CohortRow) => boolean, hasSums: boolean): Known => ({
    people: new Set(rows.filter(test).map(({ head = -1 }) => head)),
    hasSums,
  });
  return cells.flatMap(({ stratum, statistics }) => {
    const here = (row: CohortRow) => stratum === "all" || row.stratum === stratum;
    const shown = (name: string) => statistics[name] !== SUPPRESSED;
    const bins = ((statistics.distribution as { bins?: Bin[] }).bins ?? []).map(({ from, to }) =>
      know((row) => here(row) && Number(from) <= row.baseline && row.baseline <= Number(to), false),
    );
    return [
      ...(shown("count") ? [know(here, false)] : []),
      ...(shown("moments") ? [know(here, true)] : []),
      ...(shown("change") ? [know((row) => here(row) && row.followUp != null, true)] : []),
      ...(shown("covariance") ? [know((row) => here(row) && row.age != null, true)] : []),
      ...bins,
    ];
  });
}

/** Cells of everybody without those of the strata that are shown. */
function rests({ rows, cells }: Release): Known[] {
  const [all, ...strata] = cells;
  return ["count", "moments"].flatMap((name) => {
    if (!all || all.statistics[name] === SUPPRESSED) return [];
    const shown = strata.filter(({ statistics }) => statistics[name] !== SUPPRESSED);
    if (shown.length === strata.length) return [];
    const names = new Set(shown.map(({ stratum }) => stratum));
    const left = rows.filter(({ stratum = "" }) => !names.has(stratum));
    return [{ people: new Set(left.map(({ head = -1 }) => head)), hasSums: name === "moments" }];
  });
}

function without(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  return [...a].filter((person) => !b.has(person)).length;
}

test("an attacker who subtracts every pair of released numbers learns nothing of few people", async () => {
  let pairs = 0;
  let shown = 0;
  await fc.assert(
    fc.asyncProperty(releases, async (of) => {
      const known = (await releaseAll(of)).flatMap((one) => [...attack(one), ...rests(one)]);
      shown += known.length;
      for (const [i, a] of known.entries()) {
        for (const b of known.slice(0, i)) {
          pairs++;
          const onlyA = without(a.people, b.people);
          const onlyB = without(b.people, a.people);
          const isNested = onlyA === 0 || onlyB === 0;
          if (!isNested && !(a.hasSums && b.hasSums)) continue;
          const few = onlyA + onlyB;
          expect(few === 0 || few >= MINIMUM, `${onlyA} and ${onlyB} people differ`).toBe(true);
        }
      }
    }),
    { numRuns: 15 },
  );
  expect(shown).toBeGreaterThan(200);
  expect(pairs).toBeGreaterThan(1000);
});

test("of each statistic, as many people are in its groups as its summary counts", async () => {
  const [rows = []] = fc.sample(releases, 1)[0] ?? [];
  const source = await cohortOf(rows.map((row) => ({ ...row, later: 3, collected: [3, 2, 2, 1] })));
  for (const statistic of STATISTICS) {
    const members = new Members();
    members.add(await source.members(statistic.members(FULL).join("\nUNION ALL\n")));
    for (const [stratum, summary] of await statistic.summarize(source, FULL)) {
      const people = rows.filter((row) => row.stratum === stratum).length;
      const counts = new Set(
        [...statistic.heads(summary, BigInt(people)), ...(statistic.bins?.(summary) ?? [])].map(
          Number,
        ),
      );
      for (const group of statistic.groups(summary)) {
        expect([...counts], `${statistic.name} ${group.name ?? group.part}`).toContain(
          sizeOf(members.of(stratum, group)),
        );
      }
    }
  }
});
