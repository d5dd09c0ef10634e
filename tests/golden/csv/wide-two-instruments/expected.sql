-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("mrn"), '') AS "mrn",
    nullif(trim("visit"), '') AS "visit",
    nullif(trim("taken"), '') AS "taken",
    nullif(trim("phq1"), '') AS "phq1",
    nullif(trim("phq2"), '') AS "phq2",
    nullif(trim("phq3"), '') AS "phq3",
    nullif(trim("phq_total"), '') AS "phq_total",
    nullif(trim("phq_how"), '') AS "phq_how",
    nullif(trim("gad1"), '') AS "gad1",
    nullif(trim("gad2"), '') AS "gad2",
    nullif(trim("gad_time"), '') AS "gad_time"
  FROM read_csv(
    'surveys_2024.csv',
    columns = {'mrn': 'VARCHAR', 'visit': 'VARCHAR', 'clinic': 'VARCHAR', 'taken': 'VARCHAR', 'phq1': 'VARCHAR', 'phq2': 'VARCHAR', 'phq3': 'VARCHAR', 'phq_total': 'VARCHAR', 'phq_how': 'VARCHAR', 'gad1': 'VARCHAR', 'gad2': 'VARCHAR', 'gad_time': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    coalesce(strftime(try_strptime(CASE WHEN "taken" NOT IN ('NA', '-9') THEN "taken" END, '%m/%d/%Y'), '%Y-%m-%d'), CASE WHEN regexp_full_match(CASE WHEN "taken" NOT IN ('NA', '-9') THEN "taken" END, '[12]\d{3}') THEN CASE WHEN "taken" NOT IN ('NA', '-9') THEN "taken" END END, CASE WHEN regexp_matches(CASE WHEN "taken" NOT IN ('NA', '-9') THEN "taken" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "taken" NOT IN ('NA', '-9') THEN "taken" END, '%m/%Y'), '%Y-%m') END) AS "taken as ISO %m/%d/%Y",
    coalesce(strftime(try_strptime(CASE WHEN "gad_time" NOT IN ('NA', '-9') THEN "gad_time" END, '%Y-%m-%d %H:%M'), '%Y-%m-%dT%H:%M:%S'), strftime(try_strptime(CASE WHEN "gad_time" NOT IN ('NA', '-9') THEN "gad_time" END, '%Y-%m-%d'), '%Y-%m-%d'), CASE WHEN regexp_full_match(CASE WHEN "gad_time" NOT IN ('NA', '-9') THEN "gad_time" END, '[12]\d{3}') THEN CASE WHEN "gad_time" NOT IN ('NA', '-9') THEN "gad_time" END END, CASE WHEN regexp_matches(CASE WHEN "gad_time" NOT IN ('NA', '-9') THEN "gad_time" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "gad_time" NOT IN ('NA', '-9') THEN "gad_time" END, '%Y-%m'), '%Y-%m') END) AS "gad_time as ISO %Y-%m-%d %H:%M %Y-%m-%d"
  FROM cells
)
SELECT
  * EXCLUDE ("taken", "gad_time"),
  CASE
    WHEN CASE WHEN "taken" NOT IN ('NA', '-9') THEN "taken" END IS NOT NULL AND "taken as ISO %m/%d/%Y" IS NULL THEN 'taken'
    WHEN CASE WHEN "gad_time" NOT IN ('NA', '-9') THEN "gad_time" END IS NOT NULL AND "gad_time as ISO %Y-%m-%d %H:%M %Y-%m-%d" IS NULL THEN 'gad_time'
  END AS propool_bad
FROM dates
) TO 'csv_1.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- surveys_2024.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'surveys_2024.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'wide' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_1;

