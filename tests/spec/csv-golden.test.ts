import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileFile, sqlText } from "../../pipelines/adapters/csv/compile.ts";
import { compileRead } from "../../pipelines/adapters/csv/compile-records.ts";
import { planFiles } from "../../pipelines/adapters/csv/csv.ts";
import { readHeader } from "../../pipelines/adapters/csv/header.ts";
import { readCsvMapping } from "../../pipelines/adapters/csv/mapping.ts";
import { plainText } from "../../pipelines/adapters/csv/plain-text.ts";
import { INTAKE, type IntakeTable } from "../../pipelines/adapters/intake.ts";
import { intakeRows, withIntake } from "../support/csv-intake.ts";

const ROOT = join(import.meta.dirname, "../golden/csv");
const CASES = ["wide-two-instruments", "tables", "long", "redcap-comments"];

describe.each(CASES)("the export %s", (name) => {
  const folder = join(ROOT, name);
  const read = async () => ({
    mapping: await readCsvMapping(join(folder, "mapping.yaml")),
    files: (await readdir(join(folder, "export"))).toSorted(),
  });

  it("compiles to the SQL that was reviewed", async () => {
    const { mapping, files } = await read();
    const texts = planFiles(mapping, files).map(async ({ file, entry }, i) => {
      const path = join(folder, "export", file);
      const plain = await plainText({ path, file, encoding: undefined, scratch: "", name: "" });
      const header = readHeader(plain.head, entry, file);
      const { columns, delimiter, lineFeed, lines: headerLines } = header;
      const table = `csv_${i + 1}`;
      const dialect = { delimiter, header: entry.header, lineFeed };
      const scratch = { file, table, firstRecordKey: 1n, lines: "position", headerLines } as const;
      return sqlText([
        compileRead({ entry, path: file, table, columns, dialect, lines: "position" }),
        ...compileFile(entry, scratch),
      ]);
    });
    const sql = (await Promise.all(texts)).join("\n");
    await expect(sql).toMatchFileSnapshot(join(folder, "expected.sql"));
  });

  it("gives the intake rows that were checked by hand", async () => {
    const { mapping, files } = await read();
    const options = { mapping, folder: { path: join(folder, "export"), files } };
    const rows = await withIntake(options, async (db) => {
      const tables: Partial<Record<IntakeTable, object[]>> = {};
      for (const table of Object.keys(INTAKE) as IntakeTable[]) {
        const found = await intakeRows(db, table);
        if (found.length) tables[table] = found;
      }
      return tables;
    });
    const lines = Object.entries(rows).map(
      ([table, list]) =>
        `"${table}": [\n${list?.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n]`,
    );
    await expect(`{\n${lines.join(",\n")}\n}\n`).toMatchFileSnapshot(join(folder, "expected.json"));
  });
});
