import { hkdfSync } from "node:crypto";
import { blobValue, type DuckDBValue } from "@duckdb/node-api";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { ident } from "../../warehouse/sql.ts";

const BLOCK = 64;
const SHIFT = "shift";

/**
 * Puts the key material of each purpose into the one-row temporary table `token_key`, as bound parameters: no key is ever in
 * the text of a statement. The keys of the purposes are derived from the site's key, so that tokens of one purpose say nothing
 * about those of another.
 *
 * Source: RFC 5869 (HKDF), RFC 2104 (HMAC: the inner and outer pads are prepared here).
 */
export async function loadTokenKeys(
  db: DuckDb,
  siteKey: Uint8Array,
  purposes: string[],
): Promise<void> {
  const all = [...purposes, SHIFT];
  const columns = all.flatMap((purpose) => [
    `${ident(`${purpose}_inner`)} BLOB`,
    `${ident(`${purpose}_outer`)} BLOB`,
  ]);
  await db.run(`CREATE TEMP TABLE token_key (${columns.join(", ")})`);
  const pads = all.flatMap((purpose) => {
    const key = purposeKey(siteKey, purpose);
    return [blobValue(pad(key, 0x36)), blobValue(pad(key, 0x5c))];
  });
  await db.run(
    `INSERT INTO token_key VALUES (${pads.map(() => "?").join(", ")})`,
    pads as DuckDBValue[],
  );
}

/** The 256-bit key of one purpose. */
export function purposeKey(siteKey: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", siteKey, "propool", `propool-token-v1|${purpose}`, 32));
}

function pad(key: Uint8Array, byte: number): Uint8Array {
  return Uint8Array.from({ length: BLOCK }, (_, i) => (key[i] ?? 0) ^ byte);
}

/** HMAC-SHA256 in hex of a text or blob expression, with the key of a purpose in `token_key k`. */
export function hmacSql(purpose: string, message: string): string {
  const inner = `k.${ident(`${purpose}_inner`)}`;
  const outer = `k.${ident(`${purpose}_outer`)}`;
  return `sha256(${outer} || unhex(sha256(${inner} || ${message})))`;
}

/** A token: the first 128 bits of the HMAC in hex; null for null. */
export function tokenSql(purpose: string, value: string): string {
  return `left(${hmacSql(purpose, `encode(${value})`)}, 32)`;
}

/**
 * The query of each person's days: -max..-1 or 1..max, never 0, uniform. Recipe pro-shift-v1: the first 8 bytes, big endian, of
 * HMAC("pro-shift-v1" 0x00 person 0x00 counter); values from the incomplete last range are drawn again with counter 1, which
 * happens less than once in 10^16.
 */
export function dateShiftSql(people: string, shiftDays: number): string {
  const range = 2 * shiftDays;
  const limit = (2n ** 64n / BigInt(range)) * BigInt(range);
  const draw = (counter: number) => {
    const message = `encode('pro-shift-v1') || '\\x00'::BLOB || encode(p.patid) || '\\x00'::BLOB || encode('${counter}')`;
    return `CAST('0x' || left(${hmacSql(SHIFT, message)}, 16) AS UBIGINT)`;
  };
  return `WITH drawn AS (
  SELECT p.patid, ${draw(0)} AS first, ${draw(1)} AS second
  FROM (${people}) p CROSS JOIN token_key k
), rest AS (
  SELECT patid, CAST(CASE WHEN first < ${limit}::UBIGINT THEN first ELSE second END % ${range} AS INTEGER) AS r FROM drawn
)
SELECT patid, CASE WHEN r < ${shiftDays} THEN r - ${shiftDays} ELSE r - ${shiftDays - 1} END AS days FROM rest`;
}
