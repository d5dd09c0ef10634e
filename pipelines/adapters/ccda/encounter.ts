import { codings, idOf } from "./code.ts";
import type { IntakeRow } from "./rows.ts";
import type { CcdaSettings } from "./settings.ts";
import { endOf, timeOf } from "./time.ts";
import { type CdaNode, find, pointer } from "./tree.ts";

const ACT_CODE = "urn:oid:2.16.840.1.113883.5.4";

/** When and where the document's encounter was, as far as it bears on what the document says. */
export interface DocumentEncounter {
  key: string | null;
  startAt: string | null;
  endAt: string | null;
}

export function encounterOf(header: CdaNode): DocumentEncounter | null {
  const node = encompassingEncounter(header);
  if (node === undefined) return null;
  const period = find(node, "effectiveTime");
  return { key: idOf(node), startAt: timeOf(period), endAt: endOf(period) };
}

/** The row of `encompassingEncounter`; null when there is none or it has no id to refer to. */
export function readEncounter(
  header: CdaNode,
  patientKey: string | null,
  settings: CcdaSettings,
): Omit<IntakeRow<"intake_encounter">, "record_key"> | null {
  const node = encompassingEncounter(header);
  const encounter = encounterOf(header);
  if (node === undefined || encounter?.key == null) return null;
  const facility = find(node, "location", "healthCareFacility");
  const responsible = find(node, "responsibleParty", "assignedEntity");
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
    facility_type: codings(find(facility, "code"), settings)[0]?.code ?? null,
    specialty: codings(find(responsible, "code"), settings)[0]?.code ?? null,
    location: find(facility, "location", "name")?.text || null,
    provider_key: idOf(responsible),
  };
}

function encompassingEncounter(header: CdaNode): CdaNode | undefined {
  return find(header, "componentOf", "encompassingEncounter");
}
