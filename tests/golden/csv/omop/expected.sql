-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("person_id"), '') AS "person_id",
    nullif(trim("gender_concept_id"), '') AS "gender_concept_id",
    nullif(trim("year_of_birth"), '') AS "year_of_birth",
    nullif(trim("month_of_birth"), '') AS "month_of_birth",
    nullif(trim("day_of_birth"), '') AS "day_of_birth",
    nullif(trim("birth_datetime"), '') AS "birth_datetime",
    nullif(trim("race_concept_id"), '') AS "race_concept_id",
    nullif(trim("ethnicity_concept_id"), '') AS "ethnicity_concept_id"
  FROM read_csv(
    'person.csv',
    columns = {'person_id': 'VARCHAR', 'gender_concept_id': 'VARCHAR', 'year_of_birth': 'VARCHAR', 'month_of_birth': 'VARCHAR', 'day_of_birth': 'VARCHAR', 'birth_datetime': 'VARCHAR', 'race_concept_id': 'VARCHAR', 'ethnicity_concept_id': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN regexp_full_match("year_of_birth", '\d{4}') AND TRY_CAST(concat_ws('-', "year_of_birth", coalesce(nullif("month_of_birth", '0'), '1'), coalesce(CASE WHEN nullif("month_of_birth", '0') IS NOT NULL THEN nullif("day_of_birth", '0') END, '1')) AS DATE) IS NOT NULL THEN concat_ws('-', "year_of_birth", lpad(nullif("month_of_birth", '0'), 2, '0'), lpad(CASE WHEN nullif("month_of_birth", '0') IS NOT NULL THEN nullif("day_of_birth", '0') END, 2, '0')) END AS "year_of_birth month_of_birth day_of_birth as ISO",
    CASE WHEN strlen("birth_datetime") = 10 AND CAST(TRY_CAST("birth_datetime" AS DATE) AS VARCHAR) = "birth_datetime" THEN "birth_datetime" WHEN regexp_full_match("birth_datetime", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("birth_datetime" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("birth_datetime", ' ', 'T') END AS "birth_datetime as ISO"
  FROM cells
)
SELECT
  * EXCLUDE ("year_of_birth", "month_of_birth", "day_of_birth", "birth_datetime"),
  CASE
    WHEN "year_of_birth" IS NOT NULL AND "year_of_birth month_of_birth day_of_birth as ISO" IS NULL THEN 'year_of_birth'
    WHEN "birth_datetime" IS NOT NULL AND "birth_datetime as ISO" IS NULL THEN 'birth_datetime'
  END AS propool_bad
FROM dates
) TO 'csv_1.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- person.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'person.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'patients' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_1;

-- person.csv: patients
INSERT INTO intake_patient BY NAME
SELECT
  rowid + 1 AS record_key,
  "person_id" AS "patient_key",
  coalesce("year_of_birth month_of_birth day_of_birth as ISO", "birth_datetime as ISO") AS "birth_date",
  CASE "gender_concept_id" WHEN '0' THEN 'NI' WHEN '8507' THEN 'M' WHEN '8521' THEN 'OT' WHEN '8532' THEN 'F' WHEN '8551' THEN 'UN' ELSE "gender_concept_id" END AS "sex",
  CASE "race_concept_id" WHEN '0' THEN 'NI' WHEN '8515' THEN '02' WHEN '8516' THEN '03' WHEN '8527' THEN '05' WHEN '8557' THEN '04' WHEN '8657' THEN '01' ELSE "race_concept_id" END AS "race",
  CASE "ethnicity_concept_id" WHEN '0' THEN 'NI' WHEN '38003563' THEN 'Y' WHEN '38003564' THEN 'N' ELSE "ethnicity_concept_id" END AS "ethnicity"
FROM csv_1
WHERE propool_bad IS NULL;

-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("visit_occurrence_id"), '') AS "visit_occurrence_id",
    nullif(trim("person_id"), '') AS "person_id",
    nullif(trim("visit_concept_id"), '') AS "visit_concept_id",
    nullif(trim("visit_start_date"), '') AS "visit_start_date",
    nullif(trim("visit_start_datetime"), '') AS "visit_start_datetime",
    nullif(trim("visit_end_date"), '') AS "visit_end_date",
    nullif(trim("visit_end_datetime"), '') AS "visit_end_datetime",
    nullif(trim("provider_id"), '') AS "provider_id"
  FROM read_csv(
    'visit_occurrence.csv',
    columns = {'visit_occurrence_id': 'VARCHAR', 'person_id': 'VARCHAR', 'visit_concept_id': 'VARCHAR', 'visit_start_date': 'VARCHAR', 'visit_start_datetime': 'VARCHAR', 'visit_end_date': 'VARCHAR', 'visit_end_datetime': 'VARCHAR', 'visit_type_concept_id': 'VARCHAR', 'provider_id': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN strlen("visit_start_datetime") = 10 AND CAST(TRY_CAST("visit_start_datetime" AS DATE) AS VARCHAR) = "visit_start_datetime" THEN "visit_start_datetime" WHEN regexp_full_match("visit_start_datetime", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("visit_start_datetime" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("visit_start_datetime", ' ', 'T') END AS "visit_start_datetime as ISO",
    CASE WHEN strlen("visit_start_date") = 10 AND CAST(TRY_CAST("visit_start_date" AS DATE) AS VARCHAR) = "visit_start_date" THEN "visit_start_date" WHEN regexp_full_match("visit_start_date", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("visit_start_date" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("visit_start_date", ' ', 'T') END AS "visit_start_date as ISO",
    CASE WHEN strlen("visit_end_datetime") = 10 AND CAST(TRY_CAST("visit_end_datetime" AS DATE) AS VARCHAR) = "visit_end_datetime" THEN "visit_end_datetime" WHEN regexp_full_match("visit_end_datetime", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("visit_end_datetime" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("visit_end_datetime", ' ', 'T') END AS "visit_end_datetime as ISO",
    CASE WHEN strlen("visit_end_date") = 10 AND CAST(TRY_CAST("visit_end_date" AS DATE) AS VARCHAR) = "visit_end_date" THEN "visit_end_date" WHEN regexp_full_match("visit_end_date", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("visit_end_date" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("visit_end_date", ' ', 'T') END AS "visit_end_date as ISO"
  FROM cells
)
SELECT
  * EXCLUDE ("visit_start_date", "visit_start_datetime", "visit_end_date", "visit_end_datetime"),
  CASE
    WHEN "visit_start_datetime" IS NOT NULL AND "visit_start_datetime as ISO" IS NULL THEN 'visit_start_datetime'
    WHEN "visit_start_date" IS NOT NULL AND "visit_start_date as ISO" IS NULL THEN 'visit_start_date'
    WHEN "visit_end_datetime" IS NOT NULL AND "visit_end_datetime as ISO" IS NULL THEN 'visit_end_datetime'
    WHEN "visit_end_date" IS NOT NULL AND "visit_end_date as ISO" IS NULL THEN 'visit_end_date'
  END AS propool_bad
FROM dates
) TO 'csv_2.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- visit_occurrence.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'visit_occurrence.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'encounters' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_2;

-- visit_occurrence.csv: encounters
INSERT INTO intake_encounter BY NAME
SELECT
  rowid + 1 AS record_key,
  "person_id" AS "patient_key",
  "visit_occurrence_id" AS "encounter_key",
  coalesce("visit_start_datetime as ISO", "visit_start_date as ISO") AS "start_at",
  coalesce("visit_end_datetime as ISO", "visit_end_date as ISO") AS "end_at",
  CASE "visit_concept_id" WHEN '9201' THEN 'inpatient' WHEN '9202' THEN 'outpatient' WHEN '9203' THEN 'emergency' ELSE "visit_concept_id" END AS "class",
  "provider_id" AS "provider_key"
FROM csv_2
WHERE propool_bad IS NULL;

-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("survey_conduct_id"), '') AS "survey_conduct_id",
    nullif(trim("person_id"), '') AS "person_id",
    nullif(trim("survey_concept_id"), '') AS "survey_concept_id",
    nullif(trim("survey_start_datetime"), '') AS "survey_start_datetime",
    nullif(trim("survey_end_date"), '') AS "survey_end_date",
    nullif(trim("survey_end_datetime"), '') AS "survey_end_datetime",
    nullif(trim("respondent_type_source_value"), '') AS "respondent_type_source_value",
    nullif(trim("collection_method_source_value"), '') AS "collection_method_source_value",
    nullif(trim("survey_source_value"), '') AS "survey_source_value",
    nullif(trim("survey_version_number"), '') AS "survey_version_number",
    nullif(trim("visit_occurrence_id"), '') AS "visit_occurrence_id"
  FROM read_csv(
    'survey_conduct.csv',
    columns = {'survey_conduct_id': 'VARCHAR', 'person_id': 'VARCHAR', 'survey_concept_id': 'VARCHAR', 'survey_start_date': 'VARCHAR', 'survey_start_datetime': 'VARCHAR', 'survey_end_date': 'VARCHAR', 'survey_end_datetime': 'VARCHAR', 'provider_id': 'VARCHAR', 'assisted_concept_id': 'VARCHAR', 'respondent_type_concept_id': 'VARCHAR', 'timing_concept_id': 'VARCHAR', 'collection_method_concept_id': 'VARCHAR', 'assisted_source_value': 'VARCHAR', 'respondent_type_source_value': 'VARCHAR', 'timing_source_value': 'VARCHAR', 'collection_method_source_value': 'VARCHAR', 'survey_source_value': 'VARCHAR', 'survey_source_concept_id': 'VARCHAR', 'survey_source_identifier': 'VARCHAR', 'validated_survey_concept_id': 'VARCHAR', 'validated_survey_source_value': 'VARCHAR', 'survey_version_number': 'VARCHAR', 'visit_occurrence_id': 'VARCHAR', 'response_visit_occurrence_id': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN strlen("survey_end_datetime") = 10 AND CAST(TRY_CAST("survey_end_datetime" AS DATE) AS VARCHAR) = "survey_end_datetime" THEN "survey_end_datetime" WHEN regexp_full_match("survey_end_datetime", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("survey_end_datetime" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("survey_end_datetime", ' ', 'T') END AS "survey_end_datetime as ISO",
    CASE WHEN strlen("survey_end_date") = 10 AND CAST(TRY_CAST("survey_end_date" AS DATE) AS VARCHAR) = "survey_end_date" THEN "survey_end_date" WHEN regexp_full_match("survey_end_date", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("survey_end_date" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("survey_end_date", ' ', 'T') END AS "survey_end_date as ISO",
    CASE WHEN strlen("survey_start_datetime") = 10 AND CAST(TRY_CAST("survey_start_datetime" AS DATE) AS VARCHAR) = "survey_start_datetime" THEN "survey_start_datetime" WHEN regexp_full_match("survey_start_datetime", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("survey_start_datetime" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("survey_start_datetime", ' ', 'T') END AS "survey_start_datetime as ISO"
  FROM cells
)
SELECT
  * EXCLUDE ("survey_start_datetime", "survey_end_date", "survey_end_datetime"),
  CASE
    WHEN "survey_end_datetime" IS NOT NULL AND "survey_end_datetime as ISO" IS NULL THEN 'survey_end_datetime'
    WHEN "survey_end_date" IS NOT NULL AND "survey_end_date as ISO" IS NULL THEN 'survey_end_date'
    WHEN "survey_start_datetime" IS NOT NULL AND "survey_start_datetime as ISO" IS NULL THEN 'survey_start_datetime'
  END AS propool_bad
FROM dates
) TO 'csv_3.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- survey_conduct.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'survey_conduct.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'administrations' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_3;

-- survey_conduct.csv: administrations
INSERT INTO intake_administration BY NAME
WITH given AS (
  SELECT
    rowid + 1 AS record_key,
    'survey ' || "survey_conduct_id" AS administration_key,
    "survey_conduct_id" AS source_id,
    "person_id" AS "patient_key",
    "visit_occurrence_id" AS "encounter_key",
    coalesce((SELECT found.value FROM "lookup concept" AS found WHERE found.key = "survey_concept_id"), "survey_source_value") AS "instrument_code",
    "survey_version_number" AS "instrument_version",
    coalesce("survey_end_datetime as ISO", "survey_end_date as ISO") AS "answered_at",
    "survey_start_datetime as ISO" AS "started_at",
    "collection_method_source_value" AS "method",
    "respondent_type_source_value" AS "mode"
  FROM csv_3
  WHERE propool_bad IS NULL
)
SELECT
  *,
  CASE WHEN answered_at IS NOT NULL THEN 'stated' END AS answered_origin
FROM given
WHERE administration_key IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY administration_key ORDER BY record_key DESC) = 1
ORDER BY record_key;

-- survey_conduct.csv: rows without a key, and older rows of a key
UPDATE intake_record SET
  state = CASE WHEN given.administration_key IS NULL THEN 'quarantined' ELSE 'superseded' END,
  reason = CASE WHEN given.administration_key IS NULL THEN 'MAPPING_NO_KEY' ELSE 'MAPPING_NEWER_VERSION' END
FROM (
  SELECT
    rowid + 1 AS record_key,
    'survey ' || "survey_conduct_id" AS administration_key,
    "survey_conduct_id" AS source_id,
    "person_id" AS "patient_key",
    "visit_occurrence_id" AS "encounter_key",
    coalesce((SELECT found.value FROM "lookup concept" AS found WHERE found.key = "survey_concept_id"), "survey_source_value") AS "instrument_code",
    "survey_version_number" AS "instrument_version",
    coalesce("survey_end_datetime as ISO", "survey_end_date as ISO") AS "answered_at",
    "survey_start_datetime as ISO" AS "started_at",
    "collection_method_source_value" AS "method",
    "respondent_type_source_value" AS "mode"
  FROM csv_3
  WHERE propool_bad IS NULL
) AS given
WHERE given.record_key = intake_record.record_key
  AND given.record_key NOT IN (SELECT record_key FROM intake_administration);

-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("person_id"), '') AS "person_id",
    nullif(trim("observation_concept_id"), '') AS "observation_concept_id",
    nullif(trim("observation_date"), '') AS "observation_date",
    nullif(trim("observation_datetime"), '') AS "observation_datetime",
    nullif(trim("value_as_number"), '') AS "value_as_number",
    nullif(trim("value_as_string"), '') AS "value_as_string",
    nullif(trim("value_as_concept_id"), '') AS "value_as_concept_id",
    nullif(trim("visit_occurrence_id"), '') AS "visit_occurrence_id",
    nullif(trim("observation_source_value"), '') AS "observation_source_value",
    nullif(trim("observation_source_concept_id"), '') AS "observation_source_concept_id",
    nullif(trim("value_source_value"), '') AS "value_source_value",
    nullif(trim("observation_event_id"), '') AS "observation_event_id"
  FROM read_csv(
    'observation.csv',
    columns = {'observation_id': 'VARCHAR', 'person_id': 'VARCHAR', 'observation_concept_id': 'VARCHAR', 'observation_date': 'VARCHAR', 'observation_datetime': 'VARCHAR', 'observation_type_concept_id': 'VARCHAR', 'value_as_number': 'VARCHAR', 'value_as_string': 'VARCHAR', 'value_as_concept_id': 'VARCHAR', 'qualifier_concept_id': 'VARCHAR', 'unit_concept_id': 'VARCHAR', 'provider_id': 'VARCHAR', 'visit_occurrence_id': 'VARCHAR', 'visit_detail_id': 'VARCHAR', 'observation_source_value': 'VARCHAR', 'observation_source_concept_id': 'VARCHAR', 'unit_source_value': 'VARCHAR', 'qualifier_source_value': 'VARCHAR', 'value_source_value': 'VARCHAR', 'observation_event_id': 'VARCHAR', 'obs_event_field_concept_id': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN strlen("observation_datetime") = 10 AND CAST(TRY_CAST("observation_datetime" AS DATE) AS VARCHAR) = "observation_datetime" THEN "observation_datetime" WHEN regexp_full_match("observation_datetime", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("observation_datetime" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("observation_datetime", ' ', 'T') END AS "observation_datetime as ISO",
    CASE WHEN strlen("observation_date") = 10 AND CAST(TRY_CAST("observation_date" AS DATE) AS VARCHAR) = "observation_date" THEN "observation_date" WHEN regexp_full_match("observation_date", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("observation_date" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("observation_date", ' ', 'T') END AS "observation_date as ISO"
  FROM cells
)
SELECT
  *,
  CASE
    WHEN "observation_datetime" IS NOT NULL AND "observation_datetime as ISO" IS NULL THEN 'observation_datetime'
    WHEN "observation_date" IS NOT NULL AND "observation_date as ISO" IS NULL THEN 'observation_date'
  END AS propool_bad
FROM dates
) TO 'csv_4.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- observation.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'observation.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'long' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_4;

-- observation.csv: rows of one administration
CREATE TEMP TABLE csv_4_answer AS
WITH answer AS (
  SELECT
    rowid + 1 AS record_key,
    "person_id" AS group_1,
    "observation_event_id" AS group_2,
    "visit_occurrence_id" AS group_3,
    "observation_datetime" AS group_4,
    "observation_date" AS group_5,
    "person_id" AS "patient_key",
    "visit_occurrence_id" AS "encounter_key",
    coalesce("observation_datetime as ISO", "observation_date as ISO") AS "answered_at",
    "observation_event_id" AS "survey_key",
    coalesce((SELECT found.value FROM "lookup concept" AS found WHERE found.key = "observation_concept_id"), (SELECT found.value FROM "lookup concept" AS found WHERE found.key = "observation_source_concept_id"), "observation_source_value") AS item_code,
    NULL::VARCHAR AS item_system,
    NULL::VARCHAR AS item_text,
    "value_as_number" AS answer_num,
    coalesce("value_as_string", "value_source_value") AS answer_text,
    (SELECT found.value FROM "lookup concept" AS found WHERE found.key = "value_as_concept_id") AS answer_code,
    NULL::VARCHAR AS answer_system,
    coalesce("value_as_number", "value_as_string", "value_source_value", "value_as_concept_id") AS raw
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
  WHERE (instrument > 0 OR item_code IN (SELECT code FROM code WHERE code_system IS DISTINCT FROM 'propool') OR (patient_key, 'survey ' || survey_key) IN (SELECT (patient_key, administration_key) FROM intake_administration))
),
first AS (
  SELECT patient_key, group_1, group_2, group_3, group_4, group_5, instrument, min(record_key) AS first_key
  FROM known
  GROUP BY ALL
),
together AS (
  SELECT known.*, first.first_key
  FROM known JOIN first ON first.patient_key IS NOT DISTINCT FROM known.patient_key AND first.group_1 IS NOT DISTINCT FROM known.group_1 AND first.group_2 IS NOT DISTINCT FROM known.group_2 AND first.group_3 IS NOT DISTINCT FROM known.group_3 AND first.group_4 IS NOT DISTINCT FROM known.group_4 AND first.group_5 IS NOT DISTINCT FROM known.group_5 AND first.instrument IS NOT DISTINCT FROM known.instrument
)
SELECT
  * EXCLUDE (first_key, group_1, group_2, group_3, group_4, group_5),
  CASE WHEN (patient_key, 'survey ' || survey_key) IN (SELECT (patient_key, administration_key) FROM intake_administration) THEN 'survey ' || survey_key ELSE first_key || '.' || instrument END AS administration_key
FROM together;

-- observation.csv: rows that are about something else
UPDATE intake_record SET state = 'out_of_scope', reason = 'SOURCE_NOT_A_SURVEY'
WHERE state IS NULL
  AND record_key BETWEEN 1 AND 1 + (SELECT count(*) FROM csv_4) - 1
  AND record_key NOT IN (SELECT record_key FROM csv_4_answer);

-- observation.csv: codes that nobody knows
INSERT INTO intake_unknown_code BY NAME
WITH coded AS (
  SELECT coalesce((SELECT found.value FROM "lookup concept" AS found WHERE found.key = "observation_concept_id"), (SELECT found.value FROM "lookup concept" AS found WHERE found.key = "observation_source_concept_id"), "observation_source_value") AS code
  FROM csv_4
  WHERE propool_bad IS NULL AND rowid + 1 NOT IN (SELECT record_key FROM csv_4_answer)
)
SELECT 'observation.csv' AS where_file, code, count(*) AS times
FROM coded
WHERE NOT regexp_full_match(code, '(LA|LP)?\d{1,7}-\d|\d{6,18}')
GROUP BY code
ORDER BY times DESC, code
LIMIT 1000;

-- observation.csv: administrations
INSERT INTO intake_administration BY NAME
SELECT
  min(record_key) AS record_key,
  administration_key,
  arg_min("patient_key", record_key) AS "patient_key",
  arg_min("encounter_key", record_key) AS "encounter_key",
  arg_min("answered_at", record_key) AS "answered_at",
  CASE WHEN count(answered_at) > 0 THEN 'stated' END AS answered_origin
FROM csv_4_answer
WHERE administration_key NOT IN (SELECT administration_key FROM intake_administration)
GROUP BY administration_key
ORDER BY record_key;

-- observation.csv: responses
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
  'value_as_number' AS where_pointer,
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

-- read the file
COPY (
WITH cells AS (
  SELECT
    nullif(trim("person_id"), '') AS "person_id",
    nullif(trim("measurement_concept_id"), '') AS "measurement_concept_id",
    nullif(trim("measurement_date"), '') AS "measurement_date",
    nullif(trim("measurement_datetime"), '') AS "measurement_datetime",
    nullif(trim("value_as_number"), '') AS "value_as_number",
    nullif(trim("value_as_concept_id"), '') AS "value_as_concept_id",
    nullif(trim("visit_occurrence_id"), '') AS "visit_occurrence_id",
    nullif(trim("measurement_source_value"), '') AS "measurement_source_value",
    nullif(trim("measurement_source_concept_id"), '') AS "measurement_source_concept_id",
    nullif(trim("value_source_value"), '') AS "value_source_value"
  FROM read_csv(
    'measurement.csv',
    columns = {'measurement_id': 'VARCHAR', 'person_id': 'VARCHAR', 'measurement_concept_id': 'VARCHAR', 'measurement_date': 'VARCHAR', 'measurement_datetime': 'VARCHAR', 'measurement_type_concept_id': 'VARCHAR', 'operator_concept_id': 'VARCHAR', 'value_as_number': 'VARCHAR', 'value_as_concept_id': 'VARCHAR', 'unit_concept_id': 'VARCHAR', 'visit_occurrence_id': 'VARCHAR', 'measurement_source_value': 'VARCHAR', 'measurement_source_concept_id': 'VARCHAR', 'value_source_value': 'VARCHAR'},
    auto_detect = false, strict_mode = true, header = true,
    delim = ',', quote = '"', escape = '"', new_line = '\n',
    buffer_size = 4194304, max_line_size = 2000000
  )
),
dates AS (
  SELECT
    *,
    CASE WHEN strlen("measurement_datetime") = 10 AND CAST(TRY_CAST("measurement_datetime" AS DATE) AS VARCHAR) = "measurement_datetime" THEN "measurement_datetime" WHEN regexp_full_match("measurement_datetime", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("measurement_datetime" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("measurement_datetime", ' ', 'T') END AS "measurement_datetime as ISO",
    CASE WHEN strlen("measurement_date") = 10 AND CAST(TRY_CAST("measurement_date" AS DATE) AS VARCHAR) = "measurement_date" THEN "measurement_date" WHEN regexp_full_match("measurement_date", '\d{4}(-\d\d(-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?') AND TRY_CAST(left("measurement_date" || '-01-01', 10) AS DATE) IS NOT NULL THEN replace("measurement_date", ' ', 'T') END AS "measurement_date as ISO"
  FROM cells
)
SELECT
  *,
  CASE
    WHEN "measurement_datetime" IS NOT NULL AND "measurement_datetime as ISO" IS NULL THEN 'measurement_datetime'
    WHEN "measurement_date" IS NOT NULL AND "measurement_date as ISO" IS NULL THEN 'measurement_date'
  END AS propool_bad
FROM dates
) TO 'csv_5.parquet' (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 61440);

-- measurement.csv: one record a row
INSERT INTO intake_record BY NAME
SELECT
  rowid + 1 AS record_key,
  'measurement.csv' AS where_file,
  'line ' || (rowid + 2) AS where_record,
  'long' AS kind,
  CASE WHEN propool_bad IS NOT NULL THEN 'quarantined' END AS state,
  CASE WHEN propool_bad IS NOT NULL THEN 'SOURCE_BAD_DATE' END AS reason,
  propool_bad AS where_pointer
FROM csv_5;

-- measurement.csv: rows of one administration
CREATE TEMP TABLE csv_5_answer AS
WITH answer AS (
  SELECT
    rowid + 1 AS record_key,
    "person_id" AS group_1,
    "visit_occurrence_id" AS group_2,
    "measurement_datetime" AS group_3,
    "measurement_date" AS group_4,
    "person_id" AS "patient_key",
    "visit_occurrence_id" AS "encounter_key",
    coalesce("measurement_datetime as ISO", "measurement_date as ISO") AS "answered_at",
    coalesce((SELECT found.value FROM "lookup concept" AS found WHERE found.key = "measurement_concept_id"), (SELECT found.value FROM "lookup concept" AS found WHERE found.key = "measurement_source_concept_id"), "measurement_source_value") AS item_code,
    NULL::VARCHAR AS item_system,
    NULL::VARCHAR AS item_text,
    "value_as_number" AS answer_num,
    "value_source_value" AS answer_text,
    (SELECT found.value FROM "lookup concept" AS found WHERE found.key = "value_as_concept_id") AS answer_code,
    NULL::VARCHAR AS answer_system,
    coalesce("value_as_number", "value_source_value", "value_as_concept_id") AS raw
  FROM csv_5
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

-- measurement.csv: rows that are about something else
UPDATE intake_record SET state = 'out_of_scope', reason = 'SOURCE_NOT_A_SURVEY'
WHERE state IS NULL
  AND record_key BETWEEN 1 AND 1 + (SELECT count(*) FROM csv_5) - 1
  AND record_key NOT IN (SELECT record_key FROM csv_5_answer);

-- measurement.csv: codes that nobody knows
INSERT INTO intake_unknown_code BY NAME
WITH coded AS (
  SELECT coalesce((SELECT found.value FROM "lookup concept" AS found WHERE found.key = "measurement_concept_id"), (SELECT found.value FROM "lookup concept" AS found WHERE found.key = "measurement_source_concept_id"), "measurement_source_value") AS code
  FROM csv_5
  WHERE propool_bad IS NULL AND rowid + 1 NOT IN (SELECT record_key FROM csv_5_answer)
)
SELECT 'measurement.csv' AS where_file, code, count(*) AS times
FROM coded
WHERE NOT regexp_full_match(code, '(LA|LP)?\d{1,7}-\d|\d{6,18}')
GROUP BY code
ORDER BY times DESC, code
LIMIT 1000;

-- measurement.csv: administrations
INSERT INTO intake_administration BY NAME
SELECT
  min(record_key) AS record_key,
  administration_key,
  arg_min("patient_key", record_key) AS "patient_key",
  arg_min("encounter_key", record_key) AS "encounter_key",
  arg_min("answered_at", record_key) AS "answered_at",
  CASE WHEN count(answered_at) > 0 THEN 'stated' END AS answered_origin
FROM csv_5_answer
GROUP BY administration_key
ORDER BY record_key;

-- measurement.csv: responses
INSERT INTO intake_response BY NAME
WITH present AS (
  SELECT
    * EXCLUDE (answer_num, answer_text, answer_code),
    'skipped' AS why,
    answer_num,
    answer_text,
    answer_code
  FROM csv_5_answer
),
number AS (
  SELECT * EXCLUDE (answer_num), answer_num AS word, CASE WHEN NOT contains(answer_num, '_') THEN TRY_CAST(answer_num AS DECIMAL(18,6)) END AS answer_num
  FROM present
)
SELECT
  record_key,
  administration_key,
  'value_as_number' AS where_pointer,
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