-- surveys_2024.csv: administrations of phq-9
INSERT INTO intake_administration BY NAME
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    record_key || '.' || 1 AS administration_key,
    "mrn" AS "patient_key",
    "visit" AS "encounter_key",
    "taken as ISO %m/%d/%Y" AS "answered_at",
    'en' AS "language",
    CASE WHEN "phq_how" NOT IN ('NA', '-9') THEN "phq_how" END AS "method",
    'phq-9' AS instrument_code,
    'propool' AS instrument_system,
    CASE WHEN "mrn" IS NOT NULL OR "visit" IS NOT NULL THEN concat_ws(chr(31), 'phq-9', coalesce("mrn", ''), coalesce("visit", '')) END AS source_id
  FROM csv_1
  WHERE propool_bad IS NULL
    AND ("phq1" NOT IN ('NA', '-9')
      OR "phq2" NOT IN ('NA', '-9')
      OR "phq3" NOT IN ('NA', '-9')
      OR "phq_total" NOT IN ('NA', '-9'))
)
SELECT
  *,
  CASE WHEN answered_at IS NOT NULL THEN 'stated' END AS answered_origin
FROM given;

-- surveys_2024.csv: what is said of phq-9
CREATE TEMP TABLE csv_1_phrase_1 AS
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    "phq1", "phq2", "phq3", "phq_total"
  FROM csv_1
  WHERE propool_bad IS NULL
    AND ("phq1" NOT IN ('NA', '-9')
      OR "phq2" NOT IN ('NA', '-9')
      OR "phq3" NOT IN ('NA', '-9')
      OR "phq_total" NOT IN ('NA', '-9'))
),
cell AS (
  SELECT
    record_key,
    unnest([0, 1, 2, 3]) AS place,
    unnest(["phq1", "phq2", "phq3", "phq_total"]) AS raw
  FROM given
),
different AS (
  SELECT DISTINCT * EXCLUDE (record_key) FROM cell
),
part AS (
  SELECT * FROM (VALUES
    (0, 'item', 'PHQ9_1', 'phq1'),
    (1, 'item', 'PHQ9_2', 'phq2'),
    (2, 'item', 'PHQ9_3', 'phq3'),
    (3, 'score', 'total', 'phq_total')
  ) AS part (place, part, item_code, where_pointer)
),
named AS (
  SELECT *, raw AS word
  FROM different JOIN part USING (place)
),
answer AS (
  SELECT *, CASE WHEN raw IS NULL THEN 'skipped' ELSE CASE raw WHEN 'NA' THEN 'skipped' WHEN '-9' THEN 'skipped' END END AS missing, CASE WHEN raw NOT IN ('NA', '-9') THEN word END AS answer
  FROM named
),
number AS (
  SELECT *, CASE WHEN NOT contains(answer, '_') THEN TRY_CAST(answer AS DECIMAL(18,6)) END AS answer_num
  FROM answer
  WHERE part = 'item' OR missing IS NULL
)
SELECT
  row_number() OVER (ORDER BY place, raw) + (SELECT count(*) FROM intake_phrase) AS phrase,
  1 AS block,
  place,
  raw,
  NULL::VARCHAR AS blank,
  where_pointer,
  item_code,
  'propool' AS item_system,
  answer_num,
  CASE WHEN answer_num IS NULL THEN answer END AS answer_text,
  missing,
  'reported' AS origin
FROM number;

-- surveys_2024.csv: the same for the mapping
INSERT INTO intake_phrase BY NAME
SELECT * EXCLUDE (blank) REPLACE (nullif(raw, coalesce(answer_text, rtrim(rtrim(CAST(answer_num AS VARCHAR), '0'), '.'))) AS raw)
FROM csv_1_phrase_1;

-- surveys_2024.csv: responses to phq-9
INSERT INTO intake_given BY NAME
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    "phq1", "phq2", "phq3", "phq_total"
  FROM csv_1
  WHERE propool_bad IS NULL
    AND ("phq1" NOT IN ('NA', '-9')
      OR "phq2" NOT IN ('NA', '-9')
      OR "phq3" NOT IN ('NA', '-9')
      OR "phq_total" NOT IN ('NA', '-9'))
),
cell AS (
  SELECT
    record_key,
    unnest([0, 1, 2, 3]) AS place,
    unnest(["phq1", "phq2", "phq3", "phq_total"]) AS raw
  FROM given
)
SELECT cell.record_key, said.phrase
FROM cell JOIN csv_1_phrase_1 AS said ON said.place = cell.place AND said.raw IS NOT DISTINCT FROM cell.raw;

