import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compileCohort, compileWith } from "../../pipelines/study/cohort.ts";
import { parseStudy, readStudy, type Study } from "../../pipelines/study/read-study.ts";
import { GRID_CHECK } from "../../pipelines/study/scores.ts";
import { linkPeople, type Person, queryable, storeOf } from "../golden/study/cohorts.ts";

const golden = join(import.meta.dirname, "..", "golden", "study");

const study = (more = ""): Study =>
  parseStudy(
    [
      "id: test",
      "title: test",
      "measure: { instrument: phq-9, score: total }",
      "windows:",
      "  follow_up: { target: 90, days: [60, 120] }",
      more,
    ].join("\n"),
    "test.yaml",
  );

interface Row {
  patid: string;
  stratum: string;
  administrations: bigint;
  baseline: bigint;
  follow_up: bigint | null;
}

async function cohortOf(
  people: Person[],
  of = study(),
  links: Record<string, string> = {},
): Promise<Row[]> {
  const db = await storeOf(people);
  await linkPeople(db, links);
  const cohort = compileWith(compileCohort(of, of.outcomes[0] as never, { decimals: 0 }));
  const rows = await db.all<Row>(`${cohort}\nSELECT * FROM cohort ORDER BY datamartid, patid`);
  db.close();
  return rows;
}

/** Scores on days after 2024-01-01. */
const onDays = (days: Record<number, number>): Person["scores"] =>
  Object.entries(days).map(([day, value]) => ({
    date: new Date(Date.UTC(2024, 0, 1 + Number(day))).toISOString().slice(0, 10),
    value,
  }));

describe("the follow-up of target day 90 from day 60 to day 120", () => {
  test.each([
    ["on the target day", { 0: 10, 90: 5 }, 5n],
    ["nearer to the target wins", { 0: 10, 80: 7, 95: 5 }, 5n],
    ["the earlier one wins on ties", { 0: 10, 85: 7, 95: 5 }, 7n],
    ["the first day of the window", { 0: 10, 60: 5 }, 5n],
    ["one day before the window", { 0: 10, 59: 5 }, null],
    ["the last day of the window", { 0: 10, 120: 5 }, 5n],
    ["one day after the window", { 0: 10, 121: 5 }, null],
    ["days count from the first administration", { 20: 10, 110: 5, 60: 9 }, 5n],
  ])("%s", async (_, days: Record<number, number>, expected) => {
    const [row] = await cohortOf([{ patid: "A", scores: onDays(days) }]);
    expect(row).toMatchObject({ baseline: 10n, follow_up: expected });
  });

  test("two on one day: the earlier time wins, a day without time last", async () => {
    const day = "2024-01-01";
    const [row] = await cohortOf([
      {
        patid: "A",
        scores: [
          { date: day, value: 1 },
          { date: day, value: 2, time: "14:00" },
          { date: day, value: 3, time: "09:30" },
        ],
      },
    ]);
    expect(row).toMatchObject({ baseline: 3n, administrations: 3n, follow_up: null });
  });
});

describe("which scores count", () => {
  const only = (score: Partial<Person["scores"][number]>) => [
    { patid: "A", scores: [{ date: "2024-01-01", value: 10, ...score }] },
  ];
  test.each([
    ["a preferred score of the measure", {}, 1],
    ["not one that is not preferred", { preferred: false }, 0],
    ["not an item", { kind: "item" }, 0],
    ["not another score", { name: "other" }, 0],
    ["not another instrument", { instrument: "gad-7" }, 0],
    ["not one without a number", { value: null }, 0],
    ["not one from a crosswalk", { origin: "linked" }, 0],
    ["a reported one", { origin: "reported" }, 1],
    ["not a provisional one", { confidence: "provisional" }, 0],
    ["one of nearly high confidence", { confidence: "medium-high" }, 1],
    ["one whose confidence is high with a remark", { confidence: "high (by the authors)" }, 1],
  ])("%s", async (_, score, expected) => {
    expect(await cohortOf(only(score))).toHaveLength(expected);
  });

  test.each([
    ["a linked one, which is never the preferred", "include_linked: true", 1],
    ["not a linked one by itself", "", 0],
  ])("%s", async (_, more, expected) => {
    const linked = only({ origin: "linked", preferred: false });
    expect(await cohortOf(linked, study(more))).toHaveLength(expected);
  });

  test.each([
    ["all of them", "include_provisional: true", 1],
    ["those of this instrument by name", "include_provisional: [phq-9]", 1],
    ["not those of another that is named", "include_provisional: [gad-7]", 0],
  ])("provisional scores where the study allows %s", async (_, more, expected) => {
    expect(await cohortOf(only({ confidence: "provisional" }), study(more))).toHaveLength(expected);
  });
});

