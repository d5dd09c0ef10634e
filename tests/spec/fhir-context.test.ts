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
  "by-information-source": { subject: undefined, informationSource: to("Patient/ann") },
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

/** 08:15 in Denver is 15:15 in Greenwich: the same answers in a response without an offset and in Observations with one. */
const twice = (person: string, effectiveDateTime: string): object[] => [
  { resourceType: "Patient", id: person },
  {
    resourceType: "QuestionnaireResponse",
    id: `r-${person}`,
    status: "completed",
    subject: to(`Patient/${person}`),
    authored: "2024-03-05T08:15:00",
    item: items,
  },
  ...items.map(({ linkId, answer: [answer] }) => ({
    resourceType: "Observation",
    id: `${person}-${linkId}`,
    status: "final",
    subject: to(`Patient/${person}`),
    effectiveDateTime,
    code: { coding: [{ system: LOINC, code: linkId }] },
    ...answer,
  })),
];
const about = extension("uv/sdc/StructureDefinition/sdc-questionnaireresponse-isSubject", {
  valueBoolean: true,
});
RESOURCES.push(
  ...twice("carl", "2024-03-05T15:15:00Z"),
  ...twice("dora", "2024-03-05T16:15:00Z"),
  { resourceType: "Patient", id: "eve" },
  {
    resourceType: "QuestionnaireResponse",
    id: "r-eve",
    status: "completed",
    subject: to("Patient/eve"),
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
  },
);

const by = (reference: string) =>
  extension("StructureDefinition/questionnaireresponse-author", { valueReference: to(reference) });
const [mood, interest, ...others] = [
  ...["44250-9", "44255-8", "44259-0", "44254-1", "44251-7"].map((linkId) => ({
    linkId,
    answer: [{ valueInteger: 1 }],
  })),
];
RESOURCES.push(
  { resourceType: "Patient", id: "fay" },
  {
    resourceType: "QuestionnaireResponse",
    id: "r-fay",
    status: "completed",
    subject: to("Patient/fay"),
    source: to("Patient/fay"),
    authored: "2024-03-05",
    item: [
      mood,
      { ...interest, extension: by("RelatedPerson/bob") },
      {
        linkId: "group",
        extension: by("http://x.example/fhir/RelatedPerson/bob/_history/2"),
        item: [others[0], { ...others[1], extension: by("Patient/fay") }],
      },
      {
        linkId: "more",
        answer: [
          { valueBoolean: true, item: [{ ...others[2], extension: by("Practitioner/doc") }] },
        ],
      },
    ],
  },
);

type Row = Record<string, string | null>;
const files = { "all.ndjson": RESOURCES.map((one) => `${JSON.stringify(one)}\n`).join("") };
const TABLE = `SELECT source_id, state, reason, patient_key AS patient, patient_origin, CAST(pro_date AS VARCHAR) AS date, pro_date_origin AS date_origin, pro_time AS time,
  pro_mode || ' ' || pro_mode_origin AS mode, pro_method || ' ' || pro_method_origin AS method, channel || ' ' || channel_origin AS channel,
  setting || ' ' || setting_origin AS setting, specialty, facility_type AS place, completion FROM mapped_administration`;

const facts: Record<string, Row> = {};
/** The same export at a site that names its zone, and at one that names none and wants what is unfinished. */
let other: Record<string, Row> = {};
let atZone: Row[] = [];
let elsewhere: Row[] = [];
let answers: Row[] = [];
let authors: Row[] = [];
const byId = (rows: Row[]) => Object.fromEntries(rows.map((row) => [row.source_id, row]));
beforeAll(async () => {
  await withMapped({ files, site: { time_zone: "America/Denver" } }, async (db) => {
    atZone = await db.all<Row>(TABLE);
    Object.assign(facts, byId(atZone));
    answers =
      await db.all<Row>(`SELECT a.patient_key AS person, r.where_pointer AS place, r.state, r.reason
      FROM mapped_response r JOIN mapped_administration a USING (administration_key) ORDER BY response_key`);
    authors = await db.all<Row>(`SELECT pro_name AS item, pro_mode AS mode FROM cdm_pro_cm
      WHERE patid = 'fay' AND pro_name LIKE 'PHQ%' AND pro_response_num IS NOT NULL ORDER BY pro_name`);
  });
  elsewhere = await withMapped({ files, site: { unfinished: "load" } }, (db) => db.all<Row>(TABLE));
  other = byId(elsewhere);
});

describe("the person", () => {
  it.each([
    ["plain", "ann", null],
    ["by-source", "ann", "derived"],
    ["by-author", "ann", "derived"],
    ["by-information-source", "ann", "derived"],
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
    ["at-visit", { setting: "clinic derived", specialty: "207RR0500X", place: "OT" }],
    ["after-visit", { setting: null, specialty: "207RR0500X" }],
    ["at-home", { setting: "home derived", place: "PRIVATE_RESIDENTIAL_HOME" }],
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

  it.each([
    ["a site that names its zone knows that two times are one", () => atZone, "carl", 1],
    ["a site that names none does not guess", () => elsewhere, "carl", 2],
    ["another time is another", () => atZone, "dora", 2],
  ])("%s", (_, rows, person, sittings) => {
    const found = rows().filter(({ patient, state }) => patient === person && state === "loaded");
    expect(found).toHaveLength(sittings);
  });
});

describe("a form that was begun and not finished", () => {
  it("is left, and loads as incomplete where the site says so", () => {
    expect([facts.begun?.state, facts.stopped?.reason]).toEqual([
      "out_of_scope",
      "SOURCE_STATUS_INCOMPLETE",
    ]);
    expect([other.begun, other.stopped]).toMatchObject([
      { state: "loaded", completion: "incomplete" },
      { state: "loaded", completion: "incomplete" },
    ]);
  });
});

describe("an item with an author of its own", () => {
  it("has the mode of its author, or of its group's, at any depth, and the form keeps its own", () => {
    expect(facts["r-fay"]).toMatchObject({ mode: "SF derived" });
    expect(authors.map(({ item, mode }) => `${item} ${mode}`)).toEqual([
      "PHQ8_1 SF",
      "PHQ8_2 PR",
      "PHQ8_3 PR",
      "PHQ8_4 SF",
      "PHQ8_5 NI",
    ]);
  });
});

describe("a group about somebody else", () => {
  it("loads nothing of it for the patient, at any depth", () => {
    const found = answers.filter(({ person }) => person === "eve");
    expect(found.map(({ place, state, reason }) => `${place} ${state} ${reason}`)).toEqual([
      "/item/0/answer/0 loaded null",
      "/item/1/answer/0 loaded null",
      "/item/2/answer/0 out_of_scope MAPPING_OTHER_SUBJECT",
      "/item/2/answer/0/item/0/item/0/answer/0 out_of_scope MAPPING_OTHER_SUBJECT",
      "/item/2/answer/0/item/0/item/1/answer/0 out_of_scope MAPPING_OTHER_SUBJECT",
    ]);
  });
});
