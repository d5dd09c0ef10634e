import { writeFile } from "node:fs/promises";
import { profileFiles } from "../../pipelines/profile.ts";
import type { AddCommand } from "../command.ts";
import { writeJson } from "../output.ts";
import { filesText, profileText } from "../profile-text.ts";

interface Options {
  json?: boolean;
  html?: string;
  site?: string;
  sheet?: string;
}

export const addProfile: AddCommand = (program, io) => {
  program
    .command("profile")
    .description(
      "what is in an export: fields, types, fill, codes; values that may identify are masked",
    )
    .argument("<file...>", "CSV, FHIR (NDJSON, JSON) or C-CDA files")
    .option("--json", "print the profiles as JSON")
    .option("--site <dir>", "folder of a site whose own instruments are known too")
    .option("--sheet <name>", "the sheet of a workbook that has several")
    .option("--html <file>", "write a self-contained page to this file instead")
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool profile export/survey.csv\n  $ propool profile export/*.ndjson --html profile.html",
    )
    .action(async (files: string[], options: Options) => {
      const profiles = [];
      for await (const profile of profileFiles(files, {
        siteDirectory: options.site,
        sheet: options.sheet,
      })) {
        if (!options.json && !options.html) io.out.write(`${profileText(profile)}\n`);
        else profiles.push(profile);
      }
      if (options.json) return writeJson(io.out, profiles);
      if (!options.html) return;
      const { profilePage } = await import("../profile-page.ts");
      await writeFile(options.html, profilePage(profiles));
      io.err.write(`${options.html}: ${filesText(profiles.length)}\n`);
    });
};