describe("who is in the population", () => {
  const person = (more: Partial<Person>): Person => ({
    patid: "A",
    scores: [{ date: "2024-06-15", value: 10 }],
    ...more,
  });
  const adults = "population: { age: { min: 18, max: 64 } }";
  const depressed = `population: { conditions: [{ code_system: "http://hl7.org/fhir/sid/icd-10-cm", codes: ["F32*", "F33.1"] }] }`;
  const icd = (code: string, type = "10") => ({ conditions: [{ code, type }] });

  test.each([
    ["18 on the index day", adults, { birthDate: "2006-06-15" }, 1],
    ["18 one day later", adults, { birthDate: "2006-06-16" }, 0],
    ["64 for one more day", adults, { birthDate: "1959-06-16" }, 1],
    ["65 on the index day", adults, { birthDate: "1959-06-15" }, 0],
    ["no birth date where age matters", adults, { birthDate: null }, 0],
    ["no birth date where it does not", "", { birthDate: null }, 1],
    ["a code of the list", depressed, icd("F33.1"), 1],
    ["the same without its point", depressed, icd("F331"), 1],
    ["a code that begins so", depressed, icd("F32.9"), 1],
    ["a longer code than the one listed", depressed, icd("F33.10"), 0],
    ["the code in another system", depressed, icd("F33.1", "SM"), 0],
    ["no condition", depressed, {}, 0],
    ["sex of the list", "population: { sex: [M] }", { sex: "M" }, 1],
    ["another sex", "population: { sex: [M] }", { sex: "F" }, 0],
    ["another site", "population: { sites: [SITEB] }", {}, 0],
    ["on the first day of the dates", "population: { dates: { from: 2024-06-15 } }", {}, 1],
    ["before the dates", "population: { dates: { from: 2024-06-16 } }", {}, 0],
    ["on the last day of the dates", "population: { dates: { to: 2024-06-15 } }", {}, 1],
    ["after the dates", "population: { dates: { to: 2024-06-14 } }", {}, 0],
  ])("%s", async (_, more, of: Partial<Person>, expected) => {
    expect(await cohortOf([person(of)], study(more))).toHaveLength(expected);
  });

  test("a person of two sites is one at each", async () => {
    const people = ["SITEA", "SITEB"].map((site) => person({ site }));
    expect(await cohortOf(people)).toHaveLength(2);
  });

  test("strata name their variables; an unknown sex is NI", async () => {
    const people = [person({ sex: null }), person({ patid: "B", sex: "M", site: "SITEB" })];
    const rows = await cohortOf(people, study("strata: [sex, site]"));
    expect(rows.map(({ stratum }) => stratum)).toEqual(["sex=NI, site=SITEA", "sex=M, site=SITEB"]);
  });
});

