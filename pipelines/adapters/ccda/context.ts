import type { Narrative } from "./code.ts";
import type { DocumentEncounter } from "./encounter.ts";
import type { IntakeRows } from "./rows.ts";
import type { CcdaSettings } from "./settings.ts";
import { attribute, type CdaNode, childrenOf, find, hasTemplate } from "./tree.ts";

/** What the header of a document says about everything in it. */
export interface DocumentContext {
  settings: CcdaSettings;
  rows: IntakeRows;
  narrative: Narrative;
  /** Null in a document without a person; its content is still shown by preview. */
  patientKey: string | null;
  writtenAt: string | null;
  encounter: DocumentEncounter | null;
  /** RoleCode of the person behind the whole document, if it names one. */
  mode: string | null;
  method: string | null;
}

const PATIENT_GENERATED = "2.16.840.1.113883.10.20.29.1";

/**
 * Who stands behind a whole document. An author counts in any document; an informant only in one that the patient's side
 * wrote, because clinics list relatives there who had no part in a questionnaire.
 */
export function documentMode(header: CdaNode, settings: CcdaSettings): string | null {
  const names = isPatientGenerated(header) ? ["author", "informant"] : ["author"];
  return roleOf(header, settings, names);
}

export function documentMethod(header: CdaNode): string | null {
  const byDevice = childrenOf(header, "author").some((author) =>
    find(author, "assignedAuthor", "assignedAuthoringDevice"),
  );
  return byDevice && isPatientGenerated(header) ? "assignedAuthoringDevice" : null;
}

function isPatientGenerated(header: CdaNode): boolean {
  return hasTemplate(header, PATIENT_GENERATED);
}

/** RoleCode of an author or informant of this very node: ONESELF or a relation to the patient. */
export function roleOf(
  node: CdaNode,
  settings: CcdaSettings,
  names: readonly string[] = ["author", "informant"],
): string | null {
  for (const participation of node.children.filter((child) => names.includes(child.name))) {
    for (const entity of ["assignedAuthor", "assignedEntity", "relatedEntity"]) {
      const code = attribute(find(participation, entity, "code"), "code");
      if (code !== null && settings.roles.has(code)) return code;
    }
  }
  return null;
}
