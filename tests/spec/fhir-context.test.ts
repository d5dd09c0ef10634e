import { beforeAll, describe, expect, it } from "vitest";
import { withMapped } from "../golden/fhir/read-golden.ts";

/** Who answered, when, where and on what: of every fact its origin. */

const LOINC = "http://loinc.org";
const coded = (code: string) => ({ coding: [{ system: "http://x.example", code }] });
const to = (reference: string) => ({ reference });
const extension = (url: string, value: object) => [{ url: `http://hl7.org/fhir/${url}`, ...value }];
const completion = (code: string) =>
  extension("StructureDefinition/questionnaireresponse-completionMode", {
    valueCodeableConcept: coded(code),
  });
const items = [0, 1].map((i) => ({
  linkId: ["44250-9", "44255-8"][i],
  answer: [{ valueInteger: 2 - i }],
}));

const RESPONSES: Record<string, object> = {
  plain: { subject: to("Patient/ann"), source: to("Patient/ann") },
  "by-source": { subject: undefined, source: to("Patient/ann") },
  "by-author": { subject: undefined, author: to("Patient/ann") },
  "by-informant": { subject: undefined },
  nobody: { subject: undefined, author: to("Practitioner/doc") },
  portal: { author: to("Device/portal") },
  verbal: { extension: completion("VERBAL") },
  called: { extension: completion("VERBAL"), encounter: to("Encounter/virtual") },
  "at-visit": { encounter: to("Encounter/visit"), authored: "2024-03-04T09:30:00-06:00" },
  "after-visit": { encounter: to("Encounter/visit"), authored: "2024-03-04T19:30:00-06:00" },
  "at-home": { encounter: to("Encounter/home") },
  dayless: { encounter: to("Encounter/visit"), authored: undefined },
  day: { authored: "2024-03-04" },
  late: { authored: "2024-03-04T23:30:00-06:00" },
  local: { authored: "2024-03-05T08:15:00" },
  begun: { status: "in-progress" },
  stopped: { status: "stopped" },
};
const RESOURCES: object[] = [
  { resourceType: "Patient", id: "ann" },
  {
    resourceType: "Device",
    id: "portal",
    type: coded("x"),
    deviceName: [{ name: "MyChart Patient Portal" }],
  },
  {
    resourceType: "PractitionerRole",
    id: "role",
    practitioner: to("Practitioner/doc"),
    specialty: [coded("207RR0500X")],
  },
  { resourceType: "Location", id: "room", type: [coded("HOSP")] },
  { resourceType: "Location", id: "flat", type: [coded("PTRES")] },
  {
    resourceType: "Encounter",
    id: "visit",
    class: { code: "AMB" },
    subject: to("Patient/ann"),
    participant: [{ individual: to("Practitioner/doc") }],
    location: [{ location: to("Location/room") }],
    period: { start: "2024-03-04T09:00:00-06:00", end: "2024-03-04T10:00:00-06:00" },
  },
  {
    resourceType: "Encounter",
    id: "home",
    class: { code: "AMB" },
    subject: to("Patient/ann"),
    location: [{ location: to("Location/flat") }],
    period: { start: "2024-03-04" },
  },
  {
    resourceType: "Encounter",
    id: "virtual",
    class: { code: "VR" },
    subject: to("Patient/ann"),
    period: { start: "2024-03-04" },
  },
  {
    resourceType: "Provenance",
    target: [to("QuestionnaireResponse/by-informant")],
    agent: [
      { type: coded("informant"), who: to("Patient/ann") },
      { type: coded("enterer"), who: to("Practitioner/doc") },
      { who: to("Device/portal") },
    ],
  },
  ...Object.entries(RESPONSES).map(([id, more], i) => ({
    resourceType: "QuestionnaireResponse",
    id,
    status: "completed",
    subject: to("Patient/ann"),
    authored: `2024-04-${String(i + 1).padStart(2, "0")}`,
    item: items,
    ...more,
  })),
];

type Row = Record<string, string | null>;
const files = { "all.ndjson": RESOURCES.map((one) => `${JSON.stringify(one)}\n`).join("") };
const TABLE = `SELECT source_id, state, reason, patient_key AS patient, patient_origin, CAST(pro_date AS VARCHAR) AS date, pro_date_origin AS date_origin, pro_time AS time,
  pro_mode || ' ' || pro_mode_origin AS mode, pro_method || ' ' || pro_method_origin AS method, channel || ' ' || channel_origin AS channel,
  setting || ' ' || setting_origin AS setting, specialty, facility_type AS place, completion FROM mapped_administration`;

let facts: Record<string, Row> = {};
beforeAll(async () => {
  const rows = await withMapped({ files }, (db) => db.all<Row>(TABLE));
  facts = Object.fromEntries(rows.map((row) => [row.source_id, row]));
});

describe("the person", () => {
  it.each([
    ["plain", "ann", null],
    ["by-source", "ann", "derived"],
    ["by-author", "ann", "derived"],
    ["by-informant", "ann", "derived"],
  ])("of %s is %s (%s)", (id, patient, origin) => {
    expect(facts[id]).toMatchObject({ state: "loaded", patient, patient_origin: origin });
  });

  it("is not guessed from a practitioner", () => {
    expect(facts.nobody).toMatchObject({ state: "quarantined", reason: "MAPPING_NO_PATIENT" });
  });
});

