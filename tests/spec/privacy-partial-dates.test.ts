import { join } from "node:path";
import { Writable } from "node:stream";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { INTAKE, type IntakeTable } from "../../pipelines/adapters/intake.ts";
import { readSite, type Site, siteSchema } from "../../pipelines/configuration/site.ts";
import { ephemeral } from "../../pipelines/core/ephemeral.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { listExport, mapRecords, openNight, prepare, readExport } from "../../pipelines/intake.ts";
import { deidentifyInto } from "../../pipelines/privacy/deidentify.ts";
import { partialDateSql } from "../../pipelines/privacy/partial-dates.ts";
import { readPrivacyProfile, tokenPurposes } from "../../pipelines/privacy/profile.ts";
import { retokenise } from "../../pipelines/privacy/rotate.ts";
import { loadTokenKeys } from "../../pipelines/privacy/tokens.ts";
import { forgetNotes } from "../../warehouse/changes.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { bringToNewest } from "../../warehouse/store-file.ts";
import { documentAround, inlineSettings, readInline } from "../golden/ccda/read-inline.ts";
import { withFhir } from "../golden/fhir/read-golden.ts";
import { withIntake } from "../support/csv-intake.ts";
import { FORMATS, PEOPLE, type Person, siteIn, temporary, VISITS } from "../support/site.ts";

type Cells = Record<string, string | boolean>;
type Rows = Partial<Record<IntakeTable, Cells[]>>;

const TODAY = "2026-06-30";
const KEY = new Uint8Array(32).fill(7);
const NEXT = new Uint8Array(32).fill(8);
const ICD = "http://hl7.org/fhir/sid/icd-10-cm";
const condition = (cells: Cells): Cells => ({
  patient_key: "P1",
  condition_key: "C1",
  code: "F32.9",
  code_system: ICD,
  ...cells,
});

let mapped: DuckDb;
let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  const made = await temporary();
  folder = made.directory;
  remove = made.remove;
  mapped = await map(ALL);
});
afterAll(async () => {
  mapped.close();
  await remove();
});

/** One night's intake, mapped; each profile then lets it out from the same rows. */
async function map(rows: Rows): Promise<DuckDb> {
  const db = await DuckDb.open(":memory:", { small: true });
  const site = siteSchema.parse({ site: "T", name: "t", network: "T", format: "fhir" }) as Site;
  await prepare(db, site, TODAY);
  let record = 0;
  for (const [table, list] of Object.entries(rows)) {
    const types = Object.entries(INTAKE[table as IntakeTable]).map(([key, [type]]) => [key, type]);
    const structure = JSON.stringify([Object.fromEntries(types)]);
    const numbered = list.map((cells) => ({ record_key: ++record, ...cells }));
    await db.run(
      `INSERT INTO ${table} BY NAME SELECT unnest(from_json(?, '${structure}'), max_depth := 2)`,
      [JSON.stringify(numbered)],
    );
  }
  await mapRecords(db, site);
  for (const table of STAGED) await db.run(`CREATE TABLE kept_${table} AS FROM cdm_${table}`);
  return db;
}

/** Lets mapped rows through a profile into a store; returns the person's days. */
async function leave(
  db: DuckDb,
  store: string,
  name: string,
  { generations = [KEY] }: { generations?: Uint8Array[] } = {},
): Promise<number | null> {
  for (const table of STAGED)
    await db.run(`CREATE OR REPLACE TABLE cdm_${table} AS FROM kept_${table}`);
  await db.run("DROP TABLE IF EXISTS gone");
  await db.run("DROP TABLE IF EXISTS date_shift");
  await bringToNewest(join(folder, store));
  const profile = await readPrivacyProfile(name);
  const purposes = [...new Set([...tokenPurposes(profile), "patid", "pro_seq"])];
  await loadTokenKeys(db, { generations, linkage: null }, purposes);
  await db.run(`ATTACH '${join(folder, store)}' AS new_store`);
  await deidentifyInto(db, { store: "new_store", site: "T", profile, isNoted: true });
  await db.run("DETACH new_store");
  if (profile.shift_days === null) return null;
  return (await db.one<{ days: number }>("SELECT days FROM date_shift")).days;
}

