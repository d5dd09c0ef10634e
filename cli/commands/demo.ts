import { createProgress } from "../../pipelines/core/progress.ts";
import { runDemo } from "../../pipelines/demo.ts";
import type { AddCommand } from "../command.ts";
import { demoJson, demoText } from "../demo-text.ts";
import { writeJson } from "../output.ts";

export const addDemo: AddCommand = (program, io) => {
  program
    .command("demo")
    .description("builds a three-site network with planted defects and runs the whole job on it")
    .argument(
      "[dir]",
      "folder for the network; made if missing, replaced if an earlier demo made it",
      "propool-demo",
    )
    .option(
      "--seed <text>",
      "seed of the invented patients: the same seed writes the same exports",
      "1",
    )
    .option("--scale <factor>", "1 is 2,000 people; from 0.05 to 100", Number, 1)
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool demo\n  $ propool demo /tmp/network --seed 7 --json",
    )
    .action(async (directory: string, options: { seed: string; scale: number; json?: boolean }) => {
      const progress = createProgress({ err: io.err, tty: io.tty, quiet: !io.tty });
      const report = await runDemo(directory, { ...options, progress });
      if (options.json) return writeJson(io.out, demoJson(report));
      io.out.write(demoText(report));
    });
};
