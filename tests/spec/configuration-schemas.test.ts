import { glob, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, matchesGlob, normalize, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { csvMappingSchema } from "../../pipelines/adapters/csv/layout.ts";
import { instrumentSchema } from "../../pipelines/catalogue/instrument.ts";
import { parseYaml, placeInYaml } from "../../pipelines/configuration/read-yaml.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { mappingsDirectory } from "../../pipelines/core/mappings.ts";
import { initHub, initSite } from "../../pipelines/init.ts";
import { JSON_SCHEMAS, jsonSchemaText, schemaFile } from "../../pipelines/json-schemas.ts";

const NAMED = /^# yaml-language-server: \$schema=(\S+)\n/;
const files: string[] = [];
for await (const file of glob("**/*.yaml", { cwd: mappingsDirectory }))
  files.push(file.replaceAll("\\", "/"));

describe("the JSON Schema", () => {
  it.each(Object.keys(JSON_SCHEMAS))("of a %s file is what npm run schema writes", async (name) => {
    expect(await readFile(schemaFile(name), "utf8")).toBe(jsonSchemaText(name));
  });

  it.each(files)("of mappings/%s is named in its first line, and fits", async (file) => {
    const path = join(mappingsDirectory, file);
    const source = await readFile(path, "utf8");
    const named = normalize(join(dirname(path), NAMED.exec(source)?.[1] ?? ""));
    const kinds = Object.entries(JSON_SCHEMAS).filter(
      ([, kind]) => kind.files !== undefined && matchesGlob(file, kind.files),
    );
    expect(kinds.map(([name]) => schemaFile(name))).toEqual([named]);
    const schema = z.fromJSONSchema(JSON.parse(await readFile(named, "utf8")));
    expect(schema.safeParse(parse(source)).error?.issues ?? []).toEqual([]);
    expect(schema.safeParse({ ...parse(source), zzz: 1 }).success).toBe(false);
  });
});

describe("what propool init writes", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "propool-schemas-"));
    const template = { site: "RIVER", name: "River", network: "DEMO", format: "csv" as const };
    await initSite(join(folder, "site"), template);
    await initHub(join(folder, "hub"), { network: "DEMO", name: "Demo" });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ["site/site.yaml", "site"],
    ["site/mapping.yaml", "csv-mapping"],
    ["hub/hub.yaml", "hub"],
  ])("%s names a schema that lies beside it", async (file, name) => {
    const path = join(folder, file);
    const named = NAMED.exec(await readFile(path, "utf8"))?.[1] ?? "";
    expect(named).toMatch(/^\.schema\//);
    const beside = join(dirname(path), named);
    expect(await readFile(beside, "utf8")).toBe(jsonSchemaText(name));
    expect(relative(folder, beside)).not.toMatch(/^\.\./);
  });
});

describe("a mistake in a mapping", () => {
  const wide = (lines: string) =>
    `files:\n  - match: a.csv\n    kind: wide\n    columns: { patient_key: id }\n    instruments:\n      - instrument: phq-9\n${lines}`;
  const instrument = (item: string) =>
    `source: x\nreviewed: null\nid: a\nname: A\nversion: ""\nrecall: x\nlicense: { status: free, holder: x }\ndirection: worse\npanels: []\nanswers: { l: [{ value: 0, label: No }] }\nitems:\n  - ${item}\nscores: []\n`;

  it.each([
    {
      title: "a key inside a list",
      source: wide("        itms: { PHQ9_1: q1 }\n"),
      message: "unknown key itms",
      record: "line 7, column 9",
      pointer: "files.0.instruments.0",
      hint: "did you mean items?",
    },
    {
      title: "a key inside a choice of forms",
      source: wide("        answered_at: { column: d, date_formatt: '%Y' }\n"),
      message: "unknown key date_formatt",
      record: "line 7, column 35",
      pointer: "files.0.instruments.0.answered_at",
      hint: "did you mean date_format?",
    },
    {
      title: "the kind of a file",
      source: "files:\n  - match: a.csv\n    kind: wyde\n",
      message: /^expected one of patients, .*wide/,
      record: "line 3, column 11",
      pointer: "files.0.kind",
      hint: "did you mean wide?",
    },
    {
      title: "a key whose place stays empty",
      source: "files:\n  - match: a.csv\n    kind: patients\n    colums: { patient_key: id }\n",
      message: "unknown key colums",
      record: "line 4, column 5",
      pointer: "files.0",
      hint: "did you mean columns?",
    },
    {
      title: "a text where a list belongs",
      source: wide("        source_id: id\n"),
      message: "expected a list, found a text",
      record: "line 7, column 20",
      pointer: "files.0.instruments.0.source_id",
      hint: /./,
    },
    {
      title: "an entry whose lines are all commented out",
      source:
        "files:\n  - match: a.csv\n    kind: wide\n    columns: { patient_key: id }\n    instruments:\n      # - instrument: phq-9\n",
      message: /nothing stands under instruments of the entry that reads a\.csv/,
      record: "line 5, column 17",
      pointer: "files.0.instruments",
      hint: /take the # away .* or take the whole entry out/,
    },
    {
      title: "a draft of which nothing is chosen",
      source: "reviewed: null\nfiles:\n  # - match: a.csv\n",
      message: /nothing stands under files: its lines are missing or all commented out/,
      record: "line 2, column 7",
      pointer: "files",
      hint: /take the # away/,
    },
    {
      title: "a code that YAML takes for a number",
      source: wide("        items: { PHQ9_1: 7 }\n"),
      message: /found a number: quote it/,
      record: "line 7, column 26",
      pointer: "files.0.instruments.0.items.PHQ9_1",
      hint: /./,
    },
    {
      title: "a missing key",
      source: "files:\n  - match: a.csv\n    kind: encounters\n    columns: { patient_key: id }\n",
      message: "encounter_key is missing",
      record: "line 4, column 14",
      pointer: "files.0.columns.encounter_key",
      hint: /./,
    },
  ])("$title is named with line, column, expectation and remedy", (one) => {
    const error = refusal(one.source, csvMappingSchema);
    expect(error.message).toMatch(one.message);
    expect(error.where).toEqual({ file: "m.yaml", record: one.record, pointer: one.pointer });
    expect(error.hint).toMatch(one.hint);
  });

  it("in a list of the catalogue is named with the nearest key", () => {
    const error = refusal(instrument("{ id: A, label: a, anwsers: l }"), instrumentSchema);
    expect(error.where.record).toBe("line 12, column 24");
    expect(error.hint).toBe("did you mean answers?");
  });

  it("found when files are read together has its place looked up", async () => {
    const folder = await mkdtemp(join(tmpdir(), "propool-place-"));
    try {
      const file = join(folder, "m.yaml");
      await writeFile(file, wide("        items: { PHQ9_1: q1, 2: q2 }\n"));
      const place = await placeInYaml(file, ["files", 0, "instruments", 0, "items", "2"]);
      expect(place.record).toBe("line 7, column 33");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

function refusal(source: string, schema: z.ZodType): ProError {
  try {
    parseYaml(source, "m.yaml", schema, "MAPPING_CSV");
  } catch (error) {
    if (error instanceof ProError) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}
