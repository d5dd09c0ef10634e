import { beforeAll, describe, expect, it } from "vitest";
import { withFhir } from "../golden/fhir/read-golden.ts";

/** Patients and requests as exports of all versions write them, each alone, and the intake columns that come of them. */

type Row = Record<string, unknown>;
const coding = (code: string, system?: string) => ({ coding: [{ code, system }] });
const to = (reference: string) => ({ reference });
const usCore = (name: string, value: object) => ({
  url: `http://hl7.org/fhir/us/core/StructureDefinition/us-core-${name}`,
  ...value,
});
const race = (...parts: [url: string, code: string][]) =>
  usCore("race", {
    extension: [
      { url: "text", valueString: "as the person says" },
      ...parts.map(([url, code]) => ({ url, valueCoding: { code } })),
    ],
  });

const PATIENTS: Record<string, [patient: object, told: Row]> = {
  "one race, after its text": [
    { extension: [race(["ombCategory", "2054-5"])] },
    { race: "2054-5" },
  ],
  "one race and a more precise name of it": [
    { extension: [race(["ombCategory", "2028-9"], ["detailed", "2036-2"])] },
    { race: "2028-9" },
  ],
  "two races": [
    { extension: [race(["ombCategory", "2054-5"], ["ombCategory", "2106-3"])] },
    { race: "multiple race" },
  ],
  "a race as DSTU2 has it": [
    {
      extension: [
        {
          url: "http://hl7.org/fhir/StructureDefinition/us-core-race",
          valueCodeableConcept: coding("2106-3"),
        },
      ],
    },
    { race: "2106-3" },
  ],
  "a sex at birth that differs from the gender": [
    { gender: "male", extension: [usCore("birthsex", { valueCode: "F" })] },
    { sex: "F" },
  ],
  "a sex at birth that nobody knows": [
    { gender: "male", extension: [usCore("birthsex", { valueCode: "UNK" })] },
    { sex: "male" },
  ],
  "names of which the first is an old one": [
    {
      name: [
        { use: "old", family: "Rue" },
        { family: "Lane", given: ["Ann"] },
      ],
    },
    { family_name: "Lane", given_name: "Ann" },
  ],
  "names of which one is official": [
    {
      name: [
        { use: "usual", family: "Rue" },
        { use: "official", family: "Lane" },
      ],
    },
    { family_name: "Lane" },
  ],
  "old names alone": [{ name: [{ use: "maiden", family: "Rue" }] }, { family_name: "Rue" }],
  "an address that is none any more": [
    {
      address: [
        { use: "old", postalCode: "11111" },
        { use: "home", postalCode: "22222" },
      ],
    },
    { zip: "22222" },
  ],
  "a social security number by its OID": [
    {
      identifier: [
        { system: "urn:oid:2.16.840.1.113883.4.1", value: "000-00-0001" },
        { value: "M1" },
      ],
    },
    { ssn: "000-00-0001", mrn: "M1" },
  ],
  "a social security number by its type": [
    {
      identifier: [
        { type: coding("MR"), value: "M1" },
        { type: coding("SS"), value: "1" },
      ],
    },
    { ssn: "1", mrn: "M1" },
  ],
};

/** What asks for a PHQ-9, under its names in R4, STU3 and DSTU2. */
const PHQ9 = coding("44249-1", "http://loinc.org");
const REQUESTS: Record<string, [request: object, told: Row]> = {
  ServiceRequest: [{ subject: to("Patient/a"), authoredOn: "2024-03-01" }, { kind: "order" }],
  ProcedureRequest: [{ subject: to("Patient/a"), authoredOn: "2024-03-01" }, { kind: "order" }],
  ReferralRequest: [{ patient: to("Patient/a"), authoredOn: "2024-03-01" }, { kind: "order" }],
  DiagnosticOrder: [
    { subject: to("Patient/a"), code: undefined, item: [{ code: PHQ9 }], orderedOn: "2024-03-01" },
    { kind: "order" },
  ],
  Task: [{ for: to("Patient/a"), authoredOn: "2024-03-01" }, { kind: "task" }],
  CommunicationRequest: [
    { recipient: [to("Patient/a")], requestedOn: "2024-03-01" },
    { kind: "message" },
  ],
};

let people: Row[] = [];
let requests: Row[] = [];
beforeAll(async () => {
  const resources = [
    ...Object.values(PATIENTS).map(([patient], i) => ({
      resourceType: "Patient",
      id: `p${i}`,
      ...patient,
    })),
    ...Object.entries(REQUESTS).map(([resourceType, [request]]) => ({
      resourceType,
      id: resourceType,
      code: PHQ9,
      ...request,
    })),
  ];
  const content = resources.map((one) => `${JSON.stringify(one)}\n`).join("");
  await withFhir({ files: { "all.ndjson": content } }, async (db) => {
    people = await db.all("SELECT * FROM intake_patient ORDER BY record_key");
    requests = await db.all(
      "SELECT request_key, kind, patient_key, requested_at, instrument_code FROM intake_request",
    );
  });
});

describe("a patient with", () => {
  it.each(Object.keys(PATIENTS).map((title, i) => [title, i] as const))("%s", (title, i) => {
    expect(people[i]).toMatchObject(PATIENTS[title]?.[1] ?? {});
  });
});

describe("what asks for an instrument:", () => {
  it.each(Object.keys(REQUESTS))("%s", (type) => {
    expect(requests.find(({ request_key }) => request_key === type)).toMatchObject({
      patient_key: "a",
      requested_at: "2024-03-01",
      instrument_code: "44249-1",
      ...REQUESTS[type]?.[1],
    });
  });
});
