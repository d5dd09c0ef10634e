import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileCohort, compileWith } from "../../pipelines/study/cohort.ts";
import { parseStudy } from "../../pipelines/study/read-study.ts";
import type { StudyResults } from "../../pipelines/study.ts";
import { runStudy } from "../../pipelines/study.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { queryable } from "../golden/study/cohorts.ts";
import { storeWith } from "../support/store.ts";

const study = (more: string) =>
  parseStudy(
    `id: t\ntitle: t\nmeasure: { instrument: phq-9, score: total }\n${more}`,
    join("t.yaml"),
  );

/** Forty people at each of two sites; only S1 knows channels, requests, items, procedures and birth dates. */
let db: DuckDb;
const PEOPLE = Array.from({ length: 80 }, (_, i) => ({
  site: i < 40 ? "S1" : "S2",
  patid: `P${i}`,
  i,
}));

beforeAll(async () => {
  db = await storeWith({
    demographic: PEOPLE.map(({ site, patid, i }) => ({
      datamartid: site,
      patid,
      sex: i % 2 === 0 ? "F" : "M",
      birth_date: site === "S1" ? "1980-06-15" : null,
    })),
    procedures: PEOPLE.filter(({ site }) => site === "S1").map(({ site, patid }) => ({
      datamartid: site,
      patid,
      proceduresid: patid,
      px: "27447",
      px_type: "CH",
      px_date: "2024-01-20",
    })),
    condition: PEOPLE.filter(({ site }) => site === "S1").map(({ site, patid }) => ({
      datamartid: site,
      patid,
      conditionid: patid,
      condition: "F32.1",
      condition_type: "10",
      onset_date: "2024-01-10",
    })),
    pro_request: PEOPLE.filter(({ site }) => site === "S1").map(({ site, patid, i }) => ({
      datamartid: site,
      patid,
      pro_requestid: patid,
      instrument: "phq-9",
      kind: "task",
      request_date: "2024-01-05",
      status: "open",
      channel: i < 20 ? "portal" : "phone",
      pro_seq: i % 20 < 15 ? `${patid}-0` : null,
    })),
    pro_collection: PEOPLE.filter(({ site }) => site === "S1").map(({ site, patid, i }) => ({
      datamartid: site,
      patid,
      pro_seq: `${patid}-0`,
      instrument: "phq-9",
      pro_date: "2024-01-10",
      channel: i < 20 ? "portal" : "phone",
      items_answered: 9,
      items_expected: 9,
    })),
    pro_cm: PEOPLE.flatMap(({ site, patid, i }) =>
      ["2024-01-10", "2024-02-01"].map((date, n) => ({
        datamartid: site,
        patid,
        pro_cm_id: `${patid}-${n}`,
        pro_seq: `${patid}-${n}`,
        pro_date: date,
        pro_response_num: String(n === 0 ? 10 : 2 + (i % 5)),
      })),
    ),
    pro_cm_detail: PEOPLE.flatMap(({ site, patid }) =>
      [0, 1].map((n) => ({
        datamartid: site,
        patid,
        pro_cm_id: `${patid}-${n}`,
        pro_seq: `${patid}-${n}`,
        instrument: "phq-9",
        kind: "score",
        name: "total",
        origin: "computed",
        preferred: true,
        scale: "raw",
        decimals: 0,
        confidence: "high",
      })),
    ),
  });
});
afterAll(() => db?.close());

async function cohort(
  more: string,
): Promise<{ people: number; baseline: string[]; strata: string[] }> {
  const of = study(more);
  const steps = compileCohort(of, of.outcomes[0] as never, { decimals: 0 });
  const rows = await db.all<{ stratum: string; baseline: bigint; index_date: unknown }>(
    `${compileWith(steps)}\nSELECT stratum, baseline, CAST(index_date AS VARCHAR) AS index_date FROM cohort`,
  );
  const distinct = (values: string[]) => [...new Set(values)].sort();
  return {
    people: rows.length,
    baseline: distinct(rows.map((row) => `${row.index_date}: ${row.baseline}`)).slice(0, 1),
    strata: distinct(rows.map(({ stratum }) => stratum)),
  };
}

