import { createHash } from "node:crypto";
import { chmod, cp, mkdir, readFile, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { propool } from "../support/command.ts";
import {
  FORMATS,
  type Format,
  IDENTIFIERS,
  siteIn,
  type TestSite,
  temporary,
} from "../support/site.ts";
import { filesIn, leftovers, placesOf, totals } from "../support/site-look.ts";

// A night takes a second here, and many on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TODAY = ["--today", "2024-06-01"];

let directory: string;
let remove: () => Promise<void>;
const done = {} as Record<Format, TestSite>;
beforeAll(async () => {
  ({ directory, remove } = await temporary());
  for (const format of FORMATS) {
    done[format] = await siteIn(directory, format);
    const { exitCode } = await propool("run", done[format].directory, ...TODAY);
    expect(exitCode).toBe(0);
  }
});
afterAll(() => remove());

let number = 0;
/** A copy of a site that had a good night. */
async function siteAfterANight(format: Format): Promise<TestSite> {
  const site = await done[format].copyTo(join(directory, `copy-${++number}`));
  await rm(site.path("identified"), { recursive: true, force: true });
  return site;
}

/** Digests of everything that a night publishes; that it failed is what the metrics say. */
async function published(site: TestSite): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const folder of ["store", "outbox", "reports"]) {
    for (const file of await filesIn(site.path(folder))) {
      if (file === "metrics.prom") continue;
      const bytes = await readFile(site.path(folder, file));
      digests[`${folder}/${file}`] = createHash("sha256").update(bytes).digest("hex");
    }
  }
  return digests;
}

interface Case {
  title: string;
  format?: Format;
  /** What goes wrong after a good night. */
  spoil: (site: TestSite) => Promise<unknown>;
  exitCode: number;
  code: string;
  where: RegExp;
  hint: RegExp;
}

const replaceIn = async (site: TestSite, file: string, from: string | RegExp, to: string) =>
  site.write(file, (await readFile(site.path(file), "utf8")).replace(from, to));

const CONFIGURATION: Case[] = [
  {
    title: "a folder without site.yaml",
    spoil: (site) => rm(site.path("site.yaml")),
    exitCode: 10,
    code: "CONFIG_SITE",
    where: /site\.yaml/,
    hint: /propool init/,
  },
  {
    title: "a key that site.yaml does not have",
    spoil: (site) => replaceIn(site, "site.yaml", "privacy: shifted", "privcay: shifted"),
    exitCode: 10,
    code: "CONFIG_SITE",
    where: /site\.yaml line \d+/,
    hint: /did you mean privacy\?/,
  },
  {
    title: "a site.yaml that is no YAML",
    spoil: (site) => site.write("site.yaml", "site: [FHIR\nname: x\n"),
    exitCode: 10,
    code: "CONFIG_SITE",
    where: /site\.yaml line \d/,
    hint: /indent/,
  },
  {
    title: "a privacy profile that does not exist",
    spoil: (site) => replaceIn(site, "site.yaml", "privacy: shifted", "privacy: none"),
    exitCode: 10,
    code: "CONFIG_PRIVACY",
    where: /none\.yaml/,
    hint: /check the name/,
  },
  {
    title: "a csv site without its mapping file",
    format: "csv",
    spoil: (site) => rm(site.path("mapping.yaml")),
    exitCode: 11,
    code: "MAPPING_CSV",
    where: /mapping\.yaml/,
    hint: /propool init/,
  },
  {
    title: "a mapping of a column that the file lacks",
    format: "csv",
    spoil: (site) => replaceIn(site, "mapping.yaml", "mrn: mrn", "mrn: chart_number"),
    exitCode: 11,
    code: "MAPPING_MISSING_COLUMN",
    where: /patients\.csv|mapping/,
    hint: /./,
  },
  {
    title: "a token key other than the store's",
    spoil: (site) => site.write("keys/token.key", "5".repeat(64)),
    exitCode: 10,
    code: "CONFIG_KEY_CHANGED",
    where: /store\.duckdb/,
    hint: /restore the right keys\/token\.key/,
  },
  {
    title: "a key file that is gone",
    spoil: (site) => rm(site.path("keys/token.key")),
    exitCode: 10,
    code: "CONFIG_KEY",
    where: /token\.key/,
    hint: /restore/,
  },
  {
    title: "a key that others can read",
    spoil: (site) => chmod(site.path("keys/token.key"), 0o644),
    exitCode: 10,
    code: "CONFIG_KEY",
    where: /token\.key/,
    hint: /chmod 600/,
  },
];

