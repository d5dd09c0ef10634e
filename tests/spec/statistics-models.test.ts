import { describe, expect, test } from "vitest";
import {
  combineFits,
  type Family,
  firstRound,
  type GeneralisedFit,
  type Progress,
  type RoundSums,
  step,
} from "../../pipelines/statistics/generalised.ts";
import {
  addLinear,
  fitLinear,
  type LinearFit,
  type LinearSums,
  withSiteEffects,
} from "../../pipelines/statistics/linear.ts";
import { metaAnalysis } from "../../pipelines/statistics/meta-analysis.ts";
import { fitMixed } from "../../pipelines/statistics/mixed.ts";
import { kaplanMeier, logRank, medianTime } from "../../pipelines/statistics/survival-curve.ts";
import { readVector } from "../golden/study/cohorts.ts";
import { differences, relative } from "../golden/study/differences.ts";

/** Correct digits, at most 16. */
const digitsRight = (value: number, certified: number) =>
  value === certified ? 16 : Math.min(16, -Math.log10(relative(value, certified)));

interface Linear {
  cases: {
    id: string;
    y: string[];
    x: Record<string, string[]>;
    expected: {
      coefficients: number[];
      standard_errors: number[];
      residual_ss: number;
      residual_sd: number;
      r_squared: number;
      F: number;
    };
    certified: { coefficients: string[]; standard_errors: string[] };
  }[];
}

/** Decimal strings as integers on their common grid. */
function gridOf(values: string[]): { decimals: number; grid: bigint[] } {
  const decimals = Math.max(...values.map((v) => v.split(".")[1]?.length ?? 0));
  const grid = values.map((value) => {
    const [whole = "", fraction = ""] = value.split(".");
    return BigInt(whole + fraction.padEnd(decimals, "0"));
  });
  return { decimals, grid };
}

/** Cross-products of the rows from `from` to `to`. */
function sumsOf(x: bigint[][], y: bigint[], from = 0, to = y.length): LinearSums {
  const rows = Array.from({ length: to - from }, (_, i) => from + i);
  const sum = (of: (row: number) => bigint) => String(rows.reduce((s, r) => s + of(r), 0n));
  const at = (i: number, r: number) => x[i]?.[r] ?? 0n;
  return {
    n: String(rows.length),
    xtx: x.flatMap((_, i) => x.slice(i).map((_, j) => sum((r) => at(i, r) * at(i + j, r)))),
    xty: x.map((_, i) => sum((r) => at(i, r) * (y[r] ?? 0n))),
    yty: sum((r) => (y[r] ?? 0n) ** 2n),
  };
}

describe("linear regression of the NIST data sets, from three sites' integer sums", () => {
  test.each(readVector<Linear>("expected-regression-linear.json").cases)("$id", (one) => {
    // Pontius' model has the square of its column.
    const names = Object.keys(one.x);
    const y = gridOf(one.y);
    const xs = names.map((name) => gridOf(one.x[name] ?? []));
    const columns = [
      { name: "1", decimals: 0 },
      ...xs.map(({ decimals }, i) => ({ name: names[i] ?? "", decimals })),
    ];
    const x = [y.grid.map(() => 1n), ...xs.map(({ grid }) => grid)];
    const [first] = xs;
    if (one.id === "Pontius" && first && names.length === 1) {
      x.push(first.grid.map((v) => v * v));
      columns.push({ name: "x^2", decimals: 2 * first.decimals });
    }
    const third = Math.floor(y.grid.length / 3);
    const parts = [
      sumsOf(x, y.grid, 0, third),
      sumsOf(x, y.grid, third, 2 * third),
      sumsOf(x, y.grid, 2 * third),
    ] as const;
    const sums = addLinear(addLinear(parts[2], parts[0]), parts[1]);
    expect(sums).toEqual(sumsOf(x, y.grid));
    const fit = fitLinear(sums, columns, y) as LinearFit;
    const { expected, certified } = one;
    expect(fit.coefficients.map(({ value }) => value)).toEqual(expected.coefficients);
    expect(fit.coefficients.map(({ se }) => se)).toEqual(expected.standard_errors);
    expect([fit.residualSs, fit.residualSd, fit.rSquared, fit.f]).toEqual([
      expected.residual_ss,
      expected.residual_sd,
      expected.r_squared,
      expected.F,
    ]);
    for (const [i, { value, se }] of fit.coefficients.entries()) {
      expect(digitsRight(value, Number(certified.coefficients[i]))).toBeGreaterThan(14);
      expect(digitsRight(se ?? 0, Number(certified.standard_errors[i]))).toBeGreaterThan(14);
    }
  });

  test("names the column that others determine", () => {
    const x = [
      [1n, 1n, 1n, 1n],
      [1n, 2n, 3n, 4n],
      [3n, 5n, 7n, 9n],
    ];
    const columns = ["1", "a", "1 + 2a"].map((name) => ({ name, decimals: 0 }));
    expect(fitLinear(sumsOf(x, [1n, 3n, 2n, 5n]), columns, { decimals: 0 })).toEqual({
      dependentColumn: 2,
    });
  });

  test("a perfect fit has no residual, no standard error's p and no F", () => {
    const x = [
      [1n, 1n, 1n, 1n],
      [1n, 2n, 3n, 4n],
    ];
    const columns = ["1", "a"].map((name) => ({ name, decimals: 0 }));
    expect(fitLinear(sumsOf(x, [3n, 5n, 7n, 9n]), columns, { decimals: 0 })).toMatchObject({
      residualSs: 0,
      f: null,
      coefficients: [
        { value: 1, p: null },
        { value: 2, p: null },
      ],
    });
  });
});

