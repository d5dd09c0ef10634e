import type { Item, Score } from "../catalogue/instrument.ts";
import { hl7Time } from "./calendar.ts";
import { EXAMPLE_ROOT, OID, visitId } from "./ccda-header.ts";
import type { Diagnosis, Patient } from "./population.ts";
import type { Administration, Visit } from "./visits.ts";
import { element, textElement } from "./xml.ts";

const ASSESSMENT_SCALE = "2.16.840.1.113883.10.20.22.4.69";
const SUPPORTING_OBSERVATION = "2.16.840.1.113883.10.20.22.4.86";

/** What a section is in the standard. */
const SECTIONS = {
  mental: {
    template: "2.16.840.1.113883.10.20.22.2.56",
    extension: "2015-08-01",
    code: "10190-7",
    title: "Mental status",
  },
  functional: {
    template: "2.16.840.1.113883.10.20.22.2.14",
    extension: "2014-06-09",
    code: "47420-5",
    title: "Functional status",
  },
  problems: {
    template: "2.16.840.1.113883.10.20.22.2.5.1",
    extension: "2015-08-01",
    code: "11450-4",
    title: "Problems",
  },
} as const;

/** Problems, mental status (PHQ-9, GAD-7) and functional status (PROMIS), as far as the visit has them. */
export function sectionsOf(patient: Patient, visit: Visit): string[] {
  const isFunctional = (one: Administration) => one.instrument.id === "promis-global-10";
  const entries = (list: Administration[]) => list.map((one) => assessment(patient, visit, one));
  const functional = visit.administrations.filter(isFunctional);
  const mental = visit.administrations.filter((one) => !isFunctional(one));
  return [
    section(
      "problems",
      patient.diagnoses.map(({ label }) => label),
      problems(patient),
    ),
    ...(mental.length > 0 ? [section("mental", mental.map(told), entries(mental))] : []),
    ...(functional.length > 0
      ? [section("functional", functional.map(told), entries(functional))]
      : []),
  ];
}

function section(
  kind: keyof typeof SECTIONS,
  lines: readonly string[],
  entries: readonly string[],
): string {
  const { template, extension, code, title } = SECTIONS[kind];
  return element(
    "component",
    {},
    element(
      "section",
      {},
      element("templateId", { root: template, extension }),
      element("code", { code, codeSystem: OID.loinc, displayName: title }),
      textElement("title", title),
      element("text", {}, element("list", {}, ...lines.map((line) => textElement("item", line)))),
      ...entries.map((entry) => element("entry", { typeCode: "DRIV" }, entry)),
    ),
  );
}

/** The narrative of one administration: name and total, no items. */
function told({ instrument, scores }: Administration): string {
  const total = scores.get("total");
  return total === undefined ? instrument.name : `${instrument.name}: total ${total}`;
}

function assessment(patient: Patient, visit: Visit, administration: Administration): string {
  const { instrument, day, minute, scores, number } = administration;
  const id = `${visitId(patient, visit)}-a${number}`;
  const time = hl7Time(day, minute);
  const total = scores.get("total");
  // Half of the documents say the total twice, as HL7's own example does: for the panel and as one of its parts.
  const parts = instrument.scores.filter((score) => score.id !== "total" || visit.number % 2 === 0);
  const list = [
    ...instrument.items.map((item) => answerPart(visit, administration, item)),
    ...parts.flatMap((score) => scorePart(score, scores)),
  ];
  return element(
    "observation",
    { classCode: "OBS", moodCode: "EVN" },
    element("templateId", { root: ASSESSMENT_SCALE }),
    element("id", { root: `${EXAMPLE_ROOT}.6`, extension: id }),
    element("code", {
      code: instrument.panels[0]?.code,
      codeSystem: OID.loinc,
      displayName: instrument.name,
    }),
    element("statusCode", { code: "completed" }),
    element("effectiveTime", { value: time }),
    // The standard wants a value even where the instrument has no overall score.
    element("value", {
      "xsi:type": "INT",
      ...(total === undefined ? { nullFlavor: "NA" } : { value: `${total}` }),
    }),
    ...behind(visit, time),
    ...list.map((part, i) => supporting(`${id}-${i + 1}`, time, part)),
  );
}

interface Part {
  loinc: string | undefined;
  values: readonly string[];
}

