import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { readRecords } from "../golden/fhir/read-golden.ts";

const patient = (id: number | string, more = {}) =>
  JSON.stringify({ resourceType: "Patient", id: `p${id}`, ...more });
const response = (more: object) =>
  JSON.stringify({ resourceType: "QuestionnaireResponse", id: "r", ...more });
const many = (count: number) => Array.from({ length: count }, (_, i) => patient(i + 1));
const ndjson = (...lines: string[]) => `${lines.join("\n")}\n`;
const TWICE = '{"resourceType":"Patient","id":"a","id":"b"}';
const GOOD = [1, 2, 3].map((line) => `Patient @ line ${line}`);
const [FIRST = "", SECOND = "", THIRD = ""] = many(3);

/** What a file holds, its name, and what is told of its records. */
interface Case {
  content: string | Uint8Array;
  name?: string;
  told: string[];
}

const FILES: Record<string, Case> = {
  plain: { content: ndjson(...many(3)), told: GOOD },
  "without a line break at its end": { content: many(3).join("\n"), told: GOOD },
  "with carriage returns": { content: many(3).join("\r\n"), told: GOOD },
  "with blank lines at its end": { content: `${many(3).join("\n")}\n\n  \n`, told: GOOD },
  "with a byte order mark": { content: `\uFEFF${ndjson(...many(3))}`, told: GOOD },
  packed: { content: gzipSync(ndjson(...many(3))), name: "Export.ndjson.gz", told: GOOD },
  "packed, with a shouted name": {
    content: gzipSync(ndjson(...many(3))),
    name: "EXPORT.NDJSON.GZ",
    told: GOOD,
  },
  "of lines in JSON": { content: ndjson(...many(3)), name: "export.jsonl", told: GOOD },
  "in a folder": { content: ndjson(...many(3)), name: "a b/c'd/Export.ndjson", told: GOOD },
  "with a pattern for a name": {
    content: ndjson(...many(3)),
    name: "Export[12]*?.ndjson",
    told: GOOD,
  },
  "with blank lines between records, which count": {
    content: `\n${FIRST}\n\n \t\r\n${SECOND}\r\n${THIRD}`,
    told: ["Patient @ line 2", "Patient @ line 5", "Patient @ line 6"],
  },
  "with a line separator inside a text, which ends no line": {
    content: ndjson(FIRST, patient(2, { name: [{ family: "Rue\u2028\u0085\u2029" }] }), "{", THIRD),
    told: [
      "Patient @ line 1",
      "Patient @ line 2",
      "resource @ line 3 quarantined SOURCE_MALFORMED",
      "Patient @ line 4",
    ],
  },
  "of a type that is not read": {
    content: ndjson(...["a", "b"].map((id) => JSON.stringify({ resourceType: "Coverage", id }))),
    told: [
      "Coverage @ line 1 out_of_scope SOURCE_RESOURCE_NOT_READ",
      "Coverage @ line 2 out_of_scope SOURCE_RESOURCE_NOT_READ",
    ],
  },
  "of several types": {
    content: ndjson(FIRST, response({}), '{"resourceType":"Coverage"}', SECOND),
    told: [
      "Patient @ line 1",
      "QuestionnaireResponse @ line 2",
      "Coverage @ line 3 out_of_scope SOURCE_RESOURCE_NOT_READ",
      "Patient @ line 4",
    ],
  },
  "whose name says another type": {
    content: ndjson(response({}), response({ id: "s" })),
    name: "Patient.ndjson",
    told: ["QuestionnaireResponse @ line 1", "QuestionnaireResponse @ line 2"],
  },
  "that the strict reader refuses in three places": {
    content: ndjson(...many(20).map((line, i) => ([0, 7, 19].includes(i) ? TWICE : line))),
    told: many(20).map((_, i) =>
      [0, 7, 19].includes(i)
        ? `Patient @ line ${i + 1} quarantined SOURCE_REFUSED`
        : `Patient @ line ${i + 1}`,
    ),
  },
};

