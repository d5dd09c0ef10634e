import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Switches core dumps of this process off, where its limit allows some: the memory of a night holds patients' rows. Node has no call
 * for it, so prlimit of util-linux does it; without it, and elsewhere than on Linux, propool doctor warns.
 */
export function noCoreDumps(): void {
  if (process.platform !== "linux" || coreLimit(ownLimits()) === "0") return;
  // Keys may be in the environment: it goes to no other program.
  const { PATH } = process.env;
  const options = { stdio: "ignore", env: PATH === undefined ? {} : { PATH } } as const;
  spawnSync("prlimit", ["--core=0:0", "--pid", String(process.pid)], options);
}

/** The soft limit for core dumps as the kernel tells it; null: it is not told. */
export function coreLimit(limits: string | null): string | null {
  return /^Max core file size\s+(\S+)/m.exec(limits ?? "")?.[1] ?? null;
}

/** The limits of this process; null where the machine does not tell them. */
export function ownLimits(): string | null {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return null;
  }
}
