import { mkdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { cloneFile, exists, publish, unfinished } from "../../pipelines/core/files.ts";
import { removeUnfinished } from "../../pipelines/core/remove-unfinished.ts";
import { DuckDb } from "../duckdb.ts";
import { createSchema } from "../migrate.ts";
import { TABLE_NAMES, type TableName, tableShape } from "../schema.ts";
import { ident, text } from "../sql.ts";
import type { Dialect, Loader, RowCounts, SiteRows, Warehouse } from "./dialect.ts";
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
  open: (url, { baseDirectory }) => openFile(resolve(baseDirectory, url.slice(PREFIX.length))),
};

function openFile(file: string): Warehouse {
  return {
    isPublished: () => exists(file),
    async read() {
      if (!(await exists(file))) throw missing(file);
      return openDuckDbReader(file);
    },
    async load(work, { fresh = false } = {}) {
      await mkdir(dirname(file), { recursive: true });
      await removeUnfinished(dirname(file));
      const copy = unfinished(file);
      try {
        if (!fresh && (await exists(file))) await cloneFile(file, copy);
        const result = await loadCopy(copy, work);
        await publish(copy, file);
        return result;
      } catch (error) {
        await rm(copy, { force: true });
        await rm(`${copy}.wal`, { force: true });
        throw error;
      }
    },
  };
}

async function loadCopy<T>(copy: string, work: (loader: Loader) => Promise<T>): Promise<T> {
  const db = await DuckDb.open(copy);
  try {
    await createSchema(db);
    await db.run("BEGIN TRANSACTION");
    const result = await work(loader(db));
    await db.run("COMMIT");
    await db.run("CHECKPOINT");
    return result;
  } finally {
    db.close();
  }
}

function loader(db: DuckDb): Loader {
  const removeSite = async (site: string) => {
    for (const table of [...TABLE_NAMES, "submission"]) {
      await db.run(`DELETE FROM ${ident(table)} WHERE datamartid = $1`, [site]);
    }
  };
  return {
    removeSite,
    async replaceSite(rows) {
      await removeSite(rows.site);
      const counts = {} as RowCounts;
      for (const table of TABLE_NAMES) counts[table] = await insert(db, table, rows);
      await db.run("INSERT INTO submission VALUES ($1, $2, $3)", [
        rows.site,
        rows.sequence,
        rows.manifestSha256,
      ]);
      return counts;
    },
  };
}

async function insert(db: DuckDb, table: TableName, { directory, site }: SiteRows) {
  const columns = Object.keys(tableShape(table).columns).map(ident).join(", ");
  const path = join(directory, `${table}.parquet`);
  try {
    return await db.run(
      `INSERT INTO ${ident(table)} (${columns}) SELECT ${columns} FROM read_parquet(${text(path)})`,
    );
  } catch (cause) {
    throw loadFailed(table, { file: path, site }, cause);
  }
}
