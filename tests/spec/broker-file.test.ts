import { readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { publishFilters } from "../../pipelines/broker.ts";
import { readSite } from "../../pipelines/configuration/site.ts";
import { createAgeKey, decryptToBytes } from "../../pipelines/core/age.ts";
import { readBloomRecipe } from "../../pipelines/privacy/bloom-filter.ts";
import type { RunReport } from "../../pipelines/run.ts";
import { propool } from "../support/command.ts";
import { PEOPLE, type Person, siteIn, type TestSite, temporary, VISITS } from "../support/site.ts";
import { filesIn } from "../support/site-look.ts";
import { HUB_KEY } from "../support/submission.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TODAY = ["--today", "2024-06-01"];

/** PATID and filter by line, after the header. */
const rowsOf = (csv: string) => csv.trim().split("\n").slice(1);

describe("a site with a linkage broker", () => {
  let broker: Awaited<ReturnType<typeof createAgeKey>>;
  let site: TestSite;
  let remove: () => Promise<void>;
  let plain: string;
  let rows: string[];
  const FILE = "broker/CSV-clk.csv.age";
  /** Nobody is born on this day: a system wrote it because it had to write something. */
  const dummy: Person = { ...(PEOPLE[2] as Person), key: "person-40820", birth: "1900-01-01" };

  beforeAll(async () => {
    const folder = await temporary();
    remove = folder.remove;
    broker = await createAgeKey();
    site = await siteIn(folder.directory, "csv");
    await propool("keys", "new", site.directory, "--linkage");
    await site.deliver([...PEOPLE, dummy], VISITS);
    plain = await readFile(site.path("site.yaml"), "utf8");
  });
  afterAll(() => remove());

  const configure = (lines: string, change = (yaml: string) => yaml) =>
    site.write("site.yaml", `${change(plain)}${lines}\n`);
  const withBroker = (recipient: string) => `linkage: { bloom_filters: { broker: ${recipient} } }`;

  async function night(): Promise<{ report: RunReport; screen: string }> {
    const told = await propool("run", site.directory, ...TODAY);
    expect(told.exitCode, told.err).toBe(0);
    const report = JSON.parse(await readFile(site.path("reports/last-night.json"), "utf8"));
    return { report, screen: told.out };
  }

  const opened = async () =>
    Buffer.from(await decryptToBytes(site.path(FILE), broker.identity)).toString("utf8");

  it.each([
    {
      what: "the hub as the broker",
      change: (yaml: string) => yaml,
      recipient: () => HUB_KEY.recipient,
      message: /broker is the hub/,
    },
    {
      what: "a distributed site",
      change: (yaml: string) => yaml.replace(/^mode: .*$/m, "mode: distributed"),
      message: /sends nothing of single people/,
    },
    {
      what: "a profile without linkage tokens",
      change: (yaml: string) => yaml.replace(/^privacy: .*$/m, "privacy: safe-harbor"),
      message: /lets no linkage token out/,
    },
    {
      what: "a key that is none",
      change: (yaml: string) => yaml,
      recipient: () => "age1abc",
      message: /age1 and 58 letters/,
    },
  ])("refuses $what before anything is read", async ({ change, recipient, message }) => {
    await configure(withBroker(recipient?.() ?? broker.recipient), change);
    const told = await propool("run", site.directory, ...TODAY);
    expect(told.exitCode).toBe(10);
    expect(told.err).toMatch(message);
    expect(told.err).toContain("bloom_filters");
    expect(await filesIn(site.path("broker"))).toEqual([]);
  });

  it("needs the project's linkage key", async () => {
    await configure(withBroker(broker.recipient));
    await rename(site.path("keys/linkage.key"), site.path("keys/elsewhere"));
    const told = await propool("run", site.directory, ...TODAY);
    await rename(site.path("keys/elsewhere"), site.path("keys/linkage.key"));
    expect(told.exitCode).toBe(10);
    expect(told.err).toContain("Bloom filters need the project's linkage key");
  });

  it("is warned by the doctor and by explain, and reads the same in PRIVACY.md", async () => {
    await configure(withBroker(broker.recipient));
    const page = await readFile(join(import.meta.dirname, "../../PRIVACY.md"), "utf8");
    const doctor = await propool("doctor", site.directory);
    const explained = await propool("explain", "clk", "--no-sql");
    for (const text of [page, doctor.out, explained.out])
      expect(text.replaceAll("*", "")).toMatch(
        /every standard encoding by Bloom filters has been broken/i,
      );
    const recipe = await readBloomRecipe();
    expect(page).toContain(`turned over with probability ${recipe.flip_probability}`);
    expect(page).toContain(`from ${recipe.threshold} `);
  });

  it("hands over a filter of each whole person, named by PATID alone and only to the broker", async () => {
    await configure(withBroker(broker.recipient));
    const { report, screen } = await night();
    expect(report.broker).toMatchObject({ people: 3, without: 1 });
    expect(screen).toContain("every standard encoding by Bloom filters has been broken");
    expect(await filesIn(site.path("broker"))).toEqual(["CSV-clk.csv.age"]);
    if (process.platform !== "win32")
      expect((await stat(site.path(FILE))).mode & 0o777).toBe(0o600);
    rows = rowsOf(await opened());
    expect(rows).toHaveLength(3);
    expect(rows).toEqual(rows.toSorted());
    for (const row of rows)
      expect(row).toMatch(
        /^CSV,[0-9a-f]{32},"pro-clk-v1\/NET\/1\/[0-9a-f]{16}",[A-Za-z0-9+/]{171}=$/,
      );
    await expect(decryptToBytes(site.path(FILE), HUB_KEY.identity)).rejects.toThrow();
  });

  it("says nothing new another night, also under a rotated key, and nothing of who refused or withdrew", async () => {
    const [gone, refused] = PEOPLE.map(({ key }) => key);
    await site.write("gone.txt", `${gone}\n`);
    const list = site.path("gone.txt");
    const told = await propool("withdraw", site.directory, "--list", list, "--json");
    expect(JSON.parse(told.out).removed).toContain("CSV-clk.csv.age");
    expect(await filesIn(site.path("broker"))).toEqual([]);

    await propool("keys", "rotate", site.directory, ...TODAY);
    const denied = `patient_key,decision,purpose,decided_at\n${refused},deny,research,2024-05-01\n`;
    await site.write("consent.csv", denied);
    await configure(`${withBroker(broker.recipient)}\nconsent: { list: consent.csv }`);
    const { report } = await night();
    expect(report.broker).toMatchObject({ people: 1, without: 1 });
    const [row = "", ...others] = rowsOf(await opened());
    expect(others).toEqual([]);
    // Another PATID, and the same bits with the same noise.
    const [, patid, , filter] = row.split(",");
    expect(rows.map((one) => one.split(",")[3])).toContain(filter);
    expect(rows.map((one) => one.split(",")[1])).not.toContain(patid);
  });

  it("takes back what lies there once no broker is named any more", async () => {
    await configure("");
    await publishFilters(await readSite(site.directory), null);
    expect(await filesIn(site.path("broker"))).toEqual([]);
  });
});
