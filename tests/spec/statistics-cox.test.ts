import { afterAll, describe, expect, test } from "vitest";
import { sumCox, TIES } from "../../pipelines/statistics/cox.ts";
import { addRounds, firstRound, step } from "../../pipelines/statistics/generalised.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { readVector } from "../golden/study/cohorts.ts";
import { relative } from "../golden/study/differences.ts";

interface Survival {
  tolerance: { cox_rel: number };
  cases: {
    site_tables: Record<string, Record<string, Record<string, [events: number, censored: number]>>>;
    expected: { cox: Record<string, { coef: number[]; se: number[]; loglik: number }> };
  }[];
}
const { tolerance, cases } = readVector<Survival>("expected-survival.json");
const [gehan] = cases;
const engine = await DuckDb.open(":memory:");
afterAll(() => engine.close());

/** One row a person of the 6-MP trial, for all sites as one, or each by itself. */
function rowsOf(isPooled: boolean) {
  const rows = Object.entries(gehan?.site_tables ?? {}).flatMap(([site, arms]) =>
    Object.entries(arms).flatMap(([arm, times]) =>
      Object.entries(times).flatMap(([t, [events, censored]]) =>
        [1, 0].flatMap((y) =>
          Array.from(
            { length: y ? events : censored },
            () => `('${isPooled ? "all" : site}', ${t}, ${arm === "control" ? 1 : 0}, ${y})`,
          ),
        ),
      ),
    ),
  );
  const table = `WITH model_row(datamartid, t, x0, y) AS (VALUES ${rows.join(", ")})`;
  return { select: <T extends object>(sql: string) => engine.all<T>(`${table}\n${sql}`) };
}

describe("Cox's regression of the 6-MP trial", () => {
  test.each(
    TIES.flatMap((ties) => [
      { ties, isPooled: true, name: `${ties}_pooled` },
      { ties, isPooled: false, name: `${ties}_stratified_by_site` },
    ]),
  )("$name is that of R survival", async ({ ties, isPooled, name }) => {
    const expected = gehan?.expected.cox[name];
    const rows = rowsOf(isPooled);
    let progress = firstRound(1);
    for (;;) {
      const sums = [...(await sumCox(rows, progress.beta, ties)).values()];
      const model = { family: "cox", columns: ["control"], constants: 0 } as const;
      const taken = step(sums.reduce(addRounds), progress, model);
      if (taken.state === "refused") throw new Error(taken.reason);
      if (taken.state === "next") {
        progress = taken.progress;
        continue;
      }
      const [coefficient] = taken.fit.coefficients;
      const far = [
        relative(coefficient?.value ?? 0, expected?.coef[0] ?? 0),
        relative(coefficient?.se ?? 0, expected?.se[0] ?? 0),
        relative(taken.fit.logLikelihood, expected?.loglik ?? 0),
      ];
      expect(Math.max(...far)).toBeLessThan(tolerance.cox_rel);
      expect(taken.fit.n).toBe(42);
      return;
    }
  });
});
