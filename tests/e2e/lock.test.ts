import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { exists } from "../../pipelines/core/files.ts";
import { withLock } from "../../pipelines/core/lock.ts";
import { startPropool } from "../support/command.ts";
import { manyVisits, PEOPLE, siteIn, type TestSite, temporary } from "../support/site.ts";
import { leftovers, totals } from "../support/site-look.ts";

// A night takes a second here, and many on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TODAY = ["--today", "2024-06-01"];

let directory: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ directory, remove } = await temporary());
});
afterAll(() => remove());

const lockOf = (site: TestSite) => site.path(".propool.lock");

describe("a second run on a site", () => {
  it("is refused while the first one goes on, which ends well", async () => {
    const site = await siteIn(directory, "fhir", { id: "BUSY" });
    await site.deliver(PEOPLE, manyVisits(1_500));
    const first = startPropool("run", site.directory, ...TODAY);
    while (!(await exists(lockOf(site)))) await setTimeout(20);
    const second = await startPropool("run", site.directory, ...TODAY).ended;
    expect(second.exitCode).toBe(10);
    expect(second.out).toBe("");
    expect(second.err).toContain(`another run (process ${first.process.pid})`);
    expect(second.err).toMatch(/\(CONFIG_LOCKED\)\n {2}where: .*\.propool\.lock\n {2}do: .*wait/);
    expect((await first.ended).exitCode).toBe(0);
    expect(await totals(site)).toHaveLength(1_500);
    expect(await readdir(site.path("outbox"))).toHaveLength(1);
    expect(await leftovers(site)).toEqual([]);
  });
});

describe("a lock", () => {
  const taken = async (text: string | null) => {
    const folder = await mkdtemp(join(directory, "lock-"));
    if (text !== null) await writeFile(join(folder, ".propool.lock"), text);
    return folder;
  };
  const work = async () => "done";

  it.each([
    {
      title: "of a dead process",
      text: () => `${spawnSync(process.execPath, ["-e", ""]).pid} 1\n`,
    },
    { title: "that was never written", text: () => "" },
    { title: "that makes no sense", text: () => "locked\n" },
  ])("$title is taken over and removed", async ({ text }) => {
    const folder = await taken(text());
    expect(await withLock(folder, work)).toBe("done");
    expect(await readdir(folder)).toEqual([]);
  });

  // In a container every run has the same number: the start of the process tells them apart.
  it.runIf(process.platform === "linux")(
    "of an earlier process with our number is taken over",
    async () => {
      const folder = await taken(`${process.pid} 1\n`);
      expect(await withLock(folder, work)).toBe("done");
    },
  );

  it("of a living process is left alone", async () => {
    const folder = await taken(`${process.ppid}\n`);
    await expect(withLock(folder, work)).rejects.toMatchObject({ code: "CONFIG_LOCKED" });
    expect(await readFile(join(folder, ".propool.lock"), "utf8")).toBe(`${process.ppid}\n`);
  });

  it.each([
    { title: "a free folder", text: null },
    { title: "one with a dead lock", text: "999999999 1\n" },
  ])("is given to one of many that ask at once for $title", async ({ text }) => {
    const folder = await taken(text);
    let inside = 0;
    let most = 0;
    const hold = async () => {
      most = Math.max(most, ++inside);
      await setTimeout(300);
      inside--;
    };
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => withLock(folder, hold)));
    expect(most).toBe(1);
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it("is removed when the work fails", async () => {
    const folder = await taken(null);
    await expect(withLock(folder, () => Promise.reject(new TypeError("x")))).rejects.toThrow("x");
    expect(await readdir(folder)).toEqual([]);
  });
});
