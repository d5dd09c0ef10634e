import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { initHub } from "../../pipelines/init.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { propool } from "../support/command.ts";
import { startPostgres } from "../support/postgres.ts";
import { PEOPLE, siteIn, type TestSite, temporary, VISITS } from "../support/site.ts";
import { filesIn, inStore } from "../support/site-look.ts";
import { HUB_KEY } from "../support/submission.ts";

vi.setConfig({ testTimeout: 300_000 });
const TODAY = ["--today", "2024-06-01"];

let directory: string;
let remove: () => Promise<void>;
let site: TestSite;
let hub: string;
beforeAll(async () => {
  ({ directory, remove } = await temporary());
});
afterAll(() => remove());

/** A site and its hub, whose warehouse has this URL. */
async function network(id: string, warehouse?: string): Promise<void> {
  site = await siteIn(directory, "fhir", { id });
  // Only the year of birth is known: a row more of each person that must go with them.
  const people = PEOPLE.map((one) => ({ ...one, birth: one.birth.slice(0, 4) }));
  await site.deliver(people, VISITS);
  hub = join(directory, `hub-${id}`);
  await initHub(hub, { network: "NET", name: "test" }, [site.directory]);
  await mkdir(join(hub, "keys"), { recursive: true });
  await writeFile(join(hub, "keys/hub.key"), `${HUB_KEY.identity}\n`, { mode: 0o600 });
  if (!warehouse) return;
  const file = join(hub, "hub.yaml");
  const content = await readFile(file, "utf8");
  await writeFile(file, content.replace(/^warehouse: .*$/m, `warehouse: ${warehouse}`));
}

/** Runs and pools a night; returns the token of one of its people. */
async function heldToken(): Promise<string> {
  for (const command of [
    ["run", site.directory, ...TODAY],
    ["pool", hub],
  ])
    expect(await propool(...command)).toMatchObject({ exitCode: 0 });
  const [person] = await inStore(site, (db) =>
    db.all<{ patid: string }>("SELECT patid FROM demographic ORDER BY patid LIMIT 1"),
  );
  return person?.patid ?? "";
}

async function withdraw(token: string): Promise<void> {
  for (const command of [
    ["withdraw", site.directory, "--token", token],
    ["run", site.directory, ...TODAY],
    ["pool", hub],
  ]) {
    const told = await propool(...command);
    expect(told.exitCode, told.err).toBe(0);
  }
}

/** Files of the hub in which a token stands, as value of a database or in its bytes. */
async function placesAtHub(token: string): Promise<string[]> {
  const places: string[] = [];
  for (const file of await filesIn(hub)) {
    const path = join(hub, file);
    const found = [(await readFile(path)).toString("latin1")];
    if (file.endsWith(".duckdb")) {
      const db = await DuckDb.open(path, { readOnly: true });
      try {
        const tables = await db.all<{ name: string }>(
          "SELECT table_name AS name FROM duckdb_tables() WHERE NOT internal",
        );
        for (const { name } of tables)
          found.push(
            ...(await db.all<{ t: string }>(`SELECT CAST(p AS VARCHAR) AS t FROM "${name}" p`)).map(
              ({ t }) => t,
            ),
          );
      } finally {
        db.close();
      }
    }
    if (found.some((one) => one.includes(token))) places.push(file);
  }
  return places;
}

