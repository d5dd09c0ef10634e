import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { expect, it } from "vitest";
import { openUnpacked, refuseMisnamed } from "../../pipelines/core/unpack.ts";
import { temporary } from "../support/site.ts";

const MEGABYTES = 2 ** 20;
const zeros = Buffer.alloc(16 * MEGABYTES);
/** Members follow one another in a packed file, so that a bomb of 16 GB is made in no time. */
const repeated = (packed: Buffer, times: number) =>
  Buffer.concat(Array.from({ length: times }, () => packed));

async function unpackedBytes(path: string): Promise<number> {
  let bytes = 0;
  for await (const chunk of openUnpacked(path)) bytes += (chunk as Buffer).length;
  return bytes;
}

it.each([
  ["gz", gzipSync(zeros)],
  ["zst", zstdCompressSync(zeros)],
])("a bomb of %s is given up after 256 MB, whatever it holds", async (packing, packed) => {
  const { directory, remove } = await temporary();
  const path = join(directory, `bomb.ndjson.${packing}`);
  await writeFile(path, repeated(packed, 20));
  let bytes = 0;
  const read = async () => {
    for await (const chunk of openUnpacked(path)) bytes += (chunk as Buffer).length;
  };
  await expect(read()).rejects.toMatchObject({ code: "SOURCE_TOO_LARGE", where: { file: path } });
  expect(bytes).toBeLessThanOrEqual(256 * MEGABYTES);
  await writeFile(path, repeated(packed, 2));
  expect(await unpackedBytes(path), "what is small is read, however well it packs").toBe(
    32 * MEGABYTES,
  );
  await remove();
});

it.each([
  ["gz", gzipSync],
  ["zst", zstdCompressSync],
] as const)("a file of %s that was put together of several has them all", async (packing, pack) => {
  const { directory, remove } = await temporary();
  const path = join(directory, `parts.ndjson.${packing}`);
  const sizes = [1, 20, 100_000, 1_000_000, 131_072, 3];
  await writeFile(path, Buffer.concat(sizes.map((size) => pack(Buffer.alloc(size, "A,1\n")))));
  expect(await unpackedBytes(path)).toBe(sizes.reduce((sum, size) => sum + size, 0));
  await remove();
});

it.each([
  ["gzip named .zst", "a.ndjson.zst", gzipSync("{}"), "let the name end in .gz"],
  ["zstd named .gz", "b.ndjson.gz", zstdCompressSync("{}"), "let the name end in .zst"],
  ["text named .zst", "c.ndjson.zst", Buffer.from('{"resourceType":'), "take .zst off the name"],
  ["zstd named as text", "d.ndjson", zstdCompressSync("{}"), "let the name end in .zst"],
])("%s is told from a damaged file", async (_, name, content, hint) => {
  const { directory, remove } = await temporary();
  const path = join(directory, name);
  await writeFile(path, content);
  await expect(refuseMisnamed(path)).rejects.toMatchObject({ code: "SOURCE_UNREADABLE", hint });
  await remove();
});

it.each(["gz", "zst"])(
  "no bytes at all, named .%s, are an empty file and no damaged one",
  async (packing) => {
    const { directory, remove } = await temporary();
    const path = join(directory, `empty.ndjson.${packing}`);
    await writeFile(path, "");
    expect(await unpackedBytes(path)).toBe(0);
    await remove();
  },
);
