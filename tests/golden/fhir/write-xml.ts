/** FHIR JSON as FHIR XML says the same. Source: https://hl7.org/fhir/R4/xml.html */
export function toXml(resource: Record<string, unknown>): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${resourceXml(resource, ' xmlns="http://hl7.org/fhir"')}\n`;
}

/** A Bundle around resources, as a search or a bulk export in XML would give them. */
export function bundleXml(resources: Record<string, unknown>[]): string {
  const entry = resources.map((resource) => ({ resource }));
  return toXml({ resourceType: "Bundle", type: "collection", entry });
}

function resourceXml(
  { resourceType, ...members }: Record<string, unknown>,
  attributes = "",
): string {
  return `<${resourceType}${attributes}>${membersXml(members)}</${resourceType}>`;
}

function membersXml(members: Record<string, unknown>): string {
  return Object.entries(members)
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) => elementXml(name, one)),
    )
    .join("");
}

function elementXml(name: string, value: unknown): string {
  if (value === null) return "";
  if (typeof value !== "object") return `<${name} value="${escaped(String(value))}"/>`;
  if ("resourceType" in value)
    return `<${name}>${resourceXml(value as Record<string, unknown>)}</${name}>`;
  const { url, ...members } = value as Record<string, unknown>;
  // Only that of an extension is an attribute.
  const isAttribute = name === "extension" && url !== undefined;
  const attribute = isAttribute ? ` url="${escaped(String(url))}"` : "";
  return `<${name}${attribute}>${membersXml(isAttribute ? members : (value as Record<string, unknown>))}</${name}>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"\n]/g, (one) => `&#${one.charCodeAt(0)};`);
}
