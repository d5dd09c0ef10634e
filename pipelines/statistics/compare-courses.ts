import type { Contrast } from "./contrast.ts";
import { type ResponseTime, riskTable } from "./response-time.ts";
import { logRank } from "./survival-curve.ts";

export const courseBetween: Contrast<ResponseTime> = {
  name: "time to response between strata",
  title: "Time to response between strata",
  of: "response-time",
  estimate(strata, { course }) {
    const groups = [...strata.values()];
    const people = groups.reduce((sum, of) => sum + Number(of.people), 0);
    const test = logRank([groups.map((of) => riskTable(of, course?.step ?? 1))]);
    return [
      { name: "chi-square (log-rank)", value: test?.chi2 ?? null, people },
      { name: "p (log-rank)", value: test?.p ?? null, people },
    ];
  },
};
