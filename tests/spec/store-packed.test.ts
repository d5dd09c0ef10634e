import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { removeRows } from "../../warehouse/changes.ts";
import { copyWithout } from "../../warehouse/copy-without.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { isNewest } from "../../warehouse/migrate.ts";
import { dropUnsaid, isPacked, PACKED_TABLES, pack, unpack } from "../../warehouse/packed.ts";
import { bringToNewest } from "../../warehouse/store-file.ts";
import { temporary } from "../support/site.ts";
import { type StoreRows, storeWith } from "../support/store.ts";

/** All rows of a table, in an order of their own. */
const rowsOf = (db: DuckDb, table: string) => db.all(`SELECT * FROM ${table} ORDER BY ALL`);

const bothOf = async (db: DuckDb) => ({
  rows: await rowsOf(db, "pro_cm"),
  details: await rowsOf(db, "pro_cm_detail"),
  collection: await rowsOf(db, "pro_collection"),
});

const countsOf = (db: DuckDb) =>
  db.one(`SELECT (SELECT count(*) FROM packed_administration)::INTEGER AS administrations,
    (SELECT count(*) FROM packed_statement)::INTEGER AS statements,
    (SELECT count(*) FROM pro_cm_row)::INTEGER AS rows, (SELECT count(*) FROM pro_cm_detail_row)::INTEGER AS details`);

/** Two forms of ann and one of bob: all say the same of an item, and bob's total is his alone. */
const FORMS: StoreRows = {
  demographic: [{ patid: "ann" }, { patid: "bob" }],
  pro_cm: [
    { pro_cm_id: "f1.item.PHQ9_1", patid: "ann", pro_seq: "f1", pro_response_num: "2" },
    { pro_cm_id: "f2.item.PHQ9_1", patid: "ann", pro_seq: "f2", pro_response_num: "2" },
    { pro_cm_id: "f3.item.PHQ9_1", patid: "bob", pro_seq: "f3", pro_response_num: "2" },
    { pro_cm_id: "f3.score.total", patid: "bob", pro_seq: "f3", pro_response_num: "27" },
  ],
  pro_cm_detail: [
    { pro_cm_id: "f1.item.PHQ9_1", patid: "ann", pro_seq: "f1", kind: "item", name: "PHQ9_1" },
    { pro_cm_id: "f2.item.PHQ9_1", patid: "ann", pro_seq: "f2", kind: "item", name: "PHQ9_1" },
    { pro_cm_id: "f3.item.PHQ9_1", patid: "bob", pro_seq: "f3", kind: "item", name: "PHQ9_1" },
    { pro_cm_id: "f3.score.total", patid: "bob", pro_seq: "f3" },
  ],
};

describe("a packed store", () => {
  it("says each thing once", async () => {
    const db = await storeWith(FORMS);
    await pack(db, "memory");
    // Packed from whole rows, the two tables have statements and administrations of their own.
    expect(await countsOf(db)).toEqual({ administrations: 6, statements: 4, rows: 4, details: 4 });
    db.close();
  });

  it("shows the rows that it was made of, and gives them back", async () => {
    const name = fc.constantFrom("f1.item.A", "f1.item.B", "f2.", "f2", ".x", "whole", "a.b.c");
    const word = fc.constantFrom(null, "", "LC", "OT");
    const row = fc.record({
      pro_cm_id: name,
      patid: fc.constantFrom("ann", "bob"),
      pro_type: word,
      pro_response_num: fc.constantFrom(null, 0, 2.5),
      pro_time: fc.constantFrom(null, "09:30"),
    });
    const detail = fc.record({
      pro_cm_id: name,
      answer_state: word,
      delta: fc.constantFrom(null, 1),
    });
    const db = await storeWith({});
    await fc.assert(
      fc.asyncProperty(fc.array(row), fc.array(detail), async (rows, details) => {
        await db.run("DELETE FROM pro_cm");
        await db.run("DELETE FROM pro_cm_detail");
        for (const one of rows)
          await db.run(
            "INSERT INTO pro_cm BY NAME SELECT 'S' AS datamartid, DATE '2024-01-01' AS pro_date, $1 AS pro_cm_id, $2 AS patid, $3 AS pro_type, $4::DOUBLE AS pro_response_num, $5 AS pro_time",
            Object.values(one),
          );
        for (const one of details)
          await db.run(
            "INSERT INTO pro_cm_detail BY NAME SELECT 'S' AS datamartid, 'ann' AS patid, 'q' AS pro_seq, 'gad-7' AS instrument, 'item' AS kind, 'i' AS name, 'reported' AS origin, true AS preferred, $1 AS pro_cm_id, $2 AS answer_state, $3::DOUBLE AS delta",
            Object.values(one),
          );
        const before = await bothOf(db);
        await pack(db, "memory");
        expect(await isPacked(db)).toBe(true);
        expect(await bothOf(db)).toEqual(before);
        await unpack(db);
        expect(await isPacked(db)).toBe(false);
        expect(await bothOf(db)).toEqual(before);
      }),
      { numRuns: 25 },
    );
    db.close();
  });

  it("forgets what nobody says any more, and nothing else", async () => {
    const db = await storeWith(FORMS);
    await pack(db, "memory");
    const { rows } = await bothOf(db);
    for (const table of PACKED_TABLES)
      await removeRows(db, { store: "memory", table, where: "pro_seq IN ('f3')", isNoted: false });
    await dropUnsaid(db, "memory");
    expect((await bothOf(db)).rows).toEqual(rows.filter((row) => row.pro_seq !== "f3"));
    expect(await countsOf(db)).toEqual({ administrations: 4, statements: 2, rows: 2, details: 2 });
    expect(await rowsOf(db, "packed_statement")).not.toContainEqual(
      expect.objectContaining({ place: "score.total" }),
    );
    db.close();
  });
});

describe("the file of a packed store", () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ directory: folder, remove } = await temporary());
  });
  afterAll(() => remove());

  const made = async (name: string) => {
    const file = join(folder, name);
    const db = await storeWith(FORMS, { path: file });
    await pack(db, name.replace(".duckdb", ""));
    return { file, db };
  };

  it("is copied without people, and without what only they said", async () => {
    const { file, db } = await made("everybody.duckdb");
    const { rows } = await bothOf(db);
    db.close();
    const without = join(folder, "without.duckdb");
    expect(await copyWithout(file, without, ["bob", "nobody"])).toBe(1);
    const copy = await DuckDb.open(without, { small: true });
    expect(await isPacked(copy)).toBe(true);
    expect((await bothOf(copy)).rows).toEqual(rows.filter((row) => row.patid !== "bob"));
    expect(await countsOf(copy)).toEqual({
      administrations: 4,
      statements: 2,
      rows: 2,
      details: 2,
    });
    copy.close();
  });

  it("has whole rows again where an earlier version made it", async () => {
    const { file, db } = await made("earlier.duckdb");
    const before = await bothOf(db);
    await db.run("DROP TABLE partial_date");
    await db.run(
      "DELETE FROM propool_migration WHERE name = (SELECT max(name) FROM propool_migration)",
    );
    db.close();
    await bringToNewest(file);
    const now = await DuckDb.open(file, { small: true });
    expect(await isNewest(now)).toBe(true);
    expect(await isPacked(now)).toBe(false);
    expect(await bothOf(now)).toEqual(before);
    await expect(now.run("INSERT INTO pro_cm (datamartid) VALUES ('S')")).rejects.toThrow(
      /NOT NULL/,
    );
    now.close();
  });
});
