import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { linkPeople } from "../../pipelines/linkage/link-people.ts";
import type { RowCounts, Warehouse } from "../../warehouse/dialects/index.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import { cohortSql, mixedScalesSql } from "../../warehouse/queries/cohort.ts";
import { TABLE_NAMES, type TableName } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { DIALECTS } from "../support/dialects.ts";
import { type StoreRows, storeWith } from "../support/store.ts";
import { SMALL_STORE } from "../support/submission.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const KEY = "pro-token-v1/net/2025/0123456789abcdef";
/** P1 attends both sites; P2 agrees with somebody on a token that says too little. */
const TOKENS = {
  SITEA: [
    { patid: "P1", token_03: "three", token_04: "four", token_encryption_key: KEY },
    { patid: "P2", token_01: "weak", token_encryption_key: KEY },
  ],
  SITEB: [
    { patid: "P1", token_03: "three", token_04: "four", token_encryption_key: KEY },
    { patid: "P2", token_01: "weak", token_04: "other key", token_encryption_key: `${KEY}2` },
  ],
};
/** What a text format could mistake: its own signs, an empty text, none. */
const HOSTILE = { pro_text: 'say "so",\ttwo\nlines\r\n\\N \\.', pro_fullname: "", pro_name: null };
const bornIn = (patid: string, date_value: string) => ({
  patid,
  table_name: "demographic",
  column_name: "birth_date",
  row_key: patid,
  date_value,
});
const rowsOf = (site: keyof typeof TOKENS): StoreRows => ({
  ...SMALL_STORE,
  pro_cm: SMALL_STORE.pro_cm?.map((one) => ({ ...one, ...HOSTILE })) ?? [],
  pro_cm_detail: SMALL_STORE.pro_cm_detail?.map((one) => ({ ...one, severity: "moderate" })) ?? [],
  demographic: [
    { patid: "P1", sex: "F", birth_date: "1990-02-15" },
    { patid: "P2", sex: "M", birth_date: "1980-01-01" },
  ],
  hash_token: TOKENS[site],
});

