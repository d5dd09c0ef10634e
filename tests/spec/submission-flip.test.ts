import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { ProError } from "../../pipelines/core/errors.ts";
import { createSigningKey } from "../../pipelines/core/signature.ts";
import { openSubmission } from "../../pipelines/submission/open.ts";
import { HUB_KEY, SMALL_STORE, send } from "../support/submission.ts";

/** 10,000 in the torture run. */
const RUNS = Number(process.env.PROPOOL_FLIPS ?? 100);
const key = createSigningKey();
vi.setConfig({ testTimeout: RUNS * 300 });
let directory: string;
let folder: string;
let files: { name: string; bytes: Buffer }[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "propool-flip-"));
  const sent = await send(SMALL_STORE, { outbox: directory, key });
  folder = join(directory, "changed");
  await cp(sent, folder, { recursive: true });
  files = await Promise.all(
    (await readdir(sent)).map(async (name) => ({ name, bytes: await readFile(join(sent, name)) })),
  );
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it("refuses a submission of which one byte is another", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), async (f, at, mask) => {
      const { name, bytes } = files[f % files.length] ?? { name: "", bytes: Buffer.of() };
      const changed = Buffer.from(bytes);
      const index = at % bytes.length;
      changed[index] = (bytes[index] ?? 0) ^ mask;
      await writeFile(join(folder, name), changed);
      try {
        expect(await verdict()).toMatch(/^SUBMISSION_(SIGNATURE|ENCRYPTION)$/);
      } finally {
        await writeFile(join(folder, name), bytes);
      }
    }),
    { numRuns: RUNS },
  );
  // The bytes are back: what was refused was refused for the one that changed.
  expect(await verdict()).toBe("accepted");
});

it("refuses a submission that is a byte longer or shorter", async () => {
  for (const { name, bytes } of files) {
    for (const changed of [Buffer.concat([bytes, Buffer.from("\n")]), bytes.subarray(0, -1)]) {
      await writeFile(join(folder, name), changed);
      expect(await verdict(), name).toMatch(/^SUBMISSION_(SIGNATURE|ENCRYPTION|INCOMPLETE)$/);
      await writeFile(join(folder, name), bytes);
    }
  }
});

async function verdict(): Promise<string> {
  const expected = {
    site: "SITEA",
    submission: "SITEA-000001",
    publicKey: key.publicKey,
    privacy: "shifted",
    tokenKeyFingerprint: null,
    identity: HUB_KEY.identity,
    held: null,
  };
  const target = await mkdtemp(join(directory, "opened-"));
  try {
    return await openSubmission(folder, target, expected).then(
      () => "accepted",
      (error) => (error instanceof ProError ? error.code : String(error)),
    );
  } finally {
    await rm(target, { recursive: true });
  }
}
