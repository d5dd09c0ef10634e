import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { initHub } from "../../pipelines/init.ts";
import { CANARY, canaryPlaces, plantedExport, STEWARD } from "../support/canaries.ts";
import { hits, openedByBroker, plantedSite, startNight, TODAY } from "../support/canary-night.ts";
import { propool, propoolIn } from "../support/command.ts";
import { FORMATS, siteIn, type TestSite, temporary } from "../support/site.ts";
import { filesIn } from "../support/site-look.ts";
import { HUB_KEY } from "../support/submission.ts";

vi.setConfig({ testTimeout: 300_000 });

let directory: string;
let remove: () => Promise<void>;
let scratch: string;
beforeAll(async () => {
  ({ directory, remove } = await temporary());
  scratch = join(directory, "tmp");
  await mkdir(scratch);
});
afterAll(() => remove());

describe.each(FORMATS)("canaries in every field of a %s export", (format) => {
  let site: TestSite;
  let planted: number;
  beforeAll(async () => {
    ({ site, count: planted } = await plantedSite(directory, format, `A${format.toUpperCase()}`));
    const hub = join(directory, `hub-${format}`);
    await initHub(hub, { network: "NET", name: "test" }, [site.directory]);
    await writeFile(
      join(hub, "keys/hub.key"),
      `${HUB_KEY.identity}
`,
      { mode: 0o600 },
    );
  });

  it("are read, and stand nowhere but in the export: not in store, submission, reports, messages or at the hub", async () => {
    expect(planted).toBeGreaterThan(format === "csv" ? 30 : 60);
    const before = await canaryPlaces(site.path("export"), () => false);
    expect(before.places.length).toBeGreaterThan(1);
    const night = await propoolIn({ PROPOOL_DEBUG: "1" }, "run", site.directory, ...TODAY);
    expect(night.exitCode, night.err).toBe(0);
    const report = JSON.parse(await readFile(site.path("reports/last-night.json"), "utf8"));
    expect(report.store.pro_cm).toBeGreaterThan(30);
    expect(report.audit.identifiers).toBeGreaterThan(15);
    const pooled = await propool("pool", join(directory, `hub-${format}`), "--json");
    expect(pooled.exitCode, pooled.err).toBe(0);
    expect(await hits(site, scratch, [night, pooled])).toEqual([]);
    const hub = await canaryPlaces(join(directory, `hub-${format}`), () => false);
    expect(hub.places).toEqual([]);
    expect(hub.bytes).toBeGreaterThan(100_000);
    // What a steward wrote down stays in the site's own files, in its store and in the reports that stay there.
    const shared =
      format === "csv" ? [await propool("report", site.directory, "--share", "--json")] : [];
    const leaving = [night, pooled, ...shared].map(({ out, err }) => `${out}${err}`.toLowerCase());
    expect(leaving.filter((text) => text.includes(STEWARD))).toEqual([]);
    const staying = /^(site\.yaml|mapping\.yaml|store\/store\.duckdb)$/;
    const notes = await canaryPlaces(site.directory, (file) => staying.test(file), STEWARD);
    const atHub = await canaryPlaces(join(directory, `hub-${format}`), () => false, STEWARD);
    expect([...notes.places, ...atHub.places]).toEqual([]);
    const told = await openedByBroker(site, `A${format.toUpperCase()}`);
    // Of the three exports the CSV one has ZIP codes that are some, and so filters.
    expect(told.trim().split("\n").length > 2).toBe(format === "csv");
    expect(told.toLowerCase()).not.toContain(CANARY);
  });
});

it("stand nowhere but in identified/ once a night is killed after reading, and nowhere after the next", async () => {
  const { site } = await plantedSite(directory, "fhir", "KILLED");
  const run = startNight(site, scratch);
  run.process.stderr?.on("data", (told) => {
    if (String(told).includes("read")) run.process.kill("SIGKILL");
  });
  const killed = await run.ended;
  expect(killed.exitCode).toBeNull();
  expect(await hits(site, scratch, [killed])).toEqual([]);
  const next = await propool("run", site.directory, ...TODAY);
  expect(next.exitCode, next.err).toBe(0);
  expect(await hits(site, scratch, [next])).toEqual([]);
  expect(await filesIn(site.directory)).not.toContainEqual(expect.stringMatching(/^identified/));
});

it("messages about broken files quote nothing of them", async () => {
  const site = await siteIn(directory, "fhir", { id: "BROKEN" });
  const { files } = plantedExport("fhir");
  for (const content of [
    '{"resourceType":"Patient","id":"Zqcanary1',
    `[${JSON.stringify({ name: "Zqcanary2" })}]\n`,
    Object.values(files)[0]?.slice(0, 400) ?? "",
    "Zqcanary3\n",
    "",
  ]) {
    await rm(site.path("export"), { recursive: true, force: true });
    await mkdir(site.path("export"));
    await writeFile(site.path("export/Patient.ndjson"), content);
    const told = await propoolIn({ PROPOOL_DEBUG: "1" }, "run", site.directory, ...TODAY);
    expect(told.exitCode).toBeGreaterThan(1);
    expect(await hits(site, scratch, [told])).toEqual([]);
  }
});
