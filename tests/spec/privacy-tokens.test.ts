import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { blobValue } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  dateShiftSql,
  hmacSql,
  loadTokenKeys,
  nextTokenSql,
  purposeKey,
  tokenSql,
} from "../../pipelines/privacy/tokens.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { text } from "../../warehouse/sql.ts";

let db: DuckDb;
beforeAll(async () => {
  db = await DuckDb.open(":memory:", { small: true });
});
afterAll(() => db.close());

/** A token_key whose purpose `name` has exactly this key: the pads are made as RFC 2104 says. */
async function useKey(name: string, key: Uint8Array): Promise<void> {
  const block = Buffer.alloc(64);
  block.set(key.length > 64 ? createHash("sha256").update(key).digest() : key);
  const pads = [0x36, 0x5c].map((byte) => blobValue(block.map((one) => one ^ byte)));
  await db.run(
    `CREATE OR REPLACE TEMP TABLE token_key ("${name}_inner" BLOB, "${name}_outer" BLOB)`,
  );
  await db.run("INSERT INTO token_key VALUES (?, ?)", pads);
}

const ascii = (value: string) => Buffer.from(value).toString("hex");
const AA = "aa".repeat(131);

// Source: RFC 4231, section 4, test cases 1 to 7; case 5 shows the first 128 bits only.
describe("HMAC-SHA-256 in SQL", () => {
  it.each([
    {
      name: "1",
      key: "0b".repeat(20),
      data: ascii("Hi There"),
      mac: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    },
    {
      name: "2",
      key: ascii("Jefe"),
      data: ascii("what do ya want for nothing?"),
      mac: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    },
    {
      name: "3",
      key: "aa".repeat(20),
      data: "dd".repeat(50),
      mac: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    },
    {
      name: "4",
      key: "0102030405060708090a0b0c0d0e0f10111213141516171819",
      data: "cd".repeat(50),
      mac: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    },
    {
      name: "5",
      key: "0c".repeat(20),
      data: ascii("Test With Truncation"),
      mac: "a3b6167473100ee06e0c796c2955552b",
    },
    {
      name: "6",
      key: AA,
      data: ascii("Test Using Larger Than Block-Size Key - Hash Key First"),
      mac: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    },
    {
      name: "7",
      key: AA,
      data: ascii(
        "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
      ),
      mac: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    },
  ])("gives the code of RFC 4231 case $name", async ({ key, data, mac }) => {
    await useKey("test", Buffer.from(key, "hex"));
    const { code } = await db.one<{ code: string }>(
      `SELECT ${hmacSql("test", `unhex(${text(data)})`)} AS code`,
    );
    expect(code.slice(0, mac.length)).toBe(mac);
    expect(code).toHaveLength(64);
  });
});

// Source: our reference vectors, tokens_pprl.json, date_shift: recipe pro-shift-v1, checked there with node:crypto.
describe("the shift of a person's dates", () => {
  const key = Buffer.from(
    "970492e3b5712a1ec3be82c12f77b192087f2610b4f95e58a81c2f19de3d99d4",
    "hex",
  );
  const people = "SELECT unnest(['P0001', 'P0002', 'P0003']) AS patid, patid AS person";

  it.each([
    { days: 182, shifts: { P0001: -173, P0002: -43, P0003: -96 } },
    { days: 365, shifts: { P0001: -320, P0002: 155, P0003: -125 } },
  ])("follows the recipe with at most $days days", async ({ days, shifts }) => {
    await useKey("shift", key);
    const rows = await db.all<{ patid: string; days: number }>(dateShiftSql(people, days));
    expect(Object.fromEntries(rows.map((row) => [row.patid, row.days]))).toEqual(shifts);
  });

  it("moves days over the end of February and of the year", async () => {
    await useKey("shift", key);
    const rows = await db.all<{ shifted: string }>(`
      SELECT CAST(d + s.days AS VARCHAR) AS shifted
      FROM (SELECT unnest([DATE '2024-02-28', DATE '2024-02-29', DATE '2024-03-01', DATE '2024-12-31', DATE '2025-01-01']) AS d) q
      CROSS JOIN (${dateShiftSql("SELECT 'P0001' AS patid, 'P0001' AS person", 182)}) s ORDER BY d`);
    expect(rows.map((row) => row.shifted)).toEqual([
      "2023-09-08",
      "2023-09-09",
      "2023-09-10",
      "2024-07-11",
      "2024-07-12",
    ]);
  });
});

