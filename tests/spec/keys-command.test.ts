import { cp, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { writeKeys } from "../../pipelines/privacy/keys.ts";
import { propool } from "../support/command.ts";
import { PEOPLE, siteIn, type TestSite, temporary, VISITS } from "../support/site.ts";
import { digestTables, filesIn, inStore } from "../support/site-look.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
const TODAY = ["--today", "2024-06-01"];

let directory: string;
let remove: () => Promise<void>;
/** Two sites of one project; the first made the linkage key. */
let river: TestSite;
let harbor: TestSite;
beforeAll(async () => {
  ({ directory, remove } = await temporary());
  river = await siteIn(directory, "fhir", { id: "RIVER" });
  harbor = await siteIn(directory, "csv", { id: "HARBOR" });
});
afterAll(() => remove());

const show = async (site: TestSite) =>
  JSON.parse((await propool("keys", "show", site.directory, "--json")).out);
const done = { exitCode: 0, err: "" };

describe("the linkage key", () => {
  it("is made at one site and goes to another in a file that only that one can open", async () => {
    expect((await show(river)).linkage_key).toBeNull();
    expect(await propool("keys", "new", river.directory, "--linkage")).toMatchObject(done);
    const { recipient } = await show(harbor);
    const file = join(directory, "for-harbor.age");
    const share = ["keys", "share", river.directory, "--to", recipient, "--out", file];
    expect(await propool(...share)).toMatchObject(done);
    expect(await propool("keys", "receive", harbor.directory, file)).toMatchObject(done);
    const key = (await readFile(river.path("keys/linkage.key"), "utf8")).trim();
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect((await readFile(harbor.path("keys/linkage.key"), "utf8")).trim()).toBe(key);
    expect((await show(harbor)).linkage_key).toBe((await show(river)).linkage_key);
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect((await readFile(file)).toString("latin1")).not.toContain(key);
    // The other site's file opens nowhere else.
    const stolen = await propool("keys", "receive", river.directory, file, "--replace");
    expect(stolen).toMatchObject({ exitCode: 10 });
    expect(stolen.err + stolen.out).not.toContain(key);
  });

  it("is not replaced by chance, and not taken from a file that was changed", async () => {
    const again = await propool("keys", "new", river.directory, "--linkage");
    expect(again).toMatchObject({ exitCode: 10 });
    const file = join(directory, "changed.age");
    await writeFile(file, "age-encryption.org/v1\nnothing\n");
    expect(await propool("keys", "receive", harbor.directory, file)).toMatchObject({
      exitCode: 10,
    });
    const wrong = ["keys", "share", river.directory, "--to", "age1nobody", "--out", file];
    expect(await propool(...wrong)).toMatchObject({ exitCode: 2 });
  });

  it("gives one person the same tokens at both sites, under other PATIDs, and never stands in what leaves", async () => {
    for (const site of [river, harbor])
      expect(await propool("run", site.directory, ...TODAY)).toMatchObject({ exitCode: 0 });
    const tokens = async (site: TestSite) =>
      inStore(site, (db) =>
        db.all<{ patid: string; token_04: string; token_encryption_key: string }>(
          "SELECT patid, token_04, token_encryption_key FROM hash_token ORDER BY token_04",
        ),
      );
    const [here, there] = [await tokens(river), await tokens(harbor)];
    expect(here).toHaveLength(PEOPLE.length);
    expect(here.map((row) => row.token_04)).toEqual(there.map((row) => row.token_04));
    expect(here.map((row) => row.token_encryption_key)).toEqual(
      there.map((row) => row.token_encryption_key),
    );
    const patids = new Set([...here, ...there].map((row) => row.patid));
    expect(patids.size).toBe(2 * PEOPLE.length);
    const key = (await readFile(river.path("keys/linkage.key"), "utf8")).trim();
    for (const folder of ["outbox", "store", "reports"]) {
      for (const file of await filesIn(river.path(folder))) {
        const bytes = (await readFile(river.path(folder, file))).toString("latin1");
        expect(bytes).not.toContain(key);
        expect(bytes).not.toContain(Buffer.from(key, "hex").toString("latin1"));
      }
    }
  });

  it("is no longer compared once the epoch is another: rows of the old key go", async () => {
    const site = { ...harbor, directory: join(directory, "epoch") };
    await cp(harbor.directory, site.directory, { recursive: true });
    const yaml = await readFile(join(site.directory, "site.yaml"), "utf8");
    await writeFile(join(site.directory, "site.yaml"), `${yaml}\nlinkage: { epoch: "2" }\n`);
    await propool("run", site.directory, ...TODAY);
    site.path = (...parts) => join(site.directory, ...parts);
    const names = await inStore(site, (db) =>
      db.all<{ name: string }>("SELECT DISTINCT token_encryption_key AS name FROM hash_token"),
    );
    expect(names).toEqual([{ name: expect.stringMatching(/^pro-token-v1\/NET\/2\//) }]);
  });
});

describe("a key from elsewhere than its file", () => {
  it("is taken from the environment or a descriptor and shows in no error", async () => {
    const { fingerprint } = (await show(river)).token_key;
    const key = (await readFile(river.path("keys/token.key"), "utf8")).trim();
    const site = join(directory, "elsewhere");
    await cp(river.directory, site, { recursive: true });
    await writeKeys(join(site, "keys/token.key"), [new Uint8Array(32).fill(1)]);
    const shown = async () => {
      const told = await propool("keys", "show", site, "--json");
      return JSON.parse(told.out).token_key.fingerprint;
    };
    expect(await shown()).not.toBe(fingerprint);
    process.env.PROPOOL_TOKEN_KEY_RIVER = key;
    try {
      expect(await shown()).toBe(fingerprint);
      process.env.PROPOOL_TOKEN_KEY_RIVER = key.slice(1);
      const broken = await propool("keys", "show", site);
      expect(broken).toMatchObject({ exitCode: 10 });
      expect(broken.err).not.toContain(key.slice(1, 9));
      expect(await propool("keys", "rotate", site)).toMatchObject({ exitCode: 10 });
    } finally {
      delete process.env.PROPOOL_TOKEN_KEY_RIVER;
    }
    const { open } = await import("node:fs/promises");
    const file = await open(river.path("keys/token.key"));
    process.env.PROPOOL_TOKEN_KEY_RIVER_FD = String(file.fd);
    try {
      expect(await shown()).toBe(fingerprint);
      expect(await shown(), "a second time").toBe(fingerprint);
    } finally {
      delete process.env.PROPOOL_TOKEN_KEY_RIVER_FD;
      await file.close();
    }
  });
});

describe("a rotated token key", () => {
  const intervals = (site: TestSite) =>
    inStore(site, (db) =>
      db.all(`SELECT a.pro_date - b.pro_date AS days, d.sex FROM pro_collection a JOIN pro_collection b USING (patid)
        JOIN demographic d USING (patid) ORDER BY ALL`),
    );
  const patids = async (site: TestSite) =>
    (
      await inStore(site, (db) =>
        db.all<{ patid: string }>("SELECT patid FROM demographic ORDER BY patid"),
      )
    ).map((row) => row.patid);

  it("makes new tokens and dates of everybody, keeps all intervals, and the same files then change nothing", async () => {
    const [before, days, tables] = [
      await patids(river),
      await intervals(river),
      await digestTables(river),
    ];
    const rotated = await propool("keys", "rotate", river.directory, ...TODAY, "--json");
    expect(rotated).toMatchObject(done);
    const { from, to } = JSON.parse(rotated.out);
    expect(from).not.toBe(to);
    const after = await patids(river);
    expect(after).toHaveLength(before.length);
    expect(after.filter((patid) => before.includes(patid))).toEqual([]);
    expect(await intervals(river)).toEqual(days);
    const turned = await digestTables(river);
    for (const table of ["demographic", "pro_cm", "pro_collection", "pro_cm_detail", "hash_token"])
      expect(turned[table], table).not.toBe(tables[table]);

    // Yesterday's people and visits are found again under the new key, whatever was delivered before.
    await river.deliver(PEOPLE, VISITS.slice(0, 1));
    expect(await propool("run", river.directory, ...TODAY)).toMatchObject({ exitCode: 0 });
    expect(await digestTables(river)).toEqual(turned);
    const facts = await inStore(river, (db) =>
      db.one<{ facts: string }>("SELECT facts FROM propool_store"),
    );
    expect(JSON.parse(facts.facts).succession).toEqual([{ from, to, date: "2024-06-01" }]);
  });

  it("that was interrupted before the store was turned is finished by the next night", async () => {
    const file = harbor.path("keys/token.key");
    const [old] = (await readFile(file, "utf8")).trim().split("\n");
    const before = await patids(harbor);
    await writeFile(file, `${old}\n${"7".repeat(64)}\n`, { mode: 0o600 });
    expect(await propool("run", harbor.directory, ...TODAY)).toMatchObject({ exitCode: 0 });
    const after = await patids(harbor);
    expect(after).toHaveLength(before.length);
    expect(after.filter((patid) => before.includes(patid))).toEqual([]);
  });
});
