import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCatalogue } from "../../pipelines/catalogue/load.ts";
import { readCatalogue } from "../../pipelines/catalogue/read.ts";
import { type Site, siteSchema } from "../../pipelines/configuration/site.ts";
import { mappingsDirectory } from "../../pipelines/core/mappings.ts";
import { loadCrosswalks } from "../../pipelines/crosswalk/load.ts";
import { mapRecords, prepare } from "../../pipelines/intake.ts";
import { loadWords } from "../../pipelines/mapping/words.ts";
import { type Action, actionSql, createActionLists } from "../../pipelines/privacy/actions.ts";
import { deidentifyInto } from "../../pipelines/privacy/deidentify.ts";
import {
  dateManagement,
  type PrivacyProfile,
  readPrivacyProfile,
  tokenPurposes,
  tokenTablesSql,
} from "../../pipelines/privacy/profile.ts";
import { loadTokenKeys } from "../../pipelines/privacy/tokens.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { PACKED_TABLES, sharedColumns, statedColumns } from "../../warehouse/packed.ts";
import {
  type ColumnShape,
  TABLE_NAMES,
  type TableName,
  tableShape,
} from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";

const DAY = "2024-02-29";
const files = await readdir(join(mappingsDirectory, "privacy"));
const NAMES = files.map((file) => file.replace(".yaml", "")).sort();
const profiles = new Map<string, PrivacyProfile>();
for (const name of NAMES) profiles.set(name, await readPrivacyProfile(name));

const profileOf = (name: string) => profiles.get(name) as PrivacyProfile;
const actionOf = (profile: PrivacyProfile, table: string, column: string): Action | null =>
  profile.tables[table]?.[column] ?? null;

/** Every column of every output, but the site's own id. */
const COLUMNS = TABLE_NAMES.flatMap((table) =>
  Object.entries(tableShape(table).columns)
    .filter(([column]) => column !== "datamartid")
    .map(([column, shape]) => ({ table, column, shape, what: `${table}.${column}` })),
);

describe("the tokens of a night", () => {
  it("are made once an administration, and not once an answer", () => {
    const columns = new Set(["patid", "pro_seq"]);
    const staged = new Map([
      ["encounter", columns],
      ["pro_collection", columns],
      ["pro_cm", columns],
    ] as const);
    const sql = tokenTablesSql(profileOf("shifted"), staged).join("\n");
    expect([...sql.matchAll(/FROM (cdm_\w+|staged_\w+)/g)].map(([, table]) => table)).toEqual([
      "staged_administration",
      ...["cdm_encounter", "staged_administration"],
      ...["staged_administration", "staged_administration"],
    ]);
  });
});

