import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { studyText } from "../../cli/study-text.ts";
import { createSigningKey } from "../../pipelines/core/signature.ts";
import { parseStudy } from "../../pipelines/study/read-study.ts";
import { signObject } from "../../pipelines/study/summary.ts";
import {
  combineSummaries,
  compareModes,
  type ReceivedSummary,
  type ResultRow,
  readStudy,
  readSummary,
  runStudy,
  type StudyResults,
  summarizeSite,
} from "../../pipelines/study.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import type { Queryable } from "../../warehouse/queryable.ts";
import { type Person, queryable, storeOf, threeSites } from "../golden/study/cohorts.ts";

const SITES = ["A", "B", "C"] as const;
const golden = join(import.meta.dirname, "..", "golden", "study");
const study = await readStudy(join(golden, "three-sites.yaml"));
const keys = Object.fromEntries(SITES.map((site) => [site, createSigningKey()]));
const publicKeys = new Map(SITES.map((site) => [site as string, keys[site]?.publicKey ?? ""]));

let directory: string;
let databases: DuckDb[];
let pooled: Queryable;
let stores: Queryable[];
let summaries: ReceivedSummary[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "propool-study-"));
  const people = threeSites();
  databases = await Promise.all(
    [people, ...SITES.map((site) => people.filter((person) => person.site === site))].map((of) =>
      storeOf(of),
    ),
  );
  [pooled, ...stores] = databases.map(queryable) as [Queryable, ...Queryable[]];
  summaries = [];
  for (const [index, site] of SITES.entries()) {
    summaries.push(await summarize(site, stores[index] as Queryable));
  }
}, 60_000);

afterAll(async () => {
  for (const db of databases) db.close();
  await rm(directory, { recursive: true, force: true });
});

function summarize(site: string, store: Queryable, of = study): Promise<ReceivedSummary> {
  const signingKey = keys[site]?.privatePem ?? "";
  const file = join(directory, `${site}-${of.sha256.slice(0, 6)}.json`);
  return summarizeSite({ study: of, store, site, signingKey, file });
}

function numberOf(results: StudyResults, estimate: string, stratum = "all"): ResultRow {
  const rows = results.outcomes[0]?.rows ?? [];
  const row = rows.find((one) => one.estimate === estimate && one.stratum === stratum);
  if (!row) throw new Error(`no ${estimate} of ${stratum}`);
  return row;
}

describe("pooled", () => {
  test("gives the numbers of the reference analysis", async () => {
    const results = await runStudy({ study, queryable: pooled });
    expect(results).toMatchObject({ mode: "pooled", sites: ["A", "B", "C"] });
    expect(numberOf(results, "people")).toMatchObject({
      value: 202,
      state: "shown",
      exact: true,
      sites: ["A", "B", "C"],
      suppressedAt: [],
    });
    expect(numberOf(results, "mean").value).toBe(7.237623762376238);
    expect(numberOf(results, "sd").value).toBe(6.038266883984063);
    expect(numberOf(results, "mean change")).toMatchObject({ value: -300 / 149, people: 149 });
    expect(numberOf(results, "share improved").value).toBe(36 / 149);
  });

  test("is the same when asked again", async () => {
    const first = await runStudy({ study, queryable: pooled });
    expect(await runStudy({ study, queryable: pooled })).toEqual(first);
  });

  test("keeps 11 men, and hides 10 together with the women", async () => {
    const people = (men: number): Person[] =>
      Array.from({ length: 30 + men }, (_, i) => ({
        patid: `P${i}`,
        sex: i < 30 ? "F" : "M",
        scores: [{ date: "2024-01-01", value: i % 28 }],
      }));
    for (const [men, state] of [
      [11, "shown"],
      [10, "suppressed"],
    ] as const) {
      const db = await storeOf(people(men));
      const results = await runStudy({ study, queryable: queryable(db) });
      db.close();
      expect(numberOf(results, "mean", "sex=M")).toMatchObject({ state });
      expect(numberOf(results, "mean", "sex=F")).toMatchObject({ state });
      expect(numberOf(results, "people")).toMatchObject({ value: 30 + men, state: "shown" });
    }
  });
});

