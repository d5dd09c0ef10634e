-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("record_id"), '') AS "record_id",
    nullif(trim("phq9_timestamp"), '') AS "phq9_timestamp",
    nullif(trim("phq9_1"), '') AS "phq9_1",
    nullif(trim("phq9_2"), '') AS "phq9_2",
    nullif(trim("phq9_comments"), '') AS "phq9_comments",
    nullif(trim("phq9_complete"), '') AS "phq9_complete"
  FROM read_csv(
    'data.csv',
    columns = {'record_id': 'VARCHAR', 'phq9_timestamp': 'VARCHAR', 'phq9_1': 'VARCHAR', 'phq9_2': 'VARCHAR', 'phq9_comments': 'VARCHAR', 'phq9_complete': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    strftime(try_strptime(CASE WHEN "phq9_timestamp" NOT IN ('999') THEN "phq9_timestamp" END, '%Y-%m-%d %H:%M:%S'), '%Y-%m-%dT%H:%M:%S') AS "phq9_timestamp as ISO %Y-%m-%d %H:%M:%S"
  FROM cells
)
SELECT
  * EXCLUDE ("phq9_timestamp"),
  CASE
    WHEN CASE WHEN "phq9_timestamp" NOT IN ('999') THEN "phq9_timestamp" END IS NOT NULL AND "phq9_timestamp as ISO %Y-%m-%d %H:%M:%S" IS NULL THEN 'phq9_timestamp'
  END AS propool_bad
FROM dates
) TO 'csv_1.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- data.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'data.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'wide' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_1;

-- data.csv: administrations of phq-9
INSERT INTO intake_administration BY NAME
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    record_key || '.' || 1 AS administration_key,
    "record_id" AS "patient_key",
    CASE WHEN "phq9_complete" NOT IN ('999') THEN "phq9_complete" END AS "status",
    "phq9_timestamp as ISO %Y-%m-%d %H:%M:%S" AS "answered_at",
    'phq-9' AS instrument_code,
    'propool' AS instrument_system
  FROM csv_1
  WHERE propool_bad IS NULL
    AND ("phq9_1" IS NOT NULL
      OR "phq9_2" IS NOT NULL
      OR "phq9_comments" IS NOT NULL
      OR "phq9_timestamp as ISO %Y-%m-%d %H:%M:%S" IS NOT NULL)
)
SELECT
  *,
  CASE WHEN answered_at IS NOT NULL THEN 'stated' END AS answered_origin
FROM given;

-- data.csv: what is said of phq-9
CREATE TEMP TABLE csv_1_phrase_1 AS
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    "phq9_1", "phq9_2", "phq9_comments"
  FROM csv_1
  WHERE propool_bad IS NULL
    AND ("phq9_1" IS NOT NULL
      OR "phq9_2" IS NOT NULL
      OR "phq9_comments" IS NOT NULL
      OR "phq9_timestamp as ISO %Y-%m-%d %H:%M:%S" IS NOT NULL)
),
cell AS (
  SELECT
    record_key,
    unnest([0, 1, 2]) AS place,
    unnest(["phq9_1", "phq9_2", "phq9_comments"]) AS raw
  FROM given
),
different AS (
  SELECT DISTINCT * EXCLUDE (record_key) FROM cell
),
part AS (
  SELECT * FROM (VALUES
    (0, 'item', 'PHQ9_1', 'phq9_1'),
    (1, 'item', 'PHQ9_2', 'phq9_2'),
    (2, 'comment', 'comment', 'phq9_comments')
  ) AS part (place, part, item_code, where_pointer)
),
named AS (
  SELECT *, raw AS word
  FROM different JOIN part USING (place)
),
answer AS (
  SELECT *, CASE WHEN raw IS NULL THEN 'skipped' ELSE CASE raw WHEN '999' THEN 'asked-declined' END END AS missing, CASE WHEN raw NOT IN ('999') THEN word END AS answer
  FROM named
),
number AS (
  SELECT *, CASE WHEN part <> 'comment' THEN CASE WHEN NOT contains(answer, '_') THEN TRY_CAST(answer AS DECIMAL(18,6)) END END AS answer_num
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
  CASE WHEN part = 'comment' THEN 'free-text' ELSE 'propool' END AS item_system,
  answer_num,
  CASE WHEN answer_num IS NULL THEN answer END AS answer_text,
  missing,
  'reported' AS origin
FROM number;

-- data.csv: the same for the mapping
INSERT INTO intake_phrase BY NAME
SELECT * EXCLUDE (blank) REPLACE (nullif(raw, coalesce(answer_text, rtrim(rtrim(CAST(answer_num AS VARCHAR), '0'), '.'))) AS raw)
FROM csv_1_phrase_1;

-- data.csv: responses to phq-9
INSERT INTO intake_given BY NAME
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    "phq9_1", "phq9_2", "phq9_comments"
  FROM csv_1
  WHERE propool_bad IS NULL
    AND ("phq9_1" IS NOT NULL
      OR "phq9_2" IS NOT NULL
      OR "phq9_comments" IS NOT NULL
      OR "phq9_timestamp as ISO %Y-%m-%d %H:%M:%S" IS NOT NULL)
),
cell AS (
  SELECT
    record_key,
    unnest([0, 1, 2]) AS place,
    unnest(["phq9_1", "phq9_2", "phq9_comments"]) AS raw
  FROM given
)
SELECT cell.record_key, said.phrase
FROM cell JOIN csv_1_phrase_1 AS said ON said.place = cell.place AND said.raw IS NOT DISTINCT FROM cell.raw;
