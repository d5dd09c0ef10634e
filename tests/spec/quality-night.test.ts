import { createHash } from "node:crypto";
import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { qualitySchema, readQualityRules } from "../../pipelines/configuration/quality.ts";
import { readChecks } from "../../pipelines/quality/check.ts";
import { type Refresh, readRefreshes } from "../../pipelines/quality/history.ts";
import { judge, type Verdict } from "../../pipelines/quality/judge.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { pack, unpack } from "../../warehouse/packed.ts";
import { propool, type Told } from "../support/command.ts";
import { NIGHT_DEFECTS, NIGHT_MAPPING, nightExport, plantedIn } from "../support/night-defects.ts";
import { siteIn, type TestSite, temporary } from "../support/site.ts";
import { digestTables, filesIn, leftovers } from "../support/site-look.ts";

/** Three nights of one site: a clean one, one that is held because of its defects, and the same one without the hold. */

const TODAY = "2026-01-15";
const SEED = "night 1";

let home: Awaited<ReturnType<typeof temporary>>;
let site: TestSite;
let clean: Verdict[];
let dirty: Verdict[];
let held: Told;
let refresh: Refresh | undefined;
let metrics: string;
let before: Awaited<ReturnType<typeof kept>>;
let after: Awaited<ReturnType<typeof kept>>;

beforeAll(async () => {
  home = await temporary();
  site = await siteIn(home.directory, "csv");
  await site.write("mapping.yaml", NIGHT_MAPPING);
  const configuration = await readFile(site.path("site.yaml"), "utf8");
  // A check of the night is made a required one: what is stored is never wrong enough for the others.
  const hold = "quality:\n  hold: true\n  checks: { PRO 1.02: { severity: required } }\n";
  await appendFile(site.path("site.yaml"), hold);
  await deliver(nightExport([], SEED));
  expect(await night()).toMatchObject({ exitCode: 0 });
  clean = await verdicts();
  [refresh] = await readRefreshes(site.path("reports"));
  before = await kept();
  await deliver(nightExport(NIGHT_DEFECTS, SEED));
  held = await night();
  after = await kept();
  metrics = await readFile(site.path("reports/metrics.prom"), "utf8");
  await site.write("site.yaml", configuration);
  expect(await night()).toMatchObject({ exitCode: 0 });
  dirty = await verdicts();
  const file = process.env.PROPOOL_INJECTOR_TABLE;
  if (file) await writeFile(`${file}.night`, table());
});
afterAll(() => home.remove());

const night = () => propool("run", site.directory, "--today", TODAY);

/** What the last night remembers of the checks that only it could make. */
async function verdicts(): Promise<Verdict[]> {
  const [latest] = await readRefreshes(site.path("reports"));
  const checks = (await readChecks()).filter(({ over }) => over.startsWith("read_"));
  return judge(
    checks.map((check) => ({ ...check, isOff: false })),
    latest?.measures ?? [],
    {
      rules: await readQualityRules(qualitySchema.parse({}), home.directory),
      today: TODAY,
      sites: ["CSV"],
      reasons: {},
    },
  );
}

async function deliver(files: Record<string, string>): Promise<void> {
  await rm(site.path("export"), { recursive: true });
  await mkdir(site.path("export"));
  for (const [name, content] of Object.entries(files)) {
    await site.write(join("export", name), content);
  }
}

/** What a night leaves: rows, submissions, and what is remembered and reported; metrics tell of failed nights too. */
async function kept() {
  const names = [
    ...(await filesIn(site.path("outbox"))).map((name) => join("outbox", name)),
    ...(await filesIn(site.path("reports"))).map((name) => join("reports", name)),
  ].filter((name) => !name.endsWith("metrics.prom"));
  const files = names.map(async (name) => {
    const hash = createHash("sha256").update(await readFile(site.path(name)));
    return [name, hash.digest("hex")] as const;
  });
  return { tables: await digestTables(site), files: Object.fromEntries(await Promise.all(files)) };
}

