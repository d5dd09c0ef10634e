import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { XmlDocument } from "libxml2-wasm";
import { unfold } from "./adapters/fhir/candidates.ts";
import { FHIR, resourceOf } from "./adapters/fhir/xml-json.ts";
import { openXml } from "./adapters/xml/open.ts";
import { openUnpacked } from "./core/unpack.ts";

/** Writes the resources of FHIR XML as JSON, a line each, as a night reads them; documents that cannot be read by their reason. */
export async function writeAsJson(
  files: readonly string[],
  path: string,
): Promise<{ written: number; unread: Record<string, number> }> {
  const unread: Record<string, number> = {};
  const out = createWriteStream(path);
  let written = 0;
  for (const file of files) {
    const found = resourcesOf(await bytesOf(file));
    if ("reason" in found) unread[found.reason] = (unread[found.reason] ?? 0) + 1;
    else {
      for (const resource of found.resources) {
        written++;
        if (!out.write(`${resource}\n`)) await once(out, "drain");
      }
    }
  }
  out.end();
  await finished(out);
  return { written, unread };
}

async function bytesOf(file: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of openUnpacked(file) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function resourcesOf(bytes: Buffer): { resources: string[] } | { reason: string } {
  const xml = openXml(bytes);
  if (!(xml instanceof XmlDocument)) return { reason: xml.reason };
  try {
    if (xml.root.namespaceUri !== FHIR) return { reason: "SOURCE_NOT_A_RESOURCE" };
    const parsed = resourceOf(xml.root);
    const whole = { where: "resource", text: JSON.stringify(parsed), parsed };
    const resources = [...unfold(whole)].flatMap(({ text }) => text ?? []);
    return { resources };
  } finally {
    xml.dispose();
  }
}
