-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("PATID"), '') AS "PATID",
    nullif(trim("BIRTH_DATE"), '') AS "BIRTH_DATE",
    nullif(trim("SEX"), '') AS "SEX",
    nullif(trim("HISPANIC"), '') AS "HISPANIC",
    nullif(trim("RACE"), '') AS "RACE",
    nullif(trim("PAT_PREF_LANGUAGE_SPOKEN"), '') AS "PAT_PREF_LANGUAGE_SPOKEN"
  FROM read_csv(
    'DEMOGRAPHIC.csv',
    columns = {'PATID': 'VARCHAR', 'BIRTH_DATE': 'VARCHAR', 'BIRTH_TIME': 'VARCHAR', 'SEX': 'VARCHAR', 'SEXUAL_ORIENTATION': 'VARCHAR', 'GENDER_IDENTITY': 'VARCHAR', 'HISPANIC': 'VARCHAR', 'RACE': 'VARCHAR', 'BIOBANK_FLAG': 'VARCHAR', 'PAT_PREF_LANGUAGE_SPOKEN': 'VARCHAR', 'RAW_SEX': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    coalesce(strftime(try_strptime(CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END, '%Y-%m-%d'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END, '%Y-%m-%d %H:%M:%S'), '%Y-%m-%dT%H:%M:%S'), strftime(try_strptime(CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END, '%d%b%Y'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END, '%Y%m%d'), '%Y-%m-%d'), CASE WHEN regexp_full_match(CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END, '[12]\d{3}') THEN CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END, '%Y-%m'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END, '[12]\d{3}') THEN CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END, '%b%Y'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END, '[12]\d{3}') THEN CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END, '%Y%m'), '%Y-%m') END) AS "BIRTH_DATE as ISO %Y-%m-%d %Y-%m-%d %H:%M:%S %d%b%Y %Y%m%d"
  FROM cells
)
SELECT
  * EXCLUDE ("BIRTH_DATE"),
  CASE
    WHEN CASE WHEN "BIRTH_DATE" NOT IN ('NI', 'UN') THEN "BIRTH_DATE" END IS NOT NULL AND "BIRTH_DATE as ISO %Y-%m-%d %Y-%m-%d %H:%M:%S %d%b%Y %Y%m%d" IS NULL THEN 'BIRTH_DATE'
  END AS propool_bad
FROM dates
) TO 'csv_1.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- DEMOGRAPHIC.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'DEMOGRAPHIC.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'patients' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_1;

-- DEMOGRAPHIC.csv: patients
INSERT INTO intake_patient BY NAME
SELECT
  rowid + 1 AS record_key,
  "PATID" AS "patient_key",
  "BIRTH_DATE as ISO %Y-%m-%d %Y-%m-%d %H:%M:%S %d%b%Y %Y%m%d" AS "birth_date",
  CASE WHEN "SEX" NOT IN ('NI', 'UN') THEN "SEX" END AS "sex",
  CASE WHEN "RACE" NOT IN ('NI', 'UN') THEN "RACE" END AS "race",
  CASE WHEN "HISPANIC" NOT IN ('NI', 'UN') THEN "HISPANIC" END AS "ethnicity",
  CASE WHEN "PAT_PREF_LANGUAGE_SPOKEN" NOT IN ('NI', 'UN') THEN "PAT_PREF_LANGUAGE_SPOKEN" END AS "language"
FROM csv_1
WHERE propool_bad IS NULL;

