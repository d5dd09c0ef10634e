import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Site, siteSchema } from "../../pipelines/configuration/site.ts";
import { mapRecords, prepare } from "../../pipelines/intake.ts";
import { deidentifyInto } from "../../pipelines/privacy/deidentify.ts";
import {
  type PrivacyProfile,
  readPrivacyProfile,
  tokenPurposes,
} from "../../pipelines/privacy/profile.ts";
import { loadTokenKeys } from "../../pipelines/privacy/tokens.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import {
  type ColumnShape,
  TABLE_NAMES,
  type TableName,
  tableShape,
} from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";

const DAY = "2024-02-29";

let profile: PrivacyProfile;
let db: DuckDb;
beforeAll(async () => {
  profile = await readPrivacyProfile("shifted");
  db = await DuckDb.open(":memory:");
});
afterAll(() => db.close());

const actionOf = (table: string, column: string) => profile.tables[table]?.[column] ?? null;

describe("the profile shifted", () => {
  it("has an action for every column that a night can fill", async () => {
    const staging = await DuckDb.open(":memory:");
    try {
      const identity = { site: "RIVER", name: "River", network: "NET", format: "fhir" };
      const site = siteSchema.parse(identity) as Site;
      await prepare(staging, site, "2024-06-01");
      await mapRecords(staging, site);
      const staged = await staging.all<{ table: TableName; column: string }>(`
        SELECT table_name[5:] AS "table", column_name AS "column" FROM duckdb_columns() WHERE table_name LIKE 'cdm\\_%' ESCAPE '\\'`);
      expect(staged.length).toBeGreaterThan(80);
      const without = staged.filter(({ table, column }) => !actionOf(table, column));
      expect(without).toEqual([]);
    } finally {
      staging.close();
    }
  });

  it("shifts every date that it lets out, and makes tokens of every key of a person's row", () => {
    const wrong: string[] = [];
    for (const table of TABLE_NAMES) {
      const { columns, key } = tableShape(table);
      for (const [column, { type, references, valueSet }] of Object.entries(columns)) {
        const action = actionOf(table, column);
        const isCode =
          valueSet !== null || table === "harvest" || column === "token_encryption_key";
        const isKey = (key.includes(column) || references !== null) && !isCode;
        if (action === null || action === "drop" || column === "datamartid") continue;
        if (type === "date" && action !== "shift-date") wrong.push(`${table}.${column} ${action}`);
        if (isKey && !action.startsWith("token:")) wrong.push(`${table}.${column} ${action}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("makes the same token of one key in every table", () => {
    for (const name of ["patid", "encounterid", "pro_seq", "pro_cm_id"]) {
      const actions = TABLE_NAMES.map((table) => actionOf(table, name)).filter(Boolean);
      expect(new Set(actions)).toEqual(new Set([`token:${name}`]));
    }
  });

  it("keeps no column of free text or of a place", () => {
    const kept = TABLE_NAMES.flatMap((table) =>
      Object.keys(tableShape(table).columns)
        .filter((column) =>
          /^raw_|facilityid|facility_location|providerid|zip|address/.test(column),
        )
        .filter((column) => actionOf(table, column) === "keep"),
    );
    expect(kept).toEqual([]);
  });
});

/** A value in every column that a table has, so that what leaves can only be what the profile lets through. */
describe("a row with a value in every column", () => {
  const planted = (column: string, { type }: ColumnShape) => {
    if (column === "patid") return "'P1'";
    if (type === "text") return text(`PLANT ${column}`);
    if (type === "date") return `DATE '${DAY}'`;
    return type === "boolean" ? "true" : "7";
  };

  beforeAll(async () => {
    await db.run(
      "CREATE TABLE mapped_administration (state VARCHAR, pro_seq_key VARCHAR, source_id VARCHAR, instrument VARCHAR)",
    );
    await db.run("CREATE TABLE catalogue_instrument (instrument VARCHAR)");
    await db.run("CREATE TABLE gone_row (table_name VARCHAR, column_name VARCHAR, key VARCHAR)");
    await db.run("ATTACH ':memory:' AS new_store");
    for (const table of TABLE_NAMES) {
      const columns = Object.entries(tableShape(table).columns);
      const isManaged = (name: string) => table === "harvest" && name.endsWith("_mgmt");
      const values = columns
        .filter(([name]) => !isManaged(name))
        .map(([name, shape]) => `${planted(name, shape)} AS ${ident(name)}`);
      await db.run(`CREATE TABLE cdm_${table} AS SELECT ${values.join(", ")}`);
      const types = columns.map(
        ([name, { type }]) => `${ident(name)} ${type === "date" ? "DATE" : "VARCHAR"}`,
      );
      await db.run(`CREATE TABLE new_store.${table} (${types.join(", ")})`);
    }
    const key = new Uint8Array(32).fill(3);
    await loadTokenKeys(db, { generations: [key], linkage: key }, tokenPurposes(profile));
    await deidentifyInto(db, { store: "new_store", site: "RIVER", profile });
  });

  it.each([...TABLE_NAMES])("leaves %s through the profile's actions alone", async (table) => {
    const rows = await db.all<Record<string, unknown>>(`SELECT * FROM new_store.${ident(table)}`);
    expect(rows).toHaveLength(profile.tables[table] ? 1 : 0);
    const row = rows[0] ?? {};
    for (const [column, shape] of Object.entries(tableShape(table).columns)) {
      const value = row[column] == null ? null : String(row[column]);
      const action = actionOf(table, column);
      const what = `${table}.${column} (${action})`;
      if (column === "datamartid" && rows.length > 0) expect(value, what).toBe("RIVER");
      else if (action === null || action === "drop") expect(value, what).toBeNull();
      else if (action.startsWith("token:link_")) expect(value, what).toMatch(/^[\w-]{43}$/);
      else if (action.startsWith("token:")) expect(value, what).toMatch(/^[0-9a-f]{32}$/);
      else if (action === "shift-date") {
        const days = (Date.parse(value ?? "") - Date.parse(DAY)) / 86_400_000;
        expect(Math.abs(days), what).toBeGreaterThanOrEqual(1);
        expect(Math.abs(days), what).toBeLessThanOrEqual(365);
      } else if (shape.type === "text" && !column.endsWith("_mgmt")) {
        expect(value, what).toBe(`PLANT ${column}`);
      }
    }
  });
});