describe("the profiles", () => {
  it("are the four that are promised", () => {
    expect(NAMES).toEqual(["expert", "limited-data-set", "safe-harbor", "shifted"]);
  });

  it.each(NAMES)("%s has an action for every column of every output", (name) => {
    const without = COLUMNS.filter(
      ({ table, column }) => !actionOf(profileOf(name), table, column),
    );
    expect(without.map(({ what }) => what)).toEqual([]);
    expect(COLUMNS.length).toBeGreaterThan(250);
  });

  it.each(NAMES)(
    "%s makes tokens of every key of a person's row, the same in every table",
    (name) => {
      const wrong = COLUMNS.filter(({ table, column, shape }) => {
        const one = actionOf(profileOf(name), table, column);
        const { key } = tableShape(table);
        const isSites = table === "harvest" || column === "token_encryption_key";
        // A partial date's own key is a name of the schema beside the token of another row.
        if (table === "partial_date" && column !== "patid") return false;
        const isKey =
          (key.includes(column) || shape.references !== null) && shape.valueSet === null;
        return isKey && !isSites && one !== "drop" && !one?.startsWith("token:");
      });
      expect(wrong.map(({ what }) => what)).toEqual([]);
      for (const column of ["patid", "encounterid", "pro_seq", "pro_cm_id"]) {
        const actions = TABLE_NAMES.map((table) => actionOf(profileOf(name), table, column));
        const made = new Set(actions.filter((one) => one !== null && one !== "drop"));
        expect([...made]).toEqual([`token:${column === "pro_cm_id" ? "pro_seq" : column}`]);
      }
    },
  );

  it.each(NAMES)("%s lets no free text out", (name) => {
    const kept = COLUMNS.filter(
      ({ table, column }) =>
        /^raw_|facilityid|providerid|address_city|pro_text$/.test(column) &&
        !["drop", "token:providerid"].includes(actionOf(profileOf(name), table, column) ?? "drop"),
    );
    expect(kept.map(({ what }) => what).filter((what) => what !== "pro_cm.pro_text")).toEqual([]);
  });

  it("name only columns that exist and actions that are known", async () => {
    await expect(readPrivacyProfile("no-such")).rejects.toMatchObject({ code: "CONFIG_PRIVACY" });
    await expect(readPrivacyProfile("../formats/words")).rejects.toMatchObject({
      code: "CONFIG_PRIVACY",
    });
  });

  it("cover what a night stages", async () => {
    const staging = await DuckDb.open(":memory:", { small: true });
    try {
      const identity = { site: "RIVER", name: "River", network: "NET", format: "fhir" };
      const site = siteSchema.parse(identity) as Site;
      await prepare(staging, site, "2024-06-01");
      await mapRecords(staging, site);
      const staged = await staging.all<{ table: TableName; column: string }>(`
        SELECT table_name[5:] AS "table", column_name AS "column" FROM duckdb_columns() WHERE table_name LIKE 'cdm\\_%' ESCAPE '\\'`);
      expect(staged.length).toBeGreaterThan(80);
      const known = new Set(COLUMNS.map(({ what }) => what));
      // A row's place in its administration goes into its key.
      const strangers = staged.filter(
        ({ table, column }) => !known.has(`${table}.${column.replace(/_place$/, "")}`),
      );
      expect(strangers.filter(({ column }) => column !== "datamartid")).toEqual([]);
    } finally {
      staging.close();
    }
  });
});

/** What each profile may do to a date that it lets out, and to a time of day. */
const RULES: Record<string, { dates: Action[]; times: Action[]; management: string }> = {
  "safe-harbor": { dates: ["year-only", "cap-age"], times: [], management: "03" },
  "limited-data-set": { dates: ["keep"], times: ["keep-time"], management: "01" },
  shifted: { dates: ["shift-date"], times: ["keep-time"], management: "03" },
  expert: { dates: ["shift-date", "band:5"], times: [], management: "03" },
};

describe.each(NAMES)("dates in the profile %s", (name) => {
  const { dates, times, management } = RULES[name] ?? { dates: [], times: [], management: "" };

  it("leave as it promises, or not at all", () => {
    const wrong = COLUMNS.filter(({ table, column, shape }) => {
      const one = actionOf(profileOf(name), table, column) ?? "drop";
      if (one === "drop" || table === "harvest") return false;
      if (shape.type === "date") return !dates.includes(one);
      return /_time$/.test(column) && !times.includes(one);
    });
    expect(wrong.map(({ what }) => what)).toEqual([]);
  });

  it("are told by HARVEST", () => {
    const told = dateManagement(profileOf(name));
    expect(told).toMatchObject({
      birth_date_mgmt: management,
      pro_date_mgmt: management,
      admit_date_mgmt: management,
      rx_order_date_mgmt: "NI",
    });
  });
});

/** The row of PARTIAL_DATE: that of the planted condition. */
const PARTIAL: Record<string, string> = {
  table_name: "condition",
  column_name: "onset_date",
  row_key: "PLANT conditionid",
  date_value: "2024-02",
};

