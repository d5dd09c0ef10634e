import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { coreDumps } from "../../pipelines/doctor.ts";

const limits = (soft: string) =>
  `Limit                     Soft Limit           Hard Limit           Units
Max stack size            8388608              unlimited            bytes
Max core file size        ${soft.padEnd(20)} unlimited            bytes
`;

it.each([
  ["0", "ok"],
  ["unlimited", "warning"],
  ["1048576", "warning"],
])("a limit of %s for core dumps is told as %s", (soft, state) => {
  expect(coreDumps(limits(soft)).state).toBe(state);
});

const hasPrlimit = spawnSync("prlimit", ["--version"]).status === 0;

it.skipIf(!hasPrlimit)(
  "propool switches core dumps off as it starts, whatever its limit was, and makes files for its owner only",
  () => {
    const main = join(import.meta.dirname, "../../cli/main.ts");
    const look = `process.argv[1] = ${JSON.stringify(main)}; await import(${JSON.stringify(main)});
    console.log("umask " + process.umask().toString(8));
    console.log((await import("node:fs")).readFileSync("/proc/self/limits", "utf8"));`;
    const told = spawnSync(
      "sh",
      [
        "-c",
        'ulimit -S -c 4096 2>/dev/null; exec "$0" --input-type=module -e "$1" -- --version',
        process.execPath,
        look,
      ],
      { encoding: "utf8" },
    );
    expect(told.stdout).toContain("umask 77\n");
    expect(told.stdout, told.stderr).toMatch(/^Max core file size +0 +0 /m);
  },
);
