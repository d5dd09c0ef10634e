import { idKey } from "./code.ts";
import type { IntakeRow } from "./rows.ts";
import { timeOf } from "./time.ts";
import { attribute, type CdaNode, childrenOf, find, pointer } from "./tree.ts";

const SSN = "2.16.840.1.113883.4.1";

/** The person of a `recordTarget`; null when it has no usable id, which is no person to file anything under. */
export function readPatient(
  recordTarget: CdaNode,
): Omit<IntakeRow<"intake_patient">, "record_key"> | null {
  const role = find(recordTarget, "patientRole");
  if (role === undefined) return null;
  const ids = childrenOf(role, "id").filter(namesOne);
  // A social security number is the last choice for a key: not every document of the person carries it.
  const others = ids.filter((id) => id.attributes.root !== SSN);
  const keyId = others[0] ?? ids[0];
  if (keyId === undefined) return null;
  const patient = find(role, "patient");
  const address = preferred(childrenOf(role, "addr"), ["HP", "H", "PHYS"]);
  return {
    where_pointer: pointer(role),
    patient_key: idKey(keyId),
    ...nameOf(patient),
    birth_date: timeOf(find(patient, "birthTime")),
    sex: wordOf(find(patient, "administrativeGenderCode")),
    race: raceOf(patient),
    ethnicity: wordOf(find(patient, "ethnicGroupCode") ?? find(patient, "sdtc:ethnicGroupCode")),
    language: languageOf(patient),
    death_date: timeOf(find(patient, "sdtc:deceasedTime")),
    deceased: deceasedOf(patient),
    address: joined(address, "streetAddressLine"),
    city: joined(address, "city"),
    state_code: joined(address, "state"),
    zip: joined(address, "postalCode"),
    phone: telecomOf(role, ["HP", "H", "MC"], (value) => !/^\s*mailto:/i.test(value)),
    email: telecomOf(role, [], (value) => /^\s*mailto:/i.test(value)),
    mrn: others.map((id) => attribute(id, "extension") ?? attribute(id, "root")).join(" ") || null,
    ssn: attribute(
      ids.find((id) => id.attributes.root === SSN),
      "extension",
    ),
  };
}

/** All names, addresses, telecoms and ids in the header's persons, relatives and guardians too: they are searched in what leaves. */
export function readIdentifiers(
  header: CdaNode,
): Omit<IntakeRow<"intake_identifier">, "record_key">[] {
  return [...childrenOf(header, "recordTarget"), ...childrenOf(header, "participant")].flatMap(
    (one) => identifiersIn(one),
  );
}

function identifiersIn(node: CdaNode): Omit<IntakeRow<"intake_identifier">, "record_key">[] {
  switch (node.name) {
    case "name":
      return [{ kind: "name", value: wholeText(node) }];
    case "addr":
      return node.children.map((part) => ({ kind: "address", value: part.text || null }));
    case "telecom":
      return [
        { kind: "telecom", value: attribute(node, "value")?.replace(/^\w+:\s*/, "") ?? null },
      ];
    case "id":
      return [{ kind: "identifier", value: attribute(node, "extension") }];
    default:
      return node.children.flatMap(identifiersIn);
  }
}

/** The words of a node and of all in it. */
function wholeText(node: CdaNode): string | null {
  const texts = [node.text, ...node.children.map((child) => wholeText(child) ?? "")];
  return texts.filter(Boolean).join(" ") || null;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The OID of an issuer without a number would file all its patients as one person. */
function namesOne(id: CdaNode): boolean {
  if (idKey(id) === null) return false;
  return attribute(id, "extension") !== null || UUID.test(id.attributes.root ?? "");
}

function nameOf(patient: CdaNode | undefined) {
  const name = preferred(patient ? childrenOf(patient, "name") : [], ["L"]);
  return { family_name: joined(name, "family"), given_name: joined(name, "given") };
}

/** The code; without one the display, or the flavor that says why, so that "declined" is not "unknown". */
function wordOf(node: CdaNode | undefined): string | null {
  return attribute(node, "code") ?? attribute(node, "displayName") ?? attribute(node, "nullFlavor");
}

/** The races of the OMB's list; other codes of CDC are more precise names of one of them. */
const RACES = new Set(["1002-5", "2028-9", "2054-5", "2076-8", "2106-3", "2131-1"]);

/** Further races stand in HL7's extension. More than one of the list is a fact of its own. */
function raceOf(patient: CdaNode | undefined): string | null {
  const nodes = ["raceCode", "sdtc:raceCode"].flatMap((name) =>
    patient ? childrenOf(patient, name) : [],
  );
  const listed = new Set(
    nodes.flatMap((node) => attribute(node, "code") ?? []).filter((code) => RACES.has(code)),
  );
  if (listed.size > 1) return "multiple race";
  const [only] = listed;
  return only ?? nodes.map(wordOf).find((word) => word !== null) ?? null;
}

function languageOf(patient: CdaNode | undefined): string | null {
  const spoken = patient ? childrenOf(patient, "languageCommunication") : [];
  const first =
    spoken.find((one) => find(one, "preferenceInd")?.attributes.value === "true") ?? spoken[0];
  return attribute(find(first, "languageCode"), "code");
}

function deceasedOf(patient: CdaNode | undefined): boolean | null {
  const stated = attribute(find(patient, "sdtc:deceasedInd"), "value");
  return stated === null ? null : stated === "true";
}

function joined(node: CdaNode | undefined, name: string): string | null {
  const parts = node ? childrenOf(node, name).map((child) => child.text) : [];
  return parts.filter(Boolean).join(" ") || null;
}

/** The node whose `use` comes first in the list of uses; else the first one. */
function preferred(nodes: readonly CdaNode[], uses: string[]): CdaNode | undefined {
  const rank = (node: CdaNode) => {
    const at = uses.findIndex((use) => node.attributes.use?.split(" ").includes(use));
    return at < 0 ? uses.length : at;
  };
  return nodes.toSorted((a, b) => rank(a) - rank(b))[0];
}

function telecomOf(
  role: CdaNode,
  uses: string[],
  wanted: (value: string) => boolean,
): string | null {
  const fitting = childrenOf(role, "telecom").filter((one) => {
    const value = attribute(one, "value");
    return value !== null && wanted(value);
  });
  const value = attribute(preferred(fitting, uses), "value");
  return value?.replace(/^(tel|mailto):\s*/i, "").trim() || null;
}
