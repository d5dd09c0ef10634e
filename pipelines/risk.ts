import { DuckDb } from "../warehouse/duckdb.ts";
import { isNewest } from "../warehouse/migrate.ts";
import { readSite } from "./configuration/site.ts";
import { ProError } from "./core/errors.ts";
import { exists } from "./core/files.ts";
import { isObfuscated } from "./privacy/actions.ts";
import { type PrivacyProfile, readPrivacyProfile } from "./privacy/profile.ts";
import { type Ladder, lattice, type Risk, riskOf } from "./privacy/risk.ts";

export interface RiskReport {
  site: string;
  profile: string;
  /** What an attacker is taken to know of a person, as it leaves. */
  known: string[];
  risk: Risk;
  wanted: {
    k: number;
    /** The combinations that reach it and take the least away; none reaches it: empty. */
    reached: { generalised: Record<string, string>; risk: Risk }[];
  };
}

/**
 * How easily people are found in what would leave a site: by age, sex, race and ethnicity, and by the place and specialty of
 * their care where the store has them, and by dates where the privacy profile leaves them as they are; and which coarser columns would reach a wanted k.
 *
 * @throws ProError `CONFIG_STORE` where there is no store yet, `CONFIG_*`.
 */
export async function measureRisk(siteDirectory: string, wanted: number): Promise<RiskReport> {
  const site = await readSite(siteDirectory);
  const profile = await readPrivacyProfile(site.privacy);
  if (!(await exists(site.storeFile))) throw nothing(site.storeFile);
  const store = await DuckDb.open(site.storeFile, { readOnly: true });
  try {
    // A store that no night has brought to the newest schema yet has no such table.
    if (!(await isNewest(store))) await store.run(NO_PARTIAL_DATES);
    await store.run(`CREATE TEMP TABLE person AS ${PERSON}`);
    const ladders = [...laddersOf(profile), ...(await placesIn(store))];
    const measure = (levels: readonly number[]) =>
      riskOf(store, {
        relation: "FROM person",
        quasi: levels.flatMap((level, i) => ladders[i]?.steps[level]?.column ?? []),
        sensitive: "score_band",
      });
    const risk = await measure(ladders.map(() => 0));
    if (!risk.people) throw nothing(site.storeFile);
    const reached: RiskReport["wanted"]["reached"] = [];
    for (const levels of lattice(ladders)) {
      if (reached.length === 3) break;
      const reachedRisk = await measure(levels);
      if (reachedRisk.k < wanted) continue;
      const generalised = Object.fromEntries(
        ladders.map(({ name, steps }, i) => [name, steps[levels[i] ?? 0]?.means ?? ""]),
      );
      reached.push({ generalised, risk: reachedRisk });
    }
    const known = ladders.map(({ name, steps }) => `${name} (${steps[0]?.means})`);
    return { site: site.site, profile: site.privacy, known, risk, wanted: { k: wanted, reached } };
  } finally {
    store.close();
  }
}

function nothing(file: string): ProError {
  return new ProError("CONFIG_STORE", "this site's store holds nobody yet", {
    where: { file },
    hint: "propool run makes one",
  });
}

const NO_PARTIAL_DATES =
  "CREATE TEMP TABLE IF NOT EXISTS partial_date (patid VARCHAR, table_name VARCHAR, date_value VARCHAR)";

