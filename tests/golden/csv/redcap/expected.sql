-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("record_id"), '') AS "record_id",
    nullif(trim("redcap_event_name"), '') AS "redcap_event_name",
    nullif(trim("redcap_repeat_instance"), '') AS "redcap_repeat_instance",
    nullif(trim("dob"), '') AS "dob",
    nullif(trim("sex"), '') AS "sex",
    nullif(trim("phq9_timestamp"), '') AS "phq9_timestamp",
    nullif(trim("phq9_1"), '') AS "phq9_1",
    nullif(trim("phq9_2"), '') AS "phq9_2",
    nullif(trim("phq9_9"), '') AS "phq9_9",
    nullif(trim("phq9_difficulty"), '') AS "phq9_difficulty",
    nullif(trim("phq9_total"), '') AS "phq9_total",
    nullif(trim("phq9_notes"), '') AS "phq9_notes",
    nullif(trim("phq9_complete"), '') AS "phq9_complete",
    nullif(trim("drinks___0"), '') AS "drinks___0",
    nullif(trim("drinks___1"), '') AS "drinks___1",
    nullif(trim("drinks___4"), '') AS "drinks___4",
    nullif(trim("alcohol_complete"), '') AS "alcohol_complete"
  FROM read_csv(
    'Clinic_DATA_2024-03-05_0930.csv',
    columns = {'record_id': 'VARCHAR', 'redcap_event_name': 'VARCHAR', 'redcap_repeat_instrument': 'VARCHAR', 'redcap_repeat_instance': 'VARCHAR', 'dob': 'VARCHAR', 'sex': 'VARCHAR', 'demographics_complete': 'VARCHAR', 'phq9_timestamp': 'VARCHAR', 'phq9_1': 'VARCHAR', 'phq9_2': 'VARCHAR', 'phq9_9': 'VARCHAR', 'phq9_difficulty': 'VARCHAR', 'phq9_total': 'VARCHAR', 'phq9_notes': 'VARCHAR', 'phq9_complete': 'VARCHAR', 'drinks___0': 'VARCHAR', 'drinks___1': 'VARCHAR', 'drinks___4': 'VARCHAR', 'alcohol_complete': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN strlen(CASE WHEN "dob" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "dob" END) = 10 AND CAST(TRY_CAST(CASE WHEN "dob" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "dob" END AS DATE) AS VARCHAR) = CASE WHEN "dob" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "dob" END THEN CASE WHEN "dob" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "dob" END WHEN regexp_full_match(CASE WHEN "dob" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "dob" END, '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left(CASE WHEN "dob" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "dob" END || '-01-01', 10) AS DATE) IS NOT NULL THEN replace(CASE WHEN "dob" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "dob" END, ' ', 'T') END AS "dob as ISO",
    CASE WHEN strlen(CASE WHEN "phq9_timestamp" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "phq9_timestamp" END) = 10 AND CAST(TRY_CAST(CASE WHEN "phq9_timestamp" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "phq9_timestamp" END AS DATE) AS VARCHAR) = CASE WHEN "phq9_timestamp" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "phq9_timestamp" END THEN CASE WHEN "phq9_timestamp" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "phq9_timestamp" END WHEN regexp_full_match(CASE WHEN "phq9_timestamp" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "phq9_timestamp" END, '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left(CASE WHEN "phq9_timestamp" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "phq9_timestamp" END || '-01-01', 10) AS DATE) IS NOT NULL THEN replace(CASE WHEN "phq9_timestamp" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "phq9_timestamp" END, ' ', 'T') END AS "phq9_timestamp as ISO"
  FROM cells
)
SELECT
  * EXCLUDE ("dob", "phq9_timestamp"),
  CASE
    WHEN CASE WHEN "dob" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "dob" END IS NOT NULL AND "dob as ISO" IS NULL THEN 'dob'
    WHEN CASE WHEN "phq9_timestamp" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "phq9_timestamp" END IS NOT NULL AND "phq9_timestamp as ISO" IS NULL THEN 'phq9_timestamp'
  END AS propool_bad
FROM dates
) TO 'csv_1.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- Clinic_DATA_2024-03-05_0930.csv: people
INSERT INTO intake_patient BY NAME
WITH stated AS (
  SELECT
    rowid + 1 AS key,
    "record_id" AS "patient_key",
    "dob as ISO" AS "birth_date",
    CASE CASE WHEN "sex" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "sex" END WHEN '1' THEN 'Female' WHEN '2' THEN 'Male' ELSE CASE WHEN "sex" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "sex" END END AS "sex"
  FROM csv_1
  WHERE propool_bad IS NULL
),
different AS (
  SELECT min(key) AS key, * EXCLUDE (key)
  FROM stated
  GROUP BY ALL
),
filled AS (
  SELECT
    key,
    patient_key,
    coalesce("birth_date", arg_min("birth_date", key) OVER (PARTITION BY patient_key)) AS "birth_date",
    coalesce("sex", arg_min("sex", key) OVER (PARTITION BY patient_key)) AS "sex"
  FROM different
)
SELECT min(key) AS record_key, * EXCLUDE (key)
FROM filled
GROUP BY ALL
ORDER BY record_key;

-- Clinic_DATA_2024-03-05_0930.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'Clinic_DATA_2024-03-05_0930.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'wide' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_1;

-- Clinic_DATA_2024-03-05_0930.csv: administrations of phq-9
INSERT INTO intake_administration BY NAME
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    record_key || '.' || 1 AS administration_key,
    "record_id" AS "patient_key",
    "phq9_timestamp as ISO" AS "answered_at",
    CASE WHEN "phq9_complete" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "phq9_complete" END AS "status",
    'phq-9' AS instrument_code,
    'propool' AS instrument_system,
    CASE WHEN "record_id" IS NOT NULL OR "redcap_event_name" IS NOT NULL OR "redcap_repeat_instance" IS NOT NULL THEN concat_ws(chr(31), 'phq-9', coalesce("record_id", ''), coalesce("redcap_event_name", ''), coalesce("redcap_repeat_instance", '')) END AS source_id
  FROM csv_1
  WHERE propool_bad IS NULL
    AND ("phq9_1" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_2" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_9" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_difficulty" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_total" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_notes" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_timestamp as ISO" IS NOT NULL)
)
SELECT
  *,
  CASE WHEN answered_at IS NOT NULL THEN 'stated' END AS answered_origin
FROM given;

-- Clinic_DATA_2024-03-05_0930.csv: what is said of phq-9
CREATE TEMP TABLE csv_1_phrase_1 AS
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    "phq9_1", "phq9_2", "phq9_9", "phq9_difficulty", "phq9_total", "phq9_notes", "drinks___4"
  FROM csv_1
  WHERE propool_bad IS NULL
    AND ("phq9_1" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_2" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_9" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_difficulty" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_total" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_notes" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_timestamp as ISO" IS NOT NULL)
),
cell AS (
  SELECT
    record_key,
    unnest([0, 1, 2, 3, 4, 5]) AS place,
    unnest(["phq9_1", "phq9_2", "phq9_9", "phq9_difficulty", "phq9_total", "phq9_notes"]) AS raw,
    unnest(['skipped', 'skipped', CASE WHEN (coalesce(TRY_CAST(coalesce("phq9_2", '') AS DOUBLE) > TRY_CAST('1' AS DOUBLE), false) OR (coalesce("drinks___4", '') = '1' OR coalesce(TRY_CAST(coalesce("drinks___4", '') AS DOUBLE) = TRY_CAST('1' AS DOUBLE), false))) THEN 'skipped' ELSE 'not_shown' END, 'NI', 'skipped', 'skipped']) AS blank
  FROM given
),
different AS (
  SELECT DISTINCT * EXCLUDE (record_key) FROM cell
),
part AS (
  SELECT * FROM (VALUES
    (0, 'item', 'PHQ9_1', 'phq9_1'),
    (1, 'item', 'PHQ9_2', 'phq9_2'),
    (2, 'item', 'PHQ9_9', 'phq9_9'),
    (3, 'item', 'PHQ9_10', 'phq9_difficulty'),
    (4, 'score', 'total', 'phq9_total'),
    (5, 'comment', 'comment', 'phq9_notes')
  ) AS part (place, part, item_code, where_pointer)
),
named AS (
  SELECT *, raw AS word, CASE place WHEN 0 THEN CASE raw WHEN '1' THEN 'Not at all' WHEN '2' THEN 'Several days' WHEN '3' THEN 'More than half the days' WHEN '4' THEN 'Nearly every day' END WHEN 1 THEN CASE raw WHEN '1' THEN 'Not at all' WHEN '2' THEN 'Several days' WHEN '3' THEN 'More than half the days' WHEN '4' THEN 'Nearly every day' END WHEN 2 THEN CASE raw WHEN '1' THEN 'Not at all' WHEN '2' THEN 'Several days' WHEN '3' THEN 'More than half the days' WHEN '4' THEN 'Nearly every day' END WHEN 3 THEN CASE raw WHEN '0' THEN 'Not difficult at all' WHEN '1' THEN 'Somewhat difficult' WHEN '2' THEN 'Very difficult' WHEN '3' THEN 'Extremely difficult' END END AS label
  FROM different JOIN part USING (place)
),
answer AS (
  SELECT *, CASE WHEN raw IS NULL THEN blank ELSE CASE raw WHEN '[not completed]' THEN 'skipped' WHEN 'NASK' THEN 'NASK' WHEN 'ASKU' THEN 'ASKU' WHEN 'NI' THEN 'NI' WHEN 'UNK' THEN 'NI' WHEN 'NA' THEN 'not_shown' END END AS missing, CASE WHEN raw NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN word END AS answer
  FROM named
),
number AS (
  SELECT *, CASE WHEN part <> 'comment' AND label IS NULL THEN CASE WHEN NOT contains(answer, '_') THEN TRY_CAST(answer AS DECIMAL(18,6)) END END AS answer_num
  FROM answer
  WHERE part = 'item' OR missing IS NULL
)
SELECT
  row_number() OVER (ORDER BY place, raw, blank) + (SELECT count(*) FROM intake_phrase) AS phrase,
  1 AS block,
  place,
  raw,
  blank,
  where_pointer,
  item_code,
  CASE WHEN part = 'comment' THEN 'free-text' ELSE 'propool' END AS item_system,
  answer_num,
  CASE WHEN label IS NOT NULL AND answer IS NOT NULL THEN 'redcap|' || answer END AS answer_code,
  CASE WHEN answer_num IS NULL THEN CASE WHEN answer IS NOT NULL THEN coalesce(label, answer) END END AS answer_text,
  missing,
  'reported' AS origin
