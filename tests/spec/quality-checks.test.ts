import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadCatalogue } from "../../pipelines/catalogue/load.ts";
import { readCatalogue } from "../../pipelines/catalogue/read.ts";
import {
  type QualityConfiguration,
  qualitySchema,
  readQualityRules,
  refuseUnknownChecks,
} from "../../pipelines/configuration/quality.ts";
import { parseYaml } from "../../pipelines/configuration/read-yaml.ts";
import { type Check, familySchema, readChecks } from "../../pipelines/quality/check.ts";
import { adjust, judge, tally } from "../../pipelines/quality/judge.ts";
import { failingKeysSql, type Measure, measure } from "../../pipelines/quality/measure.ts";
import { RELATIONS } from "../../pipelines/quality/relations.ts";
import { openSession, type Session } from "../../pipelines/quality/session.ts";
import { storeWith } from "../support/store.ts";

const checks = await readChecks();
const rules = (own: object = {}) => readQualityRules(qualitySchema.parse(own), "/nowhere");
const TODAY = "2026-01-15";

describe("the declared checks", () => {
  test("have numbers of their own, and at least thirty are about what patients answered", () => {
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
    expect(checks.filter(({ id }) => id.startsWith("PRO")).length).toBeGreaterThanOrEqual(30);
    expect(checks.filter(({ id }) => id.startsWith("DC")).length).toBeGreaterThanOrEqual(25);
  });

  test("carry the category of their number", () => {
    const categories = { 1: "conformance", 2: "plausibility", 3: "completeness", 4: "persistence" };
    for (const { id, category } of checks) {
      expect([id, category]).toEqual([id, categories[id.split(" ")[1]?.[0] as "1"]]);
    }
  });

  test("use every limit that they name, and name every limit that they use", () => {
    for (const check of checks) {
      const used = `${check.when} ${check.fails}`.match(/(?<=\{)[a-z_]+(?=\})/g) ?? [];
      expect([check.id, [...new Set(used)].sort()]).toEqual([
        check.id,
        Object.keys(check.parameters).sort(),
      ]);
    }
  });

  test("an unknown relation is refused with its line", () => {
    const text = `source: s\nreviewed: null\nfamily: f\nchecks:\n  - id: PRO 1.99\n    title: a title here\n    category: conformance\n    table: PRO_CM\n    severity: required\n    threshold: 0\n    over: answers\n    fails: "true"\n    means: ten letters here\n    mend: ten letters here\n`;
    expect(() => parseYaml(text, "x.yaml", familySchema, "MAPPING_CHECKS")).toThrow(/over|answer/i);
  });
});

describe("over an empty store", () => {
  let folder: string;
  let session: Session;
  let measures: Measure[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "propool-checks-"));
    (await storeWith({}, { path: join(folder, "store.duckdb") })).close();
    session = await sessionOn(folder);
    measures = await measure(session.db, checks, { levels: ["store", "history", "network"] });
  });
  afterAll(async () => {
    session.db.close();
    await rm(folder, { recursive: true });
  });

  test("only what needs no row is evaluated: tables and fields are there, required ones are empty", async () => {
    const verdicts = judge(
      checks.map((check) => ({ ...check, isOff: false })),
      measures,
      { rules: await rules(), today: TODAY, sites: ["SITEA"], reasons: {} },
    );
    const evaluated = verdicts.filter(({ status }) => status !== "not evaluated");
    expect(evaluated.map(({ check, status }) => `${check.id} ${status}`)).toEqual([
      "DC 1.01 passed",
      "DC 1.02 failed",
      "DC 1.03 passed",
      "DC 1.04 passed",
    ]);
    expect(tally(verdicts)["not evaluated"]).toBe(checks.length - 4);
  });

  test.each(checks.filter(({ over }) => RELATIONS[over].level !== "night"))(
    "$id lists its failing keys",
    async (check: Check) => {
      const rows = await session.db.all(failingKeysSql(check));
      expect(rows.length).toBe(check.id === "DC 1.02" ? 3 : 0);
    },
  );
});

async function sessionOn(folder: string): Promise<Session> {
  const catalogue = await readCatalogue();
  return openSession({
    source: { file: join(folder, "store.duckdb") },
    sites: ["SITEA"],
    today: TODAY,
    languages: {},
    loadCatalogue: (db) => loadCatalogue(db, catalogue),
    past: [],
  });
}

