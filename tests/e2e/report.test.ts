import { existsSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeRefresh } from "../../pipelines/quality/history.ts";
import { writeReport } from "../../pipelines/report.ts";
import { propool } from "../support/command.ts";
import { addCleanSite, copySite, dropCatalogue, qualityStore } from "../support/quality-data.ts";
import { DEFECTS, plant } from "../support/quality-defects.ts";
import { temporary } from "../support/site.ts";

const TODAY = "2026-01-15";
const TOKEN = /\b[0-9a-f]{32}\b/;

let home: Awaited<ReturnType<typeof temporary>>;
const pages = new Map<string, { file: string; html: string }>();

/** A site and a hub with findings, unmapped codes, three refreshes and hostile names, without a night: only the page matters here. */
beforeAll(async () => {
  home = await temporary();
  const site = join(home.directory, "site");
  const hub = join(home.directory, "hub");
  await mkdir(join(site, "store"), { recursive: true });
  await mkdir(join(hub, "warehouse"), { recursive: true });
  await writeFile(
    join(site, "site.yaml"),
    'site: NORTH\nname: "North <b>&\\" clinic"\nnetwork: NET\nformat: fhir\nquality:\n  acknowledged:\n    - { check: PRO 3.09, reason: visits follow next month, until: 2026-02-01 }\n',
  );
  await writeFile(
    join(hub, "hub.yaml"),
    `network: NET\nname: Net\nsites:\n${["NORTH", "SOUTH", "EAST", "WEST"].map((id) => `  - { site: ${id}, public_key: x, inbox: inbox/${id} }`).join("\n")}\n`,
  );
  const store = await qualityStore(join(site, "store", "store.duckdb"));
  await addCleanSite(store, { site: "NORTH", people: 60 });
  for (const check of ["PRO 1.05", "PRO 1.01", "PRO 3.09"]) {
    const defect = DEFECTS.find((one) => one.check === check);
    if (defect) await plant(store, defect, { site: "NORTH", seed: "page" });
  }
  await dropCatalogue(store);
  store.close();
  const warehouse = await qualityStore(join(hub, "warehouse", "warehouse.duckdb"));
  await addCleanSite(warehouse, { site: "NORTH", people: 60 });
  await copySite(warehouse, "NORTH", ["SOUTH", "EAST"]);
  await dropCatalogue(warehouse);
  warehouse.close();
  for (const n of [1, 2, 3]) await remember(join(site, "reports"), n);
  const profile = join(home.directory, "profile.html");
  const document = join(import.meta.dirname, "..", "golden", "ccda", "phq9.xml");
  await propool("profile", document, "--html", profile);
  pages.set("profile", { file: profile, html: await readFile(profile, "utf8") });
  for (const [name, directory, isShared] of [
    ["site", site, false],
    ["hub", hub, false],
    ["shared site", site, true],
  ] as const) {
    const { file } = await writeReport(directory, { today: TODAY, isShared });
    pages.set(name, { file, html: await readFile(file, "utf8") });
  }
});
afterAll(() => home.remove());

function remember(reports: string, n: number) {
  const ledger = {
    read: 100,
    loaded: 95 - n,
    duplicate: 1,
    superseded: 0,
    out_of_scope: 2,
    quarantined: 2 + n,
    withdrawn: 0,
  };
  return writeRefresh(reports, {
    day: `2026-01-${10 + n}`,
    full: n === 1,
    measures: [
      { check: "PRO 1.02", site: "NORTH", n: 20 + n, total: 1000, keys: ["export.ndjson line 7"] },
      { check: "PRO 1.05", site: "NORTH", n, total: 700, keys: [] },
    ],
    facts: ["2025-10", "2025-11", "2025-12"].map((month, i) => {
      return {
        site: "NORTH",
        kind: "month" as const,
        name: `phq-9 ${month}`,
        records: 40 + i,
        people: 30,
      };
    }),
    ledgers: { records: ledger, answers: ledger },
    lines: [
      {
        level: "record",
        kind: "Observation",
        state: "out_of_scope",
        reason: "SOURCE_NOT_A_SURVEY",
        count: 2,
      },
      {
        level: "answer",
        kind: "phq-9",
        state: "quarantined",
        reason: "MAPPING_UNMAPPED_CODE",
        count: 3,
      },
    ],
    unmapped: [{ code: "LOCAL<1>", system: null, instrument: "phq-9", count: 3 }],
  });
}

const html = (name: string) => pages.get(name)?.html ?? "";

