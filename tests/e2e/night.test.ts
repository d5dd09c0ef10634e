import { mkdir, readdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ledgerText } from "../../cli/run-text.ts";
import type { RunReport } from "../../pipelines/run.ts";
import { propool, type Told } from "../support/command.ts";
import {
  FORMATS,
  type Format,
  IDENTIFIERS,
  PEOPLE,
  siteIn,
  type TestSite,
  temporary,
  VISITS,
} from "../support/site.ts";
import { responseResource } from "../support/site-export.ts";
import {
  digestTables,
  filesIn,
  inStore,
  leftovers,
  placesOf,
  totals,
} from "../support/site-look.ts";

// A night takes a second here, and many on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TODAY = ["--today", "2024-06-01"];

let directory: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ directory, remove } = await temporary());
});
afterAll(() => remove());

const firstNights = new Map<Format, Promise<{ site: TestSite; told: Told }>>();
/** A site after its first night, made once: for copies. */
function firstNight(format: Format): Promise<{ site: TestSite; told: Told }> {
  const make = async () => {
    const site = await siteIn(directory, format);
    return { site, told: await propool("run", site.directory, ...TODAY) };
  };
  const night = firstNights.get(format) ?? make();
  firstNights.set(format, night);
  return night;
}

/** A night that must end well; its report. */
async function night(site: TestSite, ...options: string[]): Promise<RunReport> {
  const told = await propool("run", site.directory, "--json", ...TODAY, ...options);
  // One line of JSON a stage, and no message.
  for (const line of told.err.trim().split("\n"))
    expect(JSON.parse(line)).toMatchObject({
      site: expect.any(String),
      stage: expect.any(String),
      seconds: expect.any(Number),
    });
  expect(told.exitCode).toBe(0);
  return (JSON.parse(told.out) as RunReport[])[0] as RunReport;
}

const rowsOf = (site: TestSite, table: string) =>
  inStore(site, async (db) => {
    const { n } = await db.one<{ n: number }>(`SELECT count(*)::INTEGER AS n FROM ${table}`);
    return n;
  });

describe.each(FORMATS)("the nights of a %s site", (format) => {
  let site: TestSite;
  let first: Told;
  let tables: Record<string, string>;
  beforeAll(async () => {
    const began = await firstNight(format);
    site = await began.site.copyTo(join(directory, `${format}-nights`));
    first = began.told;
    tables = await digestTables(site);
  });

  it("end in a store, a submission and a report", async () => {
    expect(first.exitCode).toBe(0);
    // 4 visits of 9 items and a total each; 3 people.
    expect(await rowsOf(site, "demographic")).toBe(3);
    expect(await rowsOf(site, "pro_collection")).toBe(4);
    expect(await rowsOf(site, "pro_cm")).toBe(40);
    expect(await totals(site)).toEqual([1, 4, 8, 20]);
    const files = await filesIn(site.path("outbox"));
    expect(files).toContain(`${format.toUpperCase()}-000001/manifest.json.age`);
    expect(files).toContain(`${format.toUpperCase()}-000001/manifest.sig`);
    expect(await filesIn(site.path("reports"))).toEqual([
      "last-night.json",
      "metrics.prom",
      "refresh-000001.json",
    ]);
    // Bloom filters are made only where a broker is named.
    expect(await filesIn(site.path("broker"))).toEqual([]);
  });

  it("account for every record and answer", async () => {
    const report: RunReport = JSON.parse(
      await readFile(site.path("reports/last-night.json"), "utf8"),
    );
    for (const { read, ...states } of [report.ledgers.records, report.ledgers.answers]) {
      expect(Object.values(states).reduce((sum, n) => sum + n, 0)).toBe(read);
    }
    // 40 answers and totals; the comment is withheld.
    expect(report.ledgers.answers).toMatchObject({ read: 41, loaded: 40, quarantined: 1 });
  });

  it.skipIf(process.platform === "win32")("let nobody else read the site's results", async () => {
    for (const name of ["store", "outbox", "reports", "keys"]) {
      expect((await stat(site.path(name))).mode & 0o077, name).toBe(0);
    }
  });

  it("leave no identifier in the store, the outbox, the reports and on the screen", async () => {
    expect(await placesOf(IDENTIFIERS, site, [first])).toEqual([]);
    // The search does find what stands there.
    const places = await placesOf(["several days", "MAPPING_FREE_TEXT"], site, [first]);
    const values = places.filter((place) => place.includes("values of"));
    expect(values.map((place) => place.split(/[\\/]/).at(-1))).toEqual([
      "store.duckdb",
      "pro_cm.parquet.age",
    ]);
    // On the screen, in the report and among the metrics.
    const told = places.filter((place) => /printed|reports/.test(place));
    expect(told.length).toBeGreaterThanOrEqual(3);
    expect(await leftovers(site)).toEqual([]);
  });

  it("send nothing and change nothing when the same files come again", async () => {
    const report = await night(site);
    expect(report.submission).toBeNull();
    expect(await digestTables(site)).toEqual(tables);
    expect(report.unsent).toBe("nothing new");
    expect(await readdir(site.path("outbox"))).toEqual([`${format.toUpperCase()}-000001`]);
    expect(await leftovers(site)).toEqual([]);
  });

  it("replace an answer that was corrected, and send the next submission", async () => {
    const [one, ...others] = VISITS;
    const corrected = {
      ...one,
      answers: [3, 3, 3, 3, 3, 3, 3, 3, 3],
      version: "2024-05-20T10:00:00Z",
    };
    await site.deliver(PEOPLE, [corrected as (typeof VISITS)[number], ...others]);
    const report = await night(site);
    expect(report.submission).toMatchObject({ sequence: 2, kind: "changes" });
    // One administration of nine answers and a total, which is severe now; what stayed the same is not sent again.
    expect(report.submission?.rows).toMatchObject({ demographic: 0, pro_cm_detail: 1 });
    expect(await totals(site)).toEqual([1, 4, 20, 27]);
    expect(await rowsOf(site, "pro_cm")).toBe(40);
  });
});

