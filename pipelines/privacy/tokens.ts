import { hkdfSync } from "node:crypto";
import { blobValue, type DuckDBValue } from "@duckdb/node-api";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { ident, text } from "../../warehouse/sql.ts";

const BLOCK = 64;
/** Hex digits of a token: 128 bits. */
export const TOKEN_LENGTH = 32;
const SHIFT = "shift";
const LINKAGE = "linkage";
/** The token actions of linkage: `link_p1` is token P1 of the recipe. */
const LINK = /^link_p([1-9])$/;

export interface TokenKeys {
  /** The site's keys, oldest first: each but the first was made by a rotation. */
  generations: readonly Uint8Array[];
  /** The project's linkage key; null where the site makes no linkage tokens. */
  linkage: Uint8Array | null;
}

/**
 * Puts the key material of each purpose into the one-row temporary table `token_key`, as bound parameters: no key is ever in
 * the text of a statement, and none is a constant that a plan or a profile could show. The keys of the purposes are derived from
 * the site's key, so that tokens of one purpose say nothing about those of another.
 *
 * Of rotated keys a token is HMAC(newest, … HMAC(oldest, value)): so the stored tokens of the older key can be turned into
 * those of the newer one, and no table of persons is needed to find a person again.
 *
 * Source: RFC 5869 (HKDF), RFC 2104 (HMAC: the inner and outer pads are prepared here).
 */
export async function loadTokenKeys(
  db: DuckDb,
  { generations, linkage }: TokenKeys,
  purposes: readonly string[],
): Promise<void> {
  const own = purposes.filter((purpose) => !LINK.test(purpose));
  const keys = new Map<string, Uint8Array>();
  for (const [i, key] of generations.entries()) {
    for (const purpose of own) keys.set(`${purpose}_${i + 1}`, purposeKey(key, purpose));
    // The newest alone: dates are moved anew by a rotation.
    keys.set(SHIFT, purposeKey(key, SHIFT));
  }
  if (linkage) keys.set(LINKAGE, linkage);
  await insertPads(db, keys);
  for (const purpose of own) await defineToken(db, purpose, generations.length);
  if (!linkage) return;
  for (const purpose of purposes.filter((one) => LINK.test(one)))
    await defineLinkToken(db, purpose);
}

async function insertPads(db: DuckDb, keys: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const columns = [...keys.keys()].flatMap((name) => [
    `${ident(`${name}_inner`)} BLOB`,
    `${ident(`${name}_outer`)} BLOB`,
  ]);
  await db.run(`CREATE OR REPLACE TEMP TABLE token_key (${columns.join(", ")})`);
  const pads = [...keys.values()].flatMap((key) => [
    blobValue(pad(key, 0x36)),
    blobValue(pad(key, 0x5c)),
  ]);
  await db.run(
    `INSERT INTO token_key VALUES (${pads.map(() => "?").join(", ")})`,
    pads as DuckDBValue[],
  );
}

async function defineToken(db: DuckDb, purpose: string, generations: number): Promise<void> {
  let token = "value";
  for (let i = 1; i <= generations; i++) token = shortened(`${purpose}_${i}`, token);
  await db.run(`CREATE OR REPLACE TEMP MACRO ${ident(`token_${purpose}`)}(value) AS ${token}`);
  // What a rotation does to a token that is stored already; a place behind it stays.
  const next = `${shortened(`${purpose}_${generations}`, `left(value, ${TOKEN_LENGTH})`)} || substr(value, ${TOKEN_LENGTH + 1})`;
  await db.run(`CREATE OR REPLACE TEMP MACRO ${ident(`next_token_${purpose}`)}(value) AS ${next}`);
}

function shortened(key: string, value: string): string {
  return `left(${hmacSql(key, `encode(${value})`)}, ${TOKEN_LENGTH})`;
}

/** Recipe pro-token-v1: base64url without padding of HMAC("pro-token-v1" 0x00 token id 0x00 signature), all 256 bits. */
async function defineLinkToken(db: DuckDb, purpose: string): Promise<void> {
  const id = `P${LINK.exec(purpose)?.[1]}`;
  const message = `encode('pro-token-v1') || '\\x00'::BLOB || encode(${text(id)}) || '\\x00'::BLOB || encode(value)`;
  const code = `to_base64(unhex(${hmacSql(LINKAGE, message)}))`;
  await db.run(
    `CREATE OR REPLACE TEMP MACRO ${ident(`token_${purpose}`)}(value) AS rtrim(translate(${code}, '+/', '-_'), '=')`,
  );
}

/** The 256-bit key of one purpose. */
export function purposeKey(siteKey: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", siteKey, "propool", `propool-token-v1|${purpose}`, 32));
}

function pad(key: Uint8Array, byte: number): Uint8Array {
  return Uint8Array.from({ length: BLOCK }, (_, i) => (key[i] ?? 0) ^ byte);
}

/** HMAC-SHA256 in hex of a blob expression, with the key of this name in `token_key`. */
export function hmacSql(key: string, message: string): string {
  const inner = `(SELECT ${ident(`${key}_inner`)} FROM token_key)`;
  const outer = `(SELECT ${ident(`${key}_outer`)} FROM token_key)`;
  return `sha256(${outer} || unhex(sha256(${inner} || ${message})))`;
}

/** A token: the first 128 bits of the HMAC in hex; null for null. Needs the purpose in `loadTokenKeys`. */
export function tokenSql(purpose: string, value: string): string {
  return `${ident(`token_${purpose}`)}(${value})`;
}

/** The token under the newest key for one under the key before it. */
export function nextTokenSql(purpose: string, token: string): string {
  return `${ident(`next_token_${purpose}`)}(${token})`;
}

/**
 * The query of each person's days: -max..-1 or 1..max, never 0, uniform. Recipe pro-shift-v1: the first 8 bytes, big endian, of
 * HMAC("pro-shift-v1" 0x00 person 0x00 counter); values from the incomplete last range are drawn again with counter 1, which
 * happens less than once in 10^16.
 *
 * `people` is a query of (patid, person): person is the token, so that dates which are stored can be moved to a newer key.
 */
export function dateShiftSql(people: string, shiftDays: number): string {
  const range = 2 * shiftDays;
  const limit = (2n ** 64n / BigInt(range)) * BigInt(range);
  const draw = (counter: number) => {
    const message = `encode('pro-shift-v1') || '\\x00'::BLOB || encode(p.person) || '\\x00'::BLOB || encode('${counter}')`;
    return `CAST('0x' || left(${hmacSql(SHIFT, message)}, 16) AS UBIGINT)`;
  };
  return `WITH drawn AS (
  SELECT p.patid, ${draw(0)} AS first, ${draw(1)} AS second
  FROM (${people}) p
), rest AS (
  SELECT patid, CAST(CASE WHEN first < ${limit}::UBIGINT THEN first ELSE second END % ${range} AS INTEGER) AS r FROM drawn
)
SELECT patid, CASE WHEN r < ${shiftDays} THEN r - ${shiftDays} ELSE r - ${shiftDays - 1} END AS days FROM rest`;
}