-- surveys_2024.csv: administrations of gad-7
INSERT INTO intake_administration BY NAME
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    record_key || '.' || 2 AS administration_key,
    "mrn" AS "patient_key",
    "visit" AS "encounter_key",
    "gad_time as ISO %Y-%m-%d %H:%M %Y-%m-%d" AS "answered_at",
    'en' AS "language",
    'tablet' AS "channel",
    'gad-7' AS instrument_code,
    'propool' AS instrument_system
  FROM csv_1
  WHERE propool_bad IS NULL
    AND ("gad1" NOT IN ('NA', '-9')
      OR "gad2" NOT IN ('NA', '-9')
      OR "gad_time as ISO %Y-%m-%d %H:%M %Y-%m-%d" IS NOT NULL)
)
SELECT
  *,
  CASE WHEN answered_at IS NOT NULL THEN 'stated' END AS answered_origin
FROM given;

-- surveys_2024.csv: what is said of gad-7
CREATE TEMP TABLE csv_1_phrase_2 AS
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    "gad1", "gad2"
  FROM csv_1
  WHERE propool_bad IS NULL
    AND ("gad1" NOT IN ('NA', '-9')
      OR "gad2" NOT IN ('NA', '-9')
      OR "gad_time as ISO %Y-%m-%d %H:%M %Y-%m-%d" IS NOT NULL)
),
cell AS (
  SELECT
    record_key,
    unnest([4, 5]) AS place,
    unnest(["gad1", "gad2"]) AS raw
  FROM given
),
different AS (
  SELECT DISTINCT * EXCLUDE (record_key) FROM cell
),
part AS (
  SELECT * FROM (VALUES
    (4, 'item', 'GAD7_1', 'gad1'),
    (5, 'item', 'GAD7_2', 'gad2')
  ) AS part (place, part, item_code, where_pointer)
),
named AS (
  SELECT *, raw AS word
  FROM different JOIN part USING (place)
),
answer AS (
  SELECT *, CASE WHEN raw IS NULL THEN 'skipped' ELSE CASE raw WHEN 'NA' THEN 'skipped' WHEN '-9' THEN 'skipped' END END AS missing, CASE WHEN raw NOT IN ('NA', '-9') THEN word END AS answer
  FROM named
),
number AS (
  SELECT *, CASE WHEN NOT contains(answer, '_') THEN TRY_CAST(answer AS DECIMAL(18,6)) END AS answer_num
  FROM answer
  WHERE part = 'item' OR missing IS NULL
)
SELECT
  row_number() OVER (ORDER BY place, raw) + (SELECT count(*) FROM intake_phrase) AS phrase,
  2 AS block,
  place,
  raw,
  NULL::VARCHAR AS blank,
  where_pointer,
  item_code,
  'propool' AS item_system,
  answer_num,
  CASE WHEN answer_num IS NULL THEN answer END AS answer_text,
  missing,
  'reported' AS origin
FROM number;

-- surveys_2024.csv: the same for the mapping
INSERT INTO intake_phrase BY NAME
SELECT * EXCLUDE (blank) REPLACE (nullif(raw, coalesce(answer_text, rtrim(rtrim(CAST(answer_num AS VARCHAR), '0'), '.'))) AS raw)
FROM csv_1_phrase_2;

-- surveys_2024.csv: responses to gad-7
INSERT INTO intake_given BY NAME
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    "gad1", "gad2"
  FROM csv_1
  WHERE propool_bad IS NULL
    AND ("gad1" NOT IN ('NA', '-9')
      OR "gad2" NOT IN ('NA', '-9')
      OR "gad_time as ISO %Y-%m-%d %H:%M %Y-%m-%d" IS NOT NULL)
),
cell AS (
  SELECT
    record_key,
    unnest([4, 5]) AS place,
    unnest(["gad1", "gad2"]) AS raw
  FROM given
)
SELECT cell.record_key, said.phrase
FROM cell JOIN csv_1_phrase_2 AS said ON said.place = cell.place AND said.raw IS NOT DISTINCT FROM cell.raw;
