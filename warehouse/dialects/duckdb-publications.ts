import { link, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ProError } from "../../pipelines/core/errors.ts";
import { cloneFile, exists, publish, unfinished, writeWhole } from "../../pipelines/core/files.ts";
import { removeUnfinished } from "../../pipelines/core/remove-unfinished.ts";
import type { Publications } from "./dialect.ts";

/**
 * The publications of a DuckDB warehouse: `publications/000007.duckdb` beside the file that analysts open, which is another name (a hard
 * link) of one of them. A file is never changed once it has its number.
 */
export interface FilePublications extends Publications {
  /** The newest one's file; null: none yet. */
  newest(): Promise<{ number: number; file: string } | null>;
  /** Gives a finished file its number; readers get it, unless they were sent back to an older one. */
  add(finished: string, number: number): Promise<void>;
  /** Removes what killed loads left, and ends a publication that was killed before readers got it. */
  finish(): Promise<void>;
  /** Removes all publications but the newest, which readers then see. */
  forgetOlder(): Promise<void>;
}

export function filePublications(file: string, kept: number): FilePublications {
  const directory = join(dirname(file), "publications");
  const pinFile = join(directory, "sent-back-to");
  const pathOf = (number: number) => join(directory, `${String(number).padStart(6, "0")}.duckdb`);

  const numbers = async () => {
    const names = await readdir(directory).catch(() => []);
    const found = names.map((name) => /^(\d{6})\.duckdb$/.exec(name)?.[1]);
    return found
      .filter((digits) => digits !== undefined)
      .map(Number)
      .toSorted((a, b) => a - b);
  };
  const pinned = async () => {
    const number = Number(await readFile(pinFile, "utf8").catch(() => ""));
    return number > 0 && (await exists(pathOf(number))) ? number : null;
  };
  const show = async (number: number) => {
    const copy = unfinished(file);
    // Blocks are shared where hard links are not known.
    await link(pathOf(number), copy).catch(() => cloneFile(pathOf(number), copy));
    await publish(copy, file);
  };
  const isShown = async (number: number) => {
    const [shown, one] = await Promise.all(
      [file, pathOf(number)].map((path) => stat(path).catch(() => null)),
    );
    if (!shown || !one) return false;
    return shown.ino === one.ino || (shown.size === one.size && shown.mtimeMs >= one.mtimeMs);
  };
  const prune = async (count: number) => {
    const all = await numbers();
    const pin = await pinned();
    for (const number of all.slice(0, Math.max(0, all.length - count)))
      if (number !== pin) await rm(pathOf(number), { force: true });
  };

  return {
    async newest() {
      const number = (await numbers()).at(-1);
      if (number !== undefined) return { number, file: pathOf(number) };
      // A warehouse that an older propool published has the one file only.
      return (await exists(file)) ? { number: 0, file } : null;
    },
    async add(finished, number) {
      await mkdir(directory, { recursive: true });
      await publish(finished, pathOf(number));
      if ((await pinned()) === null) await show(number);
      await prune(kept);
    },
    async finish() {
      await removeUnfinished(dirname(file));
      await removeUnfinished(directory);
      const number = (await numbers()).at(-1);
      if (number !== undefined && (await pinned()) === null && !(await isShown(number)))
        await show(number);
    },
    async list() {
      const all = await numbers();
      return Promise.all(all.map(async (number) => ({ number, isCurrent: await isShown(number) })));
    },
    async publish(number) {
      const all = await numbers();
      if (!all.includes(number)) {
        throw new ProError("WAREHOUSE_PUBLICATION", `publication ${number} is not kept`, {
          where: { file: directory },
          hint: all.length > 0 ? `kept are ${all.join(", ")}` : "nothing was published yet",
        });
      }
      // The pin comes first: a kill between the two leaves readers with what they had.
      if (number === all.at(-1)) await rm(pinFile, { force: true });
      else await writeWhole(pinFile, `${number}\n`);
      await show(number);
    },
    async forgetOlder() {
      const newest = (await numbers()).at(-1);
      if (newest === undefined) return;
      await rm(pinFile, { force: true });
      await show(newest);
      await prune(1);
    },
  };
}
