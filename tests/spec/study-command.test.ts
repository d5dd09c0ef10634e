import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addStudy } from "../../cli/commands/study.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { createSiteKeys } from "../../pipelines/privacy/keys.ts";
import { readStudy, type StudyResults } from "../../pipelines/study.ts";
import { storeOf, threeSites } from "../golden/study/cohorts.ts";

const SITES = ["A", "B", "C"] as const;
const STUDY = join(import.meta.dirname, "..", "golden", "study", "three-sites.yaml");

let directory: string;
const at = (...path: string[]) => join(directory, ...path);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "propool-study-command-"));
  const sites = [];
  for (const site of SITES) {
    await mkdir(at(site, "store"), { recursive: true });
    const { publicKey } = await createSiteKeys(at(site, "keys"));
    await writeFile(
      at(site, "site.yaml"),
      `site: ${site}\nname: Site ${site}\nnetwork: NET\nformat: fhir\n`,
    );
    const people = threeSites().filter((person) => person.site === site);
    (await storeOf(people, at(site, "store", "store.duckdb"))).close();
    sites.push(`  - { site: ${site}, public_key: "${publicKey}", inbox: inbox/${site} }\n`);
  }
  await mkdir(at("hub", "warehouse"), { recursive: true });
  await writeFile(at("hub", "hub.yaml"), `network: NET\nname: Net\nsites:\n${sites.join("")}`);
  (await storeOf(threeSites(), at("hub", "warehouse", "warehouse.duckdb"))).close();
}, 60_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

async function study(...argv: string[]): Promise<{ out: string; err: string; code: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const program = new Command().exitOverride();
  addStudy(program, { out, err, in: new PassThrough(), env: {}, tty: false });
  const code = await program.parseAsync(["study", ...argv], { from: "user" }).then(
    () => "done",
    (error) => (error instanceof ProError ? error.code : String(error)),
  );
  out.end();
  err.end();
  return { out: await text(out), err: await text(err), code };
}

const summaryFile = (site: string) => at(`three-sites-${site}.json`);

describe("study run", () => {
  test("on a hub prints every number with its people, sites and whether it is exact", async () => {
    const { out, code } = await study("run", STUDY, "--on", at("hub"));
    expect(code).toBe("done");
    const lines = out.split("\n").map((line) => line.replaceAll(/ {2,}/g, " | "));
    expect(lines).toContain("rows pooled from A, B, C");
    expect(lines).toContain("phq-9 total: 0 to 27 (raw), higher is worse");
    expect(lines).toContain("all | moments | mean | 7.2376 | 6.3999 to 8.0754 | 202 | all 3 | yes");
    expect(lines).toContain(
      "all | change | mean change | -2.0134 | -2.8303 to -1.1966 | 149 | all 3 | yes",
    );
  });

  test("on a site writes a signed summary for its owner and the hub only", async () => {
    for (const site of SITES) {
      const options = ["--on", at(site), "--summary", summaryFile(site)];
      const { out, err, code } = await study("run", STUDY, ...options);
      expect(code).toBe("done");
      expect(err).toContain("below is all it tells");
      expect(out).toContain(`summaries combined from ${site}`);
    }
    const { size } = await stat(summaryFile("A"));
    expect(size).toBeLessThan(20_000);
  });

  test("on a small site says what is suppressed", async () => {
    const { out } = await study("run", STUDY, "--on", at("C"));
    expect(out).toMatch(/suppressed/);
  });

  test.each([
    ["a folder of neither kind", ["--on", "EMPTY"], "CONFIG_FOLDER"],
    ["a summary of a hub", ["--on", "HUB", "--summary", "x.json"], "USAGE_STUDY"],
  ])("refuses %s", async (_, argv, code) => {
    const folders: Record<string, string> = { EMPTY: at("keys"), HUB: at("hub") };
    const options = argv.map((arg) => folders[arg] ?? arg);
    expect((await study("run", STUDY, ...options)).code).toBe(code);
  });

  test("says when a site has no store yet", async () => {
    await mkdir(at("NEW"), { recursive: true });
    await writeFile(at("NEW", "site.yaml"), "site: NEW\nname: New\nnetwork: NET\nformat: fhir\n");
    expect((await study("run", STUDY, "--on", at("NEW"))).code).toBe("WAREHOUSE_MISSING");
  });
});

describe("study combine", () => {
  const all = () => SITES.map(summaryFile);

  test("answers as the pooled rows do", async () => {
    const { out, err } = await study("combine", STUDY, ...all(), "--hub", at("hub"), "--json");
    expect(err).toBe("");
    const combined = JSON.parse(out) as StudyResults;
    const pooled = JSON.parse(
      (await study("run", STUDY, "--on", at("hub"), "--json")).out,
    ) as StudyResults;
    const moments = ({ outcomes }: StudyResults) =>
      outcomes[0]?.rows.filter((row) => row.stratum === "all" && row.statistic === "moments");
    expect(moments(combined)).toEqual(moments(pooled));
    expect(moments(combined)?.[0]?.value).toBe(7.237623762376238);
  });

  test("without a hub says that nobody checked who signed", async () => {
    const { err, code } = await study("combine", STUDY, ...all());
    expect(code).toBe("done");
    expect(err).toMatch(/not who signed/);
  });

  test("names a suppressed site beside the number", async () => {
    const { out } = await study("combine", STUDY, ...all(), "--hub", at("hub"));
    expect(out).toMatch(/\(suppressed at C\)/);
  });

  test("refuses a tampered summary and a site twice", async () => {
    const tampered = at("tampered.json");
    const source = await readFile(summaryFile("A"), "utf8");
    await writeFile(tampered, source.replace(/"people": "1/, '"people": "2'));
    const hub = ["--hub", at("hub")];
    expect((await study("combine", STUDY, tampered, ...hub)).code).toBe("SUBMISSION_TAMPERED");
    const twice = [summaryFile("A"), summaryFile("A"), ...hub];
    expect((await study("combine", STUDY, ...twice)).code).toBe("SUBMISSION_DUPLICATE_SITE");
  });
});

describe("study new", () => {
  test("writes a file that runs as it is, and never over another", async () => {
    const file = at("Depression 2024.yaml");
    expect((await study("new", file)).code).toBe("done");
    expect(await readStudy(file)).toMatchObject({ id: "depression-2024", strata: ["sex"] });
    expect((await study("run", file, "--on", at("hub"))).code).toBe("done");
    expect((await study("new", file)).code).toBe("CONFIG_STUDY");
  });
});
