import type { DuckDb } from "../../../warehouse/duckdb.ts";
import type { Instrument, Score } from "../../catalogue/instrument.ts";
import type { Refresh } from "../history.ts";
import type { Verdict } from "../judge.ts";

/** Replaces counts that may not be shown by null; inside a site all may. */
export type Guard = (counts: readonly number[]) => (number | null)[];

export interface ReportInput {
  kind: "site" | "hub";
  name: string;
  sites: readonly string[];
  verdicts: readonly Verdict[];
  /** Newest first. */
  refreshes: readonly Refresh[];
  instruments: readonly Instrument[];
  /** What a reason code means, and what to do. */
  reasons: Readonly<Record<string, { message: string; hint: string }>>;
  guard: Guard;
  /** Whether the page may leave: no key of a person, no code of the source, no small count. */
  isShared: boolean;
  /** YYYY-MM-DD. */
  today: string;
}

export interface ScoreData {
  instrument: Instrument;
  score: Score;
  n: number;
  values: { value: number; n: number }[];
  trajectory: { month: number; n: number; mean: number; sd: number | null }[];
  sites: { site: string; n: number; mean: number; sd: number | null }[];
}

export interface ReportData {
  people: number;
  administrations: number;
  bySite: {
    site: string;
    name: string | null;
    people: number;
    administrations: number;
    answers: number;
  }[];
  months: { instrument: string; month: string; n: number; complete: number }[];
  /** Dates are moved by up to a year, a person at a time: months are blurred. */
  isBlurred: boolean;
  methods: { instrument: string; code: string; n: number }[];
  modes: { instrument: string; code: string; n: number }[];
  origins: { fact: string; origin: string; n: number }[];
  completion: { channel: string; n: number; complete: number }[];
  response: { channel: string; asked: number; answered: number }[];
  scores: ScoreData[];
}

/** Scores that the report draws. */
const SCORES_MAX = 8;
/** Months after the first administration that a trajectory shows. */
const MONTHS_MAX = 12;

/** Everything that the report draws, as counts. `db` is a session of the checks. */
export async function gather(
  db: DuckDb,
  { instruments, refreshes, kind }: Pick<ReportInput, "instruments" | "refreshes" | "kind">,
): Promise<ReportData> {
  const told = (refreshes[0]?.facts ?? []).filter((fact) => fact.kind === "month");
  const months =
    kind === "site" && told.length > 0
      ? told.map(({ name, records, people }) => {
          const [instrument = "", month = ""] = name.split(" ");
          return { instrument, month, n: records ?? 0, complete: people ?? 0 };
        })
      : await db.all<ReportData["months"][number]>(MONTHS);
  const [blurred] = await db.all("SELECT 1 FROM harvest WHERE pro_date_mgmt = '03'");
  const totals = await db.one<{ people: number; administrations: number }>(
    `SELECT CAST(count(DISTINCT (datamartid, patid)) AS DOUBLE) AS people, CAST(count(*) AS DOUBLE) AS administrations FROM pro_collection`,
  );
  return {
    ...totals,
    bySite: await db.all(BY_SITE),
    months,
    isBlurred: blurred !== undefined && (kind === "hub" || told.length === 0),
    methods: await db.all(coded("pro_method")),
    modes: await db.all(coded("pro_mode")),
    origins: await db.all(ORIGINS),
    completion: await db.all(COMPLETION),
    response: await db.all(RESPONSE),
    scores: await gatherScores(db, instruments),
  };
}

const IS_COMPLETE = `c.completion_status IS DISTINCT FROM 'incomplete'
  AND NOT (coalesce(s.valued, 0) > 0 AND s.valued + s.not_shown + s.may_lack < c.items_expected AND c.pro_cat IS DISTINCT FROM 'Y')`;
const SITTING = "LEFT JOIN sitting s ON s.seq = hash(c.datamartid, c.pro_seq)";

const MONTHS = `SELECT c.instrument, strftime(c.pro_date, '%Y-%m') AS month, CAST(count(*) AS DOUBLE) AS n,
    CAST(count(*) FILTER (${IS_COMPLETE}) AS DOUBLE) AS complete
  FROM pro_collection c ${SITTING} GROUP BY ALL ORDER BY ALL`;

const BY_SITE = `SELECT t.datamartid AS site, any_value(h.datamart_name) AS name,
    CAST(coalesce(any_value(c.people), 0) AS DOUBLE) AS people, CAST(coalesce(any_value(c.n), 0) AS DOUBLE) AS administrations,
    CAST(coalesce(any_value(a.n), 0) AS DOUBLE) AS answers
  FROM site t
  LEFT JOIN harvest h ON h.datamartid = t.datamartid
  LEFT JOIN (SELECT datamartid, count(*) AS n, count(DISTINCT patid) AS people FROM pro_collection GROUP BY ALL) c ON c.datamartid = t.datamartid
  LEFT JOIN (SELECT datamartid, sum(alike) AS n FROM answer_kind GROUP BY ALL) a ON a.datamartid = t.datamartid
  GROUP BY t.datamartid ORDER BY t.datamartid`;