-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("ENCOUNTERID"), '') AS "ENCOUNTERID",
    nullif(trim("PATID"), '') AS "PATID",
    nullif(trim("ADMIT_DATE"), '') AS "ADMIT_DATE",
    nullif(trim("ADMIT_TIME"), '') AS "ADMIT_TIME",
    nullif(trim("DISCHARGE_DATE"), '') AS "DISCHARGE_DATE",
    nullif(trim("DISCHARGE_TIME"), '') AS "DISCHARGE_TIME",
    nullif(trim("PROVIDERID"), '') AS "PROVIDERID",
    nullif(trim("ENC_TYPE"), '') AS "ENC_TYPE",
    nullif(trim("FACILITY_TYPE"), '') AS "FACILITY_TYPE"
  FROM read_csv(
    'ENCOUNTER.csv',
    columns = {'ENCOUNTERID': 'VARCHAR', 'PATID': 'VARCHAR', 'ADMIT_DATE': 'VARCHAR', 'ADMIT_TIME': 'VARCHAR', 'DISCHARGE_DATE': 'VARCHAR', 'DISCHARGE_TIME': 'VARCHAR', 'PROVIDERID': 'VARCHAR', 'FACILITY_LOCATION': 'VARCHAR', 'ENC_TYPE': 'VARCHAR', 'FACILITY_TYPE': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN CASE WHEN "ADMIT_TIME" NOT IN ('NI', 'UN') THEN "ADMIT_TIME" END IS NULL THEN left(coalesce(strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%Y-%m-%d'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%Y-%m-%d %H:%M:%S'), '%Y-%m-%dT%H:%M:%S'), strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%d%b%Y'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%Y%m%d'), '%Y-%m-%d'), CASE WHEN regexp_full_match(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '[12]\d{3}') THEN CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%Y-%m'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '[12]\d{3}') THEN CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%b%Y'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '[12]\d{3}') THEN CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%Y%m'), '%Y-%m') END), 10) WHEN regexp_full_match(CASE WHEN "ADMIT_TIME" NOT IN ('NI', 'UN') THEN "ADMIT_TIME" END, '([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?') THEN left(coalesce(strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%Y-%m-%d'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%Y-%m-%d %H:%M:%S'), '%Y-%m-%dT%H:%M:%S'), strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%d%b%Y'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%Y%m%d'), '%Y-%m-%d'), CASE WHEN regexp_full_match(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '[12]\d{3}') THEN CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%Y-%m'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '[12]\d{3}') THEN CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%b%Y'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '[12]\d{3}') THEN CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END, '%Y%m'), '%Y-%m') END), 10) || 'T' || lpad(CASE WHEN "ADMIT_TIME" NOT IN ('NI', 'UN') THEN "ADMIT_TIME" END, CASE WHEN length(CASE WHEN "ADMIT_TIME" NOT IN ('NI', 'UN') THEN "ADMIT_TIME" END) < 6 THEN 5 ELSE 8 END, '0') END AS "ADMIT_DATE ADMIT_TIME as ISO %Y-%m-%d %Y-%m-%d %H:%M:%S %d%b%Y %Y%m%d",
    CASE WHEN CASE WHEN "DISCHARGE_TIME" NOT IN ('NI', 'UN') THEN "DISCHARGE_TIME" END IS NULL THEN left(coalesce(strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%Y-%m-%d'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%Y-%m-%d %H:%M:%S'), '%Y-%m-%dT%H:%M:%S'), strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%d%b%Y'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%Y%m%d'), '%Y-%m-%d'), CASE WHEN regexp_full_match(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '[12]\d{3}') THEN CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%Y-%m'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '[12]\d{3}') THEN CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%b%Y'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '[12]\d{3}') THEN CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%Y%m'), '%Y-%m') END), 10) WHEN regexp_full_match(CASE WHEN "DISCHARGE_TIME" NOT IN ('NI', 'UN') THEN "DISCHARGE_TIME" END, '([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?') THEN left(coalesce(strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%Y-%m-%d'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%Y-%m-%d %H:%M:%S'), '%Y-%m-%dT%H:%M:%S'), strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%d%b%Y'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%Y%m%d'), '%Y-%m-%d'), CASE WHEN regexp_full_match(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '[12]\d{3}') THEN CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%Y-%m'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '[12]\d{3}') THEN CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%b%Y'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '[12]\d{3}') THEN CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END, '%Y%m'), '%Y-%m') END), 10) || 'T' || lpad(CASE WHEN "DISCHARGE_TIME" NOT IN ('NI', 'UN') THEN "DISCHARGE_TIME" END, CASE WHEN length(CASE WHEN "DISCHARGE_TIME" NOT IN ('NI', 'UN') THEN "DISCHARGE_TIME" END) < 6 THEN 5 ELSE 8 END, '0') END AS "DISCHARGE_DATE DISCHARGE_TIME as ISO %Y-%m-%d %Y-%m-%d %H:%M:%S %d%b%Y %Y%m%d"
  FROM cells
)
SELECT
  * EXCLUDE ("ADMIT_DATE", "ADMIT_TIME", "DISCHARGE_DATE", "DISCHARGE_TIME"),
  CASE
    WHEN CASE WHEN "ADMIT_DATE" NOT IN ('NI', 'UN') THEN "ADMIT_DATE" END IS NOT NULL AND "ADMIT_DATE ADMIT_TIME as ISO %Y-%m-%d %Y-%m-%d %H:%M:%S %d%b%Y %Y%m%d" IS NULL THEN 'ADMIT_DATE'
    WHEN CASE WHEN "DISCHARGE_DATE" NOT IN ('NI', 'UN') THEN "DISCHARGE_DATE" END IS NOT NULL AND "DISCHARGE_DATE DISCHARGE_TIME as ISO %Y-%m-%d %Y-%m-%d %H:%M:%S %d%b%Y %Y%m%d" IS NULL THEN 'DISCHARGE_DATE'
  END AS propool_bad
