import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createProgress } from "../../pipelines/core/progress.ts";
import { type PoolReport, pool } from "../../pipelines/pool.ts";
import type { Receipt } from "../../pipelines/submission/receipt.ts";
import { publishSubmission, type SealedBefore } from "../../pipelines/submission/seal.ts";
import { noteRows } from "../../warehouse/changes.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import type { TableName } from "../../warehouse/schema.ts";
import { ident } from "../../warehouse/sql.ts";
import {
  hubFor,
  type SigningKey,
  SMALL_STORE,
  seal,
  send,
  type TestHub,
} from "../support/submission.ts";

vi.setConfig({ testTimeout: 60_000 });

let hub: TestHub;
/** An empty hub, the sites' first submissions and hubs that pooled them: made once, each case has a copy. */
let made: TestHub;
const sent = new Map<string, Promise<string>>();
const pooled = new Map<string, Promise<string>>();
beforeAll(async () => {
  made = await hubFor(["SITEA", "SITEB"]);
});
beforeEach(async () => {
  hub = await copyOf(made.directory);
});
afterEach(() => hub.remove());
afterAll(async () => {
  for (const folder of await Promise.all([...sent.values(), ...pooled.values()]))
    await rm(folder, { recursive: true });
  await made.remove();
});

async function copyOf(folder: string): Promise<TestHub> {
  const directory = await mkdtemp(join(tmpdir(), "propool-hub-"));
  await cp(folder, directory, { recursive: true });
  const remove = () => rm(directory, { recursive: true, force: true });
  return { ...made, directory, inbox: join(directory, "inbox"), remove };
}

/** The hub after a night in which it pooled the first submission of each site. */
async function afterPooling(...sites: string[]): Promise<void> {
  const names = sites.join(" ");
  const first = async () => {
    for (const site of sites) await sendFrom(site, 1);
    await night();
    return (await copyOf(hub.directory)).directory;
  };
  const known = pooled.get(names);
  pooled.set(names, known ?? first());
  const folder = await pooled.get(names);
  if (!known || !folder) return;
  await hub.remove();
  hub = await copyOf(folder);
}

function night(options: { rebuild?: boolean } = {}): Promise<PoolReport> {
  const progress = createProgress({ err: new Writable(), tty: false, quiet: true });
  return pool(hub.directory, { progress, ...options });
}

async function sendFrom(site: string, sequence: number, rows = SMALL_STORE): Promise<string> {
  const key = hub.keys[site] ?? Object.values(hub.keys)[0];
  if (!key) throw new Error("the hub lists no site");
  if (rows !== SMALL_STORE || sequence !== 1)
    return send(rows, { outbox: hub.inbox, key, site, sequence });
  const first = async () => {
    const outbox = await mkdtemp(join(tmpdir(), "propool-outbox-"));
    return dirname(await send(rows, { outbox, key, site, sequence }));
  };
  sent.set(site, sent.get(site) ?? first());
  await cp((await sent.get(site)) ?? "", hub.inbox, { recursive: true });
  return join(hub.inbox, `${site}-000001`);
}

async function held(sql = "SELECT datamartid, patid FROM demographic ORDER BY ALL") {
  const url = "duckdb:warehouse/warehouse.duckdb";
  const reader = await openWarehouse(url, { baseDirectory: hub.directory }).read();
  try {
    return (await reader.all<Record<string, unknown>>(sql)).map((row) =>
      Object.values(row).join(" "),
    );
  } finally {
    await reader.close();
  }
}

async function receipt(site: string, sequence: number): Promise<Receipt> {
  const file = join(hub.inbox, `${site}-${String(sequence).padStart(6, "0")}.receipt.json`);
  return JSON.parse(await readFile(file, "utf8"));
}

async function changeByte(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await writeFile(file, bytes);
}

const BOTH = ["SITEA P1", "SITEA P2", "SITEB P1", "SITEB P2"];

