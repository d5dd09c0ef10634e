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
import type { StoreRows } from "../support/store.ts";
import { hubFor, type SigningKey, SMALL_STORE, send, type TestHub } from "../support/submission.ts";

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

/** The first person has a diagnosis and a procedure, and answered electronically. */
const WITH_CODES: StoreRows = {
  ...SMALL_STORE,
  demographic: SMALL_STORE.demographic?.map((one) => ({ ...one, birth_date: "1990-02-15" })) ?? [],
  pro_cm:
    SMALL_STORE.pro_cm?.map((one) => ({ ...one, pro_method: one.patid === "P1" ? "EC" : null })) ??
    [],
  condition: [{ patid: "P1", condition: "F32.1" }],
  procedures: [{ patid: "P1", px: "96127" }],
  hash_token: [{ patid: "P1", token_03: "T", token_encryption_key: "K" }],
};

async function sendFrom(hub: TestHub, site: string): Promise<void> {
  const key = hub.keys[site] ?? Object.values(hub.keys)[0];
  if (key) await send(WITH_CODES, { outbox: hub.inbox, key, site });
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
    // And a line of JSON a stage, for a log.
    const stages = err
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(stages.map(({ site, stage }) => `${site} ${stage}`)).toEqual([
      "SITEA verify",
      "SITEA load",
      "NET link people",
      "NET check",
    ]);
    expect(stages[1]).toMatchObject({ seconds: expect.any(Number), rows_out: 14 });
  });
});

