import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { INTAKE, type IntakeTable } from "../../pipelines/adapters/intake.ts";
import { columnsOf, intakeRows, readRecords, withFhir } from "../golden/fhir/read-golden.ts";
import { bundleXml, toXml } from "../golden/fhir/write-xml.ts";

const ROOT = join(import.meta.dirname, "../golden/fhir");
type Json = Record<string, unknown>;

/** All intake rows; places are left out, because a line of NDJSON is an entry of a Bundle. */
function allRows(files: Record<string, string>): Promise<Record<string, object[]>> {
  return withFhir({ files }, async (db) => {
    const tables: Record<string, object[]> = {};
    for (const table of Object.keys(INTAKE) as IntakeTable[]) {
      const rows = await intakeRows(db, table);
      tables[table] = rows.map((row) =>
        table === "intake_record"
          ? { ...row, where_file: "", where_record: "", where_pointer: "" }
          : row,
      );
    }
    return tables;
  });
}

/** The resources of a golden export, file by file. */
async function exportOf(name: string): Promise<Record<string, Json[]>> {
  const path = join(ROOT, name, "export");
  const files: Record<string, Json[]> = {};
  for (const file of (await readdir(path)).toSorted()) {
    const lines = (await readFile(join(path, file), "utf8"))
      .split("\n")
      .filter((line) => line.trim());
    files[file.replace(".ndjson", "")] = lines
      .map((line) => JSON.parse(line))
      // A list where one value may stand is nothing that XML can say.
      .filter((one) => !JSON.stringify(one).includes('"valueInteger":[3]'));
  }
  return files;
}

describe("FHIR XML", () => {
  it("gives the same rows as the JSON it was written from, in every version", async () => {
    const json: Record<string, string> = {};
    const xml: Record<string, string> = {};
    for (const name of EXPORTS) {
      for (const [file, all] of Object.entries(await exportOf(name))) {
        const entry = all.map((resource) => ({ resource }));
        json[`${name}/${file}.json`] = JSON.stringify({ resourceType: "Bundle", entry });
        xml[`${name}/${file}.xml`] = bundleXml(all);
      }
    }
    const rows = await allRows(json);
    for (const table of EMPTY) delete rows[table];
    for (const [table, found] of Object.entries(rows)) expect(found, table).not.toEqual([]);
    expect(await allRows(xml)).toMatchObject(rows);
  });
});

const EXPORTS = [
  ...["form-codes", "link-ids", "observations", "own-forms", "one-sitting", "people", "versions"],
];
/** What no golden export holds. */
const EMPTY = ["intake_observation", "intake_consent"];

describe("a file of FHIR XML", () => {
  const patient = toXml({ resourceType: "Patient", id: "p", gender: "female" });
  const inner = (content: string) => `<Patient xmlns="http://hl7.org/fhir">${content}</Patient>`;
  const CASES: Record<string, [content: string | Uint8Array, told: string, name?: string]> = {
    "with one resource": [patient, "Patient @ resource"],
    "packed with gzip": [gzipSync(patient), "Patient @ resource", "a.xml.gz"],
    "packed with zstd": [zstdCompressSync(patient), "Patient @ resource", "a.xml.zst"],
    "packed with zstd in two frames": [
      Buffer.concat([zstdCompressSync(patient.slice(0, 40)), zstdCompressSync(patient.slice(40))]),
      "Patient @ resource",
      "b.xml.zst",
    ],
    "with a prefix for FHIR": [
      '<f:Patient xmlns:f="http://hl7.org/fhir"><f:id value="a"/></f:Patient>',
      "Patient @ resource",
    ],
    "in UTF-16": [
      Buffer.from(`\uFEFF${inner('<id value="ü"/>')}`, "utf16le"),
      "Patient @ resource",
    ],
    "of a type that is not read": [
      '<Coverage xmlns="http://hl7.org/fhir"/>',
      "Coverage @ resource out_of_scope SOURCE_RESOURCE_NOT_READ",
    ],
    "cut short": [patient.slice(0, -12), "resource @ resource quarantined SOURCE_MALFORMED line 2"],
    "with entities": [
      `<!DOCTYPE a [<!ENTITY b "c">]>${inner('<id value="&b;"/>')}`,
      "resource @ resource quarantined SOURCE_FORBIDDEN_DTD line 1",
    ],
    "that is another XML": [
      '<ClinicalDocument xmlns="urn:hl7-org:v3"/>',
      "resource @ resource quarantined SOURCE_NOT_A_RESOURCE",
    ],
    "with two values for one": [
      inner('<gender value="male"/><gender value="female"/>'),
      "Patient @ resource quarantined SOURCE_WRONG_TYPE /gender",
    ],
    "with an element for a text": [
      inner('<gender><coding><code value="male"/></coding></gender>'),
      "Patient @ resource quarantined SOURCE_WRONG_TYPE /gender",
    ],
    "with a text for an element": [
      inner('<name value="Rue"/>'),
      "Patient @ resource quarantined SOURCE_WRONG_TYPE /name/0",
    ],
    "nested deeper than the parser goes": [
      inner(`${"<contact>".repeat(300)}${"</contact>".repeat(300)}`),
      "resource @ resource quarantined SOURCE_TOO_LARGE line 1",
    ],
  };
  const nameOf = (title: string, i: number) => `${i}/${CASES[title]?.[2] ?? "a.xml"}`;
  let told: Record<string, string[]> = {};
  beforeAll(async () => {
    told = await readRecords(
      Object.fromEntries(
        Object.entries(CASES).map(([title, [content]], i) => [nameOf(title, i), content]),
      ),
    );
  });

  it.each(Object.keys(CASES).map((title, i) => [title, i] as const))("%s", (title, i) => {
    expect(told[nameOf(title, i)]).toEqual([CASES[title]?.[1]]);
  });

  it("of fifty nested levels has all its answers", async () => {
    const level = (n: number): Json => ({
      linkId: `l${n}`,
      answer: [{ valueInteger: n, ...(n < 50 ? { item: [level(n + 1)] } : {}) }],
    });
    const form = toXml({ resourceType: "QuestionnaireResponse", id: "r", item: [level(1)] });
    const rows = await withFhir({ files: { "a.xml": form } }, (db) =>
      columnsOf(db, "intake_response", "answer_num::DOUBLE"),
    );
    expect(rows).toEqual(Array.from({ length: 50 }, (_, i) => [i + 1]));
  });

  it("has what follows a processing instruction or a comment inside an element, and nothing of those", async () => {
    const mark = '<?print value="9" me?><!-- <answer/> -->';
    const item = (n: number) =>
      `<item>${mark}<linkId value="l${n}"/>${mark}<answer>${mark}<valueInteger value="${n}">${mark}</valueInteger></answer></item>`;
    const form = `${mark}<QuestionnaireResponse xmlns="http://hl7.org/fhir">${mark}<id value="r"/>${[1, 2, 3].map(item).join(mark)}</QuestionnaireResponse>`;
    const rows = await withFhir({ files: { "a.xml": form } }, (db) =>
      columnsOf(db, "intake_response", "answer_num::DOUBLE"),
    );
    expect(rows).toEqual([[1], [2], [3]]);
  });

  it.each([
    ["empty", "", "a.xml", "SOURCE_EMPTY"],
    ["cut short while packed", gzipSync(patient).subarray(0, 60), "a.xml.gz", "SOURCE_UNREADABLE"],
  ])("%s stops the night", async (_, content, name, code) => {
    await expect(readRecords({ [name]: content })).rejects.toMatchObject({
      code,
      where: { file: name },
    });
  });
});