describe("a verdict", () => {
  const [first] = checks;
  const check = { ...(first as Check), threshold: 0.01, minimum: 10, isOff: false };
  const measured = (n: number, total: number): Measure[] => [
    { check: check.id, site: "SITEA", n, total, keys: ["k"] },
  ];
  const verdict = async (own: object, measures: Measure[], today = TODAY) => {
    const [one] = judge([adjustTo(check, await rules(own))], measures, {
      rules: await rules(own),
      today,
      sites: ["SITEA"],
      reasons: { store: "there is no store" },
    });
    return one && [one.status, one.why];
  };
  const adjustTo = (one: Check, own: Awaited<ReturnType<typeof rules>>) => adjust(one, own);
  const id = check.id;
  const known = { check: id, reason: "the old scanner", until: "2026-02-01" };

  test.each([
    ["at the threshold passes", {}, measured(10, 1000), "passed", null],
    ["above it fails", {}, measured(11, 1000), "failed", null],
    [
      "with nothing to judge is not a pass",
      {},
      measured(0, 0),
      "not evaluated",
      "there is no store",
    ],
    ["without a measure is not a pass", {}, [], "not evaluated", "there is no store"],
    [
      "on too few rows is not a pass",
      {},
      measured(0, 9),
      "not evaluated",
      "fewer to judge than the 10 that are needed",
    ],
    [
      "that is switched off is not a pass",
      { checks: { [id]: { severity: "off" } } },
      measured(0, 1000),
      "not evaluated",
      "switched off in the configuration",
    ],
    [
      "goes by the site's own threshold",
      { checks: { [id]: { threshold: 0.5 } } },
      measured(11, 1000),
      "passed",
      null,
    ],
    [
      "goes by the site's own severity",
      { checks: { [id]: { severity: "investigate" } } },
      measured(11, 1000),
      "investigate",
      null,
    ],
    [
      "that is acknowledged says so, and until when",
      { acknowledged: [known] },
      measured(11, 1000),
      "acknowledged",
      "the old scanner (until 2026-02-01)",
    ],
    [
      "beyond what was acknowledged is a finding again",
      { acknowledged: [{ ...known, at_most: 10 }] },
      measured(11, 1000),
      "failed",
      "more than the 10 that were acknowledged",
    ],
    [
      "acknowledged for another site is a finding here",
      { acknowledged: [{ ...known, site: "SITEB" }] },
      measured(11, 1000),
      "failed",
      null,
    ],
  ])("%s", async (_, own, measures, status, why) => {
    expect(await verdict(own, measures)).toEqual([status, why]);
  });

  test("returns when the acknowledgement has expired", async () => {
    expect(await verdict({ acknowledged: [known] }, measured(11, 1000), "2026-02-02")).toEqual([
      "failed",
      "the acknowledgement expired on 2026-02-01",
    ]);
  });
});

describe("rules", () => {
  test("of the site go before those of the network, limit by limit", async () => {
    const folder = await mkdtemp(join(tmpdir(), "propool-rules-"));
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, "network.yaml"),
      "checks:\n  PRO 2.10: { threshold: 0.2, parameters: { years: 120 } }\n",
    );
    const own: QualityConfiguration = qualitySchema.parse({
      network: "network.yaml",
      checks: { "PRO 2.10": { threshold: 0.1 } },
    });
    expect((await readQualityRules(own, folder)).checks["PRO 2.10"]).toEqual({
      threshold: 0.1,
      parameters: { years: 120 },
    });
    await rm(folder, { recursive: true });
  });

  const known = new Map(checks.map((one) => [one.id, Object.keys(one.parameters)]));

  test("for a check that does not exist are refused", async () => {
    const own = await rules({
      acknowledged: [{ check: "PRO 9.99", reason: "whatever", until: TODAY }],
    });
    expect(() => refuseUnknownChecks(own, known)).toThrow("check PRO 9.99, which does not exist");
  });

  test("for a limit that does not exist are refused", async () => {
    const own = await rules({ checks: { "PRO 2.10": { parameters: { age: 3 } } } });
    expect(() => refuseUnknownChecks(own, known)).toThrow("parameter age of PRO 2.10");
  });
});
