import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBValue } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIntake } from "../../pipelines/adapters/intake.ts";
import { loadCatalogue } from "../../pipelines/catalogue/load.ts";
import { readCatalogue } from "../../pipelines/catalogue/read.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { loadCrosswalks } from "../../pipelines/crosswalk/load.ts";
import { loadWords } from "../../pipelines/mapping/words.ts";
import { createIdentifiers } from "../../pipelines/privacy/identifiers.ts";
import { auditLeaks, type LeakAudit } from "../../pipelines/privacy/leak-audit.ts";
import { identifyingTexts } from "../../pipelines/privacy/search-texts.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES, tableShape } from "../../warehouse/schema.ts";
import { ident } from "../../warehouse/sql.ts";
import { temporary } from "../support/site.ts";
import type { StoreRows } from "../support/store.ts";

let db: DuckDb;
beforeAll(async () => {
  db = await DuckDb.open(":memory:", { small: true });
  await createIntake(db);
  await loadCatalogue(db, await readCatalogue());
  await loadCrosswalks(db, [], []);
  await loadWords(db, {}, []);
  await db.run("CREATE TABLE mapped_response (said BIGINT, reason VARCHAR)");
  await db.run("CREATE TABLE said (said BIGINT, answer_text VARCHAR)");
  await db.run("ATTACH ':memory:' AS new_store");
});
afterAll(() => db.close());

interface Case {
  person?: Record<string, string>;
  /** Free texts that somebody wrote. */
  comments?: string[];
  store?: StoreRows;
  texts?: { name: string; content: string }[];
}

