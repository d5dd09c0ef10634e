import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { decryptFile, decryptToBytes } from "../../pipelines/core/age.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import type { Told } from "./command.ts";
import type { TestSite } from "./site.ts";
import { HUB_KEY } from "./submission.ts";

/** Runs `look` on a site's store, opened for reading. */
export async function inStore<T>(site: TestSite, look: (db: DuckDb) => Promise<T>): Promise<T> {
  const db = await DuckDb.open(site.path("store/store.duckdb"), { readOnly: true, small: true });
  try {
    return await look(db);
  } finally {
    db.close();
  }
}

/** A digest of each table's rows in their sorted order: equal digests are equal tables. */
export async function digestTables(site: TestSite): Promise<Record<string, string>> {
  return inStore(site, async (db) => {
    const digests: Record<string, string> = {};
    for (const table of TABLE_NAMES) {
      const rows = await valuesOf(db, ident(table));
      digests[table] = createHash("sha256").update(rows.toSorted().join("\n")).digest("hex");
    }
    return digests;
  });
}

/** PHQ-9 totals that studies use, by the day's order. */
export async function totals(site: TestSite): Promise<number[]> {
  const rows = await inStore(site, (db) =>
    db.all<{ total: number }>(`
      SELECT CAST(p.pro_response_num AS DOUBLE) AS total FROM pro_cm p JOIN pro_cm_detail d USING (pro_cm_id)
      WHERE d.kind = 'score' AND d.preferred ORDER BY total`),
  );
  return rows.map((row) => row.total);
}

/** All files below a folder, relative to it; none when it is missing. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** What a night left half done: identified working files, unfinished results, a lock. */
export async function leftovers(site: TestSite): Promise<string[]> {
  const names = await readdir(site.directory, { recursive: true });
  return names.filter((name) => /^identified|\.unfinished-|\.lock|\.wal$|\.tmp$/.test(name)).sort();
}

/** Where any of the texts can be found in what a site keeps, sends, reports or prints, in any letter case. */
export async function placesOf(
  needles: readonly string[],
  site: TestSite,
  told: readonly Told[],
): Promise<string[]> {
  const haystacks: [string, string][] = told.map(({ out, err }, i) => [`printed ${i}`, out + err]);
  for (const folder of ["store", "outbox", "reports"]) {
    for (const file of await filesIn(site.path(folder))) {
      const path = site.path(folder, file);
      haystacks.push([path, (await readFile(path)).toString("latin1")]);
      haystacks.push([`values of ${path}`, (await valuesInFile(path)).join("\n")]);
    }
  }
  return haystacks.flatMap(([place, content]) => {
    const lower = content.toLowerCase();
    return needles
      .filter((needle) => lower.includes(needle.toLowerCase()))
      .map((needle) => `${needle} in ${place}`);
  });
}

/** What a submission holds once its hub has opened it: file name -> readable bytes. */
export async function openedFiles(directory: string): Promise<Record<string, Uint8Array>> {
  const opened: Record<string, Uint8Array> = {};
  for (const name of await filesIn(directory)) {
    if (!name.endsWith(".age")) continue;
    opened[name.slice(0, -".age".length)] = await decryptToBytes(
      join(directory, name),
      HUB_KEY.identity,
    );
  }
  return opened;
}

/** The rows of a database or Parquet file as text, because their bytes may be compressed; sealed files are opened. */
async function valuesInFile(path: string): Promise<string[]> {
  if (path.endsWith(".age")) {
    const folder = await mkdtemp(join(tmpdir(), "propool-opened-"));
    const opened = join(folder, basename(path).slice(0, -".age".length));
    await decryptFile(path, opened, HUB_KEY.identity);
    const values = path.includes("manifest")
      ? [await readFile(opened, "utf8")]
      : await valuesInFile(opened);
    await rm(folder, { recursive: true });
    return values;
  }
  if (!/\.(duckdb|parquet)$/.test(path)) return [];
  const db = await DuckDb.open(":memory:", { small: true });
  try {
    if (path.endsWith(".parquet")) return await valuesOf(db, `read_parquet(${text(path)})`);
    await db.run(`ATTACH ${text(path)} AS looked_at (READ_ONLY)`);
    const tables = await db.all<{ name: string }>(
      "SELECT schema_name || '.' || table_name AS name FROM duckdb_tables() WHERE database_name = 'looked_at'",
    );
    const rows = await Promise.all(tables.map(({ name }) => valuesOf(db, `looked_at.${name}`)));
    return rows.flat();
  } finally {
    db.close();
  }
}

async function valuesOf(db: DuckDb, relation: string): Promise<string[]> {
  const rows = await db.all<{ row: string }>(`SELECT CAST(t AS VARCHAR) AS row FROM ${relation} t`);
  return rows.map(({ row }) => row);
}
