import { beforeAll, describe, expect, it } from "vitest";
import { unmappedCodes } from "../../pipelines/quality/facts.ts";
import { withMapped } from "../golden/fhir/read-golden.ts";

/** Shapes of real exports, each alone, and what loads of them. */

type Json = Record<string, unknown>;
const LOINC = "http://loinc.org";
const ANN = { reference: "Patient/ann" };
const coding = (code: string, system: string | null = LOINC) => ({
  ...(system === null ? {} : { system }),
  code,
});
const code = (one: string, system: string | null = LOINC) => ({ coding: [coding(one, system)] });
const answers = (...values: object[]) => ({ answer: values });
const item = (linkId: string, ...values: object[]): Json => ({
  linkId,
  ...(values.length > 0 ? answers(...values) : {}),
});
const choice = (one: string, more: object = {}) => ({
  valueCoding: { system: LOINC, code: one, ...more },
});
const form = (items: Json[], more: Json = {}): Json => ({
  resourceType: "QuestionnaireResponse",
  id: "r",
  status: "completed",
  subject: ANN,
  authored: "2024-03-04",
  item: items,
  ...more,
});
const observation = (id: string, loinc: string, more: object): Json => ({
  resourceType: "Observation",
  id,
  status: "final",
  code: code(loinc),
  subject: ANN,
  effectiveDateTime: "2024-03-04",
  ...more,
});
const questionnaire = (items: Json[], more: Json = {}): Json => ({
  resourceType: "Questionnaire",
  item: items,
  ...more,
});
const extension = (name: string, value: object) => [
  { url: `http://hl7.org/fhir/StructureDefinition/${name}`, ...value },
];
const ordinal = (name: string, valueDecimal: number) => ({
  extension: extension(name, { valueDecimal }),
});
const own = (items: Json[], more: Json = {}) =>
  form(items, { questionnaire: "http://x.example/q|2", ...more });
const FORM = { id: "q", url: "http://x.example/q" };