FROM number;

-- Clinic_DATA_2024-03-05_0930.csv: the same for the mapping
INSERT INTO intake_phrase BY NAME
SELECT * EXCLUDE (blank) REPLACE (nullif(raw, coalesce(answer_text, rtrim(rtrim(CAST(answer_num AS VARCHAR), '0'), '.'))) AS raw)
FROM csv_1_phrase_1;

-- Clinic_DATA_2024-03-05_0930.csv: responses to phq-9
INSERT INTO intake_given BY NAME
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    "phq9_1", "phq9_2", "phq9_9", "phq9_difficulty", "phq9_total", "phq9_notes", "drinks___4"
  FROM csv_1
  WHERE propool_bad IS NULL
    AND ("phq9_1" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_2" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_9" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_difficulty" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_total" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_notes" NOT IN ('[not completed]', 'NASK', 'NI', 'UNK', 'NA')
      OR "phq9_timestamp as ISO" IS NOT NULL)
),
cell AS (
  SELECT
    record_key,
    unnest([0, 1, 2, 3, 4, 5]) AS place,
    unnest(["phq9_1", "phq9_2", "phq9_9", "phq9_difficulty", "phq9_total", "phq9_notes"]) AS raw,
    unnest(['skipped', 'skipped', CASE WHEN (coalesce(TRY_CAST(coalesce("phq9_2", '') AS DOUBLE) > TRY_CAST('1' AS DOUBLE), false) OR (coalesce("drinks___4", '') = '1' OR coalesce(TRY_CAST(coalesce("drinks___4", '') AS DOUBLE) = TRY_CAST('1' AS DOUBLE), false))) THEN 'skipped' ELSE 'not_shown' END, 'NI', 'skipped', 'skipped']) AS blank
  FROM given
)
SELECT cell.record_key, said.phrase
FROM cell JOIN csv_1_phrase_1 AS said ON said.place = cell.place AND said.raw IS NOT DISTINCT FROM cell.raw AND said.blank = cell.blank;

