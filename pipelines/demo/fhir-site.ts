import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Catalogue } from "../catalogue/read.ts";
import type { PlantedDefects } from "./defects.ts";
import { type Form, formOf } from "./fhir-forms.ts";
import {
  conditionResource,
  encounterResource,
  patientResource,
  responseResource,
  totalObservation,
} from "./fhir-resources.ts";
import { LineFile } from "./line-file.ts";
import type { Patient } from "./population.ts";
import { type Administration, ANSWERED, type Visit } from "./visits.ts";

const TYPES = [
  "Patient",
  "Encounter",
  "Condition",
  "Questionnaire",
  "QuestionnaireResponse",
  "Observation",
] as const;
type FileType = (typeof TYPES)[number];

/** RIVER's bulk export: one NDJSON file a resource type. Returns the number of lines. */
export async function writeFhirSite(
  directory: string,
  patients: readonly Patient[],
  catalogue: Catalogue,
  planted: PlantedDefects,
): Promise<number> {
  await mkdir(directory, { recursive: true });
  const files = {} as Record<FileType, LineFile>;
  try {
    for (const type of TYPES)
      files[type] = await LineFile.create(join(directory, `${type}.ndjson`));
    const forms = catalogue.instruments.filter(({ id }) => ANSWERED.has(id)).map(formOf);
    await new BulkExport(files, forms, planted).write(patients);
  } finally {
    for (const file of Object.values(files)) await file.close();
  }
  return Object.values(files).reduce((sum, file) => sum + file.lines, 0);
}

class BulkExport {
  readonly #files: Record<FileType, LineFile>;
  readonly #forms: readonly Form[];
  readonly #planted: PlantedDefects;
  /** Lines that the export writes a second time, at its end. */
  readonly #again: string[] = [];

  constructor(files: Record<FileType, LineFile>, forms: readonly Form[], planted: PlantedDefects) {
    this.#files = files;
    this.#forms = forms;
    this.#planted = planted;
  }

  async write(patients: readonly Patient[]): Promise<void> {
    for (const form of this.#forms) await this.#line("Questionnaire", form.resource);
    for (const patient of patients) await this.#patient(patient);
    for (const line of this.#again) {
      const record = await this.#files.QuestionnaireResponse.write(line);
      this.#note("duplicate delivery", "QuestionnaireResponse", record);
    }
  }

  async #patient(patient: Patient): Promise<void> {
    const record = await this.#line("Patient", patientResource(patient));
    if (patient.defect === "birth date in the future")
      this.#note(patient.defect, "Patient", record);
    for (const diagnosis of patient.diagnoses) {
      await this.#line("Condition", conditionResource(patient, diagnosis));
    }
    for (const visit of patient.visits) {
      await this.#line("Encounter", encounterResource(patient, visit));
      for (const one of visit.administrations) await this.#administration(patient, visit, one);
    }
  }

  async #administration(
    patient: Patient,
    visit: Visit,
    administration: Administration,
  ): Promise<void> {
    if (administration.totalOnly) {
      await this.#line("Observation", totalObservation(patient, visit, administration));
      return;
    }
    const form = this.#forms.find(({ instrument }) => instrument === administration.instrument);
    if (!form) return;
    const text = JSON.stringify(responseResource(patient, visit, administration, form));
    const { defect } = administration;
    const line = defect === "malformed line" ? text.slice(0, Math.floor(text.length * 0.6)) : text;
    const record = await this.#files.QuestionnaireResponse.write(line);
    if (defect === "duplicate delivery") this.#again.push(line);
    else if (defect) this.#note(defect, "QuestionnaireResponse", record);
  }

  async #line(type: FileType, resource: object): Promise<string> {
    return this.#files[type].write(JSON.stringify(resource));
  }

  #note(defect: Parameters<PlantedDefects["add"]>[0], type: FileType, record: string): void {
    this.#planted.add(defect, "RIVER", { file: `${type}.ndjson`, record });
  }
}