const STORE: Case[] = [
  { title: "cut to nothing", bytes: 0 },
  { title: "cut in its header", bytes: 5_000 },
  { title: "cut in the middle", bytes: 300_000 },
].map(({ title, bytes }) => ({
  title: `a store that was ${title}`,
  spoil: (site) => truncate(site.path("store/store.duckdb"), bytes),
  exitCode: 15,
  code: "WAREHOUSE_DAMAGED",
  where: /store\.duckdb/,
  hint: /backup.*--full/,
}));

const EXPORT: Case[] = [
  {
    title: "an export folder that is gone",
    spoil: (site) => rm(site.path("export"), { recursive: true }),
    exitCode: 12,
    code: "SOURCE_MISSING",
    where: /export/,
    hint: /create it/,
  },
  {
    title: "an empty export folder",
    spoil: async (site) => {
      await rm(site.path("export"), { recursive: true });
      await mkdir(site.path("export"));
    },
    exitCode: 12,
    code: "SOURCE_NOTHING",
    where: /export/,
    hint: /the folder is empty/,
  },
  {
    title: "csv files at a fhir site",
    spoil: async (site) => {
      await rm(site.path("export"), { recursive: true });
      await cp(done.csv.path("export"), site.path("export"), { recursive: true });
    },
    exitCode: 12,
    code: "SOURCE_NOTHING",
    where: /export/,
    hint: /format: in site\.yaml/,
  },
  {
    title: "FHIR under the name of a csv file",
    format: "csv",
    spoil: (site) => cp(done.fhir.path("export/Patient.ndjson"), site.path("export/patients.csv")),
    exitCode: 12,
    code: "SOURCE_WRONG_FORMAT",
    where: /patients\.csv/,
    hint: /export it as CSV/,
  },
  {
    title: "csv files under the names of FHIR",
    spoil: async (site) => {
      await cp(done.csv.path("export/patients.csv"), site.path("export/Patient.ndjson"));
      await cp(
        done.csv.path("export/survey.csv"),
        site.path("export/QuestionnaireResponse.ndjson"),
      );
    },
    exitCode: 12,
    code: "SOURCE_WRONG_FORMAT",
    where: /Patient\.ndjson/,
    hint: /format: in site\.yaml/,
  },
  {
    title: "web pages at a ccda site",
    format: "ccda",
    spoil: async (site) => {
      for (const file of await filesIn(site.path("export"))) {
        await site.write(`export/${file}`, "<html><body>Please log in, Quellmark</body></html>");
      }
    },
    exitCode: 12,
    code: "SOURCE_WRONG_FORMAT",
    where: /document-1\.xml/,
    hint: /format: in site\.yaml/,
  },
  {
    title: "an empty NDJSON file",
    spoil: (site) => site.write("export/Patient.ndjson", ""),
    exitCode: 12,
    code: "SOURCE_EMPTY",
    where: /Patient\.ndjson/,
    hint: /export it again/,
  },
  {
    title: "an empty csv file",
    format: "csv",
    spoil: (site) => site.write("export/patients.csv", ""),
    exitCode: 12,
    code: "SOURCE_EMPTY",
    where: /patients\.csv/,
    hint: /./,
  },
  {
    title: "a csv file that the mapping names and the export lacks",
    format: "csv",
    spoil: (site) => rm(site.path("export/patients.csv")),
    exitCode: 12,
    code: "SOURCE_MISSING_FILE",
    where: /patients\.csv/,
    hint: /export has finished/,
  },
  ...(["fhir", "csv"] as const).map((format) => ({
    title: `a half-written gzip file of a ${format} site`,
    format,
    spoil: async (site: TestSite) => {
      const name = format === "fhir" ? "Patient.ndjson" : "patients.csv";
      const packed = gzipSync(await readFile(site.path("export", name)));
      await site.write(`export/${name}.gz`, packed.subarray(0, packed.length >> 1));
      await rm(site.path("export", name));
      if (format === "csv")
        await replaceIn(site, "mapping.yaml", "match: patients.csv", "match: patients.csv.gz");
    },
    exitCode: 12,
    code: "SOURCE_UNREADABLE",
    where: /\.gz/,
    hint: /again/,
  })),
];

describe("a night ends with one clear message, and leaves what was published as it was, at", () => {
  it.each([...CONFIGURATION, ...STORE, ...EXPORT])("$title", async (one) => {
    const site = await siteAfterANight(one.format ?? "fhir");
    await one.spoil(site);
    const before = await published(site);
    const told = await propool("run", site.directory, ...TODAY);
    expect(told.err.match(/^propool: /gm), told.err).toHaveLength(1);
    expect(told.err).toContain(`(${one.code})`);
    expect(told.exitCode).toBe(one.exitCode);
    expect(told.err).toMatch(new RegExp(`^  where: .*${one.where.source}`, "m"));
    expect(told.err).toMatch(new RegExp(`^  do: .*${one.hint.source}`, "m"));
    expect(await published(site)).toEqual(before);
    expect(await leftovers(site)).toEqual([]);
    const secrets = [...IDENTIFIERS, "55555"];
    expect(secrets.filter((secret) => (told.err + told.out).includes(secret))).toEqual([]);
  });
});

