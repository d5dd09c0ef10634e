import { cp, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { propool, startPropool } from "../support/command.ts";
import { manyVisits, PEOPLE, siteIn, type TestSite, temporary, VISITS } from "../support/site.ts";
import { digestTables, leftovers, openedFiles } from "../support/site-look.ts";

// A night takes a second here, and many on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TODAY = ["--today", "2024-06-01"];
const KILLS = 3;

let directory: string;
let remove: () => Promise<void>;
/** A site after its first night, with the second night's export in its folder. */
let site: TestSite;
let before: Record<string, string>;
let after: Record<string, string>;
let milliseconds: number;

beforeAll(async () => {
  ({ directory, remove } = await temporary());
  site = await siteIn(directory, "fhir");
  await propool("run", site.directory, ...TODAY);
  before = await digestTables(site);
  await site.deliver(PEOPLE, [...VISITS.slice(1), ...manyVisits(150)]);
  const undisturbed = await copyOf("undisturbed");
  const started = performance.now();
  const told = await startPropool("run", undisturbed.directory, ...TODAY).ended;
  milliseconds = performance.now() - started;
  expect(told.exitCode).toBe(0);
  after = await digestTables(undisturbed);
  expect(after).not.toEqual(before);
});
afterAll(() => remove());

async function copyOf(name: string): Promise<TestSite> {
  const copy = join(directory, name);
  await cp(site.directory, copy, { recursive: true });
  return { ...site, directory: copy, path: (...parts) => join(copy, ...parts) };
}

/** Tables by submission, as each one's manifest tells. */
async function submissions(of: TestSite): Promise<Record<string, unknown>> {
  const names = (await readdir(of.path("outbox"))).filter((name) => /^[A-Z]+-\d{6}$/.test(name));
  const entries = names.map(async (name) => {
    const { "manifest.json": bytes = Buffer.of() } = await openedFiles(of.path("outbox", name));
    return [name, JSON.parse(Buffer.from(bytes).toString("utf8")).tables] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

describe("a night that is killed", () => {
  // One kill in each part of the runtime, at a moment of its own.
  it.each(
    Array.from({ length: KILLS }, (_, part) => ({ part, share: (part + Math.random()) / KILLS })),
  )(
    "in part $part leaves the old state whole, and the next one makes it good",
    async ({ part, share }) => {
      const killed = await copyOf(`killed-${part}`);
      const run = startPropool("run", killed.directory, ...TODAY);
      await setTimeout(share * milliseconds);
      run.process.kill("SIGKILL");
      await run.ended;
      const what = `killed after ${Math.round(share * milliseconds)} ms of ${Math.round(milliseconds)} ms`;
      expect([before, after], what).toContainEqual(await digestTables(killed));
      const sent = await submissions(killed);

      const again = await propool("run", killed.directory, ...TODAY);
      expect(again.exitCode, `${what}: ${again.err}`).toBe(0);
      expect(await digestTables(killed), what).toEqual(after);
      expect(await leftovers(killed), what).toEqual([]);
      const finallySent = await submissions(killed);
      expect(Object.keys(finallySent), what).toEqual(["FHIR-000001", "FHIR-000002"]);
      // What was out already stayed as it was.
      expect(finallySent, what).toMatchObject(sent);
    },
    20_000,
  );
});

describe("a night that is interrupted from the keyboard", () => {
  it("removes what identifies at once, and leaves the old state whole", async () => {
    const interrupted = await copyOf("interrupted");
    const night = startPropool("run", interrupted.directory, ...TODAY);
    await vi.waitFor(() => stat(interrupted.path("identified")), { timeout: 30_000, interval: 5 });
    night.process.kill("SIGINT");
    const told = await night.ended;
    expect(told, told.err).toMatchObject({ exitCode: 130 });
    await expect(stat(interrupted.path("identified"))).rejects.toMatchObject({ code: "ENOENT" });
    expect(await digestTables(interrupted)).toEqual(before);
  });
});
