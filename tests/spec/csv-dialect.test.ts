import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dateEvidence } from "../../pipelines/adapters/csv/detect-columns.ts";
import { type DialectFound, detectDialect } from "../../pipelines/adapters/csv/detect-dialect.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";

let folder = "";
let db: DuckDb;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-dialect-"));
  db = await DuckDb.open(":memory:", { small: true });
});
afterAll(async () => {
  db.close();
  await rm(folder, { recursive: true });
});

async function detect(content: string | Uint8Array, name = "a.csv"): Promise<DialectFound> {
  const path = join(folder, name);
  await writeFile(path, content);
  const found = await detectDialect({ path, file: name, scratch: folder, name: "x", db });
  await found.remove();
  return found;
}

const rows = (line: (i: number) => string, n = 20) =>
  Array.from({ length: n }, (_, i) => line(i)).join("");

describe("how a file is written", () => {
  it.each<[string, string | Uint8Array, object, string[]]>([
    ["plain", "id,q1\nA,1\nB,2\n", {}, ["id", "q1"]],
    ["semicolons and a decimal comma", "id;w\nA;1,5\nB;2,25\n", { delimiter: ";" }, ["id", "w"]],
    ["tabs", "id\tnote\nA\ta, b, c\nB\td, e\n", { delimiter: "\t" }, ["id", "note"]],
    ["colons", "id:q1\nA:1\nB:2\n", { delimiter: ":" }, ["id", "q1"]],
    [
      "commas, though a quote never closes and every line has the colon of a time",
      `id,at,q1\n${"A,2024-03-04 09:30,1\n".repeat(8)}A,"2024-03-04 09:30,1\nB,2024-03-04 09:30\nC,2024-03-04 09:30,1\n`,
      { quote: "none" },
      ["id", "at", "q1"],
    ],
    ["bars", "id|q1\nA|1\nB|2\n", { delimiter: "|" }, ["id", "q1"]],
    [
      "single quotes",
      "id,note\n'A','x, y'\n'B','z'\n'C','it''s'\n",
      { quote: "'" },
      ["id", "note"],
    ],
    ["no quotes", 'id,note\nA,5" tall\nB,6" tall\n', { quote: "none" }, ["id", "note"]],
    [
      "backslashes before quotes",
      'id,note\nA,"say \\"a, b\\""\nB,"c"\n',
      { escape: "\\" },
      ["id", "note"],
    ],
    [
      "a title that a spreadsheet filled up with empty cells",
      `Survey report;;;\nPrinted;01.02.2025;;\n;;;\nid;day;q1;q2\n${rows((i) => `${i};x;1;2\n`)}`,
      { delimiter: ";", title_lines: 3 },
      ["id", "day", "q1", "q2"],
    ],
    [
      "a report's title",
      "Survey report\nprinted today\n\nid,q1\nA,1\nB,2\n",
      { title_lines: 2 },
      ["id", "q1"],
    ],
    [
      "the questions under the names",
      `id,q1,q2\nRecord,"How often,\nlast week?",How bad?\n{"x"},{"y"},{"z"}\n${rows((i) => `${i},1,2\n`)}`,
      { label_lines: 2 },
      ["id", "q1", "q2"],
    ],
    ["no names", "1,2,3\n4,5,6\n", { header: false }, ["column1", "column2", "column3"]],
    ["a name twice and none", "id,q,Q,\nA,1,2,3\n", {}, ["id", "q", "Q_2", "column4"]],
    [
      "Latin-1",
      Buffer.from("id,name\nA,M\xfcller\n", "latin1"),
      { encoding: "windows-1252" },
      ["id", "name"],
    ],
    [
      "Windows-1252",
      Buffer.from("id,name\nA,\x93x\x94\n", "latin1"),
      { encoding: "windows-1252" },
      ["id", "name"],
    ],
    ["UTF-16 with its mark", Buffer.from("\ufeffid,q1\nA,1\n", "utf16le"), {}, ["id", "q1"]],
    [
      "UTF-16 without",
      Buffer.from("id,q1\nA,1\n", "utf16le"),
      { encoding: "utf-16le" },
      ["id", "q1"],
    ],
  ])("finds %s", async (_, content, options, columns) => {
    const found = await detect(content);
    expect({ options: found.options, columns: found.columns }).toEqual({ options, columns });
  });

  it("reads packed files, and takes its copies away", async () => {
    const found = await detect(gzipSync("id;q1\nA;1\nB;2\n"), "a.csv.gz");
    expect(found.options).toEqual({ delimiter: ";" });
  });

  it("does not guess an encoding that is neither UTF-8 nor Latin", async () => {
    const japanese = Buffer.from([
      0x93, 0xfa, 0x96, 0x7b, 0x8c, 0xea, 0x2c, 0x82, 0xa0, 0x0a, 0x81, 0x41,
    ]);
    const { encoding, options } = await detect(Buffer.concat([Buffer.from("id,q\n"), japanese]));
    expect([encoding.encoding, options]).toEqual([null, {}]);
    expect(encoding.evidence).toBe("neither UTF-8 nor a Latin text: name the encoding");
  });
});

