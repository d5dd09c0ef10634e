import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProError } from "../../pipelines/core/errors.ts";
import type { FileProfile } from "../../pipelines/profile/field.ts";
import { shapeOf } from "../../pipelines/profile/mask.ts";
import { profileFiles } from "../../pipelines/profile.ts";
import { propool } from "../support/command.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-profile-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

async function profile(...files: string[]): Promise<FileProfile[]> {
  const found: FileProfile[] = [];
  for await (const one of profileFiles(files)) found.push(one);
  return found;
}

const row = (i: number) =>
  `${i},Name${i},P-${1000 + i},${["paper", "tablet"][i % 2]},${i % 4},${i % 4 === 0 ? "" : i % 3},2024-0${(i % 9) + 1}-10,0${(i % 9) + 1}/0${(i % 8) + 1}/2024,${i % 7 === 0 ? "fell on the stairs" : ""}`;
const SURVEY = `record_id,last_name,chart,mode,q1,q2,done,seen,remarks\n${Array.from({ length: 60 }, (_, i) => row(i)).join("\n")}\n`;

it.each([
  ["FHIR", "[pq].ndjson", '{"resourceType":"Patient","id":"a"}\n', { Patient: 1 }],
  ["one FHIR resource", "[pq].json", '{"resourceType":"Patient","id":"a"}', { Patient: 1 }],
  ["CSV", "p?*.csv", "id,q1\nA,1\n", { row: 1 }],
])(
  "a %s file that is called %s is itself, and not the files beside it",
  async (_, name, content, records) => {
    for (const other of ["p", "q", "p1", "p22"])
      await write(name.replace(/^[^.]*/, other), content);
    const [found] = await profile(await write(name, content));
    expect(found?.records).toEqual(records);
  },
);

