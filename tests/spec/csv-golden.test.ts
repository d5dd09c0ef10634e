import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileFile, sqlText } from "../../pipelines/adapters/csv/compile.ts";
import { compileRead } from "../../pipelines/adapters/csv/compile-records.ts";
import { planFiles } from "../../pipelines/adapters/csv/csv.ts";
import { describeFile, dialectOf } from "../../pipelines/adapters/csv/load.ts";
import { readCsvMapping } from "../../pipelines/adapters/csv/mapping.ts";
import { plainText } from "../../pipelines/adapters/csv/plain-text.ts";
import { parseDictionary } from "../../pipelines/adapters/csv/redcap-dictionary.ts";
import { INTAKE, type IntakeTable } from "../../pipelines/adapters/intake.ts";
import { intakeRows, withIntake } from "../support/csv-intake.ts";
import { strayAnswers } from "../support/given-answers.ts";

const ROOT = join(import.meta.dirname, "../golden/csv");
const CASES = [
  "wide-two-instruments",
  "tables",
  "long",
  "redcap-comments",
  "redcap",
  "pcornet-7.0",
  "pcornet-6.x",
  "pcornet-3.0",
  "omop",
  "synthea",
];

describe.each(CASES)("the export %s", (name) => {
  const folder = join(ROOT, name);
  const read = async () => ({
    mapping: await readCsvMapping(join(folder, "mapping.yaml")),
    files: (await readdir(join(folder, "export"))).toSorted(),
  });

  it("compiles to the SQL that was reviewed", async () => {
    const { mapping, files } = await read();
    const texts = planFiles(mapping, files).map(async ({ file, entry, dictionary: beside }, i) => {
      const path = join(folder, "export", file);
      const dictionary = beside
        ? parseDictionary(await readFile(join(folder, "export", beside), "utf8"), beside)
        : undefined;
      const plain = await plainText({ path, file, encoding: undefined, scratch: "", name: "" });
      const description = describeFile(plain.head, { entry, file, dictionary });
      const { columns, lines: headerLines } = description.header;
      const table = `csv_${i + 1}`;
      const dialect = dialectOf(description);
      const { questions } = description;
      const lines = "position";
      const scratch = { file, table, firstRecordKey: 1n, lines, headerLines, questions } as const;
      return sqlText([
        compileRead({
          entry: description.entry,
          path: file,
          rows: `${table}.parquet`,
          columns,
          dialect,
          lines,
          questions,
          hasWideBlanks: true,
        }),
        ...compileFile(description.entry, scratch),
      ]);
    });
    const sql = (await Promise.all(texts)).join("\n");
    await expect(sql).toMatchFileSnapshot(join(folder, "expected.sql"));
  });

  it("gives the intake rows that were checked by hand", async () => {
    const { mapping, files } = await read();
    const catalogue = mapping.files.some((entry) => entry.kind === "long" && entry.mixed);
    const options = { mapping, folder: { path: join(folder, "export"), files }, catalogue };
    const rows = await withIntake(options, async (db) => {
      const tables: Partial<Record<IntakeTable, object[]>> = {};
      for (const table of Object.keys(INTAKE) as IntakeTable[]) {
        const found = await intakeRows(db, table);
        if (found.length) tables[table] = found;
      }
      expect(await strayAnswers(db)).toBe(0);
      return tables;
    });
    const lines = Object.entries(rows).map(
      ([table, list]) =>
        `"${table}": [\n${list?.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n]`,
    );
    await expect(`{\n${lines.join(",\n")}\n}\n`).toMatchFileSnapshot(join(folder, "expected.json"));
  });
});