FROM dates
) TO 'csv_2.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- ENCOUNTER.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'ENCOUNTER.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'encounters' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_2;

-- ENCOUNTER.csv: encounters
INSERT INTO intake_encounter BY NAME
SELECT
  rowid + 1 AS record_key,
  "PATID" AS "patient_key",
  "ENCOUNTERID" AS "encounter_key",
  "ADMIT_DATE ADMIT_TIME as ISO %Y-%m-%d %Y-%m-%d %H:%M:%S %d%b%Y %Y%m%d" AS "start_at",
  "DISCHARGE_DATE DISCHARGE_TIME as ISO %Y-%m-%d %Y-%m-%d %H:%M:%S %d%b%Y %Y%m%d" AS "end_at",
  CASE WHEN "ENC_TYPE" NOT IN ('NI', 'UN') THEN "ENC_TYPE" END AS "class",
  CASE WHEN "FACILITY_TYPE" NOT IN ('NI', 'UN') THEN "FACILITY_TYPE" END AS "facility_type",
  "PROVIDERID" AS "provider_key"
FROM csv_2
WHERE propool_bad IS NULL;

-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("PATID"), '') AS "PATID",
    nullif(trim("ENCOUNTERID"), '') AS "ENCOUNTERID",
    nullif(trim("PRO_DATE"), '') AS "PRO_DATE",
    nullif(trim("PRO_TIME"), '') AS "PRO_TIME",
    nullif(trim("PRO_NAME"), '') AS "PRO_NAME",
    nullif(trim("PRO_CODE"), '') AS "PRO_CODE",
    nullif(trim("PRO_RESPONSE_TEXT"), '') AS "PRO_RESPONSE_TEXT",
    nullif(trim("PRO_RESPONSE_NUM"), '') AS "PRO_RESPONSE_NUM",
    nullif(trim("PRO_METHOD"), '') AS "PRO_METHOD",
    nullif(trim("PRO_MODE"), '') AS "PRO_MODE",
    nullif(trim("PRO_CAT"), '') AS "PRO_CAT",
    nullif(trim("PRO_SOURCE"), '') AS "PRO_SOURCE",
    nullif(trim("PRO_VERSION"), '') AS "PRO_VERSION",
    nullif(trim("PRO_SEQ"), '') AS "PRO_SEQ",
    nullif(trim("PRO_TEXT"), '') AS "PRO_TEXT"
  FROM read_csv(
    'pro_cm.csv',
    columns = {'PRO_CM_ID': 'VARCHAR', 'PATID': 'VARCHAR', 'ENCOUNTERID': 'VARCHAR', 'PRO_DATE': 'VARCHAR', 'PRO_TIME': 'VARCHAR', 'PRO_TYPE': 'VARCHAR', 'PRO_NAME': 'VARCHAR', 'PRO_CODE': 'VARCHAR', 'PRO_RESPONSE_TEXT': 'VARCHAR', 'PRO_RESPONSE_NUM': 'VARCHAR', 'PRO_METHOD': 'VARCHAR', 'PRO_MODE': 'VARCHAR', 'PRO_CAT': 'VARCHAR', 'PRO_SOURCE': 'VARCHAR', 'PRO_VERSION': 'VARCHAR', 'PRO_SEQ': 'VARCHAR', 'PRO_FULLNAME': 'VARCHAR', 'PRO_TEXT': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN CASE WHEN "PRO_TIME" NOT IN ('NI', 'UN') THEN "PRO_TIME" END IS NULL THEN left(coalesce(strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%Y-%m-%d'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%Y-%m-%d %H:%M:%S'), '%Y-%m-%dT%H:%M:%S'), strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%d%b%Y'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%Y%m%d'), '%Y-%m-%d'), CASE WHEN regexp_full_match(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '[12]\d{3}') THEN CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%Y-%m'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '[12]\d{3}') THEN CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%b%Y'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '[12]\d{3}') THEN CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%Y%m'), '%Y-%m') END), 10) WHEN regexp_full_match(CASE WHEN "PRO_TIME" NOT IN ('NI', 'UN') THEN "PRO_TIME" END, '([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?') THEN left(coalesce(strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%Y-%m-%d'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%Y-%m-%d %H:%M:%S'), '%Y-%m-%dT%H:%M:%S'), strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%d%b%Y'), '%Y-%m-%d'), strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%Y%m%d'), '%Y-%m-%d'), CASE WHEN regexp_full_match(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '[12]\d{3}') THEN CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%Y-%m'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '[12]\d{3}') THEN CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%b%Y'), '%Y-%m') END, CASE WHEN regexp_full_match(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '[12]\d{3}') THEN CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END END, CASE WHEN regexp_matches(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '[12]\d{3}') THEN strftime(try_strptime(CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END, '%Y%m'), '%Y-%m') END), 10) || 'T' || lpad(CASE WHEN "PRO_TIME" NOT IN ('NI', 'UN') THEN "PRO_TIME" END, CASE WHEN length(CASE WHEN "PRO_TIME" NOT IN ('NI', 'UN') THEN "PRO_TIME" END) < 6 THEN 5 ELSE 8 END, '0') END AS "PRO_DATE PRO_TIME as ISO %Y-%m-%d %Y-%m-%d %H:%M:%S %d%b%Y %Y%m%d"
  FROM cells
)
SELECT
  *,
  CASE
    WHEN CASE WHEN "PRO_DATE" NOT IN ('NI', 'UN') THEN "PRO_DATE" END IS NOT NULL AND "PRO_DATE PRO_TIME as ISO %Y-%m-%d %Y-%m-%d %H:%M:%S %d%b%Y %Y%m%d" IS NULL THEN 'PRO_DATE'
  END AS propool_bad
