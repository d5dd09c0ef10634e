import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { propool } from "../support/command.ts";
import { IDENTIFIERS, manyVisits, PEOPLE, siteIn, type TestSite } from "../support/site.ts";
import { digestTables, leftovers, totals } from "../support/site-look.ts";
import { leaveRoom, makeRoom, mountTinyDisk, unmountTinyDisk } from "../support/tiny-disk.ts";

// A night takes a second here, and many on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TODAY = ["--today", "2024-06-01"];

const disk = await mkdtemp(join(tmpdir(), "propool-disk-"));
const isMounted = mountTinyDisk(disk, 40);

afterAll(async () => {
  if (isMounted) unmountTinyDisk(disk);
  await rm(disk, { recursive: true, force: true });
});

describe.skipIf(!isMounted)("a night on a disk that is full", () => {
  let site: TestSite;
  let before: Record<string, string>;
  beforeAll(async () => {
    site = await siteIn(disk, "fhir", { id: "SMALL" });
    const told = await propool("run", site.directory, ...TODAY);
    expect(told.exitCode, told.err).toBe(0);
    before = await digestTables(site);
    await site.deliver(PEOPLE, manyVisits(3_000));
  });

  // From no room for the lock, over the working files and the store, to the submission.
  it.each([0, 500, 3_000, 7_000])(
    "tells so with %i KB of room, and the old store stays whole",
    async (kilobytes) => {
      await leaveRoom(disk, kilobytes);
      const told = await propool("run", site.directory, ...TODAY);
      expect(told.err).toMatch(
        /^propool: the disk is full \(WAREHOUSE_DISK_FULL\)\n {2}do: .*make room/m,
      );
      expect(told.exitCode).toBe(15);
      expect(await digestTables(site)).toEqual(before);
      expect(await readdir(site.path("outbox"))).toEqual(["SMALL-000001"]);
      expect(await leftovers(site)).toEqual([]);
      expect(IDENTIFIERS.filter((one) => (told.err + told.out).includes(one))).toEqual([]);
    },
  );

  it("comes to its end when room was made", async () => {
    await makeRoom(disk);
    const told = await propool("run", site.directory, ...TODAY);
    expect(told.exitCode, told.err).toBe(0);
    expect(await totals(site)).toHaveLength(3_004);
  });
});
