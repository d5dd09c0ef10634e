import { createHmac, hkdfSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type BloomRecipe,
  bloomFilter,
  CLK_RECIPE,
  flipBits,
  keyedPositions,
  neededParts,
  type Positions,
  readBloomRecipe,
} from "../../pipelines/privacy/bloom-filter.ts";
import { linkageKey } from "../../pipelines/privacy/linkage.ts";

// Source: our reference vectors, tokens_pprl.json (clk alone), made with clkhash's linkage schema 3.
const golden = join(import.meta.dirname, "../golden/privacy/clk.json");
const { clk } = JSON.parse(await readFile(golden, "utf8")) as { clk: Vectors[] };

interface Vectors {
  hash: string;
  schema: { clkConfig: { l: number; kdf: { salt: string } } };
  secret_utf8: string;
  records: { record: string[]; clk_base64: string; bits_set: number }[];
  dice: { pair: [number, number]; value: number }[];
}

const tokens = join(import.meta.dirname, "../golden/privacy/tokens_pprl.json");
const { master_key_hex } = JSON.parse(await readFile(tokens, "utf8"));

const vectorsOf = (hash: string) => clk.find((one) => one.hash === hash) as Vectors;
const PARTS = ["first", "last", "birthday", "sex", "zip5"] as const;
/** The features of the vectors' schema, in its order; the whole birth date stands where our recipe has the birthday. */
const SCHEMA: Pick<BloomRecipe, "length" | "features"> = {
  length: 1024,
  features: {
    first: { grams: "pairs", bits: 200 },
    last: { grams: "pairs", bits: 200 },
    birthday: { grams: "places", bits: 200 },
    sex: { grams: "letters", bits: 50 },
    zip5: { grams: "places", bits: 100 },
  },
};
const personOf = (record: readonly string[]) =>
  Object.fromEntries(PARTS.map((part, i) => [part, record[i] ?? ""]));

/** Position i is (HMAC-SHA1 + i HMAC-MD5) modulo the length, under two keys a feature. We make no filter so: it was the first to fall. */
function doubleHashed({ schema, secret_utf8 }: Vectors): Positions {
  const salt = Buffer.from(schema.clkConfig.kdf.salt, "base64");
  const keys = Buffer.from(hkdfSync("sha256", secret_utf8, salt, "", 64 * 2 * PARTS.length));
  const hash = (algorithm: string, i: number, gram: string) =>
    BigInt(
      `0x${createHmac(algorithm, keys.subarray(64 * i, 64 * (i + 1)))
        .update(gram)
        .digest("hex")}`,
    );
  return (feature, gram, count) => {
    const at = PARTS.indexOf(feature as (typeof PARTS)[number]);
    const [first, step] = [hash("sha1", 2 * at, gram), hash("md5", 2 * at + 1, gram)];
    return Array.from({ length: count }, (_, i) => Number((first + BigInt(i) * step) % 1024n));
  };
}

function ones(bytes: Uint8Array): number {
  return [...bytes].reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
}

function dice(a: Uint8Array, b: Uint8Array): number {
  const common = ones(a.map((byte, i) => byte & (b[i] ?? 0)));
  return (2 * common) / (ones(a) + ones(b));
}

describe("a Bloom filter", () => {
  const vectors = vectorsOf("doubleHash");

  it.each(vectors.records)("has the grams, shares and bit order of the vector %#", (one) => {
    const filter = bloomFilter(personOf(one.record), SCHEMA, doubleHashed(vectors));
    expect(Buffer.from(filter).toString("base64")).toBe(one.clk_base64);
    expect(ones(filter)).toBe(one.bits_set);
  });

  // blakeHash needs BLAKE2b with a key, which node:crypto lacks, so its bytes cannot be made here: what does not depend on the hash agrees.
  it.each(["doubleHash", "blakeHash"])("of our positions is no %s, and as similar", (hash) => {
    const { records, dice: pairs } = vectorsOf(hash);
    const positions = keyedPositions(Buffer.alloc(32, 7), 1024)("");
    const ours = records.map(({ record }) => bloomFilter(personOf(record), SCHEMA, positions));
    for (const [i, { clk_base64, bits_set }] of records.entries()) {
      expect(Buffer.from(ours[i] ?? []).toString("base64")).not.toBe(clk_base64);
      expect(Math.abs(ones(ours[i] ?? Buffer.of()) - bits_set)).toBeLessThan(40);
    }
    for (const { pair, value } of pairs) {
      const [a = Buffer.of(), b = Buffer.of()] = pair.map((i) => ours[i]);
      expect(Math.abs(dice(a, b) - value), `records ${pair}`).toBeLessThan(0.06);
    }
    expect(pairs).toHaveLength(10);
  });

  // Sites of a project must agree to the bit: another filter is another recipe. Computed once by an implementation in another language.
  it("is, without noise, what the recipe pro-clk-v1 says", async () => {
    const recipe = await readBloomRecipe();
    const { key } = linkageKey(
      Buffer.from(master_key_hex, "hex"),
      { project: "project-alpha", epoch: "2025" },
      CLK_RECIPE,
    );
    const alice = {
      first: "ALICE",
      last: "WONDERLAND",
      birthday: "0810",
      birth_year: "1993",
      sex: "F",
      zip5: "98101",
    };
    expect(Object.keys(alice).toSorted()).toEqual(neededParts(recipe).toSorted());
    const positions = keyedPositions(key, recipe.length)(alice.birth_year);
    expect(Buffer.from(bloomFilter(alice, recipe, positions)).toString("base64")).toBe(
      "AB6LCCBEgBIJ4YEmBCAgAIAASUEFERqhkvOI8AQCkQOVAAYkBJANgRUVAAZPZJlMGAABIAMQAIGAQYCBQYJIxAiASgopDglCcBJCwkpACWGw+AOoAAgBEDcRMJ0AGkQAwEAaJQxWAJTESMEAQDDMy1wRAAyoSWAAAEEBSAQggkI=",
    );
  });

  it("has nothing in common with those of another year or key but chance", async () => {
    const recipe = await readBloomRecipe();
    const person = personOf(vectors.records[0]?.record ?? []);
    const [key, other] = [Buffer.alloc(32, 7), Buffer.alloc(32, 8)];
    const filters = [
      keyedPositions(key, recipe.length)("1993"),
      keyedPositions(key, recipe.length)("1994"),
      keyedPositions(other, recipe.length)("1993"),
    ].map((positions) => bloomFilter(person, recipe, positions));
    const [own = Buffer.of(), ...others] = filters;
    for (const one of others) expect(dice(own, one)).toBeLessThan(0.45);
    expect(others).toHaveLength(2);
  });
});

describe("noise", () => {
  const none = new Uint8Array(128);
  const seeds = Array.from({ length: 200 }, (_, i) => Buffer.alloc(32, i));

  it("is the same for one seed, and another for another one", () => {
    const [a, b] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    expect(flipBits(none, a, 0.05)).toEqual(flipBits(none, a, 0.05));
    expect(flipBits(none, a, 0.05)).not.toEqual(flipBits(none, b, 0.05));
  });

  it.each([0.02, 0.05])("turns over a share of %f of the bits, whatever they are", (share) => {
    for (const bits of [none, new Uint8Array(128).fill(0xff)]) {
      const turned = seeds.map((seed) =>
        ones(flipBits(bits, seed, share).map((b, i) => b ^ (bits[i] ?? 0))),
      );
      const mean = turned.reduce((sum, n) => sum + n, 0) / seeds.length / 1024;
      // Five standard errors of 204,800 draws.
      expect(Math.abs(mean - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / 204_800));
    }
  });
});