describe.each(DIALECTS)("a hub's warehouse on $dialect", (dialect) => {
  let directory: string;
  let warehouse: Warehouse;
  beforeAll(async () => {
    await dialect.start();
    directory = await mkdtemp(join(tmpdir(), "propool-hub-contract-"));
    warehouse = openWarehouse(await dialect.url(), { baseDirectory: directory });
    await warehouse.load(
      async (loader) => {
        for (const site of ["SITEA", "SITEB"] as const) {
          await loader.apply(await submission(site, { kind: "full", rows: rowsOf(site) }));
        }
        await linkPeople(loader, { isOn: true });
      },
      { linkage: "on" },
    );
  });
  afterAll(async () => {
    await dialect.stop();
    await rm(directory, { recursive: true, force: true });
  });

  let folders = 0;
  /** A submission's folder: all rows, or changes as [change, rows] for each table. */
  async function submission(
    site: string,
    content:
      | { kind: "full"; rows: StoreRows }
      | { kind: "changes"; changes: [change: string, rows: StoreRows][]; counts?: RowCounts },
  ) {
    const folder = await mkdtemp(join(directory, `rows-${++folders}-`));
    const parts: [string, StoreRows][] =
      content.kind === "full" ? [["added", content.rows]] : content.changes;
    const db = await DuckDb.open(":memory:", { small: true });
    for (const [index, [, rows]] of parts.entries()) {
      const file = join(folder, `part-${index}`);
      (await storeWith(rows, { site, path: file })).close();
      await db.run(`ATTACH ${text(file)} AS part_${index} (READ_ONLY)`);
    }
    for (const table of TABLE_NAMES) {
      const selects = parts.flatMap(([change, rows], index) =>
        rows[table]
          ? [`SELECT ${text(change)} AS change, * FROM part_${index}.${ident(table)}`]
          : [],
      );
      if (selects.length === 0) continue;
      const file = text(join(folder, `${table}.parquet`));
      await db.run(`COPY (${selects.join(" UNION ALL ")}) TO ${file}`);
    }
    db.close();
    const rows = content.kind === "changes" ? content.counts : undefined;
    return {
      site,
      sequence: folders,
      kind: content.kind,
      manifestSha256: "0".repeat(64),
      created: "2024-04-01",
      directory: folder,
      ...(rows && { rows }),
    };
  }

  async function ask(sql: string): Promise<Record<string, unknown>[]> {
    const reader = await warehouse.read();
    try {
      return await reader.all(sql);
    } finally {
      await reader.close();
    }
  }

  it("has a comment on every table, view and column", async () => {
    const sql =
      dialect.dialect === "duckdb"
        ? `SELECT table_name AS name, '' AS "column" FROM duckdb_tables() WHERE comment IS NULL AND NOT starts_with(table_name, 'propool_')
           UNION ALL SELECT view_name, '' FROM duckdb_views() WHERE comment IS NULL AND NOT internal
           UNION ALL SELECT table_name, column_name FROM duckdb_columns()
             WHERE comment IS NULL AND NOT internal AND NOT starts_with(table_name, 'propool_')`
        : `SELECT c.relname AS name, coalesce(a.attname, '') AS "column" FROM pg_class c
           JOIN (SELECT attrelid, attnum, attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
             UNION ALL SELECT oid, 0, NULL FROM pg_class) a ON a.attrelid = c.oid
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'p') AND c.relname NOT LIKE 'propool%'
             AND c.relname NOT LIKE 'citus%' AND col_description(c.oid, a.attnum) IS NULL
             AND (a.attnum > 0 OR obj_description(c.oid) IS NULL)`;
    expect(await ask(sql)).toEqual([]);
  });

  it("hands its rows to DuckDB for the data checks as they are", async () => {
    const scratch = await mkdtemp(join(directory, "scratch-"));
    const place = await warehouse.scannable(scratch);
    const db = await DuckDb.open(":memory:", { small: true });
    const isFile = "file" in place;
    if (isFile) await db.run(`ATTACH ${text(place.file)} AS held (READ_ONLY)`);
    for (const table of ["demographic", "pro_cm", "pro_cm_detail"] as const) {
      const from = isFile ? `held.${table}` : `read_parquet('${scratch}/${table}.parquet')`;
      const lines = (relation: string) =>
        `SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ${relation} ORDER BY ALL`;
      const reader = await warehouse.read();
      const all = await reader.all<Record<string, unknown>>(`SELECT * FROM ${table}`);
      await reader.close();
      const scanned = await db.all<Record<string, string | null>>(lines(from));
      const sorted = (rows: object[]) => rows.map((row) => JSON.stringify(row)).toSorted();
      const asText = all.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)]),
        ),
      );
      expect(sorted(scanned), table).toEqual(sorted(asText));
    }
    db.close();
  });

  it("gives one person of two sites one id, and leaves what says too little to review", async () => {
    expect(await ask("SELECT * FROM person_link ORDER BY datamartid")).toEqual([
      { datamartid: "SITEA", patid: "P1", personid: "SITEA:P1", tokens: "P3 P4" },
      { datamartid: "SITEB", patid: "P1", personid: "SITEA:P1", tokens: "P3 P4" },
    ]);
    // The other pair agrees on P1 alone, and under another key.
    expect(await ask("SELECT * FROM person_review")).toEqual([]);
    const people = "SELECT count(*) AS records, count(DISTINCT personid) AS people FROM person";
    expect(await ask(people)).toEqual([{ records: 4, people: 3 }]);
  });

  it("tells what a score means", async () => {
    const sql = `SELECT datamartid, patid, personid, value, t_score, severity, days_since_index FROM pro_score
      WHERE patid = 'P1' ORDER BY datamartid`;
    const row = { patid: "P1", personid: "SITEA:P1", value: "12.00000000", t_score: null };
    const more = { ...row, severity: "moderate", days_since_index: 0 };
    expect(await ask(sql)).toEqual([
      { datamartid: "SITEA", ...more },
      { datamartid: "SITEB", ...more },
    ]);
  });

  it("has items, patients and sites", async () => {
    expect(
      await ask("SELECT item, value, pro_seq FROM pro_item WHERE datamartid = 'SITEA'"),
    ).toEqual([{ item: "PHQ9_1", value: "3.00000000", pro_seq: "S1" }]);
    const patients = `SELECT patid, sex, administrations, instruments, first_date FROM patient_summary
      WHERE datamartid = 'SITEA' ORDER BY patid`;
    expect(await ask(patients)).toEqual([
      { patid: "P1", sex: "F", administrations: 1, instruments: 1, first_date: "2024-02-01" },
      { patid: "P2", sex: "M", administrations: 1, instruments: 1, first_date: "2024-03-01" },
    ]);
    const sites = `SELECT datamartid, created, people, administrations, answers, days_since > 0 AS past FROM site_freshness
      ORDER BY datamartid`;
    const held = { created: "2024-04-01", people: 2, administrations: 2, answers: 3, past: true };
    expect(await ask(sites)).toEqual([
      { datamartid: "SITEA", ...held },
      { datamartid: "SITEB", ...held },
    ]);
  });

  it.each([
    ["an age", { minAge: 44 }, 2],
    ["a diagnosis", { condition: ["F32*"] }, 0],
    [
      "all of it",
      { measure: ["phq-9"], site: ["SITEA"], sex: "F", from: "2024-02-01", maxAge: 33 },
      1,
    ],
  ])("answers a cohort by %s", async (_, cohort, rows) => {
    expect(await ask(cohortSql(cohort))).toHaveLength(rows);
    expect(await ask(mixedScalesSql(cohort))).toEqual([]);
  });

  const counts = async () => {
    const one = (table: TableName) =>
      `(SELECT count(*) FROM ${ident(table)} WHERE datamartid = 'SITEA') AS ${table}`;
    const [row] = await ask(
      `SELECT ${["demographic", "pro_cm", "pro_collection"].map((table) => one(table as TableName)).join(", ")}`,
    );
    return Object.values(row ?? {});
  };

  it("merges what was added, changed and removed", async () => {
    const changes = await submission("SITEA", {
      kind: "changes",
      changes: [
        ["added", { demographic: [{ patid: "P3", sex: "F" }], death: [{ patid: "P3" }] }],
        ["added", { partial_date: [bornIn("P3", "1950")] }],
        [
          "changed",
          { pro_cm: [{ pro_cm_id: "C1", patid: "P1", pro_response_num: "14", pro_seq: "S1" }] },
        ],
        ["removed", { pro_cm_detail: [{ pro_cm_id: "C3", patid: "P1", pro_seq: "S1" }] }],
        ["removed", { pro_cm: [{ pro_cm_id: "C3", patid: "P1" }] }],
      ],
    });
    await warehouse.load((loader) => loader.apply(changes));
    expect(await counts()).toEqual([3, 2, 2]);
    expect(
      await ask(
        "SELECT pro_response_num AS n FROM pro_cm WHERE datamartid = 'SITEA' AND pro_cm_id = 'C1'",
      ),
    ).toEqual([{ n: "14.00000000" }]);
    const booked =
      "SELECT table_name, row_count AS n FROM submission_table WHERE datamartid = 'SITEA' AND row_count > 0 ORDER BY 1";
    expect(await ask(booked)).toMatchObject([
      { table_name: "death", n: 1 },
      { table_name: "demographic", n: 3 },
      { table_name: "harvest", n: 1 },
      { table_name: "hash_token", n: 2 },
      { table_name: "partial_date", n: 1 },
      { table_name: "pro_cm", n: 2 },
      { table_name: "pro_cm_detail", n: 2 },
      { table_name: "pro_collection", n: 2 },
    ]);
  });

  it.each<[string, [string, StoreRows][], string]>([
    [
      "changes a row that is not there",
      [["changed", { pro_cm: [{ pro_cm_id: "C9", patid: "P1" }] }]],
      "SUBMISSION_ROWS_UNKNOWN",
    ],
    [
      "removes a row that is not there",
      [["removed", { demographic: [{ patid: "P9" }] }]],
      "SUBMISSION_ROWS_UNKNOWN",
    ],
    [
      "adds a row that is there",
      [["added", { demographic: [{ patid: "P1" }] }]],
      "SUBMISSION_ROWS_KNOWN",
    ],
    [
      "adds an answer of nobody",
      [["added", { pro_cm: [{ pro_cm_id: "C8", patid: "P8" }] }]],
      "SUBMISSION_REFERENCE",
    ],
    [
      "removes somebody with answers",
      [["removed", { demographic: [{ patid: "P2" }] }]],
      "SUBMISSION_REFERENCE",
    ],
  ])(
    "refuses a submission that %s, keeps the rows and goes on with the next",
    async (_, changes, code) => {
      const before = await counts();
      const bad = await submission("SITEA", { kind: "changes", changes });
      const good = await submission("SITEB", { kind: "full", rows: rowsOf("SITEB") });
      await warehouse.load(async (loader) => {
        await expect(loader.apply(bad)).rejects.toMatchObject({ code });
        await loader.apply(good);
      });
      expect(await counts()).toEqual(before);
      const { submissions } = await warehouse.held();
      expect(submissions.find(({ datamartid }) => datamartid === "SITEB")?.sequence).toBe(
        good.sequence,
      );
    },
  );

  it("refuses rows that do not add up to what the site has", async () => {
    const changes: [string, StoreRows][] = [["added", { demographic: [{ patid: "P7" }] }]];
    const counts = Object.fromEntries(TABLE_NAMES.map((table) => [table, 0])) as RowCounts;
    const bad = await submission("SITEA", { kind: "changes", changes, counts });
    await warehouse.load(async (loader) => {
      await expect(loader.apply(bad)).rejects.toMatchObject({ code: "SUBMISSION_ROW_COUNT" });
    });
  });

  it("links nobody when linkage is off", async () => {
    await warehouse.load((loader) => linkPeople(loader, { isOn: false }), { linkage: "off" });
    expect(await ask("SELECT * FROM person_link")).toEqual([]);
    expect((await warehouse.held()).linkage).toBe("off");
    const people = "SELECT count(DISTINCT personid) AS people FROM person WHERE patid <> 'P3'";
    expect(await ask(people)).toEqual([{ people: 4 }]);
  });
});
