-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("Id"), '') AS "Id",
    nullif(trim("BIRTHDATE"), '') AS "BIRTHDATE",
    nullif(trim("DEATHDATE"), '') AS "DEATHDATE",
    nullif(trim("DEAD"), '') AS "DEAD",
    nullif(trim("LAST"), '') AS "LAST",
    nullif(trim("FIRST"), '') AS "FIRST",
    nullif(trim("GENDER"), '') AS "GENDER",
    nullif(trim("ZIP"), '') AS "ZIP"
  FROM read_csv(
    'patients.csv',
    columns = {'Id': 'VARCHAR', 'BIRTHDATE': 'VARCHAR', 'DEATHDATE': 'VARCHAR', 'DEAD': 'VARCHAR', 'LAST': 'VARCHAR', 'FIRST': 'VARCHAR', 'GENDER': 'VARCHAR', 'ZIP': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN strlen(CASE WHEN "BIRTHDATE" NOT IN ('NULL') THEN "BIRTHDATE" END) = 10 AND CAST(TRY_CAST(CASE WHEN "BIRTHDATE" NOT IN ('NULL') THEN "BIRTHDATE" END AS DATE) AS VARCHAR) = CASE WHEN "BIRTHDATE" NOT IN ('NULL') THEN "BIRTHDATE" END THEN CASE WHEN "BIRTHDATE" NOT IN ('NULL') THEN "BIRTHDATE" END WHEN regexp_full_match(CASE WHEN "BIRTHDATE" NOT IN ('NULL') THEN "BIRTHDATE" END, '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left(CASE WHEN "BIRTHDATE" NOT IN ('NULL') THEN "BIRTHDATE" END || '-01-01', 10) AS DATE) IS NOT NULL THEN replace(CASE WHEN "BIRTHDATE" NOT IN ('NULL') THEN "BIRTHDATE" END, ' ', 'T') END AS "BIRTHDATE as ISO",
    CASE WHEN strlen(CASE WHEN "DEATHDATE" NOT IN ('NULL') THEN "DEATHDATE" END) = 10 AND CAST(TRY_CAST(CASE WHEN "DEATHDATE" NOT IN ('NULL') THEN "DEATHDATE" END AS DATE) AS VARCHAR) = CASE WHEN "DEATHDATE" NOT IN ('NULL') THEN "DEATHDATE" END THEN CASE WHEN "DEATHDATE" NOT IN ('NULL') THEN "DEATHDATE" END WHEN regexp_full_match(CASE WHEN "DEATHDATE" NOT IN ('NULL') THEN "DEATHDATE" END, '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left(CASE WHEN "DEATHDATE" NOT IN ('NULL') THEN "DEATHDATE" END || '-01-01', 10) AS DATE) IS NOT NULL THEN replace(CASE WHEN "DEATHDATE" NOT IN ('NULL') THEN "DEATHDATE" END, ' ', 'T') END AS "DEATHDATE as ISO"
  FROM cells
)
SELECT
  * EXCLUDE ("BIRTHDATE", "DEATHDATE"),
  CASE
    WHEN CASE WHEN "BIRTHDATE" NOT IN ('NULL') THEN "BIRTHDATE" END IS NOT NULL AND "BIRTHDATE as ISO" IS NULL THEN 'BIRTHDATE'
    WHEN CASE WHEN "DEATHDATE" NOT IN ('NULL') THEN "DEATHDATE" END IS NOT NULL AND "DEATHDATE as ISO" IS NULL THEN 'DEATHDATE'
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
  CASE WHEN "LAST" NOT IN ('NULL') THEN "LAST" END AS "family_name",
  CASE WHEN "FIRST" NOT IN ('NULL') THEN "FIRST" END AS "given_name",
  "BIRTHDATE as ISO" AS "birth_date",
  CASE WHEN "GENDER" NOT IN ('NULL') THEN "GENDER" END AS "sex",
  "DEATHDATE as ISO" AS "death_date",
  CASE WHEN lower(CASE WHEN "DEAD" NOT IN ('NULL') THEN "DEAD" END) IN ('1', 'y', 'yes', 't', 'true') THEN true WHEN lower(CASE WHEN "DEAD" NOT IN ('NULL') THEN "DEAD" END) IN ('0', 'n', 'no', 'f', 'false') THEN false END AS "deceased",
  CASE WHEN "ZIP" NOT IN ('NULL') THEN "ZIP" END AS "zip"
FROM csv_1
WHERE propool_bad IS NULL;

-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("Id"), '') AS "Id",
    nullif(trim("PATIENT"), '') AS "PATIENT",
    nullif(trim("START"), '') AS "START",
    nullif(trim("STOP"), '') AS "STOP",
    nullif(trim("ENCOUNTERCLASS"), '') AS "ENCOUNTERCLASS"
  FROM read_csv(
    'encounters.csv',
    columns = {'Id': 'VARCHAR', 'PATIENT': 'VARCHAR', 'START': 'VARCHAR', 'STOP': 'VARCHAR', 'ENCOUNTERCLASS': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ';', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN strlen("START") = 10 AND CAST(TRY_CAST("START" AS DATE) AS VARCHAR) = "START" THEN "START" WHEN regexp_full_match("START", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("START" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("START", ' ', 'T') END AS "START as ISO",
    strftime(try_strptime(regexp_replace("STOP", '\s*(Z|[+-]\d\d:?\d\d)$', ''), '%Y-%m-%d %H:%M:%S'), '%Y-%m-%dT%H:%M:%S') || regexp_extract("STOP", '\s*(Z|[+-]\d\d:?\d\d)$', 1) AS "STOP as ISO %Y-%m-%d %H:%M:%S%z"
  FROM cells
)
SELECT
  * EXCLUDE ("START", "STOP"),
  CASE
    WHEN "START" IS NOT NULL AND "START as ISO" IS NULL THEN 'START'
    WHEN "STOP" IS NOT NULL AND "STOP as ISO %Y-%m-%d %H:%M:%S%z" IS NULL THEN 'STOP'
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
  "STOP as ISO %Y-%m-%d %H:%M:%S%z" AS "end_at",
  "ENCOUNTERCLASS" AS "class"
FROM csv_2
WHERE propool_bad IS NULL;

-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("START"), '') AS "START",
    nullif(trim("PATIENT"), '') AS "PATIENT",
    nullif(trim("ENCOUNTER"), '') AS "ENCOUNTER",
    nullif(trim("CODE"), '') AS "CODE"
  FROM read_csv(
    'conditions.tsv',
    columns = {'START': 'VARCHAR', 'PATIENT': 'VARCHAR', 'ENCOUNTER': 'VARCHAR', 'CODE': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = '	', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    coalesce(strftime(try_strptime("START", '%Y-%m'), '%Y-%m'), strftime(try_strptime("START", '%Y'), '%Y')) AS "START as ISO %Y-%m %Y"
  FROM cells
)
SELECT
  * EXCLUDE ("START"),
  CASE
    WHEN "START" IS NOT NULL AND "START as ISO %Y-%m %Y" IS NULL THEN 'START'
  END AS propool_bad
FROM dates
) TO 'csv_3.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- conditions.tsv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'conditions.tsv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'conditions' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_3;

-- conditions.tsv: conditions
INSERT INTO intake_condition BY NAME
SELECT
  rowid + 1 AS record_key,
  "PATIENT" AS "patient_key",
  "ENCOUNTER" AS "encounter_key",
  "CODE" AS "code",
  'http://snomed.info/sct' AS "code_system",
  "START as ISO %Y-%m %Y" AS "onset_at"
FROM csv_3
WHERE propool_bad IS NULL;
