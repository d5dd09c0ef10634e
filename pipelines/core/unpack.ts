import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import * as zlib from "node:zlib";
import { ProError } from "./errors.ts";

/**
 * What a packed file may unpack to, as a multiple of what was read of it, once it is more than the bytes beneath. Exports come to 40
 * (gzip) and 120 (zstd), measured; a bomb of gzip to 1,030, one of zstd to 32,000.
 */
const TIMES_MAX = 500;
const BYTES_FREE = 256 * 2 ** 20;

/** How a file is packed, by its name. */
export function packingOf(path: string): "gz" | "zst" | null {
  const [, packing] = /\.(gz|zst)$/i.exec(path) ?? [];
  return packing ? (packing.toLowerCase() as "gz" | "zst") : null;
}

/** How packed files begin. */
const MAGIC = { gz: "1f8b", zst: "28b52ffd" } as const;

/**
 * Refuses a file whose name says that it is packed otherwise than its bytes do: it would be taken for a damaged one, or for text.
 *
 * @throws ProError `SOURCE_UNREADABLE`.
 */
export async function refuseMisnamed(path: string, file = path): Promise<void> {
  const start = (await firstBytes(path, 4)).toString("hex");
  const said = packingOf(path);
  const found = (["gz", "zst"] as const).find((packing) => start.startsWith(MAGIC[packing]));
  // What was cut off in its first bytes is damaged, whatever its name says.
  if (start === "" || (found ?? null) === said || (said && MAGIC[said].startsWith(start))) return;
  throw new ProError(
    "SOURCE_UNREADABLE",
    said ? `the name ends in .${said}, the bytes do not` : `the bytes are packed as .${found}`,
    {
      where: { file },
      hint: found ? `let the name end in .${found}` : `take .${said} off the name`,
    },
  );
}

/** The first bytes of a file, at most `limit`. */
export async function firstBytes(path: string, limit: number): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(limit, size));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/**
 * The bytes of a file, unpacked when its name ends in .gz or .zst. The stream fails with ProError `SOURCE_TOO_LARGE` where a file
 * unpacks to more than exports do, before it fills memory or disk; with `SOURCE_UNREADABLE` where it is packed otherwise.
 *
 * @throws ProError `SOURCE_UNREADABLE` where this Node cannot unpack it.
 */
export function openUnpacked(path: string, file = path): Readable {
  const packing = packingOf(path);
  if (!packing) return createReadStream(path, { highWaterMark: READ_CHUNK });
  const start = packing === "gz" ? () => zlib.createGunzip({ chunkSize: CHUNK }) : unpackZstd(file);
  return Readable.from(unpackedChunks(path, file, start), { objectMode: false });
}

const CHUNK = 64 * 1024;

/** Node's own 64 KiB take twice the processor time to read a file. */
const READ_CHUNK = 256 * 1024;

/** Node ends after the first frame of zstd, though files that were put together have many: the next one starts where it stopped. */
async function* unpackedChunks(
  path: string,
  file: string,
  start: () => zlib.Gunzip | zlib.ZstdDecompress,
): AsyncGenerator<Buffer> {
  const { size } = await stat(path);
  // Of no bytes nothing can be unpacked: the file is empty, not damaged.
  if (size === 0) return;
  await refuseMisnamed(path, file);
  let bytes = 0;
  let from = 0;
  do {
    const raw = createReadStream(path, { start: from });
    const unpack = start();
    raw.on("error", (error) => unpack.destroy(error));
    try {
      for await (const chunk of raw.pipe(unpack) as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > Math.max(BYTES_FREE, TIMES_MAX * (from + raw.bytesRead))) throw tooLarge(file);
        yield chunk;
      }
    } finally {
      raw.destroy();
    }
    if (unpack.bytesWritten === 0) return;
    from += unpack.bytesWritten;
  } while (packingOf(path) === "zst" && from < size);
}

function tooLarge(file: string): ProError {
  return new ProError("SOURCE_TOO_LARGE", `the file unpacks to over ${TIMES_MAX} times its size`, {
    where: { file },
    hint: "exports do not; look into it, and if it is right put it unpacked into the export folder",
  });
}

/** Node unpacks zstd since 22.15; an older one, which may run the published package, says so. */
function unpackZstd(file: string): () => zlib.ZstdDecompress {
  if ("createZstdDecompress" in zlib) return () => zlib.createZstdDecompress({ chunkSize: CHUNK });
  throw new ProError("SOURCE_UNREADABLE", "this version of Node cannot unpack zstd", {
    where: { file },
    hint: "use Node 22.15 or newer, or pack the file with gzip",
  });
}