-- Clinic_DATA_2024-03-05_0930.csv: administrations of audit-c
INSERT INTO intake_administration BY NAME
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    record_key || '.' || 2 AS administration_key,
    "record_id" AS "patient_key",
    CASE WHEN "alcohol_complete" NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN "alcohol_complete" END AS "status",
    'audit-c' AS instrument_code,
    'propool' AS instrument_system,
    CASE WHEN "record_id" IS NOT NULL OR "redcap_event_name" IS NOT NULL OR "redcap_repeat_instance" IS NOT NULL THEN concat_ws(chr(31), 'audit-c', coalesce("record_id", ''), coalesce("redcap_event_name", ''), coalesce("redcap_repeat_instance", '')) END AS source_id
  FROM csv_1
  WHERE propool_bad IS NULL
    AND (coalesce(lower("drinks___0") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false)
      OR coalesce(lower("drinks___1") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false)
      OR coalesce(lower("drinks___4") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false))
)
SELECT
  *,
  NULL AS answered_origin
FROM given;

-- Clinic_DATA_2024-03-05_0930.csv: what is said of audit-c
CREATE TEMP TABLE csv_1_phrase_2 AS
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    "drinks___0", "drinks___1", "drinks___4", "phq9_2"
  FROM csv_1
  WHERE propool_bad IS NULL
    AND (coalesce(lower("drinks___0") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false)
      OR coalesce(lower("drinks___1") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false)
      OR coalesce(lower("drinks___4") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false))
),
cell AS (
  SELECT
    record_key,
    unnest([6, 7, 8, 9]) AS place,
    unnest([CASE WHEN coalesce(lower("drinks___0") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false) THEN '0' END, CASE WHEN coalesce(lower("drinks___1") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false) THEN '1' END, CASE WHEN coalesce(lower("drinks___4") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false) THEN '4' END, CASE WHEN coalesce(lower("drinks___0") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false) OR coalesce(lower("drinks___1") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false) OR coalesce(lower("drinks___4") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false) THEN 'ticked' END]) AS raw
  FROM given
),
different AS (
  SELECT DISTINCT * EXCLUDE (record_key) FROM cell
),
part AS (
  SELECT * FROM (VALUES
    (6, 'option', 'AUDITC1', 'drinks___0'),
    (7, 'option', 'AUDITC1', 'drinks___1'),
    (8, 'option', 'AUDITC1', 'drinks___4'),
    (9, 'unticked', 'AUDITC1', 'drinks___0')
  ) AS part (place, part, item_code, where_pointer)
),
named AS (
  SELECT *, raw AS word
  FROM different JOIN part USING (place)
),
answer AS (
  SELECT *, CASE WHEN raw IS NULL THEN 'skipped' ELSE CASE raw WHEN '[not completed]' THEN 'skipped' WHEN 'NASK' THEN 'NASK' WHEN 'ASKU' THEN 'ASKU' WHEN 'NI' THEN 'NI' WHEN 'UNK' THEN 'NI' WHEN 'NA' THEN 'not_shown' END END AS missing, CASE WHEN raw NOT IN ('[not completed]', 'NASK', 'ASKU', 'NI', 'UNK', 'NA') THEN word END AS answer
  FROM named
),
number AS (
  SELECT *, CASE WHEN NOT contains(answer, '_') THEN TRY_CAST(answer AS DECIMAL(18,6)) END AS answer_num
  FROM answer
  WHERE CASE part WHEN 'unticked' THEN word IS NULL ELSE part = 'item' OR missing IS NULL END
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

-- Clinic_DATA_2024-03-05_0930.csv: the same for the mapping
INSERT INTO intake_phrase BY NAME
SELECT * EXCLUDE (blank) REPLACE (nullif(raw, coalesce(answer_text, rtrim(rtrim(CAST(answer_num AS VARCHAR), '0'), '.'))) AS raw)
FROM csv_1_phrase_2;

-- Clinic_DATA_2024-03-05_0930.csv: responses to audit-c
INSERT INTO intake_given BY NAME
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    "drinks___0", "drinks___1", "drinks___4", "phq9_2"
  FROM csv_1
  WHERE propool_bad IS NULL
    AND (coalesce(lower("drinks___0") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false)
      OR coalesce(lower("drinks___1") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false)
      OR coalesce(lower("drinks___4") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false))
),
cell AS (
  SELECT
    record_key,
    unnest([6, 7, 8, 9]) AS place,
    unnest([CASE WHEN coalesce(lower("drinks___0") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false) THEN '0' END, CASE WHEN coalesce(lower("drinks___1") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false) THEN '1' END, CASE WHEN coalesce(lower("drinks___4") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false) THEN '4' END, CASE WHEN coalesce(lower("drinks___0") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false) OR coalesce(lower("drinks___1") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false) OR coalesce(lower("drinks___4") IN ('1', 'checked', 'yes', 'y', 'true', 'x'), false) THEN 'ticked' END]) AS raw
  FROM given
)
SELECT cell.record_key, said.phrase
FROM cell JOIN csv_1_phrase_2 AS said ON said.place = cell.place AND said.raw IS NOT DISTINCT FROM cell.raw;