interface Mixed {
  cases: {
    id: string;
    fixed: string[];
    group_summaries: Record<string, { n: number; XtX: number[][]; Xty: number[]; yty: number }>;
    expected: Record<
      "REML" | "ML",
      { beta: number[]; se: number[]; tau2: number; sigma2: number; icc: number; loglik: number }
    >;
  }[];
}

const mixed = readVector<Mixed>("expected-mixed-model.json").cases;

const groupSums = (one: Mixed["cases"][number]) =>
  new Map(
    Object.entries(one.group_summaries).map(([site, { n, XtX, Xty, yty }]) => [
      site,
      {
        n: String(n),
        xtx: XtX.flatMap((row, i) => row.slice(i).map(String)),
        xty: Xty.map(String),
        yty: String(yty),
      },
    ]),
  );

describe.each(["REML", "ML"] as const)("random site intercept, %s", (method) => {
  test.each(mixed)("$id", (one) => {
    const columns = one.fixed.map((name) => ({ name, decimals: 0 }));
    const fit = fitMixed(groupSums(one), columns, { decimals: 0 }, method);
    const expected = one.expected[method];
    const beta = fit?.coefficients.map(({ value }) => value);
    expect(differences(beta, expected.beta)).toBeLessThan(1e-6);
    expect(
      differences(
        fit?.coefficients.map(({ se }) => se),
        expected.se,
      ),
    ).toBeLessThan(1e-6);
    if (expected.tau2 === 0) expect(fit?.tau2).toBe(0);
    else expect(relative(fit?.tau2 ?? 0, expected.tau2)).toBeLessThan(1e-6);
    expect(relative(fit?.sigma2 ?? 0, expected.sigma2)).toBeLessThan(1e-6);
    expect(relative(fit?.logLikelihood ?? 0, expected.loglik)).toBeLessThan(1e-8);
  });
});

test("site fixed effects come from the sites' own sums", () => {
  interface Pooled {
    expected: {
      ancova_with_site_effects: { coef: number[]; se: number[]; rss: number; df: number };
    };
  }
  const { expected } = readVector<Pooled>("expected-phq9-three-sites.json");
  const one = mixed.find(({ id }) => id === "phq9_ancova_random_site");
  const columns = ["1", "baseline", "arm"].map((name) => ({ name, decimals: 0 }));
  const { sums, columns: all } = withSiteEffects(groupSums(one as Mixed["cases"][number]), columns);
  expect(all.map(({ name }) => name)).toEqual(["site A", "site B", "site C", "baseline", "arm"]);
  const fit = fitLinear(sums, all, { decimals: 0 }, false) as LinearFit;
  const { coef, se, rss, df } = expected.ancova_with_site_effects;
  expect(
    differences(
      fit.coefficients.map(({ value }) => value),
      coef,
    ),
  ).toBeLessThan(1e-10);
  expect(
    differences(
      fit.coefficients.map((c) => c.se),
      se,
    ),
  ).toBeLessThan(1e-10);
  expect(relative(fit.residualSs, rss)).toBeLessThan(1e-10);
  expect(fit.df).toBe(df);
});

