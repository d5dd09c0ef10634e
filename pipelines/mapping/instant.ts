/**
 * The macro `instant_of(time)`: microseconds since 1970 of an ISO time; null for a day, and for a local time of a site that names no
 * zone. Nothing is made up: a day has no midnight, and an offset is honoured. Needs the variable `site_zone`.
 */
export const INSTANT_OF = `CREATE OR REPLACE TEMP MACRO instant_of(t) AS CASE
  WHEN regexp_matches(t, 'T.*(Z|[+-][0-9]{2}:?[0-9]{2})$') THEN epoch_us(TRY_CAST(t AS TIMESTAMPTZ))
  WHEN regexp_matches(t, '[T ][0-9]{2}:[0-9]{2}') AND getvariable('site_zone') IS NOT NULL
    THEN epoch_us(timezone(getvariable('site_zone'), TRY_CAST(t AS TIMESTAMP)))
  END`;
