import { CONSENT_SHAPE } from "./consent.ts";
import type { Shape } from "./shape.ts";

const person = {
  name: [{ use: "VARCHAR", family: "VARCHAR", given: ["VARCHAR"], text: "VARCHAR" }],
  telecom: [{ system: "VARCHAR", value: "VARCHAR" }],
} as const;
const address = {
  use: "VARCHAR",
  line: ["VARCHAR"],
  city: "VARCHAR",
  state: "VARCHAR",
  postalCode: "VARCHAR",
  text: "VARCHAR",
} as const;
const reference = { reference: "VARCHAR", display: "VARCHAR" } as const;
const coding = { system: "VARCHAR", code: "VARCHAR", display: "VARCHAR" } as const;
const concept = { coding: [coding], text: "VARCHAR" } as const;
const period = { start: "VARCHAR", end: "VARCHAR" } as const;
const quantity = { value: "VARCHAR" } as const;
const measured = {
  value: "VARCHAR",
  comparator: "VARCHAR",
  unit: "VARCHAR",
  code: "VARCHAR",
} as const;
const meta = { lastUpdated: "VARCHAR", versionId: "VARCHAR", profile: ["VARCHAR"] } as const;
const extension = { url: "VARCHAR", valueDecimal: "VARCHAR", valueCode: "VARCHAR" } as const;

/** What is read of an answer; `item` nests to any depth: each item is read on its own. */
const answer = {
  valueCoding: { ...coding, extension: [extension] },
  valueReference: "JSON",
  valueAttachment: "JSON",
  valueUri: "VARCHAR",
  valueTime: "VARCHAR",
  /** DSTU2. */
  valueInstant: "VARCHAR",
  valueInteger: "VARCHAR",
  valueDecimal: "VARCHAR",
  valueQuantity: quantity,
  valueString: "VARCHAR",
  valueBoolean: "VARCHAR",
  valueDate: "VARCHAR",
  valueDateTime: "VARCHAR",
  extension: [extension],
  item: [(): Shape => RESPONSE_ITEM],
} as const;

export const RESPONSE_ITEM = {
  linkId: "VARCHAR",
  definition: "VARCHAR",
  text: "VARCHAR",
  extension: [{ ...extension, valueBoolean: "VARCHAR", valueReference: { reference: "VARCHAR" } }],
  answer: [answer],
  item: [(): Shape => RESPONSE_ITEM],
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
  valueQuantity: measured,
  valueString: "VARCHAR",
  valueBoolean: "VARCHAR",
  valueDateTime: "VARCHAR",
  valueTime: "VARCHAR",
  valueRange: "JSON",
  valueRatio: "JSON",
  valuePeriod: "JSON",
  valueSampledData: "JSON",
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

/** Orders, tasks and messages that ask for something, under what STU3 and DSTU2 call them too. */
const request = {
  extension: "JSON",
  intent: "VARCHAR",
  code: "JSON",
  orderDetail: "JSON",
  item: "JSON",
  subject: reference,
  patient: reference,
  for: reference,
  recipient: "JSON",
  encounter: reference,
  context: reference,
  basedOn: "JSON",
  focus: "JSON",
  about: "JSON",
  input: "JSON",
  output: "JSON",
  payload: "JSON",
  medium: "JSON",
  instantiatesCanonical: "JSON",
  instantiatesUri: "JSON",
  authoredOn: "VARCHAR",
  orderedOn: "VARCHAR",
  requestedOn: "VARCHAR",
  occurrenceDateTime: "VARCHAR",
  occurrencePeriod: period,
  executionPeriod: period,
  requestedPeriod: period,
  restriction: "JSON",
} as const satisfies Shape;

/**
 * The resource types that are read, and what is read of each. Everything else is counted and left alone. The shapes are
 * those of R4 with the members by which DSTU2, STU3 and R5 differ beside them.
 */
export const RESOURCES = {
  Patient: {
    extension: ["JSON"],
    identifier: [{ system: "VARCHAR", value: "VARCHAR", type: concept }],
    ...person,
    gender: "VARCHAR",
    birthDate: "VARCHAR",
    deceasedBoolean: "BOOLEAN",
    deceasedDateTime: "VARCHAR",
    address: [address],
    contact: ["JSON"],
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
    participant: "JSON",
  },
  PractitionerRole: { practitioner: reference, specialty: "JSON" },
  /** Who wrote and who entered what, where the response does not say it itself. */
  Provenance: { target: [reference], agent: "JSON" },
  Location: { type: "JSON" },
  Organization: { type: "JSON" },
  Condition: {
    clinicalStatus: "JSON",
    verificationStatus: "JSON",
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
    informationSource: reference,
    basedOn: [reference],
    language: "VARCHAR",
    item: [(): Shape => RESPONSE_ITEM],
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
    device: reference,
    contained: ["JSON"],
    ...observationValue,
    hasMember: [reference],
    derivedFrom: [reference],
    related: [{ type: "VARCHAR", target: reference }],
    component: [{ code: concept, ...observationValue }],
  },
  Device: {
    type: "JSON",
    deviceName: "JSON",
    name: "JSON",
    displayName: "VARCHAR",
    model: "VARCHAR",
    modelNumber: "VARCHAR",
    manufacturer: "VARCHAR",
  },
  ServiceRequest: request,
  ProcedureRequest: request,
  ReferralRequest: request,
  DiagnosticOrder: request,
  Task: request,
  CommunicationRequest: request,
  Consent: CONSENT_SHAPE,
} as const satisfies Record<string, { readonly [member: string]: Shape }>;

/** What a resource that is not read stands for, where it is of interest why. */
export function reasonNotRead(type: string): string {
  return CONTEXT.has(type) ? "SOURCE_CONTEXT" : "SOURCE_RESOURCE_NOT_READ";
}

const CONTEXT = new Set(["Practitioner", "RelatedPerson"]);

/** Those that ask for something, by the form in which they do. */
export const REQUESTS = {
  ServiceRequest: "order",
  ProcedureRequest: "order",
  ReferralRequest: "order",
  DiagnosticOrder: "order",
  Task: "task",
  CommunicationRequest: "message",
} as const satisfies Partial<Record<keyof typeof RESOURCES, string>>;

export type ResourceType = keyof typeof RESOURCES;

export function isResourceType(type: string): type is ResourceType {
  return Object.hasOwn(RESOURCES, type);
}

/** The columns of the table of a resource type; `_file` and `_where` are set by the sieve, which knows file and line. */
export function resourceShape(type: ResourceType): { readonly [column: string]: Shape } {
  return {
    _file: "VARCHAR",
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
