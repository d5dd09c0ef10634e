import { describe, expect, test } from "vitest";
import { Released, type Table } from "../../pipelines/disclosure/released.ts";
import { readVector } from "../golden/study/cohorts.ts";

interface Audit {
  nested_groups: {
    id: string;
    group: { n: number };
    subgroup: { n: number };
    expected: { must_be_refused_at_threshold_11: boolean };
  }[];
  refresh: { id: string; releases: { night: number; n: number }[] }[];
  query_ledger: {
    releases: { name: string; statistics: { sum_of: string[] }[] }[];
    expected_after_each: {
      after_release: string;
      atom_intervals: Record<string, [number, number]>;
    }[];
  }[];
}
const audit = readVector<Audit>("expected-disclosure-audit.json");
const MINIMUM = 11;

/** A number that is shown of people `from` to `to`, or of these. */
function tableOf(topic: string, people: readonly number[]): Table {
  const bits = new Uint8Array(64);
  for (const one of people) bits[one >> 3] = (bits[one >> 3] ?? 0) | (128 >> (one & 7));
  const told = { range: null, hasSums: true, size: people.length, people: () => bits };
  return { source: topic, topic, everybody: [told], strata: new Map() };
}
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("the reference's attacks by subtraction", () => {
  test.each(audit.nested_groups)("$id", ({ group, subgroup, expected }) => {
    const released = new Released();
    expect(released.release([tableOf("group", upTo(group.n))], MINIMUM)).toBeNull();
    const clash = released.release([tableOf("subgroup", upTo(subgroup.n))], MINIMUM);
    expect(clash !== null).toBe(expected.must_be_refused_at_threshold_11);
  });

  test.each(audit.refresh)("$id: only the first night is released", ({ releases }) => {
    const released = new Released();
    const shown = releases.map(
      ({ n }) => released.release([tableOf("cell", upTo(n))], MINIMUM) === null,
    );
    expect(shown).toEqual([true, false, false]);
  });

  test("releases that are safe alone do not give a cell of three away together", () => {
    const [ledger] = audit.query_ledger;
    const after = ledger?.expected_after_each.at(-1)?.atom_intervals ?? {};
    let next = 0;
    const atoms = new Map(
      Object.entries(after).map(([name, [size]]) => {
        const people = upTo(size).map((i) => next + i);
        next += size;
        return [name, people];
      }),
    );
    const released = new Released();
    const refused = (ledger?.releases ?? []).flatMap(({ name, statistics }) =>
      statistics.flatMap(({ sum_of }) => {
        const people = sum_of.flatMap((atom) => atoms.get(atom) ?? []);
        const clash = released.release([tableOf(`${name} ${sum_of.join("+")}`, people)], MINIMUM);
        return clash ? [`${name}: ${sum_of.join("+")} beside ${clash.with}`] : [];
      }),
    );
    expect(refused).toEqual(["women_by_age: Fo beside by_age Fo+Mo"]);
  });
});
