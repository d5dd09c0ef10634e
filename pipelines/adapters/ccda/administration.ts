import { type Coded, codeText, codings, idOf, inCatalogue } from "./code.ts";
import { type DocumentContext, roleOf } from "./context.ts";
import type { CcdaSettings } from "./settings.ts";
import { timeOf } from "./time.ts";
import { ancestors, attribute, type CdaNode, find, hasTemplate, pointer } from "./tree.ts";
import { type Answer, answersOf } from "./value.ts";

/** Observations that belong to one person answering one instrument once. */
export interface Group {
  /** The panel, if the source has one; otherwise the members only happen to stand together. */
  panel: CdaNode | null;
  members: CdaNode[];
}

/** Adds one administration and its answers. A panel without value and items is an empty administration, never a zero. */
export function addAdministration(group: Group, context: DocumentContext): void {
  const { rows, settings, narrative } = context;
  const place = group.panel ?? group.members[0];
  if (place === undefined) return;
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
  if (group.panel !== null) addPanelValue(group.panel, group.members, key, context);
  for (const member of group.members) {
    addAnswers(member, answersOf(member, settings, narrative), key, context);
  }
}

/** A panel's own value is a score that the source reports, unless a member states the same score under its own code. */
function addPanelValue(
  panel: CdaNode,
  members: CdaNode[],
  key: string,
  context: DocumentContext,
): void {
  const { settings, narrative } = context;
  const answers = answersOf(panel, settings, narrative);
  const [answer] = answers;
  if (answer === undefined) return;
  const isSilent = answer.missing !== null && answer.missing !== "negated";
  const isSaid = find(panel, "value") !== undefined || attribute(panel, "nullFlavor") !== null;
  if (isSilent && (!isSaid || members.length > 0)) return;
  const scores = membersWithScore(panel, members, settings);
  const isTold = scores.some((member) =>
    answersOf(member, settings, narrative).some((score) => sameValue(score, answer)),
  );
  // Two different totals are both kept: the contradiction is for reconciliation to see.
  if (!isTold) addAnswers(panel, answers, key, context);
}

function sameValue(a: Answer, b: Answer): boolean {
  if (a.answer_num !== null && b.answer_num !== null) return a.answer_num === b.answer_num;
  return a.answer_code === b.answer_code && a.answer_text === b.answer_text;
}

/** Members that carry a score of the panel's own instrument: a PHQ-2 total under a PHQ-9 says nothing about the PHQ-9. */
function membersWithScore(panel: CdaNode, members: CdaNode[], settings: CcdaSettings): CdaNode[] {
  const instruments = new Set(entriesOf(panel, settings).map(({ instrument }) => instrument));
  return members.filter((member) =>
    entriesOf(member, settings).some(
      ({ kind, instrument }) => kind === "score" && instruments.has(instrument),
    ),
  );
}

export function entriesOf(node: CdaNode, settings: CcdaSettings) {
  const coded = chosenCode(find(node, "code"), settings);
  return coded === undefined ? [] : inCatalogue(coded, settings);
}

/** The code by which the catalogue knows the thing, else the first that the source gives. */
function chosenCode(code: CdaNode | undefined, settings: CcdaSettings): Coded | undefined {
  const codes = codings(code, settings);
  return codes.find((one) => inCatalogue(one, settings).length > 0) ?? codes[0];
}

function addAnswers(
  observation: CdaNode,
  answers: Answer[],
  key: string,
  context: DocumentContext,
): void {
  const code = find(observation, "code");
  const coded = chosenCode(code, context.settings);
  for (const answer of answers) {
    context.rows.add("intake_response", {
      administration_key: key,
      where_pointer: pointer(observation),
      item_code: coded?.code ?? null,
      item_system: coded?.system ?? null,
      item_text: coded?.text ?? codeText(code, context.narrative),
      ...answer,
      origin: "reported",
    });
  }
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
    commonTime(members) ?? timeAround(place) ?? context.encounter?.startAt ?? context.writtenAt;
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

/** The document's encounter, when the answer fell into it; a document also holds what was answered long before. */
function encounterKey(at: string | null, { encounter }: DocumentContext): string | null {
  if (encounter?.startAt == null || at === null) return null;
  const day = (time: string) => time.slice(0, 10);
  const start = day(encounter.startAt);
  const end = day(encounter.endAt ?? encounter.startAt);
  return day(at) >= start && day(at) <= end ? encounter.key : null;
}