const CODES = `codes: [{ code_system: "http://www.ama-assn.org/go/cpt", codes: ["2744*"] }]`;
const ICD = `codes: [{ code_system: "http://hl7.org/fhir/sid/icd-10-cm", codes: ["F32*"] }]`;
const WIDE = "windows: { baseline: { days: [-30, 30] } }";

describe("day 0", () => {
  test.each([
    ["the first administration", "", 80, "2024-01-10: 10"],
    [
      "the first procedure of the lists, the score nearest to it",
      `index: { event: procedure, ${CODES} }\n${WIDE}`,
      40,
      "2024-01-20: 10",
    ],
    [
      "the first diagnosis of the lists",
      `index: { event: diagnosis, ${ICD} }\n${WIDE}`,
      40,
      "2024-01-10: 10",
    ],
    [
      "one date for everybody",
      `index: { event: date, date: 2024-01-11 }\n${WIDE}`,
      80,
      "2024-01-11: 10",
    ],
    [
      "a procedure outside the dates",
      `index: { event: procedure, ${CODES} }\n${WIDE}\npopulation: { dates: { to: 2024-01-19 } }`,
      0,
      undefined,
    ],
  ])("is %s", async (_, more, people, baseline) => {
    const found = await cohort(more);
    expect([found.people, found.baseline[0]?.slice(0, 14)]).toEqual([people, baseline]);
  });
});

describe("who and how", () => {
  test.each([
    [
      "people with a procedure of the lists",
      `population: { procedures: [{ code_system: "http://www.ama-assn.org/go/cpt", codes: ["27447"] }] }`,
      40,
    ],
    ["people with another instrument too", "population: { measures: [gad-7] }", 0],
    ["administrations of a channel", "collection: { channel: [portal] }", 20],
  ])("%s", async (_, more, people) => {
    expect((await cohort(more)).people).toBe(people);
  });

  test("age groups and channels are strata", async () => {
    expect((await cohort("strata: [{ age: [40, 65] }]")).strata).toEqual([
      "age=40-64",
      "age=unknown",
    ]);
    expect((await cohort("strata: [channel]")).strata).toEqual([
      "channel=phone",
      "channel=portal",
      "channel=unknown",
    ]);
  });

  test("complete pairs leave out who has no follow-up", async () => {
    const more = "windows: { follow_up: { target: 30, days: [25, 40] }, complete_pairs: true }";
    expect((await cohort(more)).people).toBe(0);
  });
});

describe("what a site lacks", () => {
  const rowsOf = (results: StudyResults, statistic: string) =>
    (results.outcomes[0]?.rows ?? []).filter((row) => row.statistic === statistic);

  test("a field of the population: not available there, and never zero", async () => {
    const results = await runStudy({
      study: study("population: { age: { min: 18 } }"),
      queryable: queryable(db),
    });
    expect(results.outcomes[0]?.lacking).toEqual([
      { site: "S2", fields: ["DEMOGRAPHIC.BIRTH_DATE"] },
    ]);
    expect(rowsOf(results, "count")[0]).toMatchObject({
      value: 40,
      sites: ["S1"],
      unavailableAt: ["S2"],
    });
  });

  test("requests and channels: rates rest on the sites that have them", async () => {
    const results = await runStudy({
      study: study("statistics: [response, completion, items]"),
      queryable: queryable(db),
    });
    expect(
      rowsOf(results, "response").find((row) => row.estimate === "share answered"),
    ).toMatchObject({
      stratum: "all",
      state: "suppressed",
    });
    const completion = rowsOf(results, "completion").filter(
      (row) => row.estimate === "share complete",
    );
    expect(completion.map(({ stratum, value, people }) => [stratum, value, people])).toEqual([
      ["all", 1, 40],
      ["channel=phone", 1, 20],
      ["channel=portal", 1, 20],
    ]);
    expect(completion[0]).toMatchObject({ sites: ["S1"], unavailableAt: ["S2"] });
    expect(rowsOf(results, "items")[0]).toMatchObject({
      state: "unavailable",
      unavailableAt: ["S1", "S2"],
    });
  });
});