describe("dates", () => {
  it("are not guessed when day and month can be either", async () => {
    const { dates } = await detect("id,d\nA,03/04/2024\nB,05/06/2024\n");
    expect(dates).toMatchObject([
      {
        column: "d",
        isAmbiguous: true,
        formats: ["%d/%m/%Y", "%m/%d/%Y"],
        evidence:
          "2 of 2 cells have three numbers with /; the first goes up to 5, the second up to 6: day and month cannot be told apart, say which one it is",
      },
    ]);
  });

  it("are settled by one day beyond twelve, far down the file", async () => {
    const content = `id,d\n${rows(() => "A,03/04/2024\n", 5000)}A,03/14/2024\n`;
    const { dates } = await detect(content);
    expect(dates).toMatchObject([{ isAmbiguous: false, formats: ["%m/%d/%Y"] }]);
  });

  it.each<[string, string[], string[] | null]>([
    ["ISO", ["2024-03-04", "2024-03-05"], []],
    ["ISO with times and zones", ["2024-03-04T09:30:00Z", "2024-03-05 09:30+01:00"], []],
    ["slashes, year first", ["2024/03/04"], ["%Y/%m/%d"]],
    ["points", ["14.03.2024 09:30"], ["%d.%m.%Y %H:%M"]],
    ["half days", ["3/14/2024 9:30 PM"], ["%m/%d/%Y %I:%M %p"]],
    ["month names", ["04MAR2024"], ["%d%b%Y"]],
    ["month names with dashes", ["04-Mar-2024"], ["%d-%b-%Y"]],
    ["eight digits", ["20240304", "19991231", "20000101"], ["%Y%m%d"]],
    ["numbers", ["12345678", "20240304"], null],
    ["social security numbers", ["999-17-5017"], null],
    ["versions", ["0.3.10"], null],
    ["words", ["soon", "2024-03-04"], null],
    ["nothing", ["", ""], null],
  ])("of the kind %s", (_, cells, formats) => {
    expect(dateEvidence("d", cells)?.formats ?? null).toEqual(formats);
  });

  it("counts the cells that name their time zone", () => {
    const cells = ["2024-03-04T09:30:00Z", "2024-03-04T09:30:00"];
    expect(dateEvidence("d", cells)).toMatchObject({ withOffset: 1, cells: 2 });
  });
});

describe("words for no value", () => {
  it("are found with what they mean, numbers only where they stand apart", async () => {
    const cells = ["0", "1", "2", "3", "1", "-9", "9", "NA", "refused", "[not completed]"];
    const { missing } = await detect(
      `id,q,score\n${cells.map((c, i) => `P${i},${c},${i * 3}\n`).join("")}`,
    );
    expect(missing.map(({ word, reason, columns }) => [word, reason, columns])).toEqual([
      ["-9", "skipped", ["q"]],
      ["9", "skipped", ["q"]],
      ["NA", "skipped", ["q"]],
      ["refused", "asked-declined", ["q"]],
      ["[not completed]", "skipped", ["q"]],
    ]);
  });
});