describe("the profile of a CSV file", () => {
  it("tells type, fill, values and range of each column, and no identifier", async () => {
    const [found] = await profile(await write("survey.csv", SURVEY));
    expect(found?.records).toEqual({ row: 60 });
    const by = Object.fromEntries((found?.fields ?? []).map((field) => [field.path, field]));
    expect(by.mode).toMatchObject({
      type: "text",
      filled: 60,
      distinct: 2,
      values: [
        { value: "paper", count: 30 },
        { value: "tablet", count: 30 },
      ],
      masked: null,
    });
    expect(by.q1).toMatchObject({ type: "integer", least: "0", largest: "3", distinct: 4 });
    expect(by.q2).toMatchObject({ type: "integer", filled: 45 });
    expect(by.done).toMatchObject({ type: "date", formats: ["ISO 8601"] });
    expect(by.done, "few different days have a range too").toMatchObject({
      least: "2024-01",
      largest: "2024-09",
    });
    // 03/04/2024 is never guessed.
    expect(by.seen).toMatchObject({ type: "date", formats: ["%m/%d/%Y", "%d/%m/%Y"] });
    expect(by.last_name).toMatchObject({ masked: 'the name holds "name"' });
    expect(by.last_name?.values.map(({ value }) => value)).toEqual(["Aaaa99", "Aaaa9"]);
    expect(by.chart?.masked).toBe("most values are unique");
    expect(by.chart?.values).toEqual([{ value: "A-9999", count: 60 }]);
    expect(by.remarks?.masked).not.toBeNull();
    expect(JSON.stringify(found)).not.toMatch(/Name\d|P-1\d\d\d|stairs/);
  });

  const [comma, thousands, choices] = ["decimal comma", "thousands comma", "list of choices"];

  it.each<[string, string[], object]>([
    [
      "3,5 and 12,0 are numbers",
      ["3,5", "12,0", "7"],
      { type: "number", formats: [comma], least: "3.5", largest: "12" },
    ],
    ["0,500 is no thousand", ["0,500", "1,500"], { type: "number", formats: [comma] }],
    ["1,500 may be one", ["1,500", "2,250"], { formats: [comma, thousands], least: null }],
    ["1,2 and 2,3 may be choices", ["1,2", "2,3", "4"], { formats: [comma, choices] }],
    ["1,2 and 1,2,3 are choices", ["1,2", "1,2,3"], { type: "text", formats: [] }],
    ["1,2 and x are no numbers", ["1,2", "x"], { type: "text", formats: [] }],
  ])("tells what a comma in a number stands for: %s", async (_, cells, expected) => {
    const few = await profile(
      await write("few.csv", `id;w\n${cells.map((one) => `A;${one}\n`).join("")}`),
    );
    expect(few[0]?.fields[1]).toMatchObject(expected);
  });

  it("takes a decimal comma in a column of many numbers", async () => {
    const cells = Array.from({ length: 300 }, (_, i) => `A;${i % 90},${i % 10}\n`);
    const [found] = await profile(await write("numbers.csv", `id;t\n${cells.join("")}B;n/a\n`));
    expect(found?.fields[1]).toMatchObject({ type: "text" });
    const [numbers] = await profile(await write("numbers.csv", `id;t\n${cells.join("")}`));
    expect(numbers?.fields[1]).toMatchObject({ type: "number", least: "0", largest: "89.9" });
  });

  it("counts codes that only later rows hold", async () => {
    const rows = Array.from({ length: 25_000 }, (_, i) => (i < 24_000 ? "A" : "B"));
    const [found] = await profile(
      await write("late.csv", `code,x\n${rows.map((one) => `${one},1`).join("\n")}\n`),
    );
    expect(found?.fields[0]?.values).toEqual([
      { value: "A", count: 24_000 },
      { value: "B", count: 1000 },
    ]);
  });

  it.each([
    ["alone", "a,b\n1,2\n3\n4,5\n"],
    ["and a line break inside a cell", 'a,b\n1,"2\n7"\n3\n4,5\n'],
  ])("reads a file with ragged lines and says so: %s", async (_, content) => {
    const [found] = await profile(await write("ragged.csv", content));
    expect(found?.notes.join()).toMatch(/some lines do not fit/);
    expect(found?.fields.map(({ path }) => path)).toEqual(["a", "b"]);
  });

  it("takes more columns than one pass asks about", async () => {
    const names = Array.from({ length: 1200 }, (_, i) => `c${i}`).join(",");
    const values = Array.from({ length: 1200 }, (_, i) => String(i % 5)).join(",");
    const [found] = await profile(await write("many.csv", `${names}\n${values}\n${values}\n`));
    expect(found?.fields).toHaveLength(1200);
    expect(found?.fields[1199]).toMatchObject({ type: "integer", filled: 2 });
  });

  it.each([
    ["empty.csv", "", "SOURCE_EMPTY"],
    ["page.csv", "<html></html>", "SOURCE_WRONG_FORMAT"],
    ["picture.png", "x", "SOURCE_WRONG_FORMAT"],
  ])("refuses %s by name", async (name, content, code) => {
    const error = await profile(await write(name, content)).catch((one) => one);
    expect(error).toBeInstanceOf(ProError);
    expect(error.code).toBe(code);
    expect(error.where.file).toContain(name);
  });
});

