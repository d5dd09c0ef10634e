import { createHash } from "node:crypto";
import { XmlElement, XmlXPath } from "libxml2-wasm";
import { contentOf } from "../xml/content.ts";
import { type Added, addAdministration } from "./administration.ts";
import { readClinical } from "./clinical.ts";
import { type DocumentContext, documentMethod, documentMode } from "./context.ts";
import {
  type DocumentEncounter,
  encompassingEncounter,
  encounterOf,
  encounterRow,
  serviceDay,
} from "./encounter.ts";
import { headerOf, identityOf, kindOf, readPatients } from "./header.ts";
import { groupLoose } from "./loose.ts";
import { narrativeOf } from "./narrative.ts";
import { addNarrative } from "./narrative-items.ts";
import { type OpenDocument, openCda } from "./open.ts";
import { readIdentifiers } from "./patient.ts";
import { dropReusedIds } from "./reused-ids.ts";
import { addRecord, type DocumentPlace, IntakeRows } from "./rows.ts";
import type { CcdaSettings } from "./settings.ts";
import { findingsOf, foreignTo, statementsOf } from "./survey.ts";
import { timeOf } from "./time.ts";
import { type CdaNode, find, HL7, nameOf, rootNode, toTree } from "./tree.ts";

export interface DocumentSource extends DocumentPlace {
  recordKey: bigint;
  bytes: Uint8Array;
}

/** Reads one C-CDA document into intake rows. What cannot be read is one quarantined record; it never throws for bad content. */
export function readDocument(source: DocumentSource, settings: CcdaSettings): IntakeRows {
  const rows = new IntakeRows(source.recordKey);
  const opened = openCda(source.bytes);
  if ("reason" in opened) {
    addRecord(rows, source, { state: "quarantined", ...opened });
    return rows;
  }
  try {
    readOpened(opened, source, rows, settings);
  } finally {
    opened.xml.dispose();
  }
  return rows;
}

function readOpened(
  opened: OpenDocument,
  source: DocumentSource,
  rows: IntakeRows,
  settings: CcdaSettings,
): void {
  const header = opened.fragment ? rootNode("") : headerOf(opened.root);
  const kind = kindOf(header, settings);
  const name = kind?.name ?? (opened.fragment ? "fragment" : "ClinicalDocument");
  const isUnstructured = opened.root.find(NON_XML_BODY).length > 0;
  if (kind?.aggregate || isUnstructured) {
    const reason = isUnstructured ? "SOURCE_UNSTRUCTURED" : "SOURCE_AGGREGATE";
    const pointer = isUnstructured ? "component/nonXMLBody" : "templateId";
    addRecord(rows, source, { state: "out_of_scope", reason, pointer }, name);
    return;
  }
  const patients = readPatients(header);
  const patient = patients.length === 1 ? patients[0] : undefined;
  const patientKey = (patient?.patient_key as string | undefined) ?? null;
  if (patient && patientKey !== null) {
    addRecord(rows, source, undefined, name);
    rows.add("intake_patient", patient);
    for (const identifier of readIdentifiers(header)) rows.add("intake_identifier", identifier);
    const hash = createHash("sha256").update(source.bytes).digest("hex");
    rows.add("ccda_document", identityOf(header, patientKey, hash));
  } else {
    const reason = patients.length === 0 ? "SOURCE_NO_PATIENT" : "SOURCE_SEVERAL_PATIENTS";
    addRecord(rows, source, { state: "quarantined", reason, pointer: "recordTarget" }, name);
  }
  const encompassing = encompassingEncounter(header);
  readEntries(opened, {
    settings,
    rows,
    narrative: narrativeOf(opened.root),
    patientKey,
    writtenAt: timeOf(find(header, "effectiveTime")),
    serviceAt: serviceDay(header),
    encounter: encounterOf(encompassing),
    encounters: addEncounters(opened.root, encompassing, rows, patientKey, settings),
    mode: documentMode(header, settings),
    method: documentMethod(header),
  });
  dropReusedIds(rows);
}

/** The encounters of header and body, each once; an answer looks for its own among them. */
function addEncounters(
  root: XmlElement,
  encompassing: CdaNode | undefined,
  rows: IntakeRows,
  patientKey: string | null,
  settings: CcdaSettings,
): DocumentEncounter[] {
  const happened = root.find(ENCOUNTERS).flatMap((element, i) => {
    const node = toTree(element as XmlElement, rootNode(""), `encounter[${i + 1}]`);
    return (node.attributes.moodCode ?? "EVN") === "EVN" ? [node] : [];
  });
  const known = new Map<string, DocumentEncounter>();
  for (const node of encompassing ? [encompassing, ...happened] : happened) {
    const row = encounterRow(node, patientKey, settings);
    const encounter = encounterOf(node);
    // Without a day it places nothing, and the common data model has no room for it.
    if (row === null || encounter?.key == null || encounter.startAt === null) continue;
    if (!known.has(encounter.key)) rows.add("intake_encounter", row);
    known.set(encounter.key, encounter);
  }
  return [...known.values()];
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
  const added: Added[] = [];
  const root = rootNode(label);
  let entries = 0;
  for (const element of contentOf(section)) {
    if (!(element instanceof XmlElement)) continue;
    if (nameOf(element) === "entry") {
      const path = [label, `entry[${++entries}]`].filter(Boolean).join("/");
      loose.push(...readEntry(toTree(element, root, path), added, context));
    } else if (label === "") {
      // A fragment: the statement itself stands where an entry would.
      const children: CdaNode[] = [];
      const place = rootNode("", children);
      children.push(toTree(element, place));
      loose.push(...readEntry(place, added, context));
    }
  }
  for (const group of groupLoose(loose, context.settings)) {
    added.push(...addAdministration(group, context));
  }
  if (context.settings.narrative) addNarrative(section, label, added, context);
}

/** Adds what the entry holds; returns the answers that belong to no panel. */
function readEntry(entry: CdaNode, added: Added[], context: DocumentContext): CdaNode[] {
  for (const statement of statementsOf(entry)) readClinical(statement, context);
  const loose: CdaNode[] = [];
  for (const finding of findingsOf(entry, context.settings)) {
    if (finding.kind === "loose") {
      loose.push(finding.node);
      continue;
    }
    const foreign = foreignTo(finding.node, finding.members, context.settings);
    const apart = new Set(foreign);
    const members = finding.members.filter((member) => !apart.has(member));
    added.push(...addAdministration({ panel: finding.node, members, foreign }, context));
    loose.push(...foreign);
  }
  return loose;
}

const SECTIONS = XmlXPath.compile(".//h:section", { h: HL7 });
const ENCOUNTERS = XmlXPath.compile(".//h:entry/h:encounter", { h: HL7 });
const NON_XML_BODY = XmlXPath.compile("h:component/h:nonXMLBody", { h: HL7 });
