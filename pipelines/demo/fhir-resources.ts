import { isoTime } from "./calendar.ts";
import { LOCAL_CODE } from "./defects.ts";
import { type Form, inGroups, LOINC, linkIdOf } from "./fhir-forms.ts";
import { HISPANIC, NOT_HISPANIC, RACES } from "./people.ts";
import type { Diagnosis, Patient } from "./population.ts";
import type { Administration, Channel, Responder, Visit } from "./visits.ts";

const HL7 = "http://terminology.hl7.org/CodeSystem";
const US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition";
const CDC = "urn:oid:2.16.840.1.113883.6.238";

export function patientResource(patient: Patient): object {
  const { person } = patient;
  const ethnicity = person.hispanic ? HISPANIC : NOT_HISPANIC;
  return {
    resourceType: "Patient",
    id: patientId(patient),
    meta: { profile: [`${US_CORE}/us-core-patient`] },
    extension: [
      omb(
        "us-core-race",
        person.race ?? "ASKU",
        person.race ? RACES[person.race] : "Asked but unknown",
      ),
      omb("us-core-ethnicity", ethnicity.code, ethnicity.label),
    ],
    identifier: [
      {
        use: "usual",
        type: {
          coding: [{ system: `${HL7}/v2-0203`, code: "MR", display: "Medical record number" }],
        },
        system: "https://river-clinic.example.org/mrn",
        value: patient.mrn,
      },
    ],
    active: true,
    name: [{ use: "official", family: person.family, given: [person.given] }],
    telecom: [
      { system: "phone", value: person.phone, use: "home" },
      { system: "email", value: person.email },
    ],
    gender: person.sex,
    birthDate: patient.birthDate,
    address: [
      {
        use: "home",
        line: [person.street],
        city: person.city,
        state: person.state,
        postalCode: person.zip,
        country: "US",
      },
    ],
    communication: [
      { language: { coding: [{ system: "urn:ietf:bcp:47", code: person.language }] } },
    ],
  };
}

function omb(name: string, code: string, text: string): object {
  const system = code === "ASKU" ? `${HL7}/v3-NullFlavor` : CDC;
  return {
    url: `${US_CORE}/${name}`,
    extension: [
      { url: "ombCategory", valueCoding: { system, code, display: text } },
      { url: "text", valueString: text },
    ],
  };
}

export function encounterResource(patient: Patient, visit: Visit): object {
  const virtual = visit.channel === "phone";
  return {
    resourceType: "Encounter",
    id: encounterId(patient, visit),
    status: "finished",
    class: {
      system: `${HL7}/v3-ActCode`,
      code: virtual ? "VR" : "AMB",
      display: virtual ? "virtual" : "ambulatory",
    },
    subject: { reference: `Patient/${patientId(patient)}` },
    period: { start: isoTime(visit.day, visit.minute), end: isoTime(visit.day, visit.minute + 40) },
  };
}

export function conditionResource(patient: Patient, diagnosis: Diagnosis): object {
  const [first] = patient.visits;
  return {
    resourceType: "Condition",
    id: `${patientId(patient)}-c${diagnosis.number}`,
    clinicalStatus: { coding: [{ system: `${HL7}/condition-clinical`, code: diagnosis.status }] },
    verificationStatus: { coding: [{ system: `${HL7}/condition-ver-status`, code: "confirmed" }] },
    category: [{ coding: [{ system: `${HL7}/condition-category`, code: "encounter-diagnosis" }] }],
    code: {
      coding: [
        {
          system: "http://hl7.org/fhir/sid/icd-10-cm",
          code: diagnosis.code,
          display: diagnosis.label,
        },
      ],
    },
    subject: { reference: `Patient/${patientId(patient)}` },
    ...(first ? { encounter: { reference: `Encounter/${encounterId(patient, first)}` } } : {}),
    onsetDateTime: diagnosis.onset,
    recordedDate: diagnosis.recorded,
  };
}

const COMPLETION: Readonly<Record<Channel, string>> = {
  portal: "ELECTRONIC",
  tablet: "ELECTRONIC",
  paper: "WRITTEN",
  phone: "VERBAL",
};

