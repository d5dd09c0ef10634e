import { XmlCData, XmlElement, XmlText } from "libxml2-wasm";
import { contentOf } from "../xml/content.ts";

/**
 * An element as a plain object: reading the subtree once is cheaper than crossing into WebAssembly for each question, and
 * what interprets it needs no parser. Names are local in the HL7 namespace and prefixed with `sdtc:` in HL7's extension.
 */
export interface CdaNode {
  readonly name: string;
  /** Attributes without a prefix, and `xsi:type`; values are trimmed. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly CdaNode[];
  /** Text directly inside, white space collapsed. */
  readonly text: string;
  readonly parent: CdaNode | null;
  /** Replaces the computed pointer where a tree starts: `section[3]/entry[1]`. */
  readonly label: string | null;
}

export const SDTC = "urn:hl7-org:sdtc";
export const HL7 = "urn:hl7-org:v3";

/** Depth is bounded by the parser, which refuses documents deeper than 256 elements. */
export function toTree(
  element: XmlElement,
  parent: CdaNode | null,
  label: string | null = null,
): CdaNode {
  const children: CdaNode[] = [];
  const node = {
    name: nameOf(element),
    attributes: attributesOf(element),
    children,
    text: "",
    parent,
    label,
  };
  let text = "";
  for (const child of contentOf(element)) {
    if (child instanceof XmlElement) children.push(toTree(child, node));
    else if (child instanceof XmlText || child instanceof XmlCData) text += child.content;
  }
  node.text = collapse(text);
  return node;
}

/** A node that is in no document: the place of a fragment's missing parent. */
export function rootNode(label: string | null, children: CdaNode[] = []): CdaNode {
  return { name: "", attributes: {}, children, text: "", parent: null, label };
}

export function nameOf(element: XmlElement): string {
  const namespace = element.namespaceUri;
  if (namespace === HL7) return element.name;
  return `${namespace === SDTC ? "sdtc" : "other"}:${element.name}`;
}

function attributesOf(element: XmlElement): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const attribute of element.attrs) {
    if (attribute.prefix === "") attributes[attribute.name] = attribute.value.trim();
    else if (attribute.name === "type") attributes["xsi:type"] = attribute.value.trim();
  }
  return attributes;
}

export function collapse(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

export function childrenOf(node: CdaNode, name: string): readonly CdaNode[] {
  if (node.children.length > MANY) return indexOf(node).get(name) ?? [];
  return node.children.filter((child) => child.name === name);
}

/** Beyond so many children they are looked up by name: each of very many members asks what its panel says. */
const MANY = 64;
const indexes = new WeakMap<CdaNode, Map<string, CdaNode[]>>();

function indexOf(node: CdaNode): Map<string, CdaNode[]> {
  const known = indexes.get(node);
  if (known !== undefined) return known;
  const index = new Map<string, CdaNode[]>();
  for (const child of node.children) {
    const twins = index.get(child.name);
    if (twins === undefined) index.set(child.name, [child]);
    else twins.push(child);
  }
  indexes.set(node, index);
  return index;
}

/** The first node at the end of a path of element names. */
export function find(node: CdaNode | undefined, ...path: string[]): CdaNode | undefined {
  let current = node;
  for (const name of path) {
    if (current === undefined) return undefined;
    current =
      current.children.length > MANY
        ? indexOf(current).get(name)?.[0]
        : current.children.find((child) => child.name === name);
  }
  return current;
}

/** An attribute that says something; empty ones say nothing. */
export function attribute(node: CdaNode | undefined, name: string): string | null {
  return node?.attributes[name] || null;
}

export function ancestors(node: CdaNode): CdaNode[] {
  const list: CdaNode[] = [];
  for (let parent = node.parent; parent; parent = parent.parent) list.push(parent);
  return list;
}

/** Where the node stands, for a person to follow: `section[3]/entry[1]/observation/entryRelationship[2]/observation`. */
export function pointer(node: CdaNode): string {
  if (node.label !== null) return node.label;
  const { parent } = node;
  if (parent === null) return node.name;
  const step = stepsIn(parent).get(node) ?? node.name;
  const above = pointer(parent);
  return above === "" ? step : `${above}/${step}`;
}

const steps = new WeakMap<CdaNode, Map<CdaNode, string>>();

/** The last step of each child's path, counted once for all of them: a panel may have very many. */
function stepsIn(parent: CdaNode): Map<CdaNode, string> {
  const known = steps.get(parent);
  if (known !== undefined) return known;
  const found = new Map<CdaNode, string>();
  for (const [name, twins] of indexOf(parent)) {
    for (const [i, twin] of twins.entries()) {
      found.set(twin, twins.length > 1 ? `${name}[${i + 1}]` : name);
    }
  }
  steps.set(parent, found);
  return found;
}

export function hasTemplate(node: CdaNode, oid: string): boolean {
  return childrenOf(node, "templateId").some(({ attributes }) => attributes.root === oid);
}
