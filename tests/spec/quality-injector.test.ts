import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadCatalogue } from "../../pipelines/catalogue/load.ts";
import { readCatalogue } from "../../pipelines/catalogue/read.ts";
import { qualitySchema, readQualityRules } from "../../pipelines/configuration/quality.ts";
import { readChecks } from "../../pipelines/quality/check.ts";
import { judge, type Verdict } from "../../pipelines/quality/judge.ts";
import { failingKeysSql, measure } from "../../pipelines/quality/measure.ts";
import type { Relation } from "../../pipelines/quality/relation.ts";
import { RELATIONS } from "../../pipelines/quality/relations.ts";
import {
  factsNow,
  insertFacts,
  openSession,
  type Session,
} from "../../pipelines/quality/session.ts";
import { addCleanSite, copySite, dropCatalogue, qualityStore } from "../support/quality-data.ts";
import { DEFECTS, plant } from "../support/quality-defects.ts";

const TODAY = "2026-01-15";
const SEED = "injector 1";
const PEOPLE = 60;
/** One site a defect, beside two that stay clean. */
const siteOf = (i: number) => `D${String(i + 1).padStart(3, "0")}`;
const SITES = ["CLEAN", "CLEAN2", ...DEFECTS.map((_, i) => siteOf(i))];
/** Defects change what the other sites are compared with; only their own site is judged by the network. */
const LEVELS = ["store", "history", "network"] as const;

const shipped = await readChecks();
let folder: string;
let session: Session;
let verdicts: Verdict[];
const planted = new Map<string, number>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-injector-"));
  const file = join(folder, "store.duckdb");
  const db = await qualityStore(file);
  await addCleanSite(db, { site: "CLEAN", people: PEOPLE });
  await copySite(db, "CLEAN", SITES.slice(1));
  // What a store of other making may lack.
  await db.run("ALTER TABLE pro_request ALTER COLUMN status DROP NOT NULL");
  for (const [i, defect] of DEFECTS.entries()) {
    planted.set(defect.name, await plant(db, defect, { site: siteOf(i), seed: SEED }));
  }
  await dropCatalogue(db);
  db.close();
  const catalogue = await readCatalogue();
  session = await openSession({
    source: { file },
    sites: SITES,
    today: TODAY,
    languages: { "phq-9": ["en", "es"] },
    loadCatalogue: (to) => loadCatalogue(to, catalogue),
    past: [],
    temporaryDirectory: join(folder, "spill"),
  });
  // Before the defect every site was as the clean one is.
  const clean = (await factsNow(session.db)).filter(({ site }) => site === "CLEAN");
  for (const site of SITES) {
    await insertFacts(
      session.db,
      1,
      clean.map((fact) => ({ ...fact, site })),
    );
  }
  const checks = shipped.map((check) => ({ ...check, isOff: false }));
  const measures = await measure(session.db, checks, { levels: LEVELS });
  verdicts = judge(checks, measures, {
    rules: await readQualityRules(qualitySchema.parse({}), folder),
    today: TODAY,
    sites: SITES,
    reasons: {},
  });
  if (process.env.PROPOOL_INJECTOR_TABLE) await writeTable(process.env.PROPOOL_INJECTOR_TABLE);
});
afterAll(async () => {
  session.db.close();
  await rm(folder, { recursive: true });
});

const firing = (site: string) =>
  verdicts.filter((one) => one.site === site && ["failed", "investigate"].includes(one.status));

describe("clean data", () => {
  test.each(["CLEAN", "CLEAN2"])("raise no alarm at %s", (site) => {
    expect(firing(site).map(({ check, n, keys }) => [check.id, n, keys])).toEqual([]);
  });

  test("are really judged: only what needs other evidence is not evaluated", () => {
    const open = verdicts.filter((one) => one.site === "CLEAN" && one.status === "not evaluated");
    const levels = open.filter(({ check }) => !check.over.startsWith("read_"));
    expect(levels.map(({ check }) => check.id).sort()).toEqual([
      "DC 1.10",
      "DC 2.04",
      "DC 2.08",
      "PRO 2.15",
      "PRO 2.18",
      "PRO 2.21",
      "PRO 3.15",
      "PRO 4.03",
      "PRO 4.04",
      "PRO 4.05",
      "PRO 4.06",
      "PRO 4.07",
    ]);
  });
});

describe("planted at one in a hundred", () => {
  test.each(DEFECTS.map((defect, i) => [defect.name, defect, siteOf(i)] as const))(
    "%s",
    (name, { check: id, isCounted }, site) => {
      const verdict = verdicts.find((one) => one.check.id === id && one.site === site);
      const count = planted.get(name) ?? 0;
      expect(count).toBeGreaterThan(0);
      expect(["failed", "investigate"]).toContain(verdict?.status);
      if (isCounted) expect(verdict?.n).toBeGreaterThanOrEqual(count);
    },
  );
});

describe("rows that are counted with those that are alike", () => {
  const relations: Record<string, Relation> = RELATIONS;
  const counted = shipped.filter(({ over }) => {
    const { level, counted } = relations[over] ?? {};
    return counted !== undefined && level === "store";
  });

  test.each(counted)("are those that are listed one by one: $id", async (check) => {
    const listed = await session.db.all<{ site: string; key: string }>(failingKeysSql(check));
    const found = verdicts.filter((one) => one.check.id === check.id && (one.n ?? 0) > 0);
    expect(found.length).toBeGreaterThan(0);
    expect(found.map(({ site, n, keys }) => [site, n, keys])).toEqual(
      found.map(({ site }) => {
        const keys = listed.filter((one) => one.site === site).map(({ key }) => key);
        return [site, keys.length, keys.slice(0, 5)];
      }),
    );
    expect(new Set(listed.map(({ site }) => site)).size).toBe(found.length);
  });
});

/** The table check × defect: which checks fire for each. */
async function writeTable(file: string): Promise<void> {
  const rows = DEFECTS.map((defect, i) => {
    const own = firing(siteOf(i));
    const hit = own.find(({ check }) => check.id === defect.check);
    const others = own.filter((one) => one !== hit).map(({ check }) => check.id);
    return `| ${defect.name} | ${planted.get(defect.name)} | ${defect.check} | ${hit ? `${hit.n} of ${hit.total}` : "MISSED"} | ${others.join(", ")} |`;
  });
  const head = "| defect | rows changed | check | failing | also fires |\n|---|---|---|---|---|";
  await writeFile(file, `${head}\n${rows.join("\n")}\n`);
}
