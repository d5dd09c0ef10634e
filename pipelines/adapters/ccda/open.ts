import { ParseOption, XmlDocument, XmlElement, XmlParseError } from "libxml2-wasm";
import { toUtf8 } from "./encoding.ts";
import { HL7 } from "./tree.ts";

/** An open document; the caller disposes `xml`. */
export interface OpenDocument {
  xml: XmlDocument;
  /** `ClinicalDocument`, or the wrapper around a fragment. */
  root: XmlElement;
  fragment: boolean;
}

export interface Refusal {
  reason:
    | "SOURCE_EMPTY"
    | "SOURCE_MALFORMED"
    | "SOURCE_NOT_CCDA"
    | "SOURCE_FORBIDDEN_DTD"
    | "SOURCE_TOO_LARGE";
  pointer: string | null;
}

// No network, no external file, no entity substitution. The limits of the parser (depth 256, 10 MB a text) stay on.
const OPTIONS =
  ParseOption.XML_PARSE_NONET |
  ParseOption.XML_PARSE_NO_XXE |
  ParseOption.XML_PARSE_NO_SYS_CATALOG |
  ParseOption.XML_PARSE_COMPACT |
  ParseOption.XML_PARSE_BIG_LINES;

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
  const source = toUtf8(bytes);
  if (source === null) return { reason: "SOURCE_MALFORMED", pointer: null };
  if (source.content.length === 0) return { reason: "SOURCE_EMPTY", pointer: null };
  const dtdLine = lineOfDoctype(source.content);
  if (dtdLine !== null) {
    return { reason: "SOURCE_FORBIDDEN_DTD", pointer: `line ${dtdLine + source.linesBefore}` };
  }
  const direct = parse(source.content);
  if (direct instanceof XmlDocument) {
    const { root } = direct;
    if (direct.dtd !== null) return refuse(direct, "SOURCE_FORBIDDEN_DTD");
    if (root.name === "ClinicalDocument" && root.namespaceUri === HL7) {
      return { xml: direct, root, fragment: false };
    }
    direct.dispose();
  }
  const firstError = direct instanceof XmlParseError ? direct : null;
  return openWrapped(source.content, firstError, source.linesBefore);
}

function openWrapped(
  content: Buffer,
  firstError: XmlParseError | null,
  linesBefore: number,
): OpenDocument | Refusal {
  const wrapped = parse(wrap(content, undeclaredPrefixes(firstError)));
  if (!(wrapped instanceof XmlDocument)) {
    const line = firstLine(firstError) ?? firstLine(wrapped);
    const pointer = line === null ? null : `line ${line + linesBefore}`;
    const reason = isPastLimit(firstError ?? wrapped) ? "SOURCE_TOO_LARGE" : "SOURCE_MALFORMED";
    return { reason, pointer };
  }
  if (wrapped.dtd !== null) return refuse(wrapped, "SOURCE_FORBIDDEN_DTD");
  let known = false;
  for (let child = wrapped.root.firstChild; child; child = child.next) {
    if (!(child instanceof XmlElement) || child.namespaceUri !== HL7) continue;
    if (child.name === "ClinicalDocument") return { xml: wrapped, root: child, fragment: false };
    known ||= FRAGMENT.has(child.name);
  }
  return known
    ? { xml: wrapped, root: wrapped.root, fragment: true }
    : refuse(wrapped, "SOURCE_NOT_CCDA");
}

function refuse(xml: XmlDocument, reason: Refusal["reason"]): Refusal {
  xml.dispose();
  return { reason, pointer: null };
}

function parse(content: Uint8Array): XmlDocument | XmlParseError {
  try {
    return XmlDocument.fromBuffer(content, { option: OPTIONS });
  } catch (error) {
    if (error instanceof XmlParseError) return error;
    throw error;
  }
}

/** What the parser says when an element, a text or the nesting goes past its limits. */
const LIMIT = /XML_PARSE_HUGE|too big|Name too long|Excessive depth/;

function isPastLimit(error: XmlParseError): boolean {
  return error.details.some(({ message }) => LIMIT.test(message));
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

/** Line of `<!DOCTYPE` in the prolog, before the first element; null when there is none. */
function lineOfDoctype(content: Buffer): number | null {
  let at = 0;
  for (;;) {
    while (isSpace(content[at])) at++;
    const mark = content
      .subarray(at, at + 9)
      .toString("latin1")
      .toUpperCase();
    if (mark === "<!DOCTYPE") return countNewlines(content.subarray(0, at)) + 1;
    const end = mark.startsWith("<?") ? "?>" : mark.startsWith("<!--") ? "-->" : null;
    if (end === null) return null;
    const found = content.indexOf(end, at);
    if (found < 0) return null;
    at = found + end.length;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

export function countNewlines(content: Uint8Array): number {
  let count = 0;
  for (let at = content.indexOf(0x0a); at >= 0; at = content.indexOf(0x0a, at + 1)) count++;
  return count;
}