describe("how it was answered", () => {
  it.each([
    ["plain", { mode: "SF derived", method: "NI unknown", channel: null }],
    ["by-informant", { mode: "SA derived", method: "EC derived", channel: "portal stated" }],
    ["portal", { method: "EC derived", channel: "portal stated" }],
    ["verbal", { method: "OT stated" }],
    ["called", { method: "PH derived" }],
  ])("%s", (id, expected) => {
    expect(facts[id]).toMatchObject(expected);
  });
});

describe("where it was answered", () => {
  it.each([
    ["at-visit", { setting: "clinic derived", specialty: "207RR0500X", place: "HOSP" }],
    ["after-visit", { setting: null, specialty: "207RR0500X" }],
    ["at-home", { setting: "home derived", place: "PTRES" }],
    ["called", { setting: null }],
  ])("%s", (id, expected) => {
    expect(facts[id]).toMatchObject(expected);
  });
});

describe("when it was answered", () => {
  it.each([
    ["dayless", { date: "2024-03-04", time: "09:00", date_origin: "derived" }],
    ["day", { date: "2024-03-04", time: null, date_origin: "stated" }],
    ["late", { date: "2024-03-04", time: "23:30", date_origin: "stated" }],
    ["local", { date: "2024-03-05", time: "08:15", date_origin: "stated" }],
  ])("%s", (id, expected) => {
    expect(facts[id]).toMatchObject(expected);
  });

  // 08:15 in Denver is 15:15 in Greenwich: the same answers, in a response without an offset and in Observations with one.
  const at = (effectiveDateTime: string) => [
    { resourceType: "Patient", id: "ann" },
    {
      resourceType: "QuestionnaireResponse",
      id: "r",
      status: "completed",
      subject: to("Patient/ann"),
      authored: "2024-03-05T08:15:00",
      item: items,
    },
    ...items.map(({ linkId, answer: [answer] }) => ({
      resourceType: "Observation",
      id: `o${linkId}`,
      status: "final",
      subject: to("Patient/ann"),
      code: { coding: [{ system: LOINC, code: linkId }] },
      effectiveDateTime,
      ...answer,
    })),
  ];
  it.each([
    [
      "a site that names its zone knows that two times are one",
      "America/Denver",
      "2024-03-05T15:15:00Z",
      1,
    ],
    ["a site that names none does not guess", undefined, "2024-03-05T15:15:00Z", 2],
    ["another time is another", "America/Denver", "2024-03-05T16:15:00Z", 2],
  ])("%s", async (_, zone, time, sittings) => {
    const content = at(time)
      .map((one) => `${JSON.stringify(one)}\n`)
      .join("");
    const { n } = await withMapped(
      { files: { "a.ndjson": content }, site: zone ? { time_zone: zone } : {} },
      (db) =>
        db.one<{ n: number }>(
          "SELECT count(*)::INTEGER AS n FROM mapped_administration WHERE state = 'loaded'",
        ),
    );
    expect(n).toBe(sittings);
  });
});

describe("a form that was begun and not finished", () => {
  it("is left, and loads as incomplete where the site says so", async () => {
    expect([facts.begun?.state, facts.stopped?.reason]).toEqual([
      "out_of_scope",
      "SOURCE_STATUS_INCOMPLETE",
    ]);
    const rows = await withMapped({ files, site: { unfinished: "load" } }, (db) =>
      db.all<Row>(`${TABLE} WHERE source_id IN ('begun', 'stopped')`),
    );
    expect(rows.map(({ state, completion }) => [state, completion])).toEqual([
      ["loaded", "incomplete"],
      ["loaded", "incomplete"],
    ]);
  });
});

describe("a group about somebody else", () => {
  it("loads nothing of it for the patient, at any depth", async () => {
    const about = extension("uv/sdc/StructureDefinition/sdc-questionnaireresponse-isSubject", {
      valueBoolean: true,
    });
    const form = {
      resourceType: "QuestionnaireResponse",
      id: "r",
      status: "completed",
      subject: to("Patient/ann"),
      authored: "2024-03-05",
      item: [
        ...items,
        {
          linkId: "partner",
          extension: about,
          answer: [
            { valueReference: to("RelatedPerson/bob"), item: [{ linkId: "again", item: items }] },
          ],
        },
      ],
    };
    const content = [{ resourceType: "Patient", id: "ann" }, form]
      .map((one) => `${JSON.stringify(one)}\n`)
      .join("");
    const rows = await withMapped({ files: { "a.ndjson": content } }, (db) =>
      db.all<Row>(
        "SELECT where_pointer AS place, state, reason FROM mapped_response ORDER BY response_key",
      ),
    );
    expect(rows.map(({ place, state, reason }) => `${place} ${state} ${reason}`)).toEqual([
      "/item/0/answer/0 loaded null",
      "/item/1/answer/0 loaded null",
      "/item/2/answer/0 out_of_scope MAPPING_OTHER_SUBJECT",
      "/item/2/answer/0/item/0/item/0/answer/0 out_of_scope MAPPING_OTHER_SUBJECT",
      "/item/2/answer/0/item/0/item/1/answer/0 out_of_scope MAPPING_OTHER_SUBJECT",
    ]);
  });
});