interface Logistic {
  cases: {
    rows: [string, number, ...number[]][];
    expected: {
      newton_path_from_zero: { beta: number[]; loglik: number }[];
      coefficients: number[];
      standard_errors: number[];
      loglik: number;
      inverse_variance_meta: { coefficients: number[]; se: number[] };
      site_fixed_effects: { coefficients: number[]; standard_errors: number[]; loglik: number };
    };
  }[];
}

/** A site's part of a round, straight from its rows. */
function roundOf(family: Family, x: number[][], y: number[], beta: number[]): RoundSums {
  const size = beta.length;
  let logLikelihood = 0;
  const gradient = beta.map(() => 0);
  const information = beta.map(() => beta.map(() => 0));
  for (const [r, row] of x.entries()) {
    const eta = row.reduce((sum, v, i) => sum + v * (beta[i] ?? 0), 0);
    const of = y[r] ?? 0;
    const mean = family === "logistic" ? 1 / (1 + Math.exp(-eta)) : Math.exp(eta);
    const weight = family === "logistic" ? mean * (1 - mean) : mean;
    logLikelihood += family === "logistic" ? of * eta - Math.log1p(Math.exp(eta)) : of * eta - mean;
    for (let i = 0; i < size; i++) {
      gradient[i] = (gradient[i] ?? 0) + (row[i] ?? 0) * (of - mean);
      for (let j = i; j < size; j++) {
        const line = information[i] as number[];
        line[j] = (line[j] ?? 0) + weight * (row[i] ?? 0) * (row[j] ?? 0);
      }
    }
  }
  return {
    n: String(x.length),
    logLikelihood,
    gradient,
    information: information.flatMap((row, i) => row.slice(i)),
  };
}

/** Runs all rounds over one set of rows. */
function fitRounds(family: Family, x: number[][], y: number[], names: string[]) {
  const path: Progress[] = [];
  let progress = firstRound(names.length);
  for (;;) {
    path.push(progress);
    const taken = step(roundOf(family, x, y, progress.beta), progress, { family, columns: names });
    if (taken.state !== "next") return { taken, path };
    progress = taken.progress;
  }
}

describe("logistic regression by rounds", () => {
  const [infert, separated] = readVector<Logistic>("expected-regression-logistic.json").cases as [
    Logistic["cases"][number],
    Logistic["cases"][number],
  ];
  const y = infert.rows.map((row) => row[1]);
  const names = ["1", "age", "parity", "spontaneous", "induced"];
  const x = infert.rows.map((row) => [1, ...(row.slice(2) as number[])]);
  const fitOf = (taken: ReturnType<typeof step>) => {
    if (taken.state !== "done") throw new Error(taken.state);
    return taken.fit;
  };

  test("follows Newton's path from zero and ends at the pooled estimate", () => {
    const { taken, path } = fitRounds("logistic", x, y, names);
    const fit = fitOf(taken);
    const expected = infert.expected;
    for (const [i, point] of expected.newton_path_from_zero.entries()) {
      if (path[i]) expect(differences(path[i].beta, point.beta)).toBeLessThan(1e-9);
    }
    expect(
      differences(
        fit.coefficients.map(({ value }) => value),
        expected.coefficients,
      ),
    ).toBeLessThan(1e-9);
    expect(
      differences(
        fit.coefficients.map(({ se }) => se),
        expected.standard_errors,
      ),
    ).toBeLessThan(1e-9);
    expect(relative(fit.logLikelihood, expected.loglik)).toBeLessThan(1e-9);
    expect(fit.rounds).toBeLessThanOrEqual(8);
  });

  test("with a column for each site", () => {
    const sites = ["0-5yrs", "12+ yrs", "6-11yrs"];
    const withSites = infert.rows.map((row) => [
      ...sites.map((site) => (row[0] === site ? 1 : 0)),
      ...(row.slice(2) as number[]),
    ]);
    const fit = fitOf(fitRounds("logistic", withSites, y, [...sites, ...names.slice(1)]).taken);
    const expected = infert.expected.site_fixed_effects;
    expect(
      differences(
        fit.coefficients.map(({ value }) => value),
        expected.coefficients,
      ),
    ).toBeLessThan(1e-9);
    expect(
      differences(
        fit.coefficients.map(({ se }) => se),
        expected.standard_errors,
      ),
    ).toBeLessThan(1e-8);
  });

  test("one exchange: each site's own fit by its variance, and a separated site lost", () => {
    const fits: { n: number; beta: number[]; variances: number[] }[] = [];
    const lost: string[] = [];
    for (const site of new Set(infert.rows.map(([name]) => name))) {
      const rows = infert.rows.flatMap(([name], i) => (name === site ? [i] : []));
      const { taken } = fitRounds(
        "logistic",
        rows.map((r) => x[r] ?? []),
        rows.map((r) => y[r] ?? 0),
        names,
      );
      if (taken.state === "done") {
        const { coefficients, n } = taken.fit;
        fits.push({
          n,
          beta: coefficients.map(({ value }) => value),
          variances: coefficients.map(({ se }) => se ** 2),
        });
      } else lost.push(site);
    }
    expect(lost).toEqual(["0-5yrs"]);
    const combined: GeneralisedFit = combineFits(fits, names);
    const expected = infert.expected.inverse_variance_meta;
    expect(
      differences(
        combined.coefficients.map(({ value }) => value),
        expected.coefficients,
      ),
    ).toBeLessThan(1e-6);
    expect(
      differences(
        combined.coefficients.map(({ se }) => se),
        expected.se,
      ),
    ).toBeLessThan(1e-6);
  });

  test("refuses a separated outcome", () => {
    const rows = separated.rows as unknown as [string, number, number][];
    const taken = fitRounds(
      "logistic",
      rows.map(([, , v]) => [1, v]),
      rows.map(([, v]) => v),
      ["1", "x"],
    ).taken;
    expect(taken).toMatchObject({
      state: "refused",
      reason: expect.stringContaining("x separates"),
    });
  });

  test("refuses a column that others determine, by its name", () => {
    const twice = x.map((row) => [...row, (row[1] ?? 0) * 2]);
    const { taken } = fitRounds("logistic", twice, y, [...names, "twice the age"]);
    expect(taken).toMatchObject({
      state: "refused",
      reason: expect.stringContaining("twice the age"),
    });
  });
});

