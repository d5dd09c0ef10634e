import { InvalidArgumentError } from "commander";
import { measureRisk, type RiskReport } from "../../pipelines/risk.ts";
import type { AddCommand } from "../command.ts";
import { formatNumber, indent, table, writeJson } from "../output.ts";

interface Options {
  k: number;
  json?: boolean;
}

export const addRisk: AddCommand = (program, io) => {
  program
    .command("risk")
    .description(
      "how easily people are found in what would leave a site, and what would make it harder",
    )
    .argument("<siteDir>", "folder of a site that has run")
    .option("--k <people>", "smallest group that is wanted", wholeNumber, 11)
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      "\nAn attacker is taken to know that somebody is in the data, and their age, sex, race and ethnicity, the place (ZIP) and specialty of their care; dates where they are real.\n\nExamples:\n  $ propool risk river-clinic\n  $ propool risk river-clinic --k 5 --json",
    )
    .action(async (directory: string, { k, json }: Options) => {
      const report = await measureRisk(directory, k);
      if (json) return writeJson(io.out, report);
      io.out.write(riskText(report));
    });
};

function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 2)
    throw new InvalidArgumentError("a whole number from 2");
  return number;
}

const percent = (share: number) => `${formatNumber(100 * share)} %`;

function riskText({ site, profile, known, risk, wanted }: RiskReport): string {
  const sizes = Object.entries(risk.sizes).map(([size, classes]) => [`of ${size}`, classes]);
  const lines = [
    `${site}, profile ${profile}: ${formatNumber(risk.people)} people in ${formatNumber(risk.classes)} groups that look alike by ${known.join(", ")}`,
    "",
    `  smallest group (k)          ${formatNumber(risk.k)}`,
    `  alone in their group        ${percent(risk.unique)}`,
    `  risk above 0.09 (k < 11)    ${percent(risk.above_009)}`,
    `  prosecutor risk, largest    ${formatNumber(risk.prosecutor_max)}`,
    `  prosecutor risk, average    ${formatNumber(risk.prosecutor_mean)}`,
    `  score bands in a group (l)  ${formatNumber(risk.distinct_l)} (entropy ${formatNumber(risk.entropy_l)})`,
    "",
    indent(table(["groups", "how many"], sizes)),
    "",
    wanted.reached.length === 0
      ? `  Nothing but leaving everything out reaches k = ${wanted.k}.`
      : `  What reaches k = ${wanted.k} and takes the least away:`,
    ...wanted.reached.map(
      ({ generalised, risk: after }) =>
        `    ${Object.entries(generalised)
          .map(([name, means]) => `${name}: ${means}`)
          .join(
            "; ",
          )} -> k ${formatNumber(after.k)}, average risk ${formatNumber(after.prosecutor_mean)}`,
    ),
    "",
  ];
  return `${lines.join("\n")}\n`;
}
