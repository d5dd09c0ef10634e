import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Site, siteSchema } from "../../pipelines/configuration/site.ts";
import { mapRecords, prepare } from "../../pipelines/intake.ts";
import { slicesOfRows } from "../../pipelines/mapping/rows.ts";
import { deidentifyInto } from "../../pipelines/privacy/deidentify.ts";
import { readPrivacyProfile, tokenPurposes } from "../../pipelines/privacy/profile.ts";
import { loadTokenKeys } from "../../pipelines/privacy/tokens.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { bringToNewest } from "../../warehouse/store-file.ts";
import { temporary } from "../support/site.ts";

/** Forms of 13 people: every third leaves an item out, every fifth states a total of its own. */
const FORMS = 40;
const ITEMS = [1, 2, 3, 4, 5, 6, 7].map((n) => `GAD7_${n}`);

let db: DuckDb;
let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ directory: folder, remove } = await temporary());
  db = await DuckDb.open(":memory:", { small: true });
  const site = siteSchema.parse({ site: "S", name: "s", network: "N", format: "fhir" }) as Site;
  await prepare(db, site, "2026-01-01");
  const form = `SELECT i AS record_key, i::VARCHAR AS administration_key, 'p' || i % 13 AS patient_key FROM range(${FORMS}) r(i)`;
  await db.run(`INSERT INTO intake_record BY NAME SELECT i AS record_key, 'a' AS where_file, 'line ' || i AS where_record, 'f' AS kind
    FROM range(${FORMS + 13}) r(i)`);
  await db.run(`INSERT INTO intake_patient BY NAME SELECT ${FORMS} + i AS record_key, 'p' || i AS patient_key, '1970-01-01' AS birth_date
    FROM range(13) r(i)`);
  await db.run(`INSERT INTO intake_administration BY NAME SELECT *, 'gad-7' AS instrument_code, 'propool' AS instrument_system,
    (DATE '2025-01-01' + record_key::INTEGER)::VARCHAR AS answered_at, 'completed' AS status, 'QuestionnaireResponse' AS where_pointer FROM (${form})`);
  await db.run(`INSERT INTO intake_response BY NAME SELECT record_key, administration_key, item AS item_code, 'propool' AS item_system,
      (record_key + place) % 4 AS answer_num, 'reported' AS origin
    FROM (${form}), (SELECT unnest([${ITEMS.map((item) => `'${item}'`).join()}, 'total']) AS item, unnest(range(8)) AS place)
    WHERE NOT (record_key % 3 = 0 AND place = 2) AND NOT (record_key % 5 <> 0 AND item = 'total') ORDER BY ALL`);
  await mapRecords(db, site);
});
afterAll(async () => {
  db.close();
  await remove();
});

/** What a store holds of administrations when their rows leave in slices of so many; undefined: at once. */
async function leave(size?: number): Promise<{ slices: number; rows: unknown[][] }> {
  const file = join(folder, `${size}.duckdb`);
  const profile = await readPrivacyProfile("shifted");
  const key = new Uint8Array(32).fill(7);
  await bringToNewest(file);
  await db.run("DROP TABLE IF EXISTS gone");
  await db.run("DROP TABLE IF EXISTS date_shift");
  const purposes = [...new Set([...tokenPurposes(profile), "patid", "pro_seq"])];
  await loadTokenKeys(db, { generations: [key], linkage: null }, purposes);
  await db.run(`ATTACH '${file}' AS new_store`);
  let slices = 0;
  async function* counted() {
    for await (const slice of slicesOfRows(db, size)) {
      slices++;
      yield slice;
    }
  }
  await deidentifyInto(db, { store: "new_store", site: "S", profile, slices: counted });
  const tables = ["pro_collection", "pro_cm", "pro_cm_detail"];
  const rows = await Promise.all(
    tables.map((table) => db.all(`SELECT * FROM new_store.${table} ORDER BY ALL`)),
  );
  await db.run("DETACH new_store");
  return { slices, rows };
}

it("rows of answers leave in slices as they leave at once", async () => {
  const whole = await leave();
  expect(whole.slices).toBe(1);
  // 40 forms of 7 items, whether answered or not, a computed total where the scale allows it and 8 stated ones.
  expect(whole.rows[0]).toHaveLength(40);
  expect(whole.rows[1]?.length).toBeGreaterThan(280);
  for (const [size, slices] of [
    [273, 2],
    [100, 3],
    [13, 22],
    // At once again: what the slices did to the views does not last.
    [274, 1],
  ] as const) {
    expect(await leave(size), `slices of ${size}`).toEqual({ slices, rows: whole.rows });
  }
});
