import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Columns } from "../../pipelines/adapters/ccda/rows.ts";
import type { CcdaSettings } from "../../pipelines/adapters/ccda/settings.ts";
import { readInWorkers } from "../../pipelines/adapters/ccda/workers.ts";
import { readFiles } from "../golden/ccda/read-golden.ts";
import {
  documentAround,
  inlineSettings,
  observation,
  readInline,
} from "../golden/ccda/read-inline.ts";

let settings: CcdaSettings;
let directory: string;
beforeAll(async () => {
  settings = await inlineSettings();
  directory = await mkdtemp(join(tmpdir(), "propool-ccda-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const GAD7 = documentAround(
  `<entry>${observation("70274-6", `<value xsi:type="INT" value="5"/>`)}</entry>`,
);

describe("encodings and slips that do not cost the document", () => {
  const declared = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?>\n${GAD7}`;
  const utf16 = (text: string, mark: string) => Buffer.from(mark + text, "utf16le");
  it.each([
    ["no declaration", Buffer.from(GAD7)],
    ["UTF-8 with a byte order mark", Buffer.from(`\ufeff${declared("UTF-8")}`)],
    ["blank lines before the declaration", Buffer.from(`\r\n \n${declared("utf-8")}`)],
    ["UTF-16 little endian", utf16(declared("UTF-16"), "\ufeff")],
    ["UTF-16 big endian", utf16(declared("UTF-16"), "\ufeff").swap16()],
    ["UTF-16 without a mark", utf16(declared("UTF-16"), "")],
    [
      "windows-1252",
      Buffer.from(
        declared("windows-1252").replace(
          "<patient/>",
          "<patient><name><family>\u00d6st</family></name></patient>",
        ),
        "latin1",
      ),
    ],
    ["an undeclared xsi", Buffer.from(GAD7.replace(/ xmlns:xsi="[^"]*"/, ""))],
    [
      "an undeclared prefix of a vendor",
      Buffer.from(GAD7.replace("<section>", `<section><voc:x voc:y="1"/>`)),
    ],
    ["no name space at all", Buffer.from(GAD7.replace(/ xmlns(:xsi)?="[^"]*"/g, ""))],
    [
      "a section of no known template",
      Buffer.from(
        GAD7.replace(
          "<section>",
          `<section nullFlavor="NI"><templateId root="2.999.404"/></section></component><component><section>`,
        ),
      ),
    ],
  ])("%s", (_, bytes) => {
    const rows = readInline(bytes, settings);
    expect(rows.intake_record[0]?.reason).toBeNull();
    expect(rows.intake_response.map((row) => row.answer_num)).toEqual([5_000_000n]);
  });

  it("decodes a name of windows-1252", () => {
    const named = declared("windows-1252").replace(
      "<patient/>",
      "<patient><name><family>\u00d6st</family></name></patient>",
    );
    const rows = readInline(Buffer.from(named, "latin1"), settings);
    expect(rows.intake_patient[0]?.family_name).toBe("\u00d6st");
  });
});

describe("files that are refused by name", () => {
  const bomb = `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>${GAD7}`;
  const deep = `${"<section>".repeat(400)}${"</section>".repeat(400)}`;
  it.each([
    [
      "a document type behind a comment",
      Buffer.from(`<!-- <a> -->\n${bomb}`),
      "SOURCE_FORBIDDEN_DTD",
      "line 2",
    ],
    [
      "a document type in UTF-16",
      Buffer.from(`\ufeff${bomb}`, "utf16le"),
      "SOURCE_FORBIDDEN_DTD",
      "line 1",
    ],
    [
      "a document type in lower case",
      Buffer.from("<!doctype html><html></html>"),
      "SOURCE_FORBIDDEN_DTD",
      "line 1",
    ],
    [
      "an entity that nobody declared",
      Buffer.from(GAD7.replace("<section>", "<section><title>&x;</title>")),
      "SOURCE_MALFORMED",
      "line 2",
    ],
    [
      "bytes that are not UTF-8",
      Buffer.from(GAD7.replace("<section>", "<section><title>\u00d6</title>"), "latin1"),
      "SOURCE_MALFORMED",
      "line 2",
    ],
    [
      "an encoding that nobody knows",
      Buffer.from(`<?xml version="1.0" encoding="x-nonsense"?>${GAD7}`),
      "SOURCE_MALFORMED",
      null,
    ],
    ["elements 400 deep", Buffer.from(documentAround(deep)), "SOURCE_TOO_LARGE", "line 2"],
    [
      "a text of 11 MB",
      Buffer.from(documentAround(`<text>${"x".repeat(11_000_000)}</text>`)),
      "SOURCE_TOO_LARGE",
      "line 2",
    ],
    ["a file of zeros", Buffer.alloc(64), "SOURCE_MALFORMED", "line 1"],
    ["text", Buffer.from("PHQ-9 total 12"), "SOURCE_NOT_CCDA", null],
  ])("%s", (_, bytes, reason, pointer) => {
    const rows = readInline(bytes, settings);
    expect(rows.intake_record.map((row) => [row.state, row.reason, row.where_pointer])).toEqual([
      ["quarantined", reason, pointer],
    ]);
    expect(rows.intake_response).toEqual([]);
  });
});

describe("many files", () => {
  const NAMES = Array.from({ length: 60 }, (_, i) => `d${String(i).padStart(3, "0")}.xml`);
  beforeAll(async () => {
    for (const [i, name] of NAMES.entries()) {
      // Every seventh is cut off, every fifth is much larger, so that workers finish out of order.
      const filler = "<component><section><text>x</text></section></component>".repeat(
        i % 5 === 0 ? 5000 : 1,
      );
      const whole = GAD7.replace(`value="5"`, `value="${i}"`).replace(
        "<structuredBody>",
        `<structuredBody>${filler}`,
      );
      await writeFile(join(directory, name), i % 7 === 0 ? whole.slice(0, -20) : whole);
    }
  });

  it("come in the order of their names, the cut off ones accounted for, twice the same", async () => {
    const dump = async () => {
      const db = await readFiles(directory, [...NAMES, "missing.xml"]);
      const records = await db.all<{ where_file: string; reason: string | null }>(
        "SELECT where_file, reason FROM intake_record",
      );
      const answers = await db.all<{ record_key: bigint; n: number }>(
        "SELECT record_key, answer_num::INTEGER AS n FROM intake_response",
      );
      db.close();
      return { records, answers };
    };
    const { records, answers } = await dump();
    expect(records.map((row) => row.where_file)).toEqual([...NAMES, "missing.xml"]);
    expect(records.filter((row) => row.reason === "SOURCE_MALFORMED")).toHaveLength(9);
    expect(records.at(-1)?.reason).toBe("SOURCE_UNREADABLE");
    const kept = NAMES.map((_, i) => i).filter((i) => i % 7 !== 0);
    expect(answers.map((row) => row.n)).toEqual(kept);
    expect(answers.map((row) => Number(row.record_key) - 1)).toEqual(kept);
    expect(await dump()).toEqual({ records, answers });
  });

  it("a file that ends its worker is quarantined, the others are read", async () => {
    await writeFile(join(directory, "plain.xml"), documentAround(""));
    // Settings without a catalogue stand for any fault inside a worker: only documents with an entry run into it.
    const broken = { ...settings, catalogue: undefined } as unknown as CcdaSettings;
    const files = ["plain.xml", "d001.xml", "plain.xml", "d002.xml", "plain.xml"];
    const jobs = files.map((file, i) => ({ recordKey: BigInt(i), file }));
    const results: Columns[] = [];
    const start = { exportDirectory: directory, settings: broken };
    for await (const columns of readInWorkers(jobs, start, 2)) results.push(columns);
    expect(results.map((columns) => columns.intake_record?.[5])).toEqual([
      [null],
      ["SOURCE_UNREADABLE"],
      [null],
      ["SOURCE_UNREADABLE"],
      [null],
    ]);
  });

  it("a file past the limit is not opened", async () => {
    await truncate(join(directory, "plain.xml"), 257 * 1024 * 1024);
    const db = await readFiles(directory, ["plain.xml"]);
    expect(await db.all("SELECT state, reason FROM intake_record")).toEqual([
      { state: "quarantined", reason: "SOURCE_TOO_LARGE" },
    ]);
    db.close();
  });

  it("reads nothing where there is nothing", async () => {
    const db = await readFiles(directory, []);
    expect(await db.all("SELECT * FROM intake_record")).toEqual([]);
    db.close();
  });
});
