import { XmlElement } from "libxml2-wasm";
import { contentOf } from "../xml/content.ts";
import { isResourceType, resourceShape } from "./resources.ts";
import type { Shape } from "./shape.ts";

export const FHIR = "http://hl7.org/fhir";

/** Members that are lists wherever they stand, in the parts of resources whose shape is not spelled out. */
const LISTS = new Set([
  ...["coding", "extension", "modifierExtension", "contained", "entry", "item", "answer"],
  ...["question", "option", "deviceName"],
]);

/** Elements of DSTU2's forms, in which a concept is a list; in R5 it is one. */
const GROUPS = new Set(["group", "question"]);

/** Elements whose one child is a resource of its own. */
const HOLDERS = new Set(["contained", "resource"]);

/**
 * A resource of FHIR XML as its JSON says the same: attributes `value` become the values (as text, which is how they are read), an
 * element that repeats, or that our shape has as a list, a list. The narrative and what stands on primitive values is left out.
 *
 * Source: https://hl7.org/fhir/R4/json.html#xml
 */
export function resourceOf(element: XmlElement): Record<string, unknown> {
  const type = element.name;
  const shape = isResourceType(type) ? resourceShape(type) : undefined;
  return { resourceType: type, ...membersOf(element, shape, true) };
}

type Members = { readonly [member: string]: Shape };

function membersOf(element: XmlElement, shape: Shape | undefined, isTop = false) {
  const members: Record<string, unknown> = {};
  for (const attribute of element.attrs) {
    if (attribute.name === "url" || attribute.name === "id")
      members[attribute.name] = attribute.value;
  }
  for (const [name, elements] of childrenByName(element)) {
    const inner = memberShape(shape, name);
    const isGrouped = GROUPS.has(element.name) && name === "concept";
    const isList =
      Array.isArray(inner) || LISTS.has(name) || isGrouped || (name === "group" && !isTop);
    const one = Array.isArray(inner) ? (inner[0] as Shape) : inner;
    const values = elements.map((child) => jsonOf(child, one));
    // A second value where there may be one only stays visible, so that it is refused and not lost.
    members[name] = isList || values.length > 1 ? values : values[0];
  }
  return members;
}

function memberShape(shape: Shape | undefined, name: string): Shape | undefined {
  const whole = typeof shape === "function" ? shape() : shape;
  if (whole === undefined || typeof whole === "string" || Array.isArray(whole)) return undefined;
  const member = (whole as Members)[name];
  return typeof member === "function" ? member() : member;
}

function childrenByName(element: XmlElement): Map<string, XmlElement[]> {
  const children = new Map<string, XmlElement[]>();
  for (const child of contentOf(element)) {
    if (!(child instanceof XmlElement) || child.namespaceUri !== FHIR) continue;
    const same = children.get(child.name);
    if (same) same.push(child);
    else children.set(child.name, [child]);
  }
  return children;
}

function jsonOf(element: XmlElement, shape: Shape | undefined): unknown {
  if (HOLDERS.has(element.name)) {
    for (const child of contentOf(element))
      if (child instanceof XmlElement) return resourceOf(child);
  }
  const value = element.attr("value")?.value;
  if (value === undefined) return membersOf(element, shape);
  if (shape === "BOOLEAN" && (value === "true" || value === "false")) return value === "true";
  return value;
}
