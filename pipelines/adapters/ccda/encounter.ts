import { codings, idOf } from "./code.ts";
import type { IntakeRow } from "./rows.ts";
import type { CcdaSettings } from "./settings.ts";
import { endOf, timeOf } from "./time.ts";
import { attribute, type CdaNode, childrenOf, find, pointer } from "./tree.ts";

const ACT_CODE = "urn:oid:2.16.840.1.113883.5.4";

/** When an encounter was, as far as it bears on what the document says. */
export interface DocumentEncounter {
  key: string | null;
  startAt: string | null;
  endAt: string | null;
}

type EncounterRow = Omit<IntakeRow<"intake_encounter">, "record_key">;

/** The encounter that the whole document is about. */
export function encompassingEncounter(header: CdaNode): CdaNode | undefined {
  return find(header, "componentOf", "encompassingEncounter");
}

/** An encounter without an id is known by its start; without either it cannot be told from another one. */
export function encounterOf(node: CdaNode | undefined): DocumentEncounter | null {
  if (node === undefined) return null;
  const period = find(node, "effectiveTime");
  const startAt = timeOf(period);
  return { key: idOf(node) ?? startAt, startAt, endAt: endOf(period) };
}

/** The row of an encounter, of the header or of the Encounters section; null when it has no key. */
export function encounterRow(
  node: CdaNode,
  patientKey: string | null,
  settings: CcdaSettings,
): EncounterRow | null {
  const encounter = encounterOf(node);
  if (encounter?.key == null) return null;
  const codes = codings(find(node, "code"), settings);
  // The class of an encounter is an ActCode; its main code is often a billing code.
  const byClass = codes.find((one) => one.system === ACT_CODE) ?? codes[0];
  return {
    where_pointer: pointer(node),
    patient_key: patientKey,
    encounter_key: encounter.key,
    start_at: encounter.startAt,
    end_at: encounter.endAt,
    class: byClass?.code ?? null,
    ...placeOf(node, settings),
    ...providerOf(node, settings),
  };
}

function placeOf(node: CdaNode, settings: CcdaSettings) {
  const facility = find(node, "location", "healthCareFacility");
  const inSection = childrenOf(node, "participant").find(
    (one) => attribute(one, "typeCode") === "LOC",
  );
  const role = find(inSection, "participantRole");
  return {
    facility_type: codings(find(facility ?? role, "code"), settings)[0]?.code ?? null,
    location:
      find(facility, "location", "name")?.text || find(role, "playingEntity", "name")?.text || null,
  };
}

function providerOf(node: CdaNode, settings: CcdaSettings) {
  const responsible =
    find(node, "responsibleParty", "assignedEntity") ?? find(node, "performer", "assignedEntity");
  return {
    specialty: codings(find(responsible, "code"), settings)[0]?.code ?? null,
    provider_key: idOf(responsible),
  };
}

/** The day of a service event, if it is one day: a summary of years names no day. */
export function serviceDay(header: CdaNode): string | null {
  for (const documentation of childrenOf(header, "documentationOf")) {
    const period = find(documentation, "serviceEvent", "effectiveTime");
    const start = timeOf(period);
    const end = endOf(period) ?? start;
    if (start !== null && start.length >= 10 && start.slice(0, 10) === end?.slice(0, 10))
      return start;
  }
  return null;
}
