import pg from "pg";
import { type PostgresServer, startPostgres } from "./postgres.ts";

/** One kind of database on which the contract suites run. */
export interface TestDialect {
  dialect: string;
  /** Starts what it needs; called once a file. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The URL of an empty warehouse. */
  url(): Promise<string>;
  declaresLengths: boolean;
  /** Key columns of a table beside its own key, as the catalogue of the database has them. */
  declaresKeys: boolean;
  /** A column by which rows are spread over machines, which then belongs to every key. */
  spreadBy?: string;
}

const duckdb: TestDialect = {
  dialect: "duckdb",
  start: async () => {},
  stop: async () => {},
  url: async () => "duckdb:published/warehouse.duckdb",
  declaresLengths: false,
  declaresKeys: false,
};

function embeddedPostgres(): TestDialect {
  let server: PostgresServer | undefined;
  return {
    dialect: "postgres",
    async start() {
      server = await startPostgres();
    },
    stop: async () => server?.stop(),
    url: async () => {
      if (!server) throw new Error("the server was not started");
      return server.createDatabase();
    },
    declaresLengths: true,
    declaresKeys: true,
  };
}

/** Empty databases of a server that runs already; they are dropped at the end. */
function runningServer(dialect: string, url: string, prepare?: string): TestDialect {
  const made: string[] = [];
  const on = async (database: string, sql: string) => {
    const place = new URL(url);
    if (database) place.pathname = `/${database}`;
    const client = new pg.Client({ connectionString: place.href });
    await client.connect();
    await client.query(sql);
    await client.end();
    return place.href;
  };
  return {
    dialect,
    start: async () => {},
    async stop() {
      for (const name of made) await on("", `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
    async url() {
      const name = `propool_test_${process.pid}_${made.length}`;
      made.push(name);
      await on("", `CREATE DATABASE ${name}`);
      return on(name, prepare ?? "SELECT 1");
    },
    declaresLengths: true,
    declaresKeys: true,
  };
}

const { PROPOOL_POSTGRES_URL, PROPOOL_CITUS_URL } = process.env;
if (!PROPOOL_POSTGRES_URL)
  console.warn("left out: a PostgreSQL server of your own (PROPOOL_POSTGRES_URL)");
if (!PROPOOL_CITUS_URL) console.warn("left out: a Citus coordinator (PROPOOL_CITUS_URL)");

/** DuckDB and a PostgreSQL from npm on every run; other servers where an environment variable names them. */
export const DIALECTS: TestDialect[] = [
  duckdb,
  embeddedPostgres(),
  ...(PROPOOL_POSTGRES_URL ? [runningServer("postgres server", PROPOOL_POSTGRES_URL)] : []),
  ...(PROPOOL_CITUS_URL
    ? [
        {
          ...runningServer("citus", PROPOOL_CITUS_URL, "CREATE EXTENSION IF NOT EXISTS citus"),
          spreadBy: "patid",
        },
      ]
    : []),
];
