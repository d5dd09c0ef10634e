import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { headerOf, visitId } from "./ccda-header.ts";
import { sectionsOf } from "./ccda-sections.ts";
import type { PlantedDefects } from "./defects.ts";
import type { Patient } from "./population.ts";
import type { Visit } from "./visits.ts";
import { element } from "./xml.ts";

/** How many documents are written at the same time. */
const TOGETHER = 32;

/** HARBOR's export: one C-CDA R2.1 document a visit. Returns the number of files. */
export async function writeCcdaSite(
  directory: string,
  patients: readonly Patient[],
  planted: PlantedDefects,
): Promise<number> {
  await mkdir(directory, { recursive: true });
  let files = 0;
  let batch: Promise<void>[] = [];
  for (const document of documentsOf(patients, planted)) {
    batch.push(writeFile(join(directory, document.file), document.content));
    files++;
    if (batch.length === TOGETHER) {
      await Promise.all(batch);
      batch = [];
    }
  }
  await Promise.all(batch);
  return files;
}

function* documentsOf(
  patients: readonly Patient[],
  planted: PlantedDefects,
): Generator<{ file: string; content: string }> {
  for (const patient of patients) {
    for (const visit of patient.visits) {
      const name = visitId(patient, visit);
      const file = `${name}.xml`;
      const content = documentOf(patient, visit);
      const defect = visit.defect ?? visit.administrations.find((one) => one.defect)?.defect;
      if (defect === "broken XML file") {
        planted.add(defect, "HARBOR", { file });
        yield { file, content: content.slice(0, Math.floor(content.length / 2)) };
        continue;
      }
      yield { file, content };
      if (defect === "duplicate delivery") {
        const again = `${name}_resent.xml`;
        planted.add(defect, "HARBOR", { file: again });
        yield { file: again, content };
      } else if (defect) planted.add(defect, "HARBOR", { file });
    }
  }
}

function documentOf(patient: Patient, visit: Visit): string {
  const body = element(
    "component",
    {},
    element("structuredBody", {}, ...sectionsOf(patient, visit)),
  );
  const document = element(
    "ClinicalDocument",
    {
      xmlns: "urn:hl7-org:v3",
      "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
      "xmlns:sdtc": "urn:hl7-org:sdtc",
    },
    ...[...headerOf(patient, visit), body].map((part) => `\n${part}`),
    "\n",
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document}\n`;
}
