import { type Group, timeAround } from "./administration.ts";
import { entriesOf } from "./code.ts";
import type { CcdaSettings } from "./settings.ts";
import { timeOf } from "./time.ts";
import { ancestors, type CdaNode, find } from "./tree.ts";

/**
 * Puts together answers that no panel holds: those of one organizer (or, outside of organizers, of one section) with one time and
 * one instrument. A code that comes twice starts another group.
 */
export function groupLoose(nodes: CdaNode[], settings: CcdaSettings): Group[] {
  const together = new Map<string, CdaNode[]>();
  const placeOf = neighbourhood();
  for (const node of nodes) {
    const place = placeOf(node);
    put(together, place, node);
  }
  return [...together.values()]
    .flatMap((members) => byInstrument(members, settings))
    .flatMap((members) => byRepetition(members))
    .map((members) => ({ panel: null, members }));
}

function neighbourhood(): (node: CdaNode) => string {
  const organizers = new Map<CdaNode, number>();
  return (node) => {
    const organizer = ancestors(node).find(({ name }) => name === "organizer");
    if (organizer && !organizers.has(organizer)) organizers.set(organizer, organizers.size + 1);
    const time = timeOf(find(node, "effectiveTime")) ?? timeAround(node);
    return `${organizer ? organizers.get(organizer) : 0} ${time}`;
  };
}

/** The instrument that explains most answers takes them, then the next one; an unknown code stands alone. */
function byInstrument(nodes: CdaNode[], settings: CcdaSettings): CdaNode[][] {
  const groups: CdaNode[][] = [];
  let rest = nodes;
  while (rest.length > 0) {
    const counts = new Map<string, CdaNode[]>();
    for (const node of rest) {
      for (const name of new Set(entriesOf(node, settings).map((entry) => entry.instrument))) {
        put(counts, name, node);
      }
    }
    const [largest] = [...counts.values()].toSorted((a, b) => b.length - a.length);
    if (largest === undefined) return [...groups, ...rest.map((node) => [node])];
    groups.push(largest);
    const taken = new Set(largest);
    rest = rest.filter((node) => !taken.has(node));
  }
  return groups;
}

/** In place: a document may hold a hundred thousand answers side by side. */
function put(lists: Map<string, CdaNode[]>, key: string, node: CdaNode): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [node]);
  else list.push(node);
}

function byRepetition(nodes: CdaNode[]): CdaNode[][] {
  const groups: CdaNode[][] = [];
  const seen = new Map<string, number>();
  for (const node of nodes) {
    const code = JSON.stringify(find(node, "code")?.attributes ?? node.label);
    const turn = seen.get(code) ?? 0;
    seen.set(code, turn + 1);
    groups[turn] = [...(groups[turn] ?? []), node];
  }
  return groups;
}
