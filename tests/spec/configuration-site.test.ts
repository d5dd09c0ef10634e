import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readHub } from "../../pipelines/configuration/hub.ts";
import { parseYaml } from "../../pipelines/configuration/read-yaml.ts";
import { readSite, siteSchema } from "../../pipelines/configuration/site.ts";
import { hubTemplate, siteTemplate } from "../../pipelines/configuration/templates.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { FORMATS, temporary } from "../support/site.ts";

let directory: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ directory, remove } = await temporary());
});
afterAll(() => remove());

const SITE = "site: RIVER\nname: River\nnetwork: NET\nformat: fhir\n";

async function refusal(content: string): Promise<ProError> {
  await writeFile(join(directory, "site.yaml"), content);
  const error = await readSite(directory).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProError);
  return error as ProError;
}

describe("a folder of the other kind", () => {
  it.each([
    ["hub.yaml", readSite, "the folder is a hub's, and a site's is needed"],
    ["site.yaml", readHub, "the folder is a site's, and a hub's is needed"],
  ])("with %s is told from a broken one", async (file, read, message) => {
    const other = await temporary();
    await writeFile(join(other.directory, file), "");
    await expect(read(other.directory)).rejects.toMatchObject({ code: "CONFIG_FOLDER", message });
    await other.remove();
  });
});

describe("site.yaml", () => {
  it("needs four lines", async () => {
    await writeFile(join(directory, "site.yaml"), SITE);
    expect(await readSite(directory)).toMatchObject({
      site: "RIVER",
      mode: "centralized",
      privacy: "shifted",
      exportDirectory: join(directory, "export"),
      mappingFile: null,
    });
  });

  it.each([
    {
      title: "a key misspelt",
      line: "privcay: shifted",
      record: "line 5, column 1",
      pointer: "(top level)",
      hint: "did you mean privacy?",
    },
    {
      title: "a key of nothing",
      line: "zzzzzzzzzz: 1",
      record: "line 5, column 1",
      pointer: "(top level)",
      hint: /known keys here: site, name/,
    },
    {
      title: "a nested key misspelt",
      line: "defaults: { pro_metod: EC }",
      record: "line 5, column 13",
      pointer: "defaults",
      hint: "did you mean pro_method?",
    },
    {
      title: "a key of an entry misspelt",
      line: "codes: [{ kode: X, instrument: phq-9, item: PHQ9_1 }]",
      record: "line 5, column 11",
      pointer: "codes.0",
      hint: "did you mean code?",
    },
    {
      title: "a value that is not in the list",
      line: "mode: central",
      record: "line 5, column 7",
      pointer: "mode",
      hint: "did you mean centralized?",
    },
    {
      title: "a path out of the folder",
      line: "export: ../elsewhere",
      record: "line 5, column 9",
      pointer: "export",
      hint: /./,
    },
    {
      title: "an absolute path",
      line: "export: /srv/export",
      record: "line 5, column 9",
      pointer: "export",
      hint: /./,
    },
  ])("with $title is refused with its line", async ({ line, record, pointer, hint }) => {
    const error = await refusal(`${SITE}${line}\n`);
    expect(error.code).toBe("CONFIG_SITE");
    expect(error.where).toEqual({ file: join(directory, "site.yaml"), record, pointer });
    expect(error.hint).toMatch(hint);
  });

  it.each([
    { title: "an id in small letters", from: "RIVER", to: "river", message: /capital letters/ },
    { title: "an id of eleven letters", from: "RIVER", to: "ABCDEFGHIJK", message: /1 to 10/ },
    {
      title: "a name of 21 characters",
      from: "name: River",
      to: `name: ${"x".repeat(21)}`,
      message: /20/,
    },
    { title: "no format", from: "format: fhir\n", to: "", message: /./ },
    { title: "an unknown format", from: "fhir", to: "hl7v2", message: /fhir/ },
  ])("with $title is refused", async ({ from, to, message }) => {
    const error = await refusal(SITE.replace(from, to));
    expect(error.exitCode).toBe(10);
    expect(error.message).toMatch(message);
  });

  it("of a csv site needs a mapping", async () => {
    const error = await refusal(SITE.replace("fhir", "csv"));
    expect(error.where.pointer).toBe("mapping");
    expect(error.hint).toContain("mapping: mapping.yaml");
  });

  it("with one key twice is refused, whichever would win", async () => {
    const error = await refusal(`${SITE}name: Other\n`);
    expect(error.where.record).toBe("line 5, column 1");
  });

  it("that is empty is refused", async () => {
    expect((await refusal("")).code).toBe("CONFIG_SITE");
  });

  it("is not blown up by aliases", async () => {
    const levels = Array.from({ length: 20 }, (_, i) => `l${i + 1}: &l${i + 1} [*l${i}, *l${i}]`);
    const error = await refusal(`l0: &l0 [x, x]\n${levels.join("\n")}\n`);
    expect(error.code).toBe("CONFIG_SITE");
  });
});

describe("what init writes", () => {
  it.each(FORMATS)("for a %s site is read back without a change", (format) => {
    const template = siteTemplate({
      site: "RIVER",
      name: 'River "North": #1',
      network: "NET",
      format,
    });
    const site = parseYaml(template, "site.yaml", siteSchema, "CONFIG_SITE");
    expect(site).toMatchObject({
      site: "RIVER",
      name: 'River "North": #1',
      network: "NET",
      format,
    });
  });

  it.each(["NO", "null", "007", "1e3", "true"])(
    "keeps an id that YAML could take for something else: %s",
    (id) => {
      const template = siteTemplate({
        site: id.toUpperCase(),
        name: id,
        network: id,
        format: "fhir",
      });
      const site = parseYaml(template, "site.yaml", siteSchema, "CONFIG_SITE");
      expect(site).toMatchObject({ site: id.toUpperCase(), name: id, network: id });
    },
  );

  it("for a hub is read back without a change", async () => {
    const tokenKeyFingerprint = "1234567890123456";
    const sites = [{ site: "1E3", publicKey: "k", tokenKeyFingerprint, inbox: "../a b/outbox" }];
    await writeFile(
      join(directory, "hub.yaml"),
      hubTemplate({ network: "007", name: "A: #network", sites }),
    );
    expect(await readHub(directory)).toMatchObject({
      network: "007",
      name: "A: #network",
      sites: [
        {
          site: "1E3",
          public_key: "k",
          token_key_fingerprint: tokenKeyFingerprint,
          inbox: "../a b/outbox",
        },
      ],
    });
  });
});
