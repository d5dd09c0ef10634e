import type { RowCheck } from "./row-check.ts";
import { DATE_CHECKS } from "./row-dates.ts";

/** All row-level checks. A new family is one file and one line here. */
export const ROW_CHECKS: readonly RowCheck[] = [...DATE_CHECKS];

/** The checks as arms of a CASE that yields the reason of the first one that fails. */
export function checkArms(table: RowCheck["table"]): string {
  return ROW_CHECKS.filter((check) => check.table === table)
    .map((check) => `WHEN ${check.fails} THEN '${check.reason}'`)
    .join("\n        ");
}
