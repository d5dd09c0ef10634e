import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { ProError } from "../../pipelines/core/errors.ts";
import { intakeRows, withIntake } from "../support/csv-intake.ts";
import { workbook, zip } from "../support/zip.ts";

const WIDE = {
  match: "*",
  kind: "wide",
  columns: { patient_key: "id" },
  instruments: [{ instrument: "phq-9", items: { PHQ9_1: "q1" } }],
};

/** Reads one file and tells its records (line, and reason if refused) and its answers (patient=answer). */
async function read(content: string | Uint8Array, entry: object = {}, name = "a.csv") {
  const mapping = { files: [{ ...WIDE, ...entry }] };
  return withIntake({ mapping, files: { [name]: content } }, async (db) => {
    const records = await intakeRows(db, "intake_record");
    const answers = await db.all<{ answer: string }>(
      `SELECT a.patient_key || '=' || coalesce(r.answer_text, rtrim(rtrim(r.answer_num::VARCHAR, '0'), '.'), r.missing) AS answer
       FROM every_response r JOIN intake_administration a USING (administration_key) ORDER BY r.record_key, r.response_key`,
    );
    return {
      records: (records as Record<string, string>[]).map((row) =>
        [row.where_record, row.reason, row.where_pointer].filter(Boolean).join(" "),
      ),
      answers: answers.map(({ answer }) => answer),
    };
  });
}

