import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ccda } from "../../pipelines/adapters/ccda/ccda.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { readFiles, rowsOf } from "../golden/ccda/read-golden.ts";

const CORPUS = process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus");
const isThere = existsSync(join(CORPUS, "ccda"));

function xmlFiles(folder: string): string[] {
  return (readdirSync(join(CORPUS, folder), { recursive: true }) as string[])
    .map((file) => join(folder, file))
    .filter(ccda.accepts)
    .sort();
}

describe.skipIf(!isThere)("the corpus (skipped: set PROPOOL_CORPUS to its folder)", () => {
  let db: DuckDb;
  let files: string[];
  beforeAll(async () => {
    files = [...xmlFiles("ccda"), ...xmlFiles("hostile")];
    db = await readFiles(CORPUS, files);
  });
  afterAll(() => db?.close());

  it("every document is read or refused by name, and none ends a worker", async () => {
    const rows = await db.all<{ where_file: string; state: string; reason: string }>(
      "SELECT where_file, state, reason FROM intake_record ORDER BY record_key",
    );
    expect(rows.map((row) => row.where_file)).toEqual(files);
    expect(rows.filter((row) => row.state !== null && row.reason === null)).toEqual([]);
    expect(rows.filter((row) => row.reason === "SOURCE_UNREADABLE")).toEqual([]);
  });

  it("no well-formed document of ccda/ is malformed", async () => {
    const bad = await db.all(
      "SELECT where_file FROM intake_record WHERE where_file LIKE 'ccda/%' AND reason NOT IN ('SOURCE_NO_PATIENT', 'SOURCE_UNSTRUCTURED')",
    );
    expect(bad).toEqual([]);
  });

  it.each([
    ["quadratic.xml", "SOURCE_FORBIDDEN_DTD"],
    ["xmlbomb.xml", "SOURCE_FORBIDDEN_DTD"],
    ["external_file.xml", "SOURCE_FORBIDDEN_DTD"],
    ["dtd.xml", "SOURCE_FORBIDDEN_DTD"],
    ["simple-ns.xml", "SOURCE_NOT_CCDA"],
    ["NT_BadXml_r11_v2.xml", "SOURCE_MALFORMED"],
    ["Sample_blank_Empty_Document.xml", "SOURCE_EMPTY"],
  ])("%s is %s", async (name, reason) => {
    const [row] = await db.all<{ reason: string }>(
      "SELECT reason FROM intake_record WHERE where_file LIKE 'hostile/%/' || $1",
      [name],
    );
    expect(row?.reason).toBe(reason);
  });

  it("HL7's PHQ-9 example gives nine items, total and difficulty on 22 June 2015", async () => {
    const file = "ccda/HL7__C-CDA-Examples/Patient_Health_Questionnaire_PHQ-9_C-CDAR2.1_.xml";
    const when = "instrument_code, answered_at, answered_origin, patient_key";
    expect(await rowsOf(db, "intake_administration", file, when)).toEqual([
      ["44249-1", "2015-06-22", "stated", null],
    ]);
    const what = "item_code, answer_num::DOUBLE AS n, answer_code";
    expect(await rowsOf(db, "intake_response", file, what)).toEqual([
      ["44261-6", 12, null],
      ["44250-9", 0, "LA6568-5"],
      ["44255-8", 1, "LA6569-3"],
      ["44259-0", 2, "LA6570-1"],
      ["44254-1", 0, "LA6568-5"],
      ["44251-7", 1, "LA6569-3"],
      ["44258-2", 3, "LA6571-9"],
      ["44252-5", 2, "LA6570-1"],
      ["44253-3", 3, "LA6571-9"],
      ["44260-8", 0, "LA6568-5"],
      ["69722-7", null, "LA6572-7"],
    ]);
  });

  it("the Synthea document gives the totals of its scales with their days", async () => {
    const file = "ccda/metriport__metriport/synthea_Gerhold939.xml";
    const rows = await db.all<{ day: string; code: string; n: number }>(
      `SELECT DISTINCT a.answered_at[:10] AS day, item_code AS code, answer_num::DOUBLE AS n
       FROM intake_response AS r JOIN intake_administration AS a USING (administration_key)
       WHERE r.record_key = (SELECT record_key FROM intake_record WHERE where_file = $1)
         AND item_code IN ('44261-6', '70274-6') ORDER BY ALL`,
      [file],
    );
    expect(rows.map((row) => [row.day, row.code, row.n])).toEqual([
      ["2015-05-15", "70274-6", 4],
      ["2016-05-20", "70274-6", 1],
      ["2018-06-01", "70274-6", 3],
      ["2021-06-18", "44261-6", 14],
      ["2022-06-24", "70274-6", 3],
      ["2023-06-30", "70274-6", 1],
    ]);
  });
});
