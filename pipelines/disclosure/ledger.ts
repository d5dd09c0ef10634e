import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import {
  type LedgerFiles,
  type Release,
  readLedger,
  type WrittenTable,
  type WrittenTold,
  writeRelease,
} from "./ledger-files.ts";
import { numbersIn, type People, renumber, unite } from "./people.ts";
import { Released, type Table, type Told } from "./released.ts";

/** What is being released. */
export interface ReleaseFacts {
  study: { id: string; sha256: string };
  kind: string;
  created?: string | undefined;
}

/**
 * What left a site before: of which people each number told. It never leaves the site, which knows the people by their tokens.
 *
 * Source: reference statistics 6.4.
 */
export class Ledger {
  readonly #siteDirectory: string;
  readonly #tokenKey: string | null;
  readonly #files: LedgerFiles;

  private constructor(siteDirectory: string, tokenKey: string | null, files: LedgerFiles) {
    this.#siteDirectory = siteDirectory;
    this.#tokenKey = tokenKey;
    this.#files = files;
  }

  /** @throws ProError `DISCLOSURE_LEDGER`, as `readLedger` */
  static async open(siteDirectory: string, tokenKey: string | null): Promise<Ledger> {
    return new Ledger(siteDirectory, tokenKey, await readLedger(siteDirectory, tokenKey));
  }

  /** All earlier releases, their people under the numbers that `patids` have now. */
  released(patids: readonly string[]): Released {
    const { people, releases } = this.#files;
    const now = new Map(patids.map((patid, head) => [patid, head]));
    const heads = Int32Array.from(people, (patid, i) => now.get(patid ?? "") ?? patids.length + i);
    const packed = new Map(releases.flatMap(({ sets }) => Object.entries(sets)));
    const known = new Map<string, People>();
    const setOf = (id: string): People => {
      const found = known.get(id) ?? renumber(unpack(packed.get(id)), heads);
      known.set(id, found);
      return found;
    };
    const read = ({ range, hasSums, size, set }: WrittenTold): Told => ({
      range: range && [BigInt(range[0]), BigInt(range[1])],
      hasSums,
      size,
      people: () => setOf(set),
    });
    const released = new Released();
    for (const [i, release] of releases.entries()) {
      for (const one of release.tables) {
        released.add({
          source: `${one.source} in ${nameOf(release, i + 1)}`,
          topic: one.topic,
          everybody: one.everybody?.map(read) ?? null,
          strata: mapLines(Object.entries(one.strata), read),
        });
      }
    }
    return released;
  }

  /**
   * Writes down what is about to leave, before it does. The same again is no new release.
   *
   * @param tables of this release only
   */
  async record(
    tables: readonly Table[],
    patids: readonly string[],
    { study, kind, created }: ReleaseFacts,
  ): Promise<void> {
    const { releases } = this.#files;
    const numberOf = this.#enter(tables, patids);
    const known = new Set(releases.flatMap(({ sets }) => Object.keys(sets)));
    const ids = new Map<People, string>();
    const sets: Record<string, string> = {};
    const idOf = (people: People): string => {
      const bytes = renumber(people, numberOf);
      const id = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
      if (!known.has(id)) sets[id] ??= deflateRawSync(bytes, { level: 1 }).toString("base64");
      return id;
    };
    const write = ({ range, hasSums, size, people }: Told): WrittenTold => {
      const set = ids.get(people()) ?? idOf(people());
      ids.set(people(), set);
      return { range: range && [String(range[0]), String(range[1])], hasSums, size, set };
    };
    const written = tables.map(
      (one): WrittenTable => ({
        source: one.source,
        topic: one.topic,
        everybody: one.everybody?.map(write) ?? null,
        strata: Object.fromEntries(mapLines(one.strata, write)),
      }),
    );
    const earlier = new Set(
      releases.flatMap((one) => one.tables.map((each) => JSON.stringify(each))),
    );
    if (written.every((one) => earlier.has(JSON.stringify(one)))) return;
    const release = {
      study: { id: study.id, sha256: study.sha256 },
      kind,
      ...(created === undefined ? {} : { created }),
      tables: written,
      sets,
    };
    await writeRelease(this.#siteDirectory, this.#files, release, this.#tokenKey);
  }

  /** Gives people who are new a number of their own, for good. @returns numbers by head; -1 for people of no group */
  #enter(tables: readonly Table[], patids: readonly string[]): Int32Array {
    const { people } = this.#files;
    const numbers = new Map(people.map((patid, i) => [patid, i]));
    const numberOf = new Int32Array(patids.length).fill(-1);
    for (const head of numbersIn(unite(tables.flatMap(toldIn).map((one) => one.people())))) {
      const patid = patids[head];
      if (patid === undefined) continue;
      numberOf[head] = numbers.get(patid) ?? people.push(patid) - 1;
    }
    return numberOf;
  }
}

export { changeTokens, forgetPeople } from "./ledger-files.ts";

type Lines<T> = Iterable<readonly [string, { isShown: boolean; told: readonly T[] }]>;

function mapLines<A, B>(lines: Lines<A>, change: (one: A) => B) {
  return new Map(
    [...lines].map(([name, { isShown, told }]) => [name, { isShown, told: told.map(change) }]),
  );
}

function nameOf({ kind, study, created }: Release, number: number): string {
  return `release ${number} (${kind} of study ${study.id}${created ? `, ${created}` : ""})`;
}

function toldIn({ everybody, strata }: Table): Told[] {
  return [...(everybody ?? []), ...[...strata.values()].flatMap((one) => one.told)];
}

function unpack(packed = ""): People {
  return Uint8Array.from(inflateRawSync(Buffer.from(packed, "base64")));
}
