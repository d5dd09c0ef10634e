import { XmlElement, XmlXPath } from "libxml2-wasm";
import { addAdministration } from "./administration.ts";
import { readClinical } from "./clinical.ts";
import { type DocumentContext, documentMethod, documentMode } from "./context.ts";
import { encounterOf, readEncounter } from "./encounter.ts";
import { groupLoose } from "./loose.ts";
import { narrativeOf } from "./narrative.ts";
import { type OpenDocument, openCda } from "./open.ts";
import { readPatient } from "./patient.ts";
import { dropReusedIds } from "./reused-ids.ts";
import { addRecord, IntakeRows } from "./rows.ts";
import type { CcdaSettings } from "./settings.ts";
import { findingsOf, statementsOf } from "./survey.ts";
import { timeOf } from "./time.ts";
import { type CdaNode, childrenOf, find, HL7, nameOf, rootNode, toTree } from "./tree.ts";

export interface DocumentSource {
  recordKey: bigint;
  /** Relative to the export folder. */
  file: string;
  bytes: Uint8Array;
}

/** Reads one C-CDA file into intake rows. What cannot be read is one quarantined record; it never throws for bad content. */
export function readDocument(source: DocumentSource, settings: CcdaSettings): IntakeRows {
  const rows = new IntakeRows(source.recordKey);
  const opened = openCda(source.bytes);
  if ("reason" in opened) {
    addRecord(rows, source.file, { state: "quarantined", ...opened });
    return rows;
  }
  try {
    readOpened(opened, source.file, rows, settings);
  } finally {
    opened.xml.dispose();
  }
  return rows;
}

function readOpened(
  opened: OpenDocument,
  file: string,
  rows: IntakeRows,
  settings: CcdaSettings,
): void {
  if (opened.root.find(NON_XML_BODY).length > 0) {
    addRecord(rows, file, {
      state: "out_of_scope",
      reason: "SOURCE_UNSTRUCTURED",
      pointer: "component/nonXMLBody",
    });
    return;
  }
  const header = opened.fragment ? rootNode("") : headerOf(opened.root);
  const patients = readPatients(header);
  const patient = patients.length === 1 ? patients[0] : undefined;
  if (patient) {
    addRecord(rows, file);
    rows.add("intake_patient", patient);
  } else {
    const reason = patients.length === 0 ? "SOURCE_NO_PATIENT" : "SOURCE_SEVERAL_PATIENTS";
    addRecord(rows, file, { state: "quarantined", reason, pointer: "recordTarget" });
  }
  const patientKey = (patient?.patient_key as string | undefined) ?? null;
  const encounter = readEncounter(header, patientKey, settings);
  if (encounter) rows.add("intake_encounter", encounter);
  readEntries(opened, {
    settings,
    rows,
    narrative: narrativeOf(opened.root),
    patientKey,
    writtenAt: timeOf(find(header, "effectiveTime")),
    encounter: encounterOf(header),
    mode: documentMode(header, settings),
    method: documentMethod(header),
  });
  dropReusedIds(rows);
}

/** The persons of a document, one a key: a document about several says of no answer whose it is. */
function readPatients(header: CdaNode) {
  const patients = childrenOf(header, "recordTarget").flatMap((one) => readPatient(one) ?? []);
  return [...new Map(patients.map((patient) => [patient.patient_key, patient])).values()];
}

/** Everything before the body. */
function headerOf(document: XmlElement): CdaNode {
  const children: CdaNode[] = [];
  const header = rootNode("", children);
  for (const element of elementsOf(document)) {
    if (nameOf(element) !== "component") children.push(toTree(element, header));
  }
  return header;
}

/** Sections one after the other, and in them entry by entry, so that no more than one section's answers are held. */
function readEntries(opened: OpenDocument, context: DocumentContext): void {
  const sections = opened.root.find(SECTIONS);
  if (sections.length === 0 && opened.fragment) readSection(opened.root, "", context);
  for (const [i, section] of sections.entries()) {
    if (section instanceof XmlElement) readSection(section, `section[${i + 1}]`, context);
  }
}

function readSection(section: XmlElement, label: string, context: DocumentContext): void {
  const loose: CdaNode[] = [];
  const root = rootNode(label);
  let entries = 0;
  for (const element of elementsOf(section)) {
    const name = nameOf(element);
    if (name === "entry") {
      const path = [label, `entry[${++entries}]`].filter(Boolean).join("/");
      loose.push(...readEntry(toTree(element, root, path), context));
    } else if (label === "") {
      // A fragment: the statement itself stands where an entry would.
      const children: CdaNode[] = [];
      const place = rootNode("", children);
      children.push(toTree(element, place));
      loose.push(...readEntry(place, context));
    }
  }
  for (const group of groupLoose(loose, context.settings)) addAdministration(group, context);
}

/** Adds what the entry holds; returns the answers that belong to no panel. */
function readEntry(entry: CdaNode, context: DocumentContext): CdaNode[] {
  for (const statement of statementsOf(entry)) readClinical(statement, context);
  const loose: CdaNode[] = [];
  for (const finding of findingsOf(entry, context.settings)) {
    if (finding.kind === "loose") loose.push(finding.node);
    else addAdministration({ panel: finding.node, members: finding.members }, context);
  }
  return loose;
}

const SECTIONS = XmlXPath.compile(".//h:section", { h: HL7 });
const NON_XML_BODY = XmlXPath.compile("h:component/h:nonXMLBody", { h: HL7 });

function* elementsOf(parent: XmlElement): Generator<XmlElement> {
  for (let child = parent.firstChild; child; child = child.next) {
    if (child instanceof XmlElement) yield child;
  }
}
