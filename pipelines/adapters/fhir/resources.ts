import type { Shape } from "./shape.ts";

const reference = { reference: "VARCHAR", display: "VARCHAR" } as const;
const coding = { system: "VARCHAR", code: "VARCHAR", display: "VARCHAR" } as const;
const concept = { coding: [coding], text: "VARCHAR" } as const;
const period = { start: "VARCHAR", end: "VARCHAR" } as const;
const quantity = { value: "VARCHAR" } as const;
const meta = { lastUpdated: "VARCHAR", versionId: "VARCHAR", profile: ["VARCHAR"] } as const;
const extension = { url: "VARCHAR", valueDecimal: "VARCHAR", valueCode: "VARCHAR" } as const;

/** What is read of an answer; `item` nests to any depth and is unfolded level by level. */
const answer = {
  valueCoding: { ...coding, extension: [extension] },
  valueReference: "JSON",
  valueAttachment: "JSON",
  valueUri: "VARCHAR",
  valueTime: "VARCHAR",
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
  extension: [extension],
  answer: [answer],
  item: (): Shape => [RESPONSE_ITEM],
} as const satisfies Shape;

const option = {
  valueCoding: { ...coding, extension: [extension] },
  extension: [extension],
} as const;

export const FORM_ITEM = {
  linkId: "VARCHAR",
  definition: "VARCHAR",
  code: [coding],
  extension: [{ url: "VARCHAR", valueBoolean: "VARCHAR" }],
  answerOption: [option],
  /** STU3. */
  option: [option],
  item: (): Shape => [FORM_ITEM],
} as const satisfies Shape;

const observationValue = {
  valueInteger: "VARCHAR",
  valueQuantity: quantity,
  valueString: "VARCHAR",
  valueCodeableConcept: { coding: [{ ...coding, extension: [extension] }], text: "VARCHAR" },
  dataAbsentReason: concept,
} as const;

export const FORM = {
  url: "VARCHAR",
  title: "VARCHAR",
  name: "VARCHAR",
  code: [coding],
  extension: ["JSON"],
  item: [FORM_ITEM],
  /** DSTU2: the sieve rewrites it. */
  group: "JSON",
} as const satisfies Shape;

/**
 * The resource types that are read, and what is read of each. Everything else is counted and left alone. The shapes are
 * those of R4 with the members by which DSTU2, STU3 and R5 differ beside them.
 */
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
    patient: reference,
    period,
    actualPeriod: period,
    location: [{ location: reference }],
    serviceProvider: reference,
    serviceType: "JSON",
  },
  Location: { type: "JSON" },
  Organization: { type: "JSON" },
  Condition: {
    clinicalStatus: "JSON",
    code: concept,
    subject: reference,
    patient: reference,
    encounter: reference,
    context: reference,
    onsetDateTime: "VARCHAR",
    onsetPeriod: period,
    recordedDate: "VARCHAR",
    assertedDate: "VARCHAR",
    dateRecorded: "VARCHAR",
    abatementDateTime: "VARCHAR",
  },
  Procedure: {
    code: concept,
    subject: reference,
    encounter: reference,
    context: reference,
    performedDateTime: "VARCHAR",
    performedPeriod: period,
    occurrenceDateTime: "VARCHAR",
    occurrencePeriod: period,
  },
  Questionnaire: FORM,
  QuestionnaireResponse: {
    extension: ["JSON"],
    contained: ["JSON"],
    questionnaire: "JSON",
    subject: reference,
    encounter: reference,
    context: reference,
    authored: "VARCHAR",
    author: reference,
    source: reference,
    language: "VARCHAR",
    item: [RESPONSE_ITEM],
    group: "JSON",
  },
  Observation: {
    category: "JSON",
    code: concept,
    subject: reference,
    encounter: reference,
    context: reference,
    effectiveDateTime: "VARCHAR",
    effectiveInstant: "VARCHAR",
    effectivePeriod: period,
    performer: [reference],
    ...observationValue,
    hasMember: [reference],
    derivedFrom: [reference],
    related: [{ type: "VARCHAR", target: reference }],
    component: [{ code: concept, ...observationValue }],
  },
} as const satisfies Record<string, { readonly [member: string]: Shape }>;

/** What a resource that is not read stands for, where it is of interest why. */
export function reasonNotRead(type: string): string {
  if (ASKED_FOR.has(type)) return "SOURCE_ASKED_FOR";
  return CONTEXT.has(type) ? "SOURCE_CONTEXT" : "SOURCE_RESOURCE_NOT_READ";
}

/** Orders and tasks: who was asked to fill in a form. */
const ASKED_FOR = new Set([
  "ServiceRequest",
  "Task",
  "CommunicationRequest",
  "ProcedureRequest",
  "ReferralRequest",
  "DiagnosticOrder",
]);

const CONTEXT = new Set([
  "Practitioner",
  "PractitionerRole",
  "RelatedPerson",
  "Provenance",
  "Consent",
]);

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