describe("propool pool --publish", () => {
  it("goes back to an older publication until the newest is named again", async () => {
    const hub = await hubFor(["SITEA", "SITEB"]);
    const people = async () => {
      const sql = "SELECT count(*) AS n FROM demographic";
      return JSON.parse((await run("query", hub.directory, sql, "--json")).out)[0].n;
    };
    await sendFrom(hub, "SITEA");
    await run("pool", hub.directory);
    await sendFrom(hub, "SITEB");
    await run("pool", hub.directory);
    expect(await people()).toBe(4);
    expect((await run("pool", hub.directory, "--publish", "1")).error).toBeNull();
    expect(await people()).toBe(2);
    // The nights go on behind it.
    const key = hub.keys.SITEB as SigningKey;
    const more = {
      ...SMALL_STORE,
      demographic: [...(SMALL_STORE.demographic ?? []), { patid: "P3" }],
    };
    await send(more, { outbox: hub.inbox, key, site: "SITEB", sequence: 2 });
    expect((await run("pool", hub.directory)).error).toBeNull();
    expect(await people()).toBe(2);
    await run("pool", hub.directory, "--publish", "3");
    expect(await people()).toBe(5);
    expect((await run("pool", hub.directory, "--publish", "9")).error).toMatchObject({
      code: "WAREHOUSE_PUBLICATION",
      hint: "kept are 1, 2, 3",
    });
    const metrics = await readFile(join(hub.directory, "reports", "metrics.prom"), "utf8");
    expect(metrics).toMatch(/^propool_last_run_success\{node="NET"\} 1$/m);
    expect(metrics).toMatch(/^propool_submissions\{node="NET",state="accepted"\} 1$/m);
    await hub.remove();
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
    ["two measures", ["--measure", "phq-9", "gad-7"], 4],
    ["two sites", ["--site", "SITEA", "SITEB"], 4],
    ["an age that both have", ["--min-age", "33", "--max-age", "34"], 4],
    ["an age that nobody has", ["--min-age", "35"], 0],
    ["a diagnosis without its point", ["--condition", "F321"], 2],
    ["a family of diagnoses", ["--condition", "E11*", "F3*"], 2],
    ["a diagnosis that nobody has", ["--condition", "F33*"], 0],
    ["a procedure", ["--procedure", "96127"], 2],
    ["a method", ["--method", "EC"], 2],
    ["a mode that nobody used", ["--mode", "PR"], 0],
  ])("asked for %s %j gives %i rows", async (_, options, rows) => {
    const { out } = await run("query", hub.directory, ...options, "--json");
    expect(JSON.parse(out)).toHaveLength(rows);
  });

  it("prints an aligned table", async () => {
    const sql = "SELECT patid, value, method FROM pro_score WHERE datamartid = 'SITEA' ORDER BY 1";
    const { out, err } = await run("query", hub.directory, sql);
    expect(out).toBe(
      ["patid  value  method", "-----  -----  ------", "P1        12  EC", "P2         7", ""].join(
        "\n",
      ),
    );
    expect(err).toBe("2 rows\n");
  });

  it("says that there are more rows than it shows", async () => {
    const { err } = await run("query", hub.directory, "--limit", "1");
    expect(err).toContain("1 row; there are more: --limit or --out\n");
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
        method: "EC",
        mode: null,
        origin: "computed",
        status: null,
        items_missing: null,
        confidence: null,
        reason: null,
        link: null,
        standard_error: null,
        severity: null,
        direction: null,
        mid_low: null,
        mid_high: null,
        reference_mean: null,
        reference_sd: null,
        personid: "SITEA:P1",
        t_score: null,
        prorated: null,
        language: null,
        channel: null,
        setting: null,
        days_since_index: 0,
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

  it("says how many people a cohort is, beside the sites' records of them", async () => {
    const { err } = await run("query", hub.directory, ...FEMALE);
    expect(err).toBe("2 rows\nthe cohort: 1 person, 2 site records\n");
  });

  it("writes an Arrow stream that gives every value back", async () => {
    const file = join(files, "rows.arrow");
    const sql = `SELECT patid, value, pro_date, decimals, value > 10 AS high, 1e0 / 3 AS third, count(*) OVER () AS n,
        method, (-1.5)::DECIMAL(5,2) AS below FROM pro_score WHERE datamartid = 'SITEA' ORDER BY patid`;
    const { error } = await run("query", hub.directory, sql, "--out", file);
    expect(error).toBeNull();
    const { tableFromIPC } = await import("apache-arrow");
    const table = tableFromIPC(await readFile(file));
    expect(table.schema.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "patid Utf8",
      "value Decimal[15e+8]",
      "pro_date Date32<DAY>",
      "decimals Int32",
      "high Bool",
      "third Float64",
      "n Int64",
      "method Utf8",
      "below Decimal[5e+2]",
    ]);
    const first = table.get(0)?.toJSON();
    expect({
      ...first,
      value: first?.value.toString(),
      below: BigInt.asIntN(128, BigInt(first?.below)),
    }).toEqual({
      patid: "P1",
      value: "1200000000",
      pro_date: Date.UTC(2024, 1, 1),
      decimals: 0,
      high: true,
      third: 1 / 3,
      n: 2n,
      method: "EC",
      below: -150n,
    });
    expect(table.numRows).toBe(2);
  });

  it("writes an Arrow stream of no rows with its columns", async () => {
    const file = join(files, "none.arrow");
    await run("query", hub.directory, "--measure", "gad-7", "--out", file);
    const { tableFromIPC } = await import("apache-arrow");
    const table = tableFromIPC(await readFile(file));
    expect(table.numRows).toBe(0);
    expect(table.schema.fields.map(({ name }) => name)).toContain("value");
  });

  it("keeps linked scores apart, and mixes scales only when told so", async () => {
    const linked = await hubFor(["SITEA"]);
    const rows = structuredClone(SMALL_STORE);
    Object.assign(rows.pro_cm_detail?.[1] ?? {}, {
      origin: "linked",
      scale: "t",
      preferred: false,
    });
    await send(rows, { outbox: linked.inbox, key: linked.keys.SITEA as SigningKey });
    await run("pool", linked.directory);
    const ask = async (...options: string[]) =>
      run("query", linked.directory, "--measure", "phq-9", "--json", ...options);
    expect(JSON.parse((await ask()).out)).toHaveLength(1);
    expect((await ask("--include-linked")).error).toMatchObject({
      code: "USAGE_MIXED_SCALES",
      message: "phq-9 total lies on several scales: linked t, raw",
    });
    const both = JSON.parse((await ask("--include-linked", "--mix-scales")).out);
    expect(both.map(({ origin }: { origin: string }) => origin).sort()).toEqual([
      "computed",
      "linked",
    ]);
    await linked.remove();
  });

  it("writes Parquet with the warehouse's own types", async () => {
    const file = join(files, "rows.parquet");
    const { error } = await run("query", hub.directory, ...FEMALE, "--out", file);
    expect(error).toBeNull();
    const db = await DuckDb.open(":memory:", { small: true });
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