describe("distributed", () => {
  test("gives the pooled sums, in any order of the sites", async () => {
    const expected = await runStudy({ study, queryable: pooled });
    for (const order of [summaries, summaries.toReversed()]) {
      const results = await combineSummaries({ study, summaries: order, publicKeys });
      expect(results).toMatchObject({ mode: "distributed", sites: ["A", "B", "C"] });
      for (const name of ["people", "administrations", "mean", "sd", "skewness (G1)"]) {
        expect(numberOf(results, name)).toEqual(numberOf(expected, name));
      }
    }
  });

  test("says at which site a number is missing", async () => {
    const results = await combineSummaries({ study, summaries, publicKeys });
    const small = results.outcomes[0]?.rows.filter((row) => row.suppressedAt.length > 0) ?? [];
    expect(small.length).toBeGreaterThan(0);
    for (const row of small) {
      expect([...row.sites, ...row.suppressedAt].sort()).toEqual(["A", "B", "C"]);
      expect(row.state === "suppressed").toBe(row.sites.length === 0);
    }
  });

  test("a summary holds sums and no person: its size does not grow with them", async () => {
    const [received] = summaries;
    const text = await readFile(received?.file ?? "", "utf8");
    expect(text).not.toMatch(/A00\d\d/);
    expect(text).toContain('"format": "propool-summary/2"');
    expect(received).toMatchObject(await readSummary(received?.file ?? ""));
  });

  test("no site in it is an empty answer, not an error", async () => {
    const results = await combineSummaries({ study, summaries: [], publicKeys });
    expect(numberOf(results, "people").value).toBe(0);
    expect(numberOf(results, "mean")).toMatchObject({ value: null, state: "undefined" });
  });

  test("a site without people adds nothing and is named", async () => {
    const db = await storeOf([]);
    const empty = await summarize("C", queryable(db));
    db.close();
    const [a, b] = summaries as [ReceivedSummary, ReceivedSummary];
    const results = await combineSummaries({ study, summaries: [a, b, empty], publicKeys });
    expect(numberOf(results, "people")).toMatchObject({ value: 166, sites: ["A", "B", "C"] });
    await summarize("C", stores[2] as Queryable);
  });

  test("a site with one person hides that there is one", async () => {
    const db = await storeOf([
      { site: "C", patid: "X", scores: [{ date: "2024-01-01", value: 23 }] },
    ]);
    const one = await summarize("C", queryable(db));
    db.close();
    expect(one.summary.outcomes[0]?.cells).toEqual([
      {
        stratum: "all",
        statistics: {
          count: "suppressed",
          moments: "suppressed",
          distribution: "suppressed",
          change: "suppressed",
          improved: "suppressed",
          covariance: "suppressed",
          items: "unavailable",
          reliability: "unavailable",
        },
      },
    ]);
    const [a] = summaries as [ReceivedSummary];
    const results = await combineSummaries({ study, summaries: [a, one], publicKeys });
    expect(numberOf(results, "people")).toMatchObject({ sites: ["A"], suppressedAt: ["C"] });
    await summarize("C", stores[2] as Queryable);
  });
});

test("a summary of the previous format is accepted; what it did not know is not available", async () => {
  const known = ["count", "moments", "distribution", "change", "improved"];
  const { summary } = summaries[0] as ReceivedSummary;
  const old = signObject(
    {
      format: "propool-summary/1",
      study: summary.study,
      site: summary.site,
      disclosure: summary.disclosure,
      outcomes: summary.outcomes.map(({ lacking: _l, channels: _c, models: _m, ...of }) => ({
        ...of,
        cells: of.cells.map(({ stratum, statistics }) => ({
          stratum,
          statistics: Object.fromEntries(
            Object.entries(statistics).filter(([name]) => known.includes(name)),
          ),
        })),
      })),
    },
    keys.A?.privatePem ?? "",
  );
  const file = join(directory, "old.json");
  await writeFile(file, JSON.stringify(old));
  const results = await combineSummaries({
    study,
    summaries: [await readSummary(file)],
    publicKeys,
  });
  expect(numberOf(results, "mean")).toMatchObject({ state: "shown", sites: ["A"] });
  const newer = results.outcomes[0]?.rows.find((row) => row.statistic === "covariance");
  expect(newer).toMatchObject({ state: "unavailable", unavailableAt: ["A"] });
});