/** The resources, and each answer as `place name value state reason`. */
const SHAPES: Record<string, [resources: Json[], told: string[]]> = {
  // Where an item gets its code from.
  "an item's code in the form": [
    [
      questionnaire([{ linkId: "a", code: [coding("44250-9")] }], FORM),
      own([item("a", { valueInteger: 1 })]),
    ],
    ["/item/0/answer/0 PHQ9_1 1 loaded"],
  ],
  "an inline form in the place of its name": [
    [
      form([item("a", { valueInteger: 1 })], {
        questionnaire: questionnaire([{ linkId: "a", code: [coding("44250-9")] }], {
          url: "http://x.example/z",
        }),
      }),
    ],
    ["/item/0/answer/0 PHQ9_1 1 loaded"],
  ],
  "a contained form": [
    [
      form([item("a", { valueInteger: 1 })], {
        questionnaire: "#f",
        contained: [questionnaire([{ linkId: "a", code: [coding("44250-9")] }], { id: "f" })],
      }),
    ],
    ["/item/0/answer/0 PHQ9_1 1 loaded"],
  ],
  "a definition in the response": [
    [form([{ ...item("a", { valueInteger: 1 }), definition: "http://loinc.org/fhir/44250-9" }])],
    ["/item/0/answer/0 PHQ9_1 1 loaded"],
  ],
  "a definition in the form": [
    [
      questionnaire([{ linkId: "a", definition: "http://loinc.org/44250-9" }], FORM),
      own([item("a", { valueInteger: 1 })]),
    ],
    ["/item/0/answer/0 PHQ9_1 1 loaded"],
  ],
  "link ids that are codes": [
    [form([item("/44250-9", { valueInteger: 1 }), item("44255-8", { valueInteger: 2 })])],
    ["/item/0/answer/0 PHQ9_1 1 loaded", "/item/1/answer/0 PHQ9_2 2 loaded"],
  ],
  // Where an answer gets its number from.
  "the instrument's answer list": [
    [form([item("44250-9", choice("LA6570-1"))])],
    ["/item/0/answer/0 PHQ9_1 2 loaded"],
  ],
  "ordinalValue on the coding": [
    [form([item("44250-9", choice("x", ordinal("ordinalValue", 2)))])],
    ["/item/0/answer/0 PHQ9_1 2 loaded"],
  ],
  "itemWeight on the coding": [
    [form([item("44250-9", choice("x", ordinal("itemWeight", 3)))])],
    ["/item/0/answer/0 PHQ9_1 3 loaded"],
  ],
  "itemWeight on the answer": [
    [form([item("44250-9", { ...choice("x"), ...ordinal("itemWeight", 1) })])],
    ["/item/0/answer/0 PHQ9_1 1 loaded"],
  ],
  "the form's option": [
    [
      questionnaire(
        [
          {
            linkId: "44250-9",
            answerOption: [{ valueCoding: { code: "often", ...ordinal("ordinalValue", 3) } }],
          },
        ],
        FORM,
      ),
      own([item("44250-9", { valueCoding: { code: "often" } })]),
    ],
    ["/item/0/answer/0 PHQ9_1 3 loaded"],
  ],
  "the label of an answer": [
    [form([item("44250-9", { valueString: "Several days" })])],
    ["/item/0/answer/0 PHQ9_1 1 loaded"],
  ],
  "a number that is a text": [
    [form([item("44261-6", { valueString: "12" })])],
    ["/item/0/answer/0 total 12 loaded"],
  ],
  "code and number that differ": [
    [form([item("44250-9", choice("LA6568-5", ordinal("ordinalValue", 3)))])],
    ["/item/0/answer/0 PHQ9_1 - quarantined MAPPING_ANSWER_CONFLICT"],
  ],
  // Answers that are none, or several.
  "no answer, an empty list, one that was declined": [
    [
      form([
        item("44250-9", { valueInteger: 1 }),
        { linkId: "44255-8" },
        { linkId: "44259-0", answer: [] },
        {
          linkId: "44254-1",
          extension: extension("data-absent-reason", { valueCode: "asked-declined" }),
        },
      ]),
    ],
    [
      "/item/0/answer/0 PHQ8_1 1 loaded",
      "/item/1 PHQ8_2 - loaded",
      "/item/2 PHQ8_3 - loaded",
      "/item/3 PHQ8_4 - loaded",
    ],
  ],
  "several answers that differ": [
    [form([item("44250-9", { valueInteger: 1 }, { valueInteger: 2 })])],
    [
      "/item/0/answer/0 PHQ9_1 - quarantined MAPPING_ANSWERED_TWICE",
      "/item/0/answer/1 PHQ9_1 - quarantined MAPPING_ANSWERED_TWICE",
    ],
  ],
  "several answers that agree": [
    [form([item("44250-9", { valueInteger: 1 }, { valueInteger: 1 })])],
    [
      "/item/0/answer/0 PHQ9_1 1 loaded",
      "/item/0/answer/1 PHQ9_1 1 duplicate MAPPING_ANSWER_REPEATED",
    ],
  ],
  "what the form proposes is no answer": [
    [
      questionnaire([{ linkId: "44250-9", initial: [{ valueInteger: 3 }] }], FORM),
      own([item("44250-9"), item("44255-8", { valueInteger: 1 })]),
    ],
    ["/item/0 PHQ9_1 - loaded", "/item/1/answer/0 PHQ9_2 1 loaded"],
  ],
  "an answer outside the list": [
    [form([item("44250-9", { valueInteger: 7 })])],
    ["/item/0/answer/0 PHQ9_1 - quarantined MAPPING_ANSWER_NOT_IN_LIST"],
  ],
  // Every kind of value, under an item of which the catalogue has a list: what is no number is seen and withheld.
  ...Object.fromEntries(
    Object.entries({
      valueBoolean: true,
      valueDate: "2024-01-01",
      valueDateTime: "2024-01-01T10:00:00Z",
      valueTime: "10:00:00",
      valueInstant: "2024-01-01T10:00:00.000Z",
      valueString: "now and then",
      valueUri: "urn:x",
      valueAttachment: { data: "QQ==" },
      valueReference: ANN,
    }).map(([name, value]): [string, [Json[], string[]]] => [
      `an answer with a ${name}`,
      [
        [form([item("44250-9", { [name]: value })])],
        ["/item/0/answer/0 PHQ9_1 - quarantined MAPPING_FREE_TEXT"],
      ],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries({
      valueInteger: 2,
      valueDecimal: 2.0,
      valueQuantity: { value: 2, unit: "points" },
    }).map(([name, value]): [string, [Json[], string[]]] => [
      `an answer with a ${name}`,
      [[form([item("44250-9", { [name]: value })])], ["/item/0/answer/0 PHQ9_1 2 loaded"]],
    ]),
  ),
  // What occurs once, as converters from XML write it.
  "objects in the places of lists": [
    [
      {
        ...form([]),
        item: { linkId: "g", item: { linkId: "44250-9", answer: { valueInteger: 1 } } },
      },
    ],
    ["/item/0/item/0/answer/0 PHQ9_1 1 loaded"],
  ],
  // Codes and their systems.
  "codes without a system": [
    [observation("o", "44250-9", { code: code("44250-9", null), valueInteger: 1 })],
    ["/value PHQ9_1 1 loaded"],
  ],
  "a system that is a URN of an OID": [
    [
      observation("o", "44250-9", {
        code: code("44250-9", "urn:oid:2.16.840.1.113883.6.1"),
        valueInteger: 1,
      }),
    ],
    ["/value PHQ9_1 1 loaded"],
  ],
  "blanks around codes": [
    [
      observation("o", "44250-9", {
        code: code(" 44250-9 ", " http://loinc.org "),
        valueInteger: 1,
      }),
    ],
    ["/value PHQ9_1 1 loaded"],
  ],
  ...Object.fromEntries(
    Object.entries({
      "without a system": { valueCoding: { code: "LA6570-1" } },
      "whose system is a URN of an OID": {
        valueCoding: coding("LA6570-1", "urn:oid:2.16.840.1.113883.6.1"),
      },
      "with blanks around it": { valueCoding: coding(" LA6570-1 ") },
      "that is a label alone": { valueCoding: { display: "More than half the days" } },
    }).map(([title, answer]): [string, [Json[], string[]]] => [
      `an answer's code ${title}`,
      [[form([item("44250-9", answer)])], ["/item/0/answer/0 PHQ9_1 2 loaded"]],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries({
      "without a system": code("LA6570-1", null),
      "that is a text alone": { text: "More than half the days" },
      "of another system beside an ordinal": {
        coding: [{ ...coding("x", "http://x.example"), ...ordinal("iso21090-CO-value", 2) }],
      },
    }).map(([title, valueCodeableConcept]): [string, [Json[], string[]]] => [
      `an Observation's answer code ${title}`,
      [[observation("o", "44250-9", { valueCodeableConcept })], ["/value PHQ9_1 2 loaded"]],
    ]),
  ),
  "a code that is a text which the site approved": [
    [observation("o", "", { code: { text: " Mood today " }, valueInteger: 2 })],
    ["/value PHQ9_3 2 loaded"],
  ],
  "a code that is a text which nobody knows": [
    [
      observation("p", "44249-1", {
        component: [
          { code: code("44250-9"), valueInteger: 1 },
          { code: { text: "Mood tomorrow" }, valueInteger: 2 },
          { code: { text: "Mood tomorrow" }, valueInteger: 3 },
        ],
      }),
    ],
    [
      "/component/0 PHQ9_1 1 loaded",
      "/component/1 - - quarantined MAPPING_UNMAPPED_CODE",
      "/component/2 - - quarantined MAPPING_UNMAPPED_CODE",
    ],
  ],
  "a code of another system": [
    [
      observation("o", "44250-9", {
        code: code("44250-9", "http://x.example"),
        category: [code("survey")],
        valueInteger: 1,
      }),
    ],
    ["/value - - out_of_scope MAPPING_INSTRUMENT_UNKNOWN"],
  ],
  "an item without any code": [
    [
      observation("p", "44249-1", {
        component: [
          { code: { text: "mood" }, valueInteger: 2 },
          { code: code("44250-9"), valueInteger: 1 },
        ],
      }),
    ],
    ["/component/0 - - quarantined MAPPING_UNMAPPED_CODE", "/component/1 PHQ9_1 1 loaded"],
  ],
  "a local code under a known form": [
    [form([item("44250-9", { valueInteger: 1 }), item("mood-7", { valueInteger: 2 })])],
    ["/item/0/answer/0 PHQ9_1 1 loaded", "/item/1/answer/0 - - quarantined MAPPING_UNMAPPED_CODE"],
  ],
  "PHQ-9 as nursing homes ask it, which splits presence from frequency": [
    [form([item("54636-6", choice("LA33-6")), item("54637-4", choice("LA10998-5"))])],
    [
      "/item/0/answer/0 54636-6 - out_of_scope MAPPING_CODE_UNUSED",
      "/item/1/answer/0 PHQ9_1 1 loaded",
    ],
  ],
  // Observations.
  dataAbsentReason: [
    [
      observation("p", "44249-1", {
        component: [
          { code: code("44250-9"), dataAbsentReason: code("asked-declined", "http://x.example") },
          { code: code("44255-8"), valueInteger: 1 },
        ],
      }),
    ],
    ["/component/0 PHQ9_1 - loaded", "/component/1 PHQ9_2 1 loaded"],
  ],
  ...Object.fromEntries(
    Object.entries({
      valueBoolean: true,
      valueTime: "10:00:00",
      valueDateTime: "2024-01-01",
      valueRange: { low: { value: 1 } },
      valueRatio: { numerator: { value: 1 } },
      valuePeriod: { start: "2024" },
      valueSampledData: { data: "1 2" },
    }).map(([name, value]): [string, [Json[], string[]]] => [
      `an Observation with a ${name}`,
      [
        [observation("o", "44261-6", { [name]: value })],
        ["/value total - quarantined MAPPING_FREE_TEXT"],
      ],
    ]),
  ),
  "a number too large for any score": [
    [observation("o", "44261-6", { valueQuantity: { value: 1e30 } })],
    ["/value total - quarantined MAPPING_FREE_TEXT"],
  ],
  "members by related, as STU3 has them": [
    [
      observation("p", "44249-1", {
        related: [{ type: "has-member", target: { reference: "Observation/i" } }],
      }),
      observation("i", "44250-9", { valueInteger: 1 }),
    ],
    ["/value PHQ9_1 1 loaded"],
  ],
};

/** Resources that are looked at as a whole: each administration as `day state reason`. */
const version = (value: number, meta: object) =>
  form([item("44261-6", { valueInteger: value })], { meta });
const WHOLE: Record<string, [resources: Json[], told: string[]]> = {
  effectiveInstant: [
    [
      observation("o", "44261-6", {
        valueInteger: 3,
        effectiveDateTime: undefined,
        effectiveInstant: "2024-05-01T10:00:00Z",
      }),
    ],
    ["2024-05-01 loaded"],
  ],
  effectivePeriod: [
    [
      observation("o", "44261-6", {
        valueInteger: 3,
        effectiveDateTime: undefined,
        effectivePeriod: { start: "2024-05-01", end: "2024-05-09" },
      }),
    ],
    ["2024-05-01 loaded"],
  ],
  "effectivePeriod beside effectiveDateTime": [
    [observation("o", "44261-6", { valueInteger: 3, effectivePeriod: { start: "2024-04-01" } })],
    ["2024-03-04 loaded"],
  ],
  ...Object.fromEntries(
    Object.entries({
      "a later lastUpdated": [
        { lastUpdated: "2024-03-04T10:00:00Z" },
        { lastUpdated: "2024-03-04T09:00:00Z" },
      ],
      "a later lastUpdated, whatever the zones": [
        { lastUpdated: "2024-03-04T01:00:00-09:00" },
        { lastUpdated: "2024-03-04T09:00:00Z" },
      ],
      "a higher versionId": [{ versionId: "10" }, { versionId: "9" }],
    }).flatMap(([title, [newer = {}, older = {}]]): [string, [Json[], string[]]][] => [
      [
        `${title}, first`,
        [
          [version(11, newer), version(9, older)],
          ["2024-03-04 loaded", "2024-03-04 superseded MAPPING_NEWER_VERSION"],
        ],
      ],
      [
        `${title}, last`,
        [
          [version(9, older), version(11, newer)],
          ["2024-03-04 superseded MAPPING_NEWER_VERSION", "2024-03-04 loaded"],
        ],
      ],
    ]),
  ),
};

/** A case's resources under names of its own, so that no case meets another. */
function ownNames(resource: Json, i: number): string {
  return JSON.stringify(resource)
    .replaceAll("Patient/ann", `Patient/p${i}`)
    .replace('"id":"ann"', `"id":"p${i}"`)
    .replace(/"id":"([qroi])"/, `"id":"$1${i}"`)
    .replace('"id":"p"', `"id":"panel${i}"`)
    .replaceAll("Observation/i", `Observation/i${i}`)
    .replaceAll("QuestionnaireResponse/r", `QuestionnaireResponse/r${i}`)
    .replaceAll("http://x.example/q", `http://x.example/q${i}`);
}

const ANN_HERSELF = { resourceType: "Patient", id: "ann" };
const SITTING = [
  form([item("44250-9", { valueInteger: 1 }), item("44255-8", { valueInteger: 2 })]),
  observation("o", "44250-9", {
    valueInteger: 1,
    effectiveDateTime: "2024-03-06",
    derivedFrom: [{ reference: "QuestionnaireResponse/r" }],
  }),
];
const titles = [...Object.keys(SHAPES), ...Object.keys(WHOLE), "sitting"];
const resourcesOf = (title: string) => SHAPES[title]?.[0] ?? WHOLE[title]?.[0] ?? SITTING;

/** Bundles of every kind, whose resources name each other by their place in them. */
const entries = (n: number) =>
  [
    { resourceType: "Patient", name: [] },
    {
      ...form([item("44261-6", { valueInteger: 3 })]),
      id: undefined,
      subject: { reference: `urn:uuid:b${n}-0` },
    },
  ].map((resource, i) => ({
    fullUrl: `urn:uuid:b${n}-${i}`,
    resource,
    search: { mode: "match" },
    request: { method: "POST", url: resource.resourceType },
  }));
const BUNDLES = ["collection", "searchset", "transaction", "message", "document"];
const FIRST: Record<string, Json> = {
  searchset: { resource: { resourceType: "OperationOutcome" }, search: { mode: "outcome" } },
  message: { resource: { resourceType: "MessageHeader" } },
  document: { resource: { resourceType: "Composition" } },
};
const gone = (url: string) => ({ request: { method: "DELETE", url } });
const FILES: Record<string, string> = {
  "all.ndjson": titles
    .flatMap((title, i) =>
      [ANN_HERSELF, ...resourcesOf(title)].map((one) => `${ownNames(one, i)}\n`),
    )
    .join(""),
  ...Object.fromEntries(
    BUNDLES.map((type, n) => [
      `${type}.json`,
      JSON.stringify({
        resourceType: "Bundle",
        type,
        entry: [...(FIRST[type] ? [FIRST[type]] : []), ...entries(n)],
      }),
    ]),
  ),
  "bare.json": JSON.stringify({
    resourceType: "Bundle",
    entry: [
      { resourceType: "Patient", id: "bare" },
      form([item("44261-6", { valueInteger: 3 })], {
        id: "bare",
        subject: { reference: "Patient/bare" },
      }),
    ],
  }),
  "history.json": JSON.stringify({
    resourceType: "Bundle",
    type: "history",
    entry: ["QuestionnaireResponse/gone1", "Observation/gone2", "Condition/gone3"].map(gone),
  }),
  "twice.json":
    '{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"a","id":"b"}},{"resource":{"resourceType":"Patient","id":"c"}}]}',
  "gender.ndjson": `${JSON.stringify({ resourceType: "Patient", id: "g1" })}\n${JSON.stringify({ resourceType: "Patient", id: "g2", gender: ["female"] })}\n`,
};

let answersTold: { person: string; told: string }[] = [];
let wholeTold: { person: string | null; source: string; told: string }[] = [];
let codesTold: unknown[] = [];
let recordsTold: { file: string; told: string }[] = [];
beforeAll(async () => {
  const codes = [{ code: "Mood today", instrument: "phq-9", item: "PHQ9_3" }];
  await withMapped({ files: FILES, codes, site: { codes } }, async (db) => {
    codesTold = await unmappedCodes(db);
    answersTold = await db.all(`SELECT a.patient_key AS person,
        concat_ws(' ', r.where_pointer, coalesce(r.name, '-'), coalesce(CAST(CAST(r.value AS DOUBLE) AS VARCHAR), '-'), r.state, r.reason) AS told
      FROM mapped_response r JOIN mapped_administration a USING (administration_key) ORDER BY r.response_key`);
    wholeTold = await db.all(
      "SELECT patient_key AS person, source_id AS source, concat_ws(' ', pro_date, state, reason) AS told FROM mapped_administration ORDER BY record_key",
    );
    recordsTold = await db.all(
      "SELECT where_file AS file, concat_ws(' ', kind, where_record, state, reason, where_pointer) AS told FROM ledger_record ORDER BY record_key",
    );
  });
});
const person = (title: string) => `p${titles.indexOf(title)}`;
const toldOf = (file: string) =>
  recordsTold
    .filter((row) => row.file === file)
    .map(({ told }) => told)
    .toSorted();

describe("a form or an Observation with", () => {
  it.each(Object.keys(SHAPES))("%s", (title) => {
    const rows = answersTold.filter((row) => row.person === person(title));
    expect(rows.map(({ told }) => told.replace(/(\d)\.0\b/, "$1"))).toEqual(SHAPES[title]?.[1]);
  });

  it.each(Object.keys(WHOLE))("%s", (title) => {
    const rows = wholeTold.filter((row) => row.person === person(title));
    expect(rows.map(({ told }) => told)).toEqual(WHOLE[title]?.[1]);
  });
});

it("a code that nobody mapped is listed once, with how often it was met and where it belongs", () => {
  expect(codesTold).toContainEqual({
    code: "Mood tomorrow",
    system: null,
    instrument: "phq-9",
    count: 2,
  });
});

it("one sitting in two shapes is one by derivedFrom, though the days differ, and the link names the other", () => {
  const links = recordsTold.filter(({ told }) => told.includes("same as"));
  expect(links.map(({ told }) => told.replace(/\d+/g, "n"))).toEqual([
    "Observation line n duplicate MAPPING_ANSWER_REPEATED same as all.ndjson line n",
  ]);
});

describe("a Bundle", () => {
  it.each(BUNDLES.map((type, n) => [type, n] as const))("of type %s", (_, n) => {
    expect(wholeTold.filter((row) => row.person === `b${n}-0`).map(({ told }) => told)).toEqual([
      "2024-03-04 loaded",
    ]);
  });

  it("without wrappers around its entries", () => {
    expect(wholeTold.filter((row) => row.person === "bare").map(({ told }) => told)).toEqual([
      "2024-03-04 loaded",
    ]);
  });

  it("of type history, that says what was deleted", () => {
    expect(
      wholeTold
        .filter(({ source }) => source?.startsWith("gone"))
        .map(({ source, told }) => `${source} ${told}`),
    ).toEqual([
      "gone1 withdrawn SOURCE_ENTERED_IN_ERROR",
      "gone2 withdrawn SOURCE_ENTERED_IN_ERROR",
    ]);
    expect(toldOf("history.json")).toContain("Condition entry[2] quarantined SOURCE_DELETED");
  });

  it("with a key given twice in an entry refuses what may be meant otherwise", () => {
    expect(toldOf("twice.json")).toEqual([
      "resource entry[0] quarantined SOURCE_REFUSED",
      "resource entry[1] quarantined SOURCE_REFUSED",
    ]);
  });
});

it("a list where a text is expected is refused with its place", () => {
  expect(toldOf("gender.ndjson")).toEqual([
    "Patient line 1 loaded",
    "Patient line 2 quarantined SOURCE_WRONG_TYPE /gender",
  ]);
});