const fires = ({ status }: Verdict) => status === "failed" || status === "investigate";

describe("a clean night", () => {
  test("raises no alarm of what only a night sees; held for any required check, it was published", () => {
    expect(clean.filter(fires).map(({ check, n }) => [check.id, n])).toEqual([]);
  });

  test("is complete though nobody was asked PHQ-9's tenth item, which is optional", () => {
    expect(refresh?.measures.find(({ check }) => check === "PRO 3.02")).toMatchObject({
      n: 0,
      total: 120,
    });
    const months = refresh?.facts.filter(({ kind }) => kind === "month") ?? [];
    expect(months.map(({ people }) => people)).toEqual(months.map(({ records }) => records));
    expect(months.length).toBe(3);
  });

  test.each([...new Set(NIGHT_DEFECTS.map(({ check }) => check))])("passes %s", (id) => {
    expect(clean.find(({ check }) => check.id === id)?.status).toBe("passed");
  });
});

describe("planted into one night, in questionnaires of its own each", () => {
  test.each(NIGHT_DEFECTS)("$name ($check)", ({ check: id, sittings, each }) => {
    const found = dirty.find(({ check }) => check.id === id);
    expect(found && fires(found)).toBe(true);
    const same = NIGHT_DEFECTS.filter(({ check }) => check === id).length;
    expect(found?.n).toBe(plantedIn(sittings) * each * same);
  });
});

describe("hold", () => {
  test("ends a night on which a required check fails, and says which and what to do", () => {
    expect(held.exitCode).toBe(13);
    expect(held.err).toMatch(/QUALITY_HELD/);
    expect(held.err).toMatch(/required checks fail: PRO 1\.02; nothing was published/);
    expect(held.err).toMatch(/quality: in site\.yaml/);
  });

  test("publishes nothing: store, outbox and what is remembered stay as they were", async () => {
    expect(after).toEqual(before);
    expect(Object.keys(before.files).join(" ")).toMatch(
      /outbox\/\S+\.age .*reports\/refresh-000001\.json/,
    );
    expect(metrics).toMatch(/propool_last_run_success\S* 0/);
    expect(await leftovers(site)).toEqual([]);
  });
});

/** Rows of the table defect x check. */
function table(): string {
  const rows = NIGHT_DEFECTS.map(({ name, check: id, sittings, each }) => {
    const found = dirty.find(({ check }) => check.id === id);
    const seen = found && fires(found) ? `${found.n} of ${found.total}` : "MISSED";
    return `| ${name} | ${plantedIn(sittings) * each} | ${id} | ${seen} | |`;
  });
  return `${rows.join("\n")}\n`;
}

describe("a packed store", () => {
  const checks = async () => {
    const options = ["--json", "--today", TODAY];
    const { out } = await propool("check", site.directory, ...options);
    const keys = await propool("check", site.directory, "--keys", "PRO 3.02", "--today", TODAY);
    return { verdicts: JSON.parse(out).verdicts as Verdict[], keys: keys.out.split("\n").sort() };
  };

  test("is checked as whole rows are, and so is one in which a row is there twice", async () => {
    const packed = await checks();
    expect(packed.verdicts.filter(({ n }) => n && n > 0).length).toBeGreaterThan(5);
    await inStore(unpack);
    expect(await checks()).toEqual(packed);
    await inStore((store) => pack(store, "store"));
    expect(await checks()).toEqual(packed);
    await inStore((store) =>
      store.run("INSERT INTO pro_cm_row SELECT * FROM pro_cm_row ORDER BY ALL LIMIT 1"),
    );
    const twice = await checks();
    expect(twice).not.toEqual(packed);
    await inStore(unpack);
    expect(await checks()).toEqual(twice);
  });

  async function inStore(change: (store: DuckDb) => Promise<unknown>): Promise<void> {
    const store = await DuckDb.open(site.path("store/store.duckdb"), { small: true });
    await change(store);
    store.close();
  }
});
