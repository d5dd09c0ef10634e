import type { Command } from "commander";
import { type Study, type StudyResults, writeResults } from "../../pipelines/study-output.ts";
import type { Io } from "../command.ts";
import { studyText } from "../study-text.ts";

export interface ShowOptions {
  json?: boolean;
  out?: string[];
}

/** The options of every command that gives results. */
export function withOutput(command: Command): Command {
  return command
    .option(
      "--out <file...>",
      "write the results: .json, .csv, .parquet or .html, each with a certificate beside it",
    )
    .option("--json", "print the results as JSON, numbers in full");
}

export async function show(
  results: StudyResults,
  study: Study,
  options: ShowOptions,
  io: Io,
): Promise<void> {
  for (const file of options.out ?? []) {
    const written = await writeResults(results, study, file);
    io.err.write(`${written.join(" and ")} written\n`);
  }
  io.out.write(options.json ? `${JSON.stringify(results, null, 2)}\n` : studyText(results));
}
