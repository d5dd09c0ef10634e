import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { riskOf } from "../../pipelines/privacy/risk.ts";
import type { RiskReport } from "../../pipelines/risk.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { unpack } from "../../warehouse/packed.ts";
import { propool } from "../support/command.ts";
import { manyVisits, PEOPLE, siteIn, type TestSite, temporary } from "../support/site.ts";

// Source: our reference vectors, reidentification_risk.json.
const vectors = JSON.parse(
  await readFile(join(import.meta.dirname, "../golden/privacy/reidentification_risk.json"), "utf8"),
);
interface Case {
  id: string;
  columns: string[];
  rows: string[][];
  quasi_identifiers: string[];
  sensitive: string;
  expected: Record<string, number>;
}

describe("the risk of a table", () => {
  it.each(vectors.cases as Case[])("is that of the vectors: $id", async (one) => {
    const db = await DuckDb.open(":memory:", { small: true });
    try {
      const names = one.columns.map((name) => `"${name}" VARCHAR`);
      await db.run(`CREATE TABLE t (${names.join(", ")})`);
      for (const row of one.rows)
        await db.run(`INSERT INTO t VALUES (${row.map(() => "?").join(", ")})`, row);
      const risk = await riskOf(db, {
        relation: "FROM t",
        quasi: one.quasi_identifiers,
        sensitive: one.sensitive,
      });
      const { expected } = one;
      expect(risk).toMatchObject({
        people: expected.n,
        classes: expected.classes,
        k: expected.k,
        distinct_l: expected.distinct_l,
      });
      for (const [ours, theirs] of [
        ["prosecutor_max", "prosecutor_max"],
        ["prosecutor_mean", "prosecutor_mean"],
        ["above_009", "prosecutor_share_above_0.09"],
        ["unique", "sample_uniqueness"],
        ["entropy_l", "entropy_l"],
        ["t_closeness", "t_closeness_equal_distance"],
      ] as const)
        expect(risk[ours], ours).toBeCloseTo(expected[theirs] ?? Number.NaN, 12);
      expect(Object.values(risk.sizes).reduce((a, b) => a + b)).toBe(expected.classes);
    } finally {
      db.close();
    }
  });
});

describe("propool risk", () => {
  let remove: () => Promise<void>;
  let site: TestSite;
  beforeAll(async () => {
    const folder = await temporary();
    remove = folder.remove;
    site = await siteIn(folder.directory, "csv");
  });
  afterAll(() => remove());
  const risk = async (...more: string[]) =>
    JSON.parse((await propool("risk", site.directory, "--json", ...more)).out) as RiskReport;

  it("says that a site without a store has nobody to find", async () => {
    expect(await propool("risk", site.directory)).toMatchObject({ exitCode: 10 });
    expect(await propool("risk", site.directory, "--k", "1")).toMatchObject({ exitCode: 2 });
  });

  it("shows who stands alone and what would hide them", async () => {
    // Twelve women born in one decade, eleven men in another, and one who is alone.
    const people = Array.from({ length: 24 }, (_, i) => ({
      ...PEOPLE[0],
      key: `p${i}`,
      family: `Family${i}`,
      given: "Ann",
      mrn: `MRN00${i}x`,
      phone: "",
      email: "",
      street: `${i} Some Street`,
      sex: i < 12 || i === 23 ? ("female" as const) : ("male" as const),
      birth: i === 23 ? "1931-07-01" : i < 12 ? `196${i % 10}-02-03` : `198${i % 10}-02-03`,
    }));
    const visits = manyVisits(24).map((one, i) => ({ ...one, person: `p${i}` }));
    await site.deliver(people, visits);
    expect(await propool("run", site.directory, "--today", "2024-06-01")).toMatchObject({
      exitCode: 0,
    });
    const { risk: before, wanted } = await risk("--k", "11");
    expect(before.people).toBe(24);
    expect(before.k).toBe(1);
    expect(before.prosecutor_max).toBe(1);
    expect(wanted.reached.length).toBeGreaterThan(0);
    const [best] = wanted.reached;
    expect(best?.risk.k).toBeGreaterThanOrEqual(11);
    expect(best?.generalised.age).toBe("left out");
    const told = await propool("risk", site.directory);
    expect(told.out).not.toContain("place of care");
    expect(told.out).toContain("smallest group (k)          1");
    expect(told.out).toContain("What reaches k = 11");
  });

  it("counts the place and the specialty of care where they leave", async () => {
    const store = await DuckDb.open(site.path("store/store.duckdb"));
    try {
      await store.run(`INSERT INTO encounter (datamartid, encounterid, patid, admit_date, enc_type, facility_location)
        SELECT datamartid, patid, patid, DATE '2024-01-01', 'AV', CASE WHEN sex = 'F' THEN '803' ELSE '804' END FROM demographic`);
      await unpack(store);
      await store.run("UPDATE pro_collection SET specialty = '207Q00000X'");
    } finally {
      store.close();
    }
    const { known, wanted } = await risk("--k", "11");
    expect(known).toEqual(
      expect.arrayContaining([
        "place of care (three digits of the ZIP code)",
        "specialty (as it is)",
      ]),
    );
    expect(wanted.reached.map(({ generalised }) => generalised["place of care"])).toContain(
      "one digit of the ZIP code",
    );
  });

  it("counts the age of whom only the year of birth is known", async () => {
    const store = await DuckDb.open(site.path("store/store.duckdb"));
    try {
      await store.run(`INSERT INTO partial_date (datamartid, table_name, column_name, row_key, patid, date_value)
        SELECT datamartid, 'demographic', 'birth_date', patid, patid, CASE WHEN birth_date < DATE '1940-01-01' THEN '1931' ELSE '1950' END FROM demographic
        WHERE birth_date IS NOT NULL`);
      await store.run("UPDATE demographic SET birth_date = NULL");
    } finally {
      store.close();
    }
    const { risk: alone } = await risk();
    expect(alone.k).toBe(1);
  });

  it("reads a store of an older propool, which had no partial dates", async () => {
    const store = await DuckDb.open(site.path("store/store.duckdb"));
    try {
      await store.run("DROP TABLE partial_date");
      await store.run("DELETE FROM propool_migration WHERE name = '0011-partial-dates'");
    } finally {
      store.close();
    }
    expect((await risk()).risk.people).toBe(24);
  });
});
