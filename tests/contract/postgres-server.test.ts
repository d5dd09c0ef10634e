import { chown, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { distributeTables } from "../../warehouse/dialects/citus.ts";
import { postgresLoader } from "../../warehouse/dialects/postgres-load.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import { TABLE_NAMES, tableShape } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { selfSigned } from "../support/certificate.ts";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";
import { type StoreRows, storeWith } from "../support/store.ts";
import { SMALL_STORE } from "../support/submission.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let server: PostgresServer;
let directory: string;
let url: string;
let client: pg.Client;

beforeAll(async () => {
  server = await startPostgres();
  directory = await mkdtemp(join(tmpdir(), "propool-server-"));
  url = await server.createDatabase();
  await openWarehouse(url, { baseDirectory: directory }).load(async () => undefined);
  client = new pg.Client({ connectionString: url });
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

describe("the roles of a hub's accounts", () => {
  const VALUES = "(datamartid, sequence, manifest_sha256) VALUES ('A', 1, 'x')";
  it.each([
    ["propool_analyst", "SELECT count(*) FROM pro_score", true],
    ["propool_analyst", "SELECT count(*) FROM person_link", true],
    ["propool_analyst", `INSERT INTO submission ${VALUES}`, false],
    ["propool_analyst", "DELETE FROM pro_cm", false],
    ["propool_analyst", "CREATE TABLE mine (a int)", false],
    ["propool_loader", `INSERT INTO submission ${VALUES}`, true],
    ["propool_loader", "DELETE FROM submission", true],
    ["propool_loader", "DROP TABLE pro_cm", false],
    ["propool_loader", "TRUNCATE pro_cm", false],
  ])("%s: %s is %s", async (role, sql, isAllowed) => {
    await client.query("BEGIN");
    try {
      await client.query(`SET LOCAL ROLE ${role}`);
      const asked = client.query(sql).then(
        () => "allowed",
        ({ code }) => code,
      );
      // 42501: insufficient privilege.
      expect(await asked).toBe(isAllowed ? "allowed" : "42501");
    } finally {
      await client.query("ROLLBACK");
    }
  });
});

describe("an account of a role", () => {
  const account = async (name: string, role: string) => {
    await client.query(`CREATE ROLE ${name} LOGIN PASSWORD 'test' IN ROLE ${role}`);
    const place = new URL(url);
    place.username = name;
    return openWarehouse(place.href, { baseDirectory: directory });
  };

  it("loads as propool_loader: a full submission, and changes to it", async () => {
    const warehouse = await account("night", "propool_loader");
    const submission = { site: "SITEZ", manifestSha256: "x" };
    const changed: StoreRows = { pro_cm: [{ ...SMALL_STORE.pro_cm?.[0], pro_text: "new" }] };
    const full = await parquetOf(SMALL_STORE, { site: "SITEZ", change: "added" });
    const more = await parquetOf(changed, { site: "SITEZ", change: "changed" });
    await warehouse.load((loader) =>
      loader.apply({ ...submission, sequence: 1, kind: "full", directory: full }),
    );
    const counts = await warehouse.load((loader) =>
      loader.apply({ ...submission, sequence: 2, kind: "changes", directory: more }),
    );
    expect(counts.pro_cm).toBe(3);
    await warehouse.load((loader) => loader.removeSite("SITEZ"));
  });

  it("asks as propool_analyst", async () => {
    const reader = await (await account("reader", "propool_analyst")).read();
    const { columns } = await reader.select("SELECT instrument, value FROM pro_score");
    expect(columns.map(({ name }) => name)).toEqual(["instrument", "value"]);
    await reader.close();
  });
});

describe("a URL that asks for TLS", () => {
  it.each(["require", "verify-ca", "verify-full"])(
    "with sslmode=%s is not answered in the clear by a server without it",
    async (mode) => {
      const warehouse = openWarehouse(`${url}?sslmode=${mode}`, { baseDirectory: directory });
      await expect(warehouse.read()).rejects.toMatchObject({ code: "WAREHOUSE_UNREACHABLE" });
      await expect(warehouse.load(async () => undefined)).rejects.toMatchObject({
        message: expect.stringContaining("does not offer TLS"),
        hint: expect.stringContaining("ssl = on"),
      });
    },
  );

  it("with sslmode=disable connects as before", async () => {
    const warehouse = openWarehouse(`${url}?sslmode=disable`, { baseDirectory: directory });
    await expect(warehouse.isPublished()).resolves.toBe(true);
  });
});

describe("a server with TLS", () => {
  let trusted: string;
  beforeAll(async () => {
    const { rows } = await client.query("SHOW data_directory");
    const data: string = rows[0].data_directory;
    const { certificate, key } = selfSigned();
    trusted = join(directory, "ca.pem");
    await writeFile(trusted, certificate);
    await writeFile(join(directory, "other.pem"), selfSigned().certificate);
    const { uid, gid } = await stat(data);
    for (const [name, content] of Object.entries({
      "server.crt": certificate,
      "server.key": key,
    })) {
      await writeFile(join(data, name), content, { mode: 0o600 });
      await chown(join(data, name), uid, gid);
    }
    await client.query("ALTER SYSTEM SET ssl = on");
    await client.query("SELECT pg_reload_conf()");
    await vi.waitFor(
      async () => expect((await client.query("SHOW ssl")).rows).toEqual([{ ssl: "on" }]),
      { timeout: 10_000 },
    );
  });
  const at = (options: string) =>
    openWarehouse(`${url}?${options}`, { baseDirectory: directory }).read();
  const ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

  it.each([
    ["sslmode=require", true],
    ["sslmode=verify-ca", true],
    ["sslmode=verify-full", true],
    ["sslmode=disable", false],
  ])(
    "talks to %s, the authority named, and says whether that is encrypted: %s",
    async (mode, ssl) => {
      const reader = await at(`${mode}&sslrootcert=${encodeURIComponent(trusted)}`);
      expect(await reader.all(ENCRYPTED)).toEqual([{ ssl }]);
      await reader.close();
    },
  );

  it("takes a load over TLS", async () => {
    const options = `sslmode=verify-full&sslrootcert=${encodeURIComponent(trusted)}`;
    const warehouse = openWarehouse(`${url}?${options}`, { baseDirectory: directory });
    const folder = await parquetOf(SMALL_STORE, { site: "SITET", change: "added" });
    const rows = { site: "SITET", sequence: 1, kind: "full", manifestSha256: "x" } as const;
    const seen = await warehouse.load(async (loader) => {
      const counts = await loader.apply({ ...rows, directory: folder });
      await loader.removeSite("SITET");
      return { counts, talk: await loader.all(ENCRYPTED) };
    });
    expect(seen).toMatchObject({ counts: { pro_cm: 3 }, talk: [{ ssl: true }] });
  });

  it.each([
    ["whose authority nobody named", "sslmode=require", /not one that is trusted/, /sslrootcert=/],
    [
      "that another authority signed",
      "sslmode=verify-full&sslrootcert=other.pem",
      /not one that is trusted/,
      /right one/,
    ],
    [
      "whose authority's file is missing",
      "sslmode=verify-full&sslrootcert=none.pem",
      /is not there/,
      /check sslrootcert/,
    ],
  ])("is refused with a certificate %s, and told what to do", async (_, options, message, hint) => {
    const path = (name: string) => encodeURIComponent(join(directory, name));
    const placed = options.replace(/sslrootcert=(.*)/, (_all, name) => `sslrootcert=${path(name)}`);
    await expect(at(placed)).rejects.toMatchObject({
      code: "WAREHOUSE_UNREACHABLE",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  it("is refused under a name that its certificate has not", async () => {
    const place = new URL(url);
    place.hostname = "127.0.0.1";
    const options = `sslmode=verify-full&sslrootcert=${encodeURIComponent(trusted)}`;
    const warehouse = openWarehouse(`${place.href}?${options}`, { baseDirectory: directory });
    await expect(warehouse.read()).rejects.toMatchObject({
      message: expect.stringContaining("another host name"),
    });
  });
});

/** What Citus is asked, by functions of its names that write the question down: no server of it is at hand everywhere. */
const STAND_INS = `
  CREATE TABLE asked (call text);
  CREATE TABLE pg_dist_partition (logicalrelid regclass);
  CREATE FUNCTION create_distributed_table(name text, by text, colocate_with text DEFAULT 'default') RETURNS void
    LANGUAGE sql AS $$ INSERT INTO asked VALUES (format('%s by %s with %s', name, by, colocate_with)) $$;
  CREATE FUNCTION create_reference_table(name text) RETURNS void
    LANGUAGE sql AS $$ INSERT INTO asked VALUES (name || ' everywhere') $$`;

describe("Citus is asked", () => {
  beforeAll(() => client.query(STAND_INS));
  const asked = async () => {
    const { rows } = await client.query<{ call: string }>("DELETE FROM asked RETURNING call");
    return rows.map(({ call }) => call.replaceAll('"', ""));
  };

  it("to spread every table of people by person, together, and to have the others everywhere", async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
    await distributeTables(db);
    await db.destroy();
    const calls = await asked();
    expect(calls).toContain("demographic by patid with default");
    for (const table of TABLE_NAMES.filter((name) => name !== "demographic"))
      expect(calls).toContain(
        "patid" in tableShape(table).columns
          ? `${table} by patid with demographic`
          : `${table} everywhere`,
      );
    expect(calls).toContain("person_link by patid with demographic");
    for (const table of ["person_review", "submission", "submission_table", "publication"])
      expect(calls).toContain(`${table} everywhere`);
  });

  it("to spread what is staged beside it, and merges by key and person", async () => {
    const changes: StoreRows = { pro_cm: [{ ...SMALL_STORE.pro_cm?.[0], pro_text: "changed" }] };
    const spread = async (kind: "full" | "changes", rows: StoreRows, sequence: number) => {
      const change = kind === "full" ? "added" : "changed";
      const folder = await parquetOf(rows, { site: "SITEA", change });
      const scanner = await DuckDb.open(":memory:", { small: true });
      await client.query("BEGIN");
      const loader = postgresLoader(client, scanner, true);
      const counts = await loader.apply({
        site: "SITEA",
        sequence,
        kind,
        manifestSha256: `${sequence}`,
        directory: folder,
      });
      await client.query("COMMIT");
      scanner.close();
      return counts.pro_cm;
    };
    expect(await spread("full", SMALL_STORE, 1)).toBe(3);
    expect(await asked()).toEqual([]);
    expect(await spread("changes", changes, 2)).toBe(3);
    expect(await asked()).toEqual(["incoming_pro_cm by patid with demographic"]);
    const { rows } = await client.query("SELECT pro_text, count(*) FROM pro_cm GROUP BY 1");
    expect(rows).toContainEqual({ pro_text: "changed", count: "1" });
    // Nothing that was staged stays.
    const staged = "SELECT relname FROM pg_class WHERE relname LIKE 'incoming%'";
    expect((await client.query(staged)).rows).toEqual([]);
  });
});

/** The rows as a submission's folder holds them. */
async function parquetOf(
  rows: StoreRows,
  { site, change }: { site: string; change: string },
): Promise<string> {
  const folder = await mkdtemp(join(directory, "rows-"));
  const store = await storeWith(rows, { site });
  for (const table of TABLE_NAMES.filter((name) => (rows[name] ?? []).length > 0))
    await store.run(
      `COPY (SELECT '${change}' AS change, * FROM ${ident(table)}) TO ${text(join(folder, `${table}.parquet`))} (FORMAT parquet)`,
    );
  store.close();
  return folder;
}
