import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  deidentifySql,
  type PrivacyProfile,
  readPrivacyProfile,
  tokenPurposes,
  tokenTablesSql,
} from "../../pipelines/privacy/profile.ts";
import { dateShiftSql, loadTokenKeys, tokenSql } from "../../pipelines/privacy/tokens.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";

let db: DuckDb;
let profile: PrivacyProfile;
beforeAll(async () => {
  db = await DuckDb.open(":memory:", { small: true });
  profile = await readPrivacyProfile("shifted");
});
afterAll(() => db.close());

interface Visit {
  patid: string;
  admit_date: string | null;
  discharge_date: string | null;
}

const day = fc
  .date({ min: new Date("1900-01-01"), max: new Date("2035-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const visits = fc.array(
  fc.record<Visit>({
    patid: fc.oneof(
      fc.constantFrom("P1", "P2", "p1"),
      fc.string({ minLength: 1, maxLength: 12 }).filter((key) => !key.includes("\0")),
    ),
    admit_date: fc.option(day),
    discharge_date: fc.option(day),
  }),
  { minLength: 1, maxLength: 12 },
);
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

interface Left extends Visit {
  patid: string;
  encounterid: string | null;
}

/** The visits as the profile lets them out, in their order; the place of a visit stands in for its admission time. */
async function deidentify(rows: readonly Visit[], siteKey: Uint8Array): Promise<Left[]> {
  await loadTokenKeys(db, { generations: [siteKey], linkage: siteKey }, tokenPurposes(profile));
  await db.run(`CREATE OR REPLACE TABLE cdm_encounter
    (encounterid VARCHAR, patid VARCHAR, admit_date DATE, discharge_date DATE, admit_time VARCHAR)`);
  for (const [i, row] of rows.entries()) {
    await db.run(
      "INSERT INTO cdm_encounter VALUES (NULL, ?, CAST(? AS DATE), CAST(? AS DATE), ?)",
      [row.patid, row.admit_date, row.discharge_date, String(i).padStart(3, "0")],
    );
  }
  await db.run(
    `CREATE OR REPLACE TEMP TABLE date_shift AS ${dateShiftSql(`SELECT patid, ${tokenSql("patid", "patid")} AS person FROM (SELECT DISTINCT patid FROM cdm_encounter)`, profile.shift_days ?? 0)}`,
  );
  // No questionnaire is among them.
  await db.run(
    "CREATE OR REPLACE TEMP TABLE staged_administration (pro_seq VARCHAR, patid VARCHAR, encounterid VARCHAR, pro_requestid VARCHAR)",
  );
  const staged = new Set(["encounterid", "patid", "admit_date", "discharge_date", "admit_time"]);
  for (const statement of tokenTablesSql(profile, new Map([["encounter", staged]]))) {
    await db.run(statement);
  }
  return db.all<Left>(`SELECT patid, encounterid, CAST(admit_date AS VARCHAR) AS admit_date, CAST(discharge_date AS VARCHAR) AS discharge_date
    FROM (${deidentifySql(profile, "encounter", staged)}) ORDER BY admit_time`);
}

const daysBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 86_400_000;

/** How far each date of each person was moved. */
function offsets(before: readonly Visit[], after: readonly Left[]): Map<string, number[]> {
  const moved = new Map<string, number[]>();
  for (const [i, row] of before.entries()) {
    for (const column of ["admit_date", "discharge_date"] as const) {
      const [from, to] = [row[column], after[i]?.[column] ?? null];
      expect(to === null, "null stays null, a date stays a date").toBe(from === null);
      if (from === null || to === null) continue;
      moved.set(row.patid, [...(moved.get(row.patid) ?? []), daysBetween(from, to)]);
    }
  }
  return moved;
}

describe("de-identified visits", () => {
  it("keep all intervals of a person, and move every date by 1 to 365 days", async () => {
    await fc.assert(
      fc.asyncProperty(visits, key, async (rows, siteKey) => {
        const left = await deidentify(rows, siteKey);
        expect(left).toHaveLength(rows.length);
        for (const days of offsets(rows, left).values()) {
          expect(new Set(days).size).toBe(1);
          expect(Math.abs(days[0] ?? 0)).toBeGreaterThanOrEqual(1);
          expect(Math.abs(days[0] ?? 0)).toBeLessThanOrEqual(365);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("have tokens that tell persons apart, are stable under one key, differ under another, and are null for null", async () => {
    await fc.assert(
      fc.asyncProperty(visits, key, key, async (rows, one, other) => {
        fc.pre(Buffer.compare(one, other) !== 0);
        const first = await deidentify(rows, one);
        const tokens = new Map(rows.map((row, i) => [row.patid, first[i]?.patid]));
        expect(new Set(tokens.values()).size).toBe(tokens.size);
        expect(first.every((row) => /^[0-9a-f]{32}$/.test(row.patid))).toBe(true);
        expect(first.every((row) => row.encounterid === null)).toBe(true);
        expect(await deidentify(rows, one)).toEqual(first);
        const second = await deidentify(rows, other);
        const known = new Set(tokens.values());
        expect(second.some((row) => known.has(row.patid))).toBe(false);
      }),
      { numRuns: 15 },
    );
  });

  it("are moved by different numbers of days, as often back as forth", async () => {
    await loadTokenKeys(db, { generations: [new Uint8Array(32).fill(9)], linkage: null }, []);
    const people = "SELECT 'P' || range AS patid, patid AS person FROM range(20000)";
    const { least, most, zero, back, different } = await db.one(`
      SELECT min(days) AS least, max(days) AS most, count(*) FILTER (days = 0)::INTEGER AS zero,
        count(*) FILTER (days < 0)::INTEGER AS back, count(DISTINCT days)::INTEGER AS different
      FROM (${dateShiftSql(people, 365)})`);
    expect({ least, most, zero, different }).toEqual({
      least: -365,
      most: 365,
      zero: 0,
      different: 730,
    });
    // Binomial with 20,000 throws: 6 standard deviations are 424.
    expect(Math.abs(Number(back) - 10_000)).toBeLessThan(424);
  });
});