describe("a night", () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await (await firstNight("fhir")).site.copyTo(join(directory, "long"));
  });

  it("removes what the source says was entered in error", async () => {
    await site.deliver(
      PEOPLE,
      VISITS.map((visit) => (visit.id === "visit-51703" ? { ...visit, isError: true } : visit)),
    );
    const report = await night(site);
    expect(report.ledgers.records).toMatchObject({ read: 7, loaded: 6, withdrawn: 1 });
    expect(await totals(site)).toEqual([1, 4, 8]);
  });

  it("removes what the source withdrew and emptied", async () => {
    const [visit] = VISITS;
    const {
      item: _,
      questionnaire: __,
      ...emptied
    } = {
      ...responseResource({ ...visit, isError: true } as (typeof VISITS)[number]),
    } as Record<string, unknown>;
    await site.write("export/QuestionnaireResponse.ndjson", `${JSON.stringify(emptied)}\n`);
    const report = await night(site);
    expect(report.ledgers.records.withdrawn).toBe(1);
    expect(await totals(site)).toEqual([1, 4]);
  });

  it("knows the people whom an earlier night brought", async () => {
    const next = { ...VISITS[0], id: "visit-51799", day: "2024-05-30" } as (typeof VISITS)[number];
    const stranger = { ...next, id: "visit-51798", person: "person-99999" };
    await site.deliver([], [next, stranger]);
    const report = await night(site);
    expect(report.ledgers.records).toMatchObject({ read: 2, loaded: 1, quarantined: 1 });
    expect(report.issues.map(({ code }) => code)).toContain("MAPPING_NO_PATIENT");
    expect(await totals(site)).toEqual([1, 4, 8]);
    expect(await rowsOf(site, "demographic")).toBe(3);
  });

  it("keeps the intervals of a person whose visits came on two nights", async () => {
    const days = await inStore(site, (db) =>
      db.all<{ days: number }>(`SELECT max(pro_date) - min(pro_date) AS days FROM pro_collection
        GROUP BY patid HAVING count(*) = 2`),
    );
    // 6 May and 30 May.
    expect(days.map((row) => Number(row.days))).toEqual([24]);
  });

  it("made anew from one export holds that export alone, and goes on counting submissions", async () => {
    await rm(site.path("outbox"), { recursive: true });
    await site.deliver(PEOPLE, VISITS.slice(0, 1));
    const report = await night(site, "--full");
    expect(await totals(site)).toEqual([8]);
    // 1 to 4 were sent by the nights above and carried off.
    expect(report.submission?.name).toBe("FHIR-000005");
  });

  it("of a distributed site sends nothing", async () => {
    const distributed = await siteIn(directory, "csv", { id: "HOME", mode: "distributed" });
    const report = await night(distributed);
    expect(report.submission).toBeNull();
    expect(await totals(distributed)).toEqual([1, 4, 8, 20]);
    expect(await filesIn(distributed.path("outbox"))).toEqual([]);
  });

  it("that is only tried publishes nothing", async () => {
    const tried = await siteIn(directory, "fhir", { id: "TRIED" });
    const report = await night(tried, "--dry-run");
    expect(report.ledgers.records.loaded).toBe(7);
    for (const folder of ["store", "outbox", "reports"]) {
      expect(await filesIn(tried.path(folder)), folder).toEqual([]);
    }
    expect(await leftovers(tried)).toEqual([]);
  });

  it("that was killed between store and outbox is finished by the next one", async () => {
    // The store is out and remembers its submission, which has no name yet: what such a kill leaves.
    const killed = await (await firstNight("fhir")).site.copyTo(join(directory, "killed"));
    const facts = await inStore(killed, (db) =>
      db.one<{ facts: string }>("SELECT facts FROM propool_store"),
    );
    const { pending } = JSON.parse(facts.facts);
    const name = pending.split(".")[0];
    await rename(killed.path("outbox", name), killed.path("outbox", pending));
    const report = await night(killed);
    expect(report.submission).toBeNull();
    expect(await readdir(killed.path("outbox"))).toEqual([name]);
  });

  it("without the hub's key fills the store and sends nothing, and all of it once the key is there", async () => {
    const keyless = await siteIn(directory, "fhir", { id: "KEYLESS" });
    const configuration = await readFile(keyless.path("site.yaml"), "utf8");
    await keyless.write("site.yaml", configuration.replace(/^hub_key: /m, "# hub_key: "));
    const unsent = await night(keyless);
    expect(unsent).toMatchObject({ submission: null, unsent: "no hub key" });
    expect(ledgerText(unsent)).toContain("left: nothing (site.yaml has no hub_key");
    expect(await totals(keyless)).toEqual([1, 4, 8, 20]);
    await keyless.write("site.yaml", configuration);
    expect((await night(keyless)).submission).toMatchObject({ sequence: 1, kind: "full" });
  });

  it("reads files that an export folder only links to, and a folder named with a slash", async () => {
    const linked = await siteIn(directory, "fhir", { id: "LINKED" });
    await rename(linked.path("export"), linked.path("elsewhere"));
    await mkdir(linked.path("nightly"));
    for (const file of await filesIn(linked.path("elsewhere"))) {
      await symlink(linked.path("elsewhere", file), linked.path("nightly", file));
    }
    const configuration = await readFile(linked.path("site.yaml"), "utf8");
    await linked.write("site.yaml", configuration.replace("export: export", "export: nightly/"));
    const report = await night(linked);
    expect(report.files).toEqual({ read: 2, ignored: [] });
    expect(report.issues[0]?.examples[0]?.file).toBe("QuestionnaireResponse.ndjson");
  });

  it("of two sites finishes the one when the other fails, and tells which", async () => {
    const good = await siteIn(directory, "fhir", { id: "GOOD" });
    const bad = await siteIn(directory, "fhir", { id: "BAD" });
    await rm(bad.path("export"), { recursive: true });
    const told = await propool("run", bad.directory, good.directory, ...TODAY);
    expect(told.exitCode).toBe(12);
    expect(await totals(good)).toEqual([1, 4, 8, 20]);
    expect(told.out).toContain("GOOD Test fhir (fhir)");
    expect(told.err.match(/the export folder cannot be read/g)).toHaveLength(1);
    expect(told.err).toContain("1 of 2 sites failed (SOURCE_MISSING)");
    expect(told.err).toContain(
      `1 sites done, 1 of them with a submission; 1 failed: ${bad.directory}`,
    );
    const metrics = await readFile(good.path("reports/metrics.prom"), "utf8");
    expect(metrics).toMatch(/^propool_last_run_success\{node="GOOD"\} 1$/m);
    expect(metrics).toMatch(/^propool_records\{node="GOOD",state="loaded"\} 7$/m);
    expect(metrics).toMatch(/^propool_store_rows\{node="GOOD",table="pro_cm"\} 40$/m);
    const failed = await readFile(bad.path("reports/metrics.prom"), "utf8");
    expect(failed).toMatch(/^propool_last_run_success\{node="BAD"\} 0$/m);
    expect(failed).not.toContain("last_success_timestamp");
    expect(told.err).toContain(bad.directory);
    expect(await leftovers(bad)).toEqual([]);
  });
});
