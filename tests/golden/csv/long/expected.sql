-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("pat"), '') AS "pat",
    nullif(trim("csn"), '') AS "csn",
    nullif(trim("recorded"), '') AS "recorded",
    nullif(trim("code"), '') AS "code",
    nullif(trim("question"), '') AS "question",
    nullif(trim("value"), '') AS "value",
    nullif(trim("words"), '') AS "words"
  FROM read_csv(
    'flowsheet.csv',
    columns = {'pat': 'VARCHAR', 'csn': 'VARCHAR', 'recorded': 'VARCHAR', 'code': 'VARCHAR', 'question': 'VARCHAR', 'value': 'VARCHAR', 'words': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN strlen(CASE WHEN "recorded" NOT IN ('-9', 'n/a') THEN "recorded" END) = 10 AND CAST(TRY_CAST(CASE WHEN "recorded" NOT IN ('-9', 'n/a') THEN "recorded" END AS DATE) AS VARCHAR) = CASE WHEN "recorded" NOT IN ('-9', 'n/a') THEN "recorded" END THEN CASE WHEN "recorded" NOT IN ('-9', 'n/a') THEN "recorded" END WHEN regexp_full_match(CASE WHEN "recorded" NOT IN ('-9', 'n/a') THEN "recorded" END, '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left(CASE WHEN "recorded" NOT IN ('-9', 'n/a') THEN "recorded" END || '-01-01', 10) AS DATE) IS NOT NULL THEN replace(CASE WHEN "recorded" NOT IN ('-9', 'n/a') THEN "recorded" END, ' ', 'T') END AS "recorded as ISO"
  FROM cells
)
SELECT
  *,
  CASE
    WHEN CASE WHEN "recorded" NOT IN ('-9', 'n/a') THEN "recorded" END IS NOT NULL AND "recorded as ISO" IS NULL THEN 'recorded'
  END AS propool_bad
FROM dates
) TO 'csv_1.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- flowsheet.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'flowsheet.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'long' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_1;

-- flowsheet.csv: rows of one administration
CREATE TEMP TABLE csv_1_answer AS
WITH answer AS (
  SELECT
    rowid + 1 AS record_key,
    "csn" AS group_1,
    "recorded" AS group_2,
    "pat" AS "patient_key",
    "csn" AS "encounter_key",
    "recorded as ISO" AS "answered_at",
    "code" AS item_code,
    NULL::VARCHAR AS item_system,
    "question" AS item_text,
    "value" AS answer_num,
    "words" AS answer_text,
    NULL::VARCHAR AS answer_code,
    NULL::VARCHAR AS answer_system
  FROM csv_1
  WHERE propool_bad IS NULL
),
recognised AS (
  SELECT
    *,
    CASE WHEN item_code IN ('F100', 'F101', 'F101b', 'F199') THEN 1 WHEN item_code IN ('F200') THEN 2 ELSE 0 END AS instrument,
    CASE item_code WHEN 'F100' THEN 'PHQ9_1' WHEN 'F101' THEN 'PHQ9_2' WHEN 'F101b' THEN 'PHQ9_2' WHEN 'F199' THEN 'total' WHEN 'F200' THEN 'GAD7_1' END AS part_id,
    coalesce(item_code IN ('F199'), false) AS is_score
  FROM answer
),
known AS (
  SELECT * FROM recognised
),
first AS (
  SELECT patient_key, group_1, group_2, instrument, min(record_key) AS first_key
  FROM known
  GROUP BY ALL
),
together AS (
  SELECT known.*, first.first_key
  FROM known JOIN first ON first.patient_key IS NOT DISTINCT FROM known.patient_key AND first.group_1 IS NOT DISTINCT FROM known.group_1 AND first.group_2 IS NOT DISTINCT FROM known.group_2 AND first.instrument IS NOT DISTINCT FROM known.instrument
)
SELECT
  * EXCLUDE (first_key, group_1, group_2),
  first_key || '.' || instrument AS administration_key
FROM together;

-- flowsheet.csv: administrations
INSERT INTO intake_administration BY NAME
SELECT
  min(record_key) AS record_key,
  administration_key,
  arg_min("patient_key", record_key) AS "patient_key",
  arg_min("encounter_key", record_key) AS "encounter_key",
  arg_min("answered_at", record_key) AS "answered_at",
  CASE any_value(instrument) WHEN 1 THEN 'phq-9' WHEN 2 THEN 'gad-7' ELSE NULL END AS instrument_code,
  CASE WHEN any_value(instrument) > 0 THEN 'propool' ELSE NULL END AS instrument_system,
  CASE WHEN count(answered_at) > 0 THEN 'stated' END AS answered_origin
FROM csv_1_answer
GROUP BY administration_key
ORDER BY record_key;

-- flowsheet.csv: responses
INSERT INTO intake_response BY NAME
WITH present AS (
  SELECT
    * EXCLUDE (answer_num, answer_text, answer_code),
    CASE coalesce(answer_num, answer_code, answer_text) WHEN '-9' THEN 'asked-declined' WHEN 'n/a' THEN 'NASK' ELSE 'skipped' END AS why,
    CASE WHEN coalesce(answer_num, answer_code, answer_text) IN ('-9', 'n/a') THEN coalesce(answer_num, answer_code, answer_text) END AS raw,
    CASE WHEN answer_num NOT IN ('-9', 'n/a') THEN answer_num END AS answer_num,
    CASE WHEN answer_text NOT IN ('-9', 'n/a') THEN answer_text END AS answer_text,
    CASE WHEN answer_code NOT IN ('-9', 'n/a') THEN answer_code END AS answer_code
  FROM csv_1_answer
),
number AS (
  SELECT * EXCLUDE (answer_num), answer_num AS word, CASE WHEN NOT contains(answer_num, '_') THEN TRY_CAST(answer_num AS DECIMAL(18,6)) END AS answer_num
  FROM present
)
SELECT
  record_key,
  administration_key,
  'value' AS where_pointer,
  coalesce(part_id, item_code) AS item_code,
  CASE WHEN part_id IS NOT NULL THEN 'propool' ELSE item_system END AS item_system,
  item_text,
  answer_code,
  answer_system,
  coalesce(answer_text, CASE WHEN answer_num IS NULL THEN word END) AS answer_text,
  answer_num,
  CASE WHEN coalesce(word, answer_code, answer_text) IS NULL THEN why END AS missing,
  'reported' AS origin,
  nullif(raw, coalesce(word, answer_code, answer_text)) AS raw
FROM number
WHERE NOT (is_score AND coalesce(word, answer_code, answer_text) IS NULL)
ORDER BY record_key;