describe("who attends several sites counts once, by the record", () => {
  const at = (site: string, days: Record<number, number>): Person => {
    return { site, patid: site.slice(-1), scores: onDays(days) };
  };
  const links = { "SITEA A": "one", "SITEB B": "one", "SITEC C": "one" };
  test.each([
    ["with a follow-up", [at("SITEA", { 0: 10, 5: 9, 6: 8 }), at("SITEB", { 0: 20, 90: 5 })], "B"],
    ["with most administrations", [at("SITEA", { 0: 10 }), at("SITEC", { 0: 20, 3: 5 })], "C"],
    ["of the first site", [at("SITEC", { 0: 10 }), at("SITEB", { 0: 20 })], "B"],
  ])("%s", async (_, people, kept) => {
    const rows = await cohortOf(people, study("people: linked"), links);
    expect(rows).toEqual([expect.objectContaining({ patid: kept, records: 2n })]);
  });

  test("and others stay as they are, each once", async () => {
    const people = [at("SITEA", { 0: 1 }), at("SITEB", { 0: 2 }), at("SITED", { 0: 3 })];
    const rows = await cohortOf(people, study("people: linked"), links);
    expect(rows).toMatchObject([
      { patid: "A", records: 2n },
      { patid: "D", records: 1n },
    ]);
  });

  test("of those that the study counts: a record outside its population links nobody", async () => {
    const people = [at("SITEA", { 0: 1 }), { ...at("SITEB", { 0: 2, 90: 1 }), sex: "M" }];
    const women = study("people: linked\npopulation: { sex: [F] }");
    const rows = await cohortOf(people, women, links);
    expect(rows).toMatchObject([{ patid: "A", records: 1n }]);
  });
});

test("scores off their grid are found, with their number", async () => {
  const db = await storeOf(
    [10, 10.5, 11.25].map((value, index) => ({
      patid: `P${index}`,
      scores: [{ date: "2024-01-01", value }],
    })),
  );
  const of = study();
  const steps = compileCohort(of, of.outcomes[0] as never, { decimals: 0 });
  const rows = await queryable(db).all(`${compileWith(steps)}\n${GRID_CHECK}`);
  expect(rows).toEqual([{ scale: "raw", decimals: "0", scores: "3", off_grid: "2" }]);
  db.close();
});

describe("the compiled SQL", () => {
  test.each([
    ["phq9-change.yaml", 0],
    ["global-10.yaml", 1],
    ["linked-people.yaml", 0],
  ])("of %s reads like this, and runs", async (file, decimals) => {
    const of = await readStudy(join(golden, file));
    const db = await storeOf([]);
    for (const outcome of of.outcomes) {
      const sql = `${compileWith(compileCohort(of, outcome, { decimals }))}\nSELECT * FROM cohort`;
      const name = `expected-${of.id}-${outcome.score}.sql`;
      await expect(`${sql}\n`).toMatchFileSnapshot(join(golden, name));
      expect(await db.all(sql)).toEqual([]);
    }
    db.close();
  });
});

describe("a study file that does not fit", () => {
  test.each([
    ["an unknown key", "windws: {}", /unknown key windws/],
    ["neither measure nor outcomes", "measure:", /measure|outcomes|expected/i],
    ["a baseline window without day 0", "windows: { baseline: { days: [1, 7] } }", /day 0/],
    [
      "a follow-up inside the baseline",
      "windows: { baseline: { days: [0, 60] }, follow_up: { target: 60, days: [60, 90] } }",
      /after the baseline/,
    ],
    [
      "a window that runs backwards",
      "windows: { baseline: { days: [7, 0] } }",
      /first day, last day/,
    ],
    ["a stratum twice", "strata: [sex, sex]", /twice/],
    ["no day of the calendar", "population: { dates: { from: 2024-02-30 } }", /YYYY-MM-DD/],
    [
      "a code with a quote",
      `population: { conditions: [{ code_system: "http://snomed.info/sct", codes: ["1'"] }] }`,
      /code/,
    ],
  ])("%s", (_, more, message) => {
    const head = ["id: test", "title: test"];
    const measure = more.startsWith("measure")
      ? []
      : ["measure: { instrument: phq-9, score: total }"];
    const source = [...head, ...measure, more].join("\n");
    expect(() => parseStudy(source, "test.yaml")).toThrow(
      expect.objectContaining({ code: "CONFIG_STUDY", message: expect.stringMatching(message) }),
    );
  });
});
