import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { Command } from "commander";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { addPool } from "../../cli/commands/pool.ts";
import { addQuery } from "../../cli/commands/query.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { hubFor, SMALL_STORE, send, type TestHub } from "../support/submission.ts";

interface Outcome {
  out: string;
  err: string;
  error: { code: string; hint?: string; exitCode: number } | null;
}

async function run(...argv: string[]): Promise<Outcome> {
  const streams = { out: new PassThrough(), err: new PassThrough(), in: new PassThrough() };
  const program = new Command().exitOverride();
  program.configureOutput({ writeErr: () => {}, writeOut: (help) => streams.out.write(help) });
  for (const add of [addPool, addQuery]) add(program, { ...streams, env: {}, tty: false });
  for (const command of program.commands) command.exitOverride().copyInheritedSettings(program);
  const written = Promise.all([text(streams.out), text(streams.err)]);
  const error = await program.parseAsync(argv, { from: "user" }).then(
    () => null,
    (reason) => reason,
  );
  streams.out.end();
  streams.err.end();
  const [out, err] = await written;
  return { out, err, error };
}

async function sendFrom(hub: TestHub, site: string): Promise<void> {
  const key = hub.keys[site] ?? Object.values(hub.keys)[0];
  if (key) await send(SMALL_STORE, { outbox: hub.inbox, key, site });
}

describe("propool pool", () => {
  let hub: TestHub;
  beforeEach(async () => {
    hub = await hubFor(["SITEA", "SITEB"]);
    await sendFrom(hub, "SITEA");
  });
  afterEach(() => hub.remove());

  it("prints rows a table and site on stdout, stages on stderr", async () => {
    const { out, err, error } = await run("pool", hub.directory);
    expect(error).toBeNull();
    expect(out).toMatch(/^accepted: SITEA submission 1\npublished in/);
    expect(out).toMatch(/^pro_cm +3$/m);
    expect(err).toMatch(/^SITEA: load /m);
    expect((await run("pool", hub.directory)).out).toMatch(/^nothing new/);
  });

  it("ends with exit code 16 when a submission was refused, after loading the others", async () => {
    await sendFrom(hub, "SITEC");
    const { out, error } = await run("pool", hub.directory);
    expect(error).toMatchObject({ code: "SUBMISSION_REFUSED", exitCode: 16 });
    expect(out).toMatch(/^refused: SITEC-000001, SUBMISSION_UNKNOWN_SITE/m);
    expect(out).toMatch(/^pro_cm +3$/m);
  });

  it("prints the report as JSON alone", async () => {
    const { out, err } = await run("pool", hub.directory, "--json");
    expect(JSON.parse(out)).toMatchObject({ accepted: [{ site: "SITEA", sequence: 1 }] });
    expect(err).toBe("");
  });
});

