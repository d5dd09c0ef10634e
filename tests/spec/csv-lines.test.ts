import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { countLines } from "../../pipelines/adapters/csv/count-lines.ts";
import { STANDARD } from "../../pipelines/adapters/csv/record.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";

let db: DuckDb;
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-lines-"));
  db = await DuckDb.open(":memory:", { small: true });
});
afterAll(async () => {
  db.close();
  await rm(folder, { recursive: true });
});

it.each([
  ["the last without its end", "a,b\n1,2", 2],
  ["the last with its end", "a,b\n1,2\n", 2],
  ["a blank one between and at the end", "a,b\n\n1,2\n\n", 4],
  ["blank ones alone", "\n\n\n", 3],
  ["ones with a blank", "a\n \n\t\n1\n", 4],
  ["ends with carriage returns", "a,b\r\n1,2\r\n", 2],
  ["more than a chunk holds, of odd length", `a,b\n${"1,23\n".repeat(300_001)}`, 300_002],
])("lines are counted alike with and without DuckDB: %s", async (name, content, lines) => {
  const count = async (text: string) => {
    const path = join(folder, `${name}.csv`);
    await writeFile(path, text);
    return countLines(db, path, STANDARD);
  };
  expect(await count(content)).toEqual({ lines, oddQuotes: 0, wide: 0 });
  // A letter beyond ASCII leaves it to DuckDB.
  expect(await count(`\u00e9${content}`)).toEqual({ lines, oddQuotes: 0, wide: 0 });
});
