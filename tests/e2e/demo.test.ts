import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demoJson, demoText } from "../../cli/demo-text.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { type DemoReport, runDemo } from "../../pipelines/demo.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { type TableName, tableShape } from "../../warehouse/schema.ts";

let directory = "";
let demo: DemoReport;
let report: ReturnType<typeof demoJson>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "propool-demo-"));
  const progress = createProgress({ err: new PassThrough(), tty: false, quiet: true });
  demo = await runDemo(join(directory, "network"), { seed: "1", progress });
  report = demoJson(demo);
}, 300_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("the demo", () => {
  it("prints what the README shows", async () => {
    const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
    const shown = /```text\n(Three clinics[\s\S]*?)\n```/.exec(readme)?.[1];
    const printed = demoText(demo)
      .replaceAll(relative(process.cwd(), demo.directory), "propool-demo")
      .trimEnd();
    const withoutTime = (text = "") => text.replace(/Done in [\d.]+ s/, "Done");
    expect(withoutTime(printed)).toBe(withoutTime(shown));
  });

  it.each(["ledger", "answers"] as const)(
    "adds up: every site's %s has one state each",
    (level) => {
      expect(report.sites.map(({ site }) => site)).toEqual(["RIVER", "HARBOR", "SUMMIT"]);
      for (const { [level]: ledger } of report.sites) {
        const { read, ...states } = ledger;
        expect(Object.values(states).reduce((sum, n) => sum + n, 0)).toBe(read);
        expect(read).toBeGreaterThan(1000);
      }
    },
  );

  it("finds every planted defect", () => {
    expect(report.defects).toEqual([
      { name: "malformed line", planted: 4, found: 4 },
      { name: "broken XML file", planted: 2, found: 2 },
      { name: "unmapped local code", planted: 6, found: 6 },
      { name: "answer out of range", planted: 5, found: 5 },
      { name: "wrong total", planted: 36, found: 36 },
      { name: "birth date in the future", planted: 5, found: 5 },
      { name: "duplicate delivery", planted: 10, found: 10 },
      { name: "identifier in free text", planted: 8, found: 8 },
    ]);
  });

  it("gives the same answer from pooled rows and from sums, to the last bit", () => {
    expect(report.modes.maxRelativeDifference).toBe(0);
    expect(report.modes.compared).toBeGreaterThan(50);
  });

  it("pools all three sites", () => {
    expect(report.pool.accepted).toHaveLength(3);
    expect(report.pool.refused).toEqual([]);
  });

  it("lets no name, number, address or comment out", async () => {
    expect(report.leaks).toBe(0);
    const identifiers = await identifiersOfSummit();
    expect(identifiers.length).toBeGreaterThan(2000);
    const left = await everythingThatLeft();
    expect(left.length).toBeGreaterThan(100_000);
    expect(standingIn(left, identifiers)).toEqual([]);
    expect(standingIn(`${left} ${identifiers[0]} `, identifiers)).toEqual([identifiers[0]]);
  }, 60_000);
});

/** Which of many texts of six characters or more stand in a long one, by one walk through it: to seek each of thousands took twenty seconds. */
function standingIn(text: string, identifiers: readonly string[]): string[] {
  const byStart = new Map<string, string[]>();
  for (const one of identifiers) {
    const start = one.slice(0, 6);
    byStart.set(start, [...(byStart.get(start) ?? []), one]);
  }
  const isStart = new Uint8Array(65_536);
  const pairAt = (one: string, i: number) =>
    ((one.charCodeAt(i) & 255) << 8) | (one.charCodeAt(i + 1) & 255);
  for (const start of byStart.keys()) isStart[pairAt(start, 0)] = 1;
  const found = new Set<string>();
  for (let i = 0; i < text.length - 5; i++) {
    if (isStart[pairAt(text, i)] === 0) continue;
    for (const one of byStart.get(text.slice(i, i + 6)) ?? [])
      if (text.startsWith(one, i) && stands(one, text)) found.add(one);
  }
  return [...found];
}

/**
 * A record number of six letters and digits stands in the hub's base64 by chance once in some fifty demos; as a word of its own it would be a leak.
 */
function stands(identifier: string, text: string): boolean {
  if (identifier.length >= 8 || !/^\w+$/.test(identifier)) return true;
  return new RegExp(`(?<![\\w-])${identifier}(?![\\w-])`).test(text);
}

/** Read from the export directly, not by the code that is tested. */
async function identifiersOfSummit(): Promise<string[]> {
  const file = join(directory, "network", "summit-health", "export", "patients.csv");
  const db = await DuckDb.open(":memory:");
  const rows = await db.all<Record<string, string>>(
    `SELECT mrn, phone, email, address FROM read_csv('${file}', all_varchar = true)`,
  );
  db.close();
  return [
    ...new Set(rows.flatMap((row) => Object.values(row)).filter((one) => one && one.length >= 6)),
  ];
}

/** All values of all submissions, and all other bytes of outboxes, summaries and the hub, as one text. */
async function everythingThatLeft(): Promise<string> {
  const root = join(directory, "network");
  const texts: string[] = [];
  for (const folder of [
    "river-clinic/outbox",
    "harbor-hospital/outbox",
    "summit-health/outbox",
    "summaries",
    "hub",
  ]) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile())) {
      const path = join(entry.parentPath, entry.name);
      texts.push(
        path.endsWith(".parquet") ? await parquetText(path) : await readFile(path, "latin1"),
      );
    }
  }
  return texts.join("\n");
}

/** Each different value of each column without its token: of those it is known what they are made of, hexadecimal digits. */
async function parquetText(path: string): Promise<string> {
  const table = basename(path, ".parquet") as TableName;
  const db = await DuckDb.open(":memory:");
  const columns = Object.keys(tableShape(table).columns).map(
    (column) =>
      `SELECT DISTINCT regexp_replace(CAST("${column}" AS VARCHAR), '^[0-9a-f]{32}(\\.|$)', '') AS value FROM read_parquet('${path}')`,
  );
  const rows = await db.all<{ value: string | null }>(columns.join(" UNION "));
  db.close();
  return rows.map(({ value }) => value ?? "").join("\n");
}
