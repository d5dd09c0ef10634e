/** A set of people: bit n of the bytes, the highest of each first, stands for person n. Lengths are multiples of 4. */
export type People = Uint8Array;

export const NOBODY: People = new Uint8Array(4);

export function unite(sets: readonly People[]): People {
  const [first = NOBODY, ...rest] = sets;
  if (rest.length === 0) return first;
  const union = new Uint8Array(Math.max(...sets.map(({ length }) => length)));
  for (const set of sets) {
    for (const [i, byte] of set.entries()) union[i] = (union[i] ?? 0) | byte;
  }
  return union;
}

export function sizeOf(set: People): number {
  return differenceOf(set, NOBODY);
}

/** People who are in one of the two sets only. */
export function differenceOf(a: People, b: People): number {
  const [short, long] = a.length < b.length ? [wordsOf(a), wordsOf(b)] : [wordsOf(b), wordsOf(a)];
  let people = 0;
  for (let i = 0; i < long.length; i++) people += ones((long[i] ?? 0) ^ (short[i] ?? 0));
  return people;
}

/** Whether everybody of `inner` is in `outer` too. */
export function isInside(inner: People, outer: People): boolean {
  return inner.every((byte, i) => (byte & ~(outer[i] ?? 0)) === 0);
}

/** The numbers of the people in a set, in order. */
export function* numbersIn(set: People): Generator<number> {
  for (const [i, byte] of set.entries()) {
    for (let bit = 0; bit < 8; bit++) if (byte & (128 >> bit)) yield i * 8 + bit;
  }
}

/** The same people under other numbers. */
export function renumber(set: People, numberOf: (person: number) => number): People {
  const numbers = [...numbersIn(set)].map(numberOf);
  const last = numbers.reduce((most, one) => Math.max(most, one), 0);
  const people = new Uint8Array(Math.ceil((last + 1) / 32) * 4);
  for (const one of numbers) people[one >> 3] = (people[one >> 3] ?? 0) | (128 >> (one & 7));
  return people;
}

function wordsOf(set: People): Uint32Array {
  const aligned = set.byteOffset % 4 === 0 ? set : Uint8Array.from(set);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}

function ones(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return (((n + (n >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
