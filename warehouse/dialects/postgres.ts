import { createHash } from "node:crypto";
import { join } from "node:path";
import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { ProError } from "../../pipelines/core/errors.ts";
import { commentStatements } from "../comments.ts";
import { DuckDb } from "../duckdb.ts";
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
import { migrate } from "../migrate.ts";
import type { Capabilities } from "../migrations/index.ts";
import { TABLE_NAMES, type TableName, tableShape } from "../schema.ts";
import { ident, text } from "../sql.ts";
import { distributeStaging, distributeTables, hasCitus } from "./citus.ts";
import type {
  Dialect,
  Held,
  HeldSubmission,
  Loader,
  RowCounts,
  SiteRows,
  Warehouse,
} from "./dialect.ts";
import { loadFailed, missing } from "./errors.ts";
import { copyRows } from "./postgres-copy.ts";
import { copyOut } from "./postgres-copy-out.ts";
import { openPostgresReader, types } from "./postgres-reader.ts";

export const POSTGRES_CAPABILITIES: Capabilities = {
  primaryKeys: true,
  roles: true,
  distribution: null,
};

/** One transaction is one publication; PostgreSQL's own snapshots keep readers apart from the load. */
export const postgres: Dialect = {
  name: "postgres",
  accepts: (url) => /^postgres(ql)?:\/\//.test(url),
  open: openServer,
};

function openServer(url: string): Warehouse {
  const isPublished = () =>
    withClient(url, async (client) => {
      const { rows } = await client.query("SELECT to_regclass('submission') IS NOT NULL AS found");
      return rows[0].found as boolean;
    });
  return {
    isPublished,
    async read() {
      if (!(await isPublished())) throw missing(placeOf(url));
      return openPostgresReader(await connect(url));
    },
    async scannable(scratch) {
      if (!(await isPublished())) throw missing(placeOf(url));
      await withClient(url, (client) => copyOut(client, scratch));
      return { parquetDirectory: scratch };
    },
    async held() {
      if (!(await isPublished())) return { submissions: [], linkage: null };
      return withClient(url, async (client) => {
        const { rows: submissions } = await client.query<HeldSubmission>(HELD_SUBMISSIONS);
        // A warehouse of an older propool has no such book yet.
        const { rows } = await client
          .query<Pick<Held, "linkage">>(HELD_LINKAGE)
          .catch(() => ({ rows: [] }));
        return { submissions, linkage: rows[0]?.linkage ?? null };
      });
    },
    publications: null,
    forgetRemoved: () => withClient(url, rewriteTables),
    async load(work, { fresh = false, linkage = "off" } = {}) {
      await migrateServer(url);
      return withClient(url, async (client) => {
        const result = await inTransaction(client, async () => {
          if (fresh) await removeAll(client);
          const { rows: citus } = await client.query(
            "SELECT 1 FROM pg_extension WHERE extname = 'citus'",
          );
          const isSpread = citus.length > 0;
          // Staging tables are made in this transaction, which allows one connection to each machine.
          if (isSpread) {
            await client.query("SET LOCAL citus.enable_local_execution TO off");
            await client.query("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'");
          }
          const loaded = await withScanner((db) => work(loader(client, db, isSpread)));
          const { rows } = await client.query("SELECT max(number) AS number FROM publication");
          await client.query("DELETE FROM publication");
          await client.query("INSERT INTO publication (number, linkage) VALUES ($1, $2)", [
            (rows[0]?.number ?? 0) + 1,
            linkage,
          ]);
          return loaded;
        });
        // The planner must know the new rows before the first analyst does.
        for (const table of TABLE_NAMES) await client.query(`ANALYZE ${ident(table)}`);
        return result;
      });
    },
  };
}

/** One load at a time, whichever hub machine runs it. The number is this program's own. */
const LOCK = createHash("sha256").update("propool load").digest().readInt32BE();

async function inTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [LOCK]);
    const result = await work();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    // A broken connection has rolled back by itself.
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

function loader(client: pg.Client, db: DuckDb, isSpread: boolean): Loader {
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

async function removeAll(client: pg.Client): Promise<void> {
  // Not TRUNCATE: it would take the old rows from readers before the commit.
  for (const table of SITE_TABLES) await client.query(`DELETE FROM ${ident(table)}`);
}

/**
 * Rewrites every table and its indexes, and what the planner noted of their values: a deleted row stays in the files until then. The
 * server unlinks the old files at its next checkpoint; its write-ahead log and backups are the administrator's.
 */
async function rewriteTables(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
    WHERE schemaname = (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass('submission')) AND tableowner = current_user`,
  );
  for (const { name } of rows) await client.query(`VACUUM (FULL, ANALYZE) ${name}`);
  // Whoever does not own the database gets a warning here, and the planner's notes go with the server's own vacuum.
  await client.query("VACUUM (FULL) pg_catalog.pg_statistic");
}

async function migrateServer(url: string): Promise<void> {
  const db = new Kysely({
    dialect: new PostgresDialect({
      pool: new pg.Pool({ connectionString: url, max: 2 }),
    }),
  });
  try {
    const isCitus = await hasCitus(db);
    const can: Capabilities = { ...POSTGRES_CAPABILITIES, distribution: isCitus ? "patid" : null };
    if (!(await migrate(db, can))) return;
    await sql.raw(commentStatements()).execute(db);
    if (isCitus) await distributeTables(db);
  } finally {
    await db.destroy();
  }
}

async function withScanner<T>(work: (db: DuckDb) => Promise<T>): Promise<T> {
  const db = await DuckDb.open(":memory:");
  try {
    return await work(db);
  } finally {
    db.close();
  }
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: "propool" });
  // A server that goes away while nothing is asked would otherwise end the process; the next query reports it.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (cause) {
    throw new ProError("WAREHOUSE_UNREACHABLE", "the database server does not answer", {
      where: { file: placeOf(url) },
      hint: "check host, port, user and PGPASSWORD, and that the server runs",
      cause,
    });
  }
}

/** The URL without its password. */
function placeOf(url: string): string {
  const place = new URL(url);
  place.password = "";
  return place.href;
}
