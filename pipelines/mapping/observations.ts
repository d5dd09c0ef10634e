import { aliasKeySql } from "../core/alias-key.ts";
import { wordSql } from "./words.ts";

const day = (expression: string) => `TRY_CAST(left(${expression}, 10) AS DATE)`;
const minute = (expression: string) =>
  `CASE WHEN substr(${expression}, 12, 5) SIMILAR TO '[0-2][0-9]:[0-5][0-9]' THEN substr(${expression}, 12, 5) END`;

/** A device that measured during a visit is the clinic's; the same kind without a visit is the patient's own. */
const SOURCE = `CASE
        WHEN lower(performer) IN ('patient', 'relatedperson') THEN CASE WHEN device_kind = 'app' THEN 'SR' WHEN device IS NOT NULL THEN 'PD' ELSE 'PR' END
        WHEN lower(performer) IN ('practitioner', 'practitionerrole', 'organization', 'careteam') THEN CASE WHEN device IS NOT NULL THEN 'HD' ELSE 'HC' END
        WHEN device IS NULL AND lower(performer) IS DISTINCT FROM 'device' THEN NULL
        WHEN encounter_key IS NOT NULL THEN 'HD'
        WHEN device_kind = 'app' THEN 'SR'
        ELSE 'PD'
      END`;

/**
 * Measurements by patients, their devices and apps, each with its place in the CDM. What the clinic measured is no outcome that a
 * patient reports and stays out of scope.
 *
 * In: `intake_observation`, `observation_code`, `word`, `value_set`, `patient`, `set_aside`. Out: `mapped_observation` with state
 * and reason; `measurement` is the measurement's stable key and `obs_key` that of its value.
 */
