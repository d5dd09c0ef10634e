import type { CcdaSettings } from "./settings.ts";
import { attribute, type CdaNode, childrenOf, find } from "./tree.ts";

export interface Coded {
  code: string;
  /** URI; null when the source names no system. */
  system: string | null;
  text: string | null;
}

/** Looks up the text behind `#id` in the document's narrative. */
export type Narrative = (reference: string) => string | null;

export function systemUri(node: CdaNode, settings: CcdaSettings): string | null {
  const oid = attribute(node, "codeSystem");
  if (oid !== null) return settings.codeSystems.get(oid) ?? `urn:oid:${oid}`;
  return settings.codeSystems.get(attribute(node, "codeSystemName") ?? "") ?? null;
}

/** The codes that an element gives for one idea: its own, then its translations. */
export function codings(node: CdaNode | undefined, settings: CcdaSettings): Coded[] {
  if (node === undefined) return [];
  return [node, ...childrenOf(node, "translation")].flatMap((one) => {
    const code = attribute(one, "code");
    if (code === null) return [];
    return [{ code, system: systemUri(one, settings), text: attribute(one, "displayName") }];
  });
}

/** The words that come with a code: its display, else what the author wrote, else the narrative it points to. */
export function codeText(node: CdaNode | undefined, narrative: Narrative): string | null {
  return attribute(node, "displayName") ?? originalText(find(node, "originalText"), narrative);
}

export function originalText(node: CdaNode | undefined, narrative: Narrative): string | null {
  if (node === undefined) return null;
  if (node.text !== "") return node.text;
  const reference = attribute(find(node, "reference"), "value");
  return reference === null ? null : narrative(reference);
}

/** The place of a code in the catalogue. */
export function inCatalogue(coded: Coded, settings: CcdaSettings) {
  return settings.catalogue.get(`${coded.system}|${coded.code}`) ?? [];
}

/** The code by which the catalogue knows the thing, else the first that the source gives. */
export function chosenCode(code: CdaNode | undefined, settings: CcdaSettings): Coded | undefined {
  const codes = codings(code, settings);
  return codes.find((one) => inCatalogue(one, settings).length > 0) ?? codes[0];
}

/** What the catalogue knows a statement's code as. */
export function entriesOf(statement: CdaNode, settings: CcdaSettings) {
  const coded = chosenCode(find(statement, "code"), settings);
  return coded === undefined ? [] : inCatalogue(coded, settings);
}

/** `root|extension` of the first usable id. */
export function idOf(node: CdaNode | undefined): string | null {
  if (node === undefined) return null;
  for (const id of childrenOf(node, "id")) {
    const key = idKey(id);
    if (key !== null) return key;
  }
  return null;
}

export function idKey(id: CdaNode): string | null {
  const parts = [attribute(id, "root"), attribute(id, "extension")].filter((part) => part !== null);
  return attribute(id, "nullFlavor") === null && parts.length > 0 ? parts.join("|") : null;
}
