import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSiteKeys } from "../../pipelines/privacy/keys.ts";
import type { StudyResults } from "../../pipelines/study.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { storeOf } from "../golden/study/cohorts.ts";
import { differences } from "../golden/study/differences.ts";
import { DESCRIPTIVE_STUDY, NETWORK_STUDY, network } from "../golden/study/network.ts";
import { propool } from "../support/command.ts";

const SITES = ["A", "B", "C", "D"] as const;
const people = network(SITES, 420);
let directory: string;
const at = (...path: string[]) => join(directory, ...path);
let hubKey: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "propool-exchange-"));
  const sites: string[] = [];
  for (const site of SITES) {
    await mkdir(at(site, "store"), { recursive: true });
    const { publicKey } = await createSiteKeys(at(site, "keys"));
    await writeFile(
      at(site, "site.yaml"),
      `site: ${site}\nname: Site ${site}\nnetwork: NET\nformat: fhir\n`,
    );
    (
      await storeOf(
        people.filter((one) => one.site === site),
        at(site, "store", "store.duckdb"),
      )
    ).close();
    sites.push(`  - { site: ${site}, public_key: "${publicKey}", inbox: inbox/${site} }\n`);
  }
  // A site that never answers.
  const silent = (await createSiteKeys(at("E", "keys"))).publicKey;
  sites.push(`  - { site: E, public_key: "${silent}", inbox: inbox/E }\n`);
  await mkdir(at("hub", "warehouse"), { recursive: true });
  await mkdir(at("shared"));
  await writeFile(at("hub", "hub.yaml"), `network: NET\nname: Net\nsites:\n${sites.join("")}`);
  (await storeOf(people, at("hub", "warehouse", "warehouse.duckdb"))).close();
  await writeFile(at("study.yaml"), NETWORK_STUDY);
  await writeFile(at("short.yaml"), DESCRIPTIVE_STUDY);
  const packed = await study(
    "package",
    at("study.yaml"),
    "--hub",
    at("hub"),
    "--out",
    at("package.json"),
    "--json",
  );
  hubKey = JSON.parse(packed.out).signed_by;
}, 120_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

const study = (...argv: string[]) => propool("study", ...argv);
const answer = (site: string, ...more: string[]) =>
  study("answer", at("package.json"), "--on", at(site), "--hub-key", hubKey, ...more);
const collect = async (...more: string[]) => {
  const told = await study(
    "collect",
    at("package.json"),
    at("shared"),
    "--hub",
    at("hub"),
    "--json",
    ...more,
  );
  const states = new Map(
    told.err
      .split("\n")
      .map((line) => /^([A-E?])\s+(\w+)/.exec(line))
      .flatMap((found) => (found ? [[found[1] ?? "", found[2] ?? ""] as const] : [])),
  );
  return { told, states, results: JSON.parse(told.out || "null") as StudyResults };
};

describe("a study package", () => {
  test("a dry run shows what would leave and writes nothing", async () => {
    const { out, err, exitCode } = await answer("A", "--dry-run");
    expect({ exitCode }).toEqual({ exitCode: 0 });
    expect(err).toMatch(/nothing is written; \d+ bytes would leave/);
    expect(out).toContain("summaries combined from A");
    expect((await collect()).states.get("A")).toBe("missing");
  });

  test.each([
    [
      "a package that was changed",
      '"answer_by": "2020-01-01", "network"',
      /SUBMISSION_TAMPERED|SUBMISSION/,
    ],
  ])("%s is refused", async (_, inserted, code) => {
    const source = await readFile(at("package.json"), "utf8");
    await writeFile(at("changed.json"), source.replace('"network"', inserted));
    const told = await study("answer", at("changed.json"), "--on", at("A"), "--dry-run");
    expect(told.exitCode).toBe(16);
    expect(told.err).toMatch(code);
  });

  test("a package of another hub is refused", async () => {
    const told = await study(
      "answer",
      at("package.json"),
      "--on",
      at("A"),
      "--dry-run",
      "--hub-key",
      "A".repeat(43).concat("="),
    );
    expect(told.exitCode).toBe(16);
  });
});