const coded = (
  column: string,
) => `SELECT instrument, coalesce(${column}, 'NI') AS code, CAST(count(*) AS DOUBLE) AS n
  FROM pro_collection GROUP BY ALL ORDER BY ALL`;

const FACTS = {
  date: "pro_date_origin",
  method: "pro_method_origin",
  mode: "pro_mode_origin",
  "adaptive test": "pro_cat_origin",
  source: "pro_source_origin",
  language: "language_origin",
  channel: "channel_origin",
  setting: "setting_origin",
  responder: "responder_origin",
};

const ORIGINS = Object.entries(FACTS)
  .map(
    ([fact, column]) =>
      `SELECT '${fact}' AS fact, ${column} AS origin, CAST(count(*) AS DOUBLE) AS n FROM pro_collection GROUP BY ALL`,
  )
  .join(" UNION ALL ");

const COMPLETION = `SELECT coalesce(c.channel, 'not known') AS channel, CAST(count(*) AS DOUBLE) AS n,
    CAST(count(*) FILTER (${IS_COMPLETE}) AS DOUBLE) AS complete
  FROM pro_collection c ${SITTING} GROUP BY ALL ORDER BY n DESC`;

const RESPONSE = `SELECT coalesce(r.channel, 'not known') AS channel, CAST(count(*) AS DOUBLE) AS asked,
    CAST(count(*) FILTER (r.pro_seq IS NOT NULL OR r.status = 'completed' OR a.pro_requestid IS NOT NULL) AS DOUBLE) AS answered
  FROM pro_request r
  LEFT JOIN (SELECT DISTINCT datamartid, pro_requestid FROM pro_collection WHERE pro_requestid IS NOT NULL) a USING (datamartid, pro_requestid)
  WHERE r.status NOT IN ('draft', 'cancelled') GROUP BY ALL ORDER BY asked DESC`;

interface Keyed {
  instrument: string;
  score: string;
}

const PREFERRED = "preferred AND value IS NOT NULL AND origin <> 'linked'";

async function gatherScores(db: DuckDb, instruments: readonly Instrument[]): Promise<ScoreData[]> {
  const values = await db.all<Keyed & { value: number; n: number }>(
    `SELECT instrument, score, value, CAST(count(*) AS DOUBLE) AS n FROM judged_score WHERE ${PREFERRED} GROUP BY ALL ORDER BY ALL`,
  );
  const sites = await db.all<Keyed & ScoreData["sites"][number]>(
    `SELECT instrument, score, datamartid AS site, CAST(count(*) AS DOUBLE) AS n, avg(value) AS mean, stddev_samp(value) AS sd
    FROM judged_score WHERE ${PREFERRED} GROUP BY ALL ORDER BY ALL`,
  );
  const trajectory = await db.all<Keyed & ScoreData["trajectory"][number]>(`WITH dated AS (
      SELECT j.instrument, j.score, j.value, date_diff('day', min(c.pro_date) OVER (PARTITION BY c.datamartid, c.patid, c.instrument), c.pro_date) AS days
      FROM judged_score j JOIN pro_collection c ON hash(c.datamartid, c.pro_seq) = j.seq
      WHERE ${PREFERRED.replace("origin", "j.origin")}
    )
    SELECT instrument, score, CAST(round(days / 30.4375) AS INTEGER) AS month, CAST(count(*) AS DOUBLE) AS n, avg(value) AS mean, stddev_samp(value) AS sd
    FROM dated WHERE days / 30.4375 <= ${MONTHS_MAX} GROUP BY ALL ORDER BY ALL`);
  const own = (one: Keyed, instrument: Instrument, score: Score) =>
    one.instrument === instrument.id && one.score === score.id;
  return instruments
    .flatMap((instrument) => drawnScores(instrument).map((score) => ({ instrument, score })))
    .map(({ instrument, score }) => {
      const mine = values.filter((one) => own(one, instrument, score));
      return {
        instrument,
        score,
        n: mine.reduce((sum, { n }) => sum + n, 0),
        values: mine,
        trajectory: trajectory.filter((one) => own(one, instrument, score)),
        sites: sites.filter((one) => own(one, instrument, score)),
      };
    })
    .filter(({ n }) => n > 0)
    .toSorted((a, b) => b.n - a.n)
    .slice(0, SCORES_MAX);
}

/** The scores that people read: those on the T metric, else those with bands, else the main one. */
function drawnScores({ scores }: Instrument): Score[] {
  const t = scores.filter(({ scale }) => scale === "t");
  if (t.length > 0) return t;
  const banded = scores.filter(({ bands }) => bands.length > 0);
  return banded.length > 0 ? banded : scores.slice(0, 1);
}