describe("the profile of FHIR resources", () => {
  const responses = Array.from({ length: 8 }, (_, i) => ({
    resourceType: "QuestionnaireResponse",
    id: `qr-${i}`,
    status: "completed",
    subject: { reference: `Patient/mrn-77${i}` },
    authored: `2024-0${i + 1}-05T10:00:00Z`,
    item: [
      {
        linkId: "/44250-9",
        answer: [{ valueCoding: { code: "LA6568-5", display: "Not at all" } }],
      },
      ...(i < 4 ? [{ linkId: "note", answer: [{ valueString: `Call Mrs Smith${i}` }] }] : []),
    ],
  }));

  it("has every path with its fill, codes with their counts, and no free text", async () => {
    const lines = responses.map((one) => JSON.stringify(one)).join("\n");
    const [found] = await profile(await write("qr.ndjson", `${lines}\n{"broken":\n`));
    expect(found?.records).toEqual({ QuestionnaireResponse: 8 });
    expect(found?.unread).toEqual({ SOURCE_MALFORMED: 1 });
    const by = Object.fromEntries((found?.fields ?? []).map((field) => [field.path, field]));
    expect(by["item[].linkId"]).toMatchObject({
      filled: 8,
      values: [
        { value: "/44250-9", count: 8 },
        { value: "aaaa", count: 4 },
      ],
    });
    expect(by["item[].answer[].valueCoding.display"]?.values).toEqual([
      { value: "Not at all", count: 8 },
    ]);
    expect(by["item[].answer[].valueString"]).toMatchObject({
      filled: 4,
      masked: expect.any(String),
    });
    expect(by.authored).toMatchObject({ type: "date", least: "2024-01", largest: "2024-08" });
    expect(by["subject.reference"]).toMatchObject({ filled: 8, values: [] });
    expect(JSON.stringify(found)).not.toMatch(/Smith|mrn-77/);
  });

  const lines = `${responses.map((one) => JSON.stringify(one)).join("\n")}\n`;
  const bundle = JSON.stringify({
    resourceType: "Bundle",
    entry: responses.map((resource) => ({ resource })),
  });
  const latin = Buffer.from('{"resourceType":"Patient","id":"\u00e9"}\n', "latin1");

  it.each<[string, string, string | Uint8Array, Record<string, number>?]>([
    ["packed lines", "t.ndjson.zst", zstdCompressSync(lines)],
    ["a packed Bundle", "t.json.zst", zstdCompressSync(bundle)],
    ["a Bundle of gzip", "t.json.gz", gzipSync(bundle)],
    ["lines that are called .jsonl", "t.jsonl", lines],
    ["a Bundle a line", "t-bundles.ndjson", `${bundle}\n`],
    ["a Bundle of several lines", "t-lines.json", JSON.stringify(JSON.parse(bundle), null, 2)],
    [
      "lines, one of them no UTF-8",
      "t-latin.ndjson",
      Buffer.concat([Buffer.from(lines), latin]),
      { SOURCE_REFUSED: 1 },
    ],
  ])("of %s are those of the resources", async (_, name, content, unread = {}) => {
    const [plain] = await profile(await write("plain.ndjson", lines));
    const [found] = await profile(await write(name, content));
    expect(found).toMatchObject({ records: { QuestionnaireResponse: 8 }, unread });
    expect(found?.fields).toEqual(plain?.fields);
  });

  it.each([
    ["cut off", "u.ndjson.zst", zstdCompressSync(lines).subarray(0, -40), "SOURCE_UNREADABLE"],
    ["cut off", "u.ndjson.gz", gzipSync(lines).subarray(0, -40), "SOURCE_UNREADABLE"],
    ["empty", "v.ndjson", "", "SOURCE_EMPTY"],
    ["empty", "v.ndjson.zst", zstdCompressSync(""), "SOURCE_EMPTY"],
    ["no zstd", "w.ndjson.zst", lines, "SOURCE_UNREADABLE"],
    ["lines in a .json", "w.json", lines, "SOURCE_WRONG_FORMAT"],
  ])("of a file that is %s (%s) are refused", async (_, name, content, code) => {
    const error = await profile(await write(name, content)).catch((one) => one);
    expect(error).toMatchObject({ code, where: { file: expect.stringContaining(name) } });
  });

  it("reads single resources and Bundles together", async () => {
    const one = await write("one.json", JSON.stringify(responses[0]));
    const bundle = {
      resourceType: "Bundle",
      entry: responses.slice(1, 3).map((resource) => ({ resource })),
    };
    const two = await write("two.json", JSON.stringify(bundle));
    const [found] = await profile(one, two);
    expect(found?.records).toEqual({ QuestionnaireResponse: 3 });
  });
});

describe("the profile of C-CDA documents", () => {
  it("has sections, templates and codes", async () => {
    const section = (code: string) =>
      `<component><section><templateId root="2.16.840.1.113883.10.20.22.2.14"/><code code="${code}" codeSystem="2.16.840.1.113883.6.1"/><title>x</title><text/><entry><observation classCode="OBS" moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.22.4.69"/><code code="44249-1" codeSystem="2.16.840.1.113883.6.1"/><value xsi:type="INT" value="9"/></observation></entry></section></component>`;
    const file = await write(
      "a.xml",
      `<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><recordTarget><patientRole><patient><name><given>Zelda</given></name></patient></patientRole></recordTarget><component><structuredBody>${section("47420-5")}${section("47420-5")}</structuredBody></component></ClinicalDocument>`,
    );
    const [found] = await profile(file);
    expect(found?.records).toEqual({ document: 1, "section 47420-5": 2 });
    const code = found?.fields.find(
      ({ record, path }) => record === "section 47420-5" && path === "observation/code",
    );
    expect(code).toMatchObject({
      filled: 2,
      values: [{ value: "2.16.840.1.113883.6.1 44249-1", count: 2 }],
    });
    expect(JSON.stringify(found)).not.toContain("Zelda");
  });
});

