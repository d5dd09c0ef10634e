import { readDocument } from "../../../pipelines/adapters/ccda/document.ts";
import type { Cell } from "../../../pipelines/adapters/ccda/rows.ts";
import { type CcdaSettings, readSettings } from "../../../pipelines/adapters/ccda/settings.ts";
import { type IntakeTable, intakeColumns } from "../../../pipelines/adapters/intake.ts";
import { emptyIntake } from "./read-golden.ts";

export type InlineRows = Record<IntakeTable, Record<string, Cell>[]>;

export async function inlineSettings(): Promise<CcdaSettings> {
  const db = await emptyIntake();
  try {
    return await readSettings(db);
  } finally {
    db.close();
  }
}

/** Rows as objects of one document that a case spells out. */
export function readInline(content: string | Uint8Array, settings: CcdaSettings): InlineRows {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const { columns } = readDocument({ recordKey: 1n, file: "inline.xml", bytes }, settings);
  const table = (name: IntakeTable) => {
    const names = intakeColumns(name);
    const count = columns[name]?.[0]?.length ?? 0;
    return Array.from({ length: count }, (_, row) =>
      Object.fromEntries(names.map((column, i) => [column, columns[name]?.[i]?.[row] ?? null])),
    );
  };
  return {
    intake_record: table("intake_record"),
    intake_patient: table("intake_patient"),
    intake_encounter: table("intake_encounter"),
    intake_condition: table("intake_condition"),
    intake_identifier: table("intake_identifier"),
    intake_procedure: table("intake_procedure"),
    intake_observation: table("intake_observation"),
    intake_consent: table("intake_consent"),
    intake_request: table("intake_request"),
    intake_administration: table("intake_administration"),
    intake_response: table("intake_response"),
  };
}

const PERSON = `<recordTarget><patientRole><id root="2.999.7" extension="P1"/><patient/></patientRole></recordTarget>`;

/** A document around entries, with one person unless the header says otherwise. */
export function documentAround(entries: string, header = PERSON): string {
  return `<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
${header}<component><structuredBody><component><section>${entries}</section></component></structuredBody></component>
</ClinicalDocument>`;
}

/** One observation of LOINC code `code` holding `content`. */
export function observation(code: string, content: string): string {
  return `<observation classCode="OBS" moodCode="EVN"><code code="${code}" codeSystem="2.16.840.1.113883.6.1"/>${content}</observation>`;
}

export function part(content: string, type = "COMP"): string {
  return `<entryRelationship typeCode="${type}">${content}</entryRelationship>`;
}
