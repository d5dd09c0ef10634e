import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commonMeasures } from "../../pipelines/cdm.ts";
import { siteSchema } from "../../pipelines/configuration/site.ts";
import { mapRecords, prepare } from "../../pipelines/intake.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { PRO_CM_COLUMNS, readProCm, writeProCm } from "../../warehouse/queries/pro-cm-versions.ts";

const IDENTITY = { site: "S", name: "site", network: "N", format: "csv" };
let store: DuckDb;

/** A store with a form of items, sums and T-scores, an adaptive test with theta and its error, a linked score, a skipped item. */
beforeAll(async () => {
  store = await DuckDb.open(":memory:", { small: true });
  const site = siteSchema.parse({ ...IDENTITY, crosswalks: ["phq-9-to-promis-depression"] });
  await prepare(store, site as never, "2026-01-01");
  const forms: [string, string[]][] = [
    ["promis-depression-4a", ["EDDEP04=2", "EDDEP06=3", "EDDEP29=2", "EDDEP41=1", "t=57.3"]],
    ["promis-fatigue", ["theta=0.51234", "t=55.1234", "se=3.1"]],
    [
      "phq-9",
      ["PHQ9_1=2", "PHQ9_2=1", ...[3, 4, 5, 6, 7, 8, 9].map((n) => `PHQ9_${n}=1`), "total=10"],
    ],
    ["phq-9", ["PHQ9_1=2"]],
  ];
  await store.run(
    "INSERT INTO intake_record BY NAME SELECT 0 AS record_key, 'a' AS where_file, 'l' AS where_record, 'p' AS kind",
  );
  await store.run(
    "INSERT INTO intake_patient BY NAME SELECT 0 AS record_key, 'p1' AS patient_key, '1970-01-01' AS birth_date",
  );
  for (const [i, [instrument, answers]] of forms.entries()) {
    const key = i + 1;
    await store.run(
      `INSERT INTO intake_record BY NAME SELECT ${key} AS record_key, 'a' AS where_file, 'l${key}' AS where_record, 'f' AS kind`,
    );
    await store.run(`INSERT INTO intake_administration BY NAME SELECT ${key} AS record_key, '${key}' AS administration_key, 'p1' AS patient_key,
      '${instrument}' AS instrument_code, 'propool' AS instrument_system, '2025-03-0${key}T09:30' AS answered_at, 'completed' AS status,
      'QuestionnaireResponse' AS where_pointer`);
    for (const answer of answers) {
      const [item, value] = answer.split("=");
      await store.run(`INSERT INTO intake_response BY NAME SELECT ${key} AS record_key, '${key}' AS administration_key, '${item}' AS item_code,
        'propool' AS item_system, CAST('${value}' AS DECIMAL(18,6)) AS answer_num, 'reported' AS origin`);
    }
  }
  await mapRecords(store, site as never);
  for (const table of ["pro_cm", "pro_cm_detail"])
    await store.run(`CREATE TABLE ${table} AS SELECT 'S' AS datamartid, * FROM cdm_${table}`);
}, 60_000);
afterAll(() => store.close());

const plain = (rows: unknown) =>
  JSON.parse(JSON.stringify(rows, (_, value) => (typeof value === "bigint" ? `${value}` : value)));

/** Puts rows of one version in the place of the store's own, as another store that received the file would have them. */
async function receive(version: "6.1" | "7.0"): Promise<void> {
  await store.run(`CREATE OR REPLACE TABLE given_pro_cm AS ${writeProCm(version)}`);
  await store.run(`CREATE OR REPLACE TABLE received AS ${readProCm(version, "S")}`);
  await store.run("CREATE OR REPLACE TABLE pro_cm AS SELECT * FROM received");
}

describe("PRO_CM in the shape of each version", () => {
  it("v6.1 has theta, T-score, standard error and the count of scored items in their columns", async () => {
    const rows = await store.all<Record<string, unknown>>(writeProCm("6.1"));
    const measures = rows
      .filter((row) => row.pro_item_name === null)
      .map((row) =>
        [
          row.pro_measure_name,
          ...["score", "theta", "scaled_tscore", "standard_error", "count_scored"].map(
            (name) => `${row[`pro_measure_${name}`] ?? "-"}`.replace(/\.?0+$/, "") || "0",
          ),
          row.pro_measure_loinc ?? "-",
        ].join(" "),
      )
      .sort();
    expect(measures).toEqual(
      [
        "raw 8 - - - 4 -",
        "t - - 57.3 2.3 - 77861-3",
        "se 3.1 - - - - -",
        // The T-score that theta gives is 55.1234: the reported one stays, with the error that the test reported.
        "t - - 55.1234 3.1 - 77864-7",
        "theta - 0.51234 - - - -",
        "total 10 - - - 9 44261-6",
        // The table gives 55.7 for a sum of 8: both stay.
        "t - - 55.7 2.3 - 77861-3",
        "t - - 59.9 - - -",
        "total - - - - 1 44261-6",
      ].sort(),
    );
    expect(Object.keys(rows[0] ?? {})).toEqual([...PRO_CM_COLUMNS["6.1"]]);
  });

  it("v7.0 has an answer and a score in rows of one shape, tied by PRO_SEQ", async () => {
    const rows = await store.all<Record<string, unknown>>(writeProCm("7.0"));
    expect(Object.keys(rows[0] ?? {})).toEqual([...PRO_CM_COLUMNS["7.0"]]);
    expect(new Set(rows.map(({ pro_seq }) => pro_seq)).size).toBe(4);
    // Seven items of the last form were not answered: each is a row.
    const last = rows.filter(({ pro_seq }) => `${pro_seq}`.includes("2025-03-04"));
    expect(last.filter((row) => row.pro_response_num === null)).toHaveLength(9);
  });

  it("a linked score is no row of the code that it was linked to", async () => {
    const [linked] = await store.all(
      "SELECT c.pro_type, c.pro_code, c.pro_source, d.link, d.preferred FROM pro_cm c JOIN pro_cm_detail d USING (pro_cm_id) WHERE d.origin = 'linked'",
    );
    expect(linked).toEqual({
      pro_type: "OT",
      pro_code: "phq-9-to-promis-depression",
      pro_source: "DR",
      link: "phq-9-to-promis-depression",
      preferred: false,
    });
  });

  it("v6.1 to a store to v7.0 to a store to v6.1 is equal row by row", async () => {
    const before = plain(await store.all(writeProCm("6.1")));
    const ours = plain(await store.all(writeProCm("7.0")));
    await receive("6.1");
    expect(plain(await store.all(writeProCm("7.0")))).toEqual(ours);
    await receive("7.0");
    const after = plain(await store.all(writeProCm("6.1")));
    expect(after).toHaveLength(before.length);
    expect(after).toEqual(before);
  });

  it("v3.0 has the common measures only", async () => {
    const rows = await store.all<Record<string, unknown>>(
      writeProCm("3.0", await commonMeasures()),
    );
    expect(Object.keys(rows[0] ?? {})).toEqual([...PRO_CM_COLUMNS["3.0"]]);
    expect(
      rows.map(({ pro_item, pro_loinc, pro_response }) => [
        pro_item,
        pro_loinc,
        Number(pro_response),
      ]),
    ).toEqual([["PN_0005", "61967-6", 2]]);
  });
});
