-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("Id"), '') AS "Id",
    nullif(trim("BIRTHDATE"), '') AS "BIRTHDATE",
    nullif(trim("DEATHDATE"), '') AS "DEATHDATE",
    nullif(trim("SSN"), '') AS "SSN",
    nullif(trim("DRIVERS"), '') AS "DRIVERS",
    nullif(trim("PASSPORT"), '') AS "PASSPORT",
    nullif(trim("FIRST"), '') AS "FIRST",
    nullif(trim("LAST"), '') AS "LAST",
    nullif(trim("RACE"), '') AS "RACE",
    nullif(trim("ETHNICITY"), '') AS "ETHNICITY",
    nullif(trim("GENDER"), '') AS "GENDER",
    nullif(trim("ADDRESS"), '') AS "ADDRESS",
    nullif(trim("CITY"), '') AS "CITY",
    nullif(trim("STATE"), '') AS "STATE",
    nullif(trim("ZIP"), '') AS "ZIP"
  FROM read_csv(
    'patients.csv',
    columns = {'Id': 'VARCHAR', 'BIRTHDATE': 'VARCHAR', 'DEATHDATE': 'VARCHAR', 'SSN': 'VARCHAR', 'DRIVERS': 'VARCHAR', 'PASSPORT': 'VARCHAR', 'PREFIX': 'VARCHAR', 'FIRST': 'VARCHAR', 'LAST': 'VARCHAR', 'SUFFIX': 'VARCHAR', 'MAIDEN': 'VARCHAR', 'MARITAL': 'VARCHAR', 'RACE': 'VARCHAR', 'ETHNICITY': 'VARCHAR', 'GENDER': 'VARCHAR', 'BIRTHPLACE': 'VARCHAR', 'ADDRESS': 'VARCHAR', 'CITY': 'VARCHAR', 'STATE': 'VARCHAR', 'COUNTY': 'VARCHAR', 'ZIP': 'VARCHAR', 'LAT': 'VARCHAR', 'LON': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN strlen("BIRTHDATE") = 10 AND CAST(TRY_CAST("BIRTHDATE" AS DATE) AS VARCHAR) = "BIRTHDATE" THEN "BIRTHDATE" WHEN regexp_full_match("BIRTHDATE", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("BIRTHDATE" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("BIRTHDATE", ' ', 'T') END AS "BIRTHDATE as ISO",
    CASE WHEN strlen("DEATHDATE") = 10 AND CAST(TRY_CAST("DEATHDATE" AS DATE) AS VARCHAR) = "DEATHDATE" THEN "DEATHDATE" WHEN regexp_full_match("DEATHDATE", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("DEATHDATE" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("DEATHDATE", ' ', 'T') END AS "DEATHDATE as ISO"
  FROM cells
)
SELECT
  * EXCLUDE ("BIRTHDATE", "DEATHDATE"),
  CASE
    WHEN "BIRTHDATE" IS NOT NULL AND "BIRTHDATE as ISO" IS NULL THEN 'BIRTHDATE'
    WHEN "DEATHDATE" IS NOT NULL AND "DEATHDATE as ISO" IS NULL THEN 'DEATHDATE'
  END AS propool_bad
FROM dates
) TO 'csv_1.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- patients.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'patients.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'patients' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_1;

-- patients.csv: patients
INSERT INTO intake_patient BY NAME
SELECT
  rowid + 1 AS record_key,
  "Id" AS "patient_key",
  "LAST" AS "family_name",
  "FIRST" AS "given_name",
  "BIRTHDATE as ISO" AS "birth_date",
  "GENDER" AS "sex",
  "RACE" AS "race",
  "ETHNICITY" AS "ethnicity",
  "DEATHDATE as ISO" AS "death_date",
  "ADDRESS" AS "address",
  "CITY" AS "city",
  "STATE" AS "state_code",
  "ZIP" AS "zip",
  coalesce("DRIVERS", "PASSPORT") AS "mrn",
  "SSN" AS "ssn"
FROM csv_1
WHERE propool_bad IS NULL;

-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("Id"), '') AS "Id",
    nullif(trim("START"), '') AS "START",
    nullif(trim("STOP"), '') AS "STOP",
    nullif(trim("PATIENT"), '') AS "PATIENT",
    nullif(trim("PROVIDER"), '') AS "PROVIDER",
    nullif(trim("ENCOUNTERCLASS"), '') AS "ENCOUNTERCLASS"
  FROM read_csv(
    'encounters.csv',
    columns = {'Id': 'VARCHAR', 'START': 'VARCHAR', 'STOP': 'VARCHAR', 'PATIENT': 'VARCHAR', 'ORGANIZATION': 'VARCHAR', 'PROVIDER': 'VARCHAR', 'PAYER': 'VARCHAR', 'ENCOUNTERCLASS': 'VARCHAR', 'CODE': 'VARCHAR', 'DESCRIPTION': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN strlen("START") = 10 AND CAST(TRY_CAST("START" AS DATE) AS VARCHAR) = "START" THEN "START" WHEN regexp_full_match("START", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("START" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("START", ' ', 'T') END AS "START as ISO",
    CASE WHEN strlen("STOP") = 10 AND CAST(TRY_CAST("STOP" AS DATE) AS VARCHAR) = "STOP" THEN "STOP" WHEN regexp_full_match("STOP", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("STOP" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("STOP", ' ', 'T') END AS "STOP as ISO"
  FROM cells
)
SELECT
  * EXCLUDE ("START", "STOP"),
  CASE
    WHEN "START" IS NOT NULL AND "START as ISO" IS NULL THEN 'START'
    WHEN "STOP" IS NOT NULL AND "STOP as ISO" IS NULL THEN 'STOP'
  END AS propool_bad
FROM dates
) TO 'csv_2.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- encounters.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'encounters.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'encounters' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_2;

-- encounters.csv: encounters
INSERT INTO intake_encounter BY NAME
SELECT
  rowid + 1 AS record_key,
  "PATIENT" AS "patient_key",
  "Id" AS "encounter_key",
  "START as ISO" AS "start_at",
  "STOP as ISO" AS "end_at",
  "ENCOUNTERCLASS" AS "class",
  "PROVIDER" AS "provider_key"
FROM csv_2
WHERE propool_bad IS NULL;

-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("START"), '') AS "START",
    nullif(trim("STOP"), '') AS "STOP",
    nullif(trim("PATIENT"), '') AS "PATIENT",
    nullif(trim("ENCOUNTER"), '') AS "ENCOUNTER",
    nullif(trim("CODE"), '') AS "CODE"
  FROM read_csv(
    'conditions.csv',
    columns = {'START': 'VARCHAR', 'STOP': 'VARCHAR', 'PATIENT': 'VARCHAR', 'ENCOUNTER': 'VARCHAR', 'CODE': 'VARCHAR', 'DESCRIPTION': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN strlen("START") = 10 AND CAST(TRY_CAST("START" AS DATE) AS VARCHAR) = "START" THEN "START" WHEN regexp_full_match("START", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("START" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("START", ' ', 'T') END AS "START as ISO",
    CASE WHEN strlen("STOP") = 10 AND CAST(TRY_CAST("STOP" AS DATE) AS VARCHAR) = "STOP" THEN "STOP" WHEN regexp_full_match("STOP", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("STOP" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("STOP", ' ', 'T') END AS "STOP as ISO"
  FROM cells
)
SELECT
  * EXCLUDE ("STOP"),
  CASE
    WHEN "START" IS NOT NULL AND "START as ISO" IS NULL THEN 'START'
    WHEN "STOP" IS NOT NULL AND "STOP as ISO" IS NULL THEN 'STOP'
  END AS propool_bad
FROM dates
) TO 'csv_3.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- conditions.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'conditions.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'conditions' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_3;

-- conditions.csv: conditions
INSERT INTO intake_condition BY NAME
SELECT
  rowid + 1 AS record_key,
  "PATIENT" AS "patient_key",
  "ENCOUNTER" AS "encounter_key",
  "PATIENT" || chr(31) || concat_ws(chr(31), coalesce("ENCOUNTER", ''), coalesce("CODE", ''), coalesce("START", '')) AS "condition_key",
  "CODE" AS "code",
  'http://snomed.info/sct' AS "code_system",
  "START as ISO" AS "onset_at",
  "STOP as ISO" AS "resolved_at"
FROM csv_3
WHERE propool_bad IS NULL;

-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("DATE"), '') AS "DATE",
    nullif(trim("PATIENT"), '') AS "PATIENT",
    nullif(trim("ENCOUNTER"), '') AS "ENCOUNTER",
    nullif(trim("CODE"), '') AS "CODE",
    nullif(trim("DESCRIPTION"), '') AS "DESCRIPTION",
    nullif(trim("VALUE"), '') AS "VALUE"
  FROM read_csv(
    'observations.csv',
    columns = {'DATE': 'VARCHAR', 'PATIENT': 'VARCHAR', 'ENCOUNTER': 'VARCHAR', 'CATEGORY': 'VARCHAR', 'CODE': 'VARCHAR', 'DESCRIPTION': 'VARCHAR', 'VALUE': 'VARCHAR', 'UNITS': 'VARCHAR', 'TYPE': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN strlen("DATE") = 10 AND CAST(TRY_CAST("DATE" AS DATE) AS VARCHAR) = "DATE" THEN "DATE" WHEN regexp_full_match("DATE", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("DATE" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("DATE", ' ', 'T') END AS "DATE as ISO"
  FROM cells
)
SELECT
  *,
  CASE
    WHEN "DATE" IS NOT NULL AND "DATE as ISO" IS NULL THEN 'DATE'
  END AS propool_bad
FROM dates
) TO 'csv_4.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- observations.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'observations.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'long' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_4;

-- observations.csv: rows of one administration
CREATE TEMP TABLE csv_4_answer AS
WITH answer AS (
  SELECT
    rowid + 1 AS record_key,
    "PATIENT" AS group_1,
    "ENCOUNTER" AS group_2,
    "DATE" AS group_3,
    "PATIENT" AS "patient_key",
    "ENCOUNTER" AS "encounter_key",
    "DATE as ISO" AS "answered_at",
    "CODE" AS item_code,
    'http://loinc.org' AS item_system,
    "DESCRIPTION" AS item_text,
    "VALUE" AS answer_num,
    NULL::VARCHAR AS answer_text,
    NULL::VARCHAR AS answer_code,
    NULL::VARCHAR AS answer_system
  FROM csv_4
  WHERE propool_bad IS NULL
),
recognised AS (
  SELECT
    *,
    0 AS instrument,
    NULL::VARCHAR AS part_id,
    false AS is_score
  FROM answer
),
known AS (
  SELECT * FROM recognised
  WHERE (instrument > 0 OR item_code IN (SELECT code FROM code WHERE code_system IS DISTINCT FROM 'propool'))
),
first AS (
  SELECT patient_key, group_1, group_2, group_3, instrument, min(record_key) AS first_key
  FROM known
  GROUP BY ALL
),
together AS (
  SELECT known.*, first.first_key
  FROM known JOIN first ON first.patient_key IS NOT DISTINCT FROM known.patient_key AND first.group_1 IS NOT DISTINCT FROM known.group_1 AND first.group_2 IS NOT DISTINCT FROM known.group_2 AND first.group_3 IS NOT DISTINCT FROM known.group_3 AND first.instrument IS NOT DISTINCT FROM known.instrument
)
SELECT
  * EXCLUDE (first_key, group_1, group_2, group_3),
  first_key || '.' || instrument AS administration_key
FROM together;

-- observations.csv: rows that are about something else
UPDATE intake_record SET state = 'out_of_scope', reason = 'SOURCE_NOT_A_SURVEY'
WHERE state IS NULL
  AND record_key BETWEEN 1 AND 1 + (SELECT count(*) FROM csv_4) - 1
  AND record_key NOT IN (SELECT record_key FROM csv_4_answer);

-- observations.csv: codes that nobody knows
INSERT INTO intake_unknown_code BY NAME
WITH coded AS (
  SELECT "CODE" AS code
  FROM csv_4
  WHERE propool_bad IS NULL AND rowid + 1 NOT IN (SELECT record_key FROM csv_4_answer)
)
SELECT 'observations.csv' AS where_file, code, count(*) AS times
FROM coded
WHERE NOT regexp_full_match(code, '(LA|LP)?\d{1,7}-\d|\d{6,18}')
GROUP BY code
ORDER BY times DESC, code
LIMIT 1000;

-- observations.csv: administrations
INSERT INTO intake_administration BY NAME
SELECT
  min(record_key) AS record_key,
  administration_key,
  arg_min("patient_key", record_key) AS "patient_key",
  arg_min("encounter_key", record_key) AS "encounter_key",
  arg_min("answered_at", record_key) AS "answered_at",
  CASE WHEN count(answered_at) > 0 THEN 'stated' END AS answered_origin
FROM csv_4_answer
GROUP BY administration_key
ORDER BY record_key;

-- observations.csv: responses
INSERT INTO intake_response BY NAME
WITH present AS (
  SELECT
    * EXCLUDE (answer_num, answer_text, answer_code),
    'skipped' AS why,
    answer_num,
    answer_text,
    answer_code
  FROM csv_4_answer
),
number AS (
  SELECT * EXCLUDE (answer_num), answer_num AS word, CASE WHEN NOT contains(answer_num, '_') THEN TRY_CAST(answer_num AS DECIMAL(18,6)) END AS answer_num
  FROM present
)
SELECT
  record_key,
  administration_key,
  'VALUE' AS where_pointer,
  coalesce(part_id, item_code) AS item_code,
  CASE WHEN part_id IS NOT NULL THEN 'propool' ELSE item_system END AS item_system,
  item_text,
  answer_code,
  answer_system,
  coalesce(answer_text, CASE WHEN answer_num IS NULL THEN word END) AS answer_text,
  answer_num,
  CASE WHEN coalesce(word, answer_code, answer_text) IS NULL THEN why END AS missing,
  'reported' AS origin
FROM number
WHERE NOT (is_score AND coalesce(word, answer_code, answer_text) IS NULL)
ORDER BY record_key;
