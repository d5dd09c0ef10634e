import type { Format, Person, Visit } from "./site.ts";

const PANEL = "44249-1";
/** LOINC codes of the nine items, and of the four answers. Source: mappings/instruments/phq-9.yaml. */
const ITEMS = [
  "44250-9",
  "44255-8",
  "44259-0",
  "44254-1",
  "44251-7",
  "44258-2",
  "44252-5",
  "44253-3",
  "44260-8",
];
const ANSWERS = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"];
const TOTAL = "44261-6";
const ZIP = "80000";

/** The files of an export by name; for csv also the site's mapping.yaml. */
export function exportFiles(
  format: Format,
  people: readonly Person[],
  visits: readonly Visit[],
): Record<string, string> {
  return WRITERS[format](people, visits);
}

const WRITERS = { fhir: fhirFiles, ccda: ccdaFiles, csv: csvFiles };

const sum = (answers: readonly number[]) => answers.reduce((a, b) => a + b, 0);
const lines = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

function fhirFiles(people: readonly Person[], visits: readonly Visit[]): Record<string, string> {
  const files = {
    "Patient.ndjson": lines(people.map(patientResource)),
    "QuestionnaireResponse.ndjson": lines(visits.map(responseResource)),
  };
  return Object.fromEntries(Object.entries(files).filter(([, content]) => content !== ""));
}

function patientResource(one: Person): object {
  return {
    resourceType: "Patient",
    id: one.key,
    identifier: [{ system: "urn:oid:2.999.4", value: one.mrn }],
    name: [{ family: one.family, given: [one.given] }],
    gender: one.sex,
    birthDate: one.birth,
    address: [{ line: [one.street], city: "Ashford", state: "CO", postalCode: ZIP }],
    telecom: [
      { system: "phone", value: one.phone },
      { system: "email", value: one.email },
    ],
  };
}

export function responseResource(visit: Visit): object {
  const coded = visit.answers.map((value, i) => ({
    linkId: `/${ITEMS[i]}`,
    answer: [{ valueCoding: { system: "http://loinc.org", code: ANSWERS[value] } }],
  }));
  const total = { linkId: `/${TOTAL}`, answer: [{ valueDecimal: sum(visit.answers) }] };
  const comment = { linkId: "comment", answer: [{ valueString: visit.comment }] };
  return {
    resourceType: "QuestionnaireResponse",
    id: visit.id,
    meta: { lastUpdated: visit.version ?? `${visit.day}T10:00:00Z` },
    questionnaire: `https://example.org/Questionnaire/${PANEL}`,
    status: visit.isError ? "entered-in-error" : "completed",
    subject: { reference: `Patient/${visit.person}` },
    authored: `${visit.day}T09:30:00Z`,
    item: [...coded, total, ...(visit.comment ? [comment] : [])],
  };
}

function csvFiles(people: readonly Person[], visits: readonly Visit[]): Record<string, string> {
  const table = (header: string[], rows: (string | number)[][]) =>
    [header, ...rows].map((row) => `${row.map((cell) => `"${cell}"`).join(",")}\n`).join("");
  return {
    "mapping.yaml": MAPPING,
    "patients.csv": table(
      ["record_id", "mrn", "first", "last", "dob", "sex", "phone", "email", "street", "zip"],
      people.map((one) => [
        one.key,
        one.mrn,
        one.given,
        one.family,
        one.birth,
        one.sex,
        one.phone,
        one.email,
        one.street,
        ZIP,
      ]),
    ),
    "survey.csv": table(
      [
        "visit",
        "record_id",
        "day",
        "state",
        ...ITEMS.map((_, i) => `q${i + 1}`),
        "total",
        "comment",
        "changed",
      ],
      visits.map((one) => [
        one.id,
        one.person,
        one.day,
        one.isError ? "entered-in-error" : "completed",
        ...one.answers,
        sum(one.answers),
        one.comment ?? "",
        one.version ?? one.day,
      ]),
    ),
  };
}

const MAPPING = `files:
  - match: patients.csv
    kind: patients
    columns:
      patient_key: record_id
      mrn: mrn
      given_name: first
      family_name: last
      birth_date: dob
      sex: sex
      phone: phone
      email: email
      address: street
      zip: zip
  - match: survey.csv
    kind: wide
    columns: { patient_key: record_id }
    instruments:
      - instrument: phq-9
        source_id: [visit]
        answered_at: day
        version_at: changed
        status: state
        items: { ${ITEMS.map((_, i) => `PHQ9_${i + 1}: q${i + 1}`).join(", ")} }
        scores: { total: total }
        free_text: [{ item: comment, column: comment }]
`;

function ccdaFiles(people: readonly Person[], visits: readonly Visit[]): Record<string, string> {
  return Object.fromEntries(
    visits.flatMap((visit, i) => {
      const person = people.find((one) => one.key === visit.person);
      return person ? [[`document-${i + 1}.xml`, documentOf(person, visit)]] : [];
    }),
  );
}

const compact = (day: string) => day.replaceAll("-", "");

function documentOf(person: Person, visit: Visit): string {
  const written = compact(visit.version?.slice(0, 10) ?? visit.day);
  const members = [
    ...visit.answers.map((value, i) =>
      member(
        ITEMS[i] ?? "",
        `<value xsi:type="CO" code="${ANSWERS[value]}" codeSystem="2.16.840.1.113883.6.1"/>`,
      ),
    ),
    member(TOTAL, `<value xsi:type="INT" value="${sum(visit.answers)}"/>`),
    ...(visit.comment ? [member("99999-9", `<value xsi:type="ST">${visit.comment}</value>`)] : []),
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <templateId root="2.16.840.1.113883.10.20.22.1.1" extension="2015-08-01"/>
  <id root="2.999.1" extension="doc-${visit.id}"/>
  <effectiveTime value="${written}120000+0000"/>
  <recordTarget><patientRole>
    <id root="2.999.7" extension="${person.key}"/>
    <id root="2.999.4" extension="${person.mrn}"/>
    <addr><streetAddressLine>${person.street}</streetAddressLine><city>Ashford</city></addr>
    <telecom value="tel:${person.phone}"/><telecom value="mailto:${person.email}"/>
    <patient>
      <name use="L"><given>${person.given}</given><family>${person.family}</family></name>
      <administrativeGenderCode code="${person.sex === "female" ? "F" : "M"}" codeSystem="2.16.840.1.113883.5.1"/>
      <birthTime value="${compact(person.birth)}"/>
    </patient>
  </patientRole></recordTarget>
  <component><structuredBody><component><section>
    <templateId root="2.16.840.1.113883.10.20.22.2.56" extension="2015-08-01"/>
    <code code="10190-7" codeSystem="2.16.840.1.113883.6.1"/>
    <text>${visit.comment ?? "PHQ-9"}</text>
    <entry><observation classCode="OBS" moodCode="EVN">
      <templateId root="2.16.840.1.113883.10.20.22.4.69"/>
      <id root="2.999.9" extension="${visit.id}"/>
      <code code="${PANEL}" codeSystem="2.16.840.1.113883.6.1"/>
      <statusCode code="completed"/>
      <effectiveTime value="${compact(visit.day)}0930+0000"/>
      ${members.join("\n      ")}
    </observation></entry>
  </section></component></structuredBody></component>
</ClinicalDocument>
`;
}

function member(code: string, value: string): string {
  return `<entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="EVN">
        <templateId root="2.16.840.1.113883.10.20.22.4.86"/>
        <code code="${code}" codeSystem="2.16.840.1.113883.6.1"/><statusCode code="completed"/>${value}
      </observation></entryRelationship>`;
}
