import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initHub } from "../../pipelines/init.ts";
import { NODE_COMPILE_CACHE } from "../support/command.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

let directory = "";
let readme = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "propool-readme-"));
  readme = await readFile(join(ROOT, "README.md"), "utf8");
  // A program named propool, as an installed package gives one.
  const program = `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, "cli", "main.ts")}" "$@"\n`;
  await writeFile(join(directory, "propool"), program, { mode: 0o755 });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe.skipIf(process.platform === "win32")("README", () => {
  it("has commands that run as they are written, one after the other", async () => {
    const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
    expect(blocks.length).toBeGreaterThan(3);
    const script = join(directory, "readme.sh");
    await writeFile(script, `set -eux\n${blocks.join("\n")}`);
    const env = {
      ...process.env,
      NODE_COMPILE_CACHE,
      PATH: `${directory}${delimiter}${process.env.PATH}`,
    };
    const { stdout } = await run("bash", [script], { cwd: directory, env });
    // Two sites' worth of answers went in: the second total (15) is wrong, its items add up to 14.
    expect(stdout).toMatch(/mismatch/);
    expect(stdout).toMatch(/left: submission NORTH-000001/);
  }, 120_000);

  describe("has nights in which a site that fails does not keep the hub from its own", () => {
    /** A block of the README, its folders put below one of the test. */
    const lines = (home: string, pattern: RegExp) =>
      [...readme.matchAll(pattern)].map(([, line = ""]) =>
        line.replaceAll("/srv/propool", home).replaceAll("/var/log/propool", home),
      );
    const network = async (name: string) => {
      const home = join(directory, name);
      await mkdir(join(home, "sites/broken"), { recursive: true });
      await initHub(join(home, "hub"), { network: "NET", name: "test" });
      return home;
    };
    const shell = (command: string) =>
      run("sh", ["-c", command], {
        env: {
          ...process.env,
          NODE_COMPILE_CACHE,
          PATH: `${directory}${delimiter}${process.env.PATH}`,
        },
      });
    const pooled = (home: string) => readFile(join(home, "hub/reports/metrics.prom"), "utf8");

    it("by cron", async () => {
      const home = await network("cron");
      const [command = ""] = lines(home, /^15 1 \* \* \* (.*)$/gm);
      await shell(command);
      expect(await pooled(home)).toMatch(/propool_last_run_success\{node="NET"\} 1/);
      expect(await readFile(join(home, "run.log"), "utf8")).toContain("CONFIG_");
    });

    it("by systemd, which stops at the first command that fails unless a hyphen stands before it", async () => {
      const home = await network("systemd");
      for (const command of lines(home, /^ExecStart=(.*)$/gm)) {
        const isForgiven = command.startsWith("-");
        const end = shell(command.replace(/^-/, ""));
        await (isForgiven ? end.catch(() => undefined) : end);
      }
      expect(await pooled(home)).toMatch(/propool_last_run_success\{node="NET"\} 1/);
    });
  });
});
