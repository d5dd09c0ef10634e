import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { siteSchema } from "../../pipelines/configuration/site.ts";
import { mapRecords, prepare } from "../../pipelines/intake.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";

const FORM = "'QuestionnaireResponse'";
const SINGLE = "'Observation panel'";

/** Forms of one person: instrument, where they stand, status, whether adaptive, and item=number (blank: listed without an answer). */
const FORMS: Record<string, [string, string, string, string, string]> = {
  "a form that leaves an item out": [
    "gad-7",
    FORM,
    "completed",
    "NULL",
    "GAD7_1=1 GAD7_2=2 GAD7_3=0",
  ],
  "a form that lists an item without an answer": [
    "gad-2",
    FORM,
    "completed",
    "NULL",
    "GAD7_1=1 GAD7_2=",
  ],
  "an item that many forms leave out": [
    "phq-9",
    FORM,
    "completed",
    "NULL",
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `PHQ9_${n}=1`).join(" "),
  ],
  "single answers, which are no form": ["gad-7", SINGLE, "final", "NULL", "GAD7_1=1"],
  "a branch that leads past two items": ["audit-c", SINGLE, "final", "NULL", "AUDITC1=0"],
  "an item behind a branch, listed without an answer": [
    "audit-c",
    FORM,
    "completed",
    "NULL",
    "AUDITC1=0 AUDITC2= AUDITC3=",
  ],
  "an adaptive test": [
    "promis-depression-8a",
    FORM,
    "completed",
    "'Y'",
    "EDDEP04=2 EDDEP06= t=55.1",
  ],
  "some items of a library": ["pro-ctcae", FORM, "completed", "NULL", "PROCTCAE_1A=2"],
};

let db: DuckDb;
beforeAll(async () => {
  db = await DuckDb.open(":memory:", { small: true });
  const site = siteSchema.parse({ site: "S", name: "s", network: "N", format: "fhir" });
  await prepare(db, site as never, "2026-01-01");
  await db.run(
    "INSERT INTO intake_record BY NAME SELECT 0 AS record_key, 'a' AS where_file, 'l' AS where_record, 'p' AS kind",
  );
  await db.run(
    "INSERT INTO intake_patient BY NAME SELECT 0 AS record_key, 'p1' AS patient_key, '1970-01-01' AS birth_date",
  );
  for (const [i, [instrument, place, status, cat, answers]] of Object.values(FORMS).entries()) {
    const key = i + 1;
    await db.run(
      `INSERT INTO intake_record BY NAME SELECT ${key} AS record_key, 'a' AS where_file, 'l${key}' AS where_record, 'f' AS kind`,
    );
    await db.run(`INSERT INTO intake_administration BY NAME SELECT ${key} AS record_key, '${key}' AS administration_key, 'p1' AS patient_key,
      '${instrument}' AS instrument_code, 'propool' AS instrument_system, '2025-03-${10 + key}' AS answered_at, '${status}' AS status,
      ${place} AS where_pointer, ${cat} AS cat, 'form ${key}' AS source_id`);
    for (const answer of answers.split(" ")) {
      const [item, value] = answer.split("=");
      await db.run(`INSERT INTO intake_response BY NAME SELECT ${key} AS record_key, '${key}' AS administration_key, '${item}' AS item_code,
        'propool' AS item_system, TRY_CAST('${value}' AS DECIMAL(18,6)) AS answer_num, 'reported' AS origin`);
    }
  }
  await mapRecords(db, site as never);
}, 60_000);
afterAll(() => db.close());

const EXPECTED: Record<string, string[]> = {
  "a form that leaves an item out": [
    ...["GAD7_1 answered", "GAD7_2 answered", "GAD7_3 answered"],
    ...["GAD7_4 skipped", "GAD7_5 skipped", "GAD7_6 skipped", "GAD7_7 skipped"],
  ],
  "a form that lists an item without an answer": ["GAD7_1 answered", "GAD7_2 skipped"],
  // PHQ9_10 has no row: nobody knows whether it was asked.
  "an item that many forms leave out": [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `PHQ9_${n} answered`),
  "single answers, which are no form": ["GAD7_1 answered"],
  "a branch that leads past two items": [
    "AUDITC1 answered",
    "AUDITC2 not_shown",
    "AUDITC3 not_shown",
  ],
  "an item behind a branch, listed without an answer": [
    "AUDITC1 answered",
    "AUDITC2 not_shown",
    "AUDITC3 not_shown",
  ],
  "an adaptive test": ["EDDEP04 answered", "EDDEP06 not_shown"],
  "some items of a library": ["PROCTCAE_1A answered"],
};

describe("an item without an answer", () => {
  it.each(Object.keys(FORMS).map((title, i) => ({ title, key: `form ${i + 1}` })))(
    "$title",
    async ({ title, key }) => {
      const rows = await db.all<{ name: string; answer_state: string }>(
        `SELECT name, answer_state FROM cdm_pro_cm_detail WHERE kind = 'item' AND pro_seq LIKE '${key}|%' ORDER BY name`,
      );
      expect(rows.map((row) => `${row.name} ${row.answer_state}`)).toEqual(EXPECTED[title]);
    },
  );

  it("is never a zero", async () => {
    const [{ n } = { n: -1 }] = await db.all<{ n: number }>(
      `SELECT CAST(count(*) AS INTEGER) AS n FROM cdm_pro_cm c JOIN cdm_pro_cm_detail d USING (pro_cm_id)
      WHERE d.kind = 'item' AND d.answer_state <> 'answered' AND c.pro_response_num IS NOT NULL`,
    );
    expect(n).toBe(0);
  });
});
