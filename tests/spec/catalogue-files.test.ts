import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Instrument, Score } from "../../pipelines/catalogue/instrument.ts";
import { type Catalogue, readCatalogue } from "../../pipelines/catalogue/read.ts";
import { aliasKey } from "../../pipelines/core/alias-key.ts";
import { mappingsDirectory } from "../../pipelines/core/mappings.ts";

const FOLDER = join(mappingsDirectory, "instruments");
/** A code of SNOMED CT that real documents carry under LOINC's name. */
const MISFILED = "248241002";
const files = (await readdir(FOLDER)).filter((file) => file.endsWith(".yaml")).sort();

let catalogue: Catalogue;
beforeAll(async () => {
  catalogue = await readCatalogue();
});
const instrument = (file: string): Instrument => {
  const found = catalogue.instruments[files.indexOf(file)];
  if (!found) throw new Error(`${file} was not read`);
  return found;
};

/** The lowest and highest sum that the items of a score can have. */
function extremes({ items, answers }: Instrument, { sum = [] }: Score): [number, number] {
  const ranges = sum.map((id) => {
    const item = items.find((one) => one.id === id);
    const values = (answers[item?.answers ?? ""] ?? []).map(
      ({ value }) => item?.recode?.[String(value)] ?? value ?? Number.NaN,
    );
    return [Math.min(...values), Math.max(...values)] as const;
  });
  return [
    ranges.reduce((total, [low]) => total + low, 0),
    ranges.reduce((total, [, high]) => total + high, 0),
  ];
}

describe.each(files)("%s", (file) => {
  it("is named after its instrument and says where it comes from", () => {
    const { id, source, direction } = instrument(file);
    expect(`${id}.yaml`).toBe(file);
    expect(source.length).toBeGreaterThan(20);
    expect(["better", "worse"]).toContain(direction);
  });

  it("has codes whose check digits are right", () => {
    const { panels, items, answers, scores } = instrument(file);
    const codes = [
      ...panels
        .filter(({ system }) => system === "http://loinc.org")
        .map(({ code }) => code)
        .filter((code) => code !== MISFILED),
      ...[...items, ...scores, ...Object.values(answers).flat()].flatMap(
        ({ loinc }) => loinc ?? [],
      ),
    ];
    const aliased = items.filter(({ loinc, aliases }) => !loinc && aliases);
    expect(codes.length + aliased.length).toBeGreaterThanOrEqual(items.length);
    expect(codes.filter((code) => !hasCheckDigit(code))).toEqual([]);
  });

  it("names each item, answer and score once", () => {
    const { items, answers, scores } = instrument(file);
    const lists = [
      items.map(({ id }) => id),
      items.flatMap(({ loinc }) => loinc ?? []),
      scores.map(({ id }) => id),
      [...items, ...scores].flatMap(({ loinc }) => loinc ?? []),
      [...items, ...scores].flatMap(({ aliases = [] }) => aliases.map(aliasKey)),
      ...Object.values(answers).flatMap((list) => [
        list.flatMap(({ value }) => value ?? []).map(String),
        list.map(({ label }) => label.toLowerCase()),
        list.flatMap(({ loinc }) => loinc ?? []),
      ]),
    ];
    for (const list of lists) expect(list).toEqual([...new Set(list)]);
  });

  it("recodes every answer of an item that it recodes", () => {
    for (const { recode, answers } of instrument(file).items) {
      if (!recode) continue;
      const values = (instrument(file).answers[answers] ?? []).map(({ value }) => String(value));
      expect(Object.keys(recode).sort()).toEqual(values.sort());
    }
  });

  it("has sums whose ranges are those of their items", () => {
    for (const score of instrument(file).scores.filter(({ sum }) => sum)) {
      expect(score.range, score.id).toEqual(extremes(instrument(file), score));
    }
  });

  it("has tables that give every raw score a value, in order and on the score's grid", () => {
    const { scores } = instrument(file);
    for (const { id, table, range, decimals } of scores) {
      if (!table) continue;
      const rows = catalogue.tables.get(table.file) ?? [];
      const [low, high] = scores.find((one) => one.id === table.from)?.range ?? [0, -1];
      const every = Array.from({ length: high - low + 1 }, (_, i) => low + i);
      expect(
        rows.map(({ raw }) => raw),
        id,
      ).toEqual(every);
      const values = rows.map(({ value }) => value);
      expect(values, id).toEqual([...new Set(values)].sort((a, b) => a - b));
      expect([values[0], values.at(-1)], id).toEqual(range);
      expect(values.filter((value) => !Number.isInteger(grid(value, decimals)))).toEqual([]);
      expect(rows.filter(({ se }) => se !== null && se <= 0)).toEqual([]);
    }
  });

  it("has bands that cover the range, without a gap and without an overlap", () => {
    for (const { id, bands, range, decimals } of instrument(file).scores) {
      if (range === null) continue;
      const uncovered: number[] = [];
      for (let at = grid(range[0], decimals); at <= grid(range[1], decimals); at++) {
        const value = at / 10 ** decimals;
        const inside = bands.filter(
          ({ min = -Infinity, max = Infinity, below = Infinity }) =>
            value >= min && value <= max && value < below,
        );
        if (bands.length > 0 && inside.length !== 1) uncovered.push(value);
      }
      expect(uncovered, id).toEqual([]);
    }
  });
});

it("has no panel and no score whose code is another instrument's", () => {
  // One code may be both the panel and the score of one instrument.
  const codes = catalogue.instruments.flatMap(({ scores, panels }) => [
    ...new Set([...panels.map(({ code }) => code), ...scores.flatMap(({ loinc }) => loinc ?? [])]),
  ]);
  expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([]);
});

it.each([
  ["44250-9", true],
  ["44250-8", false],
  ["LA6568-5", true],
  ["LA6568-6", false],
  ["LA137-2", true],
  ["44250", false],
  ["LA-6568-5", false],
])("the check digit of %s is right: %s", (code, isRight) => {
  expect(hasCheckDigit(code)).toBe(isRight);
});

const grid = (value: number, decimals: number) => Number((value * 10 ** decimals).toFixed(6));

/**
 * LOINC's check digit is mod 10: from the right every second digit is doubled, and the digits of the results add up. The letters
 * of answer codes take part with their distance from the character 0.
 */
function hasCheckDigit(code: string): boolean {
  const [, body, check] = /^((?:LA)?[0-9]+)-([0-9])$/.exec(code) ?? [];
  if (body === undefined) return false;
  const sum = [...body].reverse().reduce((total, character, i) => {
    const value = character.charCodeAt(0) - 48;
    return total + (i % 2 === 0 ? 2 * value - 9 * Math.floor(value / 5) : value);
  }, 0);
  return (10 - (sum % 10)) % 10 === Number(check);
}