describe("the page", () => {
  test.each(["site", "hub", "shared site"])("of the %s is one file under 2 MB", async (name) => {
    expect((await stat(pages.get(name)?.file ?? "")).size).toBeLessThan(2_000_000);
    expect(html(name)).not.toMatch(/<script|<link|<img|@import|url\(|\bon[a-z]+=/);
  });

  test("answers what came in, what is wrong and what to do before anything else", () => {
    const [first = ""] = html("site").split('id="ledger"');
    expect(first).toMatch(/What came in.*100<\/span> records read on 2026-01-13/s);
    expect(first).toMatch(/5 of 100 \(5 %\) quarantined/);
    expect(first).toMatch(/of 100 answers in them: <strong>5 of 100 \(5 %\) quarantined/);
    expect(first).toMatch(/Look at the records that were quarantined: <a href="#ledger">/);
    expect(first).toMatch(/What is wrong.*required check(s)? fail.*PRO 1\.01/s);
    expect(first).toMatch(/What to do.*propool run --full/s);
    expect(first).toContain("First place: <code>export.ndjson line 7</code>");
  });

  test("counts on the first screen what stands in the tables beneath", () => {
    const [first = "", rest = ""] = html("site").split('id="checks"');
    for (const word of ["to investigate", "acknowledged", "not evaluated", "passed"]) {
      const count = (text: string) => new RegExp(`>(\\d+) ${word}</span>`).exec(text)?.[1];
      expect(count(first)).toBe(count(rest));
      const rows = rest.split("<tr>").filter((row) => row.includes(`">${word}</span>`));
      expect(String(rows.length)).toBe(count(first));
    }
  });

  test("shows trends, acknowledgements with their last day, and unmapped codes", () => {
    expect(html("site")).toContain("2.1 % on 2026-01-11, 2.3 % on 2026-01-13");
    expect(html("site")).toContain("visits follow next month (until 2026-02-01)");
    expect(html("site")).toContain("<code>LOCAL&lt;1&gt;</code>");
    expect(html("site")).toContain("North &lt;b&gt;&amp;&quot; clinic");
  });

  test("that may leave names no key, no place, no code of the source and no count below eleven", () => {
    expect(html("site")).toMatch(TOKEN);
    const shared = html("shared site");
    expect(shared).not.toMatch(TOKEN);
    expect(shared).not.toMatch(/export\.ndjson|LOCAL/);
    const small = [...shared.matchAll(/\b(\d[\d,]*) of (\d[\d,]*) \(/g)].filter(([, n, total]) => {
      const [a, b] = [n, total].map((text) => Number(text?.replaceAll(",", "")));
      const rest = (b ?? 0) - (a ?? 0);
      return [a ?? 0, rest].some((count) => count > 0 && count < 11);
    });
    expect(small.map(([text]) => text)).toEqual([]);
  });

  test("compares sites at the hub, also one that has not delivered", () => {
    expect(html("hub")).toContain("3</span> of 4 sites have delivered");
    expect(html("hub")).toMatch(
      /<th scope="row" class="">WEST<\/th><td class="">nothing delivered yet/,
    );
    expect(html("hub")).toMatch(/Funnel plot of 3 sites/);
  });
});

test("the commands print where the page is, what fails, and every failing key", async () => {
  const site = join(home.directory, "site");
  const report = await propool("report", site, "--today", TODAY);
  expect(report).toMatchObject({ exitCode: 0, err: "" });
  expect(report.out).toMatch(/report\.html \(\d+ KB\)/);
  const strict = await propool("check", site, "--today", TODAY, "--strict");
  expect(strict.exitCode).toBe(13);
  expect(strict.out).toMatch(/PRO 1\.01 +NORTH +failed/);
  const keys = await propool("check", site, "--keys", "pro 1.05");
  expect(keys.out.trim().split("\n").length).toBeGreaterThan(2);
  expect((await propool("check", site, "--keys", "PRO 1.02")).err).toContain("is not kept");
  expect((await propool("check", "--list")).out.split("\n").length).toBeGreaterThan(90);
  expect((await propool("report", join(home.directory, "nothing"))).exitCode).toBe(10);
});

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string }[];
}

const CHROMIUM = [
  process.env.PROPOOL_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => path && existsSync(path));

describe.skipIf(!CHROMIUM)("in Chromium (PROPOOL_CHROMIUM, or an installed one)", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: CHROMIUM ?? "",
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
  });
  afterAll(() => browser.close());

  /** Opens a page without a network and notes whatever it complains of or asks for. */
  async function open(
    name: string,
    colorScheme: "light" | "dark",
  ): Promise<{ page: Page; noise: string[] }> {
    // axe is put in by the test; the page's own policy would refuse it, as it should.
    const context = await browser.newContext({ colorScheme, bypassCSP: false, offline: true });
    const page = await context.newPage();
    const noise: string[] = [];
    const url = pathToFileURL(pages.get(name)?.file ?? "").href;
    page.on("console", (message) => noise.push(message.text()));
    page.on("pageerror", (error) => noise.push(error.message));
    page.on("request", (request) => request.url() !== url && noise.push(request.url()));
    await page.goto(url);
    return { page, noise };
  }

  test.each([
    ["site", "light"],
    ["site", "dark"],
    ["hub", "light"],
    ["profile", "light"],
  ] as const)(
    "the %s in %s colours asks for nothing and has no serious finding of axe-core",
    async (name, colors) => {
      const { page, noise } = await open(name, colors);
      if (name !== "profile")
        expect(await page.locator("svg.plot[role=img]").count()).toBeGreaterThan(5);
      expect(noise).toEqual([]);
      // As text: the page's globals are none of this program's. The long lists of the hub have the site's form.
      if (name === "site")
        await page.evaluate(
          'document.querySelectorAll("details").forEach((fold) => { fold.open = true; })',
        );
      const axe = await readFile(
        createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
        "utf8",
      );
      await page.evaluate(axe);
      const { violations } = await page.evaluate<{ violations: Violation[] }>("axe.run()");
      const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
      expect(serious.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
      await page.context().close();
    },
  );

  test.each(["site", "profile"])("a narrow screen scrolls tables, not the %s", async (name) => {
    const { page } = await open(name, "light");
    await page.setViewportSize({ width: 360, height: 740 });
    const [width, shown] = await page.evaluate<number[]>(
      "[document.documentElement.scrollWidth, innerWidth]",
    );
    expect(width ?? 1).toBeLessThanOrEqual(shown ?? 0);
    await page.context().close();
  });
});