describe("well formed in its own way", () => {
  const plain = { records: ["line 2", "line 3"], answers: ["A=1", "B=2"] };
  it.each([
    ["plain", "id,q1\nA,1\nB,2\n"],
    ["without a last line break", "id,q1\nA,1\nB,2"],
    ["CRLF", "id,q1\r\nA,1\r\nB,2\r\n"],
    ["CR alone", "id,q1\rA,1\rB,2\r"],
    ["line ends of two kinds", "id,q1\r\nA,1\nB,2\r\n"],
    ["a byte order mark", "\ufeffid,q1\nA,1\nB,2\n"],
    ["a byte order mark and a quoted name", '\ufeff"id",q1\nA,1\nB,2\n'],
    ["semicolons", "id;q1\nA;1\nB;2\n"],
    ["tabs", "id\tq1\nA\t1\nB\t2\n"],
    ["bars", "id|q1\nA|1\nB|2\n"],
    [
      "a comma in the name of an unmapped column of a tabbed file",
      "id\tq1\ta,b,c,d\nA\t1\t\nB\t2\t\n",
    ],
    ["a name twice, the first is meant", "id,q1,q1\nA,1,5\nB,2,6\n"],
    ["names that differ in case only", "id,q1,Q1,ID\nA,1,5,x\nB,2,6,y\n"],
    ["a column without a name", "id,,q1\nA,x,1\nB,,2\n"],
    ["blanks around names and cells", " id , q1 \n A , 1 \nB,2\n"],
    ["blanks inside quotes, before and after", 'id,q1\n" A",1\n"B ","2 "\n'],
    ["blanks that are not ASCII", "id,q1\n\u00a0A,1\u2009\nB\u3000,\u00a02\n"],
    ["quotes around everything", '"id","q1"\n"A","1"\n"B","2"\n'],
    ["a column called rowid", "rowid,id,q1\n9,A,1\n8,B,2\n"],
    ["an empty column more at each end", "id,q1\nA,1,\nB,2,\n"],
  ])("reads %s", async (_, content) => {
    expect(await read(content)).toEqual(plain);
  });

  it("reads a column called rowid when it is mapped", async () => {
    const entry = { columns: { patient_key: "rowid" } };
    expect(await read("rowid,q1\nA,1\nB,2\n", entry)).toEqual(plain);
  });

  it("reads a file without header by column numbers", async () => {
    const entry = {
      header: false,
      columns: { patient_key: "column1" },
      instruments: [{ instrument: "phq-9", items: { PHQ9_1: "column2" } }],
    };
    expect(await read("A,1\nB,2\n", entry)).toEqual({ ...plain, records: ["line 1", "line 2"] });
  });

  it("reads gzip", async () => {
    expect(await read(gzipSync("id,q1\nA,1\nB,2\n"), {}, "a.csv.gz")).toEqual(plain);
  });

  it("reads zstd", async () => {
    expect(await read(zstdCompressSync("id,q1\nA,1\nB,2\n"), {}, "a.csv.zst")).toEqual(plain);
  });

  it.each<[string, Parameters<typeof workbook>[0], object]>([
    [
      "the only sheet",
      {
        Answers: [
          ["id", "q1"],
          ["A", 1],
          ["B", 2],
        ],
      },
      {},
    ],
    [
      "the only one that is filled",
      {
        Answers: [
          ["id", "q1"],
          ["A", "1"],
          ["B", 2],
        ],
        Sheet2: [],
      },
      {},
    ],
    [
      "the one that the mapping names",
      {
        Notes: [["Ms Blythe"]],
        Answers: [
          ["id", "q1", "x, y"],
          ["A", 1, 'say "a"'],
          ["B", 2],
        ],
      },
      { sheet: "Answers" },
    ],
  ])("reads an Excel workbook: %s", async (_, sheets, entry) => {
    expect(await read(workbook(sheets), entry, "a.xlsx")).toEqual(plain);
  });

  it("does not guess which sheet of a workbook is meant, and tells none by name", async () => {
    const sheets = { "Ms Blythe": [["id", "q1"]], Answers: [["id", "q1"]] };
    await expect(read(workbook(sheets), {}, "a.xlsx")).rejects.toThrow(
      "the workbook has 2 sheets, 2 of them filled",
    );
    await expect(read(workbook(sheets), { sheet: "Blythe" }, "a.xlsx")).rejects.toThrow(
      "the workbook has no sheet Blythe",
    );
  });

  it.each<[string, string, object]>([
    ["single quotes", "id,q1,x\n'A','1','a,b'\nB,2,'it''s'\n", { quote: "'" }],
    ["no quotes", 'id,q1,x\nA,1,5" tall\nB,2,"\n', { quote: "none" }],
    [
      "backslashes before quotes",
      'id,q1,x\nA,1,"say \\"a, b\\""\nB,2,"c \\\\"\n',
      { escape: "\\" },
    ],
  ])("reads %s", async (_, content, entry) => {
    expect(await read(content, entry)).toEqual(plain);
  });

  it("names the lines behind a title, labels, and a cell of two lines with its own marks", async () => {
    const content = "Report\n(test)\nid,q1,x\nwho,'how\noften',y\nA,1,'a\nb'\nB,2,\n";
    const entry = { title_lines: 2, label_lines: 1, quote: "'" };
    expect(await read(content, entry)).toEqual({
      records: ["line 6", "line 8"],
      answers: ["A=1", "B=2"],
    });
  });

  it("sieves such a file too", async () => {
    const content = "Report\nid;q1;x\nA;1;'a\nb'\nB;2\nC;3;'\nD;4;\"\n";
    const entry = { title_lines: 1, quote: "'", delimiter: ";" };
    expect(await read(content, entry)).toEqual({
      records: ["line 3", "line 7", "line 5 SOURCE_MALFORMED x", "line 6 SOURCE_MALFORMED x"],
      answers: ["A=1", "D=4"],
    });
  });

  it("reads numbers with a decimal comma, and those that a computed field writes with a point", async () => {
    const { answers } = await read('id,q1\nA,"1,5"\nB,2.5\nC,"1.234,5"\n', { decimal: "," });
    expect(answers).toEqual(["A=1.5", "B=2.5", "C=1.234,5"]);
  });

  it.each([
    ["UTF-16 by its byte order mark", Buffer.from("\ufeffid,q1\nÅ,né\n", "utf16le"), {}],
    [
      "windows-1252 when the mapping says so",
      Buffer.from("id,q1\nÅ,né\n", "latin1"),
      { encoding: "windows-1252" },
    ],
    ["UTF-8", Buffer.from("id,q1\nÅ,né\n"), {}],
    ["gzip of UTF-16", gzipSync(Buffer.from("\ufeffid,q1\nÅ,né\n", "utf16le")), {}, "a.csv.gz"],
  ])("reads %s", async (_, content, entry, name = "a.csv") => {
    expect(await read(content, entry, name)).toEqual({ records: ["line 2"], answers: ["Å=né"] });
  });

  it("names the lines behind line breaks and quotes inside cells", async () => {
    const content = 'id,q1,note\nA,1,"one\ntwo ""2"""\nB,2,"5"" tall\r\nx\r\n"\nC,3,5" tall\n';
    expect(await read(content)).toEqual({
      records: ["line 2", "line 4", "line 7"],
      answers: ["A=1", "B=2", "C=3"],
    });
  });

  it("names the lines behind blank lines and a header of two lines", async () => {
    expect(await read('\n\nid,"q1",  "a\nb"\n\nA,1,\n\n\nB,2,\n\n')).toEqual({
      records: ["line 6", "line 9"],
      answers: ["A=1", "B=2"],
    });
  });

  it("takes a header without rows for a report of nothing", async () => {
    expect(await read("id,q1\n")).toEqual({ records: [], answers: [] });
  });
});

