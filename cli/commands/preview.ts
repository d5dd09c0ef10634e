import { Option } from "commander";
import { createProgress } from "../../pipelines/core/progress.ts";
import {
  explainReasons,
  PREVIEW_COLUMNS,
  type PreviewRow,
  preview,
} from "../../pipelines/preview.ts";
import type { AddCommand } from "../command.ts";
import { csvLine, table, writeJson } from "../output.ts";
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

/** What fits beside each other on a terminal. */
const SHOWN = [
  "file",
  "record",
  "source_item",
  "source_answer",
  "patient",
  "pro_date",
  "pro_code",
  "pro_name",
  "pro_response_num",
  "pro_response_text",
  "origin",
  "status",
  "state",
  "reason",
] as const;

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
      const rows = preview({
        files,
        siteDirectory: options.site,
        mappingFile: options.mapping,
        shifted: options.shifted === true,
        today: options.today,
        progress: createProgress({ err: io.err, tty: io.tty, quiet: !io.tty }),
      });
      const wanted = options.only === "issues" ? isIssue : () => true;
      const format = options.json ? "json" : options.format;
      if (format === "csv") return writeCsv(rows, wanted, io.out);
      const all: PreviewRow[] = [];
      for await (const chunk of rows) all.push(...chunk.filter(wanted));
      if (format === "json") return writeJson(io.out, all);
      io.out.write(
        `${table(
          SHOWN,
          all.map((row) => SHOWN.map((column) => shorten(row[column], column))),
        )}\n${await reasonLines(all)}`,
      );
    });
};

/** Beneath the rows: what each reason means, and what can be done. */
async function reasonLines(rows: readonly PreviewRow[]): Promise<string> {
  const counts = new Map<string, number>();
  for (const { status, reason } of rows) {
    const code = reason ?? (status === "mismatch" ? "SCORE_MISMATCH" : null);
    if (code !== null) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const told = await explainReasons(counts.keys());
  const lines = told.map(
    ({ code, message, hint }) => `${code} (${counts.get(code)}): ${message}; ${hint}`,
  );
  return lines.length > 0 ? `\n${lines.join("\n")}\n` : "";
}

function isIssue(row: PreviewRow): boolean {
  return row.state !== "loaded" || row.status === "mismatch";
}

async function writeCsv(
  rows: AsyncIterable<PreviewRow[]>,
  wanted: (row: PreviewRow) => boolean,
  out: NodeJS.WritableStream,
): Promise<void> {
  out.write(csvLine(PREVIEW_COLUMNS));
  for await (const chunk of rows) {
    const text = chunk
      .filter(wanted)
      .map((row) => csvLine(PREVIEW_COLUMNS.map((column) => row[column])));
    if (out.write(text.join(""))) continue;
    await new Promise<void>((resolve) => {
      const goOn = () => {
        out.off("drain", goOn).off("close", goOn);
        resolve();
      };
      out.on("drain", goOn).on("close", goOn);
    });
    if (!out.writable) return;
  }
}

function shorten(value: string | null, column: string): string {
  if (value === null) return "";
  return column === "patient" ? value.slice(0, 8) : value;
}
