import { ProError } from "../../pipelines/core/errors.ts";
import { type Diagnosis, examine } from "../../pipelines/doctor.ts";
import type { AddCommand } from "../command.ts";
import { writeJson } from "../output.ts";

export const addDoctor: AddCommand = (program, io) => {
  program
    .command("doctor")
    .description(
      "check a site's or hub's configuration, mappings, catalogue, keys, disk, clock, database",
    )
    .argument("<dir>", "folder with site.yaml or hub.yaml")
    .option("--json", "print the findings as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (directory: string, { json = false }: { json?: boolean }) => {
      const found = await examine(directory, { now: new Date() });
      if (json) writeJson(io.out, found);
      else io.out.write(found.map(diagnosisText).join(""));
      const errors = found.filter(({ state }) => state === "error").length;
      if (errors === 0) return;
      throw new ProError("CONFIG_DOCTOR", `${errors} thing(s) would stop a night`, {
        where: { file: directory },
        hint: "each is named above with what to do",
      });
    });
};

const EXAMPLES = `
Changes nothing. The exit code is 10 when something would stop a night.

Examples:
  $ propool doctor river-clinic
  $ propool doctor hub --json`;

function diagnosisText({ area, state, text, where, hint }: Diagnosis): string {
  const details = [where && `  where: ${where}`, hint && `  do:    ${hint}`].filter(Boolean);
  return `${[`${state.padEnd(8)}${area.padEnd(14)}${text}`, ...details].join("\n")}\n`;
}
