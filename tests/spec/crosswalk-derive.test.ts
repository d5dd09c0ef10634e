import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import {
  bootstrapErrors,
  invarianceBy,
  linkOf,
  type Pair,
  randomFrom,
  recipeFor,
} from "../../pipelines/crosswalk/linking.ts";
import { smooth } from "../../pipelines/crosswalk/loglinear.ts";

/** A standard normal number (Box and Muller). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const X = { low: 0, high: 27, step: 1 };
const Y = { low: 20, high: 80, step: 1 };
const clamp = (value: number, high: number) => Math.min(high, Math.max(0, Math.round(value)));

/** People whose trait gives both scores; the link of x to y is then known: y = 50 + 10 (x - 10) / 4.5. */
function simulate(people: number, seed: number, shift = 0): Pair[] {
  const random = randomFrom(seed);
  return Array.from({ length: people }, (_, i) => {
    const trait = normal(random);
    const noise = () => 0.3 * normal(random);
    const sex = i % 2 === 0 ? "F" : "M";
    return {
      x: clamp(10 + 4.5 * (trait + noise()), 27),
      y: clamp(30 + 10 * (trait + noise()) + (sex === "M" ? shift : 0), 60),
      groups: { sex },
    };
  });
}
const known = (x: number) => 50 + (10 * (x - 10)) / 4.5;

describe("log-linear presmoothing", () => {
  it("keeps as many moments as its degree", () => {
    const counts = [3, 8, 21, 30, 44, 36, 25, 14, 9, 2];
    const total = counts.reduce((sum, count) => sum + count, 0);
    const moment = (weights: readonly number[], power: number) =>
      weights.reduce((sum, weight, i) => sum + weight * i ** power, 0);
    const { probabilities } = smooth(counts, 3);
    for (const power of [0, 1, 2, 3])
      expect(moment(probabilities, power)).toBeCloseTo(moment(counts, power) / total, 6);
    expect(Math.abs(moment(probabilities, 4) - moment(counts, 4) / total)).toBeGreaterThan(1e-3);
  });

  it("gives a score that nobody had a little of its neighbours'", () => {
    const { probabilities } = smooth([5, 9, 0, 11, 6], 2);
    expect(probabilities[2]).toBeGreaterThan(0.1);
  });
});

describe("a link from people who answered both", () => {
  const pairs = simulate(4000, 1);

  it.each(["equipercentile", "linear"] as const)("finds the known link: %s", (method) => {
    const link = linkOf(pairs, recipeFor(pairs, { method, x: X, y: Y }));
    // Where people are: two standard deviations around the mean.
    for (let x = 2; x <= 18; x++)
      expect(Math.abs((link[x] ?? 0) - known(x)), `${x}`).toBeLessThan(1);
  });

  it("is a line where the method is linear, through the means", () => {
    const link = linkOf(pairs, recipeFor(pairs, { method: "linear", x: X, y: Y }));
    expect((link[12] ?? 0) - (link[11] ?? 0)).toBeCloseTo((link[6] ?? 0) - (link[5] ?? 0), 9);
  });

  it("never goes down", () => {
    const link = linkOf(pairs, recipeFor(pairs, { method: "equipercentile", x: X, y: Y }));
    expect(link.slice(1).every((value, i) => value >= (link[i] ?? 0))).toBe(true);
  });

  it("has standard errors that shrink with the people, and hold the known link", () => {
    const errorsOf = (people: readonly Pair[]) =>
      bootstrapErrors(people, recipeFor(people, { method: "equipercentile", x: X, y: Y }), {
        replications: 60,
        random: randomFrom(7),
      });
    const [few, many] = [errorsOf(pairs.slice(0, 500)), errorsOf(pairs)];
    // Eight times the people: errors of about a third.
    expect((few[10] ?? 0) / (many[10] ?? 1)).toBeGreaterThan(1.8);
    expect((few[10] ?? 0) / (many[10] ?? 1)).toBeLessThan(4.5);
    const link = linkOf(pairs, recipeFor(pairs, { method: "equipercentile", x: X, y: Y }));
    const outside = Array.from({ length: 13 }, (_, i) => i + 4).filter(
      (x) => Math.abs((link[x] ?? 0) - known(x)) > 4 * (many[x] ?? 0) + 0.3,
    );
    expect(outside).toEqual([]);
  });

  it("is the same for the same seed", () => {
    const recipe = recipeFor(pairs, { method: "linear", x: X, y: Y });
    const twice = [1, 1].map((seed) =>
      bootstrapErrors(pairs.slice(0, 200), recipe, { replications: 5, random: randomFrom(seed) }),
    );
    expect(twice[0]).toEqual(twice[1]);
  });

  it("holds for both sexes where it is one, and shows where it is not", () => {
    const same = invarianceBy(pairs, recipeFor(pairs, { method: "equipercentile", x: X, y: Y }), {
      by: "sex",
      groupMin: 50,
    });
    const moved = simulate(4000, 1, 5);
    const other = invarianceBy(moved, recipeFor(moved, { method: "equipercentile", x: X, y: Y }), {
      by: "sex",
      groupMin: 50,
    });
    expect(same).toMatchObject({ by: "sex", groups: { F: 2000, M: 2000 } });
    expect(same?.remsd).toBeLessThan(0.06);
    // Five points between the groups: each is 2.5 off, in standard deviations of y (about 10.7).
    expect(other?.remsd).toBeGreaterThan(0.18);
    expect(other?.remsd).toBeLessThan(0.3);
  });

  it("does not compare groups of a few", () => {
    const recipe = recipeFor(pairs, { method: "linear", x: X, y: Y });
    expect(invarianceBy(pairs.slice(0, 60), recipe, { by: "sex", groupMin: 50 })).toBeNull();
  });
});