test("the variance between two sites is refused, and the refusal says why", async () => {
  const two = { ...study, population: { ...study.population, sites: ["A", "B"] } };
  const { outcomes } = await runStudy({ study: two, queryable: pooled });
  expect(outcomes[0]?.comparisons[0]).toMatchObject({
    sites: [{ site: "A" }, { site: "B" }],
    meta: null,
    refused: "the variance between sites cannot be estimated from fewer than 3 sites",
  });
});

test("a hidden change says why, and what to do about it", async () => {
  const db = await storeOf(
    Array.from({ length: 30 }, (_, i) => ({
      patid: `P${i}`,
      scores: ["2024-01-10", "2024-04-09"]
        .slice(0, i < 5 ? 1 : 2)
        .map((date) => ({ date, value: i % 28 })),
    })),
  );
  const results = await runStudy({ study: { ...study, strata: [] }, queryable: queryable(db) });
  const pairs = { ...study, strata: [], windows: { ...study.windows, complete_pairs: true } };
  const complete = await runStudy({ study: pairs, queryable: queryable(db) });
  db.close();
  expect(numberOf(results, "people")).toMatchObject({ value: 30, note: null });
  expect(numberOf(results, "mean change")).toMatchObject({
    state: "suppressed",
    note: expect.stringContaining("windows.complete_pairs"),
  });
  expect(studyText(results)).toContain("windows.complete_pairs");
  expect(numberOf(complete, "mean change")).toMatchObject({ state: "shown", people: 25 });
});

test("before suppression both modes agree to the last bit", async () => {
  const check = await compareModes({ study, pooled, stores });
  expect(check.byStatistic).toMatchObject({
    count: 0,
    moments: 0,
    distribution: 0,
    change: 0,
    improved: 0,
    covariance: 0,
    "baseline between strata": 0,
    "change between strata": 0,
    "improved between strata": 0,
  });
  expect(check.maxRelativeDifference).toBe(0);
  expect(check.compared).toBeGreaterThan(100);
});

test("the check sees a store that is not the pooled one", async () => {
  const check = await compareModes({ study, pooled, stores: stores.slice(1) });
  expect(check.byStatistic.count).toBeGreaterThan(0.1);
  expect(check.maxRelativeDifference).toBeGreaterThan(0.1);
});