/** A line between two good ones: the good ones stay what they are. */
const between = (line: string | Uint8Array, told: string): Case => ({
  content: Buffer.concat([Buffer.from(`${FIRST}\n`), Buffer.from(line), Buffer.from(`\n${THIRD}`)]),
  told: ["Patient @ line 1", told, "Patient @ line 3"],
});
const refused = (kind: string, reason: string) => `${kind} @ line 2 quarantined ${reason}`;

const LINES: Record<string, Case> = {
  "cut short": between('{"resourceType":"Patient","id":', refused("resource", "SOURCE_MALFORMED")),
  "without a comma": between(
    '{"resourceType":"Patient" "id":1}',
    refused("resource", "SOURCE_MALFORMED"),
  ),
  "that is no object": between("[1, 2]", refused("resource", "SOURCE_NOT_A_RESOURCE")),
  "that is null": between("null", refused("resource", "SOURCE_NOT_A_RESOURCE")),
  "without a type": between('{"id":"x"}', refused("resource", "SOURCE_NOT_A_RESOURCE")),
  "with a key twice": between(TWICE, refused("Patient", "SOURCE_REFUSED")),
  "whose bytes are no UTF-8": between(
    Buffer.from(patient(2, { name: [{ family: "Müller" }] }), "latin1"),
    refused("resource", "SOURCE_REFUSED"),
  ),
  "with a text for a list": between(
    patient(2, { name: "Rue" }),
    refused("Patient", "SOURCE_WRONG_TYPE /name"),
  ),
  "with an object for a list, which is a list of one": between(
    patient(2, { name: { family: "Rue" } }),
    "Patient @ line 2",
  ),
  "with an object for a list of texts": between(
    patient(2, { address: { line: { x: "Rue" } } }),
    refused("Patient", "SOURCE_WRONG_TYPE /address/0/line"),
  ),
  "with an object for a list, and a key twice": between(
    '{"resourceType":"Patient","name":{"family":"Rue"},"id":"a","id":"b"}',
    refused("Patient", "SOURCE_REFUSED"),
  ),
  "of DSTU2 with a key twice": between(
    '{"resourceType":"Patient","name":[{"family":["Rue"]}],"id":"a","id":"b"}',
    refused("Patient", "SOURCE_REFUSED"),
  ),
  "with a text for an object": between(
    patient(2, { name: [{ given: ["Ann"] }, "Rue"] }),
    refused("Patient", "SOURCE_WRONG_TYPE /name/1"),
  ),
  "with a text for the extensions": between(
    patient(2, { extension: "x" }),
    refused("Patient", "SOURCE_WRONG_TYPE /extension"),
  ),
};

const nested = (item: object, pointer: string | null): Case =>
  between(
    response({ item: [{ linkId: "a", ...item }] }),
    pointer === null
      ? "QuestionnaireResponse @ line 2"
      : refused("QuestionnaireResponse", `SOURCE_WRONG_TYPE ${pointer}`),
  );
/** The same in a file of responses alone, which the strict reader accepts: it takes nested items as they stand. */
const NESTED = Object.fromEntries(
  Object.entries({
    "an item that is no list, which is a list of one": nested({ item: { linkId: "b" } }, null),
    "an item that is no list, and no item": nested(
      { item: { answer: 3 } },
      "/item/0/item/0/answer",
    ),
    "an item that is a text": nested({ item: ["b"] }, "/item/0/item/0"),
    "an answer that is no list, which is a list of one": nested(
      { item: [{ linkId: "b", answer: { valueInteger: 1 } }] },
      null,
    ),
    "a coding that is a text": nested(
      { item: [{ linkId: "b", answer: [{ valueCoding: "LA6568-5" }] }] },
      "/item/0/item/0/answer/0/valueCoding",
    ),
    "an item of an answer that is no list, which is a list of one": nested(
      { answer: [{ valueInteger: 1, item: { linkId: "c" } }] },
      null,
    ),
    "an answer far below that is a number": nested(
      { answer: [{ item: [{ item: [{ linkId: "d", answer: [3] }] }] }] },
      "/item/0/answer/0/item/0/item/0/answer/0",
    ),
  }).map(([title, { content, told }]): [string, Case] => [
    title,
    {
      content: content.toString().replaceAll('"Patient"', '"QuestionnaireResponse"'),
      told: told.map((one) => one.replace("Patient", "QuestionnaireResponse")),
    },
  ]),
);

