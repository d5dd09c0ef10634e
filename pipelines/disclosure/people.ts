/** A set of people: bit n of the bytes, the highest of each first, stands for person n. Lengths are multiples of 4. */
export type People = Uint8Array;

export const NOBODY: People = new Uint8Array(4);

export function unite(sets: readonly People[]): People {
  const [first = NOBODY, ...rest] = sets;
  if (rest.length === 0) return first;
  const union = new Uint32Array(Math.max(...sets.map(({ length }) => length)) / 4);
  for (const set of sets) {
    const words = wordsOf(set);
    for (let i = 0; i < words.length; i++) union[i] = (union[i] ?? 0) | (words[i] ?? 0);
  }
  return new Uint8Array(union.buffer);
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
export function numbersIn(set: People): number[] {
  const numbers: number[] = [];
  eachIn(set, (person) => numbers.push(person));
  return numbers;
}

/** The same people under other numbers, in as few bytes as they need: equal sets have equal bytes. */
export function renumber(set: People, numberOf: Int32Array): People {
  const last = numberOf.reduce((most, number) => Math.max(most, number), 0);
  const people = new Uint8Array(Math.ceil((last + 1) / 32) * 4);
  eachIn(set, (person) => {
    const number = numberOf[person] ?? -1;
    if (number < 0) throw new TypeError("a person without a number");
    people[number >> 3] = (people[number >> 3] ?? 0) | (128 >> (number & 7));
  });
  const words = wordsOf(people);
  let used = words.length;
  while (used > 1 && words[used - 1] === 0) used--;
  return people.subarray(0, used * 4);
}

function eachIn(set: People, visit: (person: number) => void): void {
  for (let i = 0; i < set.length; i++) {
    for (let bits = set[i] ?? 0; bits > 0; ) {
      const bit = Math.clz32(bits) - 24;
      bits &= ~(128 >> bit);
      visit(i * 8 + bit);
    }
  }
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
