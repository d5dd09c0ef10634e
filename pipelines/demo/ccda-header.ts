import { hl7Time } from "./calendar.ts";
import { HISPANIC, NOT_HISPANIC, RACES } from "./people.ts";
import type { Patient } from "./population.ts";
import type { Visit } from "./visits.ts";
import { element, textElement } from "./xml.ts";

/** The root that HL7 uses in its own examples. */
export const EXAMPLE_ROOT = "2.16.840.1.113883.19.5.99999";
export const OID = {
  loinc: "2.16.840.1.113883.6.1",
  icd10: "2.16.840.1.113883.6.90",
  roleCode: "2.16.840.1.113883.5.111",
  actCode: "2.16.840.1.113883.5.4",
  gender: "2.16.840.1.113883.5.1",
  race: "2.16.840.1.113883.6.238",
  npi: "2.16.840.1.113883.4.6",
} as const;

/** `HB00012-v2`: names a visit in every id of its document. */
export function visitId(patient: Patient, visit: Visit): string {
  return `HB${String(patient.number).padStart(5, "0")}-v${visit.number}`;
}

/** The US realm header of C-CDA R2.1, without the body. */
export function headerOf(patient: Patient, visit: Visit): string[] {
  const written = hl7Time(visit.day, visit.minute + 45);
  return [
    element("realmCode", { code: "US" }),
    element("typeId", { root: "2.16.840.1.113883.1.3", extension: "POCD_HD000040" }),
    element("templateId", { root: "2.16.840.1.113883.10.20.22.1.1", extension: "2015-08-01" }),
    element("templateId", { root: "2.16.840.1.113883.10.20.22.1.2", extension: "2015-08-01" }),
    element("id", { root: `${EXAMPLE_ROOT}.1`, extension: visitId(patient, visit) }),
    element("code", {
      code: "34133-9",
      codeSystem: OID.loinc,
      displayName: "Summarization of Episode Note",
    }),
    textElement("title", "Harbor Hospital: visit summary"),
    element("effectiveTime", { value: written }),
    element("confidentialityCode", { code: "N", codeSystem: "2.16.840.1.113883.5.25" }),
    element("languageCode", { code: "en-US" }),
    recordTarget(patient),
    clinician(written),
    ...(visit.responder === "helped" ? [dataEnterer()] : []),
    custodian(),
    encompassingEncounter(patient, visit),
  ];
}

function recordTarget({ mrn, person, birthDate }: Patient): string {
  const ethnicity = person.hispanic ? HISPANIC : NOT_HISPANIC;
  return element(
    "recordTarget",
    {},
    element(
      "patientRole",
      {},
      element("id", { root: `${EXAMPLE_ROOT}.2`, extension: mrn }),
      element(
        "addr",
        { use: "HP" },
        textElement("streetAddressLine", person.street),
        textElement("city", person.city),
        textElement("state", person.state),
        textElement("postalCode", person.zip),
        textElement("country", "US"),
      ),
      element("telecom", { use: "HP", value: `tel:+1-${person.phone}` }),
      element("telecom", { value: `mailto:${person.email}` }),
      element(
        "patient",
        {},
        element(
          "name",
          { use: "L" },
          textElement("given", person.given),
          textElement("family", person.family),
        ),
        element("administrativeGenderCode", {
          code: person.sex === "male" ? "M" : "F",
          codeSystem: OID.gender,
        }),
        element("birthTime", { value: birthDate.replaceAll("-", "") }),
        person.race
          ? element("raceCode", {
              code: person.race,
              codeSystem: OID.race,
              displayName: RACES[person.race],
            })
          : element("raceCode", { nullFlavor: "ASKU" }),
        element("ethnicGroupCode", {
          code: ethnicity.code,
          codeSystem: OID.race,
          displayName: ethnicity.label,
        }),
        element(
          "languageCommunication",
          {},
          element("languageCode", { code: person.language }),
          element("preferenceInd", { value: "true" }),
        ),
      ),
    ),
  );
}

function clinician(time: string): string {
  return element(
    "author",
    {},
    element("time", { value: time }),
    element(
      "assignedAuthor",
      {},
      element("id", { root: OID.npi, nullFlavor: "NI" }),
      element("addr", { nullFlavor: "NI" }),
      element("telecom", { nullFlavor: "NI" }),
      element(
        "assignedAuthoringDevice",
        {},
        textElement("manufacturerModelName", "Harbor Hospital records"),
        textElement("softwareName", "Visit export 4.2"),
      ),
      organization("representedOrganization"),
    ),
  );
}

/** Somebody of the staff typed what the patient said. */
function dataEnterer(): string {
  return element(
    "dataEnterer",
    {},
    element(
      "assignedEntity",
      {},
      element("id", { root: `${EXAMPLE_ROOT}.4`, extension: "frontdesk" }),
      element("assignedPerson", {}, element("name", { nullFlavor: "NI" })),
    ),
  );
}

function custodian(): string {
  return element(
    "custodian",
    {},
    element("assignedCustodian", {}, organization("representedCustodianOrganization")),
  );
}

function organization(name: string): string {
  return element(
    name,
    {},
    element("id", { root: `${EXAMPLE_ROOT}.3`, extension: "HARBOR" }),
    textElement("name", "Harbor Hospital"),
  );
}

function encompassingEncounter(patient: Patient, visit: Visit): string {
  const virtual = visit.channel === "phone";
  return element(
    "componentOf",
    {},
    element(
      "encompassingEncounter",
      {},
      element("id", { root: `${EXAMPLE_ROOT}.5`, extension: visitId(patient, visit) }),
      element("code", { code: virtual ? "VR" : "AMB", codeSystem: OID.actCode }),
      element(
        "effectiveTime",
        {},
        element("low", { value: hl7Time(visit.day, visit.minute) }),
        element("high", { value: hl7Time(visit.day, visit.minute + 40) }),
      ),
      element(
        "location",
        {},
        element(
          "healthCareFacility",
          {},
          element("location", {}, textElement("name", "Harbor outpatient department")),
        ),
      ),
    ),
  );
}