const DOCUMENTS: Record<string, Case> = {
  "one resource": {
    content: `\uFEFF{\r\n "resourceType":"Patient"\n}\n`,
    name: "a.json",
    told: ["Patient @ resource"],
  },
  packed: { content: gzipSync(FIRST), name: "a.json.gz", told: ["Patient @ resource"] },
  "with a shouted name": { content: FIRST, name: "A.JSON", told: ["Patient @ resource"] },
  broken: {
    content: '{"resourceType":',
    name: "a.json",
    told: ["resource @ resource quarantined SOURCE_MALFORMED"],
  },
  "with a key twice": {
    content: '{"resourceType":"Patient",\n"id":"a",\n"id":"b"}',
    name: "a.json",
    told: ["Patient @ resource quarantined SOURCE_REFUSED"],
  },
  "that is no UTF-8": {
    content: Buffer.from(patient("ü"), "latin1"),
    name: "a.json",
    told: ["resource @ resource quarantined SOURCE_REFUSED"],
  },
  "a Bundle whose entry is no list, which is a list of one": {
    content: '{"resourceType":"Bundle","entry":{"resource":{"resourceType":"Patient"}}}',
    name: "a.json",
    told: ["Patient @ entry[0]"],
  },
  "a Bundle whose entry is a text": {
    content: '{"resourceType":"Bundle","entry":"Patient"}',
    name: "a.json",
    told: ["Bundle @ resource quarantined SOURCE_WRONG_TYPE /entry"],
  },
};

describe.each([
  ["a file", FILES],
  ["a line", LINES],
  ["an item below the first level:", NESTED],
  ["a document", DOCUMENTS],
])("%s", (_, cases) => {
  const names = Object.fromEntries(
    Object.entries(cases).map(([title, { name }], i) => [title, `${i}/${name ?? "a.ndjson"}`]),
  );
  // All of them in one export: a file must not disturb another.
  let told: Record<string, string[]> = {};
  beforeAll(async () => {
    const files = Object.entries(cases).map(([title, { content }]) => [names[title], content]);
    told = await readRecords(Object.fromEntries(files));
  });

  it.each(Object.keys(cases))("%s", (title) => {
    expect(told[names[title] ?? ""]).toEqual(cases[title]?.told);
  });
});

describe("a file that holds nothing sensible stops the night", () => {
  const packed = gzipSync(ndjson(...many(500)));

  it.each([
    ["empty", "", "Export.ndjson", "SOURCE_EMPTY"],
    ["blank", "\n \r\n", "Export.ndjson", "SOURCE_EMPTY"],
    ["only a byte order mark", "\uFEFF\n", "Export.ndjson", "SOURCE_EMPTY"],
    ["an empty document", "", "Export.json", "SOURCE_EMPTY"],
    ["packed emptiness", gzipSync(""), "Export.ndjson.gz", "SOURCE_EMPTY"],
    ["cut short while packed", packed.subarray(0, -20), "Export.ndjson.gz", "SOURCE_UNREADABLE"],
    ["not packed, by its name packed", patient(1), "Export.ndjson.gz", "SOURCE_UNREADABLE"],
    ["a document cut short while packed", packed.subarray(0, 60), "a.json.gz", "SOURCE_UNREADABLE"],
  ])("%s", async (_, content, name, code) => {
    await expect(readRecords({ [name]: content })).rejects.toMatchObject({
      code,
      where: { file: name },
    });
  });
});