export function responseResource(
  patient: Patient,
  visit: Visit,
  administration: Administration,
  form: Form,
): object {
  const at = isoTime(administration.day, administration.minute);
  const skipped = [...administration.answers.values()].filter((value) => value === null).length;
  return {
    resourceType: "QuestionnaireResponse",
    id: `${encounterId(patient, visit)}-q${administration.number}`,
    meta: { lastUpdated: isoTime(visit.day, visit.minute + 45) },
    language: patient.person.language,
    extension: [
      {
        url: "http://hl7.org/fhir/StructureDefinition/questionnaireresponse-completionMode",
        valueCodeableConcept: {
          coding: [{ system: `${HL7}/v3-ParticipationMode`, code: COMPLETION[visit.channel] }],
        },
      },
    ],
    questionnaire: form.canonical,
    // Three and more open questions: the form was left before its end.
    status: skipped > 2 ? "in-progress" : "completed",
    subject: { reference: `Patient/${patientId(patient)}` },
    encounter: { reference: `Encounter/${encounterId(patient, visit)}` },
    authored: at,
    ...participants(patient, visit.responder),
    item: [
      ...inGroups(form, form.instrument.items, (item) => ({
        ...identify(form, item, administration),
        ...answerTo(patient, visit, administration, form, item),
      })),
      ...form.instrument.scores
        .filter((score) => form.scores.includes(score.id) && administration.scores.has(score.id))
        .map((score) => ({
          linkId: linkIdOf(form, score),
          answer: [{ [VALUE[form.scoreType]]: administration.scores.get(score.id) }],
        })),
    ],
  };
}

const VALUE = { decimal: "valueDecimal", integer: "valueInteger" } as const;

type Item = Form["instrument"]["items"][number];

function identify(form: Form, item: Item, administration: Administration): object {
  const local = administration.defect === "unmapped local code" && item.id === LOCAL_CODE.item;
  return { linkId: local ? LOCAL_CODE.code : linkIdOf(form, item), text: item.label };
}

function answerTo(
  patient: Patient,
  visit: Visit,
  administration: Administration,
  form: Form,
  item: Item,
): object {
  if (administration.defect === "identifier in free text" && item.id === "PHQ9_10") {
    return { answer: [{ valueString: `It changes, write to me at ${patient.person.email}` }] };
  }
  const value = administration.answers.get(item.id) ?? null;
  if (value === null) return {};
  const option = form.instrument.answers[item.answers]?.find((one) => one.value === value);
  const ordinal = [
    { url: "http://hl7.org/fhir/StructureDefinition/ordinalValue", valueDecimal: value },
  ];
  return {
    answer: [
      {
        valueCoding: {
          // Only the portal's software knows the number behind an answer.
          ...(visit.channel === "portal" ? { extension: ordinal } : {}),
          system: LOINC,
          code: option?.loinc,
          display: option?.label,
        },
      },
    ],
  };
}

/** Who gave the answers and who entered them. */
function participants(patient: Patient, responder: Responder): object {
  const self = { reference: `Patient/${patientId(patient)}` };
  const staff = { reference: `Practitioner/river-staff-${(patient.number % 12) + 1}` };
  const relative = { reference: `RelatedPerson/${patientId(patient)}-r1` };
  switch (responder) {
    case "self":
      return { author: self, source: self };
    case "helped":
      return { author: staff, source: self };
    case "proxy":
      return { author: relative, source: relative };
    default:
      return responder satisfies never;
  }
}

/** A total that the clinic's older system recorded without the form. */
export function totalObservation(
  patient: Patient,
  visit: Visit,
  administration: Administration,
): object {
  const [score] = administration.instrument.scores;
  return {
    resourceType: "Observation",
    id: `${encounterId(patient, visit)}-o${administration.number}`,
    status: "final",
    category: [
      { coding: [{ system: `${HL7}/observation-category`, code: "survey", display: "Survey" }] },
    ],
    code: {
      coding: [
        {
          system: LOINC,
          code: score?.loinc,
          display: `${administration.instrument.name} ${score?.id}`,
        },
      ],
    },
    subject: { reference: `Patient/${patientId(patient)}` },
    encounter: { reference: `Encounter/${encounterId(patient, visit)}` },
    effectiveDateTime: isoTime(administration.day, administration.minute),
    performer: [{ reference: `Patient/${patientId(patient)}` }],
    valueInteger: administration.scores.get(score?.id ?? ""),
  };
}

function patientId(patient: Patient): string {
  return `rp${String(patient.number).padStart(5, "0")}`;
}

function encounterId(patient: Patient, visit: Visit): string {
  return `${patientId(patient)}-v${visit.number}`;
}