describe("the profile of many XML files", () => {
  it("is the same in threads as one document after another", async () => {
    const observation = `<observation><code code="44249-1" codeSystem="2.16.840.1.113883.6.1"/><text>${"words ".repeat(20_000)}</text></observation>`;
    const document = `<ClinicalDocument xmlns="urn:hl7-org:v3"><component><structuredBody><component><section><code code="47420-5"/><entry>${observation}</entry></section></component></structuredBody></component></ClinicalDocument>`;
    const one = await write("m-0.xml", document);
    const [alone] = await profile(one);
    const many = await Promise.all(
      Array.from({ length: 70 }, (_, i) => write(`m-${i}.xml`, document)),
    );
    const [found] = await profile(...many, await write("m-broken.xml", "<ClinicalDocument>"));
    expect(found?.bytes).toBeGreaterThan(8e6);
    expect(found?.records).toEqual({ document: 70, "section 47420-5": 70 });
    expect(found?.unread).toEqual({ SOURCE_MALFORMED: 1 });
    expect(found?.fields.map(({ path, filled }) => [path, filled])).toEqual(
      alone?.fields.map(({ path, filled }) => [path, filled * 70]),
    );
  });

  it("tells every path of FHIR XML, as of the JSON that it stands for", async () => {
    const json = await write(
      "b.json",
      '{"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[{"code":"44261-6"}]},"valueInteger":7}',
    );
    const xml = await write(
      "b.xml",
      '<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/><entry><resource><Observation><id value="o1"/><status value="final"/><code><coding><code value="44261-6"/></coding></code><valueInteger value="7"/></Observation></resource></entry></Bundle>',
    );
    const [[ofJson], [ofXml]] = [await profile(json), await profile(xml)];
    expect(ofXml?.records).toEqual({ Observation: 1 });
    // XML has no numbers of its own.
    const untyped = (one?: FileProfile) => one?.fields.map(({ type: _, ...field }) => field);
    expect(untyped(ofXml)).toEqual(untyped(ofJson));
  });
});

it("a shape tells how a value is written, not what it says", () => {
  expect(shapeOf("Özil-77 b")).toBe("Aaaa-99 a");
  expect(shapeOf("x".repeat(40))).toBe(`${"a".repeat(24)}…`);
});

it("the command prints a table, JSON, or a page of its own", async () => {
  const file = await write("small.csv", SURVEY);
  const page = join(folder, "profile.html");
  expect((await propool("profile", file)).out).toMatch(/\nq1 +integer +all +4 +0 \(15\), 1 \(15\)/);
  const [parsed] = JSON.parse((await propool("profile", file, "--json")).out);
  expect(parsed.records).toEqual({ row: 60 });
  await propool("profile", file, "--html", page);
  const html = await readFile(page, "utf8");
  expect(html).toContain('<th scope="row" class="">q1<wbr></th>');
  expect(html).not.toMatch(/<script|https?:\/\/|Name\d/);
});

it("no page and no JSON of any format holds what may identify, nor markup of the export", async () => {
  const rows = Array.from(
    { length: 30 },
    (_, i) =>
      `MRN00${48213 + i},Quellmark,1957-03-1${i % 9},303-555-01${10 + i},q${i}@example.org,ask Vantongeren ${i}`,
  );
  const files = [
    await write("ids.csv", `mrn,last_name,dob,phone,email,<b>q1</b>\n${rows.join("\n")}\n`),
    await write(
      "ids.ndjson",
      `${JSON.stringify({ resourceType: "Patient", id: "mrn-77", name: [{ family: "Quellmark" }], birthDate: "1957-03-11", telecom: [{ value: "303-555-0110" }], identifier: [{ value: "MRN0048213" }] })}\n`.repeat(
        20,
      ),
    ),
    await write(
      "ids.xml",
      '<ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole><id root="1.2" extension="MRN0048213"/><telecom value="tel:303-555-0110"/><patient><name><family>Quellmark</family></name><birthTime value="19570311"/></patient></patientRole></recordTarget></ClinicalDocument>',
    ),
  ];
  const page = join(folder, "ids.html");
  const told = await propool("profile", ...files, "--html", page);
  expect(told.err).toBe(`${page}: 3 files\n`);
  for (const text of [
    await readFile(page, "utf8"),
    (await propool("profile", ...files, "--json")).out,
  ]) {
    expect(text).toContain("telecom");
    expect(text).not.toMatch(/MRN00|Quell|Vanto|303-|example|mrn-77|1957-?03/);
  }
  expect(await readFile(page, "utf8")).not.toContain("<b>q1");
});
