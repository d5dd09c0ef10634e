import type { RowCheck } from "./row-check.ts";

const TODAY = "CAST(getvariable('today') AS DATE)";

/** Days that cannot be: the run's own day is the judge. */
export const DATE_CHECKS: readonly RowCheck[] = [
  {
    reason: "QUALITY_BIRTH_IN_FUTURE",
    table: "patient",
    effect: "withhold",
    // A year or month lies in the future when its first day does.
    fails: `TRY_CAST(rpad(left(birth_date, 10), 10, '-01-01') AS DATE) > ${TODAY}`,
  },
  {
    reason: "QUALITY_DATE_IN_FUTURE",
    table: "administration",
    effect: "quarantine",
    fails: `pro_date > ${TODAY}`,
  },
  {
    reason: "QUALITY_DATE_BEFORE_BIRTH",
    table: "administration",
    effect: "quarantine",
    fails: "pro_date < born",
  },
];
