// Precision and recall of Bloom filters by Dice threshold, where the true pairs are known: node tests/bench/bloom-filters.ts
import { createHash } from "node:crypto";
import {
  type BloomRecipe,
  bloomFilter,
  flipBits,
  keyedPositions,
  neededParts,
  readBloomRecipe,
} from "../../pipelines/privacy/bloom-filter.ts";
import { partsSql } from "../../pipelines/privacy/linkage.ts";
import { createNormalisers, readLinkageRecipe } from "../../pipelines/privacy/normalise.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { text } from "../../warehouse/sql.ts";
import { LINKAGE_PAIRS } from "./linkage-pairs.ts";

interface Encoded {
  truth: string;
  words: Uint32Array;
  bits: number;
}

const THRESHOLDS = [0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9];
const key = createHash("sha256").update("bench").digest();
const db = await DuckDb.open(":memory:");
await createNormalisers(db, await readLinkageRecipe(), "2026-01-01");
const recipe = await readBloomRecipe();
const heavier = (features: BloomRecipe["features"], factor: number) =>
  Object.fromEntries(
    Object.entries(features).map(([name, one]) => [name, { ...one, bits: one.bits * factor }]),
  );
const withNoise = (flip_probability: number) => ({ ...recipe, flip_probability });
const VARIANTS: [string, BloomRecipe, { salted: boolean }][] = [
  ["as shipped", recipe, { salted: true }],
  ["noise 0.02", withNoise(0.02), { salted: true }],
  ["without the salt", recipe, { salted: false }],
  ["three times the bits", { ...recipe, features: heavier(recipe.features, 3) }, { salted: true }],
];

for (const { name, files, select } of LINKAGE_PAIRS) {
  for (const [variant, one, how] of VARIANTS) {
    const sides = [];
    for (const [i, file] of files.entries())
      sides.push(await encode(`${i}`, file, select, one, how));
    tell(
      `${name}, ${variant}`,
      sides[0] ?? [],
      sides[1] ?? [],
      allTrue(await truths(files, select)),
    );
  }
}
db.close();

async function encode(
  side: string,
  file: string,
  select: string,
  one: BloomRecipe,
  { salted }: { salted: boolean },
): Promise<Encoded[]> {
  await db.run(`CREATE OR REPLACE TEMP TABLE person AS SELECT row_number() OVER () AS patid, ${select}
    FROM read_csv(${text(file)}, all_varchar = true)`);
  const whole = neededParts(one).map((part) => `q.${part} IS NOT NULL`);
  const rows = await db.all<Record<string, string>>(
    `SELECT p.truth, q.* FROM (${partsSql("FROM person")}) q JOIN person p USING (patid) WHERE ${whole.join(" AND ")}`,
  );
  const positions = keyedPositions(key, one.length);
  return rows.map((row) => {
    const salt = salted ? (row[one.salt] ?? "") : "";
    const filter = bloomFilter(row, one, positions(salt));
    const seed = createHash("sha256").update(`${side} ${row.patid}`).digest();
    const bytes = flipBits(filter, seed, one.flip_probability);
    const words = new Uint32Array(bytes.buffer);
    return { truth: row.truth ?? "", words, bits: sum(words) };
  });
}

async function truths(files: readonly string[], select: string): Promise<string[][]> {
  const all: string[][] = [];
  for (const file of files) {
    const rows = await db.all<{ truth: string }>(
      `SELECT truth FROM (SELECT ${select} FROM read_csv(${text(file)}, all_varchar = true))`,
    );
    all.push(rows.map(({ truth }) => truth));
  }
  return all;
}

function allTrue([a = [], b = []]: string[][]): number {
  const counts = new Map<string, number>();
  for (const truth of b) counts.set(truth, (counts.get(truth) ?? 0) + 1);
  return a.reduce((n, truth) => n + (counts.get(truth) ?? 0), 0);
}

function tell(title: string, a: Encoded[], b: Encoded[], all: number): void {
  const found = THRESHOLDS.map(() => ({ pairs: 0, right: 0 }));
  let strangers = 0;
  let similarity = 0;
  for (const one of a) {
    for (const other of b) {
      const dice = (2 * common(one.words, other.words)) / (one.bits + other.bits);
      const isTrue = one.truth === other.truth;
      if (!isTrue) {
        strangers++;
        similarity += dice;
      }
      for (const [i, least] of THRESHOLDS.entries()) {
        const at = found[i];
        if (dice < least || !at) continue;
        at.pairs++;
        if (isTrue) at.right++;
      }
    }
  }
  const fill = a.reduce((n, { bits }) => n + bits, 0) / (a.length * 1024);
  console.log(
    `${title}: ${a.length} and ${b.length} filters, fill ${fill.toFixed(2)}, strangers on average ${(similarity / strangers).toFixed(2)}`,
  );
  for (const [i, least] of THRESHOLDS.entries()) {
    const { pairs = 0, right = 0 } = found[i] ?? {};
    console.log(
      `  Dice ${least}: ${pairs} pairs, ${right} true of ${all}; precision ${share(right, pairs)}, recall ${share(right, all)}`,
    );
  }
}

function share(part: number, whole: number): string {
  return whole === 0 ? "-" : (part / whole).toFixed(4);
}

function common(a: Uint32Array, b: Uint32Array): number {
  let n = 0;
  for (let i = 0; i < a.length; i++) n += ones((a[i] ?? 0) & (b[i] ?? 0));
  return n;
}

function sum(words: Uint32Array): number {
  return words.reduce((n, word) => n + ones(word), 0);
}

/** The ones of a 32-bit word, counted in parallel. */
function ones(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return (((n + (n >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
