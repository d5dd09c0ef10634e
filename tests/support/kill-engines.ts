import pg from "pg";
import type { KillEngine } from "./kill-harness.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";

export const duckdbEngine: KillEngine = {
  name: "duckdb",
  url: async () => "duckdb:warehouse/warehouse.duckdb",
  copyOf: async (from) => from,
};

/** A real PostgreSQL; a copy is a database made with the other as its template. */
export async function postgresEngine(): Promise<KillEngine & { stop(): Promise<void> }> {
  const server: PostgresServer = await startPostgres();
  let copies = 0;
  return {
    name: "postgres",
    url: () => server.createDatabase(),
    async copyOf(from) {
      const place = new URL(from);
      const name = `trial_${++copies}`;
      const template = place.pathname.slice(1);
      place.pathname = "/postgres";
      const client = new pg.Client({ connectionString: place.href });
      await client.connect();
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
      await client.end();
      place.pathname = `/${name}`;
      return place.href;
    },
    stop: () => server.stop(),
  };
}
