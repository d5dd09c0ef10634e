import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decryptToBytes } from "../../pipelines/core/age.ts";
import { createSigningKey, verify } from "../../pipelines/core/signature.ts";
import { submissionName } from "../../pipelines/submission/manifest.ts";
import { publishSubmission } from "../../pipelines/submission/seal.ts";
import { TABLE_NAMES } from "../../warehouse/schema.ts";
import { HUB_KEY, SMALL_STORE, seal } from "../support/submission.ts";

const key = createSigningKey();
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "propool-seal-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("sealSubmission", () => {
  it("writes a file a table, a manifest and its signature, under a name that is not the submission's", async () => {
    const outbox = join(directory, "whole");
    const sealed = await seal(SMALL_STORE, { outbox, key });
    expect((await readdir(outbox)).join()).toMatch(/^SITEA-000001\.unfinished-[0-9a-f]{8}$/);
    expect((await readdir(sealed.directory)).toSorted()).toEqual(
      [
        // A table without rows has no file.
        ...Object.keys(SMALL_STORE).map((table) => `${table}.parquet.age`),
        "manifest.json.age",
        "manifest.sig",
      ].toSorted(),
    );
    const file = join(sealed.directory, "manifest.json.age");
    const bytes = await decryptToBytes(file, HUB_KEY.identity);
    const signature = await readFile(join(sealed.directory, "manifest.sig"), "utf8");
    expect(verify(bytes, signature.trim(), key.publicKey)).toBe(true);
  });

  it("counts the rows of every table, empty ones too", async () => {
    const { manifest } = await seal(SMALL_STORE, { outbox: join(directory, "rows"), key });
    expect(manifest.tables.pro_cm.rows).toBe(3);
    expect(manifest.tables.encounter.rows).toBe(0);
    expect(Object.keys(manifest.tables)).toEqual(TABLE_NAMES);
  });

  it("gets its name in one step when it is published", async () => {
    const outbox = join(directory, "published");
    const sealed = await seal(SMALL_STORE, { outbox, key, sequence: 42 });
    expect(await publishSubmission(sealed)).toBe(join(outbox, "SITEA-000042"));
    expect(await readdir(outbox)).toEqual(["SITEA-000042"]);
  });

  it("writes the same bytes for the same rows, in whatever order they were stored", async () => {
    const people = Array.from({ length: 300 }, (_, index) => ({ patid: `P${index}` }));
    const first = await seal({ demographic: people }, { outbox: join(directory, "a"), key });
    const second = await seal(
      { demographic: people.toReversed() },
      { outbox: join(directory, "b"), key },
    );
    expect(second.manifest).toEqual(first.manifest);
    // The manifest holds the hash of every file before encryption, which differs each time.
    expect(first.manifest.tables.demographic.file?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("leaves nothing behind when it fails", async () => {
    const outbox = join(directory, "failed");
    const failed = seal(SMALL_STORE, { outbox, key, created: "yesterday" });
    await expect(failed).rejects.toThrow();
    expect(await readdir(outbox)).toEqual([]);
  });
});

describe("submissionName", () => {
  it.each([
    ["SITEA", 1, "SITEA-000001"],
    ["B2", 999_999, "B2-999999"],
  ])("names submission %s %i %s", (site, sequence, name) => {
    expect(submissionName(site, sequence)).toBe(name);
  });
});
