import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planText } from "../../cli/plan-text.ts";
import { withApproval } from "../../pipelines/plan/approval.ts";
import { mappingChanges } from "../../pipelines/plan/changes.ts";
import type { Plan } from "../../pipelines/plan.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES, tableShape } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { propool } from "../support/command.ts";

const TODAY = "2026-01-10";
let folder = "";
let site = "";
const store = () => join(site, "store", "store.duckdb");
const mapping = () => join(site, "mapping.yaml");

const ITEMS = Array.from({ length: 9 }, (_, i) => i + 1);
/** A form that stores 1 to 4 for 0 to 3; the first mapping takes the numbers as they stand. */
const mappingText = (words: string, gad = "") => `reviewed: null
files:
  - match: survey.csv
    kind: wide
    columns: { patient_key: id, answered_at: day }
    person: {}
    instruments:
      - instrument: phq-9
        items:
${ITEMS.map((n) => `          PHQ9_${n}: { column: p${n}${words} }`).join("\n")}
${gad}`;
const WORDS = ', words: { "1": "0", "2": "1", "3": "2", "4": "3" }';
const GAD = `      - instrument: gad-7
        items: { ${ITEMS.slice(0, 7)
          .map((n) => `GAD7_${n}: g${n}`)
          .join(", ")} }
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-plan-"));
  site = join(folder, "clinic");
  await propool("init", "site", site, "--format", "csv", "--site", "CLINIC");
  const header = [
    "id",
    "day",
    ...ITEMS.map((n) => `p${n}`),
    ...ITEMS.slice(0, 7).map((n) => `g${n}`),
  ];
  const rows = Array.from({ length: 24 }, (_, r) => [
    `k${r}`,
    `2025-03-${String((r % 27) + 1).padStart(2, "0")}`,
    ...ITEMS.map((n) => ((r + n) % (r % 3 === 0 ? 4 : 3)) + 1),
    ...ITEMS.slice(0, 7).map((n) => (r + n) % 4),
  ]);
  await writeFile(
    join(site, "export", "survey.csv"),
    `${[header, ...rows].map((row) => row.join(",")).join("\n")}\n`,
  );
  const approval = { name: "Bo", date: "2026-01-02" };
  await writeFile(mapping(), withApproval(mappingText("", GAD), approval));
  const { exitCode, err } = await propool("run", site, "--today", TODAY);
  expect({ exitCode, err }).toMatchObject({ exitCode: 0 });
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

const sha = async (file: string) =>
  createHash("sha256")
    .update(await readFile(file))
    .digest("hex");

async function plan(...options: string[]): Promise<Plan> {
  const { out, err, exitCode } = await propool(
    "plan",
    site,
    "--today",
    TODAY,
    "--json",
    ...options,
  );
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
  return JSON.parse(out);
}

/** The difference of two stores by another way than the plan's: whole rows that only one of them has, and their keys. */
async function difference(before: string, after: string): Promise<Plan["tables"]> {
  const db = await DuckDb.open(":memory:", { small: true });
  try {
    await db.run(`ATTACH ${text(before)} AS old (READ_ONLY)`);
    await db.run(`ATTACH ${text(after)} AS new (READ_ONLY)`);
    const found: Plan["tables"] = [];
    for (const table of TABLE_NAMES.filter((name) => name !== "harvest")) {
      const key = tableShape(table).key.map(ident).join(", ");
      const only = async (from: string, than: string, columns: string) =>
        (
          await db.one<{ n: number }>(
            `SELECT count(*)::INTEGER AS n FROM (SELECT ${columns} FROM ${from}.${ident(table)} EXCEPT SELECT ${columns} FROM ${than}.${ident(table)})`,
          )
        ).n;
      const added = await only("new", "old", key);
      const removed = await only("old", "new", key);
      const changed = (await only("new", "old", "*")) - added;
      if (added + removed + changed > 0) found.push({ table, added, changed, removed });
    }
    return found;
  } finally {
    db.close();
  }
}

describe("a plan", () => {
  it("tells what an edit would do and does nothing; applied, it does exactly that; undone, all is as before", async () => {
    const old = join(folder, "old.duckdb");
    await writeFile(old, await readFile(store()));
    const first = await readFile(mapping(), "utf8");
    await writeFile(
      mapping(),
      withApproval(mappingText(WORDS), { name: "Bo", date: "2026-01-02" }),
    );
    const before = await sha(store());

    const study = join(folder, "study.yaml");
    await propool("study", "new", study);
    const planned = await plan("--study", study);
    expect(await sha(store())).toBe(before);
    expect(planned.applied).toBe(false);
    expect(planned).toMatchObject({ hasNewFiles: false, isFirst: false });
    // Only what changed since the approval is asked about again.
    expect(planned.approval).toMatchObject({ name: "Bo", date: "2026-01-02" });
    expect(planned.approval?.since).toEqual(planned.mapping);
    expect(planned.mapping).toContainEqual({
      file: "mapping.yaml",
      pointer: "files.0.instruments.0.items.PHQ9_1.words.4",
      change: "added",
      before: null,
      after: "3",
    });
    // The second instrument is not mapped any more: its rows go, though no export withdraws them.
    expect(planned.tables.find(({ table }) => table === "pro_collection")).toMatchObject({
      removed: 24,
      added: 0,
    });
    expect(planned.patients).toBe(24);
    // 4 was no answer: those sums could not be computed. All others fall by one for each item.
    const phq = planned.scores.find(({ instrument }) => instrument === "phq-9");
    expect(phq).toMatchObject({
      score: "total",
      before: 16,
      after: 24,
      moved: 16,
      meanShift: -9,
      largestShift: -9,
    });
    expect(planned.scores.find(({ instrument }) => instrument === "gad-7")).toMatchObject({
      before: 24,
      after: 0,
    });
    expect(planned.issues).toContainEqual(
      expect.objectContaining({ code: "MAPPING_ANSWER_NOT_IN_LIST", after: 0 }),
    );
    expect(planned.studies[0]?.numbers).toBeGreaterThan(0);

    const done = await plan("--apply", "--reviewed", "Ann Lee");
    expect(done.approval).toMatchObject({ name: "Ann Lee", date: TODAY, since: [] });
    expect(done).toMatchObject({
      applied: true,
      tables: planned.tables,
      scores: planned.scores,
      patients: 24,
    });
    expect(await difference(old, store())).toEqual(planned.tables);
    const { out } = await propool("plan", site, "--undo");
    expect(out).toContain("restored: store, mapping.yaml");
    expect(await difference(old, store())).toEqual([]);
    expect(await readFile(mapping(), "utf8")).toBe(first);
    expect(await readFile(`${mapping()}.undone`, "utf8")).toContain("Ann Lee");
    expect((await propool("plan", site, "--undo")).exitCode).toBe(10);
  }, 240_000);

  it("of a mapping that was not edited changes nothing by itself, and says when new files do", async () => {
    const file = join(site, "export", "survey.csv");
    await writeFile(file, `${await readFile(file, "utf8")}k99,2025-05-01${",1".repeat(16)}\n`);
    const found = await plan();
    expect(found).toMatchObject({ hasNewFiles: true, mapping: [], patients: 1 });
    expect(found.approval).toMatchObject({ name: "Bo", since: [] });
  }, 120_000);
});

it("a first plan is told as one, not as a hundred edits that nobody made", () => {
  const pointer = "files.0.match";
  const change = { file: "mapping.yaml", pointer, change: "added", before: null, after: "a.csv" };
  const nothing = {
    tables: [],
    patients: 0,
    scores: [],
    issues: [],
    leftOut: { codes: [], rare: 0 },
    studies: [],
  };
  const first = { ...nothing, site: "NORTH", applied: false, isFirst: true, hasNewFiles: false };
  const told = planText({ ...first, mapping: [change], approval: null } as Plan, "north");
  expect(told).toMatch(/^NORTH: a first plan\. No mapping was applied here before/);
  expect(told).not.toContain(pointer);
  expect(told).toContain("propool run north loads them");
});

it("an approval is written without touching another line", () => {
  const approval = { name: 'A "B" C', date: "2026-01-01" };
  const line = 'reviewed: { name: "A \\"B\\" C", date: 2026-01-01 }';
  expect(withApproval("# c\nreviewed: null\nfiles: []\n", approval)).toBe(
    `# c\n${line}\nfiles: []\n`,
  );
  expect(withApproval("# c\nfiles: []\n", approval)).toBe(`# c\n${line}\nfiles: []\n`);
  expect(withApproval("reviewed:\n  name: x\n  date: y\nfiles: []\n", approval)).toBe(
    `${line}\nfiles: []\n`,
  );
});

it("changes are those of meaning: comments, order of lines and quotes do not count", () => {
  const changes = mappingChanges(
    { "m.yaml": "a: 1\nb: [x, y]\n" },
    { "m.yaml": "# new\nb: ['x', z]\na: 1\n" },
  );
  expect(changes).toEqual([
    { file: "m.yaml", pointer: "b.1", change: "changed", before: "y", after: "z" },
  ]);
});
