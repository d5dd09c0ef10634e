import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { propool } from "../support/command.ts";

/** A clinic where 260 people answered PHQ-9 and GAD-7 on one day, some of them twice. */
let site = "";
beforeAll(async () => {
  site = join(await mkdtemp(join(tmpdir(), "propool-instruments-")), "clinic");
  const made = await propool(
    "init",
    "site",
    site,
    "--format",
    "csv",
    "--site",
    "CLINIC",
    "--network",
    "N",
  );
  expect(made.exitCode, made.err).toBe(0);
  await writeFile(
    join(site, "mapping.yaml"),
    `source: a clinic of this test
files:
  - match: survey.csv
    kind: wide
    columns: { patient_key: id }
    person: { sex: sex }
    instruments:
      - instrument: phq-9
        answered_at: { column: day }
        items: { ${range(9, (n) => `PHQ9_${n}: p${n}`)} }
      - instrument: gad-7
        answered_at: { column: day }
        items: { ${range(7, (n) => `GAD7_${n}: g${n}`)} }
`,
  );
  const header = [
    "id",
    "sex",
    "day",
    ...range(9, (n) => `p${n}`).split(", "),
    ...range(7, (n) => `g${n}`).split(", "),
  ];
  const rows = Array.from({ length: 300 }, (_, i) => {
    const person = i % 260;
    const level = (person * 37) % 4;
    const answer = (n: number) =>
      Math.min(3, Math.max(0, level + (((person + i) * n * 7) % 3) - 1));
    const answers = Array.from({ length: 16 }, (_, n) => answer(n + 1));
    const day = i < 260 ? "2025-03-04" : "2025-06-04";
    return [`p${person}`, person % 2 ? "F" : "M", day, ...answers].join(",");
  });
  await writeFile(join(site, "export", "survey.csv"), `${header.join(",")}\n${rows.join("\n")}\n`);
  const yaml = await readFile(join(site, "site.yaml"), "utf8");
  await writeFile(join(site, "site.yaml"), `${yaml}\ncrosswalks: [phq-9-to-promis-depression]\n`);
  const night = await propool("run", site, "--today", "2026-01-01");
  expect(night.exitCode, night.err).toBe(0);
}, 120_000);
afterAll(() => rm(join(site, ".."), { recursive: true, force: true }));

const range = (count: number, one: (n: number) => string) =>
  Array.from({ length: count }, (_, i) => one(i + 1)).join(", ");

async function rows<T extends object>(sql: string): Promise<T[]> {
  const db = await DuckDb.open(":memory:", { small: true });
  try {
    await db.run(`ATTACH '${join(site, "store", "store.duckdb")}' AS store (READ_ONLY)`);
    await db.run("USE store");
    return await db.all<T>(sql);
  } finally {
    db.close();
  }
}

describe("linked scores", () => {
  it("are rows of their own, which the analyst's view does not have", async () => {
    const [linked] =
      await rows(`SELECT CAST(count(*) AS INTEGER) AS n, min(link) AS link, bool_or(preferred) AS preferred,
      CAST(count(severity) AS INTEGER) AS severities FROM pro_cm_detail WHERE origin = 'linked'`);
    expect(linked).toEqual({
      n: 300,
      link: "phq-9-to-promis-depression",
      preferred: false,
      severities: 0,
    });
    expect(await rows("SELECT DISTINCT instrument FROM pro_score ORDER BY 1")).toEqual([
      { instrument: "gad-7" },
      { instrument: "phq-9" },
    ]);
    expect(
      await rows(
        "SELECT DISTINCT instrument, origin FROM pro_score_with_linked WHERE link IS NOT NULL",
      ),
    ).toEqual([{ instrument: "promis-depression", origin: "linked" }]);
  });
});

describe("scores in the store", () => {
  it("carry severity, direction and MID, and a change says whether it passes the MID", async () => {
    const [score] =
      await rows(`SELECT severity, direction, CAST(mid_high AS DOUBLE) AS mid FROM pro_score
      WHERE instrument = 'phq-9' AND value >= 20 LIMIT 1`);
    expect(score).toEqual({ severity: "severe", direction: "worse", mid: 5 });
    const verdicts = await rows<{ passes_mid: string; least: number; most: number; n: number }>(
      `SELECT passes_mid, CAST(min(abs(change)) AS DOUBLE) AS least, CAST(max(abs(change)) AS DOUBLE) AS most,
        CAST(count(*) AS INTEGER) AS n
      FROM pro_score_change WHERE instrument = 'phq-9' GROUP BY ALL`,
    );
    expect(verdicts.reduce((sum, { n }) => sum + n, 0)).toBe(40);
    for (const { passes_mid, least, most } of verdicts)
      expect(passes_mid === "yes" ? least >= 5 : most < 5).toBe(true);
  });
});