const STAGED = [
  "demographic",
  "death",
  "encounter",
  "condition",
  "procedures",
  "partial_date",
  "harvest",
];

/** Every date of a store that the night below has: `column value`, a day where there is one, a year or month where there is not. */
async function dates(store: string): Promise<string[]> {
  return inFile(store, async (db) => {
    const days = Object.entries(COLUMNS).map(
      ([column, table]) =>
        `SELECT '${column} ' || ${column} AS told FROM ${table} WHERE ${column} IS NOT NULL`,
    );
    const parts = Object.entries(COLUMNS).map(
      ([column, table]) => `SELECT '${column} ' || date_value FROM partial_date p JOIN ${table} t
        ON p.table_name = '${table}' AND p.column_name = '${column}' AND p.row_key = t.${KEYS[table]} WHERE t.${column} IS NULL`,
    );
    const rows = await db.all<{ told: string }>(
      `${[...days, ...parts].join(" UNION ALL ")} ORDER BY told`,
    );
    return rows.map(({ told }) => told);
  });
}

async function inFile<T>(store: string, look: (db: DuckDb) => Promise<T>): Promise<T> {
  const db = await DuckDb.open(join(folder, store), { small: true });
  try {
    return await look(db);
  } finally {
    db.close();
  }
}

const COLUMNS = {
  birth_date: "demographic",
  death_date: "death",
  discharge_date: "encounter",
  onset_date: "condition",
  report_date: "condition",
  resolve_date: "condition",
  px_date: "procedures",
} as const;
const KEYS = {
  demographic: "patid",
  death: "patid",
  encounter: "encounterid",
  condition: "conditionid",
  procedures: "proceduresid",
} as const;

const PERSON: Cells = {
  patient_key: "P1",
  birth_date: "1950",
  death_date: "2020-11",
  deceased: true,
};
const ALL: Rows = {
  intake_patient: [PERSON],
  intake_encounter: [
    { patient_key: "P1", encounter_key: "E1", start_at: "2019-02-03", end_at: "2019-02" },
  ],
  intake_condition: [
    condition({ onset_at: "2019-03", recorded_at: "2019", resolved_at: "2019-04-05" }),
  ],
  intake_procedure: [
    {
      patient_key: "P1",
      procedure_key: "X1",
      code: "27447",
      code_system: "http://www.ama-assn.org/go/cpt",
      performed_at: "2018-12",
    },
  ],
};

/** The person's 257 days are a year and eight months forward. */
const LEAVES: Record<string, string[]> = {
  "limited-data-set": [
    "birth_date 1950",
    "death_date 2020-11",
    "discharge_date 2019-02",
    "onset_date 2019-03",
    "px_date 2018-12",
    "report_date 2019",
    "resolve_date 2019-04-05",
  ],
  shifted: [
    "birth_date 1951",
    "death_date 2021-07",
    "discharge_date 2019-10",
    "onset_date 2019-11",
    "px_date 2019-08",
    "report_date 2020",
    "resolve_date 2019-12-18",
  ],
  expert: [
    "birth_date 1950-01-01",
    "death_date 2021-07",
    "discharge_date 2019-10",
    "onset_date 2019-11",
    "px_date 2019-08",
    "report_date 2020",
    "resolve_date 2019-12-18",
  ],
  "safe-harbor": [
    "birth_date 1950-01-01",
    "death_date 2020-01-01",
    "discharge_date 2019-01-01",
    "onset_date 2019-01-01",
    "px_date 2018-01-01",
    "report_date 2019-01-01",
    "resolve_date 2019-01-01",
  ],
};

