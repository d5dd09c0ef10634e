import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Check, readChecks } from "../../pipelines/quality/check.ts";
import { carryOver, type Fact } from "../../pipelines/quality/facts.ts";
import { measure } from "../../pipelines/quality/measure.ts";
import { insertFacts } from "../../pipelines/quality/session.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";

const TODAY = "2026-01-15";
const fact = (
  kind: Fact["kind"],
  name: string,
  records: number | null,
  rest: Partial<Fact> = {},
): Fact => ({
  site: "A",
  kind,
  name,
  records,
  ...rest,
});

/** A year of months with so many answers each, the last one being December 2025. */
const months = (counts: readonly number[]) =>
  counts.map((n, i) => {
    const day = new Date(Date.UTC(2025, 11 - (counts.length - 1 - i), 1));
    return fact("month", `phq-9 ${day.toISOString().slice(0, 7)}`, n);
  });
const bins = (counts: readonly number[]) =>
  counts.map((n, i) => fact("bin", `phq-9 total|${i}`, n));
const even = [100, 100, 100, 100];

/** What the refresh before left, what this one holds, and the check that must tell them apart. */
const CASES: [name: string, check: string, before: Fact[], now: Fact[], key: RegExp][] = [
  [
    "what arrived is distributed otherwise",
    "PRO 2.15",
    bins(even),
    bins([100, 110, 200, 400]),
    /phq-9 total \(PSI \d\.\d\d, 410 new\)/,
  ],
  ["an instrument is gone", "PRO 4.01", [fact("instrument", "gad-7", 30)], [], /gad-7/],
  [
    "an instrument is new",
    "PRO 4.02",
    [fact("instrument", "gad-7", 30)],
    [fact("instrument", "gad-7", 30), fact("instrument", "who-5", 1)],
    /who-5/,
  ],
  [
    "a version changed",
    "PRO 4.03",
    [fact("version", "phq-9", null, { words: "1.0" })],
    [fact("version", "phq-9", null, { words: "1.0 2.0" })],
    /phq-9/,
  ],
  [
    "an item's wording changed",
    "PRO 4.04",
    [fact("text", "phq-9 PHQ9_3", null, { words: "aaa" })],
    [fact("text", "phq-9 PHQ9_3", null, { words: "bbb" })],
    /phq-9 PHQ9_3/,
  ],
  [
    "a month has few answers",
    "PRO 4.05",
    [],
    months([40, 41, 39, 40, 42, 40, 12]),
    /phq-9 2025-12 \(12, before 40 a month\)/,
  ],
  [
    "a month has none at all",
    "PRO 4.05",
    [],
    months([40, 41, 39, 40, 42, 40, 0]).filter(({ records }) => records !== 0),
    /phq-9 2025-12 \(0, /,
  ],
  [
    "fewer forms are completed",
    "PRO 4.06",
    [fact("completion", "phq-9", 100, { people: 95 })],
    [fact("completion", "phq-9", 150, { people: 120 })],
    /phq-9 \(25 of 50, before 95 of 100\)/,
  ],
  [
    "a way of asking dried up",
    "PRO 4.07",
    [fact("method", "phq-9 PH", 60), fact("method", "phq-9 EC", 200)],
    [fact("method", "phq-9 PH", 60), fact("method", "phq-9 EC", 300)],
    /phq-9 PH/,
  ],
  [
    "people are gone",
    "PRO 4.08",
    [fact("table", "PRO_COLLECTION", 500, { people: 100 })],
    [fact("table", "PRO_COLLECTION", 500, { people: 90 })],
    /PRO_COLLECTION/,
  ],
  [
    "a large month falls sharply",
    "DC 2.08",
    [],
    months([600, 610, 590, 605, 600, 600, 610, 590, 600, 605, 600, 600, 300]),
    /phq-9 2025-12/,
  ],
  [
    "a table shrank",
    "DC 4.01",
    [fact("table", "CONDITION", 100, { people: 90 })],
    [fact("table", "CONDITION", 94, { people: 90 })],
    /CONDITION \(100 to 94 rows\)/,
  ],
  [
    "visits of a kind shrank",
    "DC 4.02",
    [fact("visit_type", "ENCOUNTER AV", 100, { people: 90 })],
    [fact("visit_type", "ENCOUNTER AV", 100, { people: 80 })],
    /ENCOUNTER AV/,
  ],
  [
    "codes of a vocabulary shrank",
    "DC 4.03",
    [fact("vocabulary", "PROCEDURES CH", 100, { people: 20 })],
    [fact("vocabulary", "PROCEDURES CH", 100, { people: 10 })],
    /20 to 10 codes/,
  ],
];

let checks: Check[];
let db: DuckDb;

beforeAll(async () => {
  checks = (await readChecks()).filter(({ over }) =>
    ["change", "wording", "arrival", "arrival_method", "shift", "month"].includes(over),
  );
  db = await DuckDb.open(":memory:", { small: true });
  await db.run("SET VARIABLE today = CAST(? AS DATE)", [TODAY]);
  await db.run(
    "CREATE TEMP TABLE fact (datamartid VARCHAR, refresh INTEGER, kind VARCHAR, name VARCHAR, records DOUBLE, people DOUBLE, words VARCHAR)",
  );
});
afterAll(() => db.close());

async function measured(before: readonly Fact[], now: readonly Fact[], id: string) {
  await db.run("DELETE FROM fact");
  await insertFacts(db, 1, before);
  await insertFacts(db, 0, now);
  const all = await measure(
    db,
    checks.filter((check) => check.id === id),
    { levels: ["history"] },
  );
  return all[0];
}

describe("a refresh beside the one before", () => {
  test.each(CASES)("%s (%s)", async (_, id, before, now, key) => {
    const found = await measured(before, now, id);
    expect(found?.n).toBeGreaterThan(0);
    expect(found?.keys.join("; ")).toMatch(key);
  });

  test.each(CASES.filter(([, , before]) => before.length > 0))(
    "is no finding where nothing changed: %s (%s)",
    async (_, id, before) => {
      expect((await measured(before, before, id))?.n ?? 0).toBe(0);
    },
  );

  test("months that go on as before are no finding, and the month of the run is not judged", async () => {
    const steady = [...months([40, 38, 41, 40, 42, 40, 39, 41]), fact("month", "phq-9 2026-01", 3)];
    expect(await measured([], steady, "PRO 4.05")).toMatchObject({ n: 0, total: 2 });
  });

  test("without an earlier refresh there is nothing to judge", async () => {
    expect((await measured([], [fact("table", "CONDITION", 5)], "DC 4.01"))?.total ?? 0).toBe(0);
  });
});

test("months add up from night to night, and a wording that is not delivered again is remembered", () => {
  const before = [
    fact("month", "phq-9 2025-12", 10, { people: 4 }),
    fact("text", "phq-9 PHQ9_1", null, { words: "aaa" }),
    fact("table", "CONDITION", 5),
  ];
  const tonight = [
    fact("month", "phq-9 2025-12", 3, { people: 1 }),
    fact("text", "phq-9 PHQ9_2", null, { words: "bbb" }),
  ];
  expect(carryOver(before, tonight)).toEqual([
    fact("month", "phq-9 2025-12", 13, { people: 5 }),
    fact("text", "phq-9 PHQ9_1", null, { words: "aaa" }),
    fact("text", "phq-9 PHQ9_2", null, { words: "bbb" }),
  ]);
});
