import { describe, expect, it } from "vitest";
import { z } from "zod";
import { isoDate } from "../../pipelines/adapters/csv/iso-date.ts";
import { csvMappingSchema } from "../../pipelines/adapters/csv/layout.ts";
import { checkCsvMapping, unmappedColumns } from "../../pipelines/adapters/csv/mapping.ts";
import { parseYaml } from "../../pipelines/configuration/read-yaml.ts";
import type { ProError } from "../../pipelines/core/errors.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";

const entry = (more: object) => ({
  files: [
    {
      match: "a.csv",
      kind: "wide",
      columns: { patient_key: "id" },
      instruments: [{ instrument: "phq-9", items: { PHQ9_1: "q1" } }],
      ...more,
    },
  ],
});

describe("the mapping", () => {
  it.each<[string, object, string]>([
    ["an unknown key", { colums: {} }, "files.0"],
    ["an unknown intake column", { columns: { patient_key: "id", mood: "q9" } }, "files.0.columns"],
    ["no patient", { columns: {} }, "files.0.columns.patient_key"],
    ["an unknown kind", { kind: "tall" }, "files.0.kind"],
    [
      "a date format without a year",
      { columns: { patient_key: "id", answered_at: { column: "d", date_format: "%d/%m" } } },
      "files.0.columns.answered_at.date_format",
    ],
    [
      "a date format that DuckDB does not know",
      { columns: { patient_key: "id", answered_at: { column: "d", date_format: "%Y %Q" } } },
      "files.0.columns.answered_at.date_format",
    ],
    [
      "a date format for what is no date",
      { columns: { patient_key: { column: "id", date_format: "%Y" } } },
      "files.0.columns.patient_key",
    ],
    ["a reason that nobody knows", { missing: { "-9": "bored" } }, "files.0.missing"],
    ["an encoding that nobody knows", { encoding: "utf-9" }, "files.0.encoding"],
    ["a delimiter of two characters", { delimiter: "||" }, "files.0.delimiter"],
    [
      "an instrument that is no text",
      { instruments: [{ instrument: 9 }] },
      "files.0.instruments.0.instrument",
    ],
    [
      "an ignored column without a reason",
      { ignore: [{ column: "x" }] },
      "files.0.ignore.0.reason",
    ],
    [
      "a long file without answers",
      {
        kind: "long",
        columns: { patient_key: "id", item_code: "c" },
        group_by: ["id"],
        instruments: [],
      },
      "files.0",
    ],
  ])("refuses %s", (_, more, pointer) => {
    const check = () => checkCsvMapping(entry(more));
    expect(check).toThrowError(
      expect.objectContaining({ code: "MAPPING_CSV", where: { pointer } }),
    );
  });

  it("names the line of a mistake in the file", () => {
    const yaml =
      "files:\n  - match: a.csv\n    kind: wide\n    columns: { patient_key: id }\n    instruments:\n      - instrument: 9\n";
    const read = () => parseYaml(yaml, "mapping.yaml", csvMappingSchema, "MAPPING_CSV");
    let where: ProError["where"] = {};
    try {
      read();
    } catch (error) {
      where = (error as ProError).where;
    }
    expect(where).toEqual({
      file: "mapping.yaml",
      record: "line 6, column 21",
      pointer: "files.0.instruments.0.instrument",
    });
  });

  it("has a JSON Schema for editors", () => {
    const schema = z.toJSONSchema(csvMappingSchema, { io: "input" });
    expect(Object.keys(schema.properties ?? {})).toContain("layout");
  });

  it("tells which columns nobody mapped or ignored", () => {
    const [file] = checkCsvMapping(entry({ ignore: [{ column: "x", reason: "empty" }] })).files;
    if (!file) throw new Error("the mapping has a file");
    expect(unmappedColumns(file, ["id", "x", "q1", "q2", "note"])).toEqual(["q2", "note"]);
  });
});

describe("dates", () => {
  it.each<[string[], string, string | null]>([
    [[], "2024-03-04", "2024-03-04"],
    [[], "2024-03", "2024-03"],
    [[], "2024", "2024"],
    [[], "2024-03-04 09:30", "2024-03-04T09:30"],
    [[], "2024-03-04T09:30:15.5-06:00", "2024-03-04T09:30:15.5-06:00"],
    [[], "2024-02-30", null],
    [[], "2024-13", null],
    [[], "03/04/2024", null],
    [[], "2024-03-04T25:00", null],
    [["%m/%d/%Y"], "03/04/2024", "2024-03-04"],
    [["%m/%d/%Y"], "13/04/2024", null],
    [["%m/%d/%Y"], "03/04/2024 9:30", null],
    [["%d.%m.%Y %H:%M"], "04.03.2024 09:30", "2024-03-04T09:30:00"],
    [["%d%b%Y"], "04MAR2024", "2024-03-04"],
    [["%Y/%m"], "2024/03", "2024-03"],
    [["%Y"], "2024", "2024"],
    [["%Y-%m-%d", "%d/%m/%Y"], "31/12/2023", "2023-12-31"],
    [["%m/%d/%Y %H:%M %z"], "03/04/2024 23:30 -06:00", "2024-03-04T23:30:00-06:00"],
    [["%Y-%m-%dT%H:%M:%S%z"], "2024-03-04T23:30:00Z", "2024-03-04T23:30:00Z"],
    [["epoch-seconds"], "1.572077347897E9", "2019-10-26T08:09:07Z"],
    [["epoch-seconds"], "soon", null],
  ])("reads with %j %s as %s", async (formats, source, iso) => {
    const db = await DuckDb.open(":memory:", { small: true });
    try {
      const row = await db.one(
        `SELECT ${isoDate("t", formats)} AS iso FROM (SELECT $1::VARCHAR AS t)`,
        [source],
      );
      expect(row.iso).toBe(iso);
    } finally {
      db.close();
    }
  });
});
