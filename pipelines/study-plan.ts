import type { Queryable } from "../warehouse/queryable.ts";
import type { Instrument } from "./catalogue/instrument.ts";
import { readCatalogueOf } from "./catalogue/read.ts";
import { type DisclosureProfile, readDisclosureProfile } from "./disclosure/profile.ts";
import { CHANNEL_STATISTICS, LINKED_STATISTICS, STATISTICS } from "./statistics/index.ts";
import type { Measure, Scale, Statistic } from "./statistics/statistic.ts";
import type { Chosen } from "./study/answer.ts";
import { compileCohort, compileWith } from "./study/cohort.ts";
import { compileStep } from "./study/compile-step.ts";
import { explainStudy } from "./study/explain.ts";
import { compilePerson } from "./study/person.ts";
import type { Study } from "./study/read-study.ts";
import { findScale } from "./study/scale.ts";
import { followUpsOf, type Outcome } from "./study/schema.ts";
import { selectStatistics } from "./study/select-statistics.ts";
import type { Related } from "./study/tables.ts";

export function nameOf({ outcome }: Pick<Part, "outcome">): string {
  return `${outcome.instrument} ${outcome.score}`;
}

/** One outcome of a study with all that is known about it. */
export interface Part extends Chosen {
  outcome: Outcome;
  instrument: Instrument;
  scale: Scale;
  measure: Measure;
  /** The study's other outcomes, for covariances. */
  related: readonly Related[];
}

export interface Plan {
  study: Study;
  profile: DisclosureProfile;
  /** All that the study asks for, whether or not an outcome's scale allows it. */
  asked: Chosen;
  parts: Part[];
}

/** @throws ProError `CONFIG_STUDY*` when the study asks for what there is not. */
export async function planStudy(study: Study): Promise<Plan> {
  const { instruments } = await readCatalogueOf(study.directory ?? null);
  const profile = await readDisclosureProfile(study.disclosure);
  const asked = selectStatistics(study, STATISTICS, CHANNEL_STATISTICS);
  // Nobody needs to ask for it: the flow of a cohort says what was merged.
  if (study.people === "linked") asked.statistics.push(...LINKED_STATISTICS);
  const found = study.outcomes.map((outcome) => ({
    outcome,
    ...findScale(instruments, outcome, study.file),
  }));
  const parts = found.map((one): Part => {
    const related = found
      .filter((other) => other !== one)
      .map(({ outcome, scale }) => ({ ...outcome, decimals: scale.decimals }));
    const { course } = study.windows;
    const measure: Measure = {
      ...one.measure,
      followUps: followUpsOf(study.windows).map(({ target }) => target),
      ...(course && { course }),
      related: [
        { name: "baseline", decimals: one.scale.decimals },
        { name: "age", decimals: 0 },
        ...related.map(({ instrument, score, decimals }) => ({
          name: `${instrument} ${score}`,
          decimals,
        })),
      ],
    };
    const isAvailable = (statistic: Statistic<unknown>) => statistic.unavailable(measure) === null;
    return {
      ...one,
      measure,
      related,
      statistics: asked.statistics.filter(isAvailable),
      channels: asked.channels.filter(isAvailable),
    };
  });
  return { study, profile, asked, parts };
}

/** Sites that have people here and that the study asks. */
export async function sitesIn(queryable: Queryable, { population }: Study): Promise<string[]> {
  const rows = await queryable.all<{ datamartid: string }>(
    "SELECT DISTINCT datamartid FROM demographic",
  );
  const sites = rows.map(({ datamartid }) => datamartid).sort();
  return population.sites ? sites.filter((site) => population.sites?.includes(site)) : sites;
}

/** Who is counted and when in plain words, and the SQL that selects them, for each outcome. */
export async function explain(
  study: Study,
): Promise<{ outcome: Outcome; words: string[]; statistics: string[]; sql: string }[]> {
  const plan = await planStudy(study);
  return plan.parts.map((part) => ({
    outcome: part.outcome,
    words: explainStudy(study, part.outcome, part.measure),
    statistics: [...plan.asked.statistics, ...plan.asked.channels].map((one) => {
      const reason = one.unavailable(part.measure);
      return reason ? `${one.name}: not available, ${reason}` : `${one.name}: ${one.title}`;
    }),
    sql: `${compileWith(compileCohort(study, part.outcome, { decimals: part.scale.decimals }))}\nSELECT * FROM cohort;`,
  }));
}

/** Tokens of the people of a study by their number, which is the same for all of its outcomes. */
export async function headsOf(queryable: Queryable, { study }: Plan): Promise<string[]> {
  const sites = await sitesIn(queryable, study);
  const [row] = await queryable.all<{ patids: string | null }>(
    `WITH ${compileStep("person", compilePerson(study, sites))}\nSELECT string_agg(patid, ',' ORDER BY head) AS patids FROM person`,
  );
  return row?.patids ? row.patids.split(",") : [];
}
