import { type XmlElement, XmlXPath } from "libxml2-wasm";
import type { Narrative } from "./code.ts";
import { collapse, HL7 } from "./tree.ts";

const NAMED = XmlXPath.compile(".//h:text//*[@ID]", { h: HL7 });

/** Texts of the document's narrative by their ID; collected when the first one is asked for, as few documents need it. */
export function narrativeOf(root: XmlElement): Narrative {
  let texts: Map<string, string> | undefined;
  return (reference) => {
    texts ??= readTexts(root);
    return texts.get(reference.replace(/^#/, "")) || null;
  };
}

function readTexts(root: XmlElement): Map<string, string> {
  const texts = new Map<string, string>();
  for (const node of root.find(NAMED)) {
    const id = (node as XmlElement).attr("ID")?.value;
    if (id && !texts.has(id)) texts.set(id, collapse(node.content));
  }
  return texts;
}
