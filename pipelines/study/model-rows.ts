import { text } from "../../warehouse/sql.ts";
import type { Measure } from "../statistics/statistic.ts";
import { conditionMatches } from "./codes.ts";
import { compileStep } from "./compile-step.ts";
import type { Covariate, Model } from "./model-schema.ts";

export interface ModelColumn {
  name: string;
  decimals: number;
  /** Whether it is 0 or 1: then its sums are counts of people. */
  indicator: boolean;
}

/** A model's columns, the constant first where it has one; grids as they are summed. */
export function modelColumns(model: Model, measure: Measure): ModelColumn[] {
  const constant = { name: "(constant)", decimals: 0, indicator: true };
  return [
    ...(model.kind === "cox" ? [] : [constant]),
    ...model.covariates.map((covariate) => ({
      name: typeof covariate === "string" ? covariate : covariate.name,
      decimals: covariate === "baseline" ? measure.decimals : 0,
      indicator: typeof covariate !== "string" || covariate.includes("="),
    })),
  ];
}

/** The response's grid, and whether it is 0 or 1. */
export function responseColumn(
  model: Model,
  measure: Measure,
): { decimals: number; indicator: boolean } {
  const isScore = ["baseline", "follow_up", "change"].includes(model.response);
  return {
    decimals: isScore ? measure.decimals : 0,
    indicator: ["logistic", "cox"].includes(model.kind),
  };
}

/**
 * The table `model_row` over `cohort`: datamartid, head, x0 (1), x1, ..., y, all integers on their grids; one row for each person who
 * has them all.
 *
 * @param response the rule in SQL over baseline and follow_up, for a response of 0 and 1
 * @param steps a table s of head, step and responded, for the time to response: then there is t and no constant
 */
export function compileModelRows(
  model: Model,
  response: string | null,
  steps: string | null = null,
): string {
  const covariates = model.covariates.map(covariateSql);
  const columns = steps ? covariates : ["1", ...covariates];
  const typed = columns.map((sql, i) => `  CAST(${sql} AS BIGINT) AS x${i}`);
  const rows = [
    "SELECT",
    "  c.datamartid,",
    "  c.head,",
    ...(steps ? ["  s.step AS t,"] : []),
    [...typed, `  CAST(${responseSql(model, response)} AS BIGINT) AS y`].join(",\n"),
    "FROM cohort AS c",
    ...(steps ? [`JOIN ${steps} ON s.head = c.head`] : []),
  ].join("\n");
  const known = [...columns.map((_, i) => `x${i}`), "y"].map((name) => `${name} IS NOT NULL`);
  return [
    compileStep("model_column", rows),
    compileStep("model_row", `SELECT *\nFROM model_column\nWHERE ${known.join(" AND ")}`),
  ].join(",\n");
}

function covariateSql(covariate: Covariate): string {
  if (typeof covariate !== "string") {
    return [
      'CASE WHEN EXISTS (SELECT 1 FROM "condition" AS k',
      `    WHERE k.datamartid = c.datamartid AND k.patid = c.patid AND ${conditionMatches(covariate.conditions).replaceAll(/\bc\./g, "k.")})`,
      "    THEN 1 ELSE 0 END",
    ].join("\n");
  }
  if (covariate === "baseline") return "c.baseline";
  if (covariate === "age") return "c.age";
  if (covariate === "days") return "c.follow_up_day";
  const [column = "", value = ""] = covariate.split("=");
  // Not known is not zero: such a person is left out.
  return `CASE WHEN c.${column} IS NULL OR c.${column} IN ('NI', 'UN') THEN NULL WHEN c.${column} = ${text(value)} THEN 1 ELSE 0 END`;
}

function responseSql({ response }: Model, rule: string | null): string {
  switch (response) {
    case "baseline":
      return "c.baseline";
    case "follow_up":
      return "c.follow_up";
    case "change":
      return "c.follow_up - c.baseline";
    case "administrations":
      return "c.administrations";
    case "response_time":
      return "CASE WHEN s.responded = 'yes' THEN 1 ELSE 0 END";
    case "improved":
    case "responder":
      return rule ?? "NULL";
    default:
      return response satisfies never;
  }
}
