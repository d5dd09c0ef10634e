import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Instrument, Item } from "../catalogue/instrument.ts";
import type { Catalogue } from "../catalogue/read.ts";
import { clock, isoDate } from "./calendar.ts";
import { OUT_OF_RANGE, type PlantedDefects } from "./defects.ts";
import { LineFile } from "./line-file.ts";
import { RACES } from "./people.ts";
import type { Patient } from "./population.ts";
import type { Administration, Visit } from "./visits.ts";

/** The instruments of SUMMIT's survey and what its columns are called. */
export const SURVEY = [
  { id: "phq-9", prefix: "phq9", scores: { total: "phq9_total" } },
  { id: "gad-7", prefix: "gad7", scores: { total: "gad7_total" } },
  { id: "promis-global-10", prefix: "global", scores: {} },
] as const satisfies readonly { id: string; prefix: string; scores: Record<string, string> }[];
type Form = (typeof SURVEY)[number];

/** `PHQ9_3` stands in `phq9_3`, `Global09r` in `global09`. */
export function columnOf(item: string): string {
  return item.toLowerCase().replace(/r$/, "");
}

const VISIT_COLUMNS = ["record_id", "redcap_event_name", "visit_date"];
const PATIENT_COLUMNS = [
  "record_id",
  "mrn",
  "first_name",
  "last_name",
  "dob",
  "sex",
  "race",
  "ethnicity",
  "language",
  "address",
  "city",
  "state",
  "zip",
  "phone",
  "email",
];
const SEX = { male: "1", female: "2" } as const;

/** SUMMIT's export: a survey with a row a visit, and a list of patients. Returns the number of data rows. */
export async function writeCsvSite(
  directory: string,
  patients: readonly Patient[],
  catalogue: Catalogue,
  planted: PlantedDefects,
): Promise<number> {
  await mkdir(directory, { recursive: true });
  return (
    (await writePatients(join(directory, "patients.csv"), patients, planted)) +
    (await writeSurvey(join(directory, "survey.csv"), patients, catalogue, planted))
  );
}

async function writePatients(
  path: string,
  patients: readonly Patient[],
  planted: PlantedDefects,
): Promise<number> {
  const file = await LineFile.create(path);
  try {
    await file.write(csvLine(PATIENT_COLUMNS));
    for (const patient of patients) {
      const record = await file.write(csvLine(patientCells(patient)));
      if (patient.defect === "birth date in the future") {
        planted.add(patient.defect, "SUMMIT", { file: "patients.csv", record });
      }
    }
  } finally {
    await file.close();
  }
  return file.lines - 1;
}

function patientCells(patient: Patient): string[] {
  const { person } = patient;
  return [
    String(patient.number),
    patient.mrn,
    person.given,
    person.family,
    usDate(patient.birthDate),
    SEX[person.sex],
    person.race ? RACES[person.race] : "Declined",
    person.hispanic ? "Hispanic" : "Not Hispanic",
    person.language,
    person.street,
    person.city,
    person.state,
    person.zip,
    `(${person.phone.slice(0, 3)}) ${person.phone.slice(4)}`,
    person.email,
  ];
}

async function writeSurvey(
  path: string,
  patients: readonly Patient[],
  catalogue: Catalogue,
  planted: PlantedDefects,
): Promise<number> {
  const forms = SURVEY.flatMap((form) => {
    const instrument = catalogue.instruments.find(({ id }) => id === form.id);
    return instrument ? [{ form, instrument }] : [];
  });
  const columns = forms.flatMap(({ form, instrument }) => formColumns(form, instrument));
  const file = await LineFile.create(path);
  try {
    await file.write(
      csvLine([...VISIT_COLUMNS, ...columns, "mode", "completed_by", "language", "comments"]),
    );
    for (const patient of patients) {
      for (const visit of patient.visits) {
        const cells = forms.flatMap(({ form, instrument }) => formCells(form, instrument, visit));
        const record = await file.write(csvLine(surveyCells(patient, visit, cells)));
        const defect = visit.defect ?? visit.administrations.find((one) => one.defect)?.defect;
        if (defect) planted.add(defect, "SUMMIT", { file: "survey.csv", record });
      }
    }
  } finally {
    await file.close();
  }
  return file.lines - 1;
}

function surveyCells(patient: Patient, visit: Visit, forms: readonly string[]): string[] {
  return [
    String(patient.number),
    visit.planned === 0 ? "baseline_arm_1" : `day_${visit.planned}_arm_1`,
    usDate(isoDate(visit.day)),
    ...forms,
    visit.channel,
    visit.responder,
    patient.person.language,
    comment(patient, visit),
  ];
}

function formColumns({ prefix, scores }: Form, { items }: Instrument): string[] {
  return [
    ...items.map((item) => columnOf(item.id)),
    ...Object.values(scores),
    `${prefix}_timestamp`,
    `${prefix}_complete`,
  ];
}

/** Empty cells where the form was not part of the visit. */
function formCells(form: Form, instrument: Instrument, visit: Visit): string[] {
  const administration = visit.administrations.find((one) => one.instrument === instrument);
  if (!administration) return formColumns(form, instrument).map(() => "");
  const { answers, scores, day, minute } = administration;
  const skipped = [...answers.values()].filter((value) => value === null).length;
  return [
    ...instrument.items.map((item) => answerCell(visit, administration, item)),
    ...Object.keys(form.scores).map((id) => String(scores.get(id) ?? "")),
    `${isoDate(day)} ${clock(minute)}`,
    skipped > 2 ? "0" : "2", // REDCap: 0 incomplete, 2 complete
  ];
}

function answerCell(visit: Visit, { answers }: Administration, item: Item): string {
  if (visit.defect === "answer out of range" && item.id === OUT_OF_RANGE.item) {
    return String(OUT_OF_RANGE.value);
  }
  return String(answers.get(item.id) ?? "");
}

/** Harmless remarks; none holds an identifier. */
const REMARKS = [
  "Filled in at check-in, no questions.",
  "Needed the large print version.",
  'Said the "past two weeks" were unusual, travelling.',
  "Pain is worse in the morning; stiff after sitting.",
];

function comment(patient: Patient, visit: Visit): string {
  if (visit.defect === "identifier in free text") {
    const { given, family, phone } = patient.person;
    return `${given} ${family} asks for a call back, ${phone}`;
  }
  const commented = visit.administrations.some(({ instrument }) => instrument.id === "phq-9");
  // One row in nine of those with a PHQ-9, whose comment field it is.
  return commented && (patient.number + visit.number) % 9 === 0
    ? (REMARKS[patient.number % 4] ?? "")
    : "";
}

/** `03/09/2024` */
function usDate(iso: string): string {
  return `${iso.slice(5, 7)}/${iso.slice(8)}/${iso.slice(0, 4)}`;
}

/** RFC 4180, with quotes only where they are needed. */
function csvLine(cells: readonly string[]): string {
  return cells
    .map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(",");
}
