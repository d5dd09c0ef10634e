import type { Readable, Writable } from "node:stream";
import type { Command } from "commander";

/** Where a command reads and writes: data on `out`, messages on `err`. Tests pass their own. */
export interface Io {
  out: Writable;
  err: Writable;
  in: Readable;
  env: NodeJS.ProcessEnv;
  /** Whether `err` is a terminal that can show progress. */
  tty: boolean;
}

/** A command file parses, calls a stage file and reports: it adds itself to the program. */
export type AddCommand = (program: Command, io: Io) => void;
