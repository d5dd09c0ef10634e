import type { RowCheck } from "./row-check.ts";

const TODAY = "CAST(getvariable('today') AS DATE)";

/** Days that cannot be: the run's own day is the judge. */
export const DATE_CHECKS: readonly RowCheck[] = [
  {
    reason: "QUALITY_BIRTH_IN_FUTURE",
    table: "patient",
    effect: "withhold",
    fails: `born > ${TODAY}`,
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
