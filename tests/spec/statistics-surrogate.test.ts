import { afterAll, describe, expect, test } from "vitest";
import { addRounds } from "../../pipelines/statistics/generalised.ts";
import { sumRound } from "../../pipelines/statistics/model-sums.ts";
import { fitSurrogate } from "../../pipelines/statistics/surrogate.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { readVector } from "../golden/study/cohorts.ts";
import { differences } from "../golden/study/differences.ts";

interface Logistic {
  tolerance: { odal_rel: number };
  cases: {
    rows: [string, ...number[]][];
    expected: {
      local_fits: Record<string, { coefficients: number[] | null }>;
      inverse_variance_meta: { coefficients: number[] };
      odal_one_shot: { lead_site: string; estimates: Record<string, number[]> };
    };
  }[];
}
const { tolerance, cases } = readVector<Logistic>("expected-regression-logistic.json");
const [infert] = cases;
const engine = await DuckDb.open(":memory:");
afterAll(() => engine.close());

const values = (infert?.rows ?? []).map(
  ([site, y, ...x]) => `('${site}', 1, ${x.join(", ")}, ${y})`,
);
const table = `WITH model_row(datamartid, x0, x1, x2, x3, x4, y) AS (VALUES ${values.join(", ")})`;
const rows = { select: <T extends object>(sql: string) => engine.all<T>(`${table}\n${sql}`) };

describe("infert by education, fitted at one site for all", () => {
  const { local_fits, inverse_variance_meta, odal_one_shot } = infert?.expected ?? {};
  const lead = odal_one_shot?.lead_site ?? "";
  const starts = {
    local_lead: local_fits?.[lead]?.coefficients ?? [],
    inverse_variance_meta: inverse_variance_meta?.coefficients ?? [],
  };
  test.each(
    Object.entries(starts).flatMap(([name, start]) =>
      ([1, 2] as const).map((order) => ({ name: `${name}_init_order${order}`, start, order })),
    ),
  )("$name is that of the reference", async ({ name, start, order }) => {
    const at = (beta: readonly number[]) => sumRound(rows, "logistic", beta);
    const all = [...(await at(start)).values()].reduce(addRounds);
    const own = async (beta: readonly number[]) => {
      const sums = (await at(beta)).get(lead);
      if (!sums) throw new Error("no lead site");
      return sums;
    };
    const fit = await fitSurrogate(own, { start, all, order });
    if ("refused" in fit) throw new Error(fit.refused);
    const expected = odal_one_shot?.estimates[name] ?? [];
    expect(differences(fit.beta, expected)).toBeLessThan(tolerance.odal_rel);
  });
});
