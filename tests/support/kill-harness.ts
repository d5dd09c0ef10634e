import { createHash } from "node:crypto";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { initHub } from "../../pipelines/init.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import { TABLE_NAMES } from "../../warehouse/schema.ts";
import { ident } from "../../warehouse/sql.ts";
import { propool, startPropool } from "./command.ts";
import { manyVisits, PEOPLE, siteIn, type TestSite, temporary, VISITS } from "./site.ts";
import { digestTables, leftovers } from "./site-look.ts";

const TODAY = ["--today", "2024-06-01"];

/** Gives each trial a warehouse that holds the first night: a copy of the one that was prepared. */
export interface KillEngine {
  name: string;
  /** The URL of an empty warehouse. */
  url(): Promise<string>;
  /** The URL of a copy of `from`; a file warehouse travels with its folder. */
  copyOf(from: string): Promise<string>;
}

export interface KillTrial {
  /** Which command was killed, and when. */
  killed: string;
  /** What is not as it must be; empty: all is well. */
  wrong: string[];
  /** Seconds that the rerun took. */
  rerunSeconds: number;
}

/**
 * A site and its hub after a first night, with a second one to come: kills `run` or `pool` at a random moment, runs both again, and compares
 * store and warehouse with an undisturbed second night.
 */
export async function killHarness(engine: KillEngine): Promise<{
  trial(share: number): Promise<KillTrial>;
  remove(): Promise<void>;
}> {
  const { directory, remove } = await temporary();
  const base = join(directory, "base");
  const site = await siteIn(base, "fhir");
  const configuration = await readFile(site.path("site.yaml"), "utf8");
  await site.write("site.yaml", configuration.replace(/^hub_key: .*\n/m, ""));
  await initHub(join(base, "hub"), { network: "NET", name: "kills" }, [site.directory]);
  const url = await engine.url();
  await setWarehouse(base, url);
  await rerun(base);
  await site.deliver(PEOPLE, [...VISITS.slice(1), ...manyVisits(150)]);

  let copies = 0;
  const copyOf = async (from: string): Promise<string> => {
    const copy = join(directory, `copy-${++copies}`);
    await cp(from, copy, { recursive: true });
    await setWarehouse(copy, await engine.copyOf(url));
    return copy;
  };
  const undisturbed = await copyOf(base);
  const runMs = await timed("run", undisturbed);
  /** Where a pool is killed, the run went well: none needs its own. */
  const ran = await copyOf(undisturbed);
  const poolMs = await timed("pool", undisturbed);
  const expected = await digests(undisturbed, site);

  return {
    remove,
    async trial(share) {
      const at = share * (runMs + poolMs);
      const isRun = at < runMs;
      const root = await copyOf(isRun ? base : ran);
      const moment = Math.round(isRun ? at : at - runMs);
      const command = isRun ? "run" : "pool";
      const started = startPropool(...argv(command, root));
      await setTimeout(moment);
      started.process.kill("SIGKILL");
      await started.ended;
      const wrong: string[] = [];
      const began = performance.now();
      await rerun(root).catch((error) => wrong.push(String(error)));
      const rerunSeconds = (performance.now() - began) / 1000;
      const found = await digests(root, site);
      for (const [what, digest] of Object.entries(expected))
        if (found[what] !== digest) wrong.push(`${what} differs`);
      wrong.push(...(await leftovers(at_(site, root))));
      await rm(root, { recursive: true, force: true });
      return { killed: `${command} after ${moment} ms`, wrong, rerunSeconds };
    },
  };
}

async function rerun(root: string): Promise<void> {
  await finish("run", root);
  await finish("pool", root);
}

const at_ = (site: TestSite, root: string): TestSite => {
  const directory = join(root, "fhir");
  return { ...site, directory, path: (...parts) => join(directory, ...parts) };
};

function argv(command: "run" | "pool", root: string): string[] {
  return command === "run" ? ["run", join(root, "fhir"), ...TODAY] : ["pool", join(root, "hub")];
}

/** Milliseconds of a command as a process of its own, as those that are killed. */
async function timed(command: "run" | "pool", root: string): Promise<number> {
  const started = performance.now();
  const { exitCode, err } = await startPropool(...argv(command, root)).ended;
  if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}: ${err}`);
  return performance.now() - started;
}

/** In this process, which saves a third of a trial: only what is killed must be one of its own. */
async function finish(command: "run" | "pool", root: string): Promise<void> {
  const { exitCode, err } = await propool(...argv(command, root));
  if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}: ${err}`);
}

async function setWarehouse(root: string, url: string): Promise<void> {
  const file = join(root, "hub", "hub.yaml");
  const content = await readFile(file, "utf8");
  await writeFile(file, content.replace(/^warehouse: .*$/m, `warehouse: ${url}`));
}

/** A digest of the sorted rows of each table of the store and of the warehouse. */
async function digests(root: string, site: TestSite): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [table, digest] of Object.entries(await digestTables(at_(site, root))))
    found[`store ${table}`] = digest;
  const hub = join(root, "hub");
  const url = /^warehouse: (.*)$/m.exec(await readFile(join(hub, "hub.yaml"), "utf8"))?.[1] ?? "";
  const reader = await openWarehouse(url, { baseDirectory: hub }).read();
  try {
    for (const table of TABLE_NAMES) {
      const rows = await reader.all(`SELECT * FROM ${ident(table)}`);
      const lines = rows.map((row) => JSON.stringify(row)).toSorted();
      found[`warehouse ${table}`] = createHash("sha256").update(lines.join("\n")).digest("hex");
    }
  } finally {
    await reader.close();
  }
  return found;
}
