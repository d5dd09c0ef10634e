import { rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Folders in use now: several nights may run in one process, and a signal ends them all. */
const inUse = new Set<string>();

function onSignal(signal: NodeJS.Signals): void {
  // DuckDB's threads go on spilling while the folder is emptied: what they add is removed at the next try.
  for (const directory of inUse)
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  process.exit(128 + constants.signals[signal]);
}

/**
 * A folder that must not outlive its use (`await using`): it goes when the scope ends, fails, or is interrupted from the
 * keyboard. After a SIGKILL the next start removes it.
 */
export function ephemeral(directory: string): AsyncDisposable {
  if (inUse.size === 0) for (const signal of SIGNALS) process.once(signal, onSignal);
  inUse.add(directory);
  return {
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true });
      inUse.delete(directory);
      if (inUse.size === 0) for (const signal of SIGNALS) process.removeListener(signal, onSignal);
    },
  };
}
