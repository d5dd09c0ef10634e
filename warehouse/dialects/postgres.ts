import { createHash } from "node:crypto";
import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { ProError } from "../../pipelines/core/errors.ts";
import { commentStatements } from "../comments.ts";
import { DuckDb, SPILLING_MEMORY } from "../duckdb.ts";
import { HELD_LINKAGE, HELD_SUBMISSIONS, SITE_TABLES } from "../merge.ts";
import { migrate } from "../migrate.ts";
import type { Capabilities } from "../migrations/index.ts";
import { TABLE_NAMES } from "../schema.ts";
import { ident } from "../sql.ts";
import { distributeTables, hasCitus } from "./citus.ts";
import type { Dialect, Held, HeldSubmission, Warehouse } from "./dialect.ts";
import { missing } from "./errors.ts";
import { copyOut } from "./postgres-copy-out.ts";
import { postgresLoader } from "./postgres-load.ts";
import { openPostgresReader } from "./postgres-reader.ts";
import { tlsTrouble } from "./postgres-tls.ts";

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
          const loaded = await withScanner((db) => work(postgresLoader(client, db, isSpread)));
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
  // Says in words why a server cannot be reached; the pool below throws what the driver says.
  await (await connect(url)).end();
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
  const db = await DuckDb.open(":memory:", { memoryLimit: SPILLING_MEMORY });
  try {
    // Rows have no order of their own. To keep one, what is read too early waits in memory for a server that takes it slowly.
    await db.run("SET preserve_insertion_order = false");
    return await work(db);
  } finally {
    db.close();
  }
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    return await work(client);
  } catch (error) {
    throw isConnectionLost(error)
      ? unreachable(url, "the database server went away", error)
      : error;
  } finally {
    await client.end();
  }
}

async function connect(url: string): Promise<pg.Client> {
  try {
    const client = new pg.Client({ connectionString: url, application_name: "propool" });
    // A server that goes away while nothing is asked would otherwise end the process; the next query reports it.
    client.on("error", () => undefined);
    await client.connect();
    return client;
  } catch (cause) {
    throw unreachable(url, "the database server does not answer", cause);
  }
}

function unreachable(url: string, message: string, cause: unknown): ProError {
  const tls = tlsTrouble(cause);
  return new ProError("WAREHOUSE_UNREACHABLE", tls?.message ?? message, {
    where: { file: placeOf(url) },
    hint:
      tls?.hint ??
      "check host, port, user and PGPASSWORD, and that the server runs; what was published before is untouched: run it again",
    cause,
  });
}

/** The codes of a server that shuts down, crashed, or starts; and what a socket says that was cut. Rows are not at fault then. */
const LOST_CODE = /^(57P0[123]|08\w{3}|ECONNRESET|EPIPE|ETIMEDOUT)$/;
const LOST_MESSAGE = /Connection terminated|not queryable|Premature close/;

function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = "" } = error as { code?: string };
  return LOST_CODE.test(code) || LOST_MESSAGE.test(error.message) || isConnectionLost(error.cause);
}

/** The URL without its password. */
function placeOf(url: string): string {
  const place = new URL(url);
  place.password = "";
  return place.href;
}
