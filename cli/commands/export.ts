import { Option } from "commander";
import { writeCdm } from "../../pipelines/cdm.ts";
import { PRO_CM_VERSIONS, type ProCmVersion } from "../../warehouse/queries/pro-cm-versions.ts";
import type { AddCommand } from "../command.ts";
import { formatNumber, writeJson } from "../output.ts";

interface Options {
  cdm: ProCmVersion;
  out: string;
  includeLinked?: boolean;
  json?: boolean;
}

export const addExport: AddCommand = (program, io) => {
  program
    .command("export")
    .description(
      "write PRO_CM in the shape of a version of the PCORnet CDM, with its companion tables",
    )
    .argument("<dir>", "a site's or hub's folder")
    .requiredOption("--out <folder>", "where the CSV files go")
    .addOption(
      new Option("--cdm <version>", "version of the CDM").choices(PRO_CM_VERSIONS).default("7.0"),
    )
    .option(
      "--include-linked",
      "also scores that a crosswalk made; PRO_CM_DETAIL marks them: ORIGIN linked, LINK",
    )
    .option("--json", "print what was written as JSON")
    .addHelpText("after", EXAMPLES)
    .action(
      async (directory: string, { cdm, out, includeLinked = false, json = false }: Options) => {
        const output = await writeCdm(directory, { version: cdm, out, includeLinked });
        if (json) return writeJson(io.out, output);
        const without =
          output.without > 0
            ? `; ${formatNumber(output.without)} have no place in v${cdm} and are in the companion tables only`
            : "";
        io.out.write(`${formatNumber(output.rows)} rows of PRO_CM v${cdm}${without}\n`);
        io.out.write(output.files.map((file) => `  ${file}\n`).join(""));
      },
    );
};

const EXAMPLES = `
Rows are those of the store or warehouse: tokens and shifted dates. Theta, T-score, standard error and the count of scored items
have columns of their own in v6.1; v3.0 has the 21 common measures only. PRO_CM_DETAIL and PRO_COLLECTION hold what a version has
no column for.

Examples:
  $ propool export river-clinic --cdm 6.1 --out pro-cm-6.1
  $ propool export hub --out pro-cm-7.0`;
