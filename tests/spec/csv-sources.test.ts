import { describe, expect, it } from "vitest";
import { intakeRows, withIntake } from "../support/csv-intake.ts";

/** What becomes of the one row of a file of visits under such columns. */
async function visit(columns: object, cells: Record<string, string>, entry: object = {}) {
  const files = [
    {
      match: "a.csv",
      kind: "encounters",
      columns: { patient_key: "id", encounter_key: "id", ...columns },
      ...entry,
    },
  ];
  const names = ["id", ...Object.keys(cells)];
  const content = `${names.join(",")}\nx,${Object.values(cells).join(",")}\n`;
  return withIntake({ mapping: { files }, files: { "a.csv": content } }, async (db) => {
    const [record] = (await intakeRows(db, "intake_record")) as Record<string, string>[];
    const [row] = (await intakeRows(db, "intake_encounter")) as Record<string, string>[];
    return record?.reason
      ? `${record.reason} ${record.where_pointer}`
      : (row?.start_at ?? row?.class);
  });
}

describe("a source", () => {
  it.each<[string, object, Record<string, string>, string | undefined]>([
    [
      "the first column that says something",
      { class: { first: ["a", "b"] } },
      { a: "", b: "IP" },
      "IP",
    ],
    [
      "recoded words, others stay",
      { class: { column: "a", words: { "9201": "IP" } } },
      { a: "9201" },
      "IP",
    ],
    ["another word", { class: { column: "a", words: { "9201": "IP" } } }, { a: "7" }, "7"],
    ["a column that is missing", { class: { column: "b", optional: true } }, { a: "1" }, undefined],
    ["a column in other letters", { class: "CLASS" }, { class: "IP" }, "IP"],
    [
      "a date with its time",
      { start_at: { column: "d", time: "t" } },
      { d: "2024-03-04", t: "9:05" },
      "2024-03-04T09:05",
    ],
    [
      "a date at midnight with its time",
      { start_at: { column: "d", time: "t" } },
      { d: "2024-03-04 00:00:00", t: "23:59:01" },
      "2024-03-04T23:59:01",
    ],
    [
      "a date without its time",
      { start_at: { column: "d", time: "t" } },
      { d: "2024-03-04 00:00:00", t: "" },
      "2024-03-04",
    ],
    [
      "a time that is none",
      { start_at: { column: "d", time: "t" } },
      { d: "2024-03-04", t: "25:00" },
      "SOURCE_BAD_DATE d",
    ],
    [
      "year, month and day",
      { start_at: { year: "y", month: "m", day: "d" } },
      { y: "1984", m: "5", d: "4" },
      "1984-05-04",
    ],
    [
      "a year alone",
      { start_at: { year: "y", month: "m", day: "d" } },
      { y: "1984", m: "", d: "4" },
      "1984",
    ],
    [
      "a day that is none",
      { start_at: { year: "y", month: "m", day: "d" } },
      { y: "1984", m: "2", d: "30" },
      "SOURCE_BAD_DATE y",
    ],
    ...[
      ["%Y-%m-%d", "1984", "1984"],
      ["%m/%d/%Y", "05/1984", "1984-05"],
      ["%d %b %Y", "May 1984", "1984-05"],
      ["%Y%m%d", "198405", "1984-05"],
      ["%m/%d/%Y", "13/1984", "SOURCE_BAD_DATE d"],
      ["%m/%d/%Y", "5/4", "SOURCE_BAD_DATE d"],
      ["%m/%d/%y", "1984", "SOURCE_BAD_DATE d"],
      ["%Y-%m-%d %H:%M", "1984", "SOURCE_BAD_DATE d"],
    ].map(
      ([date_format, d = "", expected]): [
        string,
        object,
        Record<string, string>,
        string | undefined,
      ] => [
        `${d} in a column of ${date_format}`,
        { start_at: { column: "d", date_format } },
        { d },
        expected,
      ],
    ),
    [
      "the first date",
      { start_at: { first: ["a", { column: "b", date_format: "%d.%m.%Y" }] } },
      { a: "", b: "04.03.2024" },
      "2024-03-04",
    ],
    [
      "a first date that is bad",
      { start_at: { first: ["a", "b"] } },
      { a: "soon", b: "2024-03-04" },
      "SOURCE_BAD_DATE a",
    ],
  ])("%s", async (_, columns, cells, expected) => {
    expect(await visit(columns, cells)).toBe(expected);
  });

  it.each([
    ["2024-03-04T02:00:00Z", "2024-03-03T20:00:00"],
    ["2024-07-04T02:00:00+02:00", "2024-07-03T19:00:00"],
    ["2024-03-04T02:00:00", "2024-03-04T02:00:00"],
    ["2024-03-04", "2024-03-04"],
  ])("a moment %s is %s in the site's time zone", async (moment, local) => {
    expect(await visit({ start_at: "d" }, { d: moment }, { time_zone: "America/Chicago" })).toBe(
      local,
    );
  });
});

