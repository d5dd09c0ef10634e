import { codings, entriesOf, inCatalogue } from "./code.ts";
import type { CcdaSettings } from "./settings.ts";
import { attribute, type CdaNode, find, hasTemplate } from "./tree.ts";

const ASSESSMENT_SCALE = "2.16.840.1.113883.10.20.22.4.69";
const SUPPORTING_OBSERVATION = "2.16.840.1.113883.10.20.22.4.86";

/** A scale with the observations that answer it, or an answer that stands alone. */
export type Finding =
  | { kind: "scale"; node: CdaNode; members: CdaNode[] }
  | { kind: "loose"; node: CdaNode };

const STATEMENTS = new Set(
  ["act", "encounter", "observation", "organizer", "procedure"].concat([
    "substanceAdministration",
    "supply",
    "observationMedia",
  ]),
);

/** The clinical statements of a subtree that happened, outermost first; what is only planned is left out with all it holds. */
export function* statementsOf(node: CdaNode): Generator<CdaNode> {
  if (STATEMENTS.has(node.name)) {
    if ((attribute(node, "moodCode") ?? "EVN") !== "EVN") return;
    yield node;
  }
  for (const child of node.children) yield* statementsOf(child);
}

/** The scales and single answers of an entry, wherever they stand in it. A member of a scale is not found again. */
export function findingsOf(entry: CdaNode, settings: CcdaSettings): Finding[] {
  const findings: Finding[] = [];
  const taken = new Set<CdaNode>();
  for (const node of statementsOf(entry)) {
    if (taken.has(node)) continue;
    if (isScale(node, settings)) {
      const members = membersOf(node, settings);
      for (const member of members) taken.add(member);
      findings.push({ kind: "scale", node, members });
    } else if (
      node.name === "observation" &&
      isAnswer(node, settings) &&
      !isShell(node, settings)
    ) {
      findings.push({ kind: "loose", node });
    }
  }
  return findings;
}

/**
 * Scores of another instrument than the panel's: the total of a short form that a longer form carries is the short form's, whatever
 * the longer one lacks. Of a panel that the catalogue does not know nothing is foreign.
 */
export function foreignTo(panel: CdaNode, members: CdaNode[], settings: CcdaSettings): CdaNode[] {
  const own = new Set(entriesOf(panel, settings).map(({ instrument }) => instrument));
  if (own.size === 0) return [];
  return members.filter((member) => {
    const entries = entriesOf(member, settings);
    return (
      entries.length > 0 &&
      entries.every(({ instrument, kind }) => kind !== "item" && !own.has(instrument))
    );
  });
}

/** By template, by the panel's code, or because the standard's item template stands right under it. */
function isScale(node: CdaNode, settings: CcdaSettings): boolean {
  if (node.name !== "observation" && node.name !== "organizer") return false;
  if (hasTemplate(node, ASSESSMENT_SCALE)) return true;
  if (hasKind(node, settings, (kind) => kind === "panel")) return true;
  return !isSupporting(node) && partsOf(node).some(({ statement }) => isSupporting(statement));
}

function isAnswer(node: CdaNode, settings: CcdaSettings): boolean {
  return isSupporting(node) || hasKind(node, settings, (kind) => kind !== "panel");
}

/** Neither question nor answer: a place holder, not an answer that is missing. */
function isShell(node: CdaNode, settings: CcdaSettings): boolean {
  return codings(find(node, "code"), settings).length === 0 && find(node, "value") === undefined;
}

function isSupporting(node: CdaNode): boolean {
  return hasTemplate(node, SUPPORTING_OBSERVATION);
}

function hasKind(node: CdaNode, settings: CcdaSettings, wanted: (kind: string) => boolean) {
  return codings(find(node, "code"), settings).some((coded) =>
    inCatalogue(coded, settings).some(({ kind }) => wanted(kind)),
  );
}

/** Component observations at any depth; another scale inside keeps its own. */
function membersOf(scale: CdaNode, settings: CcdaSettings): CdaNode[] {
  return partsOf(scale).flatMap(({ statement, component }) => {
    // An organizer may repeat its panel code on the one observation that holds the value.
    const isLeaf = !hasTemplate(statement, ASSESSMENT_SCALE) && partsOf(statement).length === 0;
    if (!isLeaf && isScale(statement, settings)) return [];
    const counts = component || isSupporting(statement);
    if (statement.name === "organizer") return counts ? membersOf(statement, settings) : [];
    if (statement.name !== "observation" || !counts) return [];
    const inside = membersOf(statement, settings);
    return isShell(statement, settings) ? inside : [statement, ...inside];
  });
}

/** The statements directly under a node, and whether the relation says that they are parts of it. */
function partsOf(node: CdaNode): { statement: CdaNode; component: boolean }[] {
  return node.children.flatMap((relation) => {
    if (relation.name !== "entryRelationship" && relation.name !== "component") return [];
    const component = (attribute(relation, "typeCode") ?? "COMP") === "COMP";
    return relation.children
      .filter((child) => STATEMENTS.has(child.name))
      .filter((child) => (attribute(child, "moodCode") ?? "EVN") === "EVN")
      .map((statement) => ({ statement, component }));
  });
}
