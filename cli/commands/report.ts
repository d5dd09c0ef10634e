import { writeReport } from "../../pipelines/report.ts";
import type { AddCommand } from "../command.ts";
import { formatNumber, writeJson } from "../output.ts";
import { todayOption } from "../today.ts";

interface Options {
  out?: string;
  share?: boolean;
  today: string;
  json?: boolean;
}

const EXAMPLES = `
The page is one file without scripts that asks the network for nothing: it opens from an e-mail. It names places in the export
and tokens of rows, so it stays inside; with --share small counts, keys and codes are left out.

Examples:
  $ propool report north-clinic
  $ propool report hub --share --out quality.html`;

export const addReport: AddCommand = (program, io) => {
  program
    .command("report")
    .description("one page for data stewards: what came in, what is wrong, what to do")
    .argument("<dir>", "the folder of a site or a hub")
    .option("--out <file>", "where to write it (default: reports/report.html in the folder)")
    .option("--share", "leave out what must not leave: small counts, keys, places, codes")
    .addOption(todayOption())
    .option("--json", "print where the page is, and the verdicts, as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (directory: string, { out, share, today, json }: Options) => {
      const { file, bytes, verdicts } = await writeReport(directory, {
        today,
        isShared: share === true,
        ...(out ? { out } : {}),
      });
      if (json) {
        const told = verdicts.map(({ check, site, status, n, total, why }) => {
          return { check: check.id, site, status, n, total, why };
        });
        writeJson(io.out, { file, bytes, verdicts: share ? [] : told });
      } else io.out.write(`${file} (${formatNumber(Math.ceil(bytes / 1024))} KB)\n`);
    });
};
