import type { Queryable } from "../../warehouse/queryable.ts";
import { textList } from "../../warehouse/sql.ts";
import { compileWith, type Steps } from "./cohort.ts";

/** Steps that several statistics read: worth keeping. */
const KEPT = ["score", "person", "eligible", "score_day", "linked", "cohort"];
/** Those of them that statistics read themselves. */
const READ = ["score", "person", "score_day", "linked", "cohort"];

export interface Prepared {
  /** Steps to put before a statistic's query. */
  steps: Steps;
  drop(): Promise<void>;
}

/** Runs the steps of a cohort once, where the engine can keep their rows aside; otherwise every query runs them. */
export async function prepareCohort(queryable: Queryable, steps: Steps): Promise<Prepared> {
  if (!queryable.scratch) return { steps, drop: async () => {} };
  const tables: { drop(): Promise<void> }[] = [];
  let done: Steps = [];
  for (const [name, sql] of steps) {
    if (!KEPT.includes(name)) {
      done = [...done, [name, sql]];
      continue;
    }
    const select = done.length > 0 ? `${compileWith(done)}\n${sql}` : sql;
    const table = await queryable.scratch(select);
    tables.push(table);
    done = [...done, [name, `SELECT * FROM ${table.name}`]];
  }
  return {
    steps: done.filter(([name]) => READ.includes(name)),
    async drop() {
      for (const table of tables) await table.drop();
    },
  };
}

/** The same steps for some of the sites. */
export function onlySites(steps: Steps, sites: readonly string[]): Steps {
  return steps.map(([name, sql]) =>
    name === "person" || name === "cohort"
      ? ([
          name,
          `SELECT *\nFROM (\n${sql}\n) AS every_site\nWHERE datamartid IN ${textList(sites)}`,
        ] as const)
      : ([name, sql] as const),
  );
}

/** The same cohort with the site as its only stratum. */
export function bySite(steps: Steps): Steps {
  return steps.map(([name, sql]) =>
    name === "cohort"
      ? ([
          name,
          [
            "SELECT",
            "  datamartid,",
            "  patid,",
            "  head,",
            "  'site=' || datamartid AS stratum,",
            "  administrations,",
            "  baseline,",
            "  follow_up",
            `FROM (\n${sql}\n) AS strata`,
          ].join("\n"),
        ] as const)
      : ([name, sql] as const),
  );
}
