import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { publishSubmission } from "../../pipelines/submission/seal.ts";
import { noteRows } from "../../warehouse/changes.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import { propool, startPropool } from "../support/command.ts";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";
import { hubFor, SMALL_STORE, seal, send, type TestHub } from "../support/submission.ts";
import { leaveRoom, makeRoom, mountTinyDisk, unmountTinyDisk } from "../support/tiny-disk.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const DUCKDB = "duckdb:warehouse/warehouse.duckdb";
const PEOPLE = 60_000;
const manyPeople = (store: DuckDb) =>
  store.run(
    `INSERT INTO demographic (datamartid, patid) SELECT 'SITEA', md5('person ' || i) FROM range(${PEOPLE}) AS people(i)`,
  );

type Options = Parameters<typeof send>[1];

function optionsFor(hub: TestHub, options: Partial<Options> = {}): Options {
  const key = hub.keys.SITEA;
  if (!key) throw new Error("the hub does not list the site");
  return { outbox: hub.inbox, key, ...options };
}

const sendTo = (hub: TestHub, options?: Partial<Options>) =>
  send(SMALL_STORE, optionsFor(hub, options));

async function people(hub: { directory: string }, url = DUCKDB): Promise<number> {
  const reader = await openWarehouse(url, { baseDirectory: hub.directory }).read();
  const [row] = await reader.all<{ n: number }>("SELECT count(*) AS n FROM demographic");
  await reader.close();
  return row?.n ?? -1;
}

/**
 * Kills the server's process that copies rows, as a crash does: the server ends all connections, recovers and starts again. False when
 * the load was over before.
 */
async function killLoad(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  for (let tries = 0; tries < 10_000; tries++) {
    const { rows } = await client.query(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'propool' AND state = 'active' AND query LIKE 'COPY%' AND datname = current_database()",
    );
    if (rows[0]) {
      await client.end();
      return process.kill(rows[0].pid, "SIGKILL");
    }
    await setTimeout(2);
  }
  await client.end();
  return false;
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => undefined);
    const isThere = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => undefined);
    if (isThere) return;
    await setTimeout(100);
  }
  throw new Error("the server does not come back");
}

/** What a night left half done. */
async function leftovers(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  return names.filter((name) => /\.unfinished-|\.lock|\.wal$|\.tmp$/.test(name)).sort();
}

const disk = await mkdtemp(join(tmpdir(), "propool-hub-disk-"));
const isMounted = mountTinyDisk(disk, 24);
afterAll(async () => {
  if (isMounted) unmountTinyDisk(disk);
  await rm(disk, { recursive: true, force: true });
});

describe.skipIf(!isMounted)("a hub's night on a disk that is full", () => {
  let hub: TestHub;
  let published: Buffer;
  const directory = join(disk, "hub");
  const file = join(directory, "warehouse", "warehouse.duckdb");
  beforeAll(async () => {
    hub = await hubFor(["SITEA"]);
    await sendTo(hub);
    await cp(hub.directory, directory, { recursive: true });
    expect((await propool("pool", directory)).exitCode).toBe(0);
    published = await readFile(file);
    await sendTo({ ...hub, inbox: join(directory, "inbox") }, { sequence: 2, change: manyPeople });
  });
  afterAll(() => hub.remove());

  // From no room for the lock, over what is opened, to the copy of the warehouse.
  it.each([0, 300, 2_500, 5_500])(
    "tells so with %i KB of room; readers, archive and inbox stay as they were",
    async (kilobytes) => {
      await leaveRoom(disk, kilobytes);
      const { exitCode, err } = await propool("pool", directory);
      expect(err).toMatch(
        /^propool: the disk is full \(WAREHOUSE_DISK_FULL\)\n {2}do: .*make room/m,
      );
      expect(exitCode).toBe(15);
      expect((await readFile(file)).equals(published)).toBe(true);
      expect(await readdir(join(directory, "archive", "SITEA"))).toEqual(["000001"]);
      expect(await readdir(join(directory, "inbox"))).toContain("SITEA-000002");
      expect(await leftovers(directory)).toEqual([]);
    },
  );

  it("loads it when room was made", async () => {
    await makeRoom(disk);
    const { exitCode, err } = await propool("pool", directory);
    expect(exitCode, err).toBe(0);
    expect(await people({ directory })).toBe(2 + PEOPLE);
  });
});

describe("a clock that was set back", () => {
  it("neither hides a newer submission nor brings back an older one", async () => {
    const hub = await hubFor(["SITEA"]);
    await sendTo(hub, { created: "2024-06-01" });
    expect((await propool("pool", hub.directory)).exitCode).toBe(0);
    await sendTo(hub, { sequence: 2, created: "2023-01-01", change: manyPeople });
    vi.useFakeTimers({ now: new Date("2023-01-01"), toFake: ["Date"] });
    const { exitCode, err } = await propool("pool", hub.directory);
    vi.useRealTimers();
    expect(exitCode, err).toBe(0);
    expect(await people(hub)).toBe(2 + PEOPLE);
    const again = await propool("pool", hub.directory);
    expect(again.exitCode, again.err).toBe(0);
    expect(await people(hub)).toBe(2 + PEOPLE);
    expect(await readdir(join(hub.directory, "archive", "SITEA"))).toEqual(["000001", "000002"]);
    await hub.remove();
  });
});

describe("PostgreSQL", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  it("that is restarted in the middle of a load has the rows of before, and the next night loads them", async () => {
    const url = await server.createDatabase();
    const hub = await hubFor(["SITEA"], url);
    await sendTo(hub);
    expect((await propool("pool", hub.directory)).exitCode).toBe(0);
    await sendTo(hub, { sequence: 2, change: manyPeople });
    const night = startPropool("pool", hub.directory);
    expect(await killLoad(url)).toBe(true);
    const { exitCode, err } = await night.ended;
    expect(err).toContain("(WAREHOUSE_UNREACHABLE)");
    expect(exitCode).toBe(15);
    expect(err).not.toContain("hub:test");
    await answering(url);
    expect(await people(hub, url)).toBe(2);
    expect(await leftovers(hub.directory)).toEqual([]);
    const again = await propool("pool", hub.directory);
    expect(again.exitCode, again.err).toBe(0);
    expect(await people(hub, url)).toBe(2 + PEOPLE);
    await hub.remove();
  });

  it("takes no submission twice from two hubs' machines that pool at once", async () => {
    const url = await server.createDatabase();
    const hub = await hubFor(["SITEA"], url);
    const first = await seal(SMALL_STORE, optionsFor(hub));
    await publishSubmission(first);
    expect((await propool("pool", hub.directory)).exitCode).toBe(0);
    await sendTo(hub, {
      sequence: 2,
      before: first.sealed,
      change: async (store) => {
        await manyPeople(store);
        const touched = "SELECT * FROM demographic WHERE length(patid) = 32";
        await noteRows(store, { store: "memory", table: "demographic", touched, isNew: true });
      },
    });
    const twin = await mkdtemp(join(tmpdir(), "propool-twin-"));
    await cp(hub.directory, twin, { recursive: true });
    const nights = [hub.directory, twin].map((directory) => startPropool("pool", directory));
    const told = await Promise.all(nights.map(({ ended }) => ended));
    expect(told.map(({ exitCode }) => exitCode).sort(), told.map(({ err }) => err).join()).toEqual([
      0, 15,
    ]);
    expect(told.map(({ err }) => err).join()).toContain("(WAREHOUSE_BUSY)");
    expect(await people(hub, url)).toBe(2 + PEOPLE);
    await rm(twin, { recursive: true });
    await hub.remove();
  });
});