describe("a hub's night", () => {
  it("loads what the sites sent", async () => {
    await sendFrom("SITEA", 1);
    await sendFrom("SITEB", 1);
    const report = await night();
    expect(report).toMatchObject({
      accepted: [
        { site: "SITEA", sequence: 1 },
        { site: "SITEB", sequence: 1 },
      ],
      refused: [],
      loaded: [
        { site: "SITEA", sequence: 1, rows: { pro_cm: 3 } },
        { site: "SITEB", sequence: 1, rows: { pro_cm: 3 } },
      ],
    });
    expect(await held()).toEqual(BOTH);
    expect(await readdir(join(hub.directory, "archive", "SITEA"))).toEqual(["000001"]);
  });

  it("has nothing to do when nothing is new, and leaves the file alone", async () => {
    await afterPooling("SITEA");
    const file = join(hub.directory, "warehouse", "warehouse.duckdb");
    const before = await readFile(file);
    expect(await night()).toMatchObject({ accepted: [], refused: [], known: 0, loaded: [] });
    expect(before.equals(await readFile(file))).toBe(true);
  });

  it("puts the newest of several submissions in the place of what a site sent before", async () => {
    await afterPooling("SITEA");
    await sendFrom("SITEA", 2, { demographic: [{ patid: "P7" }] });
    await sendFrom("SITEA", 3, { demographic: [{ patid: "P8" }] });
    const report = await night();
    expect(report.accepted.map(({ sequence }) => sequence)).toEqual([2, 3]);
    expect(report.loaded).toMatchObject([{ site: "SITEA", sequence: 3 }]);
    expect(await held()).toEqual(["SITEA P8"]);
  });

  it("takes a full submission after a gap in the sequence", async () => {
    await afterPooling("SITEA");
    await sendFrom("SITEA", 9);
    expect(await night()).toMatchObject({ refused: [], loaded: [{ sequence: 9 }] });
  });

  it("takes a site's rows out when hub.yaml lists it no more", async () => {
    await afterPooling("SITEA", "SITEB");
    const file = join(hub.directory, "hub.yaml");
    const [head, ...sites] = (await readFile(file, "utf8")).split("  - site: ");
    await writeFile(file, `${head}  - site: ${sites[0]}`);
    expect(await night()).toMatchObject({ removed: ["SITEB"], loaded: [] });
    expect(await held()).toEqual(["SITEA P1", "SITEA P2"]);
  });

  it("links people again only where linkage tokens may have come or gone", async () => {
    const key = (site: string) => hub.keys[site] as SigningKey;
    const token = { token_03: "T", token_encryption_key: "K" };
    const rows = { ...SMALL_STORE, hash_token: [{ patid: "P1", ...token }] };
    const first = await seal(rows, { outbox: hub.inbox, key: key("SITEA") });
    await publishSubmission(first);
    await send(rows, { outbox: hub.inbox, key: key("SITEB"), site: "SITEB" });
    expect((await night()).linkage).toMatchObject({ people: 1, records: 2 });
    const next = async (sequence: number, table: TableName, sql: string, before: SealedBefore) => {
      const change = async (store: DuckDb) => {
        const touched = `SELECT * FROM ${ident(table)} WHERE patid = 'P1'`;
        await noteRows(store, { store: "memory", table, touched });
        await store.run(sql);
      };
      const sealed = await seal(rows, {
        outbox: hub.inbox,
        key: key("SITEA"),
        sequence,
        before,
        change,
      });
      await publishSubmission(sealed);
      return sealed.sealed;
    };
    const sex = "UPDATE demographic SET sex = 'M' WHERE patid = 'P1'";
    const second = await next(2, "demographic", sex, first.sealed);
    expect(await night()).toMatchObject({ accepted: [{ kind: "changes" }], linkage: null });
    const links = "SELECT datamartid, personid FROM person_link ORDER BY ALL";
    expect(await held(links)).toEqual(["SITEA SITEA:P1", "SITEB SITEA:P1"]);
    await next(3, "hash_token", "DELETE FROM hash_token", {
      ...second,
      tables: first.sealed.tables,
    });
    expect((await night()).linkage).toMatchObject({ people: 0 });
    expect(await held(links)).toEqual([]);
  });

  it("leaves a submission alone that is still being written", async () => {
    const whole = await sendFrom("SITEA", 1);
    const unfinished = `${whole}.unfinished-0a1b2c3d`;
    await rename(whole, unfinished);
    // A copying tool that knows no temporary names: the signature comes last.
    const copying = await sendFrom("SITEB", 1);
    await rename(join(copying, "manifest.sig"), join(hub.directory, "later.sig"));
    const report = await night();
    expect(report).toMatchObject({ accepted: [], refused: [] });
    expect(report.waiting.map((path) => basename(path)).toSorted()).toEqual([
      "SITEA-000001.unfinished-0a1b2c3d",
      "SITEB-000001",
    ]);
    await rename(unfinished, whole);
    await rename(join(hub.directory, "later.sig"), join(copying, "manifest.sig"));
    expect((await night()).accepted).toHaveLength(2);
  });

  it("waits for nobody: a second night at the same time is told who works", async () => {
    await sendFrom("SITEA", 1);
    const nights = await Promise.allSettled([night(), night()]);
    const reasons = nights.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []));
    expect(reasons).toEqual(["CONFIG_LOCKED"]);
    expect(await held()).toEqual(["SITEA P1", "SITEA P2"]);
  });
});