const CORPUS = resolve(
  process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus"),
);
const PROSETTA = join(CORPUS, "csv/choi-phd__PROsetta/dat_DeCESD_v2.csv");

describe.skipIf(!existsSync(PROSETTA))("CES-D and PROMIS Depression of 747 people", () => {
  it("gives nearly the link that a calibration of the items gave", async () => {
    const [header = "", ...lines] = (await readFile(PROSETTA, "utf8")).trim().split(/\r?\n/);
    const names = header.split(",");
    const eight = [4, 6, 29, 41, 22, 36, 5, 9].map((n) => `EDDEP${String(n).padStart(2, "0")}`);
    const table = await rowsOf("instruments/tables/promis_depression_8a_v1.0.csv");
    const pairs = lines.flatMap((line): Pair[] => {
      const cells = new Map(line.split(",").map((cell, i) => [names[i], Number(cell)]));
      const raw = eight.reduce((sum, name) => sum + (cells.get(name) ?? Number.NaN), 0);
      const cesd = Array.from({ length: 20 }, (_, i) => {
        const value = (cells.get(`CESD${i + 1}`) ?? Number.NaN) - 1;
        return value;
      }).reduce((sum, value) => sum + value, 0);
      const t = table.get(raw);
      return Number.isNaN(cesd) || t === undefined
        ? []
        : [{ x: cesd, y: Math.round(t - 30), groups: {} }];
    });
    expect(pairs.length).toBeGreaterThan(700);
    const x = { low: 0, high: 60, step: 1 };
    const y = { low: 30, high: 90, step: 1 };
    const link = linkOf(pairs, recipeFor(pairs, { method: "equipercentile", x, y }));
    const published = await rowsOf("crosswalks/ces-d-to-promis-depression.csv");
    const differences = Array.from({ length: 31 }, (_, i) => i + 5).map((score) =>
      Math.abs((link[score] ?? 0) - (published.get(score) ?? Number.NaN)),
    );
    // Another form of the bank and another method: 2 T points where most people are.
    expect(Math.max(...differences)).toBeLessThan(2);
  });
});

async function rowsOf(file: string): Promise<Map<number, number>> {
  const text = await readFile(join(import.meta.dirname, "../../mappings", file), "utf8");
  const [, ...lines] = text.trim().split("\n");
  return new Map(lines.map((line) => line.split(",").map(Number) as [number, number]));
}