/** A value in every column that a table has, so that what leaves can only be what the profile lets through. */
describe.each(NAMES)("a row with a value in every column under %s", (name) => {
  const profile = profileOf(name);
  let db: DuckDb;
  const planted = (column: string, { type }: ColumnShape) => {
    if (column === "patid") return "'P1'";
    if (column in PARTIAL) return text(PARTIAL[column] ?? "");
    // Rows of PRO_CM are keyed by their administration.
    if (column === "pro_cm_id") return "'PLANT pro_seq'";
    if (/zip|facility_location/.test(column)) return "'98101'";
    if (type === "text") return text(`PLANT ${column}`);
    if (type === "date") return `DATE '${DAY}'`;
    return type === "boolean" ? "true" : "7";
  };
  // Where no more than years leave, a partial date goes into the column for which it stands.
  const staged = (table: string) =>
    (table !== "partial_date" || name !== "safe-harbor") &&
    Object.values(profile.tables[table] ?? {}).some((one) => one !== "drop");

  beforeAll(async () => {
    db = await DuckDb.open(":memory:", { small: true });
    await db.run("SET VARIABLE today = DATE '2024-06-01'");
    await loadCatalogue(db, await readCatalogue());
    await loadCrosswalks(db, [], []);
    await loadWords(db, {}, []);
    await db.run(
      "CREATE TABLE mapped_administration (state VARCHAR, pro_seq_key VARCHAR, source_id VARCHAR, instrument VARCHAR)",
    );
    await db.run("CREATE TABLE gone_row (table_name VARCHAR, column_name VARCHAR, key VARCHAR)");
    await db.run("ATTACH ':memory:' AS new_store");
    for (const table of TABLE_NAMES) {
      const columns = Object.entries(tableShape(table).columns);
      const isManaged = (one: string) => table === "harvest" && one.endsWith("_mgmt");
      const values = columns
        .filter(([column]) => !isManaged(column))
        .map(([column, shape]) => `${planted(column, shape)} AS ${ident(column)}`);
      await db.run(`CREATE TABLE cdm_${table} AS SELECT ${values.join(", ")}`);
      const types = columns.map(
        ([column, { type }]) => `${ident(column)} ${type === "date" ? "DATE" : "VARCHAR"}`,
      );
      await db.run(`CREATE TABLE new_store.${table} (${types.join(", ")})`);
    }
    const [collection, row, detail] = PACKED_TABLES.map(
      (table) => `(SELECT ${statedColumns(table)} FROM cdm_${table})`,
    );
    await db.run(
      `CREATE TABLE staged_statement AS SELECT 0 AS statement, 'item.PHQ9_1' AS place, * FROM ${row}, ${detail}`,
    );
    await db.run(
      `CREATE TABLE staged_circumstance AS SELECT 0 AS statement, NULL AS place, * FROM ${collection}`,
    );
    await db.run(`CREATE TABLE staged_administration AS SELECT 0 AS administration, ${sharedColumns("pro_cm")}, pro_requestid
      FROM cdm_pro_cm, (SELECT pro_requestid FROM cdm_pro_collection)`);
    for (const table of ["staged_row", "staged_collection"])
      await db.run(`CREATE TABLE ${table} AS SELECT 0 AS administration, 0 AS statement`);
    const key = new Uint8Array(32).fill(3);
    await loadTokenKeys(db, { generations: [key], linkage: key }, [
      ...new Set([...tokenPurposes(profile), "patid", "pro_seq"]),
    ]);
    await deidentifyInto(db, { store: "new_store", site: "RIVER", profile });
  });
  afterAll(() => db.close());

  it("leaves through the profile's actions alone", async () => {
    for (const table of TABLE_NAMES) {
      const rows = await db.all<Record<string, unknown>>(`SELECT * FROM new_store.${ident(table)}`);
      expect(rows, table).toHaveLength(staged(table) ? 1 : 0);
      const row = rows[0] ?? {};
      for (const [column, shape] of Object.entries(tableShape(table).columns)) {
        const value = row[column] == null ? null : String(row[column]);
        const one = actionOf(profile, table, column) ?? "drop";
        const what = `${table}.${column} (${one})`;
        if (column === "datamartid") expect(value, what).toBe(rows.length > 0 ? "RIVER" : null);
        else if (table === "harvest" && column.endsWith("_mgmt"))
          expect(["01", "03", "NI", null], what).toContain(value);
        else if (rows.length === 0) expect(value, what).toBeNull();
        else expect(OUTCOME(one, column, shape)(value), `${what}: ${value}`).toBe(true);
      }
    }
    const [tied] = await db.all(
      "SELECT 1 FROM new_store.partial_date p JOIN new_store.condition c ON c.conditionid = p.row_key",
    );
    expect(tied !== undefined, "a partial date names its row").toBe(staged("partial_date"));
  });
});

