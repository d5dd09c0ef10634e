import { ParseOption, XmlDocument, XmlParseError } from "libxml2-wasm";
import { toUtf8, type Utf8Source } from "./encoding.ts";

/** Why a file is not taken as XML; `pointer` names the line. */
export interface XmlRefusal {
  reason: "SOURCE_EMPTY" | "SOURCE_MALFORMED" | "SOURCE_FORBIDDEN_DTD" | "SOURCE_TOO_LARGE";
  pointer: string | null;
}

// No network, no external file, no entity substitution. The limits of the parser (depth 256, 10 MB a text) stay on.
const OPTIONS =
  ParseOption.XML_PARSE_NONET |
  ParseOption.XML_PARSE_NO_XXE |
  ParseOption.XML_PARSE_NO_SYS_CATALOG |
  ParseOption.XML_PARSE_COMPACT |
  ParseOption.XML_PARSE_BIG_LINES;

/**
 * The file as UTF-8. A document type declaration is refused before parsing: neither C-CDA nor FHIR has one, and entities live there.
 */
export function prologOf(bytes: Uint8Array): Utf8Source | XmlRefusal {
  const source = toUtf8(bytes);
  if (source === null) return { reason: "SOURCE_MALFORMED", pointer: null };
  if (source.content.length === 0) return { reason: "SOURCE_EMPTY", pointer: null };
  const dtdLine = lineOfDoctype(source.content);
  if (dtdLine === null) return source;
  return { reason: "SOURCE_FORBIDDEN_DTD", pointer: `line ${dtdLine + source.linesBefore}` };
}

/** Opens a document that must stand as it is; the caller disposes it. */
export function openXml(bytes: Uint8Array): XmlDocument | XmlRefusal {
  const source = prologOf(bytes);
  if ("reason" in source) return source;
  const xml = parseXml(source.content);
  if (!(xml instanceof XmlDocument)) {
    const line = xml.details[0]?.line;
    return {
      reason: isPastLimit(xml) ? "SOURCE_TOO_LARGE" : "SOURCE_MALFORMED",
      pointer: line === undefined ? null : `line ${line + source.linesBefore}`,
    };
  }
  if (xml.dtd === null) return xml;
  xml.dispose();
  return { reason: "SOURCE_FORBIDDEN_DTD", pointer: null };
}

export function parseXml(content: Uint8Array): XmlDocument | XmlParseError {
  try {
    return XmlDocument.fromBuffer(content, { option: OPTIONS });
  } catch (error) {
    if (error instanceof XmlParseError) return error;
    throw error;
  }
}

/** What the parser says when an element, a text or the nesting goes past its limits. */
const LIMIT = /XML_PARSE_HUGE|too big|Name too long|Excessive depth/;

export function isPastLimit(error: XmlParseError): boolean {
  return error.details.some(({ message }) => LIMIT.test(message));
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
