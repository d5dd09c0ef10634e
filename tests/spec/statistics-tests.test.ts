import { describe, expect, test } from "vitest";
import { anova, type Group, welch } from "../../pipelines/statistics/compare-means.ts";
import { chiSquare } from "../../pipelines/statistics/compare-shares.ts";
import type { CrossProducts } from "../../pipelines/statistics/cross-products.ts";
import { alphaOf } from "../../pipelines/statistics/reliability.ts";
import { readVector } from "../golden/study/cohorts.ts";
import { differences, relative } from "../golden/study/differences.ts";

/** Sums of decimal strings on a grid of so many decimals. */
function groupOf(values: readonly string[], decimals: number): Group {
  const grid = values.map((value) => {
    const [whole = "", fraction = ""] = value.split(".");
    return BigInt(whole + fraction.padEnd(decimals, "0"));
  });
  const sum = (of: (g: bigint) => bigint) => grid.reduce((to, g) => to + of(g), 0n);
  return { n: BigInt(grid.length), s1: sum((g) => g), s2: sum((g) => g * g) };
}

const decimalsOf = (lists: readonly (readonly string[])[]) =>
  Math.max(...lists.flat().map((value) => value.split(".")[1]?.length ?? 0));

interface Anova {
  cases: {
    id: string;
    groups?: Record<string, string[]>;
    groups_as_histograms?: Record<string, Record<string, number>>;
    expected: { F: number; p: number; between_ss: number; within_ss: number; r_squared: number };
    certified: { F: string };
  }[];
}

describe("analysis of variance of NIST's data, from integer sums", () => {
  test.each(readVector<Anova>("expected-anova-nist.json").cases)("$id", (one) => {
    const lists = Object.values<string[] | Record<string, number>>(
      one.groups ?? one.groups_as_histograms ?? {},
    ).map((of) =>
      Array.isArray(of)
        ? of
        : Object.entries(of).flatMap(([value, n]) => Array.from({ length: n }, () => value)),
    );
    const decimals = decimalsOf(lists);
    const found = anova(lists.map((list) => groupOf(list, decimals)));
    const scale = 10 ** (2 * decimals);
    expect(relative(found?.f ?? 0, Number(one.certified.F))).toBeLessThan(1e-14);
    expect(relative(found?.p ?? 0, one.expected.p)).toBeLessThan(1e-8);
    expect(
      differences(
        [(found?.betweenSs ?? 0) / scale, (found?.withinSs ?? 0) / scale, found?.etaSquared],
        [one.expected.between_ss, one.expected.within_ss, one.expected.r_squared],
      ),
    ).toBeLessThan(1e-13);
  });
});

interface Classic {
  sleep: { group1: string[]; group2: string[]; independent: Record<string, number> };
  plant_growth: { values: Record<string, string[]>; expected: Record<string, number> };
  attitude_alpha: {
    columns: string[];
    rows: number[][];
    expected: Record<string, number> & {
      item_total_corrected: number[];
      alpha_if_item_dropped: number[];
      feldt_ci95: [number, number];
    };
  };
}
const classic = readVector<Classic>("expected-classic-small-sets.json");

test("Welch's t and Cohen's d of the sleep data", () => {
  const { group1, group2, independent } = classic.sleep;
  const found = welch(groupOf(group1, 1), groupOf(group2, 1), 10n);
  const { welch_t, welch_df, welch_p, cohen_d } = independent;
  expect(
    differences([found.t, found.df, found.p, found.cohenD], [welch_t, welch_df, welch_p, cohen_d]),
  ).toBeLessThan(1e-10);
});

test("analysis of variance of plant growth", () => {
  const { values, expected } = classic.plant_growth;
  const found = anova(Object.values(values).map((list) => groupOf(list, 2)));
  expect(
    differences(
      [found?.f, found?.p, found?.etaSquared],
      [expected.F, expected.p, expected.eta_squared],
    ),
  ).toBeLessThan(1e-10);
});

test("equal values inside every group have no F, and Welch no t", () => {
  const same = groupOf(["4", "4", "4"], 0);
  expect(anova([same, groupOf(["5", "5"], 0)])).toBeNull();
  expect(welch(same, same, 1n)).toMatchObject({ difference: 0, t: null, p: null });
});

test("chi-square of a table (scipy 1.17.1, no correction), and none for an empty column", () => {
  const found = chiSquare([
    [10n, 20n],
    [30n, 25n],
  ]);
  expect(
    differences(
      [found?.chi2, found?.p, found?.expectedMin],
      [3.505892255892255, 0.06115089757606777, 14.117647058823529],
    ),
  ).toBeLessThan(1e-11);
  expect(
    chiSquare([
      [10n, 0n],
      [30n, 0n],
    ]),
  ).toBeNull();
});

function crossProducts(rows: readonly (readonly number[])[]): CrossProducts {
  const k = rows[0]?.length ?? 0;
  const sum = (of: (row: readonly number[]) => number) =>
    String(rows.reduce((to, row) => to + of(row), 0));
  const columns = Array.from({ length: k }, (_, i) => i);
  return {
    n: String(rows.length),
    sums: columns.map((i) => sum((row) => row[i] ?? 0)),
    products: columns.flatMap((i) =>
      columns.slice(i).map((j) => sum((row) => (row[i] ?? 0) * (row[j] ?? 0))),
    ),
  };
}

describe("Cronbach's alpha and corrected item-total correlations", () => {
  test("of the attitude data", () => {
    const { columns, rows, expected } = classic.attitude_alpha;
    const found = alphaOf(crossProducts(rows), columns);
    const named = (name: RegExp) =>
      found.filter((one) => name.test(one.name)).map((one) => one.value);
    expect(
      differences(
        found.slice(0, 2).map(({ value }) => value),
        [expected.alpha_raw, expected.alpha_standardized],
      ),
    ).toBeLessThan(1e-10);
    expect(differences(found[0]?.interval ?? [], expected.feldt_ci95)).toBeLessThan(1e-10);
    expect(differences(named(/item-total/), expected.item_total_corrected)).toBeLessThan(1e-10);
    expect(differences(named(/^alpha without/), expected.alpha_if_item_dropped)).toBeLessThan(
      1e-10,
    );
  });

  test("of the three sites, from their sums", () => {
    interface Pooled {
      expected: {
        reliability_baseline: Record<string, number> & {
          item_sums: number[];
          cross_products: number[][];
          item_total_corrected: number[];
        };
      };
    }
    const { reliability_baseline: of } = readVector<Pooled>(
      "expected-phq9-three-sites.json",
    ).expected;
    const sums = {
      n: String(of.n_complete),
      sums: of.item_sums.map(String),
      products: of.cross_products.flatMap((row, i) => row.slice(i).map(String)),
    };
    const found = alphaOf(
      sums,
      of.item_sums.map((_, i) => `i${i}`),
    );
    expect(
      differences(
        found.slice(0, 3).map(({ value }) => value),
        [of.alpha_raw, of.alpha_standardized, of.sem_from_alpha],
      ),
    ).toBeLessThan(1e-10);
  });

  test("nothing varies: none", () => {
    expect(
      alphaOf(
        crossProducts([
          [1, 1],
          [1, 1],
        ]),
        ["a", "b"],
      )[0],
    ).toMatchObject({ value: null });
  });
});
