import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ProError } from "../core/errors.ts";
import { privateDirectory, writeWhole } from "../core/files.ts";
import { factSchema } from "./facts.ts";

const ledger = z.record(z.string(), z.number());

/** What one refresh (a site's night, a hub's load) leaves for the next ones and for the report. It never leaves the folder. */
const refreshSchema = z.strictObject({
  format: z.literal(1),
  sequence: z.int().min(1),
  /** Day of the run, YYYY-MM-DD. */
  day: z.string(),
  /** The store was made anew: counts before it are of another store. */
  full: z.boolean(),
  measures: z.array(
    z.strictObject({
      check: z.string(),
      site: z.string(),
      n: z.number(),
      total: z.number(),
      keys: z.array(z.string()),
    }),
  ),
  facts: z.array(factSchema),
  /** At a hub: the newest submission of each site that it looked at. */
  held: z.record(z.string(), z.int()).optional(),
  /** Where the night's records and answers ended; null at a hub. */
  ledgers: z.strictObject({ records: ledger, answers: ledger }).nullable(),
  lines: z.array(
    z.strictObject({
      level: z.enum(["record", "answer"]),
      kind: z.string(),
      state: z.string(),
      reason: z.string().nullable(),
      count: z.number(),
    }),
  ),
  unmapped: z.array(
    z.strictObject({
      code: z.string(),
      system: z.string().nullable(),
      instrument: z.string().nullable(),
      count: z.number(),
      /** Of rows that are out of scope because nobody knows their code: the file of the export. */
      file: z.string().optional(),
    }),
  ),
});
export type Refresh = z.infer<typeof refreshSchema>;

/** Refreshes that are kept: a quarter of nights. */
const REFRESHES_MAX = 92;

const NAME = /^refresh-(\d{6})\.json$/;

/** The kept refreshes of a folder's reports, newest first. */
export async function readRefreshes(reportsDirectory: string): Promise<Refresh[]> {
  const names = await refreshNames(reportsDirectory);
  return Promise.all(names.toReversed().map((name) => readRefresh(join(reportsDirectory, name))));
}

async function refreshNames(directory: string): Promise<string[]> {
  const entries = await readdir(directory).catch(() => [] as string[]);
  return entries.filter((name) => NAME.test(name)).sort();
}

async function readRefresh(file: string): Promise<Refresh> {
  try {
    return refreshSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    throw new ProError("QUALITY_HISTORY", "what an earlier refresh left cannot be read", {
      where: { file },
      hint: "move the file away: trends then begin after it; nothing else depends on it",
      cause,
    });
  }
}

/** Adds a refresh after the newest one; the oldest goes when there are too many. */
export async function writeRefresh(
  reportsDirectory: string,
  refresh: Omit<Refresh, "format" | "sequence">,
): Promise<void> {
  await privateDirectory(reportsDirectory);
  const names = await refreshNames(reportsDirectory);
  const sequence = Number(NAME.exec(names.at(-1) ?? "")?.[1] ?? 0) + 1;
  const name = `refresh-${String(sequence).padStart(6, "0")}.json`;
  const content = `${JSON.stringify({ format: 1, sequence, ...refresh } satisfies Refresh)}\n`;
  await writeWhole(join(reportsDirectory, name), content, 0o600);
  const old = names.slice(0, Math.max(0, names.length + 1 - REFRESHES_MAX));
  for (const name of old) await rm(join(reportsDirectory, name), { force: true });
}