describe("a submission that is cut", () => {
  it("waits while it may still be arriving, and is refused when nothing changed for an hour", async () => {
    const cut = await sendFrom("SITEA", 1);
    await truncate(join(cut, "pro_cm.parquet.age"), 300);
    expect(await night()).toMatchObject({ waiting: [cut], refused: [] });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_700_000 });
    try {
      const [refused] = (await night()).refused;
      expect(refused).toMatchObject({ code: "SUBMISSION_INCOMPLETE" });
      expect(refused?.message).toMatch(/^300 of \d+ bytes arrived$/);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("an archive", () => {
  it("that was changed by one byte makes no warehouse", async () => {
    await afterPooling("SITEA");
    await changeByte(join(hub.directory, "archive", "SITEA", "000001", "pro_cm.parquet"));
    await expect(night({ rebuild: true })).rejects.toMatchObject({ code: "SUBMISSION_HASH" });
    expect(await held()).toEqual(["SITEA P1", "SITEA P2"]);
  });
});

describe("refused submissions", () => {
  it.each([
    ["of a site that hub.yaml does not list", "SITEC", "SUBMISSION_UNKNOWN_SITE"],
    ["signed with another site's key", "SITEB", "SUBMISSION_SIGNATURE"],
  ])("one %s is set aside, the others go on", async (_, site, code) => {
    await sendFrom("SITEA", 1);
    await send(SMALL_STORE, {
      outbox: hub.inbox,
      key: hub.keys.SITEA as NonNullable<(typeof hub.keys)[string]>,
      site,
      sequence: 1,
    });
    const report = await night();
    expect(report.refused).toMatchObject([{ submission: `${site}-000001`, code }]);
    expect(await held()).toEqual(["SITEA P1", "SITEA P2"]);
    const aside = join(hub.directory, "refused", `${site}-000001`);
    const refusal = JSON.parse(await readFile(join(aside, "refusal.json"), "utf8"));
    expect(refusal).toMatchObject({
      submission: `${site}-000001`,
      code,
      message: expect.stringMatching(/./),
      hint: expect.stringMatching(/./),
    });
    // The archive has the one, refused/ the other; the sites find the hub's word.
    expect((await readdir(hub.inbox)).toSorted()).toEqual([
      "SITEA-000001.receipt.json",
      `${site}-000001.receipt.json`,
    ]);
    expect(await receipt(site, 1)).toMatchObject({ status: "refused", held: 0, refusal: { code } });
    expect(await receipt("SITEA", 1)).toMatchObject({ status: "accepted", held: 1 });
  });

  it("an older submission under its old number is known; other rows under it are refused", async () => {
    const first = await sendFrom("SITEA", 1);
    const kept = join(hub.directory, "kept");
    await cp(first, kept, { recursive: true });
    await sendFrom("SITEA", 2, { demographic: [{ patid: "P9" }] });
    await night();
    await cp(kept, first, { recursive: true });
    expect(await night()).toMatchObject({ known: 1, refused: [], loaded: [] });
    await sendFrom("SITEA", 1, { demographic: [{ patid: "P0" }] });
    expect((await night()).refused).toMatchObject([{ code: "SUBMISSION_REPLAY" }]);
    expect(await held()).toEqual(["SITEA P9"]);
  });

  it("an old submission under a new number is refused", async () => {
    const first = await sendFrom("SITEA", 1);
    const kept = join(hub.directory, "kept");
    await cp(first, kept, { recursive: true });
    await night();
    await rename(kept, join(hub.inbox, "SITEA-000002"));
    expect((await night()).refused).toMatchObject([{ code: "SUBMISSION_NAME" }]);
  });

  it("may be sent again under the same number once it is right", async () => {
    const bad = await sendFrom("SITEA", 1);
    await changeByte(join(bad, "pro_cm.parquet.age"));
    expect((await night()).refused).toMatchObject([{ code: "SUBMISSION_ENCRYPTION" }]);
    await sendFrom("SITEA", 1);
    expect(await night()).toMatchObject({ accepted: [{ sequence: 1 }], refused: [] });
  });

  it("arriving twice with the same bytes make one folder, with other bytes another", async () => {
    const bad = await sendFrom("SITEC", 1);
    const kept = join(hub.directory, "kept");
    await cp(bad, kept, { recursive: true });
    await night();
    await cp(kept, bad, { recursive: true });
    await night();
    const refused = join(hub.directory, "refused");
    expect(await readdir(refused)).toEqual(["SITEC-000001"]);
    await cp(kept, bad, { recursive: true });
    await changeByte(join(bad, "pro_cm.parquet.age"));
    await night();
    expect((await readdir(refused)).toSorted()).toEqual(["SITEC-000001", "SITEC-000001-2"]);
  });
});

describe("a night that was killed", () => {
  it("is finished by the next one when the archive has what the warehouse has not", async () => {
    await afterPooling("SITEA", "SITEB");
    // As a kill after the archive's rename and before the publication leaves it.
    await rm(join(hub.directory, "warehouse"), { recursive: true });
    const report = await night();
    expect(report).toMatchObject({ accepted: [], known: 0 });
    expect(report.loaded).toHaveLength(2);
    expect(await held()).toEqual(BOTH);
  });

  it("before its checks were remembered makes them in the next one", async () => {
    await sendFrom("SITEA", 1);
    expect((await night()).checks).toMatchObject({ made: true });
    expect((await night()).checks).toBeNull();
    await rm(join(hub.directory, "reports"), { recursive: true });
    const report = await night();
    expect(report.loaded).toEqual([]);
    expect(report.checks).toMatchObject({ made: true });
  });

  it("leaves half-written files, which the next one removes", async () => {
    await sendFrom("SITEA", 1);
    const archive = join(hub.directory, "archive", "SITEA");
    const warehouse = join(hub.directory, "warehouse");
    await mkdir(join(archive, "000001.unfinished-00000000"), { recursive: true });
    await mkdir(warehouse);
    await writeFile(join(warehouse, "warehouse.duckdb.unfinished-00000000"), "half");
    await writeFile(join(warehouse, "warehouse.duckdb.unfinished-00000000.wal"), "half");
    await writeFile(join(hub.directory, ".propool.lock"), "999999999\n");
    await night();
    expect(await readdir(archive)).toEqual(["000001"]);
    expect(await readdir(warehouse)).toEqual(["publications", "warehouse.duckdb"]);
    expect(await held()).toEqual(["SITEA P1", "SITEA P2"]);
  });

  it("and a rebuild from the archive give the same rows, and explain every column", async () => {
    await afterPooling("SITEA");
    await sendFrom("SITEB", 1);
    await sendFrom("SITEA", 2, { demographic: [{ patid: "P9" }] });
    await night();
    const sql =
      "SELECT datamartid, patid, pro_cm_id FROM pro_cm UNION ALL SELECT datamartid, sequence, manifest_sha256 FROM submission ORDER BY ALL";
    const incremental = await held(sql);
    const comments =
      "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE comment IS NOT NULL ORDER BY ALL";
    const explained = await held(comments);
    expect(explained.length).toBeGreaterThan(200);
    await rm(hub.inbox, { recursive: true });
    const report = await night({ rebuild: true });
    expect(report.loaded.map(({ site }) => site)).toEqual(["SITEA", "SITEB"]);
    expect(await held(sql)).toEqual(incremental);
    expect(await held(comments)).toEqual(explained);
  });
});