/** One row a person: what somebody who knows them may know, exact and coarser, and the last score by quarters of its instrument. */
const PERSON = `
  WITH visit AS (SELECT patid, min(pro_date) AS first_day, count(*) AS visits FROM pro_collection GROUP BY patid),
  last_score AS (
    SELECT patid, arg_max((d.instrument || ' ' || d.name, r.pro_response_num), (r.pro_date, d.instrument, d.name)) AS last
    FROM pro_cm_detail d JOIN pro_cm r USING (datamartid, pro_cm_id, patid) WHERE d.kind = 'score' AND d.preferred GROUP BY patid
  ), place AS (
    SELECT patid, mode(facility_location ORDER BY facility_location) AS place FROM encounter GROUP BY patid
  ), care AS (
    SELECT patid, mode(specialty ORDER BY specialty) AS specialty FROM pro_collection GROUP BY patid
  ), birth AS (
    SELECT patid, coalesce(year(d.birth_date), CAST(left(p.date_value, 4) AS INTEGER)) AS year
    FROM demographic d LEFT JOIN (SELECT * FROM partial_date WHERE table_name = 'demographic') p USING (patid)
  ), quarter AS (SELECT patid, last[1] AS scale, ntile(4) OVER (PARTITION BY last[1] ORDER BY last[2]) AS band FROM last_score)
  SELECT d.patid, d.sex, d.race, d.hispanic,
    CASE WHEN d.race IN ('05', 'NI', 'UN', 'OT', 'RF', '07') THEN d.race ELSE 'other' END AS race_2,
    year(v.first_day) - b.year AS age, (year(v.first_day) - b.year) // 5 AS age_5,
    (year(v.first_day) - b.year) // 10 AS age_10, (year(v.first_day) - b.year) // 20 AS age_20,
    v.first_day AS day, date_trunc('month', v.first_day) AS month, year(v.first_day) AS year,
    w.place, left(w.place, 3) AS place_3, left(w.place, 1) AS place_1, c.specialty,
    q.scale || ' ' || q.band AS score_band
  FROM demographic d LEFT JOIN visit v USING (patid) LEFT JOIN quarter q USING (patid)
  LEFT JOIN place w USING (patid) LEFT JOIN care c USING (patid) LEFT JOIN birth b USING (patid)`;

const gone = { column: null, means: "left out" };

function laddersOf({ tables }: PrivacyProfile): Ladder[] {
  const birth = tables.demographic?.birth_date;
  const isBand = birth?.startsWith("band:") || birth === "cap-age";
  const day = tables.pro_collection?.pro_date;
  const ladders: Ladder[] = [
    {
      name: "age",
      steps: [
        { column: "age", means: isBand ? "as it leaves" : "in years" },
        { column: "age_5", means: "bands of 5 years" },
        { column: "age_10", means: "bands of 10 years" },
        { column: "age_20", means: "bands of 20 years" },
        gone,
      ],
    },
    { name: "sex", steps: [{ column: "sex", means: "as it is" }, gone] },
    {
      name: "race",
      steps: [
        { column: "race", means: "as it is" },
        { column: "race_2", means: "white, other, unknown" },
        gone,
      ],
    },
    { name: "ethnicity", steps: [{ column: "hispanic", means: "as it is" }, gone] },
  ];
  // A shifted day is nothing that an attacker could know.
  if (day === "keep" || day === "year-only") {
    const steps = [
      { column: "day", means: "the day" },
      { column: "month", means: "the month" },
      { column: "year", means: "the year" },
      gone,
    ];
    ladders.push({ name: "first visit", steps: isObfuscated(day) ? steps.slice(2) : steps });
  }
  return ladders;
}

/** Where people are treated, as far as it leaves: whoever knows somebody knows that. */
async function placesIn(store: DuckDb): Promise<Ladder[]> {
  const has = await store.one<Record<string, boolean>>(`
    SELECT bool_or(place IS NOT NULL) AS place, bool_or(length(place) > 3) AS is_fine, bool_or(specialty IS NOT NULL) AS specialty
    FROM person`);
  const place = [
    { column: "place", means: "five digits of the ZIP code" },
    { column: "place_3", means: "three digits of the ZIP code" },
    { column: "place_1", means: "one digit of the ZIP code" },
    gone,
  ];
  return [
    ...(has.place ? [{ name: "place of care", steps: place.slice(has.is_fine ? 0 : 1) }] : []),
    ...(has.specialty
      ? [{ name: "specialty", steps: [{ column: "specialty", means: "as it is" }, gone] }]
      : []),
  ];
}
