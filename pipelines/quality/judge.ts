import type { Acknowledgement, QualityRules } from "../configuration/quality.ts";
import type { Check } from "./check.ts";
import type { Measure } from "./measure.ts";
import { RELATIONS } from "./relations.ts";

export const STATUSES = [
  "failed",
  "investigate",
  "acknowledged",
  "not evaluated",
  "passed",
] as const;
/** failed: a required check's finding. investigate: another's. Not evaluated is never passed. */
export type Status = (typeof STATUSES)[number];

export interface Verdict {
  check: Check;
  site: string;
  status: Status;
  /** Null: not evaluated. */
  n: number | null;
  total: number | null;
  keys: string[];
  /** Why it was not evaluated, or what was acknowledged until when. */
  why: string | null;
}

export interface Judging {
  rules: QualityRules;
  /** YYYY-MM-DD, by which acknowledgements expire. */
  today: string;
  sites: readonly string[];
  /** Why relations of a level have no rows here, where that is known. */
  reasons: Partial<Record<(typeof RELATIONS)[keyof typeof RELATIONS]["level"], string>>;
}

/** Why checks of a level may have nothing to judge. */
export function reasonsFor(where: "site" | "hub", hasPast: boolean): Judging["reasons"] {
  return {
    ...(where === "site"
      ? { network: "needs the other sites: see the hub's report" }
      : { night: "only the site's own night sees this: see the site's report" }),
    ...(hasPast ? {} : { history: "this is the first refresh, there is nothing to compare with" }),
  };
}

/** The check as it is judged here: its own limits, then the network's, then the site's. */
export function adjust(check: Check, rules: QualityRules): Check & { isOff: boolean } {
  const own = rules.checks[check.id] ?? {};
  const severity = own.severity === "off" ? check.severity : (own.severity ?? check.severity);
  return {
    ...check,
    severity,
    threshold: own.threshold ?? check.threshold,
    minimum: own.minimum ?? check.minimum,
    parameters: { ...check.parameters, ...own.parameters },
    isOff: own.severity === "off",
  };
}

/** One verdict a check and site, worst first within the order of the checks. */
export function judge(
  checks: readonly (Check & { isOff: boolean })[],
  measures: readonly Measure[],
  judging: Judging,
): Verdict[] {
  const byKey = new Map(measures.map((one) => [`${one.check} ${one.site}`, one]));
  return judging.sites.flatMap((site) =>
    checks.map((check) => verdictOf(check, site, byKey.get(`${check.id} ${site}`), judging)),
  );
}

function verdictOf(
  check: Check & { isOff: boolean },
  site: string,
  measured: Measure | undefined,
  judging: Judging,
): Verdict {
  const base = { check, site, n: null, total: null, keys: [] };
  const level = RELATIONS[check.over].level;
  const not = (why: string): Verdict => ({ ...base, status: "not evaluated", why });
  if (check.isOff) return not("switched off in the configuration");
  if (!measured || measured.total === 0) {
    return not(judging.reasons[level] ?? "there is nothing to judge");
  }
  const { n, total, keys } = measured;
  if (total < check.minimum) {
    // Without the number: it may be that of a few people, and the page may be for others.
    return not(`fewer to judge than the ${check.minimum} that are needed`);
  }
  const found = { check, site, n, total, keys };
  if (n <= check.threshold * total) return { ...found, status: "passed", why: null };
  const finding = check.severity === "required" ? "failed" : "investigate";
  const known = judging.rules.acknowledged.filter(
    (one) => one.check === check.id && (one.site ?? site) === site,
  );
  const valid = known.find((one) => one.until >= judging.today && n <= (one.at_most ?? n));
  if (valid)
    return { ...found, status: "acknowledged", why: `${valid.reason} (until ${valid.until})` };
  return { ...found, status: finding, why: known[0] ? lapsed(known[0], judging.today) : null };
}

function lapsed({ until, at_most }: Acknowledgement, today: string): string {
  return until < today
    ? `the acknowledgement expired on ${until}`
    : `more than the ${at_most} that were acknowledged`;
}

/** How many checks ended in each status, counted from the verdicts themselves. */
export function tally(verdicts: readonly Verdict[]): Record<Status, number> {
  const counts = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<
    Status,
    number
  >;
  for (const { status } of verdicts) counts[status]++;
  return counts;
}