test("Poisson regression by rounds: Dobson's trial (R, ?glm)", () => {
  const counts = [18, 17, 15, 20, 10, 20, 25, 13, 12];
  const rows = counts.map((_, i) => {
    const [outcome, treatment] = [i % 3, Math.floor(i / 3)];
    return [
      1,
      outcome === 1 ? 1 : 0,
      outcome === 2 ? 1 : 0,
      treatment === 1 ? 1 : 0,
      treatment === 2 ? 1 : 0,
    ];
  });
  const { taken } = fitRounds("poisson", rows, counts, [
    "1",
    "outcome2",
    "outcome3",
    "treatment2",
    "treatment3",
  ]);
  if (taken.state !== "done") throw new Error(taken.state);
  const values = taken.fit.coefficients.map(({ value, se }) => [value, se]);
  const printed = [
    [3.045, 0.1709],
    [-0.4543, 0.2022],
    [-0.293, 0.1927],
    [0, 0.2],
    [0, 0.2],
  ];
  for (const [i, [value = 0, se = 0]] of printed.entries()) {
    expect(values[i]?.[0]).toBeCloseTo(value, 3);
    expect(values[i]?.[1]).toBeCloseTo(se, 4);
  }
});

interface Meta {
  cases: {
    id: string;
    yi?: number[];
    vi?: number[];
    expected: Record<string, never> & {
      fixed: { estimate: number; se: number };
      Q: number;
      Q_p: number;
      I2_Q_based: number;
      tau2_ci95_Q_profile: [number, number];
    };
  }[];
}

