import { readFile, rm, writeFile } from "node:fs/promises";
import type { DuckDb } from "../../../warehouse/duckdb.ts";
import { nextRecordKey } from "../intake.ts";
import { type Candidate, unfold } from "./candidates.ts";
import { type Clean, judge, type SetAside } from "./judge.ts";
import { type Part, Parts } from "./parts.ts";
import { readStrictly } from "./strict.ts";

/** What set records aside, and the file in which they stand. */
type Left = SetAside & { file: string };

/** So many are held before they are written down. */
const LEFT_MAX = 10_000;

/**
 * The careful way for files that the strict reader refuses or that are no NDJSON of one type: every record is judged on its own, the
 * good ones are written by type to `scratch` and read strictly from there, the others are set aside with their place. Slower than
 * SQL, and only used for such files; many small ones go through it together.
 */
export class Sieve {
  readonly #db: DuckDb;
  readonly #scratch: string;
  readonly #parts: Parts;
  #left: Left[] = [];

  constructor(db: DuckDb, scratch: string) {
    this.#db = db;
    this.#scratch = scratch;
    this.#parts = new Parts(scratch);
  }

  /** Takes the records of a file, Bundles apart. Returns how many there were: a Bundle is one, however many records it holds. */
  async add(file: string, candidates: AsyncIterable<Candidate>): Promise<number> {
    let count = 0;
    for await (const candidate of candidates) {
      count++;
      for (const record of unfold(candidate)) await this.take(file, judge(record));
    }
    return count;
  }

  /** Takes one record that was judged. */
  async take(file: string, judged: SetAside | Clean): Promise<void> {
    if (!("state" in judged)) await this.#parts.write(file, judged);
    else if (this.#left.push({ ...judged, file }) >= LEFT_MAX) await this.#record();
  }

  async #record(): Promise<void> {
    await recordSetAside(this.#db, this.#left);
    this.#left = [];
  }

  /** Brings what was taken into the resource tables and `intake_record`. */
  async finish(): Promise<void> {
    for (const part of await this.#parts.finish()) {
      await this.#read(part);
      await rm(part.path);
    }
    await this.#record();
  }

  /**
   * A clean part that the strict reader still refuses (a key given twice, a text it cannot decode) is halved until the single
   * records that are refused stand alone.
   */
  async #read({ type, path, records, longest }: Part): Promise<void> {
    const found = { type, path, longest, expected: records, file: null };
    if (await readStrictly(this.#db, this.#scratch, found)) return;
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    if (lines.length === 1) {
      this.#left.push({
        ...placeOf(lines[0] ?? ""),
        kind: type,
        state: "quarantined",
        reason: "SOURCE_REFUSED",
        pointer: null,
      });
      return;
    }
    const middle = lines.length >> 1;
    for (const [i, half] of [lines.slice(0, middle), lines.slice(middle)].entries()) {
      const part = { type, path: `${path}.${i}`, records: half.length, longest };
      await writeFile(part.path, `${half.join("\n")}\n`, { mode: 0o600 });
      await this.#read(part);
      await rm(part.path);
    }
  }
}

/** Where a record of a part comes from; its head is our own writing. */
function placeOf(line: string): { file: string; where: string } {
  const [, file = '""', where = '""'] =
    /^\{"_file":("(?:[^"\\]|\\.)*"),"_where":("(?:[^"\\]|\\.)*")/.exec(line) ?? [];
  return { file: JSON.parse(file), where: JSON.parse(where) };
}

async function recordSetAside(db: DuckDb, left: readonly Left[]): Promise<void> {
  if (left.length === 0) return;
  let key = await nextRecordKey(db);
  const appender = await db.connection.createAppender("intake_record");
  for (const one of left) {
    appender.appendBigInt(key++);
    for (const value of [one.file, one.where, one.kind, one.state, one.reason])
      appender.appendVarchar(value);
    if (one.pointer === null) appender.appendNull();
    else appender.appendVarchar(one.pointer);
    appender.endRow();
  }
  appender.closeSync();
}
