import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCatalogue } from "../../pipelines/catalogue/read.ts";
import { mappingsDirectory } from "../../pipelines/core/mappings.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-catalogue-"));
  await mkdir(join(folder, "tables"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const source = (name: string) => readFile(join(mappingsDirectory, "instruments", name), "utf8");

/** Copies an instrument with one text replaced by another, and its tables. */
async function copy(name: string, from = "", to = ""): Promise<void> {
  const text = await source(name);
  if (from && !text.includes(from)) throw new Error(`${name} has no ${from}`);
  await writeFile(join(folder, name), text.replace(from, to));
}

/** Where the text begins: line and column. */
const place = async (name: string, text: string) => {
  const lines = (await source(name)).split("\n");
  const line = lines.findIndex((one) => one.includes(text));
  return `line ${line + 1}, column ${(lines[line]?.indexOf(text) ?? 0) + 1}`;
};

describe("a file of the catalogue", () => {
  it("is read with the others in the order of their names", async () => {
    await copy("phq-9.yaml");
    await copy("gad-7.yaml");
    const { instruments } = await readCatalogue(folder);
    expect(instruments.map(({ id }) => id)).toEqual(["gad-7", "phq-9"]);
  });

  it("with an unknown key is refused with its line and the nearest key", async () => {
    await copy("phq-9.yaml", "direction: worse", "directon: worse\ndirection: worse");
    const record = await place("phq-9.yaml", "direction:");
    await expect(readCatalogue(folder)).rejects.toMatchObject({
      code: "MAPPING_INSTRUMENT",
      message: "unknown key directon",
      where: { file: join(folder, "phq-9.yaml"), record },
      hint: "did you mean direction?",
    });
  });

  it("with an unknown key in an item is refused with its line", async () => {
    await copy("gad-7.yaml", 'label: "restless", loinc:', 'label: "restless", lionc:');
    const record = await place("gad-7.yaml", 'loinc: "69735-9"');
    await expect(readCatalogue(folder)).rejects.toMatchObject({
      code: "MAPPING_INSTRUMENT",
      message: "unknown key lionc",
      where: { record, pointer: "items.4" },
      hint: "did you mean loinc?",
    });
  });

  it.each([
    ["an item that it lacks", "sum: [PHQ9_1,", "sum: [PHQ9_11,", "PHQ9_11"],
    ["an answer list that it lacks", "answers: difficulty", "answers: hardship", "hardship"],
  ])("that refers to %s is refused", async (_, from, to, told) => {
    await copy("phq-9.yaml", from, to);
    await expect(readCatalogue(folder)).rejects.toMatchObject({
      code: "MAPPING_INSTRUMENT",
      message: expect.stringContaining(told),
    });
  });

  it("whose score is neither a sum nor a table is refused", async () => {
    await copy("gad-7.yaml", "sum: [GAD7_1, GAD7_2, GAD7_3, GAD7_4, GAD7_5, GAD7_6, GAD7_7]", "");
    await expect(readCatalogue(folder)).rejects.toMatchObject({ code: "MAPPING_INSTRUMENT" });
  });
});

describe("a score table", () => {
  const name = "promis_global_physical_health_v1.csv";
  const table = join("tables", name);
  const other = join("tables", "promis_global_mental_health_v1.csv");

  it.each([
    ["with a blank value", "\n5,19.9,", "\n5,,", "line 3"],
    ["with a word for a value", "\n20,67.7,", "\n20,high,", "line 18"],
    ["with another column name", "raw,t_score,se", "raw,tscore,se", "line 2"],
  ])("%s is refused with its line", async (_, from, to, record) => {
    await copy("promis-global-10.yaml");
    await copy(other);
    await copy(table, from, to);
    await expect(readCatalogue(folder)).rejects.toMatchObject({
      code: "MAPPING_INSTRUMENT",
      where: { file: join(folder, table), record },
    });
  });

  it("that is not there is named", async () => {
    await copy("promis-global-10.yaml");
    await copy(other);
    await expect(readCatalogue(folder)).rejects.toMatchObject({
      code: "MAPPING_INSTRUMENT",
      where: { file: join(folder, table) },
    });
  });

  it("may lack the standard error of a row, which is no zero", async () => {
    await copy("promis-global-10.yaml");
    await copy(other);
    await copy(table, "\n5,19.9,4.7", "\n5,19.9,");
    const { tables } = await readCatalogue(folder);
    expect(tables.get(name)?.[1]).toEqual({ raw: 5, value: 19.9, se: null });
  });
});
