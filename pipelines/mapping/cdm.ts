import { text } from "../../warehouse/sql.ts";
import type { Site } from "../configuration/site.ts";
import { STAGE_PARTIAL_DATES } from "./partial-dates.ts";
import { stageRows } from "./rows.ts";
import { wordSql } from "./words.ts";

/** A BCP 47 tag; anything else in a language field is free text and does not go on. */
const LANGUAGE_TAG = "'[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*'";

/**
 * The staged CDM tables `cdm_*`: rows in the shape of the CDM v7.0 and its companion tables, still with the source's keys and
 * dates. Only the privacy profile's query reads them. Columns that propool never fills are left out.
 */
export function stageCdm(site: Site): string[] {
  return [
    `CREATE TABLE cdm_demographic AS
    SELECT p.patient_key AS patid, CASE WHEN withheld IS NULL THEN born END AS birth_date,
      coalesce(${wordSql("sex", "sex")}, CASE WHEN sex IS NULL THEN 'NI' ELSE 'OT' END) AS sex,
      coalesce(${wordSql("hispanic", "ethnicity")}, CASE WHEN ethnicity IS NULL THEN 'NI' ELSE 'OT' END) AS hispanic,
      coalesce(${wordSql("race", "race")}, CASE WHEN race IS NULL THEN 'NI' ELSE 'OT' END) AS race
    FROM mapped_patient p WHERE state = 'loaded'`,

    `CREATE TABLE cdm_death AS
    SELECT patient_key AS patid, died AS death_date, CASE WHEN died IS NOT NULL THEN 'N' ELSE 'NI' END AS death_date_impute, 'L' AS death_source
    FROM mapped_patient WHERE state = 'loaded' AND deceased`,

    `CREATE TABLE cdm_encounter AS
    SELECT patient_key || '|' || encounter_key AS encounterid, patient_key AS patid, admitted AS admit_date, admitted_time AS admit_time,
      discharged AS discharge_date, discharged_time AS discharge_time, enc_type
    FROM mapped_encounter WHERE state = 'loaded'`,

    `CREATE TABLE cdm_condition AS
    SELECT patient_key || '|' || condition_key AS conditionid, patient_key AS patid, patient_key || '|' || encounter_key AS encounterid,
      recorded AS report_date, resolved AS resolve_date, onset AS onset_date, condition_status, code AS condition,
      code_type AS condition_type, 'HC' AS condition_source
    FROM mapped_condition WHERE state = 'loaded'`,

    `CREATE TABLE cdm_procedures AS
    SELECT patient_key || '|' || procedure_key AS proceduresid, patient_key AS patid, patient_key || '|' || encounter_key AS encounterid,
      performed AS px_date, code AS px, code_type AS px_type, 'OD' AS px_source
    FROM mapped_procedure WHERE state = 'loaded'`,

    `CREATE TABLE loaded_administration AS
    SELECT a.administration_key, i.pro_type, pro_seq_key AS pro_seq, patient_key AS patid, patient_key || '|' || encounter_key AS encounterid,
      a.instrument, v.version AS instrument_version,
      pro_date, pro_date_origin, pro_time, completion AS completion_status,
      pro_method, pro_method_origin, pro_mode, pro_mode_origin, pro_cat, pro_cat_origin, pro_source, pro_source_origin,
      CASE WHEN regexp_full_match(a.language, ${LANGUAGE_TAG}) THEN a.language END AS language,
      CASE WHEN regexp_full_match(a.language, ${LANGUAGE_TAG}) THEN language_origin ELSE 'unknown' END AS language_origin,
      channel, channel_origin, setting, setting_origin, facility_type, facility_type_origin, responder, responder_origin,
      items_answered, items_expected, f.request AS pro_requestid,
      coalesce(patient_origin, 'stated') AS patid_origin, specialty, specialty_origin
    FROM mapped_administration a JOIN administration_version v USING (administration_key)
    JOIN catalogue_instrument i ON i.instrument = a.instrument
    LEFT JOIN (SELECT administration_key, request FROM followed_request) f USING (administration_key)
    WHERE a.state = 'loaded'`,

    `CREATE TABLE cdm_pro_request AS
    SELECT request AS pro_requestid, patient_key AS patid, patient_key || '|' || encounter_key AS encounterid, instrument, kind,
      requested AS request_date, coalesce(requested_origin, 'stated') AS request_date_origin, due AS due_date, status,
      channel, CASE WHEN channel IS NULL THEN 'unknown' ELSE 'stated' END AS channel_origin,
      coalesce(f.pro_seq_key, r.pro_seq_key) AS pro_seq
    FROM mapped_request r
    LEFT JOIN (SELECT request, min(pro_seq_key) AS pro_seq_key FROM followed_request GROUP BY request) f USING (request)
    WHERE state = 'loaded'`,

    // No app is among the sources of OBS_CLIN: what an app asks for, the patient reports.
    stageObservations(
      "obs_clin",
      "obsclin",
      "CASE WHEN source = 'SR' THEN 'PR' ELSE source END AS obsclin_source, result_snomed AS obsclin_result_snomed",
    ),
    stageObservations("obs_gen", "obsgen", "source AS obsgen_source"),

    `CREATE TABLE cdm_obs_collection AS
    SELECT obs_key AS obsid, patient_key AS patid, measurement AS observation, cdm_table AS obs_table,
      device_kind AS device, CASE WHEN device_kind IS NULL THEN 'unknown' ELSE 'stated' END AS device_origin,
      channel, CASE WHEN channel IS NULL THEN 'unknown' ELSE 'derived' END AS channel_origin,
      'home' AS setting, 'derived' AS setting_origin, source_origin
    FROM mapped_observation WHERE state = 'loaded'`,

    STAGE_PARTIAL_DATES,

    // What replaces or withdraws rows of earlier nights that have another key than tonight's: the column and its value.
    `CREATE TABLE gone_row AS
    SELECT 'encounter' AS table_name, 'encounterid' AS column_name, patient_key || '|' || encounter_key AS key FROM mapped_encounter WHERE state = 'withdrawn'
    UNION ALL SELECT 'condition', 'conditionid', patient_key || '|' || condition_key FROM mapped_condition WHERE state = 'withdrawn'
    UNION ALL SELECT 'procedures', 'proceduresid', patient_key || '|' || procedure_key FROM mapped_procedure WHERE state = 'withdrawn'
    UNION ALL SELECT 'obs_collection', 'observation', measurement FROM mapped_observation WHERE state IN ('loaded', 'withdrawn') AND measurement IS NOT NULL
    UNION ALL SELECT 'pro_request', 'pro_requestid', order_request FROM mapped_request WHERE state = 'loaded' AND order_request IS NOT NULL
    UNION ALL
    SELECT 'pro_request', 'pro_requestid', patient_key || '|' || request_key || '|' || c.instrument
    FROM mapped_request r JOIN catalogue_instrument c ON c.instrument = r.instrument OR r.instrument IS NULL
    WHERE r.state = 'withdrawn'`,

    ...stageRows(),

    `CREATE TABLE cdm_harvest AS
    SELECT ${text(site.network)} AS networkid, ${text(site.network_name ?? site.network)} AS network_name, ${text(site.site)} AS datamartid,
      ${text(site.name)} AS datamart_name, '070' AS cdm_version`,
  ];
}

function stageObservations(table: string, prefix: string, own: string): string {
  return `CREATE TABLE cdm_${table} AS
    SELECT obs_key AS ${prefix}id, patient_key AS patid, patient_key || '|' || encounter_key AS encounterid,
      started AS ${prefix}_start_date, started_time AS ${prefix}_start_time, ended AS ${prefix}_stop_date, ended_time AS ${prefix}_stop_time,
      code_type AS ${prefix}_type, code AS ${prefix}_code, result_qual AS ${prefix}_result_qual, value AS ${prefix}_result_num,
      modifier AS ${prefix}_result_modifier, unit AS ${prefix}_result_unit, ${own}
    FROM mapped_observation WHERE state = 'loaded' AND cdm_table = '${table}'`;
}