describe("a damaged record is set aside by its place, and the rest loads:", () => {
  const LONG_LINE = `{"resourceType":"Patient","id":"person-40817","name":[{"family":"Quellmark"`;
  it.each([
    {
      title: "a half-written last line",
      format: "fhir" as const,
      file: "Patient.ndjson",
      change: (text: string) => `${text}${LONG_LINE}`,
      reason: "SOURCE_MALFORMED",
      place: /Patient\.ndjson line 4/,
    },
    {
      title: "a broken line in the middle",
      format: "fhir" as const,
      file: "Patient.ndjson",
      change: (text: string) => text.replace("\n", `\n${LONG_LINE}\n`),
      reason: "SOURCE_MALFORMED",
      place: /Patient\.ndjson line 2/,
    },
    {
      title: "a value of another type",
      format: "fhir" as const,
      file: "Patient.ndjson",
      change: (text: string) =>
        `${text}${JSON.stringify({ resourceType: "Patient", id: "person-40817", name: "Quellmark" })}\n`,
      reason: "SOURCE_WRONG_TYPE",
      place: /Patient\.ndjson line 4 at/,
    },
    {
      title: "a csv line with too few cells",
      format: "csv" as const,
      file: "patients.csv",
      change: (text: string) => `${text}person-40817,MRN0048213,Ottoline,Quell`,
      reason: "SOURCE_MALFORMED",
      place: /patients\.csv line 5/,
    },
    {
      title: "a quotation mark that never closes",
      format: "csv" as const,
      file: "patients.csv",
      change: (text: string) => `${text}person-40817,MRN0048213,"Ottoline,Quellmark\n`,
      reason: "SOURCE_MALFORMED",
      place: /patients\.csv line 5/,
    },
    {
      title: "a document that is cut short",
      format: "ccda" as const,
      file: "document-9.xml",
      change: () =>
        "<?xml version='1.0'?><ClinicalDocument xmlns='urn:hl7-org:v3'><recordTarget>Quellmark",
      reason: "SOURCE_MALFORMED",
      place: /document-9\.xml/,
    },
  ])("$title", async ({ format, file, change, reason, place }) => {
    const site = await siteAfterANight(format);
    const text = await readFile(site.path("export", file), "utf8").catch(() => "");
    await site.write(`export/${file}`, change(text));
    const told = await propool("run", site.directory, ...TODAY);
    expect(told.exitCode, told.err).toBe(0);
    const issue = told.out.split("\n").find((line) => line.includes(reason));
    expect(issue).toMatch(place);
    expect(await totals(site)).toEqual([1, 4, 8, 20]);
    expect(await placesOf(IDENTIFIERS, site, [told])).toEqual([]);
    expect(await leftovers(site)).toEqual([]);
  });
});

describe("the command line", () => {
  it.each([
    { argv: ["run", ".", "--today", "yesterday"], tells: /--today/ },
    { argv: ["run", ".", "--today", "2024-02-30"], tells: /YYYY-MM-DD/ },
    { argv: ["run", ".", "--today", "2024-6-1"], tells: /YYYY-MM-DD/ },
    { argv: ["rnu", "."], tells: /Did you mean run\?/ },
    { argv: ["run", ".", "--ful"], tells: /--full/ },
    { argv: ["run"], tells: /siteDir/ },
    { argv: ["init", "site", "x", "--format", "xml"], tells: /fhir, ccda, csv/ },
  ])("$argv is a usage error", async ({ argv, tells }) => {
    const told = await propool(...argv);
    expect(told.exitCode).toBe(2);
    expect(told.err).toMatch(tells);
    expect(told.out).toBe("");
  });

  it("without a command shows the help", async () => {
    const told = await propool();
    expect(told.exitCode).toBe(2);
    expect(told.err).toContain("Usage: propool");
  });

  it("refuses to make a site that no run could read", async () => {
    const told = await propool("init", "site", join(directory, "new"), "--site", "river-1");
    expect(told.exitCode).toBe(10);
    expect(told.err).toMatch(/capital letters or digits.*CONFIG_SITE/);
    expect(await filesIn(join(directory, "new"))).toEqual([]);
  });

  it("refuses to write over a site that is there", async () => {
    const site = await siteAfterANight("fhir");
    const configuration = await readFile(site.path("site.yaml"), "utf8");
    const told = await propool("init", "site", site.directory);
    expect(told.exitCode).toBe(10);
    expect(told.err).toContain("CONFIG_EXISTS");
    expect(await readFile(site.path("site.yaml"), "utf8")).toBe(configuration);
  });
});
