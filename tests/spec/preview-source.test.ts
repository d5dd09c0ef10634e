import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "../../cli/main.ts";
import { previewTexts } from "../../cli/preview-texts.ts";
import { PREVIEW_COLUMNS, type PreviewRow } from "../../pipelines/preview.ts";
import { propool } from "../support/command.ts";

let folder = "";
let files: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-preview-source-"));
  const mapping = join(folder, "mapping.yaml");
  await writeFile(
    mapping,
    `files:
  - match: a.csv
    kind: wide
    missing: { "-9": asked-declined }
    columns: { patient_key: id, answered_at: day }
    instruments:
      - instrument: phq-2
        items: { PHQ9_1: { column: q1, words: { never: "0", often: "2" } }, PHQ9_2: q2 }
        free_text: [{ item: comment, column: note }]
`,
  );
  const data = join(folder, "a.csv");
  await writeFile(
    data,
    "id,day,q1,q2,note\nk1,2024-03-01,often,1,\nk2,2024-03-02,never,9,Call Ann Lee\nk3,2024-03-03,Ask Ann Lee,-9,\n",
  );
  files = [data, "--mapping", mapping, "--today", "2026-01-01"];
});
afterAll(() => rm(folder, { recursive: true }));

it("shows the source beside the CDM, and a text that no list has as its shape", async () => {
  const { out } = await propool("preview", ...files, "--json");
  const rows: Record<string, string | null>[] = JSON.parse(out);
  const beside = (column: string) =>
    rows
      .filter(({ source_item }) => source_item === column)
      .map((row) => [row.source_answer, row.pro_response_num, row.state]);
  expect(beside("q1")).toEqual([
    ["often", "2", "loaded"],
    ["never", "0", "loaded"],
    ["Aaa Aaa Aaa", null, "quarantined"],
  ]);
  expect(beside("q2")).toEqual([
    ["1", "1", "loaded"],
    ["9", "9", "quarantined"],
    ["-9", null, "quarantined"],
  ]);
  expect(beside("comment")).toEqual([["Aaaa Aaa Aaa", null, "quarantined"]]);
  expect(out).not.toMatch(/Ann Lee|k1|k2/);
});

it("shows a long file's cells as they stand, where words of the mapping say what they mean", async () => {
  const mapping = join(folder, "long.yaml");
  await writeFile(
    mapping,
    `files:
  - match: l.csv
    kind: long
    missing: { "-9": asked-declined }
    columns: { patient_key: id, answered_at: day, item_code: code, answer_num: { column: a, words: { never: "0", often: "2" } } }
    person: {}
    group_by: [id, day]
    instruments: [{ instrument: phq-2, items: { PHQ9_1: q1, PHQ9_2: q2 } }]
`,
  );
  const data = join(folder, "l.csv");
  const rows = ["q1,often", "q2,1", "q1,-9", "q2,Ask Ann Lee"].map(
    (said, i) => `k${i >> 1},2024-03-0${1 + (i >> 1)},${said}`,
  );
  await writeFile(data, `id,day,code,a\n${rows.join("\n")}\n`);
  const { out } = await propool(
    "preview",
    data,
    "--mapping",
    mapping,
    "--today",
    "2026-01-01",
    "--json",
  );
  const items: PreviewRow[] = JSON.parse(out).filter((row: PreviewRow) => row.kind === "item");
  expect(items.map((row) => [row.source_answer, row.pro_response_num])).toEqual([
    ["often", "2"],
    ["1", "1"],
    ["-9", null],
    ["Aaa Aaa Aaa", null],
  ]);
});

it("with --only issues leaves out what is well and says what each reason means", async () => {
  const { out } = await propool("preview", ...files, "--only", "issues");
  expect(out).toMatch(/line 3 +q2 +9 /);
  expect(out).not.toContain("line 2");
  expect(out).toContain(
    "MAPPING_ANSWER_NOT_IN_LIST (3): the answer is not in the item's answer list; check",
  );
});

it("tells of a file that the mapping names otherwise, and where a column stands that the file lacks", async () => {
  const [data = "", , mapping = ""] = files;
  const other = join(folder, "other.csv");
  await writeFile(other, "id,q1\nk1,0\n");
  const { out } = await propool("preview", other, ...files.slice(1));
  expect(out).toMatch(/SOURCE_UNMAPPED_FILE \(1\): /);
  await writeFile(other, (await readFile(mapping, "utf8")).replace("q1", "q7"));
  const { exitCode, err } = await propool("preview", data, "--mapping", other);
  expect([exitCode, err]).toEqual([11, expect.stringContaining("the file has no column q7")]);
  expect(err).toMatch(/the mapping says it in .*other\.csv line \d+, column \d+/);
});

it("shows the end of a column's name that is a whole question", async () => {
  const question =
    "Over the last 2 weeks, how often have you been bothered by [Feeling tired or having little energy]";
  const mapping = join(folder, "question.yaml");
  const text = await readFile(files[2] ?? "", "utf8");
  await writeFile(
    mapping,
    text.replace("a.csv", "q.csv").replace("PHQ9_2: q2", `PHQ9_2: ${JSON.stringify(question)}`),
  );
  const data = join(folder, "q.csv");
  await writeFile(data, `id,day,q1,"${question}",note\nk1,2024-03-01,often,1,\n`);
  const { out } = await propool("preview", data, "--mapping", mapping, "--today", "2026-01-01");
  expect(out).toMatch(/line 2 {2,}… have you|line 2 +….*little energy\] +1 /);
  expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThan(260);
});

it("keeps the columns of its CSV", async () => {
  const { out } = await propool("preview", ...files, "--format", "csv");
  expect(out.split("\n")[0]).toBe(
    "file,record,pointer,patient,pro_date,pro_time,pro_code,pro_name,pro_response_num,pro_response_text,pro_method,pro_mode,pro_cat,pro_source,pro_seq,kind,origin,status,state,reason",
  );
});

async function all(texts: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const text of texts) found.push(text);
  return found;
}

it("prints as JSON what one array of all rows would be, and an empty one", async () => {
  const { out } = await propool("preview", ...files, "--json");
  expect(out).toBe(`${JSON.stringify(JSON.parse(out), null, 2)}\n`);
  async function* nothing(): AsyncGenerator<PreviewRow[]> {}
  expect(await all(previewTexts(nothing(), "json"))).toEqual(["[]\n"]);
});

it("lays out thousands of rows page by page, and counts the reasons of all", async () => {
  const empty = Object.fromEntries(PREVIEW_COLUMNS.map((name) => [name, null]));
  const row = { ...empty, file: "a.csv", patient: null, reason: "MAPPING_NO_KEY" };
  async function* rows() {
    for (let i = 0; i < 4; i++) yield Array<PreviewRow>(3_000).fill(row as unknown as PreviewRow);
  }
  const texts = await all(previewTexts(rows(), "table"));
  expect(texts.map((text) => text.match(/^file|^a\.csv/gm)?.length)).toEqual([
    5_001,
    5_001,
    2_001,
    undefined,
  ]);
  expect(texts.at(-1)).toContain("MAPPING_NO_KEY (12000)");
});

it("leaves nothing waiting at a reader that is slow", async () => {
  const write = (_chunk: Buffer, _encoding: string, done: () => void) => setImmediate(done);
  const out = new Writable({ highWaterMark: 1, write });
  const before = out.listenerCount("close");
  const err = new Writable({ write });
  const io = { out, err, in: Readable.from([]), env: {}, tty: false };
  expect(await run(["preview", ...files, "--format", "csv"], io)).toBe(0);
  expect(out.listenerCount("close")).toBe(before);
});
