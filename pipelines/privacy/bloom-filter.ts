import { createCipheriv, createHmac } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { readYaml } from "../configuration/read-yaml.ts";
import { mappingsDirectory } from "../core/mappings.ts";

export const CLK_RECIPE = "pro-clk-v1";

/** A part of a person, as `partsSql` of linkage normalises it. */
const part = z.enum(["first", "last", "birthday", "birth_year", "sex", "zip5"]);
type Part = z.infer<typeof part>;

/** What is taken out of a text: neighbouring letters, padded (names); letters with their place (digits); letters alone. */
const GRAMS = {
  pairs: (value: string) => {
    const padded = [..." ", ...value, " "];
    return padded.slice(1).map((letter, i) => `${padded[i]}${letter}`);
  },
  places: (value: string) => [...value].map((letter, i) => `${i + 1} ${letter}`),
  letters: (value: string) => [...value],
} as const;

const feature = z.strictObject({
  grams: z
    .enum(["pairs", "places", "letters"])
    .describe("pairs of neighbouring letters; letters with their place; letters alone"),
  bits: z.int().min(1).max(4096).describe("positions that all grams together may set"),
});

export const bloomRecipeSchema = z.strictObject({
  source: z.string(),
  reviewed: z.string().nullable(),
  warning: z.string().describe("what is known against such filters; told wherever they are made"),
  length: z
    .literal([256, 512, 1024, 2048, 4096])
    .describe("bits of a filter: a power of two, so that all positions are equally likely"),
  salt: part.describe("the part without which no position can be computed"),
  flip_probability: z.number().min(0.01).max(0.2).describe("noise: share of bits turned over"),
  threshold: z
    .number()
    .min(0.5)
    .max(1)
    .describe("Dice similarity that makes two filters one person"),
  features: z.partialRecord(part, feature).describe("the parts that set bits; all are needed"),
});
export type BloomRecipe = z.infer<typeof bloomRecipeSchema>;

export const bloomRecipeFile = join(mappingsDirectory, "linkage", `${CLK_RECIPE}.yaml`);

/** @throws ProError `CONFIG_PRIVACY`. */
export async function readBloomRecipe(): Promise<BloomRecipe> {
  return readYaml(bloomRecipeFile, bloomRecipeSchema, "CONFIG_PRIVACY");
}

/** The parts that a person needs to have a filter at all. */
export function neededParts({ features, salt }: BloomRecipe): Part[] {
  return [...new Set([...(Object.keys(features) as Part[]), salt])];
}

/** So many positions for a gram of a feature. */
export type Positions = (feature: string, gram: string, count: number) => Iterable<number>;

/**
 * The bits of one person: each gram of each feature sets its share of the feature's bits; position 0 is the highest bit of byte 0.
 *
 * Source: linkage schema 3 of clkhash, as the reference vectors tokens_pprl.json have it (clk).
 */
export function bloomFilter(
  person: Readonly<Partial<Record<Part, string>>>,
  { length, features }: Pick<BloomRecipe, "length" | "features">,
  positions: Positions,
): Uint8Array {
  const filter = new Uint8Array(length / 8);
  for (const [name, { grams, bits }] of Object.entries(features)) {
    const all = GRAMS[grams](person[name as Part] ?? "");
    for (const [i, gram] of all.entries()) {
      const count = Math.floor(bits / all.length) + Number(i < bits % all.length);
      for (const at of positions(name, gram, count)) setBit(filter, at);
    }
  }
  return filter;
}

function setBit(filter: Uint8Array, at: number): void {
  filter[at >> 3] = (filter[at >> 3] ?? 0) | (0x80 >> (at & 7));
}

const DIGEST_POSITIONS = 16;

/**
 * Positions under a key: the 16-bit pieces of HMAC-SHA256("pro-clk-v1" 0x00 feature 0x00 salt 0x00 gram 0x00 counter), big endian.
 * Double hashing, which the older schemes use, gives bits that can be told apart by their distances (Kroll and Steinmetzer 2015).
 * Digests are remembered: people share grams, of which there are not many.
 */
export function keyedPositions(key: Uint8Array, length: number): (salt: string) => Positions {
  const known = new Map<string, number[]>();
  const ofMessage = (message: string): number[] => {
    const before = known.get(message);
    if (before) return before;
    const digest = createHmac("sha256", key).update(message).digest();
    const at = Array.from(
      { length: DIGEST_POSITIONS },
      (_, i) => digest.readUInt16BE(2 * i) % length,
    );
    known.set(message, at);
    return at;
  };
  return (salt) => (feature, gram, count) =>
    Array.from({ length: Math.ceil(count / DIGEST_POSITIONS) }, (_, counter) =>
      ofMessage([CLK_RECIPE, feature, salt, gram, counter].join("\0")),
    )
      .flat()
      .slice(0, count);
}

/**
 * Turns each bit over with a probability (BLIP). Which ones is a function of the seed: made with one seed night after night, a
 * person's filters cannot be averaged.
 */
export function flipBits(filter: Uint8Array, seed: Uint8Array, probability: number): Uint8Array {
  const draws = keystream(seed, filter.length * 8 * 2);
  const limit = Math.round(probability * 2 ** 16);
  const noisy = Uint8Array.from(filter);
  for (let at = 0; at < filter.length * 8; at++) {
    if (draws.readUInt16BE(2 * at) >= limit) continue;
    noisy[at >> 3] = (noisy[at >> 3] ?? 0) ^ (0x80 >> (at & 7));
  }
  return noisy;
}

/** Source: NIST SP 800-38A, counter mode from 0 over zeros. */
function keystream(seed: Uint8Array, bytes: number): Buffer {
  return createCipheriv("aes-256-ctr", seed, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