it("whoever withdraws at a site is gone from the hub's warehouse, publications and archive after the next submission", async () => {
  await network("FILES");
  const token = await heldToken();
  expect((await placesAtHub(token)).length).toBeGreaterThan(0);
  await withdraw(token);
  // The tombstone itself is the one place: the site's word that this token has left.
  const rest = await placesAtHub(token);
  const db = await DuckDb.open(":memory:", { small: true });
  try {
    for (const file of rest.filter((name) => name.endsWith(".duckdb"))) {
      await db.run(`ATTACH '${join(hub, file)}' AS looked_at (READ_ONLY)`);
      const columns = await db.all<{ name: string }>(
        "SELECT table_name AS name FROM duckdb_columns() WHERE database_name = 'looked_at' AND column_name = 'patid' AND NOT internal",
      );
      for (const { name } of columns)
        expect(
          await db.all(`SELECT 1 FROM looked_at."${name}" WHERE patid = '${token}'`),
          `${file} ${name}`,
        ).toEqual([]);
      await db.run("DETACH looked_at");
    }
  } finally {
    db.close();
  }
  expect(rest.filter((name) => /parquet|publication/.test(name))).toEqual([]);
});

it("a site that rotates its key tells the hub which followed, and the hub holds everybody under the new tokens, also when it rebuilds", async () => {
  const tokens = async (path: string) => {
    const db = await DuckDb.open(path, { readOnly: true });
    try {
      const rows = await db.all<{ patid: string }>("SELECT patid FROM demographic ORDER BY patid");
      return rows.map(({ patid }) => patid);
    } finally {
      db.close();
    }
  };
  const pooled = async () => {
    const told = await propool(
      "query",
      hub,
      "SELECT patid FROM demographic ORDER BY patid",
      "--json",
    );
    return (JSON.parse(told.out) as { patid: string }[]).map(({ patid }) => patid);
  };
  const before = await tokens(site.path("store/store.duckdb"));
  expect(await pooled()).toEqual(before);
  for (const command of [
    ["keys", "rotate", site.directory, ...TODAY],
    ["run", site.directory, ...TODAY],
    ["pool", hub],
  ]) {
    const told = await propool(...command);
    expect(told.exitCode, told.err).toBe(0);
  }
  const after = await tokens(site.path("store/store.duckdb"));
  expect(after.filter((patid) => before.includes(patid))).toEqual([]);
  expect(await pooled()).toEqual(after);
  const rebuilt = await propool("pool", hub, "--rebuild");
  expect(rebuilt.exitCode, rebuilt.err).toBe(0);
  expect(await pooled()).toEqual(after);
  // What the site sends next builds on it.
  const answered = async () => {
    const told = await propool("query", hub, "SELECT patid FROM pro_collection", "--json");
    return (JSON.parse(told.out) as unknown[]).length;
  };
  const held = await answered();
  // A further visit of each of the three people, one of whom has withdrawn.
  const again = VISITS.slice(1).map((one) => ({ ...one, id: `${one.id}-2`, day: "2024-05-20" }));
  await site.deliver(PEOPLE, [...VISITS, ...again]);
  expect(await propool("run", site.directory, ...TODAY)).toMatchObject({ exitCode: 0 });
  const next = await propool("pool", hub);
  expect(next.exitCode, next.err).toBe(0);
  expect(await answered()).toBe(held + 2);
});

it("and of a PostgreSQL: of its tables, indexes and planner's notes, byte for byte", async () => {
  const server = await startPostgres();
  const url = await server.createDatabase();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await network("SERVER", url);
    const token = await heldToken();
    const { rows } = await client.query("SHOW data_directory");
    const base = join(rows[0].data_directory, "base");
    /** Files of the database in which the token stands, once all is written and what is old is unlinked. */
    const holding = async () => {
      await client.query("CHECKPOINT");
      const files = await filesIn(base);
      const contents = await Promise.all(files.map((file) => readFile(join(base, file), "latin1")));
      return files.filter((_, i) => contents[i]?.includes(token));
    };
    expect((await holding()).length).toBeGreaterThan(3);
    await withdraw(token);
    const found = await holding();
    // The hub's book of submissions names who withdrew nowhere; the tombstone is in the archive's manifest.
    expect(found).toEqual([]);
    expect((await client.query("SELECT 1 FROM demographic")).rowCount).toBe(2);
  } finally {
    await client.end();
    await server.stop();
  }
});
