import type { Group } from "./administration.ts";
import { chosenCode, codeText, entriesOf } from "./code.ts";
import type { DocumentContext } from "./context.ts";
import type { CcdaSettings } from "./settings.ts";
import { attribute, type CdaNode, find, pointer } from "./tree.ts";
import { type Answer, answersOf } from "./value.ts";

/** Adds the answers of one observation to an administration. */
export function addAnswers(
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

/**
 * A panel's own value is a score that the source reports, unless a member states the same score under its own code. Two different
 * totals are both kept: the contradiction is for reconciliation to see.
 */
export function addPanelValue(group: Group, key: string, context: DocumentContext): void {
  const { panel, members } = group;
  if (panel === null) return;
  const { settings, narrative } = context;
  const answers = answersOf(panel, settings, narrative);
  const [answer] = answers;
  if (answer === undefined) return;
  const isSilent = answer.missing !== null && answer.missing !== "negated";
  const isSaid = find(panel, "value") !== undefined || attribute(panel, "nullFlavor") !== null;
  if (isSilent && (!isSaid || members.length > 0)) return;
  const tells = (node: CdaNode) =>
    answersOf(node, settings, narrative).some((score) => sameValue(score, answer));
  if (membersWithScore(panel, members, settings).some(tells)) return;
  const shorter = (group.foreign ?? []).find(tells);
  if (shorter && !isBeyond(members, shorter, context)) return;
  addAnswers(panel, answers, key, context);
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

/** Whether anything was answered that the short form does not ask: only then can the panel's value be the long form's. */
function isBeyond(members: CdaNode[], shorter: CdaNode, context: DocumentContext): boolean {
  const { settings, narrative } = context;
  const form = new Set(entriesOf(shorter, settings).map(({ instrument }) => instrument));
  return members.some(
    (member) =>
      !entriesOf(member, settings).some(({ instrument }) => form.has(instrument)) &&
      answersOf(member, settings, narrative).some(({ missing }) => missing === null),
  );
}
