import { XmlDocument } from "libxml2-wasm";
import { type Candidate, unfold } from "./adapters/fhir/candidates.ts";
import { FHIR, resourceOf } from "./adapters/fhir/xml-json.ts";
import { openXml } from "./adapters/xml/open.ts";
import { openUnpacked } from "./core/unpack.ts";

/** The resources of a file of FHIR XML as JSON, as a night reads them; a document that cannot be read is one that is refused. */
export async function* xmlCandidates(file: string): AsyncGenerator<Candidate> {
  const chunks: Buffer[] = [];
  for await (const chunk of openUnpacked(file) as AsyncIterable<Buffer>) chunks.push(chunk);
  if (chunks.length > 0) yield* candidatesOf(Buffer.concat(chunks));
}

function* candidatesOf(bytes: Buffer): Generator<Candidate> {
  const refuse = (refused: string): Candidate => ({ where: "resource", text: null, refused });
  const xml = openXml(bytes);
  if (!(xml instanceof XmlDocument)) {
    yield refuse(xml.reason);
    return;
  }
  try {
    if (xml.root.namespaceUri !== FHIR) {
      yield refuse("SOURCE_NOT_A_RESOURCE");
      return;
    }
    const parsed = resourceOf(xml.root);
    yield* unfold({ where: "resource", text: JSON.stringify(parsed), parsed });
  } finally {
    xml.dispose();
  }
}