/** Audits a store as if these people had been read tonight. */
async function audit({ person, comments = [], store = {}, texts = [] }: Case): Promise<LeakAudit> {
  const columns = Object.keys(person ?? {});
  await db.run("DELETE FROM intake_patient");
  await db.run("DELETE FROM mapped_response");
  await db.run("DELETE FROM said");
  if (person) {
    const values = Object.values(person) as DuckDBValue[];
    await db.run(
      `INSERT INTO intake_patient (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
      values,
    );
  }
  for (const [i, comment] of comments.entries()) {
    await db.run("INSERT INTO said VALUES (?, ?)", [i, comment]);
    await db.run("INSERT INTO mapped_response VALUES (?, 'MAPPING_FREE_TEXT')", [i]);
  }
  await fillStore(store);
  await createIdentifiers(db);
  return auditLeaks(db, { store: "new_store", texts, known: ["RIVER", "2024-06-01"] });
}

/** The tables of a store without its constraints, with these rows. */
async function fillStore(rows: StoreRows): Promise<void> {
  for (const table of TABLE_NAMES) {
    const columns = Object.keys(tableShape(table).columns).map((name) => `${ident(name)} VARCHAR`);
    await db.run(`CREATE OR REPLACE TABLE new_store.${table} (${columns.join(", ")})`);
    for (const row of rows[table] ?? []) {
      const names = Object.keys(row).map(ident).join(", ");
      const slots = Object.keys(row)
        .map(() => "?")
        .join(", ");
      const values = Object.values(row) as DuckDBValue[];
      await db.run(`INSERT INTO new_store.${table} (${names}) VALUES (${slots})`, values);
    }
  }
}

async function leakOf(one: Case): Promise<ProError> {
  const error = await audit(one).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProError);
  return error as ProError;
}

const inText = (value: string): StoreRows => ({ pro_cm: [{ pro_response_text: value }] });

describe("the leak audit finds", () => {
  it.each([
    { field: "family_name", value: "Quellmark" },
    { field: "given_name", value: "Ottoline" },
    { field: "birth_date", value: "1957-03-11" },
    { field: "address", value: "12 Larkspur Row" },
    { field: "phone", value: "303-555-0148" },
    { field: "email", value: "ottoline.q@example.org" },
    { field: "mrn", value: "MRN0048213" },
    { field: "ssn", value: "219-09-9999" },
    { field: "patient_key", value: "person-40817" },
  ])(
    "a $field, alone and inside a longer text, and names the place but not the value",
    async ({ field, value }) => {
      const person = { [field]: value };
      for (const leaving of [value, value.toUpperCase(), `told by ${value} today`]) {
        const error = await leakOf({ person, store: inText(leaving) });
        expect(error.code).toBe("DISCLOSURE_LEAK");
        expect(error.exitCode).toBe(14);
        expect(error.where).toEqual({ file: "pro_cm", pointer: "pro_response_text" });
        expect(error.message).toContain(field);
        const told = `${error.message} ${error.hint} ${error.stack}`.toLowerCase();
        expect(told).not.toContain(value.toLowerCase());
      }
    },
  );

  it("one word of a name of several", async () => {
    const error = await leakOf({
      person: { given_name: "Ottoline Maud" },
      store: inText("Maud"),
    });
    expect(error.code).toBe("DISCLOSURE_LEAK");
  });

  it("a short name that stands alone", async () => {
    const error = await leakOf({ person: { family_name: "Lee" }, store: inText("Lee") });
    expect(error.code).toBe("DISCLOSURE_LEAK");
  });

  it("a free text that left, whole or in part of a longer one", async () => {
    const comments = ["ask my neighbour Rosalind"];
    for (const leaving of [comments[0] ?? "", `he said: ${comments[0]}`]) {
      const error = await leakOf({ comments, store: inText(leaving) });
      expect(error.code).toBe("DISCLOSURE_LEAK");
      expect(error.message).toContain("free text");
    }
  });

  it("a patient's key that was not made a token", async () => {
    const error = await leakOf({
      person: { patient_key: "40817" },
      store: { demographic: [{ patid: "40817" }] },
    });
    expect(error.where).toEqual({ file: "demographic", pointer: "patid" });
  });

  it("a key that looks like a token but was left as it was", async () => {
    const key = "0123456789abcdef0123456789abcdef";
    const error = await leakOf({
      person: { patient_key: key },
      store: { demographic: [{ patid: key }] },
    });
    expect(error.where).toEqual({ file: "demographic", pointer: "patid" });
  });

  const TOKEN = "0123456789abcdef0123456789abcdef";
  it.each([
    ["in the place of a token's row", "Quellmark", [`${TOKEN}.item.Quellmark_1`]],
    ["that looks like a token, before a place", TOKEN, [`${TOKEN}.item.PHQ9_1`]],
    ["in a key that is no token", "Quellmark", ["form-Quellmark-1"]],
    ["in one key of many", "Quellmark", [`${TOKEN}.item.PHQ9_1`, "form-Quellmark-1"]],
    ["across the end of a token's length", "Quellmark", [`${TOKEN.slice(4)}Quellmark`]],
    ["alone where a key should be", "311", ["311"]],
  ])("a name or key %s of PRO_CM", async (_, value, ids) => {
    for (const table of ["pro_cm", "pro_cm_detail"] as const) {
      const error = await leakOf({
        person: { family_name: value },
        store: { [table]: ids.map((pro_cm_id) => ({ pro_cm_id })) },
      });
      expect(error.where).toEqual({ file: table, pointer: "pro_cm_id" });
    }
  });

  it("a social security number that stands where a diagnosis should", async () => {
    const error = await leakOf({
      person: { ssn: "219099999" },
      store: { condition: [{ condition: "219099999", condition_type: "SM" }] },
    });
    expect(error.where).toEqual({ file: "condition", pointer: "condition" });
  });

  it("an identifier in the manifest", async () => {
    const content = JSON.stringify({ site: "RIVER", note: "for Quellmark" });
    const error = await leakOf({
      person: { family_name: "Quellmark" },
      texts: [{ name: "manifest.json", content }],
    });
    expect(error.where).toEqual({ file: "manifest.json", pointer: "/note" });
  });
});

describe("the leak audit lets through", () => {
  it.each(["Mild", "Good", "Fair", "Never"])(
    "the answer of a closed list that a patient is called after: %s",
    async (family_name) => {
      const { found } = await audit({ person: { family_name }, store: inText(family_name) });
      expect(found).toEqual([]);
    },
  );

  // Each word stands in every store; a patient of that name, often a test patient, must not stop the night for ever.
  it.each([
    ["Patient", { pro_collection: [{ responder: "patient" }] }],
    ["Unknown", { pro_collection: [{ channel_origin: "unknown" }] }],
    ["Stated", { pro_collection: [{ pro_date_origin: "stated" }] }],
    ["Complete", { pro_collection: [{ completion_status: "complete" }] }],
    ["Home", { pro_collection: [{ setting: "home" }] }],
    ["Score", { pro_cm_detail: [{ kind: "score" }] }],
    ["Total", { pro_cm_detail: [{ name: "total" }], pro_cm: [{ pro_name: "total" }] }],
    ["Match", { pro_cm_detail: [{ status: "match" }] }],
    ["Raw", { pro_cm_detail: [{ scale: "raw" }] }],
    ["High", { pro_cm_detail: [{ confidence: "high" }] }],
    ["Answered", { pro_cm_detail: [{ answer_state: "answered" }] }],
    ["Eng", { pro_collection: [{ language: "eng" }] }],
  ] as [string, StoreRows][])(
    "our own words where a patient is called %s",
    async (family_name, store) => {
      expect((await audit({ person: { family_name }, store })).found).toEqual([]);
    },
  );

  it("the site's own id in the manifest where a patient is called like it", async () => {
    const content = JSON.stringify({ site: "RIVER", created: "2024-06-01" });
    const texts = [{ name: "manifest.json", content }];
    const person = { family_name: "River", birth_date: "2024-06-01" };
    expect((await audit({ person, texts })).found).toEqual([]);
  });

  it("a short name that is a part of other words", async () => {
    const { found } = await audit({ person: { family_name: "Lee" }, store: inText("asleep") });
    expect(found).toEqual([]);
  });

  it.each([
    ["0123456789abcdef0123456789abcdef.item.311"],
    ["0123456789abcdef0123456789abcdef.item.311", "an older key of more than 33 letters 311"],
  ])("a short name in a row's place, or at the end of a key: %s %s", async (...ids) => {
    const store = { pro_cm: ids.map((pro_cm_id) => ({ pro_cm_id })) };
    expect((await audit({ person: { family_name: "311" }, store })).found).toEqual([]);
  });

  it("digits that a token has by chance", async () => {
    const { found } = await audit({
      person: { mrn: "123456" },
      store: { demographic: [{ patid: "ab123456ab123456ab123456ab123456" }] },
    });
    expect(found).toEqual([]);
  });

  it.each([
    { key: "311", condition: "311", condition_type: "09" },
    { key: "354890", condition: "35489007", condition_type: "SM" },
    { key: "96127", condition: "F32.1", condition_type: "10" },
  ])("the diagnosis $condition where a record number is $key", async ({ key, ...row }) => {
    const { found } = await audit({
      person: { patient_key: key, mrn: key },
      store: { condition: [row], procedures: [{ px: "96127", px_type: "CH" }] },
    });
    expect(found).toEqual([]);
  });

  it("everything, and counts what it searched, when nobody was read", async () => {
    const { identifiers, found } = await audit({ store: inText("Quellmark") });
    expect({ identifiers, found }).toEqual({ identifiers: 0, found: [] });
  });
});

describe("the leak audit of bytes", () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ directory: folder, remove } = await temporary());
  });
  afterAll(() => remove());

  /** A Parquet file with this text in its own description. */
  async function parquet(told: string): Promise<string> {
    const file = join(folder, `${told.length}.parquet`);
    const metadata = `{told: '${told.replaceAll("'", "''")}'}`;
    await db.run(`COPY (SELECT 1 AS a) TO '${file}' (FORMAT parquet, KV_METADATA ${metadata})`);
    return file;
  }
  async function auditFile(family_name: string, told: string): Promise<unknown> {
    await audit({ person: { family_name, birth_date: "1957-03-11", phone: "(303) 555-0148" } });
    const files = [await parquet(told)];
    const leaving = { store: "new_store", files, texts: [], known: [] };
    return auditLeaks(db, leaving).then(
      ({ found, bytes }) => ({ found, searched: bytes > 100 }),
      (error: ProError) => ({ code: error.code, file: error.where.file?.replace(/^\d+/, "N") }),
    );
  }

  it.each([
    ["a name", "exported for QUELLMARK, O."],
    ["a birth date in another spelling", "born 03/11/1957"],
    ["a telephone number without its marks", "call 3035550148 today"],
  ])("finds %s in what a Parquet file says of itself", async (_what, told) => {
    expect(await auditFile("Quellmark", told)).toEqual({
      code: "DISCLOSURE_LEAK",
      file: "N.parquet",
    });
  });

  it("is not misled by the letters of tokens and hashes", async () => {
    const told = `tokens ab12${"quellmark".replace(/[^a-f0-9]/g, "0")}`;
    expect(await auditFile("Quellmark", told)).toEqual({ found: [], searched: true });
    const hash = "deadbeef00112233445566778899aabb";
    expect(await auditFile("deadbeef", `sha ${hash}${hash}`)).toEqual({
      found: [],
      searched: true,
    });
    expect(await auditFile("deadbeef", "sha deadbeef")).toMatchObject({ code: "DISCLOSURE_LEAK" });
  });

  const BROKER_HEADER = "site,patid,encoding,filter";
  const filter = `QuellmarK${"a".repeat(162)}=`;
  const token = "0123456789abcdef0123456789abcdef";
  it.each([
    { column: "patid", line: `RIVER,Quellmark,pro-clk-v1/NET/1/ab,${filter}` },
    { column: "encoding", line: `RIVER,${token},told by Quellmark,${filter}` },
    { column: "filter", line: `RIVER,${token},pro-clk-v1/NET/1/ab,Quellmark` },
    { column: null, line: `RIVER,${token},pro-clk-v1/NET/1/ab,${filter}` },
  ])("looks for a name in $column of the broker's file", async ({ column, line }) => {
    await audit({ person: { family_name: "Quellmark" } });
    const brokerFile = join(folder, "RIVER-clk.csv");
    await writeFile(brokerFile, `${BROKER_HEADER}\n${line}\n`);
    const leaving = { store: "new_store", texts: [], known: [], brokerFile };
    const found = await auditLeaks(db, leaving).then(
      () => null,
      (error: ProError) => error.where,
    );
    expect(found).toEqual(column && { file: "RIVER-clk.csv", pointer: column });
  });

  it("tells names of files that name somebody from others", async () => {
    await audit({ person: { family_name: "Quellmark", given_name: "Otto", mrn: "48213" } });
    const names = [
      "Quellmark_Otto.xml",
      "scan-otto.xml",
      "record 48213",
      "survey.csv",
      "lotto.csv",
    ];
    expect([...(await identifyingTexts(db, names))].sort()).toEqual([
      "Quellmark_Otto.xml",
      "record 48213",
      "scan-otto.xml",
    ]);
  });
});
