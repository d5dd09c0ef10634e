import type { XmlElement, XmlNode } from "libxml2-wasm";

/**
 * The nodes in an element, in their order. The library's processing instructions have no `next`, and a walk along `next` would lose
 * all that follows one without a word: those few elements are asked by XPath.
 */
export function contentOf(element: XmlElement): XmlNode[] {
  const nodes: XmlNode[] = [];
  for (let child: XmlNode | null = element.firstChild; child; ) {
    if (!("next" in child)) return element.find("node()");
    nodes.push(child);
    child = (child as XmlElement).next;
  }
  return nodes;
}
