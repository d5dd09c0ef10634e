import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readSite } from "../../pipelines/configuration/site.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { writeWhole } from "../../pipelines/core/files.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { withApproval } from "../../pipelines/plan/approval.ts";
import { planSite, undoPlan } from "../../pipelines/plan.ts";
import type { AddCommand } from "../command.ts";
import { writeJson } from "../output.ts";
import { planText } from "../plan-text.ts";
import { todayOption } from "../today.ts";

interface Options {
  apply?: boolean;
  undo?: boolean;
  reviewed?: string;
  study?: string[];
  today: string;
  json?: boolean;
}

export const addPlan: AddCommand = (program, io) => {
  program
    .command("plan")
    .description("what an edited mapping would change: rows, people, scores, issues, studies")
    .argument("<siteDir>", "folder with a site.yaml")
    .option("--apply", "do it; the store and mapping before it are kept for one step back")
    .option("--undo", "take the last applied plan back: store and mapping files")
    .option("--reviewed <name>", "write into the mapping that this person approves it today")
    .option("--study <file...>", "study files whose numbers are compared")
    .addOption(todayOption())
    .option("--json", "print the plan as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool plan north-clinic --study change.yaml\n  $ propool plan north-clinic --apply --reviewed 'Ann Lee'",
    )
    .action(async (directory: string, options: Options) => {
      if (options.undo) {
        refuseBoth(options);
        const undone = await undoPlan(directory);
        if (options.json) return writeJson(io.out, undone);
        const files = undone.files.join(", ") || "no file";
        return void io.out.write(
          `${undone.site}: the last plan is taken back; restored: store, ${files} (what they said is kept as .undone)\n`,
        );
      }
      if (options.reviewed) await approve(directory, options.reviewed, options.today);
      const plan = await planSite(directory, {
        today: options.today,
        progress: createProgress({ ...io, quiet: options.json === true }),
        studies: options.study ?? [],
        apply: options.apply === true,
      });
      if (options.json) return writeJson(io.out, plan);
      io.out.write(`${planText(plan, directory)}\n`);
    });
};

function refuseBoth({ apply, reviewed }: Options): void {
  if (!apply && !reviewed) return;
  throw new ProError("USAGE_PLAN", "--undo goes alone", {
    hint: "take back first, then edit and plan again",
  });
}

/** The file that people edit says who approved it: the mapping, or site.yaml where there is none. */
async function approve(directory: string, name: string, date: string): Promise<void> {
  const site = await readSite(directory);
  const file = site.mappingFile ?? join(site.directory, "site.yaml");
  await writeWhole(file, withApproval(await readFile(file, "utf8"), { name, date }));
}
