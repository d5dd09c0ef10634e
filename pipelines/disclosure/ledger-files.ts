import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ProError } from "../core/errors.ts";
import { exists, privateDirectory, writeWhole } from "../core/files.ts";

const FORMAT = "propool-release/1";
const PEOPLE_FILE = "people.json";
const RELEASE_FILE = /^(\d{4,})\.json$/;

const told = z.strictObject({
  range: z.tuple([z.string(), z.string()]).nullable(),
  hasSums: z.boolean(),
  size: z.int().min(0),
  set: z.string(),
});
export type WrittenTold = z.infer<typeof told>;

const table = z.strictObject({
  source: z.string(),
  topic: z.string(),
  everybody: z.array(told).nullable(),
  strata: z.record(z.string(), z.strictObject({ isShown: z.boolean(), told: z.array(told) })),
});
export type WrittenTable = z.infer<typeof table>;

const releaseSchema = z.strictObject({
  format: z.literal(FORMAT),
  previous: z
    .string()
    .nullable()
    .describe("SHA-256 of the file before, so that none can be changed or left out"),
  study: z.strictObject({ id: z.string(), sha256: z.string() }),
  kind: z.string().describe("what left the site"),
  created: z.string().optional(),
  tables: z.array(table),
  sets: z
    .record(z.string(), z.string())
    .describe("bitmaps of people that no earlier file has, deflated, base64"),
});
export type Release = z.infer<typeof releaseSchema>;

const peopleSchema = z.strictObject({
  token_key_fingerprint: z.string().nullable(),
  people: z.array(z.string().nullable()).describe("tokens by number; null: withdrawn since"),
});
type KnownPeople = z.infer<typeof peopleSchema>;

/** A site's releases as its folder holds them. */
export interface LedgerFiles {
  people: (string | null)[];
  releases: Release[];
  /** Of the last release, which the next one names. */
  last: { number: number; sha256: string } | null;
}

/**
 * @param tokenKey fingerprint of the key of the store's tokens
 * @throws ProError `DISCLOSURE_LEDGER` when a file was changed or is missing, or the tokens are of another key
 */
export async function readLedger(
  siteDirectory: string,
  tokenKey: string | null,
): Promise<LedgerFiles> {
  const directory = join(siteDirectory, "releases");
  const names = (await exists(directory)) ? await readdir(directory) : [];
  const numbers = names.flatMap((name) => RELEASE_FILE.exec(name)?.[1] ?? []).map(Number);
  const releases: Release[] = [];
  let last: LedgerFiles["last"] = null;
  for (const number of numbers.sort((a, b) => a - b)) {
    const file = join(directory, releaseName(number));
    const bytes = await readFile(file);
    const release = parse(bytes, releaseSchema, file);
    if (release.previous !== (last?.sha256 ?? null)) {
      throw damaged(file, "it does not follow the one before");
    }
    last = { number, sha256: createHash("sha256").update(bytes).digest("hex") };
    releases.push(release);
  }
  const known = await readPeople(siteDirectory);
  if (!known && releases.length > 0) throw damaged(join(directory, PEOPLE_FILE), "it is missing");
  if (known && known.token_key_fingerprint !== tokenKey) {
    throw new ProError(
      "DISCLOSURE_LEDGER",
      "the people of earlier releases are known by tokens of another key",
      {
        where: { file: join(directory, PEOPLE_FILE) },
        hint: "let the site's night finish the change of keys first: propool run",
      },
    );
  }
  return { people: known?.people ?? [], releases, last };
}

/** Adds a release; the people first, so that a kill between the two leaves a ledger that is whole. */
export async function writeRelease(
  siteDirectory: string,
  { people, last }: LedgerFiles,
  release: Omit<Release, "format" | "previous">,
  tokenKey: string | null,
): Promise<void> {
  await privateDirectory(join(siteDirectory, "releases"));
  await writePeople(siteDirectory, { token_key_fingerprint: tokenKey, people });
  const whole: Release = { format: FORMAT, previous: last?.sha256 ?? null, ...release };
  const file = join(siteDirectory, "releases", releaseName((last?.number ?? 0) + 1));
  await writeWhole(file, `${JSON.stringify(whole)}\n`, 0o600);
}

/**
 * Changes the tokens of the people of a site's releases; null forgets who it was, not that somebody was there.
 *
 * @param key fingerprints, where the tokens' key changes: tokens of another key than `from` are left as they are, so that doing it
 * twice changes nothing
 */
export async function changeTokens(
  siteDirectory: string,
  change: (patids: readonly string[]) => Promise<readonly (string | null)[]>,
  key?: { from: string; to: string },
): Promise<void> {
  const known = await readPeople(siteDirectory);
  if (!known || (key && known.token_key_fingerprint !== key.from)) return;
  const here = known.people.filter((patid) => patid !== null);
  const next = await change(here);
  const changed = new Map(here.map((patid, i) => [patid, next[i] ?? null]));
  await writePeople(siteDirectory, {
    token_key_fingerprint: key?.to ?? known.token_key_fingerprint,
    people: known.people.map((patid) => (patid === null ? null : (changed.get(patid) ?? null))),
  });
}

/** Forgets who people of a site's releases were: that somebody was there stays. */
export async function forgetPeople(
  siteDirectory: string,
  patids: readonly string[],
): Promise<void> {
  const gone = new Set(patids);
  await changeTokens(siteDirectory, async (known) =>
    known.map((patid) => (gone.has(patid) ? null : patid)),
  );
}

async function readPeople(siteDirectory: string): Promise<KnownPeople | null> {
  const file = join(siteDirectory, "releases", PEOPLE_FILE);
  return (await exists(file)) ? parse(await readFile(file), peopleSchema, file) : null;
}

function writePeople(siteDirectory: string, people: KnownPeople): Promise<void> {
  const file = join(siteDirectory, "releases", PEOPLE_FILE);
  return writeWhole(file, `${JSON.stringify(people)}\n`, 0o600);
}

function releaseName(number: number): string {
  return `${String(number).padStart(4, "0")}.json`;
}

function parse<T>(bytes: Buffer, schema: z.ZodType<T>, file: string): T {
  try {
    return schema.parse(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw damaged(file, "it does not fit its format", cause);
  }
}

function damaged(file: string, what: string, cause?: unknown): ProError {
  return new ProError(
    "DISCLOSURE_LEDGER",
    `the record of what left this site is not whole: ${what}`,
    {
      where: { file },
      hint: "put the folder releases/ back from a backup; without it nobody can tell what two studies tell together",
      cause,
    },
  );
}
