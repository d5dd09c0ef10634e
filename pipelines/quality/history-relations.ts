import type { Relation } from "./relation.ts";

/**
 * Relations over what refreshes leave behind: `fact` (datamartid, refresh: 0 now, 1 the one before; kind, name, records,
 * people, words). A site without an earlier refresh has no row in them.
 */
export const HISTORY_RELATIONS = {
  change: {
    level: "history",
    row: "a count of this refresh beside the one before",
    key: "name",
    sql: `WITH seen AS (SELECT DISTINCT datamartid FROM fact WHERE refresh = 1)
      SELECT datamartid, kind, name, coalesce(n.records, 0) AS records, coalesce(p.records, 0) AS records_before,
        coalesce(n.people, 0) AS people, coalesce(p.people, 0) AS people_before
      FROM (SELECT * FROM fact WHERE refresh = 0 AND words IS NULL) n
      FULL JOIN (SELECT * FROM fact WHERE refresh = 1 AND words IS NULL) p USING (datamartid, kind, name)
      WHERE datamartid IN (FROM seen)`,
  },
  wording: {
    level: "history",
    row: "an item's wording, or an instrument's version, that was delivered now and before",
    key: "name",
    sql: `SELECT n.datamartid, n.kind, n.name, string_split(n.words, ' ') AS words, string_split(p.words, ' ') AS words_before
      FROM fact n JOIN fact p USING (datamartid, kind, name)
      WHERE n.refresh = 0 AND p.refresh = 1 AND n.words IS NOT NULL AND p.words IS NOT NULL`,
  },
  arrival: {
    level: "history",
    row: "an instrument with what arrived since the refresh before",
    key: "instrument",
    sql: `SELECT n.datamartid, n.name AS instrument, n.records - p.records AS arrived, p.records AS before,
        n.people - p.people AS arrived_complete, p.people AS complete_before
      FROM fact n JOIN fact p USING (datamartid, kind, name)
      WHERE n.refresh = 0 AND p.refresh = 1 AND n.kind = 'completion'`,
  },
  arrival_method: {
    level: "history",
    row: "a way of asking, by instrument, with what arrived since the refresh before",
    key: "name",
    sql: `SELECT p.datamartid, p.name, coalesce(n.records, 0) - p.records AS arrived, p.records AS before,
        sum(coalesce(n.records, 0) - p.records) OVER (PARTITION BY p.datamartid, split_part(p.name, ' ', 1)) AS arrived_all,
        p.records / sum(p.records) OVER (PARTITION BY p.datamartid, split_part(p.name, ' ', 1)) AS share_before
      FROM (SELECT * FROM fact WHERE refresh = 1 AND kind = 'method') p
      LEFT JOIN (SELECT * FROM fact WHERE refresh = 0 AND kind = 'method') n USING (datamartid, kind, name)`,
  },
  shift: {
    level: "history",
    row: "a score with the distribution of what arrived since, and of all before",
    key: "name",
    // Half an observation is added to each bin, so that an empty one has a logarithm.
    sql: `WITH bin AS (
        SELECT datamartid, split_part(name, '|', 1) AS name, split_part(name, '|', 2) AS bin,
          greatest(coalesce(sum(records) FILTER (refresh = 0), 0) - coalesce(sum(records) FILTER (refresh = 1), 0), 0) AS arrived,
          coalesce(sum(records) FILTER (refresh = 1), 0) AS before
        FROM fact WHERE kind = 'bin' AND refresh <= 1 GROUP BY ALL
      ), total AS (
        SELECT datamartid, name, count(*) AS bins, sum(arrived) AS arrived, sum(before) AS before FROM bin GROUP BY ALL
      ), share AS (
        SELECT b.datamartid, b.name, t.arrived, t.before,
          (b.arrived + 0.5) / (t.arrived + 0.5 * t.bins) AS a, (b.before + 0.5) / (t.before + 0.5 * t.bins) AS e
        FROM bin b JOIN total t USING (datamartid, name)
      )
      SELECT datamartid, name, any_value(arrived) AS arrived, any_value(before) AS before, sum((a - e) * ln(a / e)) AS psi
      FROM share GROUP BY datamartid, name HAVING any_value(before) > 0`,
  },
  month: {
    level: "history",
    row: "an instrument and month, from the dates that the source gave",
    key: "instrument || ' ' || month",
    sql: `WITH told AS (
        SELECT datamartid, split_part(name, ' ', 1) AS instrument, CAST(split_part(name, ' ', 2) || '-01' AS DATE) AS day, sum(records) AS n
        FROM fact WHERE refresh = 0 AND kind = 'month' GROUP BY ALL
      ), span AS (
        -- Every site's months up to the one before the run's: the last one is not over.
        SELECT datamartid, instrument, min(day) AS first FROM told GROUP BY ALL
      ), filled AS (
        SELECT s.datamartid, s.instrument, CAST(d.day AS DATE) AS day, coalesce(t.n, 0) AS n
        FROM span s
        CROSS JOIN LATERAL (SELECT unnest(generate_series(s.first, date_trunc('month', getvariable('today')) - INTERVAL 1 MONTH, INTERVAL 1 MONTH)) AS day) d
        LEFT JOIN told t ON t.datamartid = s.datamartid AND t.instrument = s.instrument AND t.day = CAST(d.day AS DATE)
      )
      SELECT datamartid, instrument, strftime(day, '%Y-%m') AS month, n,
        avg(n) OVER half AS mean_6, count(*) OVER half AS months_6,
        avg(n) OVER year AS mean_12, stddev_samp(n) OVER year AS sd_12, count(*) OVER year AS months_12
      FROM filled
      WINDOW half AS (PARTITION BY datamartid, instrument ORDER BY day ROWS BETWEEN 6 PRECEDING AND 1 PRECEDING),
        year AS (PARTITION BY datamartid, instrument ORDER BY day ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING)`,
  },
} as const satisfies Record<string, Relation>;

