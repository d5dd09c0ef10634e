import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { csvMappingTemplate } from "../../pipelines/configuration/templates.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { exists, writeWhole } from "../../pipelines/core/files.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { placeSchemas } from "../../pipelines/json-schemas.ts";
import { filesToRead } from "../../pipelines/preview.ts";
import { formatOf } from "../../pipelines/profile.ts";
import { draftText, suggestCsv } from "../../pipelines/suggest.ts";
import { siteDraftText, suggestSite } from "../../pipelines/suggest-site.ts";
import type { AddCommand } from "../command.ts";
import { writeJson } from "../output.ts";
import { todayOption } from "../today.ts";

interface Options {
  out?: string;
  site?: string;
  sheet?: string;
  json?: boolean;
  today: string;
}

export const addSuggest: AddCommand = (program, io) => {
  program
    .command("suggest")
    .description(
      "drafts a mapping: columns, codes, items, answers, each with a confidence and a reason",
    )
    .argument("<file...>", "the export's files of one format; of CSV those that belong together")
    .option(
      "--site <dir>",
      "a site whose own instruments are known too; of FHIR and C-CDA, leave out what it has approved already",
    )
    .option("--sheet <name>", "the sheet of a workbook that has several")
    .option("--out <file>", "write the draft to this file, which must not exist yet")
    .option("--json", "print what was found of each column as JSON")
    .addOption(todayOption())
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool suggest export/*.csv\n  $ propool suggest export/*.csv --out north-clinic/mapping.yaml",
    )
    .action(async (files: string[], options: Options) => {
      if (options.out) await refuseExisting(options.out);
      const paths = await filesToRead(files);
      const formats = await Promise.all(paths.map(formatOf));
      if (formats.some((format) => format !== "csv")) {
        const progress = createProgress({ ...io, quiet: !io.tty });
        const found = await suggestSite({
          ...options,
          files: paths,
          siteDirectory: options.site,
          progress,
        });
        if (options.json) return writeJson(io.out, found);
        const lines = siteDraftText(found);
        if (!options.out) return void io.out.write(lines);
        return writeWhole(options.out, lines);
      }
      const draft = await suggestCsv(paths, { siteDirectory: options.site, sheet: options.sheet });
      if (options.json) {
        const { layout } = draft;
        const found = draft.files.map(({ yaml: _, ...file }) => file);
        return writeJson(io.out, { layout, files: found });
      }
      const text = draftText(draft, options.today);
      if (!options.out) return void io.out.write(text);
      await writeWhole(options.out, text);
      await placeSchemas(dirname(resolve(options.out)), ["csv-mapping"]);
      io.err.write(`${options.out} is drafted: read it, then look at propool preview\n`);
    });
};

/** What init wrote and nobody has touched may be replaced. */
async function refuseExisting(file: string): Promise<void> {
  if (!(await exists(file)) || (await readFile(file, "utf8")) === csvMappingTemplate()) return;
  throw new ProError(
    "CONFIG_EXISTS",
    "there is such a file already, perhaps approved by somebody",
    {
      where: { file },
      hint: "write the draft beside it under another name and compare them",
    },
  );
}
