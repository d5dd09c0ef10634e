import type { Shape } from "./shape.ts";

const reference = { reference: "VARCHAR", display: "VARCHAR" } as const;
const coding = { system: "VARCHAR", code: "VARCHAR", display: "VARCHAR" } as const;
const concept = { coding: [coding], text: "VARCHAR" } as const;
const period = { start: "VARCHAR", end: "VARCHAR" } as const;
const quantity = { value: "VARCHAR" } as const;
const meta = { lastUpdated: "VARCHAR", versionId: "VARCHAR" } as const;
const extension = { url: "VARCHAR", valueDecimal: "VARCHAR", valueCode: "VARCHAR" } as const;

/** R4, R4B: what is read of an answer; `item` nests to any depth and is unfolded level by level. */
const answer = {
  valueCoding: { ...coding, extension: [extension] },
  valueInteger: "VARCHAR",
  valueDecimal: "VARCHAR",
  valueQuantity: quantity,
  valueString: "VARCHAR",
  valueBoolean: "VARCHAR",
  valueDate: "VARCHAR",
  valueDateTime: "VARCHAR",
  extension: [extension],
  item: (): Shape => [RESPONSE_ITEM],
} as const;

export const RESPONSE_ITEM = {
  linkId: "VARCHAR",
  definition: "VARCHAR",
  text: "VARCHAR",
  answer: [answer],
  item: (): Shape => [RESPONSE_ITEM],
} as const satisfies Shape;

export const FORM_ITEM = {
  linkId: "VARCHAR",
  code: [coding],
  item: (): Shape => [FORM_ITEM],
} as const satisfies Shape;

const observationValue = {
  valueInteger: "VARCHAR",
  valueQuantity: quantity,
  valueString: "VARCHAR",
  valueCodeableConcept: { coding: [{ ...coding, extension: [extension] }], text: "VARCHAR" },
  dataAbsentReason: concept,
} as const;

/** The resource types that are read, and what is read of each. Everything else is counted and left alone. */
export const RESOURCES = {
  Patient: {
    extension: ["JSON"],
    identifier: [{ system: "VARCHAR", value: "VARCHAR", type: concept }],
    name: [{ use: "VARCHAR", family: "VARCHAR", given: ["VARCHAR"], text: "VARCHAR" }],
    telecom: [{ system: "VARCHAR", value: "VARCHAR" }],
    gender: "VARCHAR",
    birthDate: "VARCHAR",
    deceasedBoolean: "BOOLEAN",
    deceasedDateTime: "VARCHAR",
    address: [{ line: ["VARCHAR"], city: "VARCHAR", state: "VARCHAR", postalCode: "VARCHAR" }],
    communication: [{ language: concept }],
  },
  Encounter: {
    class: "JSON",
    subject: reference,
    period,
    location: [{ location: reference }],
    serviceType: "JSON",
  },
  Condition: {
    clinicalStatus: "JSON",
    code: concept,
    subject: reference,
    encounter: reference,
    onsetDateTime: "VARCHAR",
    recordedDate: "VARCHAR",
    abatementDateTime: "VARCHAR",
  },
  Procedure: {
    code: concept,
    subject: reference,
    encounter: reference,
    performedDateTime: "VARCHAR",
    performedPeriod: period,
  },
  Questionnaire: { url: "VARCHAR", title: "VARCHAR", code: [coding], item: [FORM_ITEM] },
  QuestionnaireResponse: {
    extension: ["JSON"],
    questionnaire: "JSON",
    subject: reference,
    encounter: reference,
    authored: "VARCHAR",
    author: reference,
    source: reference,
    language: "VARCHAR",
    item: [RESPONSE_ITEM],
  },
  Observation: {
    category: "JSON",
    code: concept,
    subject: reference,
    encounter: reference,
    effectiveDateTime: "VARCHAR",
    effectiveInstant: "VARCHAR",
    effectivePeriod: period,
    performer: [reference],
    ...observationValue,
    hasMember: [reference],
    component: [{ code: concept, ...observationValue }],
  },
} as const satisfies Record<string, { readonly [member: string]: Shape }>;

export type ResourceType = keyof typeof RESOURCES;

export function isResourceType(type: string): type is ResourceType {
  return Object.hasOwn(RESOURCES, type);
}

/** The columns of the table of a resource type; `_where` is set by the sieve, which knows the line. */
export function resourceShape(type: ResourceType): { readonly [column: string]: Shape } {
  return {
    _where: "VARCHAR",
    resourceType: "VARCHAR",
    id: "VARCHAR",
    meta,
    status: "VARCHAR",
    ...RESOURCES[type],
  };
}

export function resourceTable(type: ResourceType): string {
  return `fhir_${type.toLowerCase()}`;
}
