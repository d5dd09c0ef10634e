import { rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * A folder that must not outlive its use (`await using`): it goes when the scope ends, fails, or is interrupted from the
 * keyboard. After a SIGKILL the next start removes it.
 */
export function ephemeral(directory: string): AsyncDisposable {
  const onSignal = (signal: NodeJS.Signals) => {
    rmSync(directory, { recursive: true, force: true });
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.once(signal, onSignal);
  return {
    async [Symbol.asyncDispose]() {
      for (const signal of SIGNALS) process.removeListener(signal, onSignal);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
