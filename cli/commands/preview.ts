import { Option } from "commander";
import { createProgress } from "../../pipelines/core/progress.ts";
import type { LeftOutCodes } from "../../pipelines/left-out-codes.ts";
import { type PreviewRow, preview } from "../../pipelines/preview.ts";
import type { AddCommand } from "../command.ts";
import { leftOutCodesText } from "../left-out-codes-text.ts";
import { pour } from "../output.ts";
import { previewTexts } from "../preview-texts.ts";
import { todayOption } from "../today.ts";

interface Options {
  site?: string;
  mapping?: string;
  format: "table" | "csv" | "json";
  shifted?: boolean;
  only?: "issues";
  today: string;
  json?: boolean;
}

export const addPreview: AddCommand = (program, io) => {
  program
    .command("preview")
    .description(
      "source to CDM, row by row, with file and pointer, and tokens instead of identifiers",
    )
    .argument(
      "<file...>",
      "files of one format, folders of them, or patterns such as 'export/*.ndjson'; of a folder, what the site reads",
    )
    .option("--site <dir>", "use this site's mapping, words, codes and key")
    .option("--mapping <file>", "mapping file for csv, where no site is named")
    .addOption(
      new Option("--format <format>", "how to print")
        .choices(["table", "csv", "json"])
        .default("table"),
    )
    .option("--json", "the same as --format json")
    .option(
      "--shifted",
      "shift dates as the privacy profile does (default: the source's own dates)",
    )
    .addOption(new Option("--only <what>", "only rows with a problem").choices(["issues"]))
    .addOption(todayOption())
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool preview export/QuestionnaireResponse.ndjson\n  $ propool preview survey.csv --site summit-health --format csv > rows.csv",
    )
    .action(async (files: string[], options: Options) => {
      let codes: LeftOutCodes = { codes: [], rare: 0 };
      const rows = preview({
        files,
        siteDirectory: options.site,
        mappingFile: options.mapping,
        shifted: options.shifted === true,
        today: options.today,
        leftOut: (found) => {
          codes = found;
        },
        progress: createProgress({ err: io.err, tty: io.tty, quiet: !io.tty }),
      });
      const wanted = options.only === "issues" ? isIssue : () => true;
      const format = options.json ? "json" : options.format;
      await pour(previewTexts(picked(rows, wanted), format), io.out);
      // Beneath the table, as what the reasons mean; a program that reads rows is told nothing else.
      const lines = format === "table" ? leftOutCodesText(codes) : [];
      if (lines.length > 0) io.out.write(`\n${lines.join("\n")}\n`);
    });
};

function isIssue(row: PreviewRow): boolean {
  return row.state !== "loaded" || row.status === "mismatch";
}

async function* picked(
  rows: AsyncIterable<PreviewRow[]>,
  wanted: (row: PreviewRow) => boolean,
): AsyncGenerator<PreviewRow[]> {
  for await (const chunk of rows) yield chunk.filter(wanted);
}
