import { join } from "node:path";
import type pg from "pg";
import type { DuckDb } from "../duckdb.ts";
import { incomingQueries, rowsAfter } from "../incoming.ts";
import {
  bookSubmission,
  heldRows,
  incoming,
  type MergeDb,
  mergeChanges,
  SITE_TABLES,
} from "../merge.ts";
import { type TableName, tableShape } from "../schema.ts";
import { ident, text } from "../sql.ts";
import { distributeStaging } from "./citus.ts";
import type { Loader, RowCounts, SiteRows } from "./dialect.ts";
import { loadFailed } from "./errors.ts";
import { copyRows } from "./postgres-copy.ts";
import { types } from "./postgres-reader.ts";

/** Loads submissions inside the transaction that the client is in; each is a savepoint of its own. */
export function postgresLoader(client: pg.Client, db: DuckDb, isSpread: boolean): Loader {
  const merge = mergeDb(client, isSpread);
  const asUnit = async <T>(work: () => Promise<T>): Promise<T> => {
    await client.query("SAVEPOINT unit");
    try {
      const result = await work();
      await client.query("RELEASE SAVEPOINT unit");
      return result;
    } catch (error) {
      // A broken connection has rolled back by itself.
      await client.query("ROLLBACK TO SAVEPOINT unit").catch(() => undefined);
      throw error;
    }
  };
  return {
    removeSite: (site) => asUnit(() => removeSite(merge, site)),
    apply: (rows) => asUnit(() => apply(client, db, { rows, merge })),
    run: async (sql) => {
      await client.query(sql);
    },
    all: merge.all,
  };
}

function mergeDb(client: pg.Client, isSpread: boolean): MergeDb {
  return {
    isSpread,
    run: async (sql) => (await client.query(sql)).rowCount ?? 0,
    all: async <T extends object>(sql: string) =>
      (await client.query({ text: sql, types })).rows as T[],
  };
}

async function removeSite(db: MergeDb, site: string): Promise<void> {
  for (const table of SITE_TABLES)
    await db.run(`DELETE FROM ${ident(table)} WHERE datamartid = ${text(site)}`);
}

async function apply(
  client: pg.Client,
  db: DuckDb,
  { rows, merge }: { rows: SiteRows; merge: MergeDb },
): Promise<RowCounts> {
  const queries = await incomingQueries(db, rows.directory);
  const before = rows.kind === "full" ? {} : await heldRows(merge, rows.site);
  if (rows.kind === "full") {
    await removeSite(merge, rows.site);
    for (const [table, query] of queries) await copy(client, db, rows, { table, query });
  } else {
    for (const [table, query] of queries)
      await stage(client, db, rows, { table, query, isSpread: merge.isSpread ?? false });
    await mergeChanges(merge, [...queries.keys()]);
    for (const table of queries.keys()) await client.query(`DROP TABLE ${ident(incoming(table))}`);
  }
  const counts = await rowsAfter(db, queries, before);
  await bookSubmission(merge, rows, counts, rows.rows);
  return counts;
}

/** A full submission goes where it belongs at once: staging it would write every row twice. */
async function copy(
  client: pg.Client,
  db: DuckDb,
  { site, directory }: SiteRows,
  { table, query }: { table: TableName; query: string },
): Promise<void> {
  await copyRows(client, db, { table, target: table, query, withChange: false }).catch((cause) => {
    throw loadFailed(table, { file: join(directory, `${table}.parquet`), site }, cause);
  });
}

async function stage(
  client: pg.Client,
  db: DuckDb,
  { site, directory }: SiteRows,
  { table, query, isSpread }: { table: TableName; query: string; isSpread: boolean },
): Promise<void> {
  const target = incoming(table);
  const columns = Object.keys(tableShape(table).columns).map(ident).join(", ");
  // AS SELECT: a removed row has its identity only, so that NOT NULL must not be copied.
  await client.query(
    `CREATE ${isSpread ? "UNLOGGED" : "TEMP"} TABLE ${ident(target)} AS SELECT ''::text AS change, ${columns} FROM ${ident(table)} LIMIT 0`,
  );
  // A table of this session alone cannot be spread; this one goes before the transaction ends.
  if (isSpread) await client.query(distributeStaging(table));
  await copyRows(client, db, { table, target, query, withChange: true }).catch((cause) => {
    throw loadFailed(table, { file: join(directory, `${table}.parquet`), site }, cause);
  });
  await client.query(`ANALYZE ${ident(target)}`);
}