/** Relations that need several sites side by side. */
export const NETWORK_RELATIONS = {
  network_scale: {
    level: "network",
    row: "a score of a site beside the other sites",
    key: "instrument || ' ' || score",
    sql: `WITH own AS (
        SELECT datamartid, instrument, score, count(*) AS n, avg(value) AS mean, sum(value) AS total, sum(value * value) AS squares
        FROM judged_score WHERE preferred AND value IS NOT NULL AND origin <> 'linked' GROUP BY ALL
      )
      SELECT o.datamartid, o.instrument, o.score, o.n, o.mean, sum(x.n) AS n_others, count(*) AS others,
        sum(x.total) / sum(x.n) AS mean_others,
        sqrt((sum(x.squares) - sum(x.total) * sum(x.total) / sum(x.n)) / nullif(sum(x.n) - 1, 0)) AS sd_others
      FROM own o JOIN own x USING (instrument, score) WHERE x.datamartid <> o.datamartid
      GROUP BY ALL`,
  },
  network_shift: {
    level: "network",
    row: "a score's distribution at a site beside the other sites",
    key: "instrument || ' ' || score",
    sql: `WITH cell AS (
        SELECT s.datamartid, s.instrument, s.score, b.bin,
          coalesce(sum(b.n) FILTER (b.datamartid = s.datamartid), 0) AS own, coalesce(sum(b.n) FILTER (b.datamartid <> s.datamartid), 0) AS rest
        FROM (SELECT DISTINCT datamartid, instrument, score FROM score_bin) s JOIN score_bin b USING (instrument, score)
        GROUP BY ALL
      ), total AS (
        SELECT datamartid, instrument, score, count(*) AS bins, sum(own) AS own, sum(rest) AS rest FROM cell GROUP BY ALL
      )
      SELECT c.datamartid, c.instrument, c.score, any_value(t.own) AS n, any_value(t.rest) AS n_others,
        sum(((c.own + 0.5) / (t.own + 0.5 * t.bins) - (c.rest + 0.5) / (t.rest + 0.5 * t.bins))
          * ln(((c.own + 0.5) / (t.own + 0.5 * t.bins)) / ((c.rest + 0.5) / (t.rest + 0.5 * t.bins)))) AS psi
      FROM cell c JOIN total t USING (datamartid, instrument, score) WHERE t.rest > 0 GROUP BY ALL`,
  },
  network_form: {
    level: "network",
    row: "an instrument at a site beside the other sites",
    key: "instrument",
    sql: `WITH own AS (
        SELECT datamartid, instrument, count(*) AS administrations,
          count(DISTINCT pro_method) FILTER (pro_method NOT IN ('NI', 'UN', 'OT')) AS methods
        FROM pro_collection GROUP BY ALL
      )
      SELECT o.datamartid, o.instrument, o.administrations, o.methods, count(*) AS others, count(*) FILTER (x.methods > 1) AS others_mixed
      FROM own o JOIN own x USING (instrument) WHERE x.datamartid <> o.datamartid GROUP BY ALL`,
  },
} as const satisfies Record<string, Relation>;