describe("lines that cannot be read", () => {
  it.each<[string, string | Buffer, string[], string[]]>([
    [
      "too few and too many cells",
      "id,q1,x\nA,1,\nB,2\nC,3,,9\nD,4,\n",
      ["line 2", "line 5", "line 3 SOURCE_MALFORMED x", "line 4 SOURCE_MALFORMED column4"],
      ["A=1", "D=4"],
    ],
    [
      "a quote that never closes: the lines after it are kept",
      'id,q1,x\nA,1,\nB,"2,\nC,3,\nD,4,\n',
      ["line 2", "line 4", "line 5", "line 3 SOURCE_MALFORMED q1"],
      ["A=1", "C=3", "D=4"],
    ],
    [
      "two stray quotes",
      'id,q1\n"A,1\nB,2\nC,"3\nD,4\n',
      ["line 3", "line 5", "line 2 SOURCE_MALFORMED id", "line 4 SOURCE_MALFORMED q1"],
      ["B=2", "D=4"],
    ],
    [
      "text after a closing quote",
      'id,q1\nA,"1"x\nB,2\n',
      ["line 3", "line 2 SOURCE_MALFORMED q1"],
      ["B=2"],
    ],
    [
      "bytes that are no UTF-8",
      Buffer.concat([
        Buffer.from("id,q1\nA,1\nB,caf"),
        Buffer.from([0xe9]),
        Buffer.from("\nC,3\n"),
      ]),
      ["line 2", "line 4", "line 3 SOURCE_ENCODING q1"],
      ["A=1", "C=3"],
    ],
    [
      "a line cut off at the end",
      "id,x,q1\nA,,1\nB,",
      ["line 2", "line 3 SOURCE_MALFORMED q1"],
      ["A=1"],
    ],
  ])("quarantines %s", async (_, content, records, answers) => {
    expect(await read(content)).toEqual({ records, answers });
  });

  it("loses no row of a large file to one stray quote", async () => {
    const rows = Array.from(
      { length: 400_000 },
      (_, i) => `P${i},1,some words that fill the line\n`,
    );
    rows[200_000] = 'P200000,"1,some words\n';
    const mapping = { files: [WIDE] };
    const files = { "a.csv": `id,q1,x\n${rows.join("")}` };
    const counts = await withIntake({ mapping, files }, (db) =>
      db.all(`SELECT coalesce(state, 'read') AS state, count(*)::INTEGER AS n, any_value(where_record) FILTER (state IS NOT NULL) AS place
              FROM intake_record GROUP BY ALL ORDER BY n`),
    );
    expect(counts).toEqual([
      { state: "quarantined", n: 1, place: "line 200002" },
      { state: "read", n: 399_999, place: null },
    ]);
  });

  it("quarantines one line of three megabytes and reads on", async () => {
    const { records, answers } = await read(`id,q1\nA,1\nB,${"y".repeat(3e6)}\nC,3\n`);
    expect(records).toEqual(["line 2", "line 4", "line 3 SOURCE_MALFORMED id"]);
    expect(answers).toEqual(["A=1", "C=3"]);
  });

  it("reads a wide file of 5,000 columns", async () => {
    const names = Array.from({ length: 5000 }, (_, i) => `some_long_column_name_${i}`);
    const content = `id,${names.join(",")},q1\nA${",0".repeat(5000)},1\n`;
    expect(await read(content)).toEqual({ records: ["line 2"], answers: ["A=1"] });
  });
});

/** A workbook with an entry of 64 MB of blanks, of which its directory states another size. */
const workbookOf = (claims: number) =>
  zip([
    { name: "[Content_Types].xml", content: "<Types/>" },
    { name: "xl/workbook.xml", content: Buffer.alloc(64 * 2 ** 20, " "), claims },
  ]);

