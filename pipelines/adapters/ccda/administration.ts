import { addAnswers, addPanelValue } from "./answers.ts";
import { chosenCode, codeText, entriesOf, idOf } from "./code.ts";
import { type DocumentContext, roleOf } from "./context.ts";
import type { DocumentEncounter } from "./encounter.ts";
import type { CcdaSettings } from "./settings.ts";
import { timeOf } from "./time.ts";
import { ancestors, attribute, type CdaNode, find, hasTemplate, pointer } from "./tree.ts";
import { answersOf } from "./value.ts";

/** Observations that belong to one person answering one instrument once. */
export interface Group {
  /** The panel, if the source has one; otherwise the members only happen to stand together. */
  panel: CdaNode | null;
  members: CdaNode[];
  /** Totals of another instrument under the panel; they are administrations of their own. */
  foreign?: CdaNode[];
}

/** An administration that was added, as far as text beside it may complete it. */
export interface Added {
  key: string;
  /** Instruments that its panel or its members may belong to. */
  instruments: Set<string>;
  /** Codes of the items that are answered or asked already. */
  items: Set<string>;
  /** YYYY-MM-DD, or less. */
  day: string | null;
}

/** Adds one administration and its answers. A panel without value and items is an empty administration, never a zero. */
export function addAdministration(group: Group, context: DocumentContext): Added[] {
  const { rows, settings, narrative } = context;
  const place = group.panel ?? group.members[0];
  if (place === undefined) return [];
  const code = find(group.panel ?? undefined, "code");
  const coded = chosenCode(code, settings);
  const time = answeredAt(place, group.members, context);
  const key = `${rows.recordKey}/${rows.count("intake_administration") + 1}`;
  rows.add("intake_administration", {
    where_pointer: pointer(place),
    administration_key: key,
    source_id: group.panel || group.members.length === 1 ? idOf(place) : null,
    version_at: context.writtenAt,
    patient_key: context.patientKey,
    encounter_key: encounterKey(time.at, context),
    instrument_code: coded?.code ?? null,
    instrument_system: coded?.system ?? null,
    instrument_text: coded?.text ?? codeText(code, narrative),
    answered_at: time.at,
    answered_origin: time.origin,
    status: attribute(find(place, "statusCode"), "code"),
    method: attribute(find(place, "methodCode"), "code") ?? context.method,
    mode: modeOf(place, context),
    language: attribute(find(place, "languageCode"), "code"),
  });
  addPanelValue(group, key, context);
  for (const member of group.members) {
    addAnswers(member, answersOf(member, settings, narrative), key, context);
  }
  return [{ key, ...meaningOf(group, settings), day: time.at?.slice(0, 10) ?? null }];
}

function meaningOf({ panel, members }: Group, settings: CcdaSettings) {
  const known = (panel ? [panel, ...members] : members).map((node) => ({
    code: chosenCode(find(node, "code"), settings)?.code ?? "",
    entries: entriesOf(node, settings),
  }));
  const strict = known.flatMap(({ entries }) => entries.filter(({ kind }) => kind !== "item"));
  const entries = strict.length > 0 ? strict : known.flatMap((one) => one.entries);
  const items = known.filter((one) => one.entries.some(({ kind }) => kind === "item"));
  return {
    instruments: new Set(entries.map(({ instrument }) => instrument)),
    items: new Set(items.map(({ code }) => code)),
  };
}

/** Its own time is stated; one taken from its answers, from around it, the encounter or the document is derived. */
function answeredAt(
  place: CdaNode,
  members: CdaNode[],
  context: DocumentContext,
): { at: string | null; origin: "stated" | "derived" | null } {
  const own = timeOf(find(place, "effectiveTime"));
  if (own !== null) return { at: own, origin: "stated" };
  const derived =
    commonTime(members) ??
    timeAround(place) ??
    context.encounter?.startAt ??
    context.serviceAt ??
    context.writtenAt;
  return { at: derived, origin: derived === null ? null : "derived" };
}

/** The time of all answers, if they have one and the same. */
function commonTime(members: CdaNode[]): string | null {
  const times = new Set(members.map((member) => timeOf(find(member, "effectiveTime"))));
  times.delete(null);
  const [time] = times;
  return times.size === 1 ? (time ?? null) : null;
}

/** Problem observation, problem concern and health concern: their time is that of the illness, not of a questionnaire about it. */
const ILLNESS = [4, 3, 132].map((last) => `2.16.840.1.113883.10.20.22.4.${last}`);

/** The nearest time of an enclosing statement, else when somebody wrote it down. */
export function timeAround(node: CdaNode): string | null {
  const around = ancestors(node);
  for (const parent of around) {
    if (ILLNESS.some((template) => hasTemplate(parent, template))) continue;
    const time = timeOf(find(parent, "effectiveTime"));
    if (time !== null) return time;
  }
  for (const one of [node, ...around]) {
    const written = timeOf(find(one, "author", "time"));
    if (written !== null) return written;
  }
  return null;
}

function modeOf(place: CdaNode, context: DocumentContext): string | null {
  for (const node of [place, ...ancestors(place)]) {
    const role = roleOf(node, context.settings);
    if (role !== null) return role;
  }
  return context.mode;
}

/**
 * The document's own encounter, when the answer fell into it; a document also holds what was answered long before. Else the one
 * encounter of the body that it fell into; of several nobody can say which.
 */
function encounterKey(
  at: string | null,
  { encounter, encounters }: DocumentContext,
): string | null {
  if (at === null || at.length < 10) return null;
  const around = encounters.filter((one) => isWithin(at, one));
  const own = around.find(({ key }) => key === encounter?.key);
  return own?.key ?? (around.length === 1 ? (around[0]?.key ?? null) : null);
}

function isWithin(at: string, { startAt, endAt }: DocumentEncounter): boolean {
  if (startAt === null) return false;
  const day = at.slice(0, 10);
  return day >= startAt.slice(0, 10) && day <= (endAt ?? startAt).slice(0, 10);
}