FROM dates
) TO 'csv_3.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- pro_cm.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'pro_cm.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'long' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_3;

-- pro_cm.csv: rows of one administration
CREATE TEMP TABLE csv_3_answer AS
WITH answer AS (
  SELECT
    rowid + 1 AS record_key,
    "PATID" AS group_1,
    "PRO_SEQ" AS group_2,
    "PRO_DATE" AS group_3,
    "PRO_TIME" AS group_4,
    "PATID" AS "patient_key",
    "ENCOUNTERID" AS "encounter_key",
    CASE WHEN "PRO_VERSION" NOT IN ('NI', 'UN') THEN "PRO_VERSION" END AS "instrument_version",
    "PRO_DATE PRO_TIME as ISO %Y-%m-%d %Y-%m-%d %H:%M:%S %d%b%Y %Y%m%d" AS "answered_at",
    CASE WHEN "PRO_METHOD" NOT IN ('NI', 'UN') THEN "PRO_METHOD" END AS "method",
    CASE WHEN "PRO_MODE" NOT IN ('NI', 'UN') THEN "PRO_MODE" END AS "mode",
    CASE WHEN "PRO_CAT" NOT IN ('NI', 'UN') THEN "PRO_CAT" END AS "cat",
    CASE WHEN "PRO_SOURCE" NOT IN ('NI', 'UN') THEN "PRO_SOURCE" END AS "pro_source",
    coalesce("PRO_CODE", "PRO_NAME") AS item_code,
    NULL::VARCHAR AS item_system,
    "PRO_TEXT" AS item_text,
    "PRO_RESPONSE_NUM" AS answer_num,
    "PRO_RESPONSE_TEXT" AS answer_text,
    NULL::VARCHAR AS answer_code,
    NULL::VARCHAR AS answer_system
  FROM csv_3
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
),
first AS (
  SELECT patient_key, group_1, group_2, group_3, group_4, instrument, min(record_key) AS first_key
  FROM known
  GROUP BY ALL
),
together AS (
  SELECT known.*, first.first_key
  FROM known JOIN first ON first.patient_key IS NOT DISTINCT FROM known.patient_key AND first.group_1 IS NOT DISTINCT FROM known.group_1 AND first.group_2 IS NOT DISTINCT FROM known.group_2 AND first.group_3 IS NOT DISTINCT FROM known.group_3 AND first.group_4 IS NOT DISTINCT FROM known.group_4 AND first.instrument IS NOT DISTINCT FROM known.instrument
)
SELECT
  * EXCLUDE (first_key, group_1, group_2, group_3, group_4),
  first_key || '.' || instrument AS administration_key