describe("answers of every kind", () => {
  beforeAll(async () => {
    for (const site of ["A", "C", "D"]) {
      expect((await answer(site, "--out", at("shared", `${site}.json`))).exitCode).toBe(0);
    }
    const refused = await answer(
      "B",
      "--refuse",
      "the board said no",
      "--out",
      at("shared", "B.json"),
    );
    expect(refused.exitCode).toBe(0);
  }, 120_000);

  test("in, refusing, tampered, missing and duplicate are told apart, and results say who is in", async () => {
    const kept = await readFile(at("shared", "C.json"), "utf8");
    await writeFile(at("shared", "C.json"), kept.replace(/("people": "\d*)\d"/, '$19"'));
    await writeFile(at("shared", "D-again.json"), await readFile(at("shared", "D.json"), "utf8"));
    const { told, states, results } = await collect();
    // Of two files of one site the first one by name counts.
    const again = told.err.split("\n").filter((line) => line.startsWith("D "));
    expect(again).toEqual([
      expect.stringMatching(/^D +in .*D-again\.json/),
      expect.stringMatching(/^D +duplicate .*D\.json +the same answer is .*D-again\.json/),
    ]);
    expect(Object.fromEntries(states)).toMatchObject({
      A: "in",
      B: "refusing",
      C: "tampered",
      E: "missing",
    });
    expect(results.sites).toEqual(["A", "D"]);
    expect(results.missing.map(({ site, reason }) => [site, reason.split(":")[0]])).toEqual([
      ["B", "refusing"],
      ["C", "tampered"],
      ["E", "missing"],
    ]);
    expect(results.outcomes[0]?.rows[0]).toMatchObject({
      estimate: "people",
      value: 840,
      sites: ["A", "D"],
    });
    await writeFile(at("shared", "C.json"), kept);
    await rm(at("shared", "D-again.json"));
  });

  test("an answer to an earlier version of the study is outdated", async () => {
    const kept = await readFile(at("shared", "D.json"), "utf8");
    await writeFile(at("older.yaml"), `${NETWORK_STUDY}# older\n`);
    await study("run", at("older.yaml"), "--on", at("D"), "--summary", at("shared", "D.json"));
    expect((await collect()).states.get("D")).toBe("outdated");
    await writeFile(at("shared", "D.json"), kept);
  });

  test("an answer after the day is late, and counts when the hub says so", async () => {
    await study(
      "package",
      at("study.yaml"),
      "--hub",
      at("hub"),
      "--out",
      at("urgent.json"),
      "--answer-by",
      "2020-01-01",
    );
    await mkdir(at("urgent"));
    await study("answer", at("urgent.json"), "--on", at("A"), "--out", at("urgent", "A.json"));
    const ask = ["collect", at("urgent.json"), at("urgent"), "--hub", at("hub"), "--json"];
    const late = JSON.parse((await study(...ask)).out) as StudyResults;
    expect(late.sites).toEqual([]);
    expect(late.missing.find(({ site }) => site === "A")?.reason).toMatch(/^late: made on/);
    const accepted = JSON.parse((await study(...ask, "--accept-late")).out) as StudyResults;
    expect(accepted.sites).toEqual(["A"]);
  });

  test("rounds by files end at the fit that the pooled rows give, to 1e-10", async () => {
    await answer("B", "--out", at("shared", "B.json"));
    const folder = ["--folder", at("rounds")];
    const hub = () =>
      study(
        "round",
        at("package.json"),
        "--hub",
        at("hub"),
        "--answers",
        at("shared"),
        ...folder,
        "--json",
      );
    let rounds = 0;
    for (;;) {
      const status = JSON.parse((await hub()).out);
      if (status.state === "done") break;
      expect(status.state).toBe("asked");
      // Asked again before the answers are there, nothing changes.
      if (rounds === 0) expect(JSON.parse((await hub()).out).state).toBe("waiting");
      for (const site of status.waitingFor) {
        const told = await study(
          "round",
          status.file,
          "--on",
          at(site),
          ...folder,
          "--hub-key",
          hubKey,
        );
        expect(told.exitCode).toBe(0);
      }
      rounds++;
      expect(rounds).toBeLessThan(15);
    }
    const { results } = await collect("--rounds", at("rounds"));
    const pooled = JSON.parse(
      (await study("run", at("study.yaml"), "--on", at("hub"), "--json")).out,
    ) as StudyResults;
    expect(results.sites).toEqual([...SITES]);
    let largest = 0;
    for (const model of pooled.outcomes[0]?.models ?? []) {
      const other = results.outcomes[0]?.models.find(({ id }) => id === model.id);
      expect({ id: model.id, state: other?.state }).toEqual({ id: model.id, state: "fitted" });
      for (const [i, { value, se }] of (model.fit?.coefficients ?? []).entries()) {
        const theirs = other?.fit?.coefficients[i];
        largest = Math.max(largest, differences([theirs?.value, theirs?.se], [value, se]));
      }
    }
    expect(largest).toBeLessThan(1e-10);
    const again = await study("round", at("rounds", "round-01.json"), "--on", at("A"), ...folder);
    expect(again.exitCode).toBe(0);
  }, 120_000);

  test("another request under the number of an answered round is refused", async () => {
    const signed = await study(
      "round",
      at("package.json"),
      "--hub",
      at("hub"),
      "--answers",
      at("shared", "A.json"),
      "--folder",
      at("other"),
      "--json",
    );
    expect(signed.exitCode).toBe(0);
    const told = await study(
      "round",
      at("other", "round-01.json"),
      "--on",
      at("A"),
      "--folder",
      at("other"),
    );
    expect(told).toMatchObject({
      exitCode: 14,
      err: expect.stringContaining("DISCLOSURE_ROUND_TWICE"),
    });
  });
});

describe("results", () => {
  test("compare finds no difference before suppression, and says why there is one after", async () => {
    const told = await study(
      "compare",
      at("study.yaml"),
      "--on",
      at("hub"),
      "--with",
      ...SITES.map((site) => at(site)),
    );
    expect(told.exitCode).toBe(0);
    expect(told.out).toMatch(
      /Before suppression: \d{3} numbers compared, largest relative difference \d/,
    );
  });

  test("run proves on its own rows that the modes agree, and writes every format with a certificate", async () => {
    const files = ["csv", "parquet", "json", "html"].map((ending) => at(`out.${ending}`));
    const told = await study(
      "run",
      at("study.yaml"),
      "--on",
      at("hub"),
      "--check",
      "--out",
      ...files,
    );
    expect(told).toMatchObject({
      exitCode: 0,
      err: expect.stringMatching(/against all rows: \d{3} numbers/),
    });
    const certificate = JSON.parse(await readFile(at("out.html.certificate.json"), "utf8"));
    expect(certificate).toMatchObject({
      sites: [...SITES],
      study: { id: "everything" },
      cdm_version: "7.0",
    });
    expect(certificate.check.maxRelativeDifference).toBeLessThan(1e-10);
    const page = await readFile(at("out.html"), "utf8");
    for (const part of [
      "Distribution of the baseline score",
      "Mean score over time",
      "Sites compared by mean change",
      "Methods",
      "Hartung-Knapp",
    ]) {
      expect(page).toContain(part);
    }
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    const csv = await readFile(at("out.csv"), "utf8");
    expect(csv.split("\n")[0]).toContain(
      "instrument,score,scale,direction,flags,stratum,statistic,estimate",
    );
    expect(csv).toContain("model: responds");
  });

  test("explain says who is counted and prints SQL", async () => {
    const { out, exitCode } = await study("explain", at("study.yaml"));
    expect(exitCode).toBe(0);
    expect(out).toContain(
      "A person responds when the score falls by 50 % or more, among those who start at 10 or more.",
    );
    expect(out).toMatch(/WITH score AS[\s\S]*SELECT \* FROM cohort;/);
  });
});

describe("a store that changed by a few people since the answer", () => {
  beforeAll(async () => {
    const db = await DuckDb.open(at("D", "store", "store.duckdb"));
    await db.run("DELETE FROM demographic WHERE patid IN ('D1', 'D2', 'D3')");
    db.close();
  });

  test("answers no further round: its sums would tell of them", async () => {
    // As if the hub and the site had agreed to begin anew.
    await rm(at("D", "rounds"), { recursive: true });
    const request = at("rounds", "round-01.json");
    const told = await study("round", request, "--on", at("D"), "--folder", at("again"));
    expect(told.exitCode).toBe(0);
    expect(told.err).toContain("not answered: responds: too few people beside another release");
  });

  test("holds back what it showed before, says why, and answers a refreshed summary with hidden cells", async () => {
    const { err, out, exitCode } = await answer("D", "--dry-run");
    expect(exitCode).toBe(0);
    expect(err).toContain("phq-9 total, count: beside phq-9 total, count (people) in release 1");
    expect(out).toMatch(/all +count +suppressed/);
  });
});