describe("a summary that is refused", () => {
  /** The first site's summary with its text changed. */
  async function changed(change: (text: string) => string): Promise<ReceivedSummary> {
    const file = join(directory, "changed.json");
    await writeFile(file, change(await readFile(summaries[0]?.file ?? "", "utf8")));
    return readSummary(file);
  }

  async function refusalOf(of: () => Promise<ReceivedSummary[]>, more = {}): Promise<unknown> {
    const asked = { study, publicKeys, ...more };
    return combineSummaries({ ...asked, summaries: await of() }).then(
      () => "accepted",
      (error) => ({ code: error.code, record: error.where.record }),
    );
  }

  test("tampered: one digit of a sum changed", async () => {
    const summaries = [await changed((text) => text.replace(/("s1": "\d*)\d"/, '$19"'))];
    const refusal = { code: "SUBMISSION_TAMPERED", record: "A" };
    expect(await refusalOf(async () => summaries)).toEqual(refusal);
    const withoutKeys = await combineSummaries({ study, summaries }).catch(({ code }) => code);
    expect(withoutKeys).toBe("SUBMISSION_TAMPERED");
  });

  test("signed by somebody else", async () => {
    const other = new Map([["A", createSigningKey().publicKey]]);
    expect(await refusalOf(async () => summaries.slice(0, 1), { publicKeys: other })).toEqual({
      code: "SUBMISSION_TAMPERED",
      record: "A",
    });
  });

  test("unsigned", async () => {
    const unsigned = () => changed((text) => text.replace(/,\s*"signature": "[^"]*"/, ""));
    expect(await refusalOf(async () => [await unsigned()])).toMatchObject({
      code: "SUBMISSION_UNSIGNED",
    });
  });

  test("of a site that the hub does not know", async () => {
    expect(await refusalOf(async () => summaries, { publicKeys: new Map() })).toMatchObject({
      code: "SUBMISSION_UNKNOWN_SITE",
    });
  });

  test("of another study file, be it one blank", async () => {
    const source = await readFile(study.file, "utf8");
    const other = parseStudy(`${source} `, study.file);
    expect(await refusalOf(async () => summaries, { study: other })).toMatchObject({
      code: "SUBMISSION_OUTDATED",
    });
  });

  test("twice of the same site", async () => {
    expect(await refusalOf(async () => [...summaries, ...summaries.slice(0, 1)])).toEqual({
      code: "SUBMISSION_DUPLICATE_SITE",
      record: "A",
    });
  });

  test.each([
    ["half a file", (text: string) => text.slice(0, text.length / 2)],
    ["an unknown key", (text: string) => text.replace('"format"', '"extra": 1, "format"')],
    ["a sum that is no integer", (text: string) => text.replace(/"s1": "/, '"s1": "0.5')],
    ["a format of the future", (text: string) => text.replace("summary/2", "summary/9")],
  ])("%s", async (_, change) => {
    await expect(changed(change)).rejects.toMatchObject({ code: "SUBMISSION_SUMMARY" });
  });

  test("a missing file", async () => {
    await expect(readSummary(join(directory, "none.json"))).rejects.toMatchObject({
      code: "SUBMISSION_SUMMARY",
    });
  });
});

describe("a study that is refused", () => {
  const asking = (more: string) =>
    parseStudy(
      `id: t\ntitle: t\nmeasure: { instrument: phq-9, score: total }\n${more}`,
      "study.yaml",
    );

  test("the site as a stratum does not leave a site, and works on the pool", async () => {
    const of = asking("strata: [site]\npopulation: { dates: { to: 2024-03-31 } }");
    await expect(summarize("A", stores[0] as Queryable, of)).rejects.toMatchObject({
      code: "DISCLOSURE_SITE_STRATUM",
    });
    const results = await runStudy({ study: of, queryable: pooled });
    expect(numberOf(results, "people", "site=A").value).toBe(104);
  });

  test("one that does not ask this site", async () => {
    const of = asking("population: { sites: [B] }");
    await expect(summarize("A", stores[0] as Queryable, of)).rejects.toMatchObject({
      code: "CONFIG_STUDY_SITE",
    });
  });

  test.each([
    ["an unknown statistic", "statistics: [mode]", "CONFIG_STUDY"],
    ["change without a follow-up", "statistics: [change]", "CONFIG_STUDY"],
    ["an unknown profile", "disclosure: none", "CONFIG_DISCLOSURE"],
  ])("%s", async (_, more, code) => {
    await expect(runStudy({ study: asking(more), queryable: pooled })).rejects.toMatchObject({
      code,
    });
  });

  test.each([
    ["an unknown instrument", "measure: { instrument: phq-99, score: total }"],
    ["an unknown score", "measure: { instrument: phq-9, score: sum }"],
  ])("%s", async (_, measure) => {
    const of = parseStudy(`id: t\ntitle: t\n${measure}`, "study.yaml");
    await expect(runStudy({ study: of, queryable: pooled })).rejects.toMatchObject({
      code: "CONFIG_STUDY_MEASURE",
    });
  });

  test.each([
    ["scores off the grid", { value: 10.5 }, "QUALITY_OFF_GRID"],
    ["scores of another number of decimals", { decimals: 1 }, "QUALITY_MIXED_SCALES"],
    ["scores of another scale", { scale: "t" }, "QUALITY_MIXED_SCALES"],
  ])("%s stop it", async (_, score, code) => {
    const db = await storeOf([
      { patid: "X", scores: [{ date: "2024-01-01", value: 10, ...score }] },
    ]);
    const rejection = expect(runStudy({ study, queryable: queryable(db) })).rejects;
    await rejection.toMatchObject({ code, message: expect.stringMatching(/^1 scores of phq-9/) });
    db.close();
  });
});

test("a score without a minimal important difference says so, and never zero", async () => {
  const of = parseStudy(
    [
      "id: t",
      "title: t",
      "measure: { instrument: promis-global-10, score: gph_t }",
      "windows: { follow_up: { target: 90, days: [60, 120] } }",
    ].join("\n"),
    "study.yaml",
  );
  const results = await runStudy({ study: of, queryable: pooled });
  expect(numberOf(results, "share improved")).toMatchObject({ state: "unavailable", value: null });
});
