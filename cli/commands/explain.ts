import { type Explanation, explain, placeOf } from "../../pipelines/explain.ts";
import type { AddCommand } from "../command.ts";
import { indent, writeJson } from "../output.ts";

interface Options {
  site?: string;
  sql?: boolean;
  json?: boolean;
}

export const addExplain: AddCommand = (program, io) => {
  program
    .command("explain")
    .description(
      "the rule behind a CDM column, an instrument, a code, a FHIR path or a column of the source, and its SQL",
    )
    .argument(
      "<what>",
      "pro_cm.pro_date, phq-9, 44250-9, QuestionnaireResponse.authored, or with --site survey.csv:phq9_1",
    )
    .option("--site <dir>", "explain what this site's own files say too")
    .option("--no-sql", "leave the SQL out")
    .option("--json", "print it as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool explain pro_cm.pro_response_num\n  $ propool explain survey.csv:phq9_1 --site north-clinic",
    )
    .action(async (what: string, options: Options) => {
      const found = await explain(what, options.site);
      if (options.json) return writeJson(io.out, found);
      io.out.write(
        `${found.map((one) => explanationText(one, options.sql !== false)).join("\n\n")}\n`,
      );
    });
};

function explanationText(
  { what, kind, meaning, rules, sql }: Explanation,
  withSql: boolean,
): string {
  const lines = [`${what} (${kind}): ${meaning}`, ""];
  for (const { says, where } of rules) {
    const place = placeOf(where);
    lines.push(`   ${says}${place ? `\n      ${place}` : ""}`);
  }
  if (withSql) {
    for (const step of sql) lines.push("", `   -- ${step.name}`, indent(step.sql));
  }
  return lines.join("\n");
}
