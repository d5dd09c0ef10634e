import { createHash } from "node:crypto";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { ProError } from "../../pipelines/core/errors.ts";
import { DuckDb } from "../duckdb.ts";
import { migrate } from "../migrate.ts";
import type { Capabilities } from "../migrations/index.ts";
import { TABLE_NAMES } from "../schema.ts";
import { ident } from "../sql.ts";
import type { Dialect, Loader, RowCounts, Warehouse } from "./dialect.ts";
import { missing } from "./errors.ts";
import { copyParquet } from "./postgres-copy.ts";
import { openPostgresReader } from "./postgres-reader.ts";

export const POSTGRES_CAPABILITIES: Capabilities = { primaryKeys: true };

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
    async load(work, { fresh = false } = {}) {
      await migrateServer(url);
      return withClient(url, async (client) => {
        const result = await inTransaction(client, async () => {
          if (fresh) await removeAll(client);
          return withScanner((db) => work(loader(client, db)));
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

function loader(client: pg.Client, db: DuckDb): Loader {
  const removeSite = async (site: string) => {
    for (const table of [...TABLE_NAMES, "submission"]) {
      await client.query(`DELETE FROM ${ident(table)} WHERE datamartid = $1`, [site]);
    }
  };
  return {
    removeSite,
    async replaceSite(rows) {
      await removeSite(rows.site);
      const counts = {} as RowCounts;
      for (const table of TABLE_NAMES) counts[table] = await copyParquet(client, db, table, rows);
      await client.query("INSERT INTO submission VALUES ($1, $2, $3)", [
        rows.site,
        rows.sequence,
        rows.manifestSha256,
      ]);
      return counts;
    },
  };
}

async function removeAll(client: pg.Client): Promise<void> {
  for (const table of [...TABLE_NAMES, "submission"]) {
    // Not TRUNCATE: it would take the old rows from readers before the commit.
    await client.query(`DELETE FROM ${ident(table)}`);
  }
}

async function migrateServer(url: string): Promise<void> {
  const db = new Kysely({
    dialect: new PostgresDialect({
      pool: new pg.Pool({ connectionString: url, max: 2 }),
    }),
  });
  try {
    await migrate(db, POSTGRES_CAPABILITIES);
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
