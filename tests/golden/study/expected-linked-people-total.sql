WITH score AS (
  -- the score that studies use, one row an administration, in grid units
  SELECT
    r.datamartid,
    r.patid,
    d.pro_seq,
    r.pro_date,
    r.pro_time,
    r.pro_method AS method,
    r.pro_mode AS mode,
    d.scale,
    d.decimals,
    CAST(round(r.pro_response_num * 1) AS BIGINT) AS grid,
    r.pro_response_num * 1 AS exact_grid
  FROM pro_cm AS r
  JOIN pro_cm_detail AS d
    ON d.datamartid = r.datamartid AND d.patid = r.patid AND d.pro_cm_id = r.pro_cm_id
  WHERE d.kind = 'score'
    AND d.preferred
    AND d.instrument = 'phq-9'
    AND d.name = 'total'
    AND r.pro_response_num IS NOT NULL
    AND d.origin <> 'linked'
    AND (d.confidence IS NULL OR d.confidence LIKE 'high%' OR d.confidence = 'medium-high')
),
person AS (
  -- who may be in it; numbered, so that groups of people can be compared before they are shown
  SELECT
    p.datamartid,
    p.patid,
    p.birth_date,
    p.sex,
    p.race,
    p.hispanic,
    CAST(row_number() OVER (ORDER BY p.datamartid COLLATE "C", p.patid COLLATE "C") - 1 AS INTEGER) AS head
  FROM demographic AS p
),
index_event AS (
  -- day 0: the first administration in the study's dates
  SELECT
    s.datamartid,
    s.patid,
    min(s.pro_date) AS index_date,
    count(*) AS administrations
  FROM score AS s
  GROUP BY s.datamartid, s.patid
),
eligible AS (
  -- with age in completed years on day 0
  SELECT *
  FROM (
    SELECT
      p.datamartid,
      p.patid,
      p.sex,
      p.race,
      p.hispanic,
      p.head,
      i.index_date,
      i.administrations,
      CAST(extract(year FROM i.index_date) - extract(year FROM p.birth_date)
        - CASE WHEN extract(month FROM i.index_date) * 100 + extract(day FROM i.index_date) < extract(month FROM p.birth_date) * 100 + extract(day FROM p.birth_date) THEN 1 ELSE 0 END AS INTEGER) AS age
    FROM person AS p
    JOIN index_event AS i ON i.datamartid = p.datamartid AND i.patid = p.patid
  ) AS aged
),
score_day AS (
  -- days from the index day
  SELECT
    e.head,
    s.pro_seq,
    s.pro_time,
    s.method,
    s.mode,
    s.grid,
    s.pro_date - e.index_date AS day
  FROM score AS s
  JOIN eligible AS e ON e.datamartid = s.datamartid AND e.patid = s.patid
),
baseline AS (
  -- nearest to day 0 from day 0 to day 0, the earlier one on ties
  SELECT head, pro_seq, method, mode, day, grid
  FROM (
    SELECT
      head,
      pro_seq,
      method,
      mode,
      day,
      grid,
      row_number() OVER (
        PARTITION BY head
        ORDER BY abs(day - (0)), day, pro_time NULLS LAST, pro_seq COLLATE "C"
      ) AS nearness
    FROM score_day
    WHERE day BETWEEN 0 AND 0
  ) AS ranked
  WHERE nearness = 1
),
follow_up AS (
  -- nearest to day 90 from day 60 to day 120, the earlier one on ties
  SELECT head, pro_seq, method, mode, day, grid
  FROM (
    SELECT
      head,
      pro_seq,
      method,
      mode,
      day,
      grid,
      row_number() OVER (
        PARTITION BY head
        ORDER BY abs(day - (90)), day, pro_time NULLS LAST, pro_seq COLLATE "C"
      ) AS nearness
    FROM score_day
    WHERE day BETWEEN 60 AND 120
  ) AS ranked
  WHERE nearness = 1
),
linked AS (
  -- records that linkage found to be one person's, by the number of the first of them
  SELECT p.head, min(p.head) OVER (PARTITION BY l.personid) AS person
  FROM person AS p
  JOIN person_link AS l ON l.datamartid = p.datamartid AND l.patid = p.patid
),
record AS (
  SELECT
    e.datamartid,
    e.patid,
    e.head,
    'sex=' || coalesce(e.sex, 'NI') AS stratum,
    e.administrations,
    e.index_date,
    e.age,
    e.sex,
    e.race,
    e.hispanic,
    b.method,
    b.mode,
    b.pro_seq AS baseline_seq,
    b.grid AS baseline,
    f.day AS follow_up_day,
    f.grid AS follow_up
  FROM eligible AS e
  JOIN baseline AS b ON b.head = e.head
  LEFT JOIN follow_up AS f ON f.head = e.head
),
cohort AS (
  -- one record a person: with a follow-up before without, then the one with most administrations
  SELECT r.*, k.records
  FROM record AS r
  JOIN (
    SELECT
      r.head,
      count(*) OVER (PARTITION BY coalesce(l.person, r.head)) AS records,
      row_number() OVER (
        PARTITION BY coalesce(l.person, r.head)
        ORDER BY r.follow_up IS NULL, r.administrations DESC, r.datamartid COLLATE "C", r.patid COLLATE "C"
      ) AS place
    FROM record AS r
    LEFT JOIN linked AS l ON l.head = r.head
  ) AS k ON k.head = r.head
  WHERE k.place = 1
)
SELECT * FROM cohort