describe("the keys of the purposes", () => {
  const siteKey = new Uint8Array(32).fill(7);
  const keys = { generations: [siteKey], linkage: null };

  it("differ from one another, from the site's key and between sites", () => {
    const purposes = ["patid", "encounterid", "pro_cm_id", "shift"];
    const derived = [siteKey, new Uint8Array(32).fill(8)].flatMap((key) =>
      purposes.map((purpose) => Buffer.from(purposeKey(key, purpose)).toString("hex")),
    );
    expect(new Set([...derived, Buffer.from(siteKey).toString("hex")]).size).toBe(9);
  });

  it("make different tokens of the same value", async () => {
    await loadTokenKeys(db, keys, ["patid", "encounterid"]);
    const { a, b } = await db.one<{ a: string; b: string }>(
      `SELECT ${tokenSql("patid", "'x'")} AS a, ${tokenSql("encounterid", "'x'")} AS b`,
    );
    expect(a).toMatch(/^[0-9a-f]{32}$/);
    expect(a).not.toBe(b);
  });

  it("turn a token at a rotation, and leave the place of an answer in its administration", async () => {
    await loadTokenKeys(db, keys, ["pro_cm_id"]);
    const old = await db.one<{ token: string }>(`SELECT ${tokenSql("pro_cm_id", "'x'")} AS token`);
    const next = new Uint8Array(32).fill(8);
    await loadTokenKeys(db, { generations: [siteKey, next], linkage: null }, ["pro_cm_id"]);
    const { made, turned } = await db.one<{ made: string; turned: string }>(
      `SELECT ${tokenSql("pro_cm_id", "'x'")} || '.item.PHQ9_1' AS made, ${nextTokenSql("pro_cm_id", text(`${old.token}.item.PHQ9_1`))} AS turned`,
    );
    expect(turned).toBe(made);
  });

  it("stand in no statement that DuckDB could show", async () => {
    await loadTokenKeys(db, keys, ["patid"]);
    const sql = [
      tokenSql("patid", "'x'"),
      dateShiftSql("SELECT 'x' AS patid, 'x' AS person", 365),
    ].join("\n");
    const { inner } = await db.one<{ inner: string }>(
      `SELECT hex(patid_1_inner) AS inner FROM token_key`,
    );
    const key = Buffer.from(purposeKey(siteKey, "patid")).toString("hex");
    expect(inner).toHaveLength(128);
    expect(sql.toLowerCase()).not.toContain(inner.toLowerCase());
    expect(sql).not.toContain(key);
  });

  it("stand in no profile that DuckDB writes of a statement", async () => {
    await loadTokenKeys(db, keys, ["patid"]);
    const profiles = join(await mkdtemp(join(tmpdir(), "propool-profile-")), "profile.json");
    await db.run("PRAGMA enable_profiling = 'json'");
    await db.run(`PRAGMA profile_output = '${profiles}'`);
    await db.run("PRAGMA profiling_mode = 'detailed'");
    await loadTokenKeys(db, keys, ["patid"]);
    const loading = await readFile(profiles, "utf8");
    await db.all(`SELECT ${tokenSql("patid", "x")} AS token FROM (VALUES ('a'), ('b')) t(x)`);
    const using = await readFile(profiles, "utf8");
    await db.run("PRAGMA disable_profiling");
    const plan = await db.all(`EXPLAIN ANALYZE SELECT ${tokenSql("patid", "'x'")} AS token`);
    const { inner, outer } = await db.one<{ inner: string; outer: string }>(
      "SELECT hex(patid_1_inner) AS inner, hex(patid_1_outer) AS outer FROM token_key",
    );
    const shown = `${loading}${using}${JSON.stringify(plan)}`;
    expect(loading).toContain("INSERT INTO token_key");
    expect(using).toContain("token_patid");
    const key = Buffer.from(purposeKey(siteKey, "patid"));
    // DuckDB writes bytes as \\xAB, a key could also stand there in hexadecimal or base64.
    const spellings = [inner, outer, key.toString("hex"), Buffer.from(siteKey).toString("hex")];
    for (const hex of spellings) {
      const bytes = Buffer.from(hex, "hex");
      for (const spelling of [
        hex.slice(0, 16),
        bytes.toString("base64").slice(0, 16),
        [...bytes.subarray(0, 8)]
          .map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`)
          .join(""),
      ])
        expect(shown.toLowerCase()).not.toContain(spelling.toLowerCase());
    }
    await rm(dirname(profiles), { recursive: true });
  });

  it("leave nothing where there was nothing", async () => {
    await loadTokenKeys(db, keys, ["patid"]);
    const row = await db.one(`SELECT ${tokenSql("patid", "NULL::VARCHAR")} AS token`);
    expect(row).toEqual({ token: null });
  });
});