describe("propool crosswalk derive", () => {
  it("writes a link that the site can use, and says how it was made", async () => {
    const { out, err, exitCode } = await propool(
      ...["crosswalk", "derive", site, "--from", "phq-9:total", "--to", "gad-7:total"],
      ...["--days", "0", "--replications", "30", "--today", "2026-01-01", "--json"],
    );
    expect(exitCode, err).toBe(0);
    const { crosswalk, rows: values } = JSON.parse(out);
    expect(crosswalk).toMatchObject({
      id: "phq-9-to-gad-7-derived",
      people: 260,
      confidence: "provisional",
      derived: { days: 0, replications: 30, seed: 1 },
      invariance: [{ by: "sex", groups: { F: 130, M: 130 } }],
    });
    expect(values).toHaveLength(28);
    expect(values.every(({ value }: { value: number }) => Number.isInteger(value))).toBe(true);
    const listed = await propool("crosswalk", "list", "--site", site);
    expect(listed.out).toContain("phq-9-to-gad-7-derived");
  });

  it("does not overwrite what is there", async () => {
    const again = await propool(
      "crosswalk",
      "derive",
      site,
      "--from",
      "phq-9:total",
      "--to",
      "gad-7:total",
    );
    expect(again.exitCode).toBe(10);
    expect(again.err).toContain("CONFIG_CROSSWALK");
  });

  it.each([
    ["fewer people than are asked for", ["--people", "261"]],
    ["nobody who answered both", ["--from", "phq-9:total", "--to", "promis-depression:t"]],
  ])("refuses with %s", async (_, options) => {
    const { err, exitCode } = await propool(
      ...["crosswalk", "derive", site, "--from", "gad-7:total", "--to", "phq-9:total", "--id", "x"],
      ...options,
    );
    expect(exitCode).toBe(13);
    expect(err).toContain("QUALITY_TOO_FEW_PEOPLE");
  });
});

describe("propool doctor", () => {
  it("finds nothing wrong with the clinic", async () => {
    const { out, exitCode } = await propool("doctor", site);
    expect(exitCode, out).toBe(0);
    expect(out).toMatch(/^ok +catalogue +\d+ instruments, 0 of them your own; 3 crosswalks$/m);
    expect(out).toMatch(/^ok +database +opens; 600 administrations$/m);
  });

  it("names what is wrong with an instrument of the clinic's own", async () => {
    await mkdir(join(site, "instruments"), { recursive: true });
    const file = join(site, "instruments", "peg-2.yaml");
    const peg = await propool("instruments", "peg", "--json");
    const [{ file: source }] = JSON.parse(peg.out);
    const text = (await readFile(source, "utf8")).replace("id: peg\n", "id: peg-2\n");
    await writeFile(
      file,
      text.replace("range: [0, 10]", "range: [0, 12]").replace('loinc: "91147-9"', ""),
    );
    const { out, exitCode } = await propool("doctor", site);
    await rm(file);
    expect(exitCode).toBe(10);
    expect(out).toContain("has the range 0,12, but its rule gives 0,10");
    expect(out).toContain(file);
  });
});

describe("propool export", () => {
  it.each([
    ["7.0", 18, "pro_name"],
    ["6.1", 27, "pro_measure_scaled_tscore"],
    ["3.0", 13, "pro_item"],
  ])("writes PRO_CM v%s", async (version, columns, name) => {
    const out = join(site, "..", `cdm-${version}`);
    const { err, exitCode } = await propool("export", site, "--cdm", version, "--out", out);
    expect(exitCode, err).toBe(0);
    const [header = "", ...lines] = (await readFile(join(out, "PRO_CM.csv"), "utf8"))
      .trim()
      .split("\r\n");
    expect(header.split(",")).toHaveLength(columns);
    expect(header).toContain(name);
    // Nine and seven answers and two totals each; v3.0 has none of these measures.
    expect(lines.filter(Boolean)).toHaveLength(version === "3.0" ? 0 : 300 * 18);
    expect(await readFile(join(out, "PRO_CM_DETAIL.csv"), "utf8")).not.toContain("linked");
  });

  it("writes linked scores of single people only when asked, and marks them", async () => {
    const out = join(site, "..", "cdm-linked");
    const { err, exitCode } = await propool("export", site, "--include-linked", "--out", out);
    expect(exitCode, err).toBe(0);
    const linesOf = async (file: string) =>
      (await readFile(join(out, file), "utf8")).trim().split("\r\n").slice(1);
    expect(await linesOf("PRO_CM.csv")).toHaveLength(300 * 19);
    const marked = (await linesOf("PRO_CM_DETAIL.csv")).filter((line) =>
      /,linked,.*,phq-9-to-promis-depression/.test(line),
    );
    expect(marked).toHaveLength(300);
  });
});

describe("propool instruments", () => {
  it("lists them, with what is provisional", async () => {
    const { out, exitCode } = await propool("instruments");
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^promis-sleep-disturbance-8a .*t \(provisional\)/m);
  });

  it("shows one with where each code was seen", async () => {
    const { out } = await propool("instruments", "phq-9", "--site", site);
    expect(out).toMatch(/54637-4 .*MDS 3\.0/);
    expect(out).toContain("MID: 5");
    expect(out).toContain("phq-9-to-gad-7-derived");
  });

  it("says which there are when it is asked for another", async () => {
    const { err, exitCode } = await propool("instruments", "phq9");
    expect(exitCode).toBe(10);
    expect(err).toContain("phq-9");
  });
});