/** Whether a value is what the action makes of the planted one. */
function OUTCOME(
  one: Action,
  column: string,
  shape: ColumnShape,
): (value: string | null) => boolean {
  const planted = /zip|facility_location/.test(column)
    ? "98101"
    : (PARTIAL[column] ?? `PLANT ${column}`);
  if (one.startsWith("token:link_")) return (value) => /^[\w-]{43}$/.test(value ?? "");
  if (column === "pro_cm_id") return (value) => /^[0-9a-f]{32}\.item\.PHQ9_1$/.test(value ?? "");
  if (one.startsWith("token:")) return (value) => /^[0-9a-f]{32}$/.test(value ?? "");
  if (one.startsWith("band:")) return (value) => value === "2020-01-01";
  switch (one) {
    case "drop":
    case "code-only":
      return (value) => value === null;
    case "shift-date":
      return (value) => {
        const days = Math.abs(Date.parse(value ?? "") - Date.parse(DAY)) / 86_400_000;
        return days >= 1 && days <= 365;
      };
    case "year-only":
    case "cap-age":
      return (value) => value === "2024-01-01";
    case "row-key":
      return (value) => /^[0-9a-f]{32}$/.test(value ?? "");
    case "partial-date":
      return (value) => /^202[345]-[0-9]{2}$/.test(value ?? "");
    case "truncate-zip3":
      return (value) => value === "981";
    default:
      return (value) => shape.type !== "text" || value === planted;
  }
}

// Source: our reference vectors, tokens_pprl.json, safe_harbor.
describe("the actions of Safe Harbor", () => {
  let db: DuckDb;
  let vectors: {
    zip_cases: { zip: string; safe_harbor_zip3: string }[];
    age_cases: { age: number; safe_harbor: string }[];
  };
  beforeAll(async () => {
    const golden = join(import.meta.dirname, "../golden/privacy/tokens_pprl.json");
    vectors = JSON.parse(await readFile(golden, "utf8")).safe_harbor;
    db = await DuckDb.open(":memory:", { small: true });
    await db.run("SET VARIABLE today = DATE '2024-06-01'");
    await loadCatalogue(db, await readCatalogue());
    await loadWords(db, {}, []);
    await loadCrosswalks(db, [], []);
    await createActionLists(db);
  });
  afterAll(() => db.close());

  it("keep three digits of a ZIP code where more than 20,000 people live", async () => {
    const zips = [...vectors.zip_cases.map(({ zip }) => zip), "8930", "", "A1A 1A1"];
    const expected = [...vectors.zip_cases.map((one) => one.safe_harbor_zip3), "000", "000", "000"];
    const sql = actionSql("truncate-zip3", "encounter", "facility_location");
    const rows = await db.all<{ zip: string }>(
      `SELECT ${sql} AS zip FROM (SELECT unnest(from_json(?, '["VARCHAR"]')) AS facility_location) t`,
      [JSON.stringify(zips)],
    );
    expect(rows.map(({ zip }) => zip)).toEqual(expected);
  });

  it("have everybody of 90 and more in one group", async () => {
    const born = vectors.age_cases.map(({ age }) => `${2024 - age}-01-15`);
    const sql = actionSql("cap-age", "demographic", "birth_date");
    const rows = await db.all<{ year: number }>(
      `SELECT CAST(year(${sql}) AS INTEGER) AS year FROM (SELECT unnest(from_json(?, '["DATE"]')) AS birth_date) t`,
      [JSON.stringify(born)],
    );
    const groups = rows.map(({ year }) => (2024 - year >= 90 ? "90+" : String(2024 - year)));
    expect(groups).toEqual(vectors.age_cases.map(({ safe_harbor }) => safe_harbor));
  });
});
