import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { UNFINISHED } from "../core/files.ts";
import { parseSubmissionName } from "./manifest.ts";
import { isSealed } from "./open.ts";
import { isReceipt } from "./receipt.ts";

/** A whole submission that waits in an inbox. */
export interface Arrival {
  name: string;
  site: string;
  sequence: number;
  directory: string;
}

export interface Inbox {
  /** By site, then sequence. */
  arrivals: Arrival[];
  /** Entries that are no submission, or not whole yet: told, not touched. */
  waiting: string[];
}

/** Looks into every inbox once; several sites may share one. A folder that is missing is empty. */
export async function readInboxes(directories: Iterable<string>): Promise<Inbox> {
  const inbox: Inbox = { arrivals: [], waiting: [] };
  for (const directory of new Set(directories)) {
    const names = await readdir(directory).catch(() => []);
    for (const name of names.filter((entry) => !entry.startsWith(".") && !isReceipt(entry))) {
      const path = join(directory, name);
      const parsed = UNFINISHED.test(name) ? null : parseSubmissionName(name);
      if (parsed && (await isSealed(path))) {
        inbox.arrivals.push({ name, ...parsed, directory: path });
      } else inbox.waiting.push(path);
    }
  }
  inbox.arrivals.sort((a, b) => compare(a.site, b.site) || a.sequence - b.sequence);
  return inbox;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
