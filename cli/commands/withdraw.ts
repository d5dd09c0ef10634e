import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import { ProError } from "../../pipelines/core/errors.ts";
import { withdraw } from "../../pipelines/withdraw.ts";
import type { AddCommand, Io } from "../command.ts";
import { writeJson } from "../output.ts";

interface Options {
  token: string[];
  list?: string;
  json?: boolean;
}

export const addWithdraw: AddCommand = (program, io) => {
  program
    .command("withdraw")
    .description("remove people from a site for good, and from the hub with the next submission")
    .argument("<siteDir>", "folder with a site.yaml")
    .option("--token <patid...>", "their tokens (PATID), as a preview shows them", [])
    .option(
      "--list <file>",
      "a file with the source's own keys of the people, one a line; - for standard input",
    )
    .option("--json", "print what was done as JSON")
    .addHelpText(
      "after",
      "\nKeys of people are not taken from the command line, which other users of the machine can see.\n\nExamples:\n  $ propool withdraw river-clinic --token 3f0c5a…\n  $ propool withdraw river-clinic --list leavers.txt --json",
    )
    .action(async (directory: string, options: Options) => {
      const keys = options.list ? await readList(options.list, io) : [];
      if (keys.length + options.token.length === 0) {
        throw new ProError("USAGE_WITHDRAW", "nobody is named", {
          hint: "name people with --token or --list",
        });
      }
      const done = await withdraw(directory, { keys, patids: options.token });
      if (options.json) return writeJson(io.out, done);
      io.out.write(
        `${done.site}: ${done.named} people withdrawn, ${done.held} of them were in the store\n${done.removed.length > 0 ? `taken out of the outbox: ${done.removed.join(", ")}\n` : ""}the next propool run tells the hub\n`,
      );
    });
};

async function readList(file: string, io: Io): Promise<string[]> {
  const content =
    file === "-"
      ? await textOf(io.in)
      : await readFile(file, "utf8").catch((cause) => {
          throw new ProError("USAGE_WITHDRAW", "the list cannot be read", {
            where: { file },
            hint: "name a text file with one key a line",
            cause,
          });
        });
  return content
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
}
