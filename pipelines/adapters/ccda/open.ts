import { XmlDocument, XmlElement, type XmlParseError } from "libxml2-wasm";
import { contentOf } from "../xml/content.ts";
import { countNewlines, isPastLimit, parseXml, prologOf, type XmlRefusal } from "../xml/open.ts";
import { HL7 } from "./tree.ts";

/** An open document; the caller disposes `xml`. */
export interface OpenDocument {
  xml: XmlDocument;
  /** `ClinicalDocument`, or the wrapper around a fragment. */
  root: XmlElement;
  fragment: boolean;
  /** The text that was parsed, where the document stands in it alone: UTF-8. */
  content: Buffer | null;
}

type Refusal = XmlRefusal | { reason: "SOURCE_NOT_CCDA"; pointer: null };

/** Clinical statements and parts that the HL7 examples and some exports show alone. */
const FRAGMENT = new Set(
  ["component", "structuredBody", "section", "entry", "entryRelationship"].concat([
    "act",
    "encounter",
    "observation",
    "organizer",
    "procedure",
    "substanceAdministration",
  ]),
);

/**
 * Parses one file. A document type declaration is refused before parsing: C-CDA has none, and entities live there. What does
 * not parse alone, or has no ClinicalDocument at the top, is tried once more inside a wrapper that declares the usual name spaces.
 */
export function openCda(bytes: Uint8Array): OpenDocument | Refusal {
  const source = prologOf(bytes);
  if ("reason" in source) return source;
  const direct = parseXml(source.content);
  if (direct instanceof XmlDocument) {
    const { root } = direct;
    if (direct.dtd !== null) return refuse(direct, "SOURCE_FORBIDDEN_DTD");
    if (root.name === "ClinicalDocument" && root.namespaceUri === HL7) {
      return { xml: direct, root, fragment: false, content: source.content };
    }
    direct.dispose();
  }
  const firstError = direct instanceof XmlDocument ? null : direct;
  return openWrapped(source.content, firstError, source.linesBefore);
}

function openWrapped(
  content: Buffer,
  firstError: XmlParseError | null,
  linesBefore: number,
): OpenDocument | Refusal {
  const wrapped = parseXml(wrap(content, undeclaredPrefixes(firstError)));
  if (!(wrapped instanceof XmlDocument)) {
    const line = firstLine(firstError) ?? firstLine(wrapped);
    const pointer = line === null ? null : `line ${line + linesBefore}`;
    const reason = isPastLimit(firstError ?? wrapped) ? "SOURCE_TOO_LARGE" : "SOURCE_MALFORMED";
    return { reason, pointer };
  }
  if (wrapped.dtd !== null) return refuse(wrapped, "SOURCE_FORBIDDEN_DTD");
  let known = false;
  for (const child of contentOf(wrapped.root)) {
    if (!(child instanceof XmlElement) || child.namespaceUri !== HL7) continue;
    if (child.name === "ClinicalDocument") {
      return { xml: wrapped, root: child, fragment: false, content: null };
    }
    known ||= FRAGMENT.has(child.name);
  }
  return known
    ? { xml: wrapped, root: wrapped.root, fragment: true, content: null }
    : refuse(wrapped, "SOURCE_NOT_CCDA");
}

function refuse(xml: XmlDocument, reason: Refusal["reason"]): Refusal {
  xml.dispose();
  return { reason, pointer: null } as Refusal;
}

const NAMESPACE_ERROR = /^Namespace prefix (\S+) (?:for|on|of) /;

/** The first error that is not about a name space; those are mended by the wrapper. */
function firstLine(error: XmlParseError | null): number | null {
  const details = error?.details ?? [];
  const real = details.find((detail) => !NAMESPACE_ERROR.test(detail.message)) ?? details[0];
  return real?.line ?? null;
}

function undeclaredPrefixes(error: XmlParseError | null): string[] {
  const prefixes = (error?.details ?? []).map((one) => NAMESPACE_ERROR.exec(one.message)?.[1]);
  return [...new Set(prefixes)].filter((prefix) =>
    /^[A-Za-z_][\w.-]*$/.test(prefix ?? ""),
  ) as string[];
}

const KNOWN_PREFIXES: Record<string, string> = {
  xsi: "http://www.w3.org/2001/XMLSchema-instance",
  sdtc: "urn:hl7-org:sdtc",
  cda: HL7,
  hl7: HL7,
};

/** The same lines inside one element, so that line numbers stay true; an XML declaration may not stand inside. */
function wrap(content: Buffer, prefixes: string[]): Buffer {
  const declared = { ...Object.fromEntries(prefixes.map((p) => [p, `urn:undeclared:${p}`])) };
  const attributes = Object.entries({ ...declared, ...KNOWN_PREFIXES })
    .map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`)
    .join("");
  const start = content
    .subarray(0, 6)
    .toString("latin1")
    .match(/^<\?xml\s$/)
    ? content.indexOf("?>") + 2
    : 0;
  const newlines = "\n".repeat(countNewlines(content.subarray(0, start)));
  return Buffer.concat([
    Buffer.from(`<fragment xmlns="${HL7}"${attributes}>${newlines}`),
    content.subarray(start),
    Buffer.from("</fragment>"),
  ]);
}
