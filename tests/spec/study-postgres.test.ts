import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  combineSummaries,
  compareModes,
  readStudy,
  runStudy,
  type StudyResults,
  summaryOf,
} from "../../pipelines/study.ts";
import type { Loader, WarehouseReader } from "../../warehouse/dialects/index.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import { TABLE_NAMES } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import {
  linkPeople,
  type Person,
  queryable,
  storeOf,
  threeSites,
} from "../golden/study/cohorts.ts";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";

const golden = join(import.meta.dirname, "..", "golden", "study");

let server: PostgresServer;
let directory: string;
let duckdb: DuckDb;
let postgres: WarehouseReader;

beforeAll(async () => {
  server = await startPostgres();
  directory = await mkdtemp(join(tmpdir(), "propool-study-postgres-"));
  duckdb = await storeOf([...threeSites(), ...withEverything()]);
  await linkPeople(duckdb, LINKS);
  const warehouse = openWarehouse(await server.createDatabase(), { baseDirectory: directory });
  const work = async (loader: Loader) => {
    for (const site of ["A", "B", "C", "SITEA", "SITEB"]) {
      const rows = await exportSite(site);
      const submission = { site, sequence: 1, kind: "full", manifestSha256: site } as const;
      await loader.apply({ ...submission, directory: rows });
    }
    const links = Object.entries(LINKS).map(
      ([record, personid]) => `(${[...record.split(" "), personid, "P3"].map(text).join(", ")})`,
    );
    await loader.run(`INSERT INTO person_link VALUES ${links.join(", ")}`);
  };
  await warehouse.load(work, { linkage: "on" });
  postgres = await warehouse.read();
}, 120_000);

afterAll(async () => {
  await postgres?.close();
  duckdb?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function exportSite(site: string): Promise<string> {
  const folder = join(directory, site);
  await mkdir(folder);
  for (const table of TABLE_NAMES) {
    const path = text(join(folder, `${table}.parquet`));
    await duckdb.run(
      `COPY (SELECT 'added' AS change, * FROM ${ident(table)} WHERE datamartid = ${text(site)}) TO ${path} (FORMAT parquet)`,
    );
  }
  return folder;
}

/** Twenty people who attend two sites each. */
const LINKS = Object.fromEntries(
  Array.from({ length: 40 }, (_, i) => [
    `${i % 2 === 0 ? "SITEA" : "SITEB"} E${i}`,
    `person ${Math.floor(i / 2)}`,
  ]),
);

/** People that the other study files select: conditions, ages at the edge, two on one day, T-scores. */
function withEverything(): Person[] {
  return Array.from({ length: 120 }, (_, i) => ({
    site: i % 2 === 0 ? "SITEA" : "SITEB",
    patid: `E${i}`,
    sex: i % 3 === 0 ? "M" : "F",
    birthDate: i % 10 === 0 ? "2006-02-28" : "1970-05-05",
    conditions: [{ code: i % 4 === 0 ? "F32.1" : "F331", type: "10" }],
    scores: [
      { date: "2024-02-28", value: i % 28 },
      { date: "2024-02-28", time: "08:15", value: (i * 7) % 28 },
      { date: "2024-05-20", value: (i * 5) % 28 },
      { date: "2024-06-05", value: (i * 3) % 28 },
      {
        date: "2024-02-28",
        value: 162 / 10 + (i * 13) / 10,
        instrument: "promis-global-10",
        name: i % 2 === 0 ? "gph_t" : "gmh_t",
        scale: "t",
        decimals: 1,
        origin: i % 5 === 0 ? "linked" : "computed",
        confidence: "medium",
      },
    ],
  }));
}

test.each(["three-sites.yaml", "phq9-change.yaml", "global-10.yaml"])(
  "%s has the same answer on PostgreSQL, to the last bit",
  async (file) => {
    const study = await readStudy(join(golden, file));
    const expected = await runStudy({ study, queryable: queryable(duckdb) });
    const { snapshots, ...answer } = await runStudy({ study, queryable: postgres });
    expect({ ...answer, snapshots: [] }).toEqual(expected);
    // Only the warehouse knows which submission of each site it holds.
    expect(snapshots).toEqual(
      answer.sites.map((site) => ({ site, snapshot: `submission 1, manifest ${site}` })),
    );
    const people = expected.outcomes[0]?.rows[0]?.people ?? 0;
    expect(people).toBeGreaterThan(50);
    const check = await compareModes({
      study,
      pooled: postgres,
      stores: [queryable(duckdb)],
    });
    expect(check.maxRelativeDifference).toBe(0);
    expect(check.compared).toBeGreaterThan(0);
  },
);

test("linked people are counted once, the same on both, and the flow says what was merged", async () => {
  const file = await readStudy(join(golden, "linked-people.yaml"));
  const study = { ...file, statistics: ["count", "change", "completion"] };
  const both = await Promise.all(
    [queryable(duckdb), postgres].map((rows) => runStudy({ study, queryable: rows })),
  );
  const [here, there] = both.map(({ outcomes }) => outcomes);
  expect(there).toEqual(here);
  const records = await runStudy({
    study: { ...study, people: "records" },
    queryable: queryable(duckdb),
  });
  const rowOf = (results: StudyResults | undefined, estimate: string) =>
    results?.outcomes[0]?.rows.find((row) => row.stratum === "all" && row.estimate === estimate);
  const before = rowOf(records, "people")?.value ?? 0;
  expect(rowOf(both[0], "people")).toMatchObject({ value: before - 20, state: "shown" });
  expect(rowOf(both[0], "records")).toMatchObject({ value: before, people: before - 20 });
  expect(rowOf(both[0], "records merged")).toMatchObject({ value: 20, people: 20 });
  expect(rowOf(records, "records merged")).toBeUndefined();
});

test("linked people are refused where nobody can know them", async () => {
  const study = await readStudy(join(golden, "linked-people.yaml"));
  const refused = (message: RegExp) =>
    expect.objectContaining({
      code: "CONFIG_STUDY_LINKED",
      message: expect.stringMatching(message),
    });
  const store = await storeOf([]);
  await expect(runStudy({ study, queryable: queryable(store) })).rejects.toEqual(
    refused(/rows of one site/),
  );
  await linkPeople(store, {}, "off");
  await expect(runStudy({ study, queryable: queryable(store) })).rejects.toEqual(
    refused(/linkage is off/),
  );
  store.close();
  const asks = [
    runStudy({ study, queryable: postgres, check: true }),
    compareModes({ study, pooled: postgres, stores: [] }),
    combineSummaries({ study, summaries: [] }),
    summaryOf({ study, store: postgres, site: "SITEA" }),
  ];
  for (const answer of asks) await expect(answer).rejects.toEqual(refused(/its own people only/));
});