export const MAP_OBSERVATIONS = [
  // A device is named in many words; the longest word of ours that it contains tells its kind.
  `CREATE TEMP TABLE device_kind AS
  WITH named AS (
    SELECT device, ' ' || ${aliasKeySql("device")} || ' ' AS words FROM intake_observation WHERE device IS NOT NULL GROUP BY ALL
  )
  SELECT n.device, coalesce(arg_max(w.code, (length(w.word), w.word)), CASE WHEN trim(any_value(n.words)) <> '' THEN 'other' END) AS kind
  FROM named n LEFT JOIN word w ON w.list = 'device' AND contains(n.words, ' ' || w.word || ' ')
  GROUP BY n.device`,

  `CREATE TABLE mapped_observation AS
  WITH described AS (
    SELECT i.rowid AS row_key, i.*, d.kind AS device_kind, c.cdm_table, c.source AS listed_source, p.patient_key IS NOT NULL AS has_patient
    FROM intake_observation i
    LEFT JOIN device_kind d ON d.device = i.device
    LEFT JOIN (SELECT DISTINCT ON (code_system, code) * FROM observation_code) c ON c.code = i.code AND c.code_system = i.code_system
    LEFT JOIN patient p USING (patient_key)
  ), typed AS (
    SELECT * EXCLUDE (result_modifier, unit),
      ${day("start_at")} AS started, ${minute("start_at")} AS started_time, ${day("end_at")} AS ended, ${minute("end_at")} AS ended_time,
      TRY_CAST(result_num AS DECIMAL(15,8)) AS value,
      CASE WHEN result_num IS NULL AND result_code IS NOT NULL AND code_system IS NOT NULL THEN
        coalesce((SELECT v.code FROM value_set v WHERE v.value_set = 'RESULT_QUAL' AND v.code = upper(trim(result_text))), 'OT') ELSE 'NI' END AS result_qual,
      CASE WHEN result_system = 'http://snomed.info/sct' AND regexp_full_match(result_code, '[0-9]{6,18}') THEN result_code END AS result_snomed,
      CASE WHEN result_num IS NULL THEN 'NI' ELSE CASE result_modifier WHEN '<' THEN 'LT' WHEN '<=' THEN 'LE' WHEN '>' THEN 'GT' WHEN '>=' THEN 'GE' ELSE
        CASE WHEN result_modifier IS NULL THEN 'EQ' ELSE 'OT' END END END AS modifier,
      CASE WHEN result_num IS NOT NULL AND unit IS NOT NULL THEN
        coalesce((SELECT v.code FROM value_set v WHERE v.value_set = 'UNIT' AND v.code = trim(unit)), ${wordSql("unit", "trim(unit)")}, 'OT') END AS unit,
      CASE code_system WHEN 'http://loinc.org' THEN 'LC' WHEN 'http://snomed.info/sct' THEN 'SM' ELSE 'OT' END AS code_type,
      ${SOURCE} AS seen_source,
      ${wordSql("device_channel", "device_kind")} AS channel,
      patient_key || '|' || coalesce(observation_key, concat_ws('|', start_at, code)) AS measurement,
      ${wordSql("status", "status")} AS completion,
      hash(status, start_at, end_at, result_num, result_code, unit, device, performer) AS content
    FROM described
  ), keyed AS (
    SELECT *, measurement || '|' || coalesce(where_pointer, '') || '|' || code AS obs_key,
      coalesce(seen_source, listed_source) AS source, CASE WHEN seen_source IS NOT NULL THEN 'derived' WHEN listed_source IS NOT NULL THEN 'assumed' ELSE 'unknown' END AS source_origin
    FROM typed
  ), judged AS (
    SELECT k.*, a.state AS aside, a.reason AS aside_reason,
      CASE
        WHEN NOT has_patient THEN 'MAPPING_NO_PATIENT'
        WHEN completion = 'cancelled' THEN 'SOURCE_STATUS_CANCELLED'
        WHEN completion = 'incomplete' THEN 'SOURCE_STATUS_INCOMPLETE'
        WHEN coalesce(source, 'HC') IN ('HC', 'HD') THEN 'MAPPING_NOT_PATIENT_GENERATED'
        WHEN started IS NULL THEN 'MAPPING_NO_DATE'
        WHEN started > CAST(getvariable('today') AS DATE) THEN 'QUALITY_DATE_IN_FUTURE'
        WHEN result_num IS NOT NULL AND value IS NULL THEN 'MAPPING_NUMBER_TOO_LARGE'
        WHEN value IS NULL AND result_code IS NULL THEN 'MAPPING_NO_VALUE'
      END AS problem,
      first(content) OVER (PARTITION BY obs_key ORDER BY a.state IS NULL DESC, record_key DESC, row_key DESC) AS winner
    FROM keyed k LEFT JOIN set_aside a USING (record_key)
  ), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY obs_key ORDER BY aside IS NULL DESC, content = winner DESC, record_key, row_key) AS nth FROM judged
  )
  SELECT * EXCLUDE (nth, winner, content, problem, aside, aside_reason),
    CASE
      WHEN aside IS NOT NULL THEN aside
      WHEN nth > 1 THEN CASE WHEN content = winner THEN 'duplicate' ELSE 'superseded' END
      WHEN completion = 'entered-in-error' THEN 'withdrawn'
      WHEN problem IN ('SOURCE_STATUS_CANCELLED', 'SOURCE_STATUS_INCOMPLETE', 'MAPPING_NOT_PATIENT_GENERATED', 'MAPPING_NO_VALUE') THEN 'out_of_scope'
      WHEN problem IS NOT NULL THEN 'quarantined'
      ELSE 'loaded'
    END AS state,
    CASE
      WHEN aside IS NOT NULL THEN aside_reason
      WHEN nth > 1 THEN CASE WHEN content = winner THEN 'MAPPING_SAME_AGAIN' ELSE 'MAPPING_NEWER_VERSION' END
      WHEN completion = 'entered-in-error' THEN 'SOURCE_ENTERED_IN_ERROR'
      ELSE problem
    END AS reason
  FROM ranked ORDER BY row_key`,
];