function supporting(extension: string, time: string, { loinc, values }: Part): string {
  return element(
    "entryRelationship",
    { typeCode: "COMP" },
    element(
      "observation",
      { classCode: "OBS", moodCode: "EVN" },
      element("templateId", { root: SUPPORTING_OBSERVATION }),
      element("id", { root: `${EXAMPLE_ROOT}.7`, extension }),
      element("code", { code: loinc, codeSystem: OID.loinc }),
      element("statusCode", { code: "completed" }),
      element("effectiveTime", { value: time }),
      ...values,
    ),
  );
}

function answerPart(visit: Visit, { instrument, answers }: Administration, item: Item): Part {
  const value = answers.get(item.id) ?? null;
  if (value === null) {
    return {
      loinc: item.loinc,
      values: [element("value", { "xsi:type": "CO", nullFlavor: "ASKU" })],
    };
  }
  const option = instrument.answers[item.answers]?.find((one) => one.value === value);
  const number = element("value", { "xsi:type": "INT", value: String(value) });
  const coded = element("value", {
    "xsi:type": "CO",
    code: option?.loinc,
    codeSystem: OID.loinc,
    displayName: option?.label,
  });
  // Three habits: a code from transcribed paper, a number from the phone, both from software.
  if (visit.channel === "paper") return { loinc: item.loinc, values: [coded] };
  if (visit.channel === "phone") return { loinc: item.loinc, values: [number] };
  return { loinc: item.loinc, values: [number, coded] };
}

function scorePart(score: Score, scores: ReadonlyMap<string, number>): Part[] {
  const value = scores.get(score.id);
  if (value === undefined) return [];
  const content =
    score.scale === "t"
      ? { "xsi:type": "PQ", value: value.toFixed(score.decimals), unit: "{T-score}" }
      : { "xsi:type": "INT", value: String(value) };
  return [{ loinc: score.loinc, values: [element("value", content)] }];
}

/** Who gave the answers: the patient, or a relative for them. */
function behind(visit: Visit, time: string): string[] {
  const code = (role: string) => element("code", { code: role, codeSystem: OID.roleCode });
  if (visit.responder === "proxy") {
    const role = ["SPS", "CHILD", "PRN"][visit.day % 3] ?? "FAMMEMB";
    return [element("informant", {}, element("relatedEntity", { classCode: "PRS" }, code(role)))];
  }
  const id = element("id", { nullFlavor: "NA" });
  if (visit.responder === "helped") {
    return [
      element(
        "author",
        {},
        element("time", { value: time }),
        element("assignedAuthor", {}, id, code("ONESELF")),
      ),
    ];
  }
  return [element("informant", {}, element("assignedEntity", {}, id, code("ONESELF")))];
}

function problems(patient: Patient): string[] {
  return patient.diagnoses.map((diagnosis) => problem(patient, diagnosis));
}

function problem(patient: Patient, diagnosis: Diagnosis): string {
  const compact = (iso: string) => iso.replaceAll("-", "");
  const extension = `HB${String(patient.number).padStart(5, "0")}-p${diagnosis.number}`;
  return element(
    "act",
    { classCode: "ACT", moodCode: "EVN" },
    element("templateId", { root: "2.16.840.1.113883.10.20.22.4.3", extension: "2015-08-01" }),
    element("id", { root: `${EXAMPLE_ROOT}.8`, extension: `${extension}-concern` }),
    element("code", { code: "CONC", codeSystem: "2.16.840.1.113883.5.6" }),
    element("statusCode", { code: diagnosis.status === "active" ? "active" : "completed" }),
    element("effectiveTime", {}, element("low", { value: compact(diagnosis.recorded) })),
    element(
      "entryRelationship",
      { typeCode: "SUBJ" },
      element(
        "observation",
        { classCode: "OBS", moodCode: "EVN" },
        element("templateId", { root: "2.16.840.1.113883.10.20.22.4.4", extension: "2015-08-01" }),
        element("id", { root: `${EXAMPLE_ROOT}.8`, extension }),
        element("code", {
          code: "55607006",
          codeSystem: "2.16.840.1.113883.6.96",
          displayName: "Problem",
        }),
        element("statusCode", { code: "completed" }),
        element("effectiveTime", {}, element("low", { value: compact(diagnosis.onset) })),
        element("value", {
          "xsi:type": "CD",
          code: diagnosis.code,
          codeSystem: OID.icd10,
          displayName: diagnosis.label,
        }),
        element(
          "author",
          {},
          element("time", { value: compact(diagnosis.recorded) }),
          element("assignedAuthor", {}, element("id", { nullFlavor: "NI" })),
        ),
      ),
    ),
  );
}
