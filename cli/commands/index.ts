import type { AddCommand } from "../command.ts";
import { addInit } from "./init.ts";
import { addRun } from "./run.ts";

/** The commands, in the order of the help. */
export const COMMANDS: readonly AddCommand[] = [addInit, addRun];