describe("random-effects meta-analysis", () => {
  const cases = readVector<Meta>("expected-meta-analysis.json").cases.filter(
    ({ yi, id }) => yi && id !== "k1",
  );
  test.each(cases)("$id", ({ yi = [], vi = [], expected }) => {
    const of = metaAnalysis(
      yi.map((estimate, i) => ({ site: `S${i}`, estimate, variance: vi[i] ?? 0 })),
    );
    expect(
      differences(
        [of.fixed.estimate, of.fixed.se, of.q, of.qP],
        [expected.fixed.estimate, expected.fixed.se, expected.Q, expected.Q_p],
      ),
    ).toBeLessThan(1e-7);
    expect(Math.abs(100 * (of.i2 ?? 0) - expected.I2_Q_based)).toBeLessThan(1e-7);
    for (const [name, mine] of [
      ["REML", of.reml],
      ["DL", of.dersimonianLaird],
    ] as const) {
      const theirs = expected[name] as unknown as {
        tau2: number;
        estimate: number;
        se: number;
        hk_modified: { se: number; ci95: [number, number] };
        pi95_t_k_minus_2?: [number, number] | null;
      };
      expect(Math.abs(mine.tau2 - theirs.tau2)).toBeLessThan(1e-7 * theirs.tau2 + 1e-9);
      expect(
        differences(
          [mine.estimate, mine.se, mine.hartungKnapp.se],
          [theirs.estimate, theirs.se, theirs.hk_modified.se],
        ),
      ).toBeLessThan(1e-7);
      expect(differences(mine.hartungKnapp.interval, theirs.hk_modified.ci95)).toBeLessThan(1e-7);
      if (theirs.pi95_t_k_minus_2) {
        expect(differences(mine.prediction ?? [], theirs.pi95_t_k_minus_2)).toBeLessThan(1e-7);
      } else expect(mine.prediction).toBeNull();
    }
    for (const [i, bound] of expected.tau2_ci95_Q_profile.entries()) {
      expect(Math.abs((of.tau2Interval?.[i] ?? 0) - bound)).toBeLessThan(1e-6 * bound + 1e-9);
    }
  });

  test("one site is its own result", () => {
    const of = metaAnalysis([{ site: "A", estimate: 2, variance: 0.25 }]);
    expect(of).toMatchObject({ q: 0, qP: null, i2: null, tau2Interval: null });
    expect(of.reml).toMatchObject({ estimate: 2, se: 0.5, tau2: 0, prediction: null });
  });
});

interface Survival {
  cases: {
    site_tables: Record<string, Record<string, Record<string, [number, number]>>>;
    expected: {
      kaplan_meier: Record<
        string,
        {
          median: number;
          steps: {
            t: number;
            n_risk: number;
            d: number;
            S: number;
            se_greenwood: number | null;
            ci95_log: [number, number] | null;
          }[];
        }
      >;
      logrank_pooled: { chi2: number; p: number };
      logrank_stratified_by_site: { chi2: number; p: number };
    };
  }[];
}

describe("survival from sites' risk tables", () => {
  const [gehan] = readVector<Survival>("expected-survival.json").cases as [Survival["cases"][0]];
  const tableOf = (site: string, arm: string) =>
    Object.entries(gehan.site_tables[site]?.[arm] ?? {}).map(([time, [events, censored]]) => ({
      time: Number(time),
      events,
      censored,
    }));
  const sites = Object.keys(gehan.site_tables);
  const arms = ["6-MP", "control"];

  test.each(arms)("Kaplan-Meier of %s", (arm) => {
    const steps = kaplanMeier(sites.flatMap((site) => tableOf(site, arm)).reduce(merge, []));
    const expected = gehan.expected.kaplan_meier[arm];
    expect(medianTime(steps)).toBe(expected?.median);
    expect(steps.map(({ time, atRisk, events }) => [time, atRisk, events])).toEqual(
      expected?.steps.map(({ t, n_risk, d }) => [t, n_risk, d]),
    );
    for (const [i, theirs] of (expected?.steps ?? []).entries()) {
      expect(steps[i]?.survival).toBeCloseTo(theirs.S, 12);
      if (theirs.se_greenwood === null) expect(steps[i]?.se).toBeNull();
      else expect(relative(steps[i]?.se ?? 0, theirs.se_greenwood)).toBeLessThan(1e-10);
      if (theirs.ci95_log) {
        expect(differences(steps[i]?.interval ?? [], theirs.ci95_log)).toBeLessThan(1e-10);
      }
    }
  });

  test("log-rank, pooled and stratified by site", () => {
    const { logrank_pooled: pooled, logrank_stratified_by_site: stratified } = gehan.expected;
    const all = arms.map((arm) => sites.flatMap((site) => tableOf(site, arm)));
    const one = logRank([all]);
    expect(differences([one?.chi2, one?.p], [pooled.chi2, pooled.p])).toBeLessThan(1e-10);
    const layered = logRank(sites.map((site) => arms.map((arm) => tableOf(site, arm))));
    expect(differences([layered?.chi2, layered?.p], [stratified.chi2, stratified.p])).toBeLessThan(
      1e-10,
    );
    expect(layered?.df).toBe(1);
  });

  test("no event, no test", () => {
    expect(logRank([[[{ time: 1, events: 0, censored: 3 }], []]])).toBeNull();
    expect(kaplanMeier([])).toEqual([]);
  });
});

type Row = { time: number; events: number; censored: number };
function merge(table: Row[], row: Row): Row[] {
  const same = table.find(({ time }) => time === row.time);
  if (!same) return [...table, { ...row }];
  same.events += row.events;
  same.censored += row.censored;
  return table;
}