describe("propool query", () => {
  let hub: TestHub;
  let files: string;
  beforeAll(async () => {
    hub = await hubFor(["SITEA", "SITEB"]);
    await sendFrom(hub, "SITEA");
    await sendFrom(hub, "SITEB");
    await run("pool", hub.directory);
    files = await mkdtemp(join(tmpdir(), "propool-query-"));
  });
  afterAll(async () => {
    await hub.remove();
    await rm(files, { recursive: true, force: true });
  });

  const FEMALE = ["--measure", "phq-9", "--score", "total", "--sex", "F"];

  it.each([
    ["nothing", [], 4],
    ["a measure, score and sex", FEMALE, 2],
    ["a measure that nobody answered", ["--measure", "gad-7"], 0],
    ["a site", ["--site", "SITEB"], 2],
    ["a first day", ["--from", "2024-02-02"], 2],
    ["a last day, which counts", ["--to", "2024-02-01"], 2],
    ["a limit", ["--limit", "3"], 3],
  ])("asked for %s %j gives %i rows", async (_, options, rows) => {
    const { out } = await run("query", hub.directory, ...options, "--json");
    expect(JSON.parse(out)).toHaveLength(rows);
  });

  it("prints an aligned table", async () => {
    const sql = "SELECT patid, value, method FROM pro_score WHERE datamartid = 'SITEA' ORDER BY 1";
    const { out, err } = await run("query", hub.directory, sql);
    expect(out).toBe(
      ["patid  value  method", "-----  -----  ------", "P1        12", "P2         7", ""].join(
        "\n",
      ),
    );
    expect(err).toBe("2 rows\n");
  });

  it("says that there are more rows than it shows", async () => {
    const { err } = await run("query", hub.directory, "--limit", "1");
    expect(err).toBe("1 row; there are more: --limit or --out\n");
  });

  it("prints numbers as numbers in JSON", async () => {
    const { out } = await run("query", hub.directory, ...FEMALE, "--site", "SITEA", "--json");
    expect(JSON.parse(out)).toEqual([
      {
        datamartid: "SITEA",
        patid: "P1",
        pro_seq: "S1",
        instrument: "phq-9",
        score: "total",
        value: 12,
        scale: "raw",
        decimals: 0,
        pro_date: "2024-02-01",
        method: null,
        mode: null,
        origin: "computed",
        status: null,
        items_missing: null,
        confidence: null,
        sex: "F",
      },
    ]);
  });

  it("writes CSV with what needs quotes in quotes, null empty and an empty text quoted", async () => {
    const file = join(files, "rows.csv");
    const sql = `SELECT 'a,b' AS "x ""y""", '' AS nothing, NULL AS missing, 1.50::DECIMAL(5,2) AS n`;
    const { out, err } = await run("query", hub.directory, sql, "--out", file);
    expect(await readFile(file, "utf8")).toBe('"x ""y""",nothing,missing,n\r\n"a,b","",,1.5\r\n');
    expect(out).toBe("");
    expect(err).toBe(`1 row written to ${file}\n`);
  });

  it("writes Parquet with the warehouse's own types", async () => {
    const file = join(files, "rows.parquet");
    const { error } = await run("query", hub.directory, ...FEMALE, "--out", file);
    expect(error).toBeNull();
    const db = await DuckDb.open(":memory:");
    const rows = await db.all(
      `SELECT patid, value = 12 AS same, typeof(value) AS number, typeof(pro_date) AS day
       FROM read_parquet('${file}') WHERE datamartid = 'SITEA'`,
    );
    db.close();
    expect(rows).toEqual([{ patid: "P1", same: true, number: "DECIMAL(15,8)", day: "DATE" }]);
  });

  it("leaves no half-written file when the query fails", async () => {
    const folder = await mkdtemp(join(files, "failed-"));
    const sql = "SELECT error('stop') FROM pro_cm";
    const { error } = await run("query", hub.directory, sql, "--out", join(folder, "rows.csv"));
    expect(error).not.toBeNull();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ["an unknown ending", ["--out", "rows.xls"], "USAGE_OUT"],
    ["a SELECT with cohort options", ["SELECT 1", "--sex", "F"], "USAGE_QUERY"],
    ["a day that is none", ["--from", "2024-02-30"], "commander.invalidArgument"],
    ["a measure that is no id", ["--measure", "x' OR '1'='1"], "commander.invalidArgument"],
    ["a change", ["DELETE FROM pro_cm"], "WAREHOUSE_READ_ONLY"],
  ])("refuses %s", async (_, options, code) => {
    const { error, out } = await run("query", hub.directory, ...options);
    expect(error?.code).toBe(code);
    expect(out).toBe("");
  });

  it("says what to do while there is no warehouse", async () => {
    const empty = await hubFor(["SITEA"]);
    const { error } = await run("query", empty.directory);
    await empty.remove();
    expect(error).toMatchObject({
      code: "WAREHOUSE_MISSING",
      hint: expect.stringContaining("propool pool"),
      exitCode: 15,
    });
  });

  it.each(["pool", "query"])("help of %s ends in two examples", async (command) => {
    const { out } = await run(command, "--help");
    expect(out.match(/^ {2}\$ propool /gm)).toHaveLength(2);
  });
});
