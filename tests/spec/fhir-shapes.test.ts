import { describe, expect, it } from "vitest";
import { readRecords, withMapped } from "../golden/fhir/read-golden.ts";

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
      "/item/0/answer/0 PHQ9_1 1 loaded",
      "/item/1 PHQ9_2 - loaded",
      "/item/2 PHQ9_3 - loaded",
      "/item/3 PHQ9_4 - loaded",
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
  "PHQ-9 as nursing homes ask it, under codes of its own": [
    [form([item("54635-8", { valueInteger: 1 }), item("54636-6", { valueInteger: 3 })])],
    [
      "/item/0/answer/0 - - out_of_scope MAPPING_INSTRUMENT_UNKNOWN",
      "/item/1/answer/0 - - out_of_scope MAPPING_INSTRUMENT_UNKNOWN",
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

const ids = Object.keys(SHAPES);
/** All shapes in one export: each has a person of its own, so that none meets another. */
const told = withMapped(
  {
    files: {
      "all.ndjson": ids
        .flatMap((title, i) =>
          [{ resourceType: "Patient", id: "ann" }, ...(SHAPES[title]?.[0] ?? [])].map(
            (one) =>
              `${JSON.stringify(one)
                .replaceAll("Patient/ann", `Patient/p${i}`)
                .replaceAll('"id":"ann"', `"id":"p${i}"`)
                .replace(/"id":"([qroi])"/, `"id":"$1${i}"`)
                .replaceAll("Observation/i", `Observation/i${i}`)
                .replace('"id":"p"', `"id":"panel${i}"`)
                .replaceAll("http://x.example/q", `http://x.example/q${i}`)}\n`,
          ),
        )
        .join(""),
    },
  },
  (db) =>
    db.all<{
      person: string;
      told: string;
    }>(`SELECT a.patient_key AS person, concat_ws(' ', r.where_pointer, coalesce(r.name, '-'), coalesce(CAST(CAST(r.value AS DOUBLE) AS VARCHAR), '-'), r.state, r.reason) AS told
      FROM mapped_response r JOIN mapped_administration a USING (administration_key) ORDER BY r.response_key`),
);

describe("a form or an Observation with", () => {
  it.each(ids)("%s", async (title) => {
    const rows = (await told).filter(({ person }) => person === `p${ids.indexOf(title)}`);
    expect(rows.map(({ told }) => told.replace(/(\d)\.0\b/, "$1"))).toEqual(SHAPES[title]?.[1]);
  });
});

const lines = (...resources: Json[]) => resources.map((one) => `${JSON.stringify(one)}\n`).join("");
const loaded = (resources: Json[] | string, columns = "pro_date") =>
  withMapped(
    {
      files:
        typeof resources === "string"
          ? { "a.json": resources }
          : { "a.ndjson": lines({ resourceType: "Patient", id: "ann" }, ...resources) },
    },
    async (db) => {
      const rows = await db.connection.runAndReadAll(
        `SELECT ${columns} FROM mapped_administration ORDER BY record_key`,
      );
      return rows.getRows().map((row) => row.map(String).join(" "));
    },
  );

describe("when an Observation was made", () => {
  it.each([
    ["effectiveDateTime", { effectiveDateTime: "2024-05-01" }],
    [
      "effectiveInstant",
      { effectiveDateTime: undefined, effectiveInstant: "2024-05-01T10:00:00Z" },
    ],
    [
      "effectivePeriod",
      { effectiveDateTime: undefined, effectivePeriod: { start: "2024-05-01", end: "2024-05-09" } },
    ],
    [
      "effectivePeriod beside effectiveDateTime",
      { effectiveDateTime: "2024-05-01", effectivePeriod: { start: "2024-04-01" } },
    ],
  ])("%s", async (_, more) => {
    expect(await loaded([observation("o", "44261-6", { valueInteger: 3, ...more })])).toEqual([
      "2024-05-01",
    ]);
  });
});

describe("one sitting in two shapes", () => {
  it("is one by derivedFrom, though the days differ, and the link names the other", async () => {
    const response = form([
      item("44250-9", { valueInteger: 1 }),
      item("44255-8", { valueInteger: 2 }),
    ]);
    const copy = observation("o", "44250-9", {
      valueInteger: 1,
      effectiveDateTime: "2024-03-06",
      derivedFrom: [{ reference: "QuestionnaireResponse/r" }],
    });
    const files = { "a.ndjson": lines({ resourceType: "Patient", id: "ann" }, response, copy) };
    const rows = await withMapped({ files }, (db) =>
      db.all<Json>(
        "SELECT kind, state, reason, where_pointer AS link FROM ledger_record WHERE kind <> 'Patient' ORDER BY record_key",
      ),
    );
    expect(rows).toEqual([
      { kind: "QuestionnaireResponse", state: "loaded", reason: null, link: null },
      {
        kind: "Observation",
        state: "duplicate",
        reason: "MAPPING_ANSWER_REPEATED",
        link: "same as a.ndjson line 2",
      },
    ]);
  });
});

describe("one id twice with other content", () => {
  const version = (n: number, value: number, meta: object) =>
    form([item("44261-6", { valueInteger: value })], { meta, id: "r", _: n });
  it.each([
    [
      "the later lastUpdated",
      { lastUpdated: "2024-03-04T10:00:00Z" },
      { lastUpdated: "2024-03-04T09:00:00Z" },
    ],
    [
      "the later lastUpdated, whatever the zones",
      { lastUpdated: "2024-03-04T01:00:00-09:00" },
      { lastUpdated: "2024-03-04T09:00:00Z" },
    ],
    ["the higher versionId", { versionId: "10" }, { versionId: "9" }],
  ])("%s wins", async (_, newer, older) => {
    const [first, second] = [version(1, 11, newer), version(2, 9, older)];
    expect(await loaded([first, second], "state, reason")).toEqual([
      "loaded null",
      "superseded MAPPING_NEWER_VERSION",
    ]);
    expect(await loaded([second, first], "state, reason")).toEqual([
      "superseded MAPPING_NEWER_VERSION",
      "loaded null",
    ]);
  });
});

describe("a Bundle of type", () => {
  const resources = [
    { resourceType: "Patient", name: [] },
    {
      ...form([item("44261-6", { valueInteger: 3 })]),
      id: undefined,
      subject: { reference: "urn:uuid:0b1" },
    },
  ];
  const entries = resources.map((resource, i) => ({
    fullUrl: `urn:uuid:0b${i + 1}`,
    resource,
    search: { mode: "match" },
    request: { method: "POST", url: resource.resourceType },
  }));
  it.each([
    ["collection", []],
    [
      "searchset",
      [{ resource: { resourceType: "OperationOutcome" }, search: { mode: "outcome" } }],
    ],
    ["transaction", []],
    ["message", [{ resource: { resourceType: "MessageHeader" } }]],
    ["document", [{ resource: { resourceType: "Composition" } }]],
  ])("%s, whose resources name each other by their place in it", async (type, first) => {
    const bundle = JSON.stringify({ resourceType: "Bundle", type, entry: [...first, ...entries] });
    expect(await loaded(bundle, "patient_key, state")).toEqual(["0b1 loaded"]);
  });

  it("without wrappers around its entries", async () => {
    const bundle = {
      resourceType: "Bundle",
      entry: [{ resourceType: "Patient", id: "ann" }, form([item("44261-6", { valueInteger: 3 })])],
    };
    expect(await loaded(JSON.stringify(bundle), "patient_key, state")).toEqual(["ann loaded"]);
  });

  it("history, that says what was deleted", async () => {
    const gone = (url: string) => ({ request: { method: "DELETE", url } });
    const bundle = {
      resourceType: "Bundle",
      type: "history",
      entry: ["QuestionnaireResponse/r1", "Observation/o1", "Condition/c1"].map(gone),
    };
    expect(await loaded(JSON.stringify(bundle), "source_id, state, reason")).toEqual([
      "r1 withdrawn SOURCE_ENTERED_IN_ERROR",
      "o1 withdrawn SOURCE_ENTERED_IN_ERROR",
    ]);
    expect(await readRecords({ "a.json": JSON.stringify(bundle) })).toEqual({
      "a.json": [
        "QuestionnaireResponse @ entry[0]",
        "Observation @ entry[1]",
        "Condition @ entry[2] quarantined SOURCE_DELETED",
      ],
    });
  });

  it("with a key given twice in an entry refuses what may be meant otherwise", async () => {
    const bundle =
      '{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"a","id":"b"}},{"resource":{"resourceType":"Patient","id":"c"}}]}';
    expect(await readRecords({ "a.json": bundle })).toEqual({
      "a.json": [
        "resource @ entry[0] quarantined SOURCE_REFUSED",
        "resource @ entry[1] quarantined SOURCE_REFUSED",
      ],
    });
  });
});

it("a list where a text is expected is refused with its place", async () => {
  expect(
    await readRecords({
      "a.ndjson": lines(
        { resourceType: "Patient", id: "a" },
        { resourceType: "Patient", id: "b", gender: ["female"] },
      ),
    }),
  ).toEqual({
    "a.ndjson": ["Patient @ line 1", "Patient @ line 2 quarantined SOURCE_WRONG_TYPE /gender"],
  });
});
