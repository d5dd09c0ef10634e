import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { initHub } from "../../pipelines/init.ts";
import { CANARY, canaryPlaces, plantedExport } from "../support/canaries.ts";
import { propool, startPropool, type Told } from "../support/command.ts";
import { FORMATS, type Format, siteIn, type TestSite, temporary } from "../support/site.ts";
import { HUB_KEY } from "../support/submission.ts";

vi.setConfig({ testTimeout: 300_000 });

const TODAY = ["--today", "2024-06-01"];

let directory: string;
let remove: () => Promise<void>;
let scratch: string;
beforeAll(async () => {
  ({ directory, remove } = await temporary());
  scratch = join(directory, "tmp");
  await mkdir(scratch);
});
afterAll(() => remove());

async function plantedSite(format: Format, id: string): Promise<{ site: TestSite; count: number }> {
  const site = await siteIn(directory, format, { id });
  await propool("keys", "new", site.directory, "--linkage");
  const { files, count } = plantedExport(format);
  await rm(site.path("export"), { recursive: true });
  await mkdir(site.path("export"));
  for (const [name, content] of Object.entries(files))
    await site.write(name === "mapping.yaml" ? name : join("export", name), content);
  return { site, count };
}

const isInput = (file: string) => /^(export|identified)\//.test(file);

async function hits(site: TestSite, told: readonly Told[]): Promise<string[]> {
  const { places } = await canaryPlaces(site.directory, isInput);
  const printed = told.filter(({ out, err }) => `${out}${err}`.toLowerCase().includes(CANARY));
  const temporary = await canaryPlaces(scratch, () => false);
  return [...places, ...printed.map(() => "printed"), ...temporary.places];
}

describe.each(FORMATS)("canaries in every field of a %s export", (format) => {
  let site: TestSite;
  let planted: number;
  beforeAll(async () => {
    ({ site, count: planted } = await plantedSite(format, `A${format.toUpperCase()}`));
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
    const night = await propool("run", site.directory, ...TODAY);
    expect(night.exitCode, night.err).toBe(0);
    const report = JSON.parse(await readFile(site.path("reports/last-night.json"), "utf8"));
    expect(report.store.pro_cm).toBeGreaterThan(30);
    expect(report.audit.identifiers).toBeGreaterThan(15);
    const pooled = await propool("pool", join(directory, `hub-${format}`), "--json");
    expect(pooled.exitCode, pooled.err).toBe(0);
    expect(await hits(site, [night, pooled])).toEqual([]);
    const hub = await canaryPlaces(join(directory, `hub-${format}`), () => false);
    expect(hub.places).toEqual([]);
    expect(hub.bytes).toBeGreaterThan(100_000);
  });
});

describe("canaries after a night that was killed", () => {
  // The long form kills many times: PROPOOL_KILLS=50.
  const KILLS = Number(process.env.PROPOOL_KILLS ?? 1);
  let milliseconds: number;
  let site: TestSite;
  beforeAll(async () => {
    process.env.TMPDIR = scratch;
    ({ site } = await plantedSite("fhir", "KILLED"));
    const started = performance.now();
    await startPropool("run", site.directory, ...TODAY).ended;
    milliseconds = performance.now() - started;
  });
  afterAll(() => {
    delete process.env.TMPDIR;
  });

  it.each(Array.from({ length: KILLS }, (_, part) => part))(
    "stand nowhere but in identified/, and nowhere after the next start (%i)",
    async (part) => {
      await rm(site.path("store"), { recursive: true, force: true });
      const run = startPropool("run", site.directory, ...TODAY);
      const moment = ((part + Math.random()) / KILLS) * milliseconds;
      await setTimeout(moment);
      run.process.kill("SIGKILL");
      const told = await run.ended;
      expect(await hits(site, [told]), `killed after ${Math.round(moment)} ms`).toEqual([]);
      const next = await propool("run", site.directory, ...TODAY);
      expect(next.exitCode, next.err).toBe(0);
      expect(await hits(site, [next])).toEqual([]);
      expect(
        (await canaryPlaces(site.directory, (file) => !file.startsWith("identified"))).bytes,
      ).toBe(0);
    },
  );
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
    const told = await propool("run", site.directory, ...TODAY);
    expect(told.exitCode).toBeGreaterThan(1);
    expect(await hits(site, [told])).toEqual([]);
  }
});
