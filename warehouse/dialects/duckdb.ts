import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { cloneFile, exists, unfinished } from "../../pipelines/core/files.ts";
import { copyWithout } from "../copy-without.ts";
import { DuckDb, SPILLING_MEMORY } from "../duckdb.ts";
import { incomingQueries, rowsAfter } from "../incoming.ts";
import {
  bookSubmission,
  HELD_LINKAGE,
  HELD_SUBMISSIONS,
  heldRows,
  incoming,
  type MergeDb,
  mergeChanges,
  SITE_TABLES,
} from "../merge.ts";
import { type TableName, tableShape } from "../schema.ts";
import { ident, text } from "../sql.ts";
import { bringToNewest } from "../store-file.ts";
import {
  type Dialect,
  type Held,
  type HeldSubmission,
  type Loader,
  plainRow,
  type RowCounts,
  type SiteRows,
  type Warehouse,
} from "./dialect.ts";
import { filePublications } from "./duckdb-publications.ts";
import { openDuckDbReader } from "./duckdb-reader.ts";
import { loadFailed, missing } from "./errors.ts";

const PREFIX = "duckdb:";

/**
 * The warehouse is one immutable file. A load works on a copy and renames it over the published one, so analysts keep the file
 * that they have open, and no write-ahead log is left behind.
 */
export const duckdb: Dialect = {
  name: "duckdb",
  accepts: (url) => url.startsWith(PREFIX),
  open: (url, { baseDirectory, publications = 7 }) =>
    openFile(resolve(baseDirectory, url.slice(PREFIX.length)), publications),
};

function openFile(file: string, kept: number): Warehouse {
  const publications = filePublications(file, kept);
  return {
    isPublished: () => exists(file),
    async read() {
      if (!(await exists(file))) throw missing(file);
      return openDuckDbReader(file);
    },
    async scannable() {
      if (!(await exists(file))) throw missing(file);
      return { file };
    },
    async held() {
      const newest = await publications.newest();
      return newest ? readHeld(newest.file) : { submissions: [], linkage: null };
    },
    async load(work, { fresh = false, linkage = "off" } = {}) {
      await mkdir(dirname(file), { recursive: true });
      await publications.finish();
      const newest = await publications.newest();
      const copy = unfinished(file);
      try {
        if (newest && !fresh) await cloneFile(newest.file, copy);
        const number = (newest?.number ?? 0) + 1;
        const result = await loadCopy(copy, { number, linkage }, work);
        if (fresh) await dropTraces(copy);
        await publications.add(copy, number);
        return result;
      } catch (error) {
        await rm(copy, { force: true });
        await rm(`${copy}.wal`, { force: true });
        throw error;
      }
    },
    publications,
    // Each publication is a file of its own; the newest was made without the rows.
    forgetRemoved: () => publications.forgetOlder(),
  };
}

/** Writes the file anew: blocks that are free still hold the bytes of rows that an older submission brought and a newer one took out. */
async function dropTraces(copy: string): Promise<void> {
  const clean = `${copy}.tmp`;
  await bringToNewest(clean, { commented: true });
  await copyWithout(copy, clean, []);
  await rename(clean, copy);
}

async function readHeld(file: string): Promise<Held> {
  const db = await DuckDb.open(file, { readOnly: true, small: true });
  try {
    const submissions = await db.all<HeldSubmission>(HELD_SUBMISSIONS);
    // A warehouse of an older propool has no such book yet.
    const [row] = await db.all<Pick<Held, "linkage">>(HELD_LINKAGE).catch(() => []);
    return { submissions, linkage: row?.linkage ?? null };
  } finally {
    db.close();
  }
}

async function loadCopy<T>(
  copy: string,
  publication: { number: number; linkage: "on" | "off" },
  work: (loader: Loader) => Promise<T>,
): Promise<T> {
  await bringToNewest(copy, { commented: true });
  const db = await DuckDb.open(copy, { memoryLimit: SPILLING_MEMORY });
  try {
    // Rows have no order of their own; keeping one costs memory that grows with the load.
    await db.run("SET preserve_insertion_order = false");
    const result = await work(loader(db));
    await db.run("DELETE FROM publication");
    const { number, linkage } = publication;
    await db.run(`INSERT INTO publication (number, linkage) VALUES (${number}, ${text(linkage)})`);
    await db.run("CHECKPOINT");
    return result;
  } finally {
    db.close();
  }
}

/** The copy is nobody's yet, so each submission has a transaction of its own in it. */
function loader(db: DuckDb): Loader {
  const asUnit = async <T>(work: () => Promise<T>): Promise<T> => {
    await db.run("BEGIN TRANSACTION");
    try {
      const result = await work();
      await db.run("COMMIT");
      return result;
    } catch (error) {
      // A failed statement may have ended the transaction already.
      await db.run("ROLLBACK").catch(() => undefined);
      throw error;
    }
  };
  return {
    removeSite: (site) => asUnit(() => removeSite(db, site)),
    apply: (rows) => asUnit(() => apply(db, rows)),
    run: async (sql) => {
      await db.run(sql);
    },
    all: async <T extends object>(sql: string) => (await db.all(sql)).map(plainRow) as T[],
  };
}

async function removeSite(db: MergeDb, site: string): Promise<void> {
  for (const table of SITE_TABLES)
    await db.run(`DELETE FROM ${ident(table)} WHERE datamartid = ${text(site)}`);
}

async function apply(db: DuckDb, rows: SiteRows): Promise<RowCounts> {
  const queries = await incomingQueries(db, rows.directory);
  for (const [table, query] of queries)
    await db.run(`CREATE OR REPLACE TEMP VIEW ${ident(incoming(table))} AS ${query}`);
  const before = rows.kind === "full" ? {} : await heldRows(db, rows.site);
  if (rows.kind === "full") {
    await removeSite(db, rows.site);
    for (const table of queries.keys()) await insert(db, table, rows);
  } else await mergeChanges(db, [...queries.keys()]);
  const counts = await rowsAfter(db, queries, before);
  await bookSubmission(db, rows, counts, rows.rows);
  return counts;
}

async function insert(db: DuckDb, table: TableName, { site, directory }: SiteRows): Promise<void> {
  const columns = Object.keys(tableShape(table).columns).map(ident).join(", ");
  try {
    await db.run(
      `INSERT INTO ${ident(table)} (${columns}) SELECT ${columns} FROM ${ident(incoming(table))}`,
    );
  } catch (cause) {
    throw loadFailed(table, { file: `${directory}/${table}.parquet`, site }, cause);
  }
}
