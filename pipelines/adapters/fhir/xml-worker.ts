import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import * as zlib from "node:zlib";
import { XmlDocument } from "libxml2-wasm";
import { openXml } from "../xml/open.ts";
import type { WorkerMessage } from "../xml/pool.ts";
import { unfold } from "./candidates.ts";
import { judge } from "./judge.ts";
import { refusal, type XmlRead } from "./xml.ts";
import { FHIR, resourceOf } from "./xml-json.ts";

/** A document tree takes several times the bytes of its file, and WebAssembly has 4 GB for all of it. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

const { exportDirectory } = workerData as { exportDirectory: string };

parentPort?.on("message", (file: string | null) => {
  if (file === null) parentPort?.close();
  else post({ result: read(join(exportDirectory, file)) });
});
post({ ready: true });

function post(message: WorkerMessage<XmlRead>): void {
  parentPort?.postMessage(message);
}

// Anything unforeseen ends this thread: a parser that failed inside is not asked again, and the pool accounts for the file.
function read(path: string): XmlRead {
  let bytes: Uint8Array;
  try {
    if (statSync(path).size > FILE_BYTES_MAX) return { records: [refusal("SOURCE_TOO_LARGE")] };
    bytes = unpack(path, readFileSync(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") return { records: [refusal("SOURCE_TOO_LARGE")] };
    return { records: [], failure: { code } };
  }
  const xml = openXml(bytes);
  if (!(xml instanceof XmlDocument)) {
    if (xml.reason === "SOURCE_EMPTY") return { records: [], failure: "empty" };
    return { records: [refusal(xml.reason, xml.pointer)] };
  }
  try {
    if (xml.root.namespaceUri !== FHIR) return { records: [refusal("SOURCE_NOT_A_RESOURCE")] };
    const parsed = resourceOf(xml.root);
    return {
      records: [...unfold({ where: "resource", text: JSON.stringify(parsed), parsed })].map(judge),
    };
  } finally {
    xml.dispose();
  }
}

function unpack(path: string, bytes: Uint8Array): Uint8Array {
  const limit = { maxOutputLength: FILE_BYTES_MAX };
  if (/\.gz$/i.test(path)) return zlib.gunzipSync(bytes, limit);
  return /\.zst$/i.test(path) ? unpackZstd(bytes) : bytes;
}

/** Node ends after the first frame, though files that were put together have many. */
function unpackZstd(bytes: Uint8Array): Uint8Array {
  const parts: Buffer[] = [];
  let room = FILE_BYTES_MAX;
  for (let from = 0; from < bytes.length; ) {
    const options = { maxOutputLength: room, info: true };
    // With `info`, Node tells how much of its input a frame was.
    const { buffer, engine } = zlib.zstdDecompressSync(
      bytes.subarray(from),
      options,
    ) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    parts.push(buffer);
    room -= buffer.length;
    from += engine.bytesWritten;
    if (engine.bytesWritten === 0 || room <= 0) throw new RangeError("not a whole zstd file");
  }
  return Buffer.concat(parts);
}