describe("a date whose day is not known", () => {
  it.each(Object.entries(LEAVES))("leaves under %s as its column does", async (name, expected) => {
    const days = await leave(mapped, `${name}.duckdb`, name);
    if (days !== null) expect(days).toBe(257);
    expect(await dates(`${name}.duckdb`)).toEqual(expected);
  });

  it("goes with its row, and when a later night knows the day or nothing; what changed is noted", async () => {
    const first = await map({
      intake_patient: [{ patient_key: "P1", birth_date: "1950" }],
      intake_condition: ["C1", "C2", "C3", "C4"].map((condition_key) =>
        condition({ condition_key, onset_at: "2019-03" }),
      ),
    });
    const second = await map({
      intake_patient: [{ patient_key: "P1", birth_date: "1950-06-07" }],
      intake_condition: [
        condition({ condition_key: "C1", onset_at: "2019-03-04" }),
        condition({ condition_key: "C2" }),
        condition({ condition_key: "C3", status: "entered-in-error" }),
      ],
    });
    try {
      await leave(first, "nights.duckdb", "shifted");
      await inFile("nights.duckdb", (db) => forgetNotes(db));
      await leave(second, "nights.duckdb", "shifted");
      const left = await inFile("nights.duckdb", async (db) => {
        const noted = await db.all<{ n: number }>(
          "SELECT count(*)::INTEGER AS n FROM propool_change_partial_date",
        );
        return { noted, rows: await db.all("SELECT column_name, date_value FROM partial_date") };
      });
      expect(left).toEqual({
        noted: [{ n: 4 }],
        rows: [{ column_name: "onset_date", date_value: "2019-11" }],
      });
    } finally {
      first.close();
      second.close();
    }
  });

  it("is the same in a store whose key was rotated and in one made anew", async () => {
    const profile = await readPrivacyProfile("shifted");
    await leave(mapped, "rotated.duckdb", "shifted");
    await inFile("rotated.duckdb", (db) => retokenise(db, profile, [KEY, NEXT]));
    await leave(mapped, "anew.duckdb", "shifted", { generations: [KEY, NEXT] });
    const rows = (store: string) =>
      inFile(store, (db) => db.all("SELECT * FROM partial_date ORDER BY ALL"));
    const rotated = await rows("rotated.duckdb");
    expect(rotated).toEqual(await rows("anew.duckdb"));
    expect(rotated).toHaveLength(6);
    expect(await dates("rotated.duckdb")).toEqual(await dates("anew.duckdb"));
  });

  it("is never finer than it was read, and keeps the interval to another year or month of the person", async () => {
    const profile = await readPrivacyProfile("shifted");
    const month = fc.integer({ min: 1700 * 12, max: 2100 * 12 });
    const isoMonth = (n: number) =>
      `${Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, "0")}`;
    const count = (value: string) => Number(value.slice(0, 4)) * 12 + Number(value.slice(5)) - 1;
    const moved = (sql: string, values: string[], days: number) =>
      mapped.all<{ value: string }>(
        `SELECT ${sql} AS value FROM (SELECT unnest(from_json(?, '["VARCHAR"]')) AS date_value, 'condition' AS table_name, 'onset_date' AS column_name) t, (SELECT CAST(? AS INTEGER) AS days) s`,
        [JSON.stringify(values), days],
      );
    const sql = partialDateSql(profile, ["s.days"]);
    await fc.assert(
      fc.asyncProperty(
        month,
        month,
        fc.integer({ min: -365, max: 365 }),
        async (one, other, days) => {
          const read = [one, other].flatMap((n) => [isoMonth(n), isoMonth(n).slice(0, 4)]);
          const left = (await moved(sql, read, days)).map(({ value }) => value);
          expect(left.map((value) => value.length)).toEqual([7, 4, 7, 4]);
          const [m1 = "", y1 = "", m2 = "", y2 = ""] = left;
          expect(count(m2) - count(m1)).toBe(other - one);
          expect(Number(y2) - Number(y1)).toBe(Math.floor(other / 12) - Math.floor(one / 12));
          // Within half a period of the person's days.
          expect(Math.abs((count(m1) - one) * 30.436875 - days)).toBeLessThanOrEqual(15.22);
          expect(
            Math.abs((Number(y1) - Math.floor(one / 12)) * 365.2425 - days),
          ).toBeLessThanOrEqual(182.7);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("is a year or month of the calendar that has begun", async () => {
    const births = ["2027", "2026-07", "2026-06", "1950-13", "195", "0000", "2026"];
    const intake_patient = births.map((birth_date) => ({ patient_key: birth_date, birth_date }));
    const db = await map({ intake_patient });
    try {
      const rows = await db.all<{ date_value: string }>(
        "SELECT date_value FROM cdm_partial_date ORDER BY date_value",
      );
      expect(rows.map((row) => row.date_value)).toEqual(["2026", "2026-06"]);
    } finally {
      db.close();
    }
  });
});

describe.each(FORMATS)("a year of birth in %s", (format) => {
  it("is read as a year", async () => {
    const made = await siteIn(folder, format);
    const [one, two, three] = PEOPLE as [Person, Person, Person];
    await made.deliver([{ ...one, birth: "1957" }, { ...two, birth: "1983-11" }, three], VISITS);
    const site = await readSite(made.directory);
    await using _identified = ephemeral(site.identifiedDirectory);
    const db = await openNight(site);
    try {
      await prepare(db, site, TODAY);
      await readExport(db, site, await listExport(site), silent);
      await mapRecords(db, site);
      const partial = await db.all(
        "SELECT table_name, column_name, date_value FROM cdm_partial_date ORDER BY date_value",
      );
      const birth = { table_name: "demographic", column_name: "birth_date" };
      expect(partial).toEqual([
        { ...birth, date_value: "1957" },
        { ...birth, date_value: "1983-11" },
      ]);
      const whole = await db.all(
        "SELECT CAST(birth_date AS VARCHAR) AS born FROM cdm_demographic WHERE birth_date IS NOT NULL",
      );
      expect(whole).toEqual([{ born: "2001-07-04" }]);
    } finally {
      db.close();
    }
  });
});

/** A diagnosis by what each format writes of when it began; PATID, key and code are the same. */
const BEGAN = [
  { iso: "2019", hl7: "2019", us: "2019" },
  { iso: "2019-03", hl7: "201903", us: "03/2019" },
  { iso: "2019-03-04", hl7: "20190304", us: "03/04/2019" },
];

describe.each(BEGAN)("a diagnosis that began in $iso", ({ iso, hl7, us }) => {
  const began = (db: DuckDb) => db.all("SELECT onset_at FROM intake_condition");

  it("reads alike in FHIR, C-CDA and CSV", async () => {
    const resource = {
      resourceType: "Condition",
      id: "C1",
      subject: { reference: "Patient/P1" },
      code: { coding: [{ system: ICD, code: "F32.9" }] },
      onsetDateTime: iso,
    };
    const fhir = { "Condition.ndjson": `${JSON.stringify(resource)}\n` };
    expect(await withFhir({ files: fhir }, began)).toEqual([{ onset_at: iso }]);
    const problem = `<entry><observation classCode="OBS" moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.22.4.4"/>
      <effectiveTime><low value="${hl7}"/></effectiveTime><value xsi:type="CD" code="35489007" codeSystem="2.16.840.1.113883.6.96"/></observation></entry>`;
    const [ccda] = readInline(documentAround(problem), await inlineSettings()).intake_condition;
    expect(ccda?.onset_at).toBe(iso);
    const columns = {
      patient_key: "id",
      condition_key: "id",
      code: "code",
      onset_at: { column: "began", date_format: "%m/%d/%Y" },
    };
    const csv = {
      files: { "c.csv": `id,code,began\nP1,F32.9,${us}\n` },
      mapping: { files: [{ match: "c.csv", kind: "conditions", columns }] },
    };
    expect(await withIntake(csv, began)).toEqual([{ onset_at: iso }]);
  });
});

const silent = createProgress({ err: new Writable(), tty: false, quiet: true });
