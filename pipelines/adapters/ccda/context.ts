import { idKey, type Narrative } from "./code.ts";
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
  /** When the service that the document is about was given, if on one day. */
  serviceAt: string | null;
  /** The encounter that the whole document is about. */
  encounter: DocumentEncounter | null;
  /** It and those of the body. */
  encounters: readonly DocumentEncounter[];
  /** RoleCode of the person behind the whole document, if it names one. */
  mode: string | null;
  method: string | null;
}

/** Types of participation by which somebody gives information: informant and author. */
const INFORMS = new Set(["INF", "AUT"]);
const ENTITIES = [
  "assignedAuthor",
  "assignedEntity",
  "relatedEntity",
  "participantRole",
  "associatedEntity",
];
const PATIENT_GENERATED = "2.16.840.1.113883.10.20.29.1";

/**
 * Who stands behind a whole document. An author counts in any document; an informant only in one that the patient's side
 * wrote, because clinics list relatives there who had no part in a questionnaire.
 */
export function documentMode(header: CdaNode, settings: CcdaSettings): string | null {
  const names = isPatientGenerated(header) ? ["author", "informant"] : ["author"];
  const role = roleOf(header, settings, names) ?? patientWrote(header);
  // Somebody else put in what the patient's side said.
  const isHelped = role !== null && find(header, "dataEnterer") !== undefined;
  return isHelped ? `${role === "ONESELF" ? role : "PROXY"}|dataEnterer` : role;
}

/** An author who bears the patient's own id is the patient, also where no code says so. */
function patientWrote(header: CdaNode): string | null {
  const ids = new Set(idsOf(find(header, "recordTarget", "patientRole")));
  const authors = childrenOf(header, "author").map((author) => find(author, "assignedAuthor"));
  return authors.some((author) => idsOf(author).some((id) => ids.has(id))) ? "ONESELF" : null;
}

function idsOf(role: CdaNode | undefined): string[] {
  const ids = role ? childrenOf(role, "id") : [];
  // The root alone names who gives out ids, not a person.
  return ids.flatMap((id) => (attribute(id, "extension") ? (idKey(id) ?? []) : []));
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

/** RoleCode of an author, informant or informing participant of this very node: ONESELF or a relation to the patient. */
export function roleOf(
  node: CdaNode,
  settings: CcdaSettings,
  names: readonly string[] = ["author", "informant"],
): string | null {
  const participations = [
    ...names.flatMap((name) => childrenOf(node, name)),
    ...childrenOf(node, "participant").filter((one) =>
      INFORMS.has(attribute(one, "typeCode") ?? ""),
    ),
  ];
  for (const participation of participations) {
    for (const entity of ENTITIES) {
      const code = attribute(find(participation, entity, "code"), "code");
      if (code !== null && settings.roles.has(code)) return code;
    }
  }
  return null;
}