FROM together;

-- pro_cm.csv: administrations
INSERT INTO intake_administration BY NAME
SELECT
  min(record_key) AS record_key,
  administration_key,
  arg_min("patient_key", record_key) AS "patient_key",
  arg_min("encounter_key", record_key) AS "encounter_key",
  arg_min("answered_at", record_key) AS "answered_at",
  arg_min("method", record_key) AS "method",
  arg_min("mode", record_key) AS "mode",
  arg_min("cat", record_key) AS "cat",
  arg_min("pro_source", record_key) AS "pro_source",
  arg_min(instrument_version, record_key) AS instrument_version,
  CASE WHEN count(answered_at) > 0 THEN 'stated' END AS answered_origin
FROM csv_3_answer
GROUP BY administration_key
ORDER BY record_key;

-- pro_cm.csv: responses
INSERT INTO intake_response BY NAME
WITH present AS (
  SELECT
    * EXCLUDE (answer_num, answer_text, answer_code),
    CASE coalesce(answer_num, answer_code, answer_text) WHEN 'NI' THEN 'NI' WHEN 'UN' THEN 'NI' ELSE 'skipped' END AS why,
    CASE WHEN coalesce(answer_num, answer_code, answer_text) IN ('NI', 'UN') THEN coalesce(answer_num, answer_code, answer_text) END AS raw,
    CASE WHEN answer_num NOT IN ('NI', 'UN') THEN answer_num END AS answer_num,
    CASE WHEN answer_text NOT IN ('NI', 'UN') THEN answer_text END AS answer_text,
    CASE WHEN answer_code NOT IN ('NI', 'UN') THEN answer_code END AS answer_code
  FROM csv_3_answer
),
number AS (
  SELECT * EXCLUDE (answer_num), answer_num AS word, CASE WHEN NOT contains(answer_num, '_') THEN TRY_CAST(answer_num AS DECIMAL(18,6)) END AS answer_num
  FROM present
)
SELECT
  record_key,
  administration_key,
  'PRO_RESPONSE_NUM' AS where_pointer,
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
