import { text, textList } from "../../warehouse/sql.ts";
import { conditionMatches, procedureMatches } from "./codes.ts";
import { where } from "./compile-step.ts";
import type { Study } from "./read-study.ts";

/** Who may be in the study, one row a person and site. */
export function compilePerson({ population }: Study, sites: readonly string[] | undefined): string {
  const { sex, conditions, procedures, measures } = population;
  return [
    "-- who may be in it; numbered, so that groups of people can be compared before they are shown",
    "SELECT",
    "  p.datamartid,",
    "  p.patid,",
    "  p.birth_date,",
    "  p.sex,",
    "  p.race,",
    "  p.hispanic,",
    `  CAST(row_number() OVER (ORDER BY p.datamartid COLLATE "C", p.patid COLLATE "C") - 1 AS INTEGER) AS head`,
    "FROM demographic AS p",
    ...where([
      ...(sites ? [`p.datamartid IN ${textList(sites)}`] : []),
      ...(sex ? [`p.sex IN ${textList(sex)}`] : []),
      ...(conditions ? [exists('"condition" AS c', conditionMatches(conditions))] : []),
      ...(procedures ? [exists("procedures AS x", procedureMatches(procedures))] : []),
      ...(measures ?? []).map((instrument) =>
        exists("pro_cm_detail AS d", `d.kind = 'score' AND d.instrument = ${text(instrument)}`),
      ),
    ]),
  ].join("\n");
}

function exists(table: string, condition: string): string {
  const alias = table.at(-1);
  return [
    "EXISTS (",
    `  SELECT 1 FROM ${table}`,
    `  WHERE ${alias}.datamartid = p.datamartid AND ${alias}.patid = p.patid`,
    `    AND ${condition}`,
    ")",
  ].join("\n");
}