describe("a lookup", () => {
  const read = (concepts: string, lookup: object = {}) => {
    const columns = {
      patient_key: "id",
      encounter_key: "id",
      class: { first: [{ column: "c", lookup: "concept" }, "fallback"] },
    };
    const mapping = {
      lookups: { concept: { match: "c.txt", key: "id", value: "code", quote: "none", ...lookup } },
      files: [{ match: "a.csv", kind: "encounters", columns }],
    };
    const files = {
      "a.csv": "id,c,fallback\nx,7,F\ny,8,F\nz,0,F\n",
      ...(concepts ? { "c.txt": concepts } : {}),
    };
    return withIntake({ mapping, files }, (db) =>
      db.all("SELECT class FROM intake_encounter ORDER BY record_key"),
    );
  };

  it("says what a key stands for, and nothing for one that it does not know", async () => {
    expect(await read('id\tname\tcode\n7\t5" tall\tA\n0\tnone\tZ\n', { except: ["0"] })).toEqual([
      { class: "A" },
      { class: "F" },
      { class: "F" },
    ]);
  });

  it("is empty without its file", async () => {
    expect(await read("")).toEqual([{ class: "F" }, { class: "F" }, { class: "F" }]);
  });

  it.each([
    ["a key with two values", "id\tcode\n7\tA\n7\tB\n", {}, "MAPPING_LOOKUP_REPEATED"],
    ["other columns", "key\tcode\n7\tA\n", {}, "MAPPING_LOOKUP"],
  ])("refuses %s", async (_, concepts, lookup, code) => {
    await expect(read(concepts, lookup)).rejects.toMatchObject({ code });
  });
});

describe("a layout", () => {
  it("that nobody knows is refused with those that there are", async () => {
    const read = withIntake(
      { mapping: { layout: "redcup" }, files: { "a.csv": "id\n1\n" } },
      async () => 0,
    );
    await expect(read).rejects.toMatchObject({
      code: "MAPPING_CSV",
      hint: expect.stringContaining("redcap, synthea"),
    });
  });

  it("of REDCap needs the site's own instruments", async () => {
    const read = withIntake(
      { mapping: { layout: "redcap" }, files: { "a.csv": "id\n1\n" } },
      async () => 0,
    );
    await expect(read).rejects.toMatchObject({ code: "MAPPING_CSV", where: { pointer: "files" } });
  });

  it("of REDCap leaves a clinic's list beside an export of REDCap as it is", async () => {
    const form = (column: string) => [{ instrument: "phq-9", items: { PHQ9_1: column } }];
    const wide = (match: string, patient_key: string, column: string) => ({
      match,
      kind: "wide",
      columns: { patient_key },
      instruments: form(column),
    });
    const files = {
      "project.csv": "record_id,redcap_event_name,q1\n7,baseline,1\n",
      "list.csv": "Study ID,Q1\nA,2\n",
    };
    const entries = [wide("project.csv", "record_id", "q1"), wide("list.csv", "Study ID", "Q1")];
    const ids = await withIntake({ mapping: { layout: "redcap", files: entries }, files }, (db) =>
      db.all("SELECT patient_key, source_id IS NOT NULL AS has_id FROM intake_administration"),
    );
    expect(ids).toEqual([
      { patient_key: "7", has_id: true },
      { patient_key: "A", has_id: false },
    ]);
  });

  it("leaves a file to the site's own entry", async () => {
    const own = { match: "patients.csv", kind: "patients", columns: { patient_key: "key" } };
    const files = {
      "patients.csv": "key\nA\n",
      "observations.csv":
        "DATE,PATIENT,ENCOUNTER,CODE,DESCRIPTION,VALUE\n2024-01-01,A,,55758-7,PHQ-2,2\n",
    };
    const options = { mapping: { layout: "synthea", files: [own] }, files, catalogue: true };
    const rows = await withIntake(options, (db) =>
      db.all("SELECT patient_key FROM intake_patient"),
    );
    expect(rows).toEqual([{ patient_key: "A" }]);
  });
});
