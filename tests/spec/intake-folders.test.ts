import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ADAPTERS } from "../../pipelines/adapters/index.ts";
import { readSite } from "../../pipelines/configuration/site.ts";
import { mayFollow } from "../../pipelines/core/links.ts";
import { foldersOf, openIdentified } from "../../pipelines/intake.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { propool } from "../support/command.ts";
import { siteIn, type TestSite, temporary } from "../support/site.ts";

let directory: string;
let remove: () => Promise<void>;
let site: TestSite;
let db: DuckDb;
beforeAll(async () => {
  ({ directory, remove } = await temporary());
  site = await siteIn(directory, "fhir");
  await mkdir(site.path("store"), { recursive: true });
  await writeFile(join(directory, "secret.csv"), "a\n1\n");
  await writeFile(site.path("export/inside.csv"), "a\n1\n");
  await symlink(join(directory, "secret.csv"), site.path("export/out.csv"));
  await symlink(site.path("export/inside.csv"), site.path("export/in.csv"));
  const known = await readSite(site.directory);
  db = await openIdentified(known.identifiedDirectory, await foldersOf(known));
});
afterAll(async () => {
  db.close();
  await remove();
});

it.each([
  ["a file of the export", "FROM read_csv('{site}/export/inside.csv')"],
  ["a link that stays in the export", "FROM read_csv('{site}/export/in.csv')"],
  ["the new store", "ATTACH '{site}/store/store.duckdb.unfinished-00000000' AS new_store"],
  ["the memory for reading", "SET memory_limit = '256MB'"],
])("the night's database may use %s", async (_, sql) => {
  await db.run(sql.replace("{site}", site.directory));
});

it.each([
  ["a file elsewhere", "FROM read_text('{site}/../secret.csv')"],
  ["a key", "FROM read_text('{site}/keys/token.key')"],
  ["a path that climbs out", "FROM read_csv('{site}/export/../../secret.csv')"],
  ["a link to what is no file of the export's format", "FROM read_csv('{site}/export/out.csv')"],
  ["a listing of the machine", "FROM glob('/etc/*')"],
  ["a file to write elsewhere", "COPY (SELECT 1) TO '{site}/../written.csv'"],
  ["an address", "FROM read_csv('http://127.0.0.1:9/a.csv')"],
  ["an extension", "INSTALL httpfs"],
  ["an extension that is there", "LOAD '{site}/export/inside.csv'"],
  ["its folders", "SET allowed_directories = ['/']"],
  ["its files", "SET allowed_paths = ['{site}/keys/token.key']"],
  ["its lock", "SET enable_external_access = true"],
])("and is refused %s", async (_, sql) => {
  await expect(db.run(sql.replaceAll("{site}", site.directory))).rejects.toThrow(
    /disabled|Cannot change|Cannot enable/,
  );
});

it.each([
  ["keys", "keys/token.key"],
  ["store", "store/other.csv"],
])(
  "a link of the export into the site's %s is refused, by its place and not by what it leads to",
  async (_, target) => {
    const other = await siteIn(directory, "fhir", { id: "LINKED" });
    await mkdir(other.path("store"), { recursive: true });
    await writeFile(other.path("store/other.csv"), "");
    await symlink(other.path(target), other.path("export/linked.ndjson"));
    const told = await propool("run", other.directory, "--today", "2024-06-01");
    expect(told.exitCode).toBe(12);
    expect(told.err).toContain("SOURCE_LINK");
    expect(told.err).not.toContain(target);
    await rm(other.directory, { recursive: true });
  },
);

it.each([
  ["the user who runs propool may link to any file", { link: 7, target: 0, process: 7 }, true],
  ["so may root", { link: 0, target: 5, process: 7 }, true],
  ["others may link to their own", { link: 5, target: 5, process: 7 }, true],
  ["but not to files of the user who runs propool", { link: 5, target: 7, process: 7 }, false],
  ["nor to somebody else's", { link: 5, target: 6, process: 7 }, false],
])("%s", (_, owner, may) => {
  expect(mayFollow(owner)).toBe(may);
});

it.each([
  ["tar", "a.tar"],
  ["packed tar", "a.tar.gz"],
  ["packed tar", "a.tgz"],
  ["packed tar", "a.tar.zst"],
  ["7z", "a.7z"],
  ["rar", "a.rar"],
])("a %s (%s) is opened by no format", (_, name) => {
  const opened = Object.values(ADAPTERS).filter((adapter) => adapter.accepts(name));
  expect(opened.map(({ format }) => format)).toEqual([]);
});

it("a zip package is opened by C-CDA alone, whose standard has one", () => {
  const opened = Object.values(ADAPTERS).filter((adapter) => adapter.accepts("a.zip"));
  expect(opened.map(({ format }) => format)).toEqual(["ccda"]);
});
