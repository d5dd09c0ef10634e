import { createHash } from "node:crypto";

/**
 * A seeded source of random numbers: the same seed and label give the same numbers on every platform, because it uses 32-bit
 * integers, additions and multiplications only (no logarithm or cosine, whose last digit differs between machines).
 */
export interface Random {
  /** At least 0, below 1, a multiple of 2^-32. */
  uniform(): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** Mean 0, standard deviation 1, within 6 of the mean. */
  normal(): number;
  pick<T>(list: readonly T[]): T;
  /** Draws by weight; the weights need not add up to 1. */
  weighted<T>(list: readonly (readonly [T, number])[]): T;
  /** A copy in random order. */
  shuffle<T>(list: readonly T[]): T[];
  /** Lower-case hexadecimal digits. */
  hex(digits: number): string;
  /** An independent source, so that more draws in one part leave the others as they were. */
  fork(label: string): Random;
}

/**
 * Source: sfc32 of Chris Doty-Humphrey's PractRand (public domain), started from the SHA-256 of the seed. Normals are the sum of twelve
 * uniforms minus six (Irwin-Hall).
 */
export function createRandom(seed: string): Random {
  const next = sfc32(createHash("sha256").update(seed, "utf8").digest());
  const uniform = () => next() / 4294967296;
  const random: Random = {
    uniform,
    between: (min, max) => min + Math.floor(uniform() * (max - min + 1)),
    chance: (probability) => uniform() < probability,
    normal() {
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += uniform();
      return sum;
    },
    pick: (list) => at(list, random.between(0, list.length - 1)),
    weighted(list) {
      let left = uniform() * list.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [value, weight] of list) {
        left -= weight;
        if (left < 0) return value;
      }
      return at(list, list.length - 1)[0];
    },
    shuffle(list) {
      const copy = [...list];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = random.between(0, i);
        const held = at(copy, i);
        copy[i] = at(copy, j);
        copy[j] = held;
      }
      return copy;
    },
    hex(digits) {
      let text = "";
      while (text.length < digits) text += next().toString(16).padStart(8, "0");
      return text.slice(0, digits);
    },
    fork: (label) => createRandom(`${seed}/${label}`),
  };
  return random;
}

/** Small fast counting generator, 32 bit: three words of state and a counter. */
function sfc32(start: Buffer): () => number {
  let a = start.readInt32LE(0);
  let b = start.readInt32LE(4);
  let c = start.readInt32LE(8);
  let counter = 1;
  const step = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  // PractRand's own seeding throws the first words away too.
  for (let i = 0; i < 15; i++) step();
  return step;
}

function at<T>(list: readonly T[], index: number): T {
  if (index < 0 || index >= list.length)
    throw new RangeError("a random choice needs a list that is not empty");
  return list[index] as T;
}