describe("files that are refused", () => {
  const code = (work: Promise<unknown>) =>
    work.then(
      () => "read",
      (error: ProError) => error.code,
    );
  const truncated = gzipSync(`id,q1\n${"A,1\n".repeat(10_000)}`).subarray(0, 60);
  it.each<[string, string | Uint8Array, string, string]>([
    ["an empty file", "", "a.csv", "SOURCE_EMPTY"],
    ["a file of blank lines", "\n \r\n\n", "a.csv", "SOURCE_EMPTY"],
    ["a byte order mark alone", "\ufeff", "a.csv", "SOURCE_EMPTY"],
    ["JSON", '{"resourceType":"Patient"}\n', "a.csv", "SOURCE_WRONG_FORMAT"],
    ["XML", "<?xml version='1.0'?><a/>", "a.csv", "SOURCE_WRONG_FORMAT"],
    ["an Excel workbook", "PK\x03\x04....", "a.csv", "SOURCE_WRONG_FORMAT"],
    ["binary", Uint8Array.of(1, 2, 0, 3), "a.csv", "SOURCE_WRONG_FORMAT"],
    ["gzip that was cut off", truncated, "a.csv.gz", "SOURCE_UNREADABLE"],
    [
      "zstd that was cut off",
      zstdCompressSync(`id,q1\n${"A,1\n".repeat(10_000)}`).subarray(0, 20),
      "a.csv.zst",
      "SOURCE_UNREADABLE",
    ],
    [
      "a bomb, before it fills the disk",
      Buffer.concat([
        zstdCompressSync("id,q1\n"),
        ...Array(20).fill(zstdCompressSync("A,1\n".repeat(4_000_000))),
      ]),
      "a.csv.zst",
      "SOURCE_TOO_LARGE",
    ],
    ["a workbook that says it is a bomb", workbookOf(2 ** 31), "a.xlsx", "SOURCE_TOO_LARGE"],
    ["a workbook that is one and says it is not", workbookOf(200), "a.xlsx", "SOURCE_UNREADABLE"],
    ["a workbook that is damaged", "PK\x03\x04....", "a.xlsx", "SOURCE_UNREADABLE"],
    ["an old workbook", Buffer.from("d0cf11e0", "hex"), "a.xlsx", "SOURCE_WRONG_FORMAT"],
    ["a file that only claims to be gzip", "id,q1\nA,1\n", "a.csv.gz", "SOURCE_UNREADABLE"],
    ["a file without a mapped column", "id,q2\nA,1\n", "a.csv", "MAPPING_MISSING_COLUMN"],
  ])("refuses %s", async (_, content, name, expected) => {
    expect(await code(read(content, {}, name))).toBe(expected);
  });

  it("says which column is missing, where it is mapped and what it may be", async () => {
    await expect(read("id,q01\nA,1\n")).rejects.toMatchObject({
      message: "the file has no column q1",
      where: { file: "a.csv", pointer: "files.0.instruments.0.items.PHQ9_1" },
      hint: "did you mean q01?",
    });
  });

  it("repeats nothing of a first line that is no header", async () => {
    const error = (await read("Ed,q2\nAl,1\n").catch((e: ProError) => e)) as ProError;
    expect(JSON.stringify([error.message, error.where, error.hint])).not.toContain("Ed");
  });

  it("refuses bytes that do not fit the encoding named", async () => {
    const odd = Buffer.concat([Buffer.from("id,q1\nA,1\n", "utf16le"), Buffer.from([0])]);
    expect(await code(read(odd, { encoding: "utf-16le" }))).toBe("SOURCE_ENCODING");
  });

  it("misses a file that the mapping names", async () => {
    expect(await code(read("id,q1\n", { match: "b*.csv" }))).toBe("SOURCE_MISSING_FILE");
  });

  it("refuses to read a file twice", async () => {
    const mapping = { files: [WIDE, { ...WIDE, match: "a*" }] };
    const work = withIntake({ mapping, files: { "a.csv": "id,q1\n" } }, async () => null);
    expect(await code(work)).toBe("MAPPING_AMBIGUOUS_FILE");
  });

  it("notes a file that nobody mapped as out of scope", async () => {
    const mapping = { files: [{ ...WIDE, match: "a.csv" }] };
    const files = { "a.csv": "id,q1\nA,1\n", "b.csv": "x\n1\n" };
    const rows = await withIntake({ mapping, files }, (db) => intakeRows(db, "intake_record"));
    expect(rows).toEqual([
      { record_key: 1, where_file: "a.csv", where_record: "line 2", kind: "wide" },
      {
        record_key: 2,
        where_file: "b.csv",
        kind: "file",
        state: "out_of_scope",
        reason: "SOURCE_UNMAPPED_FILE",
      },
    ]);
  });
});
