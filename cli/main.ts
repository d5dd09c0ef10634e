#!/usr/bin/env node
import { realpathSync } from "node:fs";
import process from "node:process";
// commander parses the command line and writes the help; it has no dependencies of its own.
import { Command, CommanderError } from "commander";
import { noCoreDumps } from "../pipelines/core/core-dumps.ts";
import { EXIT } from "../pipelines/core/errors.ts";
import { propoolVersion } from "../pipelines/core/version.ts";
import type { Io } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { explainError } from "./explain-error.ts";

/**
 * Runs one command line (without `node` and the script) and returns the exit code. Nothing is thrown: what a command throws is
 * told on `io.err` here, once.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const program = createProgram(io);
  try {
    await program.parseAsync(argv, { from: "user" });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const { text, exitCode } = explainError(error, { debug: io.env.PROPOOL_DEBUG === "1" });
    io.err.write(`${text}\n`);
    return exitCode;
  }
}

export function createProgram(io: Io): Command {
  const program = new Command("propool")
    .description(
      "Pools patient-reported outcomes from many clinics, or answers without any patient row leaving home.",
    )
    .version(propoolVersion())
    .exitOverride()
    .showHelpAfterError("(propool --help shows the commands)")
    .configureOutput({
      writeOut: (text) => io.out.write(text),
      writeErr: (text) => io.err.write(text),
    });
  for (const addCommand of COMMANDS) addCommand(program, io);
  program.commands.forEach(inheritSettings(program));
  return program;
}

/** Subcommands report through the same streams and never end the process themselves. */
function inheritSettings(parent: Command): (command: Command) => void {
  return (command) => {
    command.copyInheritedSettings(parent).exitOverride();
    command.commands.forEach(inheritSettings(command));
  };
}

/** Whether this file is the program and not imported; npm starts it through a link. */
function isProgram(): boolean {
  const script = process.argv[1];
  return script !== undefined && realpathSync(script) === import.meta.filename;
}

if (isProgram()) {
  // Files that the run makes are for their owner only, unless a command says otherwise.
  process.umask(0o077);
  noCoreDumps();
  // Whoever reads along may have seen enough (| head).
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  const { stdout: out, stderr: err, stdin, env } = process;
  process.exitCode = await run(process.argv.slice(2), { out, err, in: stdin, env, tty: err.isTTY });
}
