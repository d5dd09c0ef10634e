import { XmlElement } from "libxml2-wasm";
import { contentOf } from "../xml/content.ts";
import { idKey, idOf } from "./code.ts";
import { readPatient } from "./patient.ts";
import type { IntakeRow } from "./rows.ts";
import type { CcdaSettings } from "./settings.ts";
import { timeOf } from "./time.ts";
import {
  attribute,
  type CdaNode,
  childrenOf,
  find,
  hasTemplate,
  nameOf,
  rootNode,
  toTree,
} from "./tree.ts";

/** Everything before the body. */
export function headerOf(document: XmlElement): CdaNode {
  const children: CdaNode[] = [];
  const header = rootNode("", children);
  for (const child of contentOf(document)) {
    if (child instanceof XmlElement && nameOf(child) !== "component") {
      children.push(toTree(child, header));
    }
  }
  return header;
}

/** The persons of a document, one a key: a document about several says of no answer whose it is. */
export function readPatients(header: CdaNode) {
  const patients = childrenOf(header, "recordTarget").flatMap((one) => readPatient(one) ?? []);
  return [...new Map(patients.map((patient) => [patient.patient_key, patient])).values()];
}

/** What kind of document its templates say it is; the most special one, as the list has them first. */
export function kindOf(header: CdaNode, { documents }: CcdaSettings) {
  return documents.find(({ template }) => hasTemplate(header, template));
}

/** What tells it apart from other versions of itself. */
export function identityOf(
  header: CdaNode,
  patientKey: string,
  hash: string,
): Omit<IntakeRow<"ccda_document">, "record_key"> {
  const version = attribute(find(header, "versionNumber"), "value");
  const setId = find(header, "setId");
  const replaced = childrenOf(header, "relatedDocument")
    .filter((related) => attribute(related, "typeCode") === "RPLC")
    .flatMap((related) => idOf(find(related, "parentDocument")) ?? []);
  return {
    patient_key: patientKey,
    document_id: idOf(header),
    set_id: setId === undefined ? null : idKey(setId),
    version: /^\d{1,9}$/.test(version ?? "") ? BigInt(version as string) : null,
    written_at: timeOf(find(header, "effectiveTime")),
    replaces: replaced.join("\n") || null,
    hash,
  };
}
